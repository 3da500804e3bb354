package metering_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/internal/storetest"
	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/sandbox"
	"github.com/pacspace/pacspace-go/usage"
	"github.com/pacspace/pacspace-go/webhook"
)

// mortal is a store as one process sees it.
type mortal struct {
	*storetest.Mortal[metering.Tx]
	disk metering.Store
}

func newMortal(disk metering.Store, calls int, commit bool) *mortal {
	return &mortal{storetest.NewMortal[metering.Tx](disk, calls, commit), disk}
}

func (m *mortal) Record(ctx context.Context, entries []metering.Entry) (out []metering.Recorded, err error) {
	err = m.Call(func() (err error) { out, err = m.disk.Record(ctx, entries); return err })
	return out, err
}

func (m *mortal) Sweep(ctx context.Context, before time.Time) (n int, err error) {
	err = m.Call(func() (err error) { n, err = m.disk.Sweep(ctx, before); return err })
	return n, err
}

// Whatever crashes and whatever the service does, in the end its sums equal the events and
// totals that were handed over, and it holds each reference once. PACSPACE_SIMULATIONS runs
// more of them, PACSPACE_SIMULATION one alone.
func TestWhateverCrashesTheSumsAreThoseOfTheEvents(t *testing.T) {
	t.Parallel()
	if seed, err := strconv.ParseUint(os.Getenv("PACSPACE_SIMULATION"), 10, 64); err == nil {
		simulate(t, seed)
		return
	}
	runs := 40
	if n, err := strconv.Atoi(os.Getenv("PACSPACE_SIMULATIONS")); err == nil {
		runs = n
	}
	for seed := range runs {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			simulate(t, uint64(seed))
		})
	}
}

// simulation is one run: what was handed over, and the processes that come and go.
type simulation struct {
	*rig
	rand *rand.Rand
	disk metering.Store

	next   int
	unsure []metering.Event // handed over without an answer: they come again
	want   map[string]decimal.Decimal
	totals map[totalKey]decimal.Decimal
}

type totalKey struct {
	day      usage.Date
	customer string
}

var simulatedCustomers = []string{"acme", "globex:gpu", "initech", "hooli", "umbrella"}

func simulate(t *testing.T, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 8))
	// The choices under which the guarantee holds by itself: keys outlive the meter's trust
	// in them, or references de-duplicate.
	choices := []sandbox.Option{
		sandbox.RefusalsReplayed(), sandbox.BatchRefusedWhole(), sandbox.BatchWithoutIDs(), sandbox.AdjustsVerified(),
		sandbox.WindowsByVerification(), sandbox.InclusiveEnd(), sandbox.UnknownCustomerRefused(), sandbox.FlatErrors(),
		sandbox.StatusCodeErrors(), sandbox.LegacyNames(), sandbox.DirectPayloads(), sandbox.PendingInError(),
		sandbox.RowsWithoutHashes(), sandbox.ReferencesNotCompared(), sandbox.CadenceLimit(2 * time.Hour),
	}
	options := []any{sandbox.Delays(time.Second, time.Duration(random.IntN(600)+1)*time.Second)}
	if random.IntN(2) == 0 {
		options = append(options, sandbox.ReferencesRepeat(), sandbox.KeysExpireAfter(24*time.Hour))
	} else {
		options = append(options, sandbox.KeysExpireAfter([]time.Duration{time.Minute, time.Hour, 24 * time.Hour}[random.IntN(3)]))
	}
	for _, c := range choices {
		if random.IntN(3) == 0 {
			options = append(options, c)
		}
	}
	s := &simulation{
		rig: newRig(t, options...), rand: random,
		want: map[string]decimal.Decimal{}, totals: map[totalKey]decimal.Decimal{},
	}
	s.disk = s.store
	if random.IntN(3) == 0 {
		s.box.FailDeltas(func(d sandbox.Recorded) (string, bool) {
			return "ledger full", d.Delta.Abs().Cmp(decimal.New(50)) < 0 && !strings.Contains(d.ReferenceID, ":again")
		})
	}
	s.restart(s.lifetime())
	for range 60 {
		s.step()
	}
	s.finish()
}

// lifetime is after how many calls of its store the next process dies.
func (s *simulation) lifetime() int { return s.rand.IntN(40) + 1 }

