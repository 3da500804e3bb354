package pacspace

import (
	"context"
	"errors"
	"iter"
	"net/url"
	"strconv"
	"time"

	"github.com/pacspace/pacspace-go/internal/canonical"
	"github.com/pacspace/pacspace-go/internal/idem"
	"github.com/pacspace/pacspace-go/internal/wire"
)

// BalanceService writes deltas and reads what they add up to.
type BalanceService struct{ *core }

// Emit writes one delta. The answer says that it was accepted, normally as QUEUED; it
// counts in derived balances once it is VERIFIED (see [BalanceService.Wait]).
//
// The Idempotency-Key is the caller's ([WithIdempotencyKey]), else the referenceId, so a
// repeated call after a crash is the same request to the service. An error that matches
// [ErrOutcomeUnknown] means that the delta may or may not have been recorded: do not
// treat it as refused; see [BalanceService.Resolve].
//
// Source: API contract, sections 2.1 and 3.2.
func (s *BalanceService) Emit(ctx context.Context, p DeltaParams, opts ...CallOption) (*Delta, error) {
	in, err := s.emitCall(p, opts)
	if err != nil {
		return nil, err
	}
	return s.send(ctx, in, p, opts)
}

// send posts one delta and holds the answer to what was sent.
func (s *BalanceService) send(ctx context.Context, in call, p DeltaParams, opts []CallOption) (*Delta, error) {
	x, err := s.exchange(ctx, &in, opts)
	if err != nil {
		return nil, err
	}
	d := new(Delta)
	if err := x.decode(d, in.list); err != nil {
		return nil, err
	}
	if err := d.answers(p); err != nil {
		return nil, x.undecodable(err)
	}
	d.IdempotencyKey = x.idem
	return d, nil
}

// answers refuses an answer that is about another delta than the one that was sent:
// whatever mixed it up, it does not show that the delta was recorded.
func (d *Delta) answers(sent DeltaParams) error {
	switch {
	case d.ReferenceID != "" && d.ReferenceID != sent.ReferenceID:
		return errOtherDelta
	case d.CustomerID != "" && d.CustomerID != sent.CustomerID,
		!d.Delta.IsZero() && !d.Delta.Equal(sent.Delta):
		_, err := sameDelta(sent, *d)
		return err
	}
	return nil
}

var errOtherDelta = errors.New("it is about another reference")

func (s *BalanceService) emitCall(p DeltaParams, opts []CallOption) (call, error) {
	if err := p.validate(); err != nil {
		return call{}, err
	}
	in := call{route: routeEmit}
	if p.ReferenceID != "" {
		in.key = idem.Reference(p.ReferenceID)
	} else if !allowsNoReference(opts) {
		return call{}, &ParamError{Field: "referenceId", Rule: "must be given, since it is what keeps a retry from counting twice; WithoutReferenceUnsafe goes without one"}
	}
	body, err := p.body()
	if err != nil {
		return call{}, paramError("delta", err)
	}
	in.body = body
	return in, nil
}

// EmitAndWait is [BalanceService.Emit] followed by [BalanceService.Wait]. A delta that
// FAILED is returned, not an error. Where only the wait fails, the delta as it was emitted
// is returned beside the error: it was accepted and is not to be sent as another one.
//
// Source: API contract, section 2.1.
func (s *BalanceService) EmitAndWait(ctx context.Context, p DeltaParams, opts ...CallOption) (*Delta, error) {
	d, err := s.Emit(ctx, p, opts...)
	if err != nil || d.Status.Final() {
		return d, err
	}
	if d.RecordID == "" {
		return d, errors.New("pacspace: the delta was accepted without a recordId to wait by; look for its reference in Deltas")
	}
	final, err := s.Wait(ctx, d.RecordID, opts...)
	if err != nil {
		return d, err
	}
	return final, nil
}

// Status reads where a delta stands, by the recordId that Emit returned.
//
// Source: API contract, section 2.4.
func (s *BalanceService) Status(ctx context.Context, recordID string, opts ...CallOption) (*Delta, error) {
	return invoke[Delta](ctx, s.core, call{route: routeStatus, ids: []string{recordID}}, opts)
}

