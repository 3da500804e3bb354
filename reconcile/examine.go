package reconcile

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/usage"
)

// view is all that a comparison looks at: what is known of the record, and who keeps the
// books. It has no store, so that an agent and an audit compare by the same rules.
type view struct {
	customerID string
	period     usage.Period
	now        time.Time
	due        time.Duration // how long after its end a usage day is held to account
	books      SystemOfRecord
	deltas     []Delta // of the period's days, and those without a day that its window recorded
	scheme     *scheme
	service    *listing        // nil where the service was not asked
	recorded   map[string]bool // record ids of deltas whose amount is known, of any day
	unlisted   []Delta         // known to be recorded in the window, and not in its list
	listed     [][]*Delta      // rows of the service's list of the period that share a name
	firstAt    time.Time       // when the account's first known delta was verified
	dayOf      func(referenceID string) usage.Date
	known      func(hash string) bool // whether a delta with that proof hash is known anywhere
	compared   *pacspace.Comparison   // nil where the service was not asked
	yours      decimal.Decimal        // what it was asked to agree with
}

// listing is what the service says of a recording window.
type listing struct {
	balance decimal.Decimal // its own
	sum     decimal.Decimal // of what it lists, exactly
	abs     decimal.Decimal // of the magnitudes
	count   int
	untold  int // rows without an amount
}

// findings collects the mismatches of a comparison, at most one of a kind.
type findings struct {
	report *AccountReport
}

// add notes one delta that differs; the first of a kind is kept.
func (f findings) add(kind Kind, expected, found string, first Differing, evidence ...string) {
	for i := range f.report.Mismatches {
		if m := &f.report.Mismatches[i]; m.Kind == kind {
			m.Count++
			return
		}
	}
	f.report.Mismatches = append(f.report.Mismatches, Mismatch{
		Kind: kind, CustomerID: f.report.CustomerID, Period: f.report.Period,
		Expected: expected, Found: found, First: &first, Count: 1, Evidence: evidence,
	})
}

func (f findings) note(text string) {
	if !slices.Contains(f.report.Notes, text) {
		f.report.Notes = append(f.report.Notes, text)
	}
}

// examine compares. The same view gives the same report.
func (v *view) examine(ctx context.Context) (*AccountReport, error) {
	r := &AccountReport{CustomerID: v.customerID, Period: v.period, At: v.now, Due: v.dueDays()}
	f := findings{r}
	slices.SortFunc(v.deltas, func(a, b Delta) int {
		return cmp.Or(a.Day.Compare(b.Day), cmp.Compare(a.Name, b.Name), cmp.Compare(a.N, b.N))
	})
	if v.recorded == nil {
		v.recorded = map[string]bool{}
	}
	v.know(v.deltas)
	v.scheme.learn(v.deltas)
	if err := v.compareBooks(ctx, f); err != nil {
		return nil, err
	}
	v.checkTelling(f)
	v.checkTwice(f)
	v.checkHashes(f)
	v.checkChain(f)
	v.checkService(f)
	switch {
	case slices.ContainsFunc(r.Mismatches, func(m Mismatch) bool { return m.Kind != KindAmount }):
		r.Outcome = Differs
	case len(r.Mismatches) > 0 || r.Pending > 0 || r.Due.IsZero(): // an unknown amount matches nothing, and differs from nothing
		r.Outcome = Pending
	default:
		r.Outcome = Matched
	}
	return r, nil
}

// know notes the records of deltas whose amount is known.
func (v *view) know(deltas []Delta) {
	for i := range deltas {
		if d := &deltas[i]; d.State == DeltaVerified && !d.untold() && d.RecordID != "" {
			v.recorded[d.RecordID] = true
		}
	}
}

// dueDays are the period's usage days that are held to account by now.
func (v *view) dueDays() proof.Days {
	first := v.period.First()
	last := usage.DateOf(v.now.Add(-v.due)).AddDays(-1) // the day before the one that lies so far back has ended then
	if last.After(v.period.Last()) {
		last = v.period.Last()
	}
	if last.Before(first) || last.IsZero() {
		return proof.Days{}
	}
	return proof.Days{First: first, Last: last}
}