// restart lets the process die and starts another one, which lives for so many calls.
func (s *simulation) restart(lifetime int) { s.meter = s.replica(lifetime) }

// replica starts a process that lives for so many calls of the store, or a later one where
// it dies while it starts.
func (s *simulation) replica(lifetime int) *metering.Meter {
	for {
		process := newMortal(s.disk, lifetime, s.rand.IntN(2) == 0)
		m, err := metering.New(s.client(nil), process,
			metering.WithAccounts("compute-minutes", "minute"), metering.WithSpread(0), metering.WithRequestsPerMinute(600),
			metering.WithSleep(func(ctx context.Context, d time.Duration) error { s.clock.Advance(d); return ctx.Err() }))
		if errors.Is(err, storetest.ErrDied) {
			lifetime = s.lifetime()
			continue
		}
		require.NoError(s, err)
		s.Cleanup(func() {
			process.Kill()
			_, _ = m.Close(context.Background())
		})
		return m
	}
}

func (s *simulation) died(err error) bool {
	if errors.Is(err, storetest.ErrDied) {
		s.restart(s.lifetime())
		return true
	}
	return false
}

func (s *simulation) step() {
	switch s.rand.IntN(10) {
	case 0, 1, 2, 3:
		s.recordSome()
	case 4:
		s.submitSome()
	case 5:
		s.trouble()
	case 6, 7:
		s.clock.Advance(time.Duration(s.rand.IntN(int(9 * time.Hour))))
	case 8:
		s.webhooks()
	default:
		s.flushOnce()
	}
}

// recordSome hands over new events, and such as had no answer.
func (s *simulation) recordSome() {
	var events []metering.Event
	for range s.rand.IntN(6) + 1 {
		s.next++
		customer := simulatedCustomers[s.rand.IntN(3)]
		amount := decimal.New(int64(s.rand.IntN(4000) - 500))
		if s.rand.IntN(12) == 0 {
			amount = storetest.Dec("900000000.123456789123")
		}
		e := metering.Event{
			ID: fmt.Sprintf("event-%d", s.next), CustomerID: customer, Amount: amount,
			Time:       s.clock.Now().Add(-time.Duration(s.rand.IntN(int(30 * time.Hour)))),
			Dimensions: map[string]string{"plan": []string{"basic", "growth"}[s.rand.IntN(2)]},
		}
		events = append(events, e)
		s.want[customer] = s.want[customer].Add(amount)
	}
	s.hand(append(s.unsure, events...))
}

func (s *simulation) hand(events []metering.Event) {
	s.unsure = nil
	if len(events) == 0 {
		return
	}
	if _, err := s.meter.Record(s.Context(), events...); err != nil {
		if !s.died(err) {
			require.NoError(s, err)
		}
		s.unsure = events
	}
}

// submitSome hands over totals of two customers, again and again until they are taken.
func (s *simulation) submitSome() {
	of := usage.DateOf(s.clock.Now()).AddDays(-s.rand.IntN(3))
	var list []metering.Total
	for _, customer := range simulatedCustomers[3:] {
		key := totalKey{of, customer}
		if _, there := s.totals[key]; !there || s.rand.IntN(2) == 0 {
			s.totals[key] = decimal.New(int64(s.rand.IntN(100)))
		}
		list = append(list, metering.Total{CustomerID: customer, Amount: s.totals[key]})
	}
	for {
		_, err := s.meter.Submit(s.Context(), of, totals(list...))
		if err == nil {
			return
		}
		if !s.died(err) {
			require.NoError(s, err)
		}
	}
}

func (s *simulation) trouble() {
	statuses := []int{401, 402, 403, 408, 412, 429, 500, 502, 503, 504}
	path := []string{deltaPath, batchPath, "", "", ""}[s.rand.IntN(5)]
	f := sandbox.Fault{Path: path, Times: s.rand.IntN(3) + 1, Skip: s.rand.IntN(3)}
	switch s.rand.IntN(6) {
	case 0:
		f.Drop = true
	case 1:
		f.Drop, f.AfterWrite = true, true
	case 2:
		f.Cut = new(s.rand.IntN(60))
	case 3:
		f.Pending = true
	case 4:
		f.Status, f.AfterWrite = []int{500, 502, 503, 504}[s.rand.IntN(4)], true
	default:
		f.Status = statuses[s.rand.IntN(len(statuses))]
	}
	s.box.Inject(f)
}

