package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/metering"
)

// The headers that the service goes by. A real one knows its customer from the login.
const (
	headerCustomer = "X-Customer"
	headerRequest  = "X-Request-Id" // the same when a client repeats a request
	headerPlan     = "X-Plan"
)

// service is the product: it answers GET /double?n=21.
func service(meter *metering.Meter, now func() time.Time) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /double", func(w http.ResponseWriter, r *http.Request) {
		n, err := pacspace.ParseDecimal(r.URL.Query().Get("n"))
		if err != nil {
			http.Error(w, "n: must be a number", http.StatusBadRequest)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]pacspace.Decimal{"result": n.Add(n)})
	})
	return counted(meter, now, mux)
}

// counted is the middleware: a request is served once it is counted. One that cannot be
// counted is not served for nothing, and the client repeats it with the same id, which then
// counts once.
func counted(meter *metering.Meter, now func() time.Time, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		event := metering.Event{
			// The id is the customer's, so it is made unique by his name.
			ID:         r.Header.Get(headerCustomer) + "/" + r.Header.Get(headerRequest),
			CustomerID: r.Header.Get(headerCustomer),
			Amount:     pacspace.NewDecimal(1),
			Time:       now(),
		}
		if plan := r.Header.Get(headerPlan); plan != "" {
			event.Dimensions = map[string]string{"plan": plan}
		}
		_, err := meter.Record(r.Context(), event)
		switch {
		case err == nil, errors.As(err, new(*metering.ConflictError)):
			// A repeated request comes at another time and is counted already: as it was first.
			next.ServeHTTP(w, r)
		case errors.Is(err, pacspace.ErrInvalid):
			http.Error(w, err.Error(), http.StatusBadRequest)
		default:
			http.Error(w, "the request could not be counted; repeat it with the same "+headerRequest, http.StatusServiceUnavailable)
		}
	})
}
