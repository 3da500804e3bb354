package reconcile

import (
	"slices"
	"strings"

	"github.com/pacspace/pacspace-go/proof"
)

// scheme is which variants of the hashing rules reproduced a hash of the service, by level.
// A hash is called wrong only where its level was reproduced elsewhere.
type scheme struct {
	item, batch []proof.Variant
	// grew says that a level was reproduced for the first time.
	grew bool
}

// parseScheme reads what text wrote.
func parseScheme(text string) *scheme {
	s := &scheme{}
	item, batch, _ := strings.Cut(text, ";")
	for _, level := range []struct {
		names string
		to    *[]proof.Variant
	}{{item, &s.item}, {batch, &s.batch}} {
		for _, name := range strings.Split(level.names, ",") {
			if v := proof.Variant(name); name != "" && v.Validate() == nil {
				*level.to = append(*level.to, v)
			}
		}
	}
	return s
}

func (s *scheme) text() string {
	join := func(variants []proof.Variant) string {
		names := make([]string, len(variants))
		for i, v := range variants {
			names[i] = string(v)
		}
		return strings.Join(names, ",")
	}
	return join(s.item) + ";" + join(s.batch)
}

func (s *scheme) confirm(level *[]proof.Variant, by []proof.Variant) {
	if len(*level) == 0 && len(by) > 0 {
		*level, s.grew = by, true
	}
}

// learn looks at deltas, as webhooks told them, for hashes that can be reproduced.
func (s *scheme) learn(deltas []Delta) {
	for i := range deltas {
		if len(s.item) > 0 && len(s.batch) > 0 {
			return
		}
		d := &deltas[i]
		if item := d.item(); item != nil {
			s.learnItem(*item, d)
		}
		// A tree of one item has no node, and shows nothing about nodes.
		if len(s.batch) > 0 {
			continue
		}
		if root, leaves, ok := d.batch(); ok && len(leaves) > 1 {
			s.confirm(&s.batch, proof.MatchRoot(leaves, root))
		}
	}
}

// learnItem looks whether an item leads to the content hash of a delta.
func (s *scheme) learnItem(item proof.Item, d *Delta) {
	if len(s.item) > 0 {
		return
	}
	content, err := proof.ParseHash(d.ContentHash)
	if err != nil {
		return
	}
	if by, err := proof.MatchItem(item, content); err == nil {
		s.confirm(&s.item, by)
	}
}

// item is the delta as a webhook told it, nil where it may lack a hashed field.
func (d *Delta) item() *proof.Item {
	if !d.Told || d.Reason == "" {
		return nil
	}
	item := &proof.Item{CustomerID: d.CustomerID, Delta: d.Delta, Reason: d.Reason, ReferenceID: d.ReferenceID, Metadata: d.Metadata}
	if d.Adjusts != nil {
		item.Adjusts = &proof.Adjusts{ReferenceID: d.Adjusts.ReferenceID, RecordID: d.Adjusts.RecordID}
	}
	return item
}

// batch is the batch's root and leaves, where all of them are there and are hashes.
func (d *Delta) batch() (root proof.Hash, leaves []proof.Hash, ok bool) {
	root, err := proof.ParseHash(d.ProofHash)
	if err != nil || len(d.ItemHashes) == 0 || len(d.ItemHashes) > proof.MaxItemHashes {
		return root, nil, false
	}
	for _, text := range d.ItemHashes {
		leaf, err := proof.ParseHash(text)
		if err != nil {
			return root, nil, false
		}
		leaves = append(leaves, leaf)
	}
	return root, leaves, true
}

const notConfirmed = "scheme not confirmed: no content hash of the service was reproduced yet, so none is called wrong"

