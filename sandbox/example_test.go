package sandbox_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/record"
	"github.com/pacspace/pacspace-go/sandbox"
)

// A program of any language talks to a sandbox as it would to the service.
func Example() {
	clock := sandbox.NewClock(time.Date(2026, time.February, 2, 0, 0, 0, 0, time.UTC))
	box, err := sandbox.New(sandbox.WithClock(clock.Now))
	if err != nil {
		fmt.Println(err)
		return
	}
	srv, err := box.Listen("127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer srv.Close()

	ask := func(method, path, body string) {
		req, _ := http.NewRequest(method, srv.URL+path, strings.NewReader(body))
		req.Header.Set("X-Api-Key", srv.Key)
		req.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			fmt.Println(err)
			return
		}
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		fmt.Println(resp.StatusCode, string(text))
	}
	ask("POST", "/api/v1/balance/delta", `{"customerId":"acme","delta":-50,"reason":"usage","referenceId":"usage:acme:2026-02-01"}`)
	clock.Advance(time.Second) // by then it is verified
	ask("POST", "/api/v1/balance/compare", `{"customerId":"acme","yourBalance":-50,"theirBalance":-49,"startingBalance":0}`)
	// Output:
	// 201 {"success":true,"data":{"recordId":"rec_t000000000001","receiptId":"0x6414cbe7527ee2349160ae827639ee577fb5006e79fc92bf493833e8b9027376","status":"QUEUED","customerId":"acme","delta":-50,"reason":"usage","referenceId":"usage:acme:2026-02-01","contentHash":"0x6414cbe7527ee2349160ae827639ee577fb5006e79fc92bf493833e8b9027376"}}
	// 201 {"success":true,"data":{"customerId":"acme","neutralBalance":-50,"yourBalance":-50,"theirBalance":-49,"matchesYours":true,"matchesTheirs":false,"startingBalance":0,"deltaCount":1,"period":"2026-02","startDate":"2026-02-01T00:00:00.000Z","endDate":"2026-03-01T00:00:00.000Z"}}
}

// The service did its work and its answer is lost: the case in which a retry must not
// count twice.
func ExampleSandbox_Inject() {
	box, _ := sandbox.New()
	srv, _ := box.Listen("127.0.0.1:0")
	defer srv.Close()
	box.Inject(sandbox.Fault{Method: "POST", Path: "/api/v1/balance/delta", Drop: true, AfterWrite: true})

	emit := func() {
		req, _ := http.NewRequest("POST", srv.URL+"/api/v1/balance/delta", strings.NewReader(`{"customerId":"acme","delta":-50,"reason":"usage"}`))
		req.Header.Set("X-Api-Key", srv.Key)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Idempotency-Key", "usage:acme:2026-02-01")
		resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
		if err != nil {
			fmt.Println("no answer")
			return
		}
		resp.Body.Close()
		fmt.Println(resp.Status)
	}
	emit()
	emit()
	fmt.Println("recorded:", len(box.Recorded(sandbox.Test, "acme")))
	// Output:
	// no answer
	// 201 Created
	// recorded: 1
}

// Webhooks are sent when the test says so.
func ExampleSandbox_Deliver() {
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Header.Get("X-Webhook-Event"), r.Header.Get("X-Event-ID"))
	}))
	defer receiver.Close()

	clock := sandbox.NewClock(time.Date(2026, time.February, 2, 0, 0, 0, 0, time.UTC))
	box, _ := sandbox.New(sandbox.WithClock(clock.Now), sandbox.WithWebhook(sandbox.Test, receiver.URL))
	srv, _ := box.Listen("127.0.0.1:0")
	defer srv.Close()
	req, _ := http.NewRequest("POST", srv.URL+"/api/v1/balance/delta", strings.NewReader(`{"customerId":"acme","delta":-50,"reason":"usage"}`))
	req.Header.Set("X-Api-Key", srv.Key)
	req.Header.Set("Content-Type", "application/json")
	if resp, err := http.DefaultClient.Do(req); err == nil {
		resp.Body.Close()
	}

	clock.Advance(time.Second)
	delivered, err := box.Deliver(context.Background())
	fmt.Println(delivered, err)
	// Output:
	// delta.verified evt_t000000000001
	// 1 <nil>
}

// Each choice names what the API leaves open.
func ExampleChoices() {
	for _, c := range sandbox.Choices()[:3] {
		fmt.Printf("%s: %s; instead: %s\n", c.Name, c.Default, c.Instead)
	}
	// Output:
	// ReferencesRepeat: a referenceId counts once per customer; instead: it counts each time
	// ReferencesNotCompared: a referenceId with another delta is refused; instead: it is answered with the first delta
	// AdjustsVerified: an adjustment may name a delta that is not verified yet; instead: it may not
}

// The dashboard shares a record; a buyer opens the link without a key.
func ExampleSandbox_ShareRecord() {
	clock := sandbox.NewClock(time.Date(2026, time.February, 10, 12, 0, 0, 0, time.UTC))
	box, _ := sandbox.New(sandbox.WithClock(clock.Now))
	srv, _ := box.Listen("127.0.0.1:0")
	defer srv.Close()
	ctx := context.Background()
	client, _ := pacspace.New(srv.Key, pacspace.WithBaseURL(srv.URL))
	fingerprint, _ := record.Fingerprint(strings.NewReader("sensor log"), record.FingerprintParams{Alg: record.FingerprintPlain})
	_, err := client.Records.Emit(ctx, "press-4", pacspace.EntryParams{
		Title: "Press paused", OccurredAt: clock.Now(), ActorID: "agent-7", Payloads: []record.PayloadRef{fingerprint.Ref},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	clock.Advance(time.Second) // by then it is sealed

	link, err := box.ShareRecord(sandbox.Test, sandbox.Share{
		Record: "press-4", AccessCode: "A1B2C3", Shown: []sandbox.Shown{{Entry: 1, Fields: []string{"title"}}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	opened, err := client.Public.OpenLink(ctx, link, "A1B2C3")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(opened.Handle, string(opened.Check.Entries[0].Shown[0].Value))
	// Output: link_t000000000001 "Press paused"
}
