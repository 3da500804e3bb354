package webhook_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/pacspace/pacspace-go/webhook"
)

// A delivery is checked on the bytes as they came, wherever they came from.
func ExampleVerifier_Verify() {
	verifier, err := webhook.NewVerifier([]string{"whsec_example"})
	if err != nil {
		fmt.Println(err)
		return
	}

	// What a framework hands over: the raw body and the headers.
	body := []byte(`{"id":"evt_1","event":"delta.verified","data":{"customerId":"customer_acme","delta":-50}}`)
	header := webhook.Sign("whsec_example", time.Now(), body)

	event, err := verifier.Verify(body, header)
	if err != nil {
		fmt.Println(err)
		return
	}
	delta, err := event.DeltaVerified()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(event.ID, event.Type, delta.CustomerID, delta.Delta)

	body[len(body)-3] = '9'
	_, err = verifier.Verify(body, header)
	fmt.Println(errors.Is(err, webhook.ErrSignature))
	// Output:
	// evt_1 delta.verified customer_acme -50
	// true
}

// The handler answers 2xx only after the function returned nil, so the function stores the
// event, and whether it was there before, in one transaction. A map stands in for that here.
func ExampleVerifier_Handler() {
	// The previous secret stays in the list until its rotation is over.
	verifier, err := webhook.NewVerifier([]string{"whsec_example", "whsec_previous"})
	if err != nil {
		fmt.Println(err)
		return
	}
	applied := map[string]bool{}
	mux := http.NewServeMux()
	mux.Handle("POST /hooks/pacspace", verifier.Handler(func(ctx context.Context, event *webhook.Event) error {
		if applied[event.ID] {
			fmt.Println(event.ID, "again")
			return nil
		}
		applied[event.ID] = true
		switch event.Type {
		case webhook.EventDeltaVerified:
			delta, err := event.DeltaVerified()
			if err != nil {
				return err
			}
			fmt.Println(event.ID, delta.CustomerID, delta.Delta)
		default:
			fmt.Println(event.ID, "is kept as", string(event.Type))
		}
		return nil
	}))

	post := func(secret, body string) {
		r := httptest.NewRequest(http.MethodPost, "/hooks/pacspace", bytes.NewReader([]byte(body)))
		r.Header = webhook.Sign(secret, time.Now(), []byte(body))
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		fmt.Println(w.Code)
	}
	delta := `{"id":"evt_1","event":"delta.verified","data":{"delta":{"customerId":"customer_acme","amount":-50}}}`
	post("whsec_previous", delta)
	post("whsec_example", delta)
	post("whsec_example", `{"id":"evt_2","event":"tenant_domain.activated","data":{}}`)
	post("whsec_stranger", delta)
	// Output:
	// evt_1 customer_acme -50
	// 200
	// evt_1 again
	// 200
	// evt_2 is kept as tenant_domain.activated
	// 200
	// 401
}

// A test of one's own handler signs what it posts.
func ExampleSign() {
	header := webhook.Sign("whsec_test", time.Unix(1739270400, 0), []byte(`{"event":"delta.verified"}`))
	fmt.Println(header.Get(webhook.TimestampHeader))
	fmt.Println(header.Get(webhook.SignatureHeader))
	// Output:
	// 1739270400
	// v1=664fe831b63394494b98055a4a675420c6be05486313f740449886fc02673cf3
}

// A program that checks and stores bodies first reads them later, without their headers.
func ExampleParseEvent() {
	stored := []byte(`{"id":"evt_1","event":"delta.verified","data":{"recordId":"rec_9",
		"delta":{"customerId":"customer_acme","amount":-50,"referenceId":"usage:customer_acme:2026-02-01"}}}`)
	event, err := webhook.ParseEvent(stored)
	if err != nil {
		fmt.Println(err)
		return
	}
	delta, err := event.DeltaVerified()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(delta.RecordID, delta.ReferenceID, delta.Delta)

	_, err = event.DeltaFailed()
	fmt.Println(errors.Is(err, webhook.ErrOtherType))
	// Output:
	// rec_9 usage:customer_acme:2026-02-01 -50
	// true
}
