package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/stripe/stripe-go/v85"

	"github.com/pacspace/pacspace-go"
)

const apiKey = "pk_test_benchmark.0123456789abcdef"

// names are the candidates, ours first.
var names = []string{"emit", "by hand", "stripe-go", "openai-go"}

// send makes one POST and checks that the answer was read.
type send func(context.Context) error

// pool is the same for every candidate: as many idle connections as there are callers.
func pool(callers int) *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost, t.MaxIdleConns = max(callers, 1), 0
	return &http.Client{Transport: t}
}

// newClient makes one candidate's client of the server. Each sends what its program knows
// about one day's usage of one customer, with an idempotency key; the SDKs retry as they
// do by default.
func newClient(name, url string, client *http.Client) (send, error) {
	switch name {
	case "emit":
		return ours(url, client)
	case "by hand":
		h := newByHand(client, url)
		return func(ctx context.Context) error {
			id, err := h.emit(ctx, handDelta{
				CustomerID: "customer_acme", Delta: "-50", Reason: "daily_usage_flush:2026-02-01",
				ReferenceID: "usage:customer_acme:2026-02-01",
				Metadata:    map[string]any{"plan": "growth", "resource": "compute-minutes"},
			})
			return same(id, "rec_1", err)
		}, nil
	case "stripe-go":
		return stripeGo(url, client), nil
	case "openai-go":
		return openaiGo(url, client), nil
	}
	return nil, fmt.Errorf("no candidate is called %q", name)
}

func ours(url string, client *http.Client, opts ...pacspace.Option) (send, error) {
	c, err := pacspace.New(apiKey, append([]pacspace.Option{pacspace.WithBaseURL(url), pacspace.WithHTTPClient(client)}, opts...)...)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		d, err := c.Balance.Emit(ctx, pacspace.DeltaParams{
			CustomerID: "customer_acme", Delta: pacspace.NewDecimal(-50), Reason: "daily_usage_flush:2026-02-01",
			ReferenceID: "usage:customer_acme:2026-02-01",
			Metadata:    pacspace.Metadata{"plan": "growth", "resource": "compute-minutes"},
		})
		if err != nil {
			return err
		}
		return same(d.RecordID, "rec_1", nil)
	}, nil
}

func stripeGo(url string, client *http.Client) send {
	sc := stripe.NewClient(apiKey, stripe.WithBackends(stripe.NewBackendsWithConfig(&stripe.BackendConfig{
		URL: &url, HTTPClient: client, LeveledLogger: &stripe.LeveledLogger{Level: stripe.LevelNull},
	})))
	return func(ctx context.Context) error {
		key, name, value := "usage:customer_acme:2026-02-01", "usage", "50"
		event, err := sc.V1BillingMeterEvents.Create(ctx, &stripe.BillingMeterEventCreateParams{
			Params: stripe.Params{IdempotencyKey: &key}, EventName: &name, Identifier: &key,
			Payload: map[string]string{"stripe_customer_id": "customer_acme", "value": value, "plan": "growth", "resource": "compute-minutes"},
		})
		if err != nil {
			return err
		}
		return same(event.Identifier, key, nil)
	}
}

func openaiGo(url string, client *http.Client) send {
	oc := openai.NewClient(option.WithAPIKey(apiKey), option.WithBaseURL(url), option.WithHTTPClient(client))
	return func(ctx context.Context) error {
		var a handAnswer
		key := option.WithHeader("Idempotency-Key", "usage:customer_acme:2026-02-01")
		err := oc.Post(ctx, "api/v1/balance/delta", handDelta{
			CustomerID: "customer_acme", Delta: json.Number("-50"), Reason: "daily_usage_flush:2026-02-01",
			ReferenceID: "usage:customer_acme:2026-02-01",
			Metadata:    map[string]any{"plan": "growth", "resource": "compute-minutes"},
		}, &a, key)
		return same(a.Data.RecordID, "rec_1", err)
	}
}

func same(got, want string, err error) error {
	if err == nil && got != want {
		err = fmt.Errorf("the answer holds %q, not %q", got, want)
	}
	return err
}
