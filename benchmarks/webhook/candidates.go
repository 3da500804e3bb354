package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	stripewebhook "github.com/stripe/stripe-go/v85/webhook"

	"github.com/pacspace/pacspace-go/webhook"
)

// eventSize is the size of every body.
const eventSize = 1024

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// The candidates. All check one delivery with one signature and a tolerance.
const (
	nameBare        = "bare HMAC, state kept"
	nameCheck       = "VerifySignature"
	nameStripe      = "stripe-go, ValidatePayload"
	nameStandard    = "standard-webhooks, Verify"
	nameParse       = "Verify: check and envelope"
	nameTyped       = "Verify and DeltaVerified"
	nameStripeParse = "stripe-go, ConstructEvent"
)

type candidate struct {
	name  string
	check func() error
}

// ourEvent is a delta.verified of eventSize bytes, as the service sends one.
func ourEvent() []byte {
	return pad(`{"id":"evt_1","event":"delta.verified","tenantId":"t_1","timestamp":"2026-02-11T10:30:00Z","data":{"receiptId":"0x5d0e8d98ddb6d7254709af4899f741c9c30b4be52a8c307573b2f63f45d877a9","deltaIndex":17,"status":"verified","verifiedAt":"2026-02-11T10:30:00Z","verificationId":"0xabc","delta":{"customerId":"customer_acme","amount":-42.5,"reason":"daily_usage_flush:2026-02-10","referenceId":"usage:customer_acme:2026-02-10","metadata":{"resource":"compute-minutes","note":"PAD"},"submittedAt":"2026-02-11T01:00:00Z"},"proof":{"proofHash":"0x5d0e8d98ddb6d7254709af4899f741c9c30b4be52a8c307573b2f63f45d877a9","contentHash":"0x5d0e8d98ddb6d7254709af4899f741c9c30b4be52a8c307573b2f63f45d877a9","itemHashes":["0x5d0e8d98ddb6d7254709af4899f741c9c30b4be52a8c307573b2f63f45d877a9"]},"verification":{"verified":true,"latencyMs":1204,"discrepancies":[]}}}`)
}

// stripeEvent is one of theirs of the same size and of about as many members.
func stripeEvent() []byte {
	return pad(`{"id":"evt_1NG8Du2eZvKYlo2CUI79vXWy","object":"event","api_version":"2025-01-27.acacia","created":1686089970,"livemode":false,"pending_webhooks":0,"request":{"id":null,"idempotency_key":null},"type":"billing.meter.error","data":{"object":{"id":"mtrerr_1","object":"billing.meter_error","customer":"cus_acme","amount":-42.5,"reason":"daily_usage_flush:2026-02-10","reference":"usage:customer_acme:2026-02-10","metadata":{"resource":"compute-minutes","note":"PAD"},"submitted":"2026-02-11T01:00:00Z","proof":{"root":"0x5d0e8d98ddb6d7254709af4899f741c9c30b4be52a8c307573b2f63f45d877a9","content":"0x5d0e8d98ddb6d7254709af4899f741c9c30b4be52a8c307573b2f63f45d877a9","items":["0x5d0e8d98ddb6d7254709af4899f741c9c30b4be52a8c307573b2f63f45d877a9"]},"verification":{"verified":true,"latency":1204,"discrepancies":[]}}}}`)
}

func pad(text string) []byte {
	const mark = "PAD"
	return bytes.Replace([]byte(text), []byte(mark), bytes.Repeat([]byte("n"), eventSize-len(text)+len(mark)), 1)
}

func candidates() ([]candidate, error) {
	body, theirs := ourEvent(), stripeEvent()
	if len(body) != eventSize || len(theirs) != eventSize {
		return nil, fmt.Errorf("the bodies have %d and %d bytes", len(body), len(theirs))
	}
	now := time.Now()
	verifier, err := webhook.NewVerifier([]string{secret}, webhook.WithTolerance(24*time.Hour))
	if err != nil {
		return nil, err
	}
	header := webhook.Sign(secret, now, body)
	header.Set(webhook.EventHeader, "delta.verified")
	header.Set(webhook.IDHeader, "evt_1")
	signature, timestamp := header.Get(webhook.SignatureHeader), header.Get(webhook.TimestampHeader)

	standard, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		return nil, err
	}
	standardSignature, err := standard.Sign("evt_1", now, body)
	if err != nil {
		return nil, err
	}
	standardHeader := http.Header{}
	standardHeader.Set(standardwebhooks.HeaderWebhookID, "evt_1")
	standardHeader.Set(standardwebhooks.HeaderWebhookSignature, standardSignature)
	standardHeader.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))

	const tolerance = 24 * time.Hour
	stripeHeader := stripewebhook.GenerateTestSignedPayload(&stripewebhook.UnsignedPayload{Payload: body, Secret: secret, Timestamp: now}).Header
	stripeEventHeader := stripewebhook.GenerateTestSignedPayload(&stripewebhook.UnsignedPayload{Payload: theirs, Secret: secret, Timestamp: now}).Header

	return []candidate{
		{nameBare, bare(timestamp, signature, body)},
		{nameCheck, func() error { return verifier.VerifySignature(signature, timestamp, body) }},
		{nameStripe, func() error { return stripewebhook.ValidatePayloadWithTolerance(body, stripeHeader, secret, tolerance) }},
		{nameStandard, func() error { return standard.Verify(body, standardHeader) }},
		{nameParse, func() error {
			event, err := verifier.Verify(body, header)
			if err == nil && event.ID != "evt_1" {
				err = errOther
			}
			return err
		}},
		{nameTyped, func() error {
			event, err := verifier.Verify(body, header)
			if err != nil {
				return err
			}
			d, err := event.DeltaVerified()
			if err == nil && d.CustomerID != "customer_acme" {
				err = errOther
			}
			return err
		}},
		{nameStripeParse, func() error {
			event, err := stripewebhook.ConstructEventWithOptions(theirs, stripeEventHeader, secret, stripewebhook.ConstructEventOptions{Tolerance: tolerance, IgnoreAPIVersionMismatch: true})
			if err == nil && event.ID != "evt_1NG8Du2eZvKYlo2CUI79vXWy" {
				err = errOther
			}
			return err
		}},
	}, nil
}

var errOther = errors.New("another event came out")

// bare is what no check can do without: one HMAC over the bytes, with its key hashed
// before.
func bare(timestamp, signature string, body []byte) func() error {
	m := hmac.New(sha256.New, []byte(secret))
	head := []byte(timestamp + ".")
	want, err := hex.DecodeString(signature[len("v1="):])
	var sum []byte
	return func() error {
		m.Reset()
		m.Write(head)
		m.Write(body)
		if sum = m.Sum(sum[:0]); subtle.ConstantTimeCompare(sum, want) != 1 {
			return errors.Join(errOther, err)
		}
		return nil
	}
}
