// Metrics exports what a client does to Prometheus and logs it, both without a key, an id
// or a URL. It meters five days against the sandbox, whose service is down at times, and
// prints what Prometheus would scrape.
//
//	go run ./examples/metrics
//	go run ./examples/metrics -address 127.0.0.1:9090   # and serves /metrics until interrupted
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/sandbox"
)

func main() {
	address := flag.String("address", "", "serve /metrics there until interrupted")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *address, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "metrics:", err)
		os.Exit(1)
	}
}

// run meters, prints the metrics on out, and logs to log.
func run(ctx context.Context, address string, out, log io.Writer) error {
	registry := prometheus.NewRegistry()
	m, err := newMetrics(registry)
	if err != nil {
		return err
	}
	box, err := sandbox.New(sandbox.Delays(0, 0))
	if err != nil {
		return err
	}
	server, err := box.Listen("127.0.0.1:0")
	if err != nil {
		return err
	}
	defer server.Close()
	client, err := pacspace.New(server.Key,
		pacspace.WithBaseURL(server.URL),
		pacspace.WithObserver(m.observe),
		pacspace.WithLogger(slog.New(slog.NewJSONHandler(log, nil))), // Info and above: retries
	)
	if err != nil {
		return err
	}
	defer client.Close()
	if err := meter(ctx, client, server); err != nil {
		return err
	}

	handler := promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
	if err := scrape(handler, out); err != nil || address == "" {
		return err
	}
	return serve(ctx, address, handler)
}

// meter emits the usage of five days and derives the balance, while the service is down
// once, has an answer cut once, and asks for a wait once.
func meter(ctx context.Context, client *pacspace.Client, server *sandbox.Server) error {
	const emit = "/api/v1/balance/delta"
	server.Inject(sandbox.Fault{Path: emit, Skip: 1, Status: http.StatusServiceUnavailable})
	server.Inject(sandbox.Fault{Path: emit, Skip: 3, Cut: new(20)})
	server.Inject(sandbox.Fault{Path: "/api/v1/balance/derive/{customerId}", Status: http.StatusTooManyRequests, RetryAfter: 1})

	start := time.Now()
	for n := range 5 {
		day := pacspace.NewDate(2026, time.February, 1+n)
		if _, err := client.Balance.Emit(ctx, pacspace.DeltaParams{
			CustomerID: "customer_acme", Delta: pacspace.NewDecimal(-50),
			Reason: pacspace.DailyReason(day), ReferenceID: pacspace.DailyReference("customer_acme", day),
		}); err != nil {
			return err
		}
	}
	balance, err := client.Balance.Derive(ctx, "customer_acme", pacspace.Between(start.Add(-time.Hour), start.Add(time.Hour)))
	if err != nil {
		return err
	}
	if balance.DeltaCount != 5 || !balance.ComputedBalance.Equal(pacspace.NewDecimal(-250)) {
		return fmt.Errorf("the balance is %s of %d deltas, not -250 of 5", balance.ComputedBalance, balance.DeltaCount)
	}
	return nil
}

// scrape prints what the handler answers, as Prometheus reads it.
func scrape(handler http.Handler, out io.Writer) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Second}
	go func() { _ = server.Serve(l) }() // until Close
	defer server.Close()
	resp, err := http.Get("http://" + l.Addr().String() + "/metrics")
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(out, resp.Body)
	return err
}

// serve answers Prometheus until ctx ends.
func serve(ctx context.Context, address string, handler http.Handler) error {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", handler)
	server := &http.Server{Addr: address, Handler: mux, ReadHeaderTimeout: time.Second}
	defer context.AfterFunc(ctx, func() { server.Close() })()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