// Wait polls a delta's status until it is VERIFIED or FAILED and returns it either way.
// It polls every 2 seconds ([WithPollInterval] changes that) until ctx ends, or for a
// minute where ctx has no deadline; then the error matches [ErrTimeout].
//
// Source: API contract, section 2.1.
func (s *BalanceService) Wait(ctx context.Context, recordID string, opts ...CallOption) (*Delta, error) {
	return poll(ctx, opts, "the delta is not final yet", func(ctx context.Context) (*Delta, bool, error) {
		d, err := s.Status(ctx, recordID, opts...)
		return d, err == nil && d.Status.Final(), err
	})
}

// Balance is what a customer's recorded deltas of a scope add up to. Only verified deltas
// count.
//
// Source: API contract, section 2.5.
type Balance struct {
	Raw
	CustomerID      string  `json:"customerId,omitempty"`
	ComputedBalance Decimal `json:"computedBalance"`          // in the balance's unit, starting balance included
	StartingBalance Decimal `json:"startingBalance,omitzero"` // in the balance's unit; 0 where none is told
	DeltaCount      int     `json:"deltaCount"`               // of the whole scope, whatever the page
	LatestReceiptID string  `json:"latestReceiptId,omitempty"`
	// Deltas is one page of the scope's deltas in the service's order; [BalanceService.Deltas]
	// goes through all.
	Deltas []Delta `json:"deltas,omitempty"`

	counted bool // the service told DeltaCount
}

func (b *Balance) fromWire(o *wire.Object) {
	b.CustomerID = o.String("customerId")
	b.ComputedBalance = o.RequiredDecimal("computedBalance", "finalBalance", "balance")
	b.StartingBalance = o.Decimal("startingBalance")
	b.DeltaCount, b.counted = o.Int("deltaCount", "deltasCount"), o.Has("deltaCount", "deltasCount")
	b.LatestReceiptID = o.String("latestReceiptId")
	b.Deltas = readArray[Delta](o, "deltas")
}

// PageParams is one page of a list. Zero leaves a field to the service. Source: API
// contract, section 2.5.
type PageParams struct {
	Limit  int // rows, 1 to 1000
	Offset int // rows to pass over
}

func (p PageParams) add(q url.Values) error {
	switch {
	case p.Limit < 0 || p.Limit > maxPage:
		return &ParamError{Field: "limit", Rule: "must be between 1 and 1000"}
	case p.Offset < 0:
		return &ParamError{Field: "offset", Rule: "must not be negative"}
	}
	if p.Limit > 0 {
		q.Set("limit", strconv.Itoa(p.Limit))
	}
	if p.Offset > 0 {
		q.Set("offset", strconv.Itoa(p.Offset))
	}
	return nil
}

// maxPage is the largest page that derive gives. Source: API contract, section 2.5.
const maxPage = 1000

// Derive replays a customer's recorded deltas of a scope and returns the balance with the
// service's first page of deltas.
//
// Source: API contract, section 2.5.
func (s *BalanceService) Derive(ctx context.Context, customerID string, scope Scope, opts ...CallOption) (*Balance, error) {
	return s.DerivePage(ctx, customerID, scope, PageParams{}, opts...)
}

// DerivePage is [BalanceService.Derive] with a chosen page of deltas. The balance is
// always that of the whole scope.
//
// Source: API contract, section 2.5.
func (s *BalanceService) DerivePage(ctx context.Context, customerID string, scope Scope, page PageParams, opts ...CallOption) (*Balance, error) {
	if err := checkCustomerID(customerID); err != nil {
		return nil, err
	}
	fields, err := scope.fields()
	if err != nil {
		return nil, err
	}
	q := fields.query()
	if scope.started {
		text, err := scope.starting.AppendJSON(nil)
		if err != nil {
			return nil, paramError("startingBalance", err)
		}
		q.Set("startingBalance", string(text))
	}
	if err := page.add(q); err != nil {
		return nil, err
	}
	return invoke[Balance](ctx, s.core, call{route: routeDerive, ids: []string{customerID}, query: q}, opts)
}