// isDue tells whether a delta's usage is held to account. Without a day it counts once it
// is recorded.
func isDue(days proof.Days, day usage.Date) bool {
	if day.IsZero() {
		return true
	}
	return !days.IsZero() && !day.After(days.Last)
}

// notOver tells whether a usage day has not ended: nothing of it is held to account.
func (v *view) notOver(day usage.Date) bool { return !day.IsZero() && day.End().After(v.now) }

// superseded tells whether what a placeholder stands for is known by now.
func (v *view) superseded(d *Delta) bool { return d.placeholder() && v.recorded[d.RecordID] }

// compareBooks holds the recorded deltas against the system of record.
func (v *view) compareBooks(ctx context.Context, f findings) error {
	r := f.report
	byReference := map[string]*Delta{}
	untold, future, first := 0, 0, ""
	for i := range v.deltas {
		d := &v.deltas[i]
		if d.State != DeltaVerified {
			continue
		}
		switch {
		case v.superseded(d):
			continue
		case d.untold(), v.notOver(d.Day):
			r.Pending++
		case isDue(r.Due, d.Day):
			r.Record = r.Record.Add(d.Delta)
			r.Matched++
		}
		if d.untold() && isDue(r.Due, d.Day) {
			untold++
		}
		if v.notOver(d.Day) {
			if future++; future == 1 {
				first = cmp.Or(d.ReferenceID, d.Name)
			}
		}
		if _, twice := byReference[d.ReferenceID]; !twice && d.ReferenceID != "" {
			byReference[d.ReferenceID] = d
		}
	}
	if future > 0 {
		f.note("pending: " + strconv.Itoa(future) + " recorded under a usage day that is not over, first " + first)
	}
	if v.books == nil {
		return nil
	}
	if !r.Due.IsZero() {
		books, err := v.books.Balance(ctx, v.customerID, r.Due)
		if err != nil {
			return fmt.Errorf("reconcile: balance of %s in the system of record: %w", v.customerID, err)
		}
		r.Books = &books
	}
	differs, err := v.compareSent(ctx, f, byReference)
	if err != nil {
		return err
	}
	equal := r.Books == nil || r.Books.Equal(r.Record)
	// Where an amount is not told the sums cannot be compared; that is a mismatch of its own.
	if len(differs) == 0 && (equal || untold > 0) {
		return nil
	}
	m := Mismatch{Kind: KindBooks, CustomerID: v.customerID, Period: v.period, Expected: "nothing", Found: r.Record.String(), Count: len(differs)}
	if r.Books != nil {
		m.Expected = r.Books.String()
	}
	if len(differs) > 0 {
		m.First = &differs[0]
	} else if m.First, m.Count, err = v.firstDay(ctx, r.Due); err != nil {
		return err
	}
	m.Evidence = append(m.Evidence, "own books of "+v.customerID+" for "+r.Due.String()+", against the deltas of the record")
	if m.First != nil && m.First.RecordID != "" {
		m.Evidence = append(m.Evidence, "record "+m.First.RecordID)
	}
	r.Mismatches = append(r.Mismatches, m)
	return nil
}

