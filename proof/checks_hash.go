package proof

import (
	"fmt"
	"slices"
)

// contentCheck recomputes the content hash of each delta.
type contentCheck struct {
	finding
	partly      int
	firstPartly int // line
	first       *delta
}

func (c *contentCheck) delta(d *delta) {
	switch d.content {
	case differs:
		if c.first == nil {
			c.first = d.keep()
			c.v.lone = c.first
		}
	case partly:
		if c.partly++; c.partly == 1 {
			c.firstPartly = d.number
		}
	case reproduced, unstated:
	}
}

func (c *contentCheck) result() Check {
	s := &c.v.scheme
	switch {
	case c.first != nil && s.accuses(levelItem):
		c.fail(c.first, "what the delta says does not lead to its content hash, and other content hashes were reproduced",
			c.first.ContentHash.String(), s.computed(c.first.form).String())
	case c.first != nil:
		c.skip("scheme not confirmed: line %d has a content hash that what it says does not lead to, and none was reproduced anywhere, so it may be the scheme that is not the service's", c.first.number)
	case c.partly > 0:
		c.skip("%s cannot be recomputed, the first on line %d: fields are missing that may have been hashed, so amount, account and number of what they stand for are open", deltas(c.partly), c.firstPartly)
	case c.v.unstated > 0 && c.v.rootBy(c.v.target()) == 0:
		c.skip("%s no content hash from the service, and the checkpoint root that would show them was not reproduced", have(c.v.unstated))
	}
	return c.done()
}

// target returns the root that the deltas must lead to: the header's or, where it names
// none, the only one that the checker brought. The zero Hash is none.
func (v *verification) target() Hash {
	if root := v.header.Checkpoint.Root; !root.IsZero() {
		return root
	}
	var only Hash
	for _, root := range v.known.roots() {
		if !only.IsZero() && root != only {
			return Hash{}
		}
		only = root
	}
	return only
}

// rootBy returns the variants that reproduce a root.
func (v *verification) rootBy(root Hash) variantSet { return v.grove.matching(v.scheme.tried, root) }

func (k *known) roots() []Hash {
	var roots []Hash
	for _, r := range k.records {
		roots = append(roots, r.Root)
	}
	for _, i := range k.invoice {
		roots = append(roots, i.Root)
	}
	return roots
}

// recordsOf returns the answers of the public record for a root.
func (k *known) recordsOf(root Hash) []*PublicRecord {
	var of []*PublicRecord
	for _, r := range k.records {
		if r.Root == root {
			of = append(of, r)
		}
	}
	return of
}

// rootCheck makes the checkpoint root over the content hashes, compares it with the file's
// and holds that against the roots that the checker brought.
type rootCheck struct {
	finding
	carried *carriedCheck
}

func (c *rootCheck) result() Check {
	v := c.v
	root := v.target()
	c.compareAnchors(root)
	if tree := v.grove.of(v.header.Variant); tree.root() != v.trailer.Root {
		c.fail(nil, "the lines do not lead to the root with which the file was closed", v.trailer.Root.String(), tree.root().String())
	}
	by := v.rootBy(root)
	switch {
	case root.IsZero() && v.under.count == 0:
		// Nothing is billed under a checkpoint; the rest below says on what that rests.
	case root.IsZero():
		c.skip("the evidence has no checkpoint root, and no single root was brought")
	case by != 0:
	case v.scheme.accuses(levelCheckpoint) && (v.unstated == 0 || v.scheme.accuses(levelItem)):
		c.failWhole("the content hashes do not lead to the checkpoint root, and another checkpoint root was reproduced",
			root.String(), v.grove.of(v.scheme.shown(levelCheckpoint)).root().String())
	default:
		c.skip("scheme not confirmed: the content hashes do not lead to the checkpoint root, and no checkpoint root was reproduced anywhere, so it may be the scheme that is not the service's")
	}
	if len(v.known.recordsOf(root)) == 0 {
		if slices.Contains(v.known.invoice, InvoiceRoot{root}) {
			c.rest("root", onInvoice, "it follows from the root printed on the invoice, which was not held against the public record")
		} else {
			c.rest("root", onFile, "no answer of the public record was brought for it")
		}
	}
	return c.done()
}

// compareAnchors fails where the checker brought a root that is not the file's.
func (c *rootCheck) compareAnchors(root Hash) {
	for _, i := range c.v.known.invoice {
		if i.Root != root {
			c.fail(nil, "the root printed on the invoice is not the one of the file", i.Root.String(), root.String())
		}
	}
	if len(c.v.known.recordsOf(root)) > 0 {
		return
	}
	for _, r := range c.v.known.records {
		if !c.carried.roots[r.Root] {
			c.fail(nil, "the public record was asked for a root that is not the one of the file", r.Root.String(), root.String())
		}
	}
}

// membershipCheck looks for each content hash among the hashes of its batch.
type membershipCheck struct {
	finding
	made, missing int
}

