package check

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pacspace/pacspace-go/proof"
)

// Path is the way from a delta to the root.
type Path struct {
	Number    int    `json:"number"` // of the delta in the file, counted from 1
	Reference string `json:"reference,omitzero"`
	Delta     string `json:"delta"`
	// Carried says that the delta is under the checkpoint of an earlier window, so that there
	// is no path; what follows is then empty.
	Carried bool          `json:"carried"`
	Index   int           `json:"index"` // among the deltas under the checkpoint, counted from 0
	Size    int           `json:"size"`
	Variant proof.Variant `json:"variant"`
	Leaf    proof.Hash    `json:"leaf"`
	Steps   []Step        `json:"steps"`
	// Root is what the report was made against, zero where there is none; Reaches tells
	// whether the path leads there.
	Root    proof.Hash `json:"root"`
	Reaches bool       `json:"reaches"`
}

// Step is one level up.
type Step struct {
	// Side is where the sibling stands: "left" or "right" of the node before, or "self"
	// where that one is the last of an odd number and is paired with itself.
	Side    string     `json:"side"`
	Sibling proof.Hash `json:"sibling"`
	// Node is the hash of both.
	Node proof.Hash `json:"node"`
}

// Path makes the path of the delta that choice names: by its number, else by its reference.
func (v *Survey) Path(choice string) (*Path, error) {
	number, err := v.choose(strings.TrimSpace(choice))
	if err != nil {
		return nil, err
	}
	p := &Path{Number: number, Variant: v.variant, Root: v.report.Root, Size: len(v.leaves), Steps: []Step{}}
	p.Reference, p.Delta = v.deltas.at(number)
	before, carried := slices.BinarySearch(v.carried, number)
	if p.Carried = carried; carried {
		return p, nil
	}
	p.Index = number - 1 - before
	p.Leaf = v.leaves[p.Index]
	siblings, err := proof.Prove(v.variant, v.leaves, p.Index)
	if err != nil {
		return nil, err
	}
	p.climb(siblings)
	p.Reaches = v.variant.VerifyInclusion(p.Leaf, p.Index, p.Size, siblings, p.Root) == nil
	return p, nil
}

// climb makes the nodes on the way, as VerifyInclusion goes it.
func (p *Path) climb(siblings []proof.Hash) {
	node := p.Leaf
	for index, width := p.Index, p.Size; width > 1; index, width = index/2, (width+1)/2 {
		step := Step{Side: "self", Sibling: node}
		if index^1 < width {
			step.Sibling, siblings = siblings[0], siblings[1:]
			step.Side = "right"
			if index%2 == 1 {
				step.Side = "left"
			}
		}
		if step.Side == "left" {
			step.Node = p.Variant.Node(step.Sibling, node)
		} else {
			step.Node = p.Variant.Node(node, step.Sibling)
		}
		node = step.Node
		p.Steps = append(p.Steps, step)
	}
}

func (v *Survey) choose(choice string) (int, error) {
	if choice == "" {
		return 0, errors.New("type the number of a delta, or its reference")
	}
	if n, err := strconv.Atoi(choice); err == nil {
		if n < 1 || n > v.Count {
			return 0, fmt.Errorf("there is no delta %d; the file has %d", n, v.Count)
		}
		return n, nil
	}
	if n := v.deltas.number(choice); n > 0 {
		return n, nil
	}
	return 0, errors.New("no delta of the file has this reference; copy it whole, or type its number")
}
