package webhook_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/webhook"
)

// delivery is a signed request, as the service posts it.
func delivery(body []byte, at time.Time) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/hooks/pacspace", bytes.NewReader(body))
	r.Header = webhook.Sign(webhookSecret, at, body)
	r.Header.Set("Content-Type", "application/json")
	return r
}

func TestHandlerAnswers(t *testing.T) {
	t.Parallel()
	with := func(change func(*http.Request)) *http.Request {
		r := delivery(webhookBody, webhookNow)
		change(r)
		return r
	}
	header := func(name, value string) *http.Request {
		return with(func(r *http.Request) { r.Header.Set(name, value) })
	}
	large := append([]byte(`{"a":"`), append(bytes.Repeat([]byte("x"), 1024), `"}`...)...)
	fits := large[:len(large)-10]
	fits = append(fits[:len(fits):len(fits)], `"}`...)

	for _, c := range []struct {
		name   string
		r      *http.Request
		status int
	}{
		{"200: a genuine delivery", delivery(webhookBody, webhookNow), 200},
		{"200: no content type", with(func(r *http.Request) { r.Header.Del("Content-Type") }), 200},
		{"200: a charset", header("Content-Type", "application/json; charset=UTF-8"), 200},
		{"200: a kind of JSON", header("Content-Type", "application/cloudevents+json"), 200},
		{"200: an encoding that is none", header("Content-Encoding", "identity"), 200},
		{"200: a body as large as the limit", delivery(fits, webhookNow), 200},
		{"405: not a POST", with(func(r *http.Request) { r.Method = http.MethodGet }), 405},
		{"405: a PUT", with(func(r *http.Request) { r.Method = http.MethodPut }), 405},
		{"415: a form", header("Content-Type", "application/x-www-form-urlencoded"), 415},
		{"415: another charset", header("Content-Type", "application/json; charset=utf-16"), 415},
		{"415: a content type that is none", header("Content-Type", ";;"), 415},
		{"415: a compressed body", header("Content-Encoding", "gzip"), 415},
		{"413: a body over the limit", delivery(large, webhookNow), 413},
		{"413: a body over the limit that does not say so", with(func(r *http.Request) {
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(large)), -1
		}), 413},
		{"400: no signature", with(func(r *http.Request) { r.Header.Del(webhook.SignatureHeader) }), 400},
		{"400: no timestamp", with(func(r *http.Request) { r.Header.Del(webhook.TimestampHeader) }), 400},
		{"400: a timestamp that is none", header(webhook.TimestampHeader, "today"), 400},
		{"400: no body", delivery(nil, webhookNow), 400},
		{"400: no body at all", with(func(r *http.Request) { r.Body = nil }), 400},
		{"400: genuine, and not JSON", delivery([]byte("hello"), webhookNow), 400},
		{"401: another signature", header(webhook.SignatureHeader, "v1="+strings.Repeat("0", 64)), 401},
		{"401: another body", with(func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(`{}`)) }), 401},
		{"401: too old", delivery(webhookBody, webhookNow.Add(-301*time.Second)), 401},
		{"401: from the future, and not genuine", with(func(r *http.Request) {
			r.Header.Set(webhook.TimestampHeader, "1999999999")
		}), 401},
		{"503: from the future, and genuine, so our clock is behind", delivery(webhookBody, webhookNow.Add(301*time.Second)), 503},
		{"503: a body that breaks off", with(func(r *http.Request) {
			r.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"id"`), iotest.ErrReader(io.ErrUnexpectedEOF)))
		}), 503},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			calls := 0
			h := newVerifier(t, webhook.WithMaxBody(1024)).Handler(func(context.Context, *webhook.Event) error {
				calls++
				return nil
			})
			w := httptest.NewRecorder()
			h.ServeHTTP(w, c.r)
			require.Equal(t, c.status, w.Code)
			require.Equal(t, c.status == 200, calls == 1)
			require.Equal(t, c.status == 405, w.Header().Get("Allow") == "POST")
		})
	}
}

func TestHandlerWaitsForTheCallback(t *testing.T) {
	t.Parallel()

	t.Run("it gets the event and the request's context", func(t *testing.T) {
		t.Parallel()
		type key struct{}
		var got *webhook.Event
		h := newVerifier(t).Handler(func(ctx context.Context, event *webhook.Event) error {
			require.Equal(t, "here", ctx.Value(key{}))
			got = event
			return nil
		})
		r := delivery(webhookBody, webhookNow)
		h.ServeHTTP(httptest.NewRecorder(), r.WithContext(context.WithValue(r.Context(), key{}, "here")))
		require.Equal(t, "evt_1", got.ID)
	})

	t.Run("nothing is answered before it returned", func(t *testing.T) {
		t.Parallel()
		w := httptest.NewRecorder()
		w.Code = 0
		newVerifier(t).Handler(func(context.Context, *webhook.Event) error {
			require.Zero(t, w.Code)
			return nil
		}).ServeHTTP(w, delivery(webhookBody, webhookNow))
		require.Equal(t, 200, w.Code)
	})

	t.Run("its error is a 500 that does not tell it", func(t *testing.T) {
		t.Parallel()
		w := httptest.NewRecorder()
		newVerifier(t).Handler(func(context.Context, *webhook.Event) error {
			return errors.New("disk /var/lib/ledger is full")
		}).ServeHTTP(w, delivery(webhookBody, webhookNow))
		require.Equal(t, 500, w.Code)
		require.NotContains(t, w.Body.String(), "ledger")
	})

	t.Run("a handler without a callback never says 2xx", func(t *testing.T) {
		t.Parallel()
		w := httptest.NewRecorder()
		newVerifier(t).Handler(nil).ServeHTTP(w, delivery(webhookBody, webhookNow))
		require.Equal(t, 500, w.Code)
	})
}

func TestHandlerTellsNothingOfTheDelivery(t *testing.T) {
	t.Parallel()
	body := []byte(`{"id":"evt_private","event":"delta.verified","data":"customer_private"}`)
	var log bytes.Buffer
	v := newVerifier(t, webhook.WithLogger(slog.New(slog.NewJSONHandler(&log, nil))))
	r := delivery(body, webhookNow)
	r.Header.Set(webhook.SignatureHeader, "v1="+strings.Repeat("ab", 32))
	w := httptest.NewRecorder()
	v.Handler(func(context.Context, *webhook.Event) error { return nil }).ServeHTTP(w, r)

	require.Equal(t, 401, w.Code)
	require.Contains(t, log.String(), `"status":401`)
	require.Contains(t, log.String(), "signature does not match")
	for _, out := range []string{w.Body.String(), log.String()} {
		for _, secret := range []string{"private", webhookSecret, strings.Repeat("ab", 32)} {
			require.NotContains(t, out, secret)
		}
	}
}

// Over a real connection the limit also ends the upload, and a lost client is no 2xx.
func TestHandlerOverHTTP(t *testing.T) {
	t.Parallel()
	v, err := webhook.NewVerifier([]string{webhookSecret})
	require.NoError(t, err)
	events := make(chan *webhook.Event, 1)
	mux := http.NewServeMux()
	mux.Handle("POST /hooks/pacspace", v.Handler(func(_ context.Context, event *webhook.Event) error {
		events <- event
		return nil
	}))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	post := func(body []byte) int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/hooks/pacspace", bytes.NewReader(body))
		require.NoError(t, err)
		req.Header = webhook.Sign(webhookSecret, time.Now(), body, webhook.AlsoWith("whsec_previous"))
		resp, err := server.Client().Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		return resp.StatusCode
	}
	require.Equal(t, 200, post(webhookBody))
	require.Equal(t, "evt_1", (<-events).ID)
	require.Equal(t, 413, post(bytes.Repeat([]byte(" "), webhook.DefaultMaxBody+1)))
}
