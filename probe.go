package pacspace

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pacspace/pacspace-go/internal/idem"
	"github.com/pacspace/pacspace-go/proof"
)

// ProbeParams says where to probe.
type ProbeParams struct {
	// LiveUnsafe allows a live key: the deltas of two made-up customers are then recorded
	// for good and billed as any others. Without it only a test key is taken.
	LiveUnsafe bool
}

// Probe finds out how the service hashes: it emits one delta, a batch of three and, in
// between, one delta of another customer, makes a checkpoint, and tries which variants of
// [proof.Scheme] lead to the hashes that come back, for each level by itself. A level that
// no variant reproduces, or of which the service told no hash, has none in the result; that
// is no error. It also sees whether previousProofHash and the sequence numbers go by
// customer.
//
// The result is an anchor for evidence of the same environment (see [proof.Verify] and
// [proof.WriteAnchor]): where a level was reproduced here, a hash of that level that does
// not follow is a difference, and no longer a scheme that is not known.
//
// The customers are new ones with each call, called pacspace-probe and a random id. After
// an error call it again. It waits for each submission to be verified until ctx ends, or
// for a minute each where ctx has no deadline. It takes no [WithIdempotencyKey], since it
// makes several writes.
//
// Source: API contract, sections 2.1, 2.2, 2.4, 2.5, 2.8, 5.1 and 5.2.
func (s *BalanceService) Probe(ctx context.Context, p ProbeParams, opts ...CallOption) (*proof.ProbeResult, error) {
	if optionsOf(opts).key != "" {
		return nil, &ParamError{Field: "idempotencyKey", Rule: "must not be given here, since a probe makes several writes; each gets its own"}
	}
	switch {
	case s.environment == EnvironmentTest:
	case s.environment == EnvironmentLive && p.LiveUnsafe:
	default:
		return nil, &ParamError{Field: "apiKey", Rule: "must be a test key, since a probe records deltas of made-up customers; ProbeParams.LiveUnsafe allows a live one"}
	}
	id, err := idem.Random()
	if err != nil {
		return nil, err
	}
	pr := prober{s: s, opts: opts, id: id, began: s.now()}
	if err := pr.record(ctx); err != nil {
		return nil, err
	}
	result := &proof.ProbeResult{Environment: s.environment, Source: s.base.Host, Item: pr.items(), Batch: pr.batches()}
	pr.sequence(result)
	if result.Checkpoint, err = pr.checkpoints(ctx); err != nil {
		return nil, err
	}
	result.At = s.now()
	return result, nil
}

// A prober is one probe on its way.
type prober struct {
	s     *BalanceService
	opts  []CallOption
	id    string
	began time.Time

	// The deltas as they came back verified: the first of the customer, that of another one
	// after it, and the batch.
	first, other probed
	batch        []probed
}

// probed is a delta as it was sent and as the service has it.
type probed struct {
	sent DeltaParams
	got  Delta
}

func (p *prober) customer() string { return "pacspace-probe:" + p.id }

// delta is one to try with. The amounts and metadata are such that two ways of writing JSON
// would show: fractions, an exponent, keys out of order, text beyond ASCII.
func (p *prober) delta(customer string, n int, amount Decimal, metadata Metadata) DeltaParams {
	return DeltaParams{
		CustomerID:  customer,
		Delta:       amount,
		Reason:      "probe of the proof scheme",
		ReferenceID: fmt.Sprintf("%s:%d", customer, n),
		Metadata:    metadata,
	}
}

// record emits the deltas, each after the one before was verified, so that the order of
// their proofs is known.
func (p *prober) record(ctx context.Context) error {
	fraction, err := ParseDecimal("-0.0000001")
	if err != nil {
		return err
	}
	first := p.delta(p.customer(), 1, NewDecimal(-1), nil)
	if p.first, err = p.emit(ctx, first); err != nil {
		return err
	}
	if p.other, err = p.emit(ctx, p.delta(p.customer()+":other", 1, NewDecimal(-1), nil)); err != nil {
		return err
	}
	p.batch, err = p.emitBatch(ctx, []DeltaParams{
		p.delta(p.customer(), 2, fraction, Metadata{}),
		p.delta(p.customer(), 3, NewDecimal(250), Metadata{"z": "\u20ac", "a": map[string]any{"b": true, "\U0001f600": nil, "\ufb33": []any{1, "x"}}}),
		p.delta(p.customer(), 4, NewDecimal(-3), nil),
	})
	return err
}

func (p *prober) emit(ctx context.Context, sent DeltaParams) (probed, error) {
	d, err := p.s.EmitAndWait(ctx, sent, p.opts...)
	if err != nil {
		return probed{}, err
	}
	return p.verified(sent, d)
}

func (p *prober) verified(sent DeltaParams, d *Delta) (probed, error) {
	if !d.Status.Is(StatusVerified) {
		return probed{}, fmt.Errorf("pacspace: probe: the service took %s and it is %s now; probe again", sent.ReferenceID, d.Status)
	}
	return probed{sent: sent, got: *d}, nil
}

