package pacspace

import (
	"context"
	"fmt"
	"time"

	"github.com/pacspace/pacspace-go/usage"
)

// closer is one ClosePeriod under way.
type closer struct {
	s    *BalanceService
	p    ClosePeriodParams
	opts []CallOption
	out  *Closing

	billed  map[string]bool // ids of the deltas on earlier invoices, and of those carried here
	carried []ClosingLine
	windows []ClosedWindow // the earlier ones

	// skip is how much of the window's beginning is left out, where the service counts the
	// end of a span in and so gives the delta at a cut to both sides.
	skip time.Duration
}

// span is the window as the service is asked for it.
func (c *closer) span() Window {
	w := c.out.Window
	w.Start = w.Start.Add(c.skip)
	return w
}

func (c *closer) list(ctx context.Context, w Window) (*listing, error) {
	return c.s.list(ctx, c.p.CustomerID, w, c.opts)
}

// carry derives the windows that were closed before again and takes what is new in them.
func (c *closer) carry(ctx context.Context) error {
	c.billed = map[string]bool{}
	if c.p.Previous == nil {
		return c.before(ctx)
	}
	for _, w := range c.p.Previous.Windows {
		for _, id := range w.Records {
			c.billed[id] = true
		}
	}
	for _, w := range c.p.Previous.Windows {
		err := c.carryFrom(ctx, w)
		switch {
		case err == nil:
		case c.kept(ctx, w.Window):
			return err
		default:
			c.note("%s was not derived again, because the service does not keep its deltas that long", w.Window)
		}
	}
	return nil
}

func (c *closer) carryFrom(ctx context.Context, w ClosedWindow) error {
	l, err := c.list(ctx, w.Window)
	if err != nil {
		return fmt.Errorf("pacspace: deriving the closed window %s again: %w", w.Window, err)
	}
	listed := make(map[string]bool, len(l.ids))
	for _, id := range l.ids {
		listed[id] = true
	}
	for _, id := range w.Records {
		if !listed[id] {
			return fmt.Errorf("%w: record %q was listed when %s was closed, and is not any more", ErrRecordDisagrees, id, w.Window)
		}
	}
	records := append([]string{}, w.Records...)
	for i, id := range l.ids {
		if c.billed[id] {
			continue
		}
		c.billed[id] = true
		c.carried = append(c.carried, ClosingLine{Delta: l.deltas[i], Carried: new(w.Window)})
		records = append(records, id)
	}
	c.windows = append(c.windows, ClosedWindow{Window: w.Window, Records: records})
	return nil
}

// kept reports whether the service must still have all of a window, as far as it says.
func (c *closer) kept(ctx context.Context, w Window) bool {
	limits, err := c.s.Limits(ctx, c.opts...)
	if err != nil || limits.MaxRetentionDays <= 0 {
		return true
	}
	return !w.Start.Before(c.s.now().AddDate(0, 0, -limits.MaxRetentionDays))
}

// before says what a first closing leaves out: it may be on an invoice that was made
// otherwise, and if it is not, somebody must know.
func (c *closer) before(ctx context.Context) error {
	earlier := c.p.Period.Previous().RecordingWindow()
	if earlier.Validate() != nil {
		return nil // the first month of all
	}
	l, err := c.list(ctx, earlier)
	if err != nil {
		if c.kept(ctx, earlier) {
			return err
		}
		return nil
	}
	if n := len(l.deltas); n > 0 {
		c.note("%d deltas, %s in all, were recorded in %s and are on no closing, because this is the first", n, l.sum, earlier)
	}
	return nil
}

// The cut moves on by a step where the record of a window covers less than is listed, at
// most so often: each time makes a checkpoint.
const (
	cutStep = time.Second
	maxCuts = 60
)

// commit makes the checkpoint whose record covers what is listed. A delta that was
// verified later is not under the root, and the same scope never gives another root, so
// then the cut moves on. An earlier call may have moved it too; its checkpoints are passed
// by, each of which covers more than the one before. Where one does not, the record counts
// otherwise than derive, and no cut will help.
func (c *closer) commit(ctx context.Context) error {
	cut, covers := c.out.Window.End, int64(-1)
	for {
		before, err := c.own(ctx)
		if err != nil {
			return err
		}
		if len(before.deltas) == 0 {
			c.note("nothing was recorded in %s", c.out.Window)
			return c.take(before)
		}
		made, record, err := c.checkpoint(ctx)
		if err != nil {
			return err
		}
		after, err := c.own(ctx)
		if err != nil {
			return err
		}
		l, stale, err := covered(made, record, before, after)
		if !stale {
			if err != nil {
				return err
			}
			if moved := c.out.Window.End.Sub(cut); moved > 0 {
				c.note("the cut was moved by %v to %s, because deltas were verified while the period was closed", moved, wireTime(c.out.Window.End))
			}
			if err := c.take(l); err != nil {
				return err
			}
			return c.prove(ctx, l, made, record)
		}
		if n := countOf(made, record); n != nil {
			if *n <= covers {
				return err
			}
			covers = *n
		}
		c.out.Window.End = c.out.Window.End.Add(cutStep)
		if c.out.Window.End.Sub(cut) >= maxCuts*cutStep || c.s.now().Before(c.out.Window.End) {
			return err
		}
	}
}

// own lists the window's own deltas. One that is on an earlier invoice shows that the
// service counts the end of a span in; then the window is asked for from the next
// millisecond on, which is as fine as the service's times are.
func (c *closer) own(ctx context.Context) (*listing, error) {
	for {
		l, err := c.list(ctx, c.span())
		if err != nil {
			return nil, err
		}
		id, again := c.billedIn(l)
		if !again {
			return l, nil
		}
		if c.skip > 0 {
			return nil, fmt.Errorf("%w: %q is listed in %s and was billed before", ErrRecordDisagrees, id, c.out.Window)
		}
		c.skip = time.Millisecond
	}
}