// webhooks tells of some deltas what the service says of them.
func (s *simulation) webhooks() {
	s.box.Settle()
	for _, d := range s.box.Recorded(sandbox.Test, "") {
		var err error
		switch {
		case s.rand.IntN(3) > 0:
		case d.Status == "VERIFIED":
			err = s.meter.Verified(s.Context(), &webhook.DeltaVerified{RecordID: d.RecordID, CustomerID: d.CustomerID, Delta: d.Delta, ReferenceID: d.ReferenceID})
		case d.Status == "FAILED":
			err = s.meter.Failed(s.Context(), &webhook.DeltaFailed{RecordID: d.RecordID, ReferenceID: d.ReferenceID, Error: d.Error})
		}
		if err != nil {
			require.True(s, s.died(err), "%v", err)
		}
	}
}

// flushOnce flushes, now and then beside another replica, which may die as well.
func (s *simulation) flushOnce() {
	if s.rand.IntN(3) == 0 {
		beside := s.replica(s.lifetime())
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, _ = beside.Flush(s.Context())
		}()
		defer func() { <-done }()
	}
	_, err := s.meter.Flush(s.Context())
	if err == nil || s.died(err) {
		return
	}
	require.ErrorAs(s, err, new(*metering.UnsentError))
}

// finish ends the trouble, lets everything arrive and compares.
func (s *simulation) finish() {
	s.box.ClearFaults()
	s.restart(-1)
	s.hand(s.unsure)
	s.clock.Advance(time.Duration(s.rand.IntN(50)) * time.Hour)
	for range 30 {
		s.settleFor(400)
		if !s.unpark() {
			break
		}
	}
	for key, total := range s.totals {
		s.want[key.customer] = s.want[key.customer].Add(total)
	}
	references := map[string]int{}
	sums := map[string]decimal.Decimal{}
	s.box.Settle()
	for _, d := range s.box.Recorded(sandbox.Test, "") {
		if d.Status == "FAILED" {
			continue
		}
		references[d.ReferenceID]++
		sums[d.CustomerID] = sums[d.CustomerID].Sub(d.Delta)
	}
	for reference, n := range references {
		require.Equal(s, 1, n, "times that %s was recorded", reference)
	}
	for _, customer := range simulatedCustomers {
		require.Equal(s, s.want[customer].String(), sums[customer].String(), "%s: %v", customer, s.rows())
	}
}

// settleFor lets time pass until nothing is under way. Late usage may be left, which waits
// for a parked base.
func (s *simulation) settleFor(rounds int) {
	quiet := 0
	for range rounds {
		status, err := s.meter.Flush(s.Context())
		if err != nil {
			require.ErrorAs(s, err, new(*metering.UnsentError))
		}
		if status.Count(metering.StateFrozen)+status.Count(metering.StateSent)+status.Count(metering.StateUnknown)+status.Count(metering.StateConfirmed) > 0 {
			quiet = 0
		} else if quiet++; status.Open == 0 || status.Count(metering.StateParked) > 0 && quiet == 8 {
			return
		}
		s.clock.Advance(20 * time.Minute)
	}
	s.Fatalf("not settled: %v", s.rows())
}

// unpark does what a person would: finds out and decides. It tells whether there was
// anything to decide.
func (s *simulation) unpark() bool {
	var parked []metering.OutboxDelta
	for d, err := range s.meter.Parked(s.Context()) {
		require.NoError(s, err)
		parked = append(parked, d)
	}
	for _, d := range parked {
		require.Contains(s, []string{metering.CodeUnknown, metering.CodeKeyKnown, metering.CodeFailed, metering.CodeUnverified}, d.ErrorCode, "%s: %s", d.ReferenceID, d.Note)
		there := slices.ContainsFunc(s.box.Recorded(sandbox.Test, d.CustomerID), func(r sandbox.Recorded) bool {
			return r.ReferenceID == d.ReferenceID && r.Status != "FAILED"
		})
		got, err := s.meter.Retry(s.Context(), d.ReferenceID, metering.RetryParams{Reason: "found out", NotRecorded: !there})
		require.NoError(s, err, "%s, recorded: %v", d.ReferenceID, there)
		require.Equal(s, there, got.State != metering.StateFrozen)
	}
	return len(parked) > 0
}
