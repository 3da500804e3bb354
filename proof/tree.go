package proof

import "math/bits"

// Tree makes a root while leaves come in, and keeps one hash per level. Make one with
// NewTree; it is not safe for concurrent use.
type Tree struct {
	form *form // nil for what is no variant
	size uint64
	// edge[k] is the last complete node of level k that waits for its right sibling: it is
	// there where bit k of size is set.
	edge [64]Hash
	// twins has bit k set where the last two nodes that met at level k were equal.
	twins uint64
}

// NewTree returns an empty tree of a variant.
func NewTree(v Variant) *Tree { return &Tree{form: v.form()} }

// Append adds a leaf on the right.
func (t *Tree) Append(leaf Hash) {
	if t.form == nil {
		return
	}
	node, level := leaf, 0
	for ; t.size>>level&1 == 1; level++ {
		left := t.edge[level]
		t.twins &^= 1 << level
		if left == node {
			t.twins |= 1 << level
		}
		node = t.form.node(left, node)
	}
	t.edge[level] = node
	t.size++
}

// Len returns the number of leaves.
func (t *Tree) Len() int { return int(t.size) }

// Root returns the root over the leaves so far: 32 zero bytes for none, the leaf itself for
// one. More leaves may follow.
func (t *Tree) Root() Hash {
	root, _ := t.finish()
	return root
}

// finish goes up the right edge. doubled tells whether, at some level, the tree ends in two
// equal nodes that a shorter list of leaves would end in too, the odd one being paired with
// itself: then the root alone does not say how many leaves there are (CVE-2012-2459).
func (t *Tree) finish() (root Hash, doubled bool) {
	if t.size == 0 {
		return Hash{}, false
	}
	lowest := bits.TrailingZeros64(t.size)
	// Below lowest, each level ends in a complete pair. Two nodes that make the root itself
	// are no such pair: a single node is not paired.
	for level := range lowest {
		doubled = doubled || t.twins>>level&1 == 1 && t.size>>level > 2
	}
	node := t.edge[lowest]
	if t.size>>lowest == 1 {
		return node, doubled
	}
	node = t.form.node(node, node)
	for level := lowest + 1; t.size>>level > 0; level++ {
		left := node
		if t.size>>level&1 == 1 {
			left = t.edge[level]
			doubled = doubled || left == node && t.size>>level > 1
		}
		node = t.form.node(left, node)
	}
	return node, doubled
}

// repeatable returns how many of the last leaves could stand there once more without
// changing the root: 0 where the number of leaves is 0 or a power of two.
func (t *Tree) repeatable() int {
	if t.size&(t.size-1) == 0 {
		return 0
	}
	return 1 << bits.TrailingZeros64(t.size)
}
