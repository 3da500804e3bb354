package pacspace_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/pacspace/pacspace-go"
)

// serve is a service that always gives the same answer.
func serve(status int, body string) *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Request-Id", "req_1")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
}

func ExampleNew() {
	client, err := pacspace.New("pk_test_PUBLIC.SECRET", pacspace.WithMaxRetries(3), pacspace.WithUserAgent("billing/1.2"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	fmt.Println(client) // never the key

	_, err = pacspace.New("pk_test_PUBLIC.SECRET\n")
	fmt.Println(err)
	// Output:
	// pacspace.Client(app.pacspace.io)
	// pacspace: apiKey: must hold no spaces, line ends or other characters than printable ASCII; was it read with its line end?
}

// What the service refused is told apart by sentinels; its own code stays reachable.
func ExampleAPIError() {
	service := serve(402, `{"error":{"code":"INSUFFICIENT_CREDITS","message":"The plan is used up."}}`)
	defer service.Close()
	client, err := pacspace.New("pk_test_PUBLIC.SECRET", pacspace.WithBaseURL(service.URL))
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = client.Balance.Usage(context.Background())
	if errors.Is(err, pacspace.ErrPaymentRequired) {
		fmt.Println("stop sending")
	}
	if e, ok := errors.AsType[*pacspace.APIError](err); ok {
		fmt.Println(e.StatusCode, e.Code, e.RequestID)
	}
	fmt.Println(err)
	// Output:
	// stop sending
	// 402 INSUFFICIENT_CREDITS req_1
	// pacspace: GET /api/v1/balance/usage: 402 INSUFFICIENT_CREDITS: The plan is used up. (request req_1)
}

func ExampleClient_Do() {
	service := serve(200, `{"success":true,"data":{"name":"new","amount":12.50}}`)
	defer service.Close()
	client, err := pacspace.New("pk_test_PUBLIC.SECRET", pacspace.WithBaseURL(service.URL))
	if err != nil {
		fmt.Println(err)
		return
	}
	var out struct {
		Name   string
		Amount pacspace.Decimal
	}
	var r pacspace.Response
	err = client.Do(context.Background(), http.MethodGet, "/api/v1/balance/new", nil, &out, pacspace.WithResponse(&r))
	fmt.Println(out.Name, out.Amount, r.StatusCode, r.Attempts, err)
	// Output: new 12.5 200 1 <nil>
}

func ExampleWithObserver() {
	service := serve(200, `{"success":true,"data":{"allowed":true}}`)
	defer service.Close()
	client, err := pacspace.New("pk_test_PUBLIC.SECRET", pacspace.WithBaseURL(service.URL),
		pacspace.WithObserver(func(_ context.Context, a pacspace.Attempt) {
			fmt.Println(a.Method, a.Route, a.Number, a.StatusCode, a.WillRetry)
		}))
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := client.Balance.Usage(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output: GET /api/v1/balance/usage 1 200 false
}
