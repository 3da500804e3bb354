package proof

import (
	"math/bits"

	"github.com/pacspace/pacspace-go/internal/keccak"
)

// A tree makes a root while leaves come in, and keeps one hash per level.
type tree struct {
	form *form // nil for what is no variant
	size uint64
	// edge[k] is the last complete node of level k that waits for its right sibling: it is
	// there where bit k of size is set.
	edge [64]Hash
	// twins has bit k set where the last two nodes that met at level k were equal.
	twins uint64
	// parents is room for extend.
	parents []Hash
}

func newTree(v Variant) *tree { return &tree{form: v.form()} }

// add puts a leaf on the right.
func (t *tree) add(leaf Hash) {
	if t.form == nil {
		return
	}
	t.append(leaf, 0)
}

// append adds a complete node of a level at which nothing is open below.
func (t *tree) append(node Hash, level int) {
	t.size += 1 << level
	for ; t.size>>level&1 == 0; level++ {
		t.meet(level, t.edge[level], node)
		node = t.form.node(t.edge[level], node)
	}
	t.edge[level] = node
}

// meet notes whether two nodes that meet at a level are equal.
func (t *tree) meet(level int, left, right Hash) {
	t.twins &^= 1 << level
	if left == right {
		t.twins |= 1 << level
	}
}

// wide is the most leaves that extend takes at once.
const wide = 1 << wideLevels

const wideLevels = 10

// extend appends leaves, many at a time where the size of the tree allows it. It does what
// add does for each of them, and overwrites them.
func (t *tree) extend(leaves []Hash, batch *keccak.Batch) {
	for len(leaves) > 0 {
		level := min(bits.TrailingZeros64(t.size), bits.Len(uint(len(leaves)))-1, wideLevels)
		t.append(t.reduce(leaves[:1<<level], batch), level)
		leaves = leaves[1<<level:]
	}
}

// reduce makes the node over a power of two of leaves, in their place, and notes twins on the way.
func (t *tree) reduce(nodes []Hash, batch *keccak.Batch) Hash {
	size := t.form.nodeSize()
	for level := 0; len(nodes) > 1; level++ {
		t.meet(level, nodes[len(nodes)-2], nodes[len(nodes)-1])
		half := len(nodes) / 2
		if t.parents == nil {
			t.parents = make([]Hash, wide/2)
		}
		parents := t.parents[:half]
		for i := range half {
			t.form.write(batch.Next(size, (*[hashSize]byte)(&parents[i])), &nodes[2*i], &nodes[2*i+1])
		}
		batch.Flush()
		copy(nodes, parents)
		nodes = nodes[:half]
	}
	return nodes[0]
}

// root returns the root over the leaves so far: 32 zero bytes for none, the leaf itself for
// one. More leaves may follow.
func (t *tree) root() Hash {
	root, _ := t.finish()
	return root
}

// finish goes up the right edge. doubled tells whether, at some level, the tree ends in two
// equal nodes that a shorter list of leaves would end in too, the odd one being paired with
// itself: then the root alone does not say how many leaves there are (CVE-2012-2459).
func (t *tree) finish() (root Hash, doubled bool) {
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
func (t *tree) repeatable() int {
	if t.size&(t.size-1) == 0 {
		return 0
	}
	return 1 << bits.TrailingZeros64(t.size)
}
