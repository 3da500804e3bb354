package pacspace_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/sandbox"
)

// dailyUsage is the delta of a day on which a customer used 50 minutes.
func dailyUsage(customer string, day pacspace.Date) pacspace.DeltaParams {
	return pacspace.DeltaParams{
		CustomerID:  customer,
		Delta:       pacspace.NewDecimal(-50),
		Reason:      pacspace.DailyReason(day),
		ReferenceID: pacspace.DailyReference(customer, day),
		Metadata:    pacspace.Metadata{"resource": "compute-minutes"},
	}
}

// connect is a client of a service on this machine, both on one clock.
func connect(server *sandbox.Server, clock *sandbox.Clock) *pacspace.Client {
	client, err := pacspace.New(server.Key, pacspace.WithBaseURL(server.URL), pacspace.WithClock(clock.Now))
	if err != nil {
		log.Fatal(err)
	}
	return client
}

// threeDays records the usage of customer_acme on the first three days of February.
func threeDays(client *pacspace.Client, clock *sandbox.Clock) {
	for day := range 3 {
		p := dailyUsage("customer_acme", pacspace.NewDate(2026, time.February, 1+day))
		clock.Set(pacspace.NewDate(2026, time.February, 2+day).Start())
		if _, err := client.Balance.Emit(context.Background(), p); err != nil {
			log.Fatal(err)
		}
	}
	clock.Advance(time.Minute)
}

// A delta is accepted as QUEUED. Its reference is also its Idempotency-Key, so the same
// call after a crash is the same delta.
func ExampleBalanceService_Emit() {
	server, clock := laptop()
	defer server.Close()
	client := connect(server, clock)

	usage := dailyUsage("customer_acme", pacspace.NewDate(2026, time.February, 1))
	delta, err := client.Balance.Emit(context.Background(), usage)
	if err != nil {
		log.Fatal(err)
	}
	again, err := client.Balance.Emit(context.Background(), usage)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(delta.Status, delta.Delta, delta.IdempotencyKey)
	fmt.Println("once:", again.RecordID == delta.RecordID)
	// Output:
	// QUEUED -50 usage:customer_acme:2026-02-01
	// once: true
}

func ExampleBalanceService_EmitAndWait() {
	server, clock := laptop()
	defer server.Close()
	client := connect(server, clock)
	clock.Step(time.Second) // time passes on the service while the client waits

	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	usage := dailyUsage("customer_acme", pacspace.NewDate(2026, time.February, 1))
	delta, err := client.Balance.EmitAndWait(ctx, usage, pacspace.WithPollInterval(time.Millisecond))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(delta.Status, delta.Status.Is(pacspace.StatusVerified))
	// Output: VERIFIED true
}

// What Emit returned is enough to ask later where a delta stands.
func ExampleBalanceService_Status() {
	server, clock := laptop()
	defer server.Close()
	client := connect(server, clock)
	ctx := context.Background()
	delta, err := client.Balance.Emit(ctx, dailyUsage("customer_acme", pacspace.NewDate(2026, time.February, 1)))
	if err != nil {
		log.Fatal(err)
	}

	for range 2 {
		now, err := client.Balance.Status(ctx, delta.RecordID)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(now.Status, now.Status.Final())
		clock.Advance(time.Minute)
	}
	// Output:
	// QUEUED false
	// VERIFIED true
}

