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
	Origin  Origin        `json:"origin"`
	Steps   []Step        `json:"steps"`
	// Root is what the report was made against, zero where there is none; Reaches tells
	// whether the path leads there.
	Root    proof.Hash `json:"root"`
	Reaches bool       `json:"reaches"`
}

// Origin says how a leaf comes from what the delta says.
type Origin string

// The origins, as section 8.1 of the evidence format has them.
const (
	Reproduced  Origin = "reproduced"   // the stated content hash is the item's
	Differing   Origin = "differing"    // the stated content hash is not the item's
	PartlyKnown Origin = "partly known" // it is not, and something of the item is unknown
	Unstated    Origin = "unstated"     // no content hash is stated; the leaf is computed
)

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
// It reads the file up to there.
func (v *Survey) Path(choice string) (*Path, error) {
	p := &Path{Variant: v.variant, Root: v.root, Size: len(v.leaves), Steps: []Step{}}
	line, err := v.find(strings.TrimSpace(choice), p)
	if err != nil {
		return nil, err
	}
	p.Reference, p.Delta = line.Item.ReferenceID, line.Item.Delta.String()
	if p.Carried = line.Carried != nil; p.Carried {
		return p, nil
	}
	if p.Index >= len(v.leaves) {
		return nil, errors.New("the file is not the one that was verified; verify it again")
	}
	p.Leaf, p.Origin = v.leaves[p.Index], origin(line)
	siblings, err := v.variant.ProveInclusion(v.leaves, p.Index)
	if err != nil {
		return nil, err
	}
	p.climb(siblings)
	p.Reaches = v.variant.VerifyInclusion(p.Leaf, p.Index, p.Size, siblings, p.Root) == nil
	return p, nil
}

// find reads up to a delta and says in the path where it stands.
func (v *Survey) find(choice string, p *Path) (*proof.Line, error) {
	if choice == "" {
		return nil, errors.New("type the number of a delta, or its reference")
	}
	wanted, err := strconv.Atoi(choice)
	if err != nil {
		wanted = 0
	} else if wanted < 1 || wanted > v.Count {
		return nil, fmt.Errorf("there is no delta %d; the file has %d", wanted, v.Count)
	}
	reader, err := proof.NewReader(v.source.Open())
	if err != nil {
		return nil, err
	}
	for l, err := range reader.Lines() {
		if err != nil {
			return nil, err
		}
		p.Number++
		if p.Number == wanted || wanted == 0 && l.Item.ReferenceID == choice {
			return &l, nil
		}
		if l.Carried == nil {
			p.Index++
		}
	}
	return nil, errors.New("no delta of the file has this reference; copy it whole, or type its number")
}

func origin(l *proof.Line) Origin {
	if l.ContentHash.IsZero() {
		return Unstated
	}
	for _, variant := range proof.Variants() {
		if hash, err := variant.ItemHash(l.Item); err == nil && hash == l.ContentHash {
			return Reproduced
		}
	}
	s := l.Sources
	if slices.Contains([]proof.Source{s.Item, s.Reason, s.ReferenceID, s.Metadata, s.Adjusts}, proof.SourceUnknown) {
		return PartlyKnown
	}
	return Differing
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
