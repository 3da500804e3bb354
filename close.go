package pacspace

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/usage"
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
	// CarryOutstanding closes although something is outstanding; it will be a carried line
	// of a later invoice.
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
	// ErrBeforeCut: the recording window has not ended.
	ErrBeforeCut = errors.New("pacspace: the recording window has not ended")
	// ErrOutstanding: something of the period is not settled.
	ErrOutstanding = errors.New("pacspace: deltas of the period are outstanding")
	// ErrRecordDisagrees: derive, the listed deltas and the public record do not agree.
	ErrRecordDisagrees = errors.New("pacspace: the service's own answers do not agree")
)

// ClosePeriod closes an account's period: it derives the recording window, commits to it
// with a checkpoint, waits for the public record, and asserts that the service's balance,
// the deltas that it lists and the record's count and net change agree, exactly or within
// the rounding of the service's binary64 sums, which is noted. Then it reads the invoice
// proof.
//
// Deltas that the service recorded in an earlier window but verified only after that was
// closed become carried lines of this invoice, so each delta is on exactly one. A window
// in which nothing was recorded closes without a checkpoint, since there is nothing to
// commit to. Every step can be repeated: call it again after any error. It waits for the
// record until ctx ends, or for a minute where ctx has no deadline.
//
// Source: API contract, sections 2.5, 2.8, 2.9 and 2.10.
func (s *BalanceService) ClosePeriod(ctx context.Context, p ClosePeriodParams, opts ...CallOption) (*Closing, error) {
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
	if err := usage.ValidateCustomerID(p.CustomerID); err != nil {
		return Window{}, paramError("customerId", err)
	}
	if err := p.Period.Validate(); err != nil {
		return Window{}, paramError("period", err)
	}
	window := p.Period.RecordingWindow()
	switch {
	case (p.Previous == nil) != p.First:
		return Window{}, &ParamError{Field: "previous", Rule: "must be the closing before this one; say First where there is none"}
	case p.Previous != nil:
		if p.Previous.Account.CustomerID != p.CustomerID {
			return Window{}, &ParamError{Field: "previous", Rule: "must be a closing of the same customer"}
		}
		if p.Previous.Period.Next() != p.Period {
			return Window{}, &ParamError{Field: "previous", Rule: fmt.Sprintf("must be the closing of %s, not of %s", p.Period.Previous(), p.Previous.Period)}
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

// closer is one ClosePeriod under way.
type closer struct {
	s    *BalanceService
	p    ClosePeriodParams
	opts []CallOption
	out  *Closing

	carried []ClosingLine
	windows []ClosedWindow // the earlier ones
}

// listing is a window as the service derives it: the balance that it computed, and the
// deltas that it lists, replayed exactly.
type listing struct {
	deltas   []Delta
	computed Decimal
	sum, abs Decimal
}

func (c *closer) list(ctx context.Context, w Window) (*listing, error) {
	b, err := c.s.DerivePage(ctx, c.p.CustomerID, In(w), PageParams{Limit: 1}, c.opts...)
	if err != nil {
		return nil, err
	}
	l := &listing{computed: b.ComputedBalance}
	for d, err := range c.s.Deltas(ctx, c.p.CustomerID, In(w), c.opts...) {
		if err != nil {
			return nil, err
		}
		l.deltas = append(l.deltas, d)
		l.sum, l.abs = l.sum.Add(d.Delta), l.abs.Add(d.Delta.Abs())
	}
	if len(l.deltas) != b.DeltaCount {
		return nil, fmt.Errorf("%w: derive counts %d deltas and lists %d", ErrListMoved, b.DeltaCount, len(l.deltas))
	}
	return l, nil
}

// agrees reports whether a sum of the service is the exact sum, or differs from it by no
// more than summing in binary64 does.
func (l *listing) agrees(sum Decimal) (ok, rounded bool) {
	if sum.Equal(l.sum) {
		return true, false
	}
	ok = sum.Sub(l.sum).Abs().Cmp(decimal.SumError64(l.abs, len(l.deltas))) <= 0
	return ok, ok
}

// carry derives the windows that were closed before again and takes what is new in them.
func (c *closer) carry(ctx context.Context) error {
	if c.p.Previous == nil {
		return nil
	}
	for _, w := range c.p.Previous.Windows {
		l, err := c.list(ctx, w.Window)
		if err != nil {
			return fmt.Errorf("pacspace: deriving the closed window %s again: %w", w.Window, err)
		}
		listed := make(map[string]bool, len(l.deltas))
		for _, d := range l.deltas {
			listed[d.RecordID] = true
			if slices.Contains(w.Records, d.RecordID) {
				continue
			}
			c.carried = append(c.carried, ClosingLine{Delta: d, Carried: new(w.Window)})
			w.Records = append(slices.Clip(w.Records), d.RecordID)
		}
		for _, id := range w.Records {
			if !listed[id] {
				return fmt.Errorf("%w: record %q was listed when %s was closed, and is not any more", ErrRecordDisagrees, id, w.Window)
			}
		}
		c.windows = append(c.windows, w)
	}
	return nil
}

// maxCuts is how often the cut is moved before giving up on a window that does not rest.
const maxCuts = 3

// commit makes the checkpoint whose record agrees with what is listed. A delta that was
// verified in between is not under the root, and the same scope never gives another root:
// if the record agrees with neither listing, the cut moves on.
func (c *closer) commit(ctx context.Context) error {
	var last error
	for range maxCuts {
		before, err := c.list(ctx, c.out.Window)
		if err != nil {
			return err
		}
		if len(before.deltas) == 0 {
			c.note("nothing was recorded in %s", c.out.Window)
			return c.take(before)
		}
		scope := In(c.out.Window)
		made, err := c.s.Checkpoint(ctx, CheckpointParams{CustomerID: c.p.CustomerID, Scope: scope}, c.opts...)
		if err != nil {
			return err
		}
		record, err := (&Public{c.s.core}).WaitVerified(ctx, made.ProofRoot, c.opts...)
		if err != nil {
			return err
		}
		after, err := c.list(ctx, c.out.Window)
		if err != nil {
			return err
		}
		for _, l := range []*listing{after, before} {
			if last = c.agree(l, record); last != nil {
				continue
			}
			if err := c.take(l); err != nil {
				return err
			}
			return c.prove(ctx, l, made, record)
		}
		c.out.Window.End = c.out.Window.End.Add(time.Second)
		if c.s.now().Before(c.out.Window.End) {
			break
		}
		c.note("the cut was moved to %s, because deltas were verified while the period was closed", wireTime(c.out.Window.End))
	}
	return last
}

// agree compares one listing with what the service computed and recorded.
func (c *closer) agree(l *listing, record *Verification) error {
	if ok, _ := l.agrees(l.computed); !ok {
		return fmt.Errorf("%w: derive computes %s, the listed deltas add up to %s", ErrRecordDisagrees, l.computed, l.sum)
	}
	if n := record.RecordCount; n != nil && *n != int64(len(l.deltas)) {
		return fmt.Errorf("%w: the record holds %d deltas, derive lists %d", ErrRecordDisagrees, *n, len(l.deltas))
	}
	if n := record.NetChange; n != nil {
		if ok, _ := l.agrees(*n); !ok {
			return fmt.Errorf("%w: the record's net change is %s, the listed deltas add up to %s", ErrRecordDisagrees, *n, l.sum)
		}
	}
	return nil
}

// take makes the listing the closing's content.
func (c *closer) take(l *listing) error {
	c.out.NetChange, c.out.DeltaCount = l.sum, len(l.deltas)
	c.out.Balance = c.p.StartingBalance.Add(l.sum)
	own := ClosedWindow{Window: c.out.Window}
	for _, d := range l.deltas {
		c.out.Lines = append(c.out.Lines, ClosingLine{Delta: d})
		own.Records = append(own.Records, d.RecordID)
	}
	for _, line := range c.carried {
		c.out.Lines = append(c.out.Lines, line)
		c.out.Balance = c.out.Balance.Add(line.Delta.Delta)
		c.note("carried: %s of %s, recorded in %s, was verified only after that window was closed", line.Delta.Delta, line.Delta.ReferenceID, line.Carried)
	}
	c.out.Windows = append([]ClosedWindow{own}, c.windows...)
	c.out.Windows = c.out.Windows[:min(len(c.out.Windows), maxClosedWindows)]
	return c.match()
}

// match gives each line the delta as it was sent.
func (c *closer) match() error {
	byReference := map[string][]int{}
	for i := range c.out.Lines {
		d := &c.out.Lines[i].Delta
		byReference[d.ReferenceID] = append(byReference[d.ReferenceID], i)
		if r, err := usage.ParseReference(d.ReferenceID); err == nil && !c.p.Period.Contains(r.Day) {
			c.note("%s: usage of %s is on this invoice, because it was recorded in its window", d.ReferenceID, r.Day)
		}
	}
	if c.p.Submissions == nil {
		return nil
	}
	for sent, err := range c.p.Submissions {
		if err != nil {
			return fmt.Errorf("pacspace: reading the submissions: %w", err)
		}
		if sent.ReferenceID == "" || sent.CustomerID != c.p.CustomerID {
			continue
		}
		for _, i := range byReference[sent.ReferenceID] {
			line := &c.out.Lines[i]
			if !line.Delta.Delta.Equal(sent.Delta) {
				return fmt.Errorf("%w: reference %q: sent %s, recorded %s", ErrReferenceConflict, sent.ReferenceID, sent.Delta, line.Delta.Delta)
			}
			line.Submitted = &sent
		}
	}
	return nil
}

// prove adds the checkpoint, and what the invoice carries of it.
func (c *closer) prove(ctx context.Context, l *listing, made *Checkpoint, record *Verification) error {
	c.out.CheckpointID, c.out.ProofRoot, c.out.RecordedAt = made.CheckpointID, made.ProofRoot, record.RecordedAt
	if _, rounded := l.agrees(l.computed); rounded {
		c.note("the service sums in binary64: it says %s where the exact sum is %s", l.computed, l.sum)
	}
	receipts := ReceiptService{c.s.core}
	p, err := receipts.InvoiceProof(ctx, c.p.CustomerID, In(c.out.Window), c.opts...)
	if err != nil {
		return err
	}
	if p.ProofRoot != "" && !sameHash(p.ProofRoot, c.out.ProofRoot) {
		return fmt.Errorf("%w: the invoice proof is of another root than the checkpoint", ErrRecordDisagrees)
	}
	c.out.Proof = p
	return nil
}

func (c *closer) note(format string, args ...any) {
	c.out.Notes = append(c.out.Notes, fmt.Sprintf(format, args...))
}
