package proof

import (
	"errors"
	"fmt"
)

// ErrNotIncluded is what every inclusion that is not shown is, through errors.Is: the path
// leads to another root, or has not the length that any tree gives it. What to do: check
// that leaf, path and root are of one tree and one variant; else the leaf does not belong.
var ErrNotIncluded = errors.New("proof: not included")

// ProveInclusion returns the path from leaves[index] to the root over leaves: the sibling of
// each level, lowest first. A node that is paired with itself has no sibling, so its level is
// left out; size and index say where. The path of a single leaf is empty.
func (v Variant) ProveInclusion(leaves []Hash, index int) ([]Hash, error) {
	f := v.form()
	if f == nil {
		return nil, v.Validate()
	}
	if index < 0 || index >= len(leaves) {
		return nil, fmt.Errorf("%w: index %d is outside of the %d leaves", ErrNotIncluded, index, len(leaves))
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
// somewhere else than the path does, since a path fits several of them. The error is
// ErrNotIncluded, or ErrVariant.
func (v Variant) VerifyInclusion(leaf Hash, index, size int, path []Hash, root Hash) error {
	f := v.form()
	if f == nil {
		return v.Validate()
	}
	if index < 0 || index >= size {
		return fmt.Errorf("%w: index %d is outside of %d leaves", ErrNotIncluded, index, size)
	}
	if want := pathLength(index, size); len(path) != want {
		return fmt.Errorf("%w: the path has %d hashes and leaf %d of %d needs %d", ErrNotIncluded, len(path), index, size, want)
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
		return fmt.Errorf("%w: the path leads to %s and the root is %s", ErrNotIncluded, node, root)
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