func (c *membershipCheck) delta(d *delta) {
	if d.ItemHashes == nil || d.ContentHash.IsZero() {
		c.missing++
		return
	}
	c.made++
	if !slices.Contains(d.ItemHashes, d.ContentHash) {
		c.fail(d, "the content hash is not among those of its batch", d.ContentHash.String(), fmt.Sprintf("%d other hashes", len(d.ItemHashes)))
	}
}

func (c *membershipCheck) result() Check {
	c.partlyMade(c.made, c.missing, "no content hash or no hashes of its batch")
	return c.done()
}

// partlyMade says of a check that counts only when it fails how much of it was made.
func (f *finding) partlyMade(made, missing int, lack string) {
	switch {
	case made == 0:
		f.skip("no delta has what it takes: each has %s", lack)
	case missing > 0:
		f.note("made for %d of %d deltas; the others have %s", made, made+missing, lack)
	}
}

// batchCheck makes the root over the hashes of each batch and compares it with the proof
// hash, and that with the receipt where the receipt is a root.
type batchCheck struct {
	finding
	made, missing int
	first         *delta // whose batch root is not reproduced
	hashes        []Hash // of the last batch, which most often is the next one's too
	root          Hash
	by            variantSet
	same          int    // receipts that are the proof hash
	other         *delta // the first whose receipt is another root
}

func (c *batchCheck) delta(d *delta) {
	if d.ItemHashes == nil || d.ProofHash == nil {
		c.missing++
		return
	}
	c.made++
	if receipt, ok := receiptRoot(d.ReceiptID); ok {
		if receipt == *d.ProofHash {
			c.same++
		} else if c.other == nil {
			c.other = d.keep()
		}
	}
	if c.root == *d.ProofHash && slices.Equal(c.hashes, d.ItemHashes) {
		return
	}
	c.hashes, c.root = append(c.hashes[:0], d.ItemHashes...), *d.ProofHash
	c.by = c.v.scheme.root(levelBatch, c.hashes, c.root)
	c.v.scheme.note(levelBatch, c.by, len(c.hashes) > 1)
	if c.by == 0 && c.first == nil {
		c.first = d.keep()
	}
}

// receiptRoot reads a receipt that is a root; most are not, and no error is made of them.
func receiptRoot(id string) (Hash, bool) {
	if len(id) != 2+2*hashSize {
		return Hash{}, false
	}
	h, err := ParseHash(id)
	return h, err == nil
}

func (c *batchCheck) result() Check {
	s := &c.v.scheme
	switch {
	case c.first != nil && s.accuses(levelBatch):
		c.fail(c.first, "the hashes of a batch do not lead to its root, and other batch roots were reproduced",
			c.first.ProofHash.String(), s.shown(levelBatch).Root(c.first.ItemHashes).String())
	case c.other != nil && c.same > 0:
		c.fail(c.other, "a receipt is not the root of its batch, and others are", c.other.ProofHash.String(), c.other.ReceiptID)
	case c.first != nil:
		c.skip("scheme not confirmed: the batch of line %d has a root that its hashes do not lead to, and none was reproduced anywhere", c.first.number)
	default:
		c.partlyMade(c.made, c.missing, "no hashes of its batch or no root of it")
	}
	return c.done()
}

// chainCheck follows previousProofHash from batch to batch. Whether the chain goes by
// customer or by vendor is not documented, so a broken link counts only where a probe saw
// it go by customer.
type chainCheck struct {
	finding
	last         Hash
	linked       bool // last is that of the delta before
	held, broken int
	first        *delta
	want         Hash
}

func (c *chainCheck) delta(d *delta) {
	if d.Carried != nil {
		return
	}
	if d.ProofHash == nil {
		c.linked = false
		return
	}
	if c.linked && c.last != *d.ProofHash && d.PreviousProofHash != nil {
		if *d.PreviousProofHash == c.last {
			c.held++
		} else if c.broken++; c.broken == 1 {
			c.first, c.want = d.keep(), c.last
		}
	}
	c.last, c.linked = *d.ProofHash, true
}

func (c *chainCheck) result() Check {
	switch {
	case c.broken > 0 && c.v.known.probed(c.v.header.Environment, func(p *ProbeResult) bool { return p.ChainPerAccount }):
		c.fail(c.first, "a batch does not name the one before it", c.want.String(), c.first.PreviousProofHash.String())
	case c.broken > 0:
		c.skip("%d of %d batches name another batch than the one before them here; whether the chain goes by customer is not known, so that shows nothing", c.broken, c.held+c.broken)
	case c.held == 0:
		c.skip("no two batches in a row have a proof hash and a previous one")
	default:
		c.note("links that hold: %d", c.held)
	}
	return c.done()
}

// probed tells whether a probe of the environment saw something.
func (k *known) probed(e Environment, saw func(*ProbeResult) bool) bool {
	return slices.ContainsFunc(k.probes, func(p *ProbeResult) bool { return p.Environment.orLive() == e && saw(p) })
}