// sameContent holds the content hash against the item that was sent.
func (v *view) sameContent(f findings, item proof.Item, d *Delta) bool {
	content, err := proof.ParseHash(d.ContentHash)
	if err != nil {
		return true // none was told
	}
	if len(v.scheme.item) == 0 {
		f.note(notConfirmed)
		return true
	}
	by, err := proof.MatchItem(item, content)
	if err != nil {
		f.note("what the books say was sent as " + d.ReferenceID + " cannot be hashed: " + err.Error())
		return true
	}
	if overlap(by, v.scheme.item) {
		return true
	}
	expected, err := v.scheme.item[0].ItemHash(item)
	if err != nil {
		return true // MatchItem would have said so
	}
	f.add(KindContent, expected.String(), content.String(), Differing{
		ReferenceID: d.ReferenceID, RecordID: d.RecordID, Day: d.Day, Expected: expected.String(), Found: content.String(),
		What: "was recorded with other content than was sent",
	}, "reason, metadata and adjusts of the delta as sent and as recorded; do not use the record until it is explained")
	return false
}

func overlap(a, b []proof.Variant) bool {
	return slices.ContainsFunc(a, func(v proof.Variant) bool { return slices.Contains(b, v) })
}

// checkHashes checks what each delta's proof fields say of one another.
func (v *view) checkHashes(f findings) {
	for i := range v.deltas {
		d := &v.deltas[i]
		if d.State != DeltaVerified {
			continue
		}
		one := Differing{ReferenceID: d.ReferenceID, RecordID: d.RecordID, Day: d.Day}
		if len(d.ItemHashes) > 0 && d.ContentHash != "" && !slices.ContainsFunc(d.ItemHashes, func(h string) bool { return strings.EqualFold(h, d.ContentHash) }) {
			one.What, one.Found = "has a content hash that is not among its batch's", d.ContentHash
			f.add(KindMembership, "one of "+listSize(len(d.ItemHashes)), d.ContentHash, one, "the proof fields of the delta's webhook; do not use the record until it is explained")
			continue
		}
		root, leaves, ok := d.batch()
		if !ok {
			continue
		}
		if receipt, err := proof.ParseHash(d.ReceiptID); err == nil && receipt != root {
			one.What, one.Expected, one.Found = "has a proof hash that is not its receipt id", d.ReceiptID, d.ProofHash
			f.add(KindBatch, d.ReceiptID, d.ProofHash, one, "the receipt id that the submission was answered with")
			continue
		}
		switch {
		case len(v.scheme.batch) == 0:
			if len(proof.MatchRoot(leaves, root)) == 0 {
				f.note("scheme not confirmed: no batch root of the service was reproduced yet, so none is called wrong")
			}
		case !slices.ContainsFunc(v.scheme.batch, func(b proof.Variant) bool { return b.Root(leaves) == root }):
			expected := v.scheme.batch[0].Root(leaves).String()
			one.What, one.Expected, one.Found = "is in a batch whose root does not follow from its item hashes", expected, d.ProofHash
			f.add(KindBatch, expected, d.ProofHash, one, "the item hashes and the proof hash of the delta's webhook")
		}
	}
}

func listSize(n int) string {
	if n == 1 {
		return "its 1 item hash"
	}
	return "its item hashes"
}

// leastLinks is how many links of an account's chain must hold before a broken one counts.
const leastLinks = 2

// checkChain looks for proofs that name an earlier one that nobody saw. The chain's scope,
// customer or tenant, is not documented, so a link holds where any delta has that proof.
func (v *view) checkChain(f findings) {
	if v.known == nil {
		return
	}
	held := 0
	var broken []*Delta
	for i := range v.deltas {
		d := &v.deltas[i]
		if d.State != DeltaVerified || d.PreviousProofHash == "" || d.PreviousProofHash == d.ProofHash {
			continue
		}
		if h, err := proof.ParseHash(d.PreviousProofHash); err == nil && h.IsZero() {
			continue // the start of a chain
		}
		switch {
		case v.known(d.PreviousProofHash):
			held++
		case d.VerifiedAt.After(v.firstAt): // what lies before the first that is known was before our time
			broken = append(broken, d)
		}
	}
	if held < leastLinks {
		return
	}
	for _, d := range broken {
		f.add(KindChain, "a proof that was seen", d.PreviousProofHash, Differing{
			ReferenceID: d.ReferenceID, RecordID: d.RecordID, Day: d.Day, Found: d.PreviousProofHash,
			What: "names an earlier proof that nobody saw",
		}, "deltas of this key that the agent was never told of; ask the service for its gaps")
	}
}
