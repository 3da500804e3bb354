package reconcile

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/internal/pages"
	"github.com/pacspace/pacspace-go/usage"
	"github.com/pacspace/pacspace-go/webhook"
)

// applyPage is how many events are applied in one transaction.
const applyPage = 200

// apply applies what is pending, oldest first, and returns how many events that were.
func (a *Agent) apply(ctx context.Context) (int, error) {
	for total := 0; ; {
		n := 0
		err := a.store.Update(ctx, func(tx Tx) error {
			events, err := tx.PendingEvents(ctx, applyPage)
			if err != nil {
				return err
			}
			n = len(events)
			return a.applyEvents(ctx, tx, events)
		})
		if err != nil {
			return total, wrap("apply events", err)
		}
		if total += n; n < applyPage {
			return total, nil
		}
	}
}

// applyEvents applies events and marks them. One that cannot be read is marked as such: it
// is genuine, so a newer version may read it, and nothing else waits for it.
func (a *Agent) applyEvents(ctx context.Context, tx Tx, events []InboxEvent) error {
	var deltas []*Delta
	for i := range events {
		e := &events[i]
		d, err := a.readDelta(e)
		if e.State, e.Error = EventApplied, ""; err != nil {
			e.State, e.Error = EventUnread, err.Error()
			a.set.logger.LogAttrs(ctx, levelWarn, "reconcile: a genuine event cannot be read and is kept", slog.String("event", e.ID), errAttr(err))
		}
		if d != nil {
			deltas = append(deltas, d)
		}
		if err := tx.PutEvent(ctx, e); err != nil {
			return err
		}
	}
	// Accounts are locked in one order by every replica, so that none waits for another in a
	// circle.
	slices.SortStableFunc(deltas, func(x, y *Delta) int { return strings.Compare(x.CustomerID, y.CustomerID) })
	for _, d := range deltas {
		if err := a.merge(ctx, tx, d); err != nil {
			return err
		}
	}
	return nil
}

// readDelta reads what an event tells of a delta, nil where it tells nothing of one.
func (a *Agent) readDelta(e *InboxEvent) (*Delta, error) {
	event, err := webhook.ParseEvent(e.Body)
	if err != nil {
		return nil, err
	}
	var d *Delta
	switch event.Type {
	case webhook.EventDeltaVerified:
		v, err := event.DeltaVerified()
		if err != nil {
			return nil, err
		}
		d = ofVerified(v)
	case webhook.EventDeltaFailed:
		f, err := event.DeltaFailed()
		if err != nil {
			return nil, err
		}
		d = ofFailed(f, event.Timestamp)
	default:
		return nil, nil
	}
	if err := usage.ValidateCustomerID(d.CustomerID); err != nil {
		return nil, err
	}
	a.name(d)
	return d, nil
}

func ofVerified(v *webhook.DeltaVerified) *Delta {
	return &Delta{
		CustomerID: v.CustomerID, State: DeltaVerified, Told: true,
		Delta: v.Delta, Reason: v.Reason, ReferenceID: v.ReferenceID, RecordID: v.RecordID, ReceiptID: v.ReceiptID,
		Index: v.Sequence, Metadata: v.Metadata, Adjusts: (*pacspace.Adjusts)(v.Adjusts), SubmittedAt: v.SubmittedAt, VerifiedAt: v.VerifiedAt,
		ProofHash: v.ProofHash, ContentHash: v.ContentHash, ItemHashes: v.ItemHashes, PreviousProofHash: v.PreviousProofHash,
		VerificationReference: v.VerificationReference, Doubt: doubt(v.Verification),
	}
}

// doubt is what the service's own verification says against a delta.
func doubt(v *webhook.DeltaVerification) string {
	switch {
	case v == nil:
		return ""
	case !v.Verified:
		return "the service says that it is not verified"
	case len(v.Discrepancies) > 0:
		return "the service lists " + strconv.Itoa(len(v.Discrepancies)) + " discrepancies"
	default:
		return ""
	}
}

func ofFailed(f *webhook.DeltaFailed, at time.Time) *Delta {
	d := &Delta{
		CustomerID: f.CustomerID, State: DeltaFailed, Told: true, ReferenceID: f.ReferenceID, RecordID: f.RecordID,
		VerifiedAt: f.FailedAt, Error: cmp.Or(f.Error, "no reason given"),
	}
	if f.Delta != nil {
		d.Delta = *f.Delta
	}
	if d.VerifiedAt.IsZero() {
		d.VerifiedAt = at
	}
	return d
}

// ofListed is a row of the service's list, or the status of a delta.
func ofListed(customerID string, l *pacspace.Delta) *Delta {
	d := &Delta{
		CustomerID: customerID, State: DeltaVerified, Listed: true,
		Delta: l.Delta, Reason: l.Reason, ReferenceID: l.ReferenceID, RecordID: l.RecordID, ReceiptID: l.ReceiptID,
		Index: l.Sequence, Metadata: l.Metadata, Adjusts: l.Adjusts, SubmittedAt: l.CreatedAt, VerifiedAt: l.VerifiedAt,
		ProofHash: cmp.Or(l.ProofHash, l.ProofRoot), ContentHash: l.ContentHash, ItemHashes: l.ItemHashes,
		PreviousProofHash: l.PreviousProofHash, VerificationReference: l.VerificationReference,
	}
	if l.Status.Is(pacspace.StatusFailed) {
		d.State, d.Listed, d.Error = DeltaFailed, false, cmp.Or(l.Error, "no reason given")
	}
	return d
}