// A batch can fail in part: each delta has an outcome of its own, and what was refused
// can be sent again.
func ExampleBalanceService_EmitBatch() {
	server, clock := laptop()
	defer server.Close()
	client := connect(server, clock)
	server.SetCadence(sandbox.Test, "customer_bravo", time.Hour)

	first := pacspace.NewDate(2026, time.January, 31)
	batch, err := client.Balance.EmitBatch(context.Background(), []pacspace.DeltaParams{
		dailyUsage("customer_acme", first),
		dailyUsage("customer_bravo", first),
		dailyUsage("customer_bravo", first.AddDays(1)),
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, item := range batch.Items {
		fmt.Println(item.Outcome, item.Params.ReferenceID)
		if item.Outcome == pacspace.OutcomeRefused {
			fmt.Println("because of", item.Error)
		}
	}
	fmt.Println("to send again:", len(batch.With(pacspace.OutcomeRefused)))
	// Output:
	// accepted usage:customer_acme:2026-01-31
	// accepted usage:customer_bravo:2026-01-31
	// refused usage:customer_bravo:2026-02-01
	// because of CADENCE_LIMIT
	// to send again: 1
}

func ExampleBalanceService_Derive() {
	server, clock := laptop()
	defer server.Close()
	client := connect(server, clock)
	threeDays(client, clock)

	february := pacspace.RecordingWindow("2026-02").StartingAt(pacspace.NewDecimal(1000))
	balance, err := client.Balance.Derive(context.Background(), "customer_acme", february)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(balance.ComputedBalance, "after", balance.DeltaCount, "deltas")
	// Output: 850 after 3 deltas
}

func ExampleBalanceService_Deltas() {
	server, clock := laptop()
	defer server.Close()
	client := connect(server, clock)
	threeDays(client, clock)

	for delta, err := range client.Balance.Deltas(context.Background(), "customer_acme", pacspace.CurrentMonth()) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(delta.ReferenceID, delta.Delta, delta.Status)
	}
	// Output:
	// usage:customer_acme:2026-02-01 -50 VERIFIED
	// usage:customer_acme:2026-02-02 -50 VERIFIED
	// usage:customer_acme:2026-02-03 -50 VERIFIED
}

// The service says which view agrees with the recorded deltas, not who is right.
func ExampleBalanceService_Compare() {
	server, clock := laptop()
	defer server.Close()
	client := connect(server, clock)
	threeDays(client, clock)

	view, err := client.Balance.Compare(context.Background(), pacspace.CompareParams{
		CustomerID: "customer_acme", Scope: pacspace.RecordingWindow("2026-02"),
		Yours: pacspace.NewDecimal(-150), Theirs: pacspace.NewDecimal(-100),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(view.NeutralBalance, "yours:", view.MatchesYours, "theirs:", view.MatchesTheirs)
	// Output: -150 yours: true theirs: false
}

// How wide a scope may be is the service's to say.
func ExampleBalanceService_Limits() {
	server, clock := laptop()
	defer server.Close()
	client := connect(server, clock)

	limits, err := client.Balance.Limits(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("months of a scope:", limits.MaxScopeMonths)

	year := pacspace.MonthsBack(limits.MaxScopeMonths+1, clock.Now())
	_, err = client.Balance.Derive(context.Background(), "customer_acme", year)
	if e, ok := errors.AsType[*pacspace.APIError](err); ok {
		fmt.Println("one more:", e.Kind)
	}
	// Output:
	// months of a scope: 12
	// one more: SCOPE_TOO_WIDE
}

func ExampleBalanceService_Usage() {
	server, clock := laptop()
	defer server.Close()
	client := connect(server, clock)

	usage, err := client.Balance.Usage(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("allowed:", usage.Allowed, "bounded:", usage.Remaining != nil)
	// Output: allowed: true bounded: false
}

// The service documents no field of a gap, so what it says is read from its JSON.
func ExampleBalanceService_Gaps() {
	server, clock := laptop()
	defer server.Close()
	client := connect(server, clock)
	threeDays(client, clock)

	gaps, err := client.Balance.Gaps(context.Background(), "customer_acme", pacspace.GapsParams{FromSequence: new(int64(1))})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(gaps.RawJSON()))
	// Output: {"customerId":"customer_acme","fromSequence":1,"toSequence":3,"hasGaps":false,"gaps":[]}
}

// The service breaks a balance down in a field that it does not document, so look at what
// RawJSON has and read that.
func ExampleScope_By() {
	server, clock := laptop()
	defer server.Close()
	client := connect(server, clock)
	threeDays(client, clock)

	balance, err := client.Balance.Derive(context.Background(), "customer_acme", pacspace.CurrentMonth().By(pacspace.ByDay))
	if err != nil {
		log.Fatal(err)
	}
	var told struct {
		Breakdown []struct {
			StartDate time.Time
			NetChange pacspace.Decimal
		}
	}
	if err := json.Unmarshal(balance.RawJSON(), &told); err != nil {
		log.Fatal(err)
	}
	for _, day := range told.Breakdown {
		fmt.Println(day.StartDate.Format(time.DateOnly), day.NetChange)
	}
	// Output:
	// 2026-02-02 -50
	// 2026-02-03 -50
	// 2026-02-04 -50
}

// A delta that was refused goes out again under the next key, which a program with an
// outbox stores first; its reference stays.
func ExampleNextKey() {
	server, clock := laptop(sandbox.CadenceLimit(time.Hour), sandbox.RefusalsReplayed())
	defer server.Close()
	client := connect(server, clock)
	threeDays(client, clock)
	delta := dailyUsage("customer_acme", pacspace.NewDate(2026, time.February, 4))

	_, err := client.Balance.Emit(context.Background(), delta)
	fmt.Println(errors.Is(err, pacspace.ErrCadenceLimit), pacspace.Refused(err))

	clock.Advance(time.Hour)
	sent, err := client.Balance.Emit(context.Background(), delta, pacspace.WithIdempotencyKey(pacspace.NextKey(delta.ReferenceID)))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(sent.ReferenceID, "under", sent.IdempotencyKey)
	// Output:
	// true true
	// usage:customer_acme:2026-02-04 under usage:customer_acme:2026-02-04.2
}
