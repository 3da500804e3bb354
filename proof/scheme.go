package proof

import "github.com/pacspace/pacspace-go/internal/keccak"

// A level is where the scheme hashes something: an item, a batch, a checkpoint. Nothing
// published ties one level to another, so each stands by itself.
type level int

const (
	levelItem level = iota
	levelBatch
	levelCheckpoint
	levels
)

var levelNames = [levels]string{"item", "batch", "checkpoint"}

// A variantSet has a bit for each of forms.
type variantSet uint8

func setOf(variants []Variant) variantSet {
	var set variantSet
	for i := range forms {
		for _, v := range variants {
			if v == forms[i].variant {
				set |= 1 << i
			}
		}
	}
	return set
}

// list returns the variants in the order of the table.
func (s variantSet) list() []Variant {
	var list []Variant
	for i := range forms {
		if s>>i&1 == 1 {
			list = append(list, forms[i].variant)
		}
	}
	return list
}

// confirmed says by which variants each level was reproduced. Trees of one leaf do not
// count, since they have no node.
type confirmed [levels]variantSet

// A scheme keeps what was tried and what was reproduced.
type scheme struct {
	tried variantSet
	// trailer is the header's, by which the trailer's root is made.
	trailer variantSet
	// here is what this file shows, elsewhere what anchors brought.
	here, elsewhere confirmed
	reproduced      [levels]int
	differing       [levels]int
}

// accuses tells whether a hash of the level that is not reproduced counts against the
// evidence. It does where some other hash of the level was reproduced by a variant that was
// tried; else it may be the scheme that is not the service's.
func (s *scheme) accuses(l level) bool {
	return (s.here[l]|s.elsewhere[l])&s.tried != 0
}

// match makes the leaves of lines that are needed to say by which of the variants tried
// their hashes are, and those that stand for a line without a hash. The label of the
// published text comes first, so that a usual item is hashed once.
func (s *scheme) match(rows []*row, batch *keccak.Batch) {
	needed := s.tried | s.trailer
	for i, l := range labels {
		set, of := s.tried&labelled(l), needed&labelled(l)
		for _, r := range rows {
			stated := !r.line.ContentHash.IsZero()
			if r.by == 0 && (stated && set != 0 || !stated && of != 0) {
				message := batch.Next(len(l)+len(r.line.form), (*[hashSize]byte)(&r.leaves[i]))
				copy(message[copy(message, l):], r.line.form)
			}
		}
		batch.Flush()
		for _, r := range rows {
			if r.by == 0 && !r.line.ContentHash.IsZero() && r.leaves[i] == r.line.ContentHash {
				r.by = set
			}
		}
	}
}

// computed returns the content hash by the first label that is tried, for reports.
func (s *scheme) computed(form []byte) Hash {
	for _, l := range labels {
		if s.tried&labelled(l) != 0 {
			return l.leaf(form)
		}
	}
	return Hash{}
}

// shown returns the first variant that was tried and reproduced a hash of the level.
func (s *scheme) shown(l level) Variant {
	return (s.tried & (s.here[l] | s.elsewhere[l])).list()[0]
}

func labelled(l label) variantSet {
	var set variantSet
	for i := range forms {
		if forms[i].label == l {
			set |= 1 << i
		}
	}
	return set
}

// root returns by which of the variants tried the hash is the root over leaves, 0 for none.
// Those that the file has shown already are tried first.
func (s *scheme) root(l level, leaves []Hash, hash Hash) variantSet {
	if len(leaves) < 2 {
		if s.tried != 0 && forms[0].variant.Root(leaves) == hash {
			return s.tried
		}
		return 0
	}
	for _, set := range [...]variantSet{s.tried & s.here[l], s.tried &^ s.here[l]} {
		for _, v := range set.list() {
			if v.Root(leaves) == hash {
				return setOf([]Variant{v})
			}
		}
	}
	return 0
}

// note counts a hash. showing is false for a tree without a node.
func (s *scheme) note(l level, by variantSet, showing bool) {
	switch {
	case by == 0:
		s.differing[l]++
	default:
		s.reproduced[l]++
		if showing {
			s.here[l] |= by
		}
	}
}

// A grove holds what makes the root over the deltas under the checkpoint by each variant.
// Which of them is the service's shows at the end. So one tree grows along, that of the
// variant in the header, and the leaves are kept for the others, which are made only where
// this one does not lead to the root.
type grove struct {
	tree    *tree // by the header's variant
	variant variantSet
	leaves  pages[Hash] // where other variants are tried
	others  bool
	// unstated are the leaves by the labels that are not the tree's, by the number of the
	// leaf, where there is no content hash.
	unstated pages[otherLeaves]
	waiting  []Hash // for the tree
	batch    keccak.Batch
	roots    [len(forms)]*Hash
}

type otherLeaves struct {
	number int
	leaves [len(labels) - 1]Hash // in the order of labels, without the tree's
}

func newGrove(tried variantSet, trailer Variant) *grove {
	g := &grove{tree: newTree(trailer)}
	g.variant = setOf([]Variant{g.tree.form.variant})
	g.others = tried&^g.variant != 0
	return g
}

// add appends the leaf of a line.
func (g *grove) add(r *row) {
	leaf := r.line.ContentHash
	if leaf.IsZero() {
		own := g.tree.form.label.number()
		leaf = r.leaves[own]
		if g.others {
			others := otherLeaves{number: g.leaves.n}
			copy(others.leaves[copy(others.leaves[:], r.leaves[:own]):], r.leaves[own+1:])
			g.unstated.add(others)
		}
	}
	if g.others {
		g.leaves.add(leaf)
	}
	if g.waiting = append(g.waiting, leaf); len(g.waiting) == wide {
		g.settle()
	}
}

func (g *grove) settle() {
	g.tree.extend(g.waiting, &g.batch)
	g.waiting = g.waiting[:0]
}

// matching returns the variants of a set whose tree has the root.
func (g *grove) matching(tried variantSet, root Hash) variantSet {
	own := g.of(g.tree.form.variant)
	if tried&g.variant != 0 && own.root() == root && own.size > 1 {
		return g.variant // two variants share no root that has a node
	}
	var set variantSet
	for i := range forms {
		if tried>>i&1 == 1 && g.root(i) == root {
			set |= 1 << i
		}
	}
	return set
}

// root returns the root by one of the forms that are tried or the trailer's.
func (g *grove) root(i int) Hash {
	if g.roots[i] == nil {
		g.roots[i] = new(g.of(forms[i].variant).root())
	}
	return *g.roots[i]
}

// of returns the tree of a variant that is tried or the trailer's, when all lines are there.
func (g *grove) of(v Variant) *tree {
	if len(g.waiting) > 0 {
		g.settle()
	}
	if v == g.tree.form.variant {
		return g.tree
	}
	tree, unstated := newTree(v), 0
	own, other := g.tree.form.label.number(), tree.form.label.number()
	room := make([]Hash, 0, wide)
	for i := range g.leaves.n {
		leaf := g.leaves.at(i)
		if unstated < g.unstated.n && g.unstated.at(unstated).number == i {
			switch others := g.unstated.at(unstated).leaves; {
			case other < own:
				leaf = others[other]
			case other > own:
				leaf = others[other-1]
			}
			unstated++
		}
		if room = append(room, leaf); len(room) == wide {
			tree.extend(room, &g.batch)
			room = room[:0]
		}
	}
	tree.extend(room, &g.batch)
	return tree
}
