package pacspace_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/sandbox"
)

// laptop is a service on this machine whose clock the examples move.
func laptop(opts ...sandbox.Option) (*sandbox.Server, *sandbox.Clock) {
	clock := sandbox.NewClock(time.Date(2026, time.February, 1, 12, 0, 0, 0, time.UTC))
	box, err := sandbox.New(append(opts, sandbox.WithClock(clock.Now))...)
	if err != nil {
		log.Fatal(err)
	}
	server, err := box.Listen("127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	return server, clock
}

// A month at the vendor: each day's usage is emitted on the day after, then the balance is
// derived, compared, closed, and its evidence written.
func Example_vendor() {
	server, clock := laptop()
	defer server.Close()
	ctx := context.Background()
	client, err := pacspace.New(server.Key, pacspace.WithBaseURL(server.URL), pacspace.WithClock(clock.Now))
	if err != nil {
		log.Fatal(err)
	}

	var sent []pacspace.DeltaParams
	for day := range pacspace.Period("2026-02").Days() {
		clock.Set(day.End().Add(time.Hour))
		p := pacspace.DeltaParams{
			CustomerID:  "customer_acme",
			Delta:       pacspace.NewDecimal(-50),
			Reason:      pacspace.DailyReason(day),
			ReferenceID: pacspace.DailyReference("customer_acme", day),
			Metadata:    pacspace.Metadata{"plan": "growth", "resource": "compute-minutes"},
		}
		if _, err := client.Balance.Emit(ctx, p); err != nil {
			log.Fatal(err)
		}
		sent = append(sent, p)
	}
	clock.Set(time.Date(2026, time.March, 2, 0, 0, 0, 0, time.UTC))

	february := pacspace.RecordingWindow("2026-02")
	balance, err := client.Balance.Derive(ctx, "customer_acme", february)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(balance.DeltaCount, "deltas,", balance.ComputedBalance)

	view, err := client.Balance.Compare(ctx, pacspace.CompareParams{
		CustomerID: "customer_acme", Scope: february,
		Yours: pacspace.NewDecimal(-1400), Theirs: pacspace.NewDecimal(-1350),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("ours matches:", view.MatchesYours, "theirs matches:", view.MatchesTheirs)

	clock.Step(time.Second) // the public record is written while the client waits
	closing, err := client.Balance.ClosePeriod(ctx, pacspace.ClosePeriodParams{
		CustomerID: "customer_acme", Resource: "compute-minutes", Period: "2026-02", First: true,
		Submissions: func(yield func(pacspace.DeltaParams, error) bool) {
			for _, p := range sent {
				if !yield(p, nil) {
					return
				}
			}
		},
	}, pacspace.WithPollInterval(time.Millisecond))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("invoice:", closing.Balance, "for", closing.DeltaCount, "deltas")

	file := filepath.Join(os.TempDir(), "acme-2026-02.jsonl")
	defer os.Remove(file)
	if err := closing.SaveEvidence(file); err != nil {
		log.Fatal(err)
	}
	// Output:
	// 28 deltas, -1400
	// ours matches: true theirs matches: false
	// invoice: -1400 for 28 deltas
}

// The buyer has the invoice, its evidence and no key. He fetches the public record's
// answer for the root once and verifies offline.
func Example_buyer() {
	server, clock := laptop()
	defer server.Close()
	ctx := context.Background()
	invoice, evidence := closedMonth(ctx, server, clock)

	public, err := pacspace.NewPublic(pacspace.WithBaseURL(server.URL), pacspace.WithEnvironment(pacspace.EnvironmentTest))
	if err != nil {
		log.Fatal(err)
	}
	anchor, err := public.Anchor(ctx, invoice.ProofRoot)
	if err != nil {
		log.Fatal(err)
	}
	report, err := proof.Verify(strings.NewReader(evidence), proof.Expect{
		CustomerID: "customer_acme", Resource: "compute-minutes", Period: "2026-02",
		Environment: pacspace.EnvironmentTest, // the sandbox gives test keys; live is the default
	}, anchor)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(report)
	// Output:
	// verified (TEST): 28 deltas of compute-minutes, balance -1400, root 0xd60b..., completeness not shown
}

// closedMonth is what Example_vendor ends with: the closing and its evidence.
func closedMonth(ctx context.Context, server *sandbox.Server, clock *sandbox.Clock) (*pacspace.Closing, string) {
	client, err := pacspace.New(server.Key, pacspace.WithBaseURL(server.URL), pacspace.WithClock(clock.Now))
	if err != nil {
		log.Fatal(err)
	}
	days := slices.Collect(pacspace.Period("2026-02").Days())
	dailyDelta := func(day pacspace.Date) pacspace.DeltaParams {
		return pacspace.DeltaParams{
			CustomerID: "customer_acme", Delta: pacspace.NewDecimal(-50), Reason: pacspace.DailyReason(day),
			ReferenceID: pacspace.DailyReference("customer_acme", day),
			Metadata:    pacspace.Metadata{"plan": "growth", "resource": "compute-minutes"},
		}
	}
	for _, day := range days {
		clock.Set(day.End().Add(time.Hour))
		if _, err := client.Balance.Emit(ctx, dailyDelta(day)); err != nil {
			log.Fatal(err)
		}
	}
	clock.Set(time.Date(2026, time.March, 2, 0, 0, 0, 0, time.UTC))
	clock.Step(time.Second)
	closing, err := client.Balance.ClosePeriod(ctx, pacspace.ClosePeriodParams{
		CustomerID: "customer_acme", Resource: "compute-minutes", Period: "2026-02", First: true,
		Submissions: func(yield func(pacspace.DeltaParams, error) bool) {
			for _, day := range days {
				if !yield(dailyDelta(day), nil) {
					return
				}
			}
		},
	}, pacspace.WithPollInterval(time.Millisecond))
	if err != nil {
		log.Fatal(err)
	}
	var evidence strings.Builder
	if err := closing.WriteEvidence(&evidence); err != nil {
		log.Fatal(err)
	}
	return closing, evidence.String()
}

// outcome is a word for an error of a write.
func outcome(err error) string {
	if errors.Is(err, pacspace.ErrOutcomeUnknown) {
		return "unknown"
	}
	return "refused"
}

// untilKnown is the loop that every service needs: what is unknown stays so until the
// service of the records says what became of it, or until only a person can.
func untilKnown(ctx context.Context, client *pacspace.Client, pending pacspace.ResolveParams, pause time.Duration) (*pacspace.Delta, error) {
	for {
		delta, err := client.Balance.Resolve(ctx, pending)
		switch {
		case err == nil:
			return delta, nil
		case errors.Is(err, pacspace.ErrReferenceConflict), errors.Is(err, pacspace.ErrKeyTooOld):
			return nil, err // park it: asking again gives the same answer
		case !errors.Is(err, pacspace.ErrOutcomeUnknown):
			return nil, err // pending itself is wrong
		}
		fmt.Println("still unknown")
		select {
		case <-ctx.Done():
			return nil, err // unknown, and asked for again after the restart
		case <-time.After(pause):
		}
	}
}

// What a service does with a write whose answer was lost: it keeps the delta and the time
// before it sends, and resolves what is unknown until it has an answer.
func ExampleBalanceService_Resolve() {
	server, clock := laptop()
	defer server.Close()
	ctx := context.Background()
	client, err := pacspace.New(server.Key, pacspace.WithBaseURL(server.URL), pacspace.WithClock(clock.Now), pacspace.WithMaxRetries(0))
	if err != nil {
		log.Fatal(err)
	}
	day := pacspace.NewDate(2026, time.February, 1)
	pending := pacspace.ResolveParams{
		Delta: pacspace.DeltaParams{
			CustomerID: "customer_acme", Delta: pacspace.NewDecimal(-50), Reason: pacspace.DailyReason(day),
			ReferenceID: pacspace.DailyReference("customer_acme", day),
		},
		FirstSent: clock.Now(), // stored before the request, so that a crash does not lose it
	}
	// The service records the delta, and the connection ends before the answer.
	server.Inject(sandbox.Fault{Method: "POST", Path: "/api/v1/balance/delta", Drop: true, AfterWrite: true})
	if _, err := client.Balance.Emit(ctx, pending.Delta); err != nil {
		fmt.Println("emitted:", outcome(err))
	}
	// It cannot be asked for what became of it at once, either.
	server.Inject(sandbox.Fault{Method: "GET", Status: 503, Times: 2})
	delta, err := untilKnown(ctx, client, pending, time.Millisecond)
	if err != nil {
		fmt.Println("for a person:", err)
		return
	}
	fmt.Println("resolved:", delta.Delta, delta.ReferenceID)
	fmt.Println("recorded:", len(server.Recorded(sandbox.Test, "customer_acme")))
	// Output:
	// emitted: unknown
	// still unknown
	// still unknown
	// resolved: -50 usage:customer_acme:2026-02-01
	// recorded: 1
}