// name gives a delta the name under which it is kept, and its usage day.
func (a *Agent) name(d *Delta) {
	switch {
	case d.State == DeltaFailed && d.RecordID != "":
		// What tells of a failure need not name the reference.
		d.Name = keyText("(failed) " + d.RecordID)
	case strings.HasPrefix(d.ReferenceID, "("):
		d.Name = hashText(d.ReferenceID) // so that it is none of the names made here
	case d.ReferenceID != "":
		d.Name = keyText(d.ReferenceID)
	case d.ReceiptID != "":
		d.Name = keyText("(receipt) " + d.ReceiptID)
	default:
		d.Name = keyText("(record) " + d.RecordID)
	}
	d.Day = a.set.dayOf(d.ReferenceID)
}

// maxKey is the longest text that a store has in an index, in bytes.
const maxKey = 512

// keyText is a text that every database takes as a key: itself, or its hash where it is
// long or has control characters.
func keyText(s string) string {
	if len(s) <= maxKey && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl) {
		return s
	}
	return hashText(s)
}

func hashText(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "(sha256) " + hex.EncodeToString(sum[:])
}

// merge brings what was told of a delta together with what is known of it. Told in any
// order and any number of times, it comes to the same.
func (a *Agent) merge(ctx context.Context, tx Tx, told *Delta) error {
	account, err := tx.LockAccount(ctx, told.CustomerID)
	if err != nil {
		return err
	}
	var known []Delta
	q := DeltaQuery{CustomerID: told.CustomerID, Name: told.Name}
	if known, err = allDeltas(ctx, tx, q); err != nil {
		return err
	}
	i := slices.IndexFunc(known, func(k Delta) bool { return sameDelta(&k, told) })
	if i < 0 && told.State == DeltaVerified && told.RecordID != "" {
		// The same record under another reference is the same delta.
		others, err := allDeltas(ctx, tx, DeltaQuery{CustomerID: told.CustomerID, RecordID: told.RecordID})
		if err != nil {
			return err
		}
		i = slices.IndexFunc(others, func(k Delta) bool { return sameDelta(&k, told) && k.State == DeltaVerified && !k.placeholder() })
		if i >= 0 {
			known = others
		}
	}
	if i < 0 {
		told.N = len(known) + 1
		account.count(told, 1)
		return errors.Join(tx.PutDelta(ctx, told), tx.PutAccount(ctx, account), a.touch(ctx, tx, told))
	}
	k := &known[i]
	before := *k
	if k.State == DeltaFailed && told.State == DeltaVerified {
		// It was recorded after all: verified is the end of a delta.
		account.count(k, -1)
		n := k.N
		*k = *told
		k.N = n
		k.fill(&before)
		k.Error = ""
		account.count(k, 1)
	} else if k.State == told.State {
		account.count(k, -1)
		signed := k.Told && told.Told
		if told.Told && !k.Told && k.State == DeltaVerified {
			// What is signed goes before what is listed, whichever came first.
			k.contradicted("referenceId", k.ReferenceID, told.ReferenceID, k.ReferenceID == told.ReferenceID)
			k.sign(told)
			told = &before
		}
		k.fill(told) // the amount, too, where it was not known
		account.count(k, 1)
		if k.State == DeltaVerified {
			k.contradict(told, signed)
		}
	}
	if k.equal(&before) {
		return nil
	}
	account.span(k)
	return errors.Join(tx.PutDelta(ctx, k), tx.PutAccount(ctx, account), a.touch(ctx, tx, k))
}

// count adds a delta to its account, or takes it off again.
func (acc *Account) count(d *Delta, sign int64) {
	if d.State == DeltaFailed {
		acc.Failed += sign
		return
	}
	acc.Count += sign
	if sign > 0 {
		acc.Balance = acc.Balance.Add(d.Delta)
	} else {
		acc.Balance = acc.Balance.Sub(d.Delta)
	}
	acc.span(d)
}

// span takes the time of a verified delta into the account.
func (acc *Account) span(d *Delta) {
	if d.State != DeltaVerified || d.VerifiedAt.IsZero() {
		return
	}
	if acc.FirstAt.IsZero() || d.VerifiedAt.Before(acc.FirstAt) {
		acc.FirstAt = d.VerifiedAt
	}
	if d.VerifiedAt.After(acc.LastAt) {
		acc.LastAt = d.VerifiedAt
	}
}

// sameDelta tells whether two tellings under one name are of one delta: nothing that both
// know speaks against it. An envelope's id says nothing, since a delta can be delivered
// under another.
func sameDelta(a, b *Delta) bool {
	switch {
	case a.RecordID != "" && b.RecordID != "" && a.RecordID != b.RecordID,
		a.Index != nil && b.Index != nil && *a.Index != *b.Index,
		a.ReceiptID != "" && b.ReceiptID != "" && !strings.EqualFold(a.ReceiptID, b.ReceiptID):
		return false
	}
	return true
}