// Deltas goes through all recorded deltas of a scope, a page of 1000 at a time, in the
// service's order. Each range starts afresh. After an error it ends.
//
// A delta that is verified while the pages are read can shift them; the iterator refuses
// to go on when the count changes between two pages, when a page comes twice, or when
// there are fewer or more rows than the count says, with an error that matches
// [ErrListMoved], instead of passing over a row or giving one twice.
//
// Source: API contract, section 2.5.
func (s *BalanceService) Deltas(ctx context.Context, customerID string, scope Scope, opts ...CallOption) iter.Seq2[Delta, error] {
	return func(yield func(Delta, error) bool) {
		for page, err := range s.pages(ctx, customerID, scope, opts) {
			if err != nil {
				yield(Delta{}, err)
				return
			}
			for _, d := range page.Deltas {
				if !yield(d, nil) {
					return
				}
			}
		}
	}
}

// pages goes through the pages of a derived balance. Without a count it ends at an empty
// page.
func (s *BalanceService) pages(ctx context.Context, customerID string, scope Scope, opts []CallOption) iter.Seq2[*Balance, error] {
	return func(yield func(*Balance, error) bool) {
		var last *Balance
		for seen := 0; ; {
			b, err := s.DerivePage(ctx, customerID, scope, PageParams{Limit: maxPage, Offset: seen}, opts...)
			if err != nil {
				yield(nil, err)
				return
			}
			n := len(b.Deltas)
			seen += n
			switch {
			case last != nil && (b.DeltaCount != last.DeltaCount || n > 0 && b.Deltas[0].text == last.Deltas[0].text),
				b.counted && (seen > b.DeltaCount || n == 0 && seen < b.DeltaCount):
				yield(nil, ErrListMoved)
				return
			}
			if !yield(b, nil) || n == 0 || b.counted && seen == b.DeltaCount {
				return
			}
			last = b
		}
	}
}

// CompareParams are two views of one balance.
//
// Source: API contract, section 2.7.
type CompareParams struct {
	// CustomerID is whose balance is compared. The service requires it; its older
	// examples leave it out, so an empty one is left out here too.
	CustomerID string
	// Scope is as for Derive; its starting balance is always sent, 0 where none is given.
	Scope Scope
	// Yours and Theirs are the two views, in the balance's unit. The service computes in
	// binary64, so they must be exact in it; [Decimal.Nearest64] rounds a longer sum.
	Yours, Theirs Decimal
}

// Comparison says which view agrees with the balance that the service derived. It does
// not say who is right.
//
// Source: API contract, section 2.7.
type Comparison struct {
	Raw
	NeutralBalance Decimal `json:"neutralBalance"` // what the service derived, in the balance's unit
	MatchesYours   bool    `json:"matchesYours"`
	MatchesTheirs  bool    `json:"matchesTheirs"`
}

func (c *Comparison) fromWire(o *wire.Object) {
	c.NeutralBalance = o.RequiredDecimal("neutralBalance")
	c.MatchesYours = o.RequiredBool("matchesYours")
	c.MatchesTheirs = o.RequiredBool("matchesTheirs")
}

// Compare asks the service which of two views agrees with the recorded deltas. Though a
// POST, it changes nothing and is retried like a read.
//
// Source: API contract, section 2.7.
func (s *BalanceService) Compare(ctx context.Context, p CompareParams, opts ...CallOption) (*Comparison, error) {
	if err := checkAnyCustomerID(p.CustomerID); err != nil {
		return nil, err
	}
	for _, view := range []struct {
		field string
		value Decimal
	}{{"yours", p.Yours}, {"theirs", p.Theirs}, {"scope.startingBalance", p.Scope.starting}} {
		if !view.value.Binary64() {
			return nil, &ParamError{Field: view.field, Rule: "must survive a round trip through binary64, because the service computes in it; Nearest64 rounds it"}
		}
	}
	fields, err := p.Scope.fields()
	if err != nil {
		return nil, err
	}
	body, err := canonical.Marshal(struct {
		CustomerID      string  `json:"customerId,omitempty"`
		YourBalance     Decimal `json:"yourBalance"`
		TheirBalance    Decimal `json:"theirBalance"`
		StartingBalance Decimal `json:"startingBalance"`
		scopeFields
	}{p.CustomerID, p.Yours, p.Theirs, p.Scope.starting, fields})
	if err != nil {
		return nil, paramError("compare", err)
	}
	return invoke[Comparison](ctx, s.core, call{route: routeCompare, body: body}, opts)
}