// emitBatch waits by record ids or, where a batch's answer has none, by the rows of the
// derived balance.
func (p *prober) emitBatch(ctx context.Context, sent []DeltaParams) ([]probed, error) {
	answer, err := p.s.EmitBatch(ctx, sent, p.opts...)
	if err != nil {
		return nil, err
	}
	var all []probed
	for i, item := range answer.Items {
		if item.Outcome != OutcomeAccepted {
			return nil, fmt.Errorf("pacspace: probe: the batch's delta %s was not accepted but is %s; probe again", sent[i].ReferenceID, item.Outcome)
		}
		id := item.RecordID
		if id == "" {
			row, err := p.row(ctx, sent[i].ReferenceID)
			if err != nil {
				return nil, err
			}
			id = row.RecordID
		}
		d, err := p.s.Wait(ctx, id, p.opts...)
		if err != nil {
			return nil, err
		}
		one, err := p.verified(sent[i], d)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

// row waits for a delta to be listed.
func (p *prober) row(ctx context.Context, reference string) (*Delta, error) {
	return poll(ctx, p.opts, "probe: the batch's deltas are not listed yet", func(ctx context.Context) (*Delta, bool, error) {
		rows, err := p.rows(ctx)
		if err != nil {
			return nil, false, err
		}
		i := slices.IndexFunc(rows, func(d Delta) bool { return d.ReferenceID == reference && d.RecordID != "" })
		if i < 0 {
			return nil, false, nil
		}
		return &rows[i], true, nil
	})
}

// scope holds the probe's deltas whatever clock the service goes by; nobody else has any
// under this customer.
func (p *prober) scope(end time.Time) Scope {
	return Between(p.began.Add(-time.Hour).Truncate(time.Second), end.Add(time.Hour).Truncate(time.Second))
}

func (p *prober) rows(ctx context.Context) ([]Delta, error) {
	var rows []Delta
	for d, err := range p.s.Deltas(ctx, p.customer(), p.scope(p.s.now()), p.opts...) {
		if err != nil {
			return nil, err
		}
		rows = append(rows, d)
	}
	return rows, nil
}

// items returns the variants that reproduce every content hash.
func (p *prober) items() []proof.Variant {
	fit := proof.Variants()
	for _, d := range append([]probed{p.first, p.other}, p.batch...) {
		hash, err := proof.ParseHash(d.got.ContentHash)
		if err != nil {
			return nil
		}
		item, err := d.sent.Item()
		if err != nil {
			return nil
		}
		matching, err := proof.MatchItem(item, hash)
		if err != nil {
			return nil
		}
		fit = slices.DeleteFunc(fit, func(v proof.Variant) bool { return !slices.Contains(matching, v) })
	}
	return nilIfEmpty(fit)
}

// batches returns the variants that reproduce the root of the batch.
func (p *prober) batches() []proof.Variant {
	d := p.batch[0].got
	root, err := proof.ParseHash(d.ProofHash)
	if err != nil {
		if root, err = proof.ParseHash(d.ReceiptID); err != nil {
			return nil
		}
	}
	texts := d.ItemHashes
	if len(texts) == 0 {
		for _, of := range p.batch {
			texts = append(texts, of.got.ContentHash)
		}
	}
	return match(texts, root)
}

// checkpoints makes a checkpoint and returns the variants that reproduce its root over the
// content hashes in the order in which the service lists them.
func (p *prober) checkpoints(ctx context.Context) ([]proof.Variant, error) {
	rows, err := p.rows(ctx)
	if err != nil {
		return nil, err
	}
	made, err := p.s.Checkpoint(ctx, CheckpointParams{CustomerID: p.customer(), Scope: p.scope(p.s.now())}, p.opts...)
	if err != nil {
		return nil, err
	}
	root, err := proof.ParseHash(made.ProofRoot)
	if err != nil {
		return nil, nil
	}
	sent := append([]probed{p.first}, p.batch...)
	if len(rows) != len(sent) {
		return nil, errors.New("pacspace: probe: the service does not list the deltas that it verified; probe again")
	}
	texts := make([]string, len(rows))
	for i, row := range rows {
		// Rows may leave hashes out, which the status of each delta has.
		at := slices.IndexFunc(sent, func(d probed) bool { return d.sent.ReferenceID == row.ReferenceID })
		if at < 0 {
			return nil, errors.New("pacspace: probe: the service lists a delta that the probe did not emit; probe again")
		}
		texts[i] = sent[at].got.ContentHash
	}
	return match(texts, root), nil
}

// match returns the variants by which root is over the hashes. One hash makes no node, so
// it shows none.
func match(texts []string, root proof.Hash) []proof.Variant {
	leaves := make([]proof.Hash, len(texts))
	for i, text := range texts {
		var err error
		if leaves[i], err = proof.ParseHash(text); err != nil {
			return nil
		}
	}
	if len(leaves) < 2 {
		return nil
	}
	return nilIfEmpty(proof.MatchRoot(leaves, root))
}

// sequence sees by what chain and numbers go. Between the two submissions of the customer
// another customer's delta was verified: what goes by vendor shows it.
func (p *prober) sequence(result *proof.ProbeResult) {
	first, second := p.first.got, p.batch[0].got
	result.ChainPerAccount = sameHash(second.PreviousProofHash, first.ProofHash) && !sameHash(first.ProofHash, p.other.got.ProofHash)
	if first.Sequence == nil {
		return
	}
	for i, d := range p.batch {
		if n := d.got.Sequence; n == nil || *n != *first.Sequence+int64(i)+1 {
			return
		}
	}
	result.IndexPerAccount = true
	if n := p.other.got.Sequence; n != nil && *n == *first.Sequence {
		result.FirstIndex = new(*n)
	}
}

func nilIfEmpty(v []proof.Variant) []proof.Variant {
	if len(v) == 0 {
		return nil
	}
	return v
}