// untold tells whether a delta was verified and the service does not tell its amount, which
// is zero for none. Source: API contract, section 2.1.
func (d *Delta) untold() bool { return d.State == DeltaVerified && d.Delta.IsZero() }

// placeholder tells whether nothing is known of a delta but that its record was verified. It
// is kept to be asked for; what tells the delta itself may have another name.
func (d *Delta) placeholder() bool { return d.untold() && d.ReferenceID == "" }

// sign puts a signed telling in the place of a listed one. The name stays.
func (d *Delta) sign(told *Delta) {
	signed := *told
	signed.Name, signed.N, signed.Contradictions = d.Name, d.N, d.Contradictions
	if d.ReferenceID != "" {
		signed.ReferenceID, signed.Day = d.ReferenceID, d.Day
	}
	signed.fill(d)
	*d = signed
}

// fill takes over what is not known yet.
func (d *Delta) fill(o *Delta) {
	if d.ReferenceID == "" {
		d.ReferenceID, d.Day = o.ReferenceID, o.Day
	}
	if d.Delta.IsZero() {
		d.Delta = o.Delta
	}
	d.Reason = cmp.Or(d.Reason, o.Reason)
	d.RecordID = cmp.Or(d.RecordID, o.RecordID)
	d.ReceiptID = cmp.Or(d.ReceiptID, o.ReceiptID)
	d.Index = cmp.Or(d.Index, o.Index)
	if d.Metadata == nil {
		d.Metadata = o.Metadata
	}
	d.Adjusts = cmp.Or(d.Adjusts, o.Adjusts)
	if d.SubmittedAt.IsZero() {
		d.SubmittedAt = o.SubmittedAt
	}
	if d.VerifiedAt.IsZero() {
		d.VerifiedAt = o.VerifiedAt
	}
	d.ProofHash = cmp.Or(d.ProofHash, o.ProofHash)
	d.ContentHash = cmp.Or(d.ContentHash, o.ContentHash)
	if d.ItemHashes == nil {
		d.ItemHashes = o.ItemHashes
	}
	d.PreviousProofHash = cmp.Or(d.PreviousProofHash, o.PreviousProofHash)
	d.VerificationReference = cmp.Or(d.VerificationReference, o.VerificationReference)
	d.Told = d.Told || o.Told
	d.Listed = d.Listed || o.Listed
	d.Doubt = cmp.Or(d.Doubt, o.Doubt)
	d.Error = cmp.Or(d.Error, o.Error)
}

// equal tells whether filling changed nothing.
func (d *Delta) equal(o *Delta) bool {
	return d.State == o.State && d.ReferenceID == o.ReferenceID && d.Delta.Equal(o.Delta) && d.Told == o.Told && d.Listed == o.Listed && d.Doubt == o.Doubt &&
		len(d.Contradictions) == len(o.Contradictions) && d.Error == o.Error &&
		d.Reason == o.Reason && d.RecordID == o.RecordID && d.ReceiptID == o.ReceiptID &&
		(d.Index == nil) == (o.Index == nil) && (d.Metadata == nil) == (o.Metadata == nil) && (d.Adjusts == nil) == (o.Adjusts == nil) &&
		d.SubmittedAt.Equal(o.SubmittedAt) && d.VerifiedAt.Equal(o.VerifiedAt) &&
		d.ProofHash == o.ProofHash && d.ContentHash == o.ContentHash && len(d.ItemHashes) == len(o.ItemHashes) &&
		d.PreviousProofHash == o.PreviousProofHash && d.VerificationReference == o.VerificationReference
}

// periodOf is the period in which a delta is compared: of its usage day or, where it names
// none, the one whose recording window it was recorded in.
func periodOf(d *Delta) usage.Period {
	if !d.Day.IsZero() {
		return d.Day.Period()
	}
	return usage.PeriodOf(d.RecordedAt().Add(-24 * time.Hour))
}

// touch has the delta's period compared soon.
func (a *Agent) touch(ctx context.Context, tx Tx, d *Delta) error {
	period := periodOf(d)
	if period == "" {
		return nil
	}
	c, err := tx.Check(ctx, d.CustomerID, period)
	if errors.Is(err, ErrNotFound) {
		c, err = &Check{CustomerID: d.CustomerID, Period: period}, nil
	}
	if err != nil {
		return err
	}
	due := tx.Now().Add(a.set.quiet)
	if !c.Due.IsZero() && !c.Due.After(due) {
		return nil
	}
	c.Due = due
	return tx.PutCheck(ctx, c)
}

// allDeltas reads all pages of a query.
func allDeltas(ctx context.Context, tx Tx, q DeltaQuery) (all []Delta, err error) {
	for d, err := range pages.All(func(last *Delta) ([]Delta, error) {
		if last != nil {
			q.AfterName, q.AfterN = last.Name, last.N
		}
		return tx.Deltas(ctx, q, pages.Size)
	}) {
		if err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	return all, nil
}