// Usage is what is left of the plan. The service documents no more fields; RawJSON has
// what it sends.
//
// Source: API contract, section 2.11.
type Usage struct {
	Raw
	Remaining *int64 `json:"remaining,omitempty"` // deltas; nil where the plan has no bound
	Allowed   bool   `json:"allowed"`
}

func (u *Usage) fromWire(o *wire.Object) {
	u.Remaining = o.IntPtr("remaining")
	u.Allowed = o.Bool("allowed")
}

// Usage reads what is left of the plan.
//
// Source: API contract, section 2.11.
func (s *BalanceService) Usage(ctx context.Context, opts ...CallOption) (*Usage, error) {
	return invoke[Usage](ctx, s.core, call{route: routeUsage}, opts)
}

// Limits are the service's bounds on a scope. Source: API contract, section 2.6.
type Limits struct {
	Raw
	MaxScopeMonths   int `json:"maxScopeMonths"`
	MaxLastDays      int `json:"maxLastNDays"`
	MaxRetentionDays int `json:"maxRetentionDays"`
}

func (l *Limits) fromWire(o *wire.Object) {
	l.MaxScopeMonths = o.Int("maxScopeMonths")
	l.MaxLastDays = o.Int("maxLastNDays")
	l.MaxRetentionDays = o.Int("maxRetentionDays")
}

// Limits reads how wide a scope may be and how far back the service keeps deltas.
//
// Source: API contract, section 2.6.
func (s *BalanceService) Limits(ctx context.Context, opts ...CallOption) (*Limits, error) {
	return invoke[Limits](ctx, s.core, call{route: routeLimits}, opts)
}

// GapsParams bounds a search for missing sequence numbers. All fields are optional.
//
// Source: API contract, section 2.12.
type GapsParams struct {
	FromSequence, ToSequence *int64 // where to look; nil leaves an end open
	Limit                    int    // rows of the list; 0 leaves it to the service
}

// Gaps is what the service says of missing sequence numbers. It documents no field, so
// there is only RawJSON.
//
// Source: API contract, section 2.12.
type Gaps struct{ Raw }

func (*Gaps) fromWire(*wire.Object) {}

// Gaps asks the service for missing sequence numbers of a customer.
//
// Source: API contract, section 2.12.
func (s *BalanceService) Gaps(ctx context.Context, customerID string, p GapsParams, opts ...CallOption) (*Gaps, error) {
	if err := checkCustomerID(customerID); err != nil {
		return nil, err
	}
	if p.Limit < 0 {
		return nil, &ParamError{Field: "limit", Rule: "must not be negative"}
	}
	q := url.Values{}
	if p.FromSequence != nil {
		q.Set("fromSequence", strconv.FormatInt(*p.FromSequence, 10))
	}
	if p.ToSequence != nil {
		q.Set("toSequence", strconv.FormatInt(*p.ToSequence, 10))
	}
	if p.Limit > 0 {
		q.Set("limit", strconv.Itoa(p.Limit))
	}
	return invoke[Gaps](ctx, s.core, call{route: routeGaps, ids: []string{customerID}, query: q}, opts)
}

// The waits of Wait and its kin. The service documents the interval and the bound of its
// own SDKs. Source: API contract, section 2.1.
const (
	defaultPollInterval = 2 * time.Second
	defaultPollTimeout  = time.Minute
)
