package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/examples/internal/stage"
	"github.com/pacspace/pacspace-go/invoice"
	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/usage"
)

// The two things that are counted, each under accounts of its own.
const (
	inputTokens  = "input-tokens"
	outputTokens = "output-tokens"
	unit         = "token"
)

// prices are in euros a token.
var prices = map[string]string{inputTokens: "0.0000025", outputTokens: "0.00001"}

// story is the vendor with his meter, and what each tenant counted on his own side.
type story struct {
	*stage.Stage
	out   io.Writer
	meter *stage.Meter
	calls []call

	own map[string]map[pacspace.Period]pacspace.Decimal // by account and month of use
}

func account(tenant, resource string) string { return tenant + ":" + resource }

func openStory(ctx context.Context, j job, calls []call, out io.Writer) (*story, error) {
	st, err := stage.Open(j.dir, calls[0].at)
	if err != nil {
		return nil, err
	}
	s := &story{Stage: st, out: out, calls: calls, own: map[string]map[pacspace.Period]pacspace.Decimal{}}
	if s.meter, err = st.Meter(ctx); err != nil {
		return nil, errors.Join(err, st.Close())
	}
	var accounts []pacspace.Account
	for i := range j.tenants {
		for _, resource := range []string{inputTokens, outputTokens} {
			accounts = append(accounts, pacspace.Account{CustomerID: account(fmt.Sprintf("tenant-%03d", i), resource), Resource: resource, Unit: unit})
		}
	}
	if err := s.meter.Bind(ctx, accounts...); err != nil {
		return nil, errors.Join(err, s.meter.Abandon(), st.Close())
	}
	return s, nil
}

func (s *story) abandon() { _ = errors.Join(s.meter.Abandon(), s.Stage.Close()) }

func (s *story) close(ctx context.Context) error {
	return errors.Join(s.meter.Close(ctx), s.Stage.Close())
}

// count meters the calls day by day and sends each day once it is over. Every day is
// imported twice, as a job does that crashed before it noted how far it was.
func (s *story) count(ctx context.Context) error {
	fmt.Fprintln(s.out, "\nEach day is counted, and sent once it is over")
	for day, calls := range byDay(s.calls) {
		s.Clock.Set(day.End())
		first, err := s.meter.Import(ctx, events(calls))
		if err != nil {
			return err
		}
		again, err := s.meter.Import(ctx, events(calls))
		if err != nil {
			return err
		}
		if again.Counted != 0 || again.Duplicates != first.Counted {
			return fmt.Errorf("%s: the second import counted %d events", day, again.Counted)
		}
		for _, c := range calls {
			s.note(c.tenant, inputTokens, day, c.input)
			s.note(c.tenant, outputTokens, day, c.output)
		}
		s.Clock.Set(day.End().Add(metering.DefaultGrace + metering.DefaultSpread))
		if err := s.Settle(ctx, s.meter.Meter); err != nil {
			return err
		}
		fmt.Fprintf(s.out, "  %s: %d calls, %d events counted; imported again: %d counted\n", day, len(calls), first.Counted, again.Counted)
	}
	return nil
}

// note is what a tenant writes down.
func (s *story) note(tenant, resource string, day pacspace.Date, tokens pacspace.Decimal) {
	id := account(tenant, resource)
	if s.own[id] == nil {
		s.own[id] = map[pacspace.Period]pacspace.Decimal{}
	}
	s.own[id][day.Period()] = s.own[id][day.Period()].Add(tokens)
}

// events are two for each call. Their ids are made from the call's place in the file, so
// they are the same whenever it is read.
func events(calls []call) iter.Seq2[metering.Event, error] {
	return func(yield func(metering.Event, error) bool) {
		for _, c := range calls {
			for _, e := range []metering.Event{
				{ID: fmt.Sprintf("line-%08d/in", c.line), CustomerID: account(c.tenant, inputTokens), Amount: c.input, Time: c.at},
				{ID: fmt.Sprintf("line-%08d/out", c.line), CustomerID: account(c.tenant, outputTokens), Amount: c.output, Time: c.at},
			} {
				if !yield(e, nil) {
					return
				}
			}
		}
	}
}

