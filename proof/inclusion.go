package proof

import (
	"errors"
	"fmt"
)

// Why an inclusion proof was refused, for errors.Is.
var (
	// ErrNotIncluded: the path does not lead from the leaf to the root. What to do: check
	// that leaf, path and root are of one tree and one variant; else it does not belong.
	ErrNotIncluded = errors.New("proof: inclusion: the path does not lead to the root")
	// ErrInclusion: the proof is not one that any tree has. What to do: ask for it again.
	ErrInclusion = errors.New("proof: inclusion: malformed")
)

// Prove returns the path from leaves[index] to the root over leaves: the sibling of each
// level, lowest first. A node that is paired with itself has no sibling, so its level is
// left out; size and index say where. The path of a single leaf is empty.
func Prove(v Variant, leaves []Hash, index int) ([]Hash, error) {
	f := v.form()
	if f == nil {
		return nil, v.Validate()
	}
	if index < 0 || index >= len(leaves) {
		return nil, fmt.Errorf("%w: index %d is outside of the %d leaves", ErrInclusion, index, len(leaves))
	}
	path := []Hash{}
	level := leaves
	for ; len(level) > 1; index /= 2 {
		if sibling := index ^ 1; sibling < len(level) {
			path = append(path, level[sibling])
		}
		level = f.above(level)
	}
	return path, nil
}

// VerifyInclusion checks that leaf is the index-th of size leaves, counted from 0, under
// root. The path must have exactly the length that index and size give; both must come from
// somewhere else than the path does, since a path fits several of them.
func (v Variant) VerifyInclusion(leaf Hash, index, size int, path []Hash, root Hash) error {
	f := v.form()
	if f == nil {
		return v.Validate()
	}
	if index < 0 || index >= size {
		return fmt.Errorf("%w: index %d is outside of %d leaves", ErrInclusion, index, size)
	}
	if want := pathLength(index, size); len(path) != want {
		return fmt.Errorf("%w: the path has %d hashes and leaf %d of %d needs %d", ErrInclusion, len(path), index, size, want)
	}
	node := leaf
	for width := size; width > 1; index, width = index/2, (width+1)/2 {
		switch {
		case index^1 >= width:
			node = f.node(node, node)
			continue
		case index%2 == 0:
			node = f.node(node, path[0])
		default:
			node = f.node(path[0], node)
		}
		path = path[1:]
	}
	if node != root {
		return fmt.Errorf("%w: it leads to %s and the root is %s", ErrNotIncluded, node, root)
	}
	return nil
}

// above returns the level over nodes, of which there are at least two.
func (f *form) above(nodes []Hash) []Hash {
	parents := make([]Hash, 0, (len(nodes)+1)/2)
	for i := 0; i < len(nodes); i += 2 {
		parents = append(parents, f.node(nodes[i], nodes[min(i+1, len(nodes)-1)]))
	}
	return parents
}

func pathLength(index, size int) int {
	n := 0
	for width := size; width > 1; index, width = index/2, (width+1)/2 {
		if index^1 < width {
			n++
		}
	}
	return n
}