func (c *closer) billedIn(l *listing) (id string, found bool) {
	for _, id := range l.ids {
		if c.billed[id] {
			return id, true
		}
	}
	return "", false
}

// checkpoint commits to the window and waits for its public record.
func (c *closer) checkpoint(ctx context.Context) (*Checkpoint, *Verification, error) {
	made, err := c.s.Checkpoint(ctx, CheckpointParams{CustomerID: c.p.CustomerID, Scope: in(c.span())}, c.opts...)
	switch {
	case err != nil:
		return nil, nil, err
	case made.ProofRoot == "":
		return nil, nil, fmt.Errorf("%w: the checkpoint has no proof root to look for", ErrRecordDisagrees)
	case made.Status.Is(StatusFailed):
		return made, nil, nil
	}
	record, err := (&Public{c.s.core}).WaitVerified(ctx, made.ProofRoot, c.opts...)
	if err == nil && record.ProofRoot != "" && !sameHash(record.ProofRoot, made.ProofRoot) {
		err = fmt.Errorf("%w: the record is of another root than the checkpoint", ErrRecordDisagrees)
	}
	return made, record, err
}

// covered finds the listing that a record covers: the one made before the checkpoint or
// the one made after. Deltas only ever join a list, so the one with the record's count is
// it; where no count is told, only a list at rest can be. stale says that the checkpoint
// is of an earlier list, or of none, so that another scope may do.
func covered(made *Checkpoint, record *Verification, before, after *listing) (l *listing, stale bool, err error) {
	if record == nil {
		return nil, true, fmt.Errorf("%w: the service could not record the checkpoint", ErrRecordDisagrees)
	}
	count, net := countOf(made, record), record.NetChange
	if net == nil {
		net = made.NetChange
	}
	first, last := int64(len(before.deltas)), int64(len(after.deltas))
	switch {
	case count == nil && first != last:
		return nil, true, fmt.Errorf("%w: %d deltas were listed before the checkpoint and %d after, and the record does not say which it holds", ErrRecordDisagrees, first, last)
	case count == nil, *count == last:
		l = after
	case *count == first:
		l = before
	default:
		return nil, *count < last, fmt.Errorf("%w: the record holds %d deltas, derive lists %d", ErrRecordDisagrees, *count, last)
	}
	if ok, _ := l.agrees(l.computed); !ok {
		return nil, false, fmt.Errorf("%w: derive computes %s, the listed deltas add up to %s", ErrRecordDisagrees, l.computed, l.sum)
	}
	if net != nil {
		if ok, _ := l.agrees(*net); !ok {
			return nil, count == nil, fmt.Errorf("%w: the record's net change is %s, the listed deltas add up to %s", ErrRecordDisagrees, net, l.sum)
		}
	}
	return l, false, nil
}

// countOf is how many deltas a checkpoint covers: by its record, else by its own word, nil
// where neither says.
func countOf(made *Checkpoint, record *Verification) *int64 {
	if record != nil && record.RecordCount != nil {
		return record.RecordCount
	}
	return made.DeltaCount
}

// take makes the listing the closing's content.
func (c *closer) take(l *listing) error {
	c.out.NetChange, c.out.DeltaCount = l.sum, len(l.deltas)
	c.out.Balance = c.p.StartingBalance.Add(l.sum)
	for _, d := range l.deltas {
		c.out.Lines = append(c.out.Lines, ClosingLine{Delta: d})
	}
	for _, line := range c.carried {
		c.out.Lines = append(c.out.Lines, line)
		c.out.Balance = c.out.Balance.Add(line.Delta.Delta)
		c.note("carried: %s of %s, recorded in %s, was verified only after that window was closed", line.Delta.Delta, line.Delta.ReferenceID, line.Carried)
	}
	c.out.Windows = append([]ClosedWindow{{Window: c.out.Window, Records: append([]string{}, l.ids...)}}, c.windows...)
	c.out.Windows = c.out.Windows[:min(len(c.out.Windows), maxClosedWindows)]
	return c.match()
}

// match gives each line the delta as it was sent.
func (c *closer) match() error {
	byReference := map[string][]int{}
	recorded := map[string]bool{} // without :again, whose base stands for the same usage
	for i := range c.out.Lines {
		name := c.out.Lines[i].Delta.ReferenceID
		if name == "" {
			continue
		}
		byReference[name] = append(byReference[name], i)
		base := name
		if r, err := usage.ParseReference(name); err == nil {
			base = r.Base().String()
			if !c.p.Period.Contains(r.Day) {
				c.note("%s: usage of %s is on this invoice, because it was recorded in its window", name, r.Day)
			}
		}
		if recorded[base] {
			c.note("%s: recorded more than once, and this invoice counts each; correct it by a delta that adjusts it", base)
		}
		recorded[base] = true
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
	p, err := receipts.InvoiceProof(ctx, c.p.CustomerID, in(c.span()), c.opts...)
	switch {
	case err != nil:
		return err
	case p.CustomerID != "" && p.CustomerID != c.p.CustomerID:
		return fmt.Errorf("%w: the invoice proof is of another customer", ErrRecordDisagrees)
	case p.ProofRoot != "" && !sameHash(p.ProofRoot, c.out.ProofRoot):
		return fmt.Errorf("%w: the invoice proof is of another root than the checkpoint", ErrRecordDisagrees)
	}
	c.out.Proof = p
	return nil
}

func (c *closer) note(format string, args ...any) {
	c.out.Notes = append(c.out.Notes, fmt.Sprintf(format, args...))
}
