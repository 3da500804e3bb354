package reconcile_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/reconcile"
	"github.com/pacspace/pacspace-go/sandbox"
)

// warehouse stands for a query on one's own tables.
type warehouse map[pacspace.Date]decimal.Decimal

func (w warehouse) Balance(_ context.Context, customerID string, days proof.Days) (decimal.Decimal, error) {
	var sum decimal.Decimal
	for day, amount := range w {
		if !day.Before(days.First) && !day.After(days.Last) {
			sum = sum.Sub(amount) // usage is negative in the record
		}
	}
	return sum, nil
}

// A supervisor asks the service and the books, and nobody else.
func ExampleAudit() {
	ctx := context.Background()
	clock := sandbox.NewClock(time.Date(2026, time.February, 2, 1, 0, 0, 0, time.UTC))
	box, err := sandbox.New(sandbox.WithClock(clock.Now))
	if err != nil {
		fmt.Println(err)
		return
	}
	server, err := box.Listen("127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	client, err := pacspace.New(server.Key, pacspace.WithBaseURL(server.URL))
	if err != nil {
		fmt.Println(err)
		return
	}
	first := pacspace.NewDate(2026, time.February, 1)
	books := warehouse{first: decimal.New(50), first.AddDays(1): decimal.New(60)}
	for i, amount := range []int64{-50, -61} { // the second day is off by one
		day := first.AddDays(i)
		_, err := client.Balance.Emit(ctx, pacspace.DeltaParams{
			CustomerID: "customer_acme", Delta: decimal.New(amount),
			Reason: pacspace.DailyReason(day), ReferenceID: pacspace.DailyReference("customer_acme", day),
		})
		if err != nil {
			fmt.Println(err)
			return
		}
		clock.Advance(24 * time.Hour)
	}
	clock.Advance(24 * time.Hour)

	report, err := reconcile.Audit(ctx, client, books, "2026-02", reconcile.AuditClock(clock.Now))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(report)
	for _, m := range report.Account("customer_acme").Mismatches {
		fmt.Println(m.String())
	}
	// Output:
	// audit of 2026-02: 0 matched, 0 pending, 1 differ
	// books: customer_acme, 2026-02: expected -110, found -111; first: 2026-02-02 differs as a day, expected -60, found -61
}

// An alert function that writes to a log, as JSON lines for whatever watches them.
func ExampleSlogAlert() {
	untimed := &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}
	alert := reconcile.SlogAlert(slog.New(slog.NewJSONHandler(os.Stdout, untimed)))
	err := alert(context.Background(), reconcile.Mismatch{
		Kind: reconcile.KindBooks, CustomerID: "customer_acme", Period: "2026-02", Expected: "-110", Found: "-111",
		First: &reconcile.Differing{ReferenceID: "usage:customer_acme:2026-02-02", Day: pacspace.NewDate(2026, time.February, 2), What: "was recorded with another amount"},
		Count: 1, State: reconcile.MismatchOpen, Revision: 1,
	})
	fmt.Println(err)
	// Output:
	// {"level":"ERROR","msg":"reconcile: mismatch","kind":"books","customerId":"customer_acme","period":"2026-02","revision":1,"state":"open","deltas":1,"expected":"-110","found":"-111","reference":"usage:customer_acme:2026-02-02","what":"was recorded with another amount","day":"2026-02-02"}
	// <nil>
}
