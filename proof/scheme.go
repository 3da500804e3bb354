package proof

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

// item returns by which of the variants tried the hash is the item's, 0 for none. The
// label of the published text comes first, so that a usual item is hashed once.
func (s *scheme) item(form []byte, hash Hash) variantSet {
	for _, l := range [...]label{labelColon, labelNul} {
		if set := s.tried & labelled(l); set != 0 && l.leaf(form) == hash {
			return set
		}
	}
	return 0
}

// computed returns the content hash by the first label that is tried, for reports.
func (s *scheme) computed(form []byte) Hash {
	if s.tried&labelled(labelColon) != 0 {
		return labelColon.leaf(form)
	}
	return labelNul.leaf(form)
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

// A grove holds a tree for each variant: which of them is the service's shows at the end.
type grove struct {
	trees   [len(forms)]*Tree // nil where the variant is not needed
	variant Variant           // of the trailer
}

func newGrove(tried variantSet, trailer Variant) *grove {
	g := &grove{variant: trailer}
	for i := range forms {
		if tried>>i&1 == 1 || forms[i].variant == trailer {
			g.trees[i] = NewTree(forms[i].variant)
		}
	}
	return g
}

// add appends the leaf of a line to all trees.
func (g *grove) add(l *Line) {
	if !l.ContentHash.IsZero() {
		for _, t := range g.trees {
			if t != nil {
				t.Append(l.ContentHash)
			}
		}
		return
	}
	colon, nul := labelColon.leaf(l.form), labelNul.leaf(l.form)
	for _, t := range g.trees {
		switch {
		case t == nil:
		case t.form.label == labelColon:
			t.Append(colon)
		default:
			t.Append(nul)
		}
	}
}

// matching returns the variants of a set whose tree has the root.
func (g *grove) matching(tried variantSet, root Hash) variantSet {
	var set variantSet
	for i, t := range g.trees {
		if tried>>i&1 == 1 && t.Root() == root {
			set |= 1 << i
		}
	}
	return set
}

// of returns the tree of a variant that is tried or the trailer's.
func (g *grove) of(v Variant) *Tree {
	for i := range forms {
		if forms[i].variant == v {
			return g.trees[i]
		}
	}
	return nil
}