// bill closes the months of every account.
func (s *story) bill(ctx context.Context) error {
	for _, id := range slices.Sorted(maps.Keys(s.own)) {
		var previous *pacspace.Closing
		for _, month := range slices.Sorted(maps.Keys(s.own[id])) {
			if end := month.RecordingWindow().End; s.Clock.Now().Before(end) {
				s.Clock.Set(end)
			}
			closing, err := s.billOne(ctx, id, month, previous)
			if err != nil {
				return fmt.Errorf("%s, %s: %w", id, month, err)
			}
			previous = closing
		}
	}
	return s.total()
}

// billOne derives a month's balance, compares it with the tenant's view, closes the month
// and verifies the evidence.
func (s *story) billOne(ctx context.Context, id string, month pacspace.Period, previous *pacspace.Closing) (*pacspace.Closing, error) {
	scope := pacspace.RecordingWindow(month)
	balance, err := s.Client.Balance.Derive(ctx, id, scope)
	if err != nil {
		return nil, err
	}
	theirs := s.own[id][month].Neg()
	for _, view := range []struct {
		theirs pacspace.Decimal
		agrees bool
	}{{theirs, true}, {theirs.Add(pacspace.NewDecimal(1)), false}} {
		c, err := s.Client.Balance.Compare(ctx, pacspace.CompareParams{CustomerID: id, Scope: scope, Yours: balance.ComputedBalance, Theirs: view.theirs})
		if err != nil {
			return nil, err
		}
		if !c.MatchesYours || c.MatchesTheirs != view.agrees {
			return nil, fmt.Errorf("derived %s, the tenant's view %s: matches %v, it must be %v", balance.ComputedBalance, view.theirs, c.MatchesTheirs, view.agrees)
		}
	}
	closing, err := s.CloseMonth(ctx, s.meter.Meter, id, month, previous)
	if err != nil {
		return nil, err
	}
	if !closing.Balance.Equal(theirs) {
		return nil, fmt.Errorf("the invoice says %s, the tenant counted %s", closing.Balance, theirs)
	}
	base := strings.ReplaceAll(id, ":", "-") + "-" + string(month)
	report, err := s.Check(ctx, closing, base+".jsonl")
	if err != nil {
		return nil, err
	}
	price, err := pacspace.ParseDecimal(prices[closing.Account.Resource])
	if err != nil {
		return nil, err
	}
	statement, err := invoice.New(closing, invoice.Details{
		Issued: s.Clock.Now(), Seller: invoice.Party{Name: "Example Models Ltd"}, Customer: invoice.Party{Name: id},
		Prices: map[string]invoice.Price{closing.Account.Resource: {PerUnit: price, Currency: "EUR"}},
	})
	if err != nil {
		return nil, err
	}
	f, err := os.Create(filepath.Join(s.Dir, base+".txt"))
	if err != nil {
		return nil, err
	}
	if err := errors.Join(statement.WriteText(f), f.Close()); err != nil {
		return nil, err
	}
	if previous == nil {
		fmt.Fprintf(s.out, "\n%s\n", id)
	}
	fmt.Fprintf(s.out, "  %s: derived %s from %d deltas, which the tenant counted too; invoice of %s; %s\n",
		month, balance.ComputedBalance, balance.DeltaCount, statement.Money(statement.Totals[0]), report.Verdict)
	return closing, nil
}

// total compares what the service recorded in all with the calls.
func (s *story) total() error {
	recorded, want := pacspace.Decimal{}, pacspace.Decimal{}
	deltas := s.Box.Recorded("test", "")
	for _, d := range deltas {
		recorded = recorded.Sub(d.Delta)
	}
	for _, c := range s.calls {
		want = want.Add(c.input).Add(c.output)
	}
	if !recorded.Equal(want) {
		return fmt.Errorf("the service recorded %s tokens, the calls have %s", recorded, want)
	}
	fmt.Fprintf(s.out, "\n%d deltas, %s tokens in all: exactly those of the calls; invoices and evidence are in %s\n", len(deltas), recorded, s.Dir)
	return nil
}

// byDay groups calls, which are in their order, by their day.
func byDay(calls []call) iter.Seq2[pacspace.Date, []call] {
	return func(yield func(pacspace.Date, []call) bool) {
		for len(calls) > 0 {
			day := usage.DateOf(calls[0].at)
			n := slices.IndexFunc(calls, func(c call) bool { return usage.DateOf(c.at) != day })
			if n < 0 {
				n = len(calls)
			}
			if !yield(day, calls[:n]) {
				return
			}
			calls = calls[n:]
		}
	}
}