// compareSent compares delta by delta where the books know what was sent. Of what it
// returns each is due, ordered by day and reference.
func (v *view) compareSent(ctx context.Context, f findings, recorded map[string]*Delta) ([]Differing, error) {
	books, ok := v.books.(SentDeltas)
	if !ok {
		return nil, nil
	}
	r := f.report
	r.Matched, r.Pending = 0, 0
	var differs []Differing
	items, err := v.sentItems(ctx, f, books)
	if err != nil {
		return nil, err
	}
	for _, p := range items {
		if d := recorded[p.ReferenceID]; d != nil {
			v.scheme.learnItem(p, d)
		}
	}
	sent := make(map[string]bool, len(items))
	for _, p := range items {
		sent[p.ReferenceID] = true
		day := v.dayOf(p.ReferenceID)
		d := recorded[p.ReferenceID]
		one := Differing{ReferenceID: p.ReferenceID, Day: day, Expected: p.Delta.String()}
		switch {
		case d == nil && isDue(r.Due, day):
			r.MissingInRecord++
			one.What = "was sent and is not recorded"
			differs = append(differs, one)
			continue
		case d == nil:
			r.Pending++
			continue
		}
		if d.untold() || v.notOver(d.Day) {
			r.Pending++
			continue
		}
		one.RecordID, one.Found = d.RecordID, d.Delta.String()
		if !d.Delta.Equal(p.Delta) {
			r.Differing++
			one.What = "was recorded with another amount"
			differs = append(differs, one)
			continue
		}
		if v.sameContent(f, p, d) {
			r.Matched++
		} else {
			r.Differing++
		}
	}
	for i := range v.deltas {
		d := &v.deltas[i]
		if d.State != DeltaVerified || d.ReferenceID != "" && sent[d.ReferenceID] || v.superseded(d) {
			continue
		}
		if d.placeholder() || !isDue(r.Due, d.Day) {
			r.Pending++
			continue
		}
		r.MissingInBooks++
		differs = append(differs, Differing{
			ReferenceID: d.ReferenceID, RecordID: d.RecordID, Day: d.Day, Found: amountText(d.Delta), What: "was recorded and never sent",
		})
	}
	slices.SortStableFunc(differs, func(a, b Differing) int {
		return cmp.Or(a.Day.Compare(b.Day), cmp.Compare(a.ReferenceID, b.ReferenceID), cmp.Compare(a.RecordID, b.RecordID))
	})
	return differs, nil
}

// sentItems reads what the books say was sent, each reference once.
func (v *view) sentItems(ctx context.Context, f findings, books SentDeltas) ([]proof.Item, error) {
	var items []proof.Item
	seen := map[string]bool{}
	for p, err := range books.Sent(ctx, v.customerID, proof.DaysOf(v.period)) {
		if err != nil {
			return nil, fmt.Errorf("reconcile: deltas of %s in the system of record: %w", v.customerID, err)
		}
		if seen[p.ReferenceID] {
			f.note("the books name " + p.ReferenceID + " more than once; the first is taken")
			continue
		}
		seen[p.ReferenceID] = true
		item, err := p.Item()
		if err != nil {
			return nil, fmt.Errorf("reconcile: delta %s of the system of record cannot be hashed: %w", p.ReferenceID, err)
		}
		items = append(items, item)
	}
	return items, nil
}

// firstDay finds the first usage day of which books and record differ, and how many do.
func (v *view) firstDay(ctx context.Context, days proof.Days) (*Differing, int, error) {
	recorded := map[usage.Date]decimal.Decimal{}
	for i := range v.deltas {
		if d := &v.deltas[i]; d.State == DeltaVerified {
			recorded[d.Day] = recorded[d.Day].Add(d.Delta)
		}
	}
	var first *Differing
	count := 0
	for day := days.First; !day.After(days.Last); day = day.AddDays(1) {
		books, err := v.books.Balance(ctx, v.customerID, proof.Days{First: day, Last: day})
		if err != nil {
			return nil, 0, fmt.Errorf("reconcile: balance of %s in the system of record: %w", v.customerID, err)
		}
		if books.Equal(recorded[day]) {
			continue
		}
		if count++; first == nil {
			first = &Differing{Day: day, Expected: books.String(), Found: recorded[day].String(), What: "differs as a day"}
		}
	}
	if undated, some := recorded[usage.Date{}]; first == nil && some && !undated.IsZero() {
		first, count = &Differing{Found: undated.String(), What: "deltas without a usage day add up to it"}, 1
	}
	return first, count, nil
}
