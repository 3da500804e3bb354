package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"time"
	"unicode/utf8"
)

// byHand is the same delta with net/http and encoding/json, and the same checks before
// and after: the service's rules for customer, amount and reason, the key, one attempt's
// time limit, the answer's size, redirects of writes, whether a failed request may have
// been processed, the envelope, and that the answer is about what was sent. It does not
// retry.
type byHand struct {
	client *http.Client
	url    string
}

func newByHand(client *http.Client, url string) *byHand {
	c := *client
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &byHand{&c, url + "/api/v1/balance/delta"}
}

type handDelta struct {
	CustomerID  string         `json:"customerId"`
	Delta       json.Number    `json:"delta"`
	Metadata    map[string]any `json:"metadata,omitempty"`
	Reason      string         `json:"reason"`
	ReferenceID string         `json:"referenceId"`
}

type handAnswer struct {
	Success bool `json:"success"`
	Data    struct {
		RecordID    string      `json:"recordId"`
		ReceiptID   string      `json:"receiptId"`
		Status      string      `json:"status"`
		CustomerID  string      `json:"customerId"`
		Delta       json.Number `json:"delta"`
		ReferenceID string      `json:"referenceId"`
	} `json:"data"`
}

var errMayBeRecorded = errors.New("the delta may have been recorded")

func (h *byHand) emit(ctx context.Context, d handDelta) (string, error) {
	if err := d.check(); err != nil {
		return "", err
	}
	body, err := json.Marshal(d)
	if err != nil {
		return "", err
	}
	sent := false
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { sent = true }})
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url, bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	req.Header.Set("X-Api-Key", apiKey)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "by-hand/1.0")
	req.Header.Set("Idempotency-Key", d.ReferenceID)
	req.Header.Set("X-Chain-Id", "296")
	resp, err := h.client.Do(req)
	if err != nil {
		if sent {
			err = fmt.Errorf("%w: %w", errMayBeRecorded, err)
		}
		return "", err
	}
	defer resp.Body.Close()
	const limit = 32 << 20
	text, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("%w: %w", errMayBeRecorded, err)
	case len(text) > limit:
		return "", fmt.Errorf("%w: the answer is too long", errMayBeRecorded)
	case resp.StatusCode >= 500:
		return "", fmt.Errorf("%w: %s", errMayBeRecorded, resp.Status)
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		return "", errors.New(resp.Status)
	}
	var a handAnswer
	if err := json.Unmarshal(text, &a); err != nil {
		return "", fmt.Errorf("%w: %w", errMayBeRecorded, err)
	}
	if !a.Success || a.Data.CustomerID != d.CustomerID || a.Data.ReferenceID != d.ReferenceID || a.Data.Delta != d.Delta {
		return "", fmt.Errorf("%w: the answer is about something else", errMayBeRecorded)
	}
	return a.Data.RecordID, nil
}

func (d handDelta) check() error {
	if d.CustomerID == "" || len(d.CustomerID) > 128 {
		return errors.New("customerId: 1 to 128 characters")
	}
	for _, c := range []byte(d.CustomerID) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.' || c == ':' {
			continue
		}
		return errors.New("customerId: letters, digits and _-.: alone")
	}
	n, err := d.Delta.Float64()
	if err != nil || n == 0 || math.Abs(n) > 1e9 || strconv.FormatFloat(n, 'f', -1, 64) != string(d.Delta) {
		return errors.New("delta: not zero, within a thousand million, exact in binary64")
	}
	if d.Reason == "" || utf8.RuneCountInString(d.Reason) > 500 {
		return errors.New("reason: 1 to 500 characters")
	}
	if d.ReferenceID == "" || len(d.ReferenceID) > 255 {
		return errors.New("referenceId: 1 to 255 characters")
	}
	for _, c := range []byte(d.ReferenceID) {
		if c <= ' ' || c > '~' {
			return errors.New("referenceId: printable ASCII, since it is the key too")
		}
	}
	return nil
}
