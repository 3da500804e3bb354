package pacspace

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
)

// ClosePeriodParams says which period to close, and what the caller knows of it.
type ClosePeriodParams struct {
	CustomerID string
	// Resource and Unit complete the account: what is counted, and in what. Both are
	// optional and go into the evidence; Resource is what the deltas' metadata carries.
	Resource, Unit string
	Period         Period
	// Previous is the closing of the account's period before this one. Its window's end is
	// this one's start.
	Previous *Closing
	// First says that no period of this account was closed before. One of Previous and
	// First must be given, so that none is left out by accident.
	First bool
	// StartingBalance is what the balance starts from, in the account's unit; usually 0.
	StartingBalance Decimal
	// Submissions are the deltas that were sent, in any order, such as the meter's outbox
	// or a query. The service does not list all that it hashed, so evidence without them
	// may be incomplete. Optional.
	Submissions iter.Seq2[DeltaParams, error]
	// Outstanding names what of the period is not settled yet, such as the meter's outbox
	// knows it. The period is not closed while anything is. Optional: nil says that
	// nothing is outstanding.
	Outstanding func(ctx context.Context, customerID string, period Period) ([]Outstanding, error)
	// CarryOutstanding closes although something is outstanding; it will be a line of a
	// later invoice.
	CarryOutstanding bool
}

// Outstanding is a delta that was not settled when it was asked for.
type Outstanding struct {
	ReferenceID string
	State       string // a word of whoever keeps it, such as unknown or queued
}

// Why a period cannot be closed now, for [errors.Is]. Nothing was lost; close again once
// it is mended.
var (
	// ErrBeforeCut: the recording window has not ended. What to do: close after its end.
	ErrBeforeCut = errors.New("pacspace: the recording window has not ended")
	// ErrOutstanding: something of the period is not settled. What to do: settle what the
	// error lists, or wait until it is verified.
	ErrOutstanding = errors.New("pacspace: deltas of the period are outstanding")
	// ErrRecordDisagrees: derive, the listed deltas and the public record do not agree.
	// What to do: close again; where it stays so, a person must ask the service.
	ErrRecordDisagrees = errors.New("pacspace: the service's own answers do not agree")
)

// ClosePeriod closes an account's period: it derives the recording window, commits to it
// with a checkpoint, waits for the public record, derives again, and asserts that the
// service's balance, the deltas that it lists and the record's count and net change agree,
// exactly or within the rounding of the service's binary64 sums, which is noted. Then it
// reads the invoice proof.
//
// Deltas that the service recorded in an earlier window but verified only after that was
// closed become carried lines of this invoice, so each delta is on exactly one. Where
// deltas were verified after the checkpoint of the window was made, the cut moves on by a
// second at a time, since the same window never gets another root. A window in which
// nothing was recorded closes without a checkpoint, since there is nothing to commit to.
//
// Every step can be repeated: call it again after any error, an unknown outcome included.
// Keep the Closing before the invoice goes out: a later call sees what was verified since.
// It waits for the record until ctx ends, or for a minute where ctx has no deadline. It
// takes no [WithIdempotencyKey], since it may make several writes.
//
// Source: API contract, sections 2.5, 2.8, 2.9 and 2.10.
func (s *BalanceService) ClosePeriod(ctx context.Context, p ClosePeriodParams, opts ...CallOption) (*Closing, error) {
	if optionsOf(opts).key != "" {
		return nil, &ParamError{Field: "idempotencyKey", Rule: "must not be given here, since closing may make several writes; each gets its own"}
	}
	window, err := s.closeWindow(p)
	if err != nil {
		return nil, err
	}
	if err := s.refuseOutstanding(ctx, p); err != nil {
		return nil, err
	}
	c := closer{s: s, p: p, opts: opts, out: &Closing{
		Account:         Account{CustomerID: p.CustomerID, Resource: p.Resource, Unit: p.Unit},
		Environment:     s.environment,
		Period:          p.Period,
		Window:          window,
		StartingBalance: p.StartingBalance,
	}}
	if err := c.carry(ctx); err != nil {
		return nil, err
	}
	if err := c.commit(ctx); err != nil {
		return nil, err
	}
	return c.out, nil
}

// closeWindow checks what was asked and gives the recording window to close.
func (s *BalanceService) closeWindow(p ClosePeriodParams) (Window, error) {
	if err := checkCustomerID(p.CustomerID); err != nil {
		return Window{}, err
	}
	if err := p.Period.Validate(); err != nil {
		return Window{}, paramError("period", err)
	}
	window := p.Period.RecordingWindow()
	switch {
	case (p.Previous == nil) != p.First:
		return Window{}, &ParamError{Field: "previous", Rule: "must be the closing before this one; say First where there is none"}
	case p.Previous != nil:
		if err := s.checkPrevious(p); err != nil {
			return Window{}, err
		}
		window.Start = p.Previous.Window.End
	}
	if err := window.Validate(); err != nil {
		return Window{}, paramError("previous.window", err)
	}
	if now := s.now(); now.Before(window.End) {
		return Window{}, fmt.Errorf("%w: %s ends at %s, it is %s; close it after that", ErrBeforeCut, p.Period, wireTime(window.End), wireTime(now))
	}
	return window, nil
}

func (s *BalanceService) checkPrevious(p ClosePeriodParams) error {
	refuse := func(rule string) error { return &ParamError{Field: "previous", Rule: rule} }
	differ := func(a, b string) bool { return a != "" && b != "" && a != b }
	prev := p.Previous
	switch {
	case prev.Account.CustomerID != p.CustomerID:
		return refuse("must be a closing of the same customer")
	case differ(prev.Account.Resource, p.Resource) || differ(prev.Account.Unit, p.Unit):
		return refuse("must be a closing of the same resource and unit")
	case differ(string(prev.Environment), string(s.environment)):
		return refuse(fmt.Sprintf("must be a closing of this environment, not of %s", prev.Environment))
	case prev.Period.Next() != p.Period:
		return refuse(fmt.Sprintf("must be the closing of %s, not of %s", p.Period.Previous(), prev.Period))
	case len(prev.Windows) == 0 || !prev.Windows[0].Window.Equal(prev.Window):
		return refuse("must hold the windows that were closed, which say what was billed; keep the whole Closing")
	}
	return nil
}

func (s *BalanceService) refuseOutstanding(ctx context.Context, p ClosePeriodParams) error {
	if p.Outstanding == nil || p.CarryOutstanding {
		return nil
	}
	left, err := p.Outstanding(ctx, p.CustomerID, p.Period)
	if err != nil {
		return fmt.Errorf("pacspace: asking what is outstanding: %w", err)
	}
	if len(left) == 0 {
		return nil
	}
	const shown = 3
	var names []string
	for _, o := range left[:min(len(left), shown)] {
		names = append(names, fmt.Sprintf("%q (%s)", o.ReferenceID, o.State))
	}
	return fmt.Errorf("%w: %d of them: %s; settle them, or say CarryOutstanding", ErrOutstanding, len(left), strings.Join(names, ", "))
}
