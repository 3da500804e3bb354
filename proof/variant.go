package proof

import (
	"errors"
	"fmt"
	"slices"

	"github.com/pacspace/pacspace-go/internal/keccak"
)

// Scheme is the name of the rules by which items, batches and checkpoints are hashed here.
// They are the only ones that were ever published, and the service was never seen to
// confirm them; a Report says how far the file at hand does.
//
//	leaf = keccak256(item label + canonical JSON of the item)
//	node = keccak256(node label + left child + right child)
//
// Leaves are paired from left to right in the order of their submission. Where a level has
// an odd number of nodes the last one is paired with itself. The root of one item is its
// leaf, the root of none is 32 zero bytes.
//
// Source: API contract, section 5.1.
const Scheme = "pacspace-merkle-v1"

// Variant is one reading of what the published text of the scheme leaves open: how a label
// ends, and how a child is put into a node.
//
// The zero Variant hashes as VariantHex0x. A Variant that is none of Variants has no
// hashes: its methods return the zero Hash, and Verify and NewWriter refuse it.
//
// Source: API contract, sections 5.2 and 5.4.
type Variant string

// The variants. Colon: the labels are "pacspace:item:v1:" and "pacspace:node:v1:". Nul: one
// 0x00 byte stands for the last colon, as the newest official code has it elsewhere.
const (
	VariantHex0x    Variant = "hex0x"     // colon; children as 0x and 64 lower-case hex digits: the published text as it reads
	VariantHex      Variant = "hex"       // colon; children as 64 lower-case hex digits
	VariantRaw      Variant = "raw"       // colon; children as 32 bytes
	VariantHex0xNul Variant = "hex0x-nul" // nul; children as in hex0x
	VariantHexNul   Variant = "hex-nul"   // nul; children as in hex
	VariantRawNul   Variant = "raw-nul"   // nul; children as in raw
)

// ErrVariant is what a Variant outside of Variants is, through errors.Is. What to do: name
// one of Variants, or none to have all tried.
var ErrVariant = errors.New("proof: variant: not a variant of " + Scheme)

// Variants returns all variants, in the order in which they are tried and reported.
func Variants() []Variant {
	all := make([]Variant, len(forms))
	for i, f := range forms {
		all[i] = f.variant
	}
	return all
}

// Validate refuses what is neither zero nor one of Variants.
func (v Variant) Validate() error {
	if v.form() == nil {
		return fmt.Errorf("%w: %q; take one of %v", ErrVariant, string(v), Variants())
	}
	return nil
}

// Leaf returns the hash of an item from its canonical JSON, which Item.Canonical makes.
func (v Variant) Leaf(canonicalItem []byte) Hash {
	f := v.form()
	if f == nil {
		return Hash{}
	}
	return f.leaf(canonicalItem)
}

// ItemHash returns the hash of an item: Leaf of its canonical form. It is what the scheme
// takes a delta's contentHash to be. The errors are those of Item.Canonical.
func (v Variant) ItemHash(item Item) (Hash, error) {
	text, err := item.Canonical()
	if err != nil {
		return Hash{}, err
	}
	return v.Leaf(text), nil
}

// Node returns the hash of two children.
func (v Variant) Node(left, right Hash) Hash {
	f := v.form()
	if f == nil {
		return Hash{}
	}
	return f.node(left, right)
}

// Root returns the root over leaves in their order.
func (v Variant) Root(leaves []Hash) Hash {
	t := newTree(v)
	for _, leaf := range leaves {
		t.add(leaf)
	}
	return t.root()
}

// MatchItem returns the variants whose ItemHash of item is hash: none where no reading of
// the scheme leads to it. Only the label tells variants apart here, so it is all three of a
// label or none.
func MatchItem(item Item, hash Hash) ([]Variant, error) {
	text, err := item.Canonical()
	if err != nil {
		return nil, err
	}
	return matching(func(f *form) bool { return f.leaf(text) == hash }), nil
}

// MatchRoot returns the variants whose Root of leaves is root. Up to one leaf it is all
// variants or none, since no node is made.
func MatchRoot(leaves []Hash, root Hash) []Variant {
	return matching(func(f *form) bool { return f.variant.Root(leaves) == root })
}

// A form is a variant taken apart. The six of them are the one table of what is open.
type form struct {
	variant   Variant
	label     label
	children  children
	nodeLabel string
}

type label string

const (
	labelColon label = "pacspace:item:v1:"
	labelNul   label = "pacspace:item:v1\x00"
)

// labels are all of them, in the order in which they are tried.
var labels = [...]label{labelColon, labelNul}

const (
	nodeColon = "pacspace:node:v1:"
	nodeNul   = "pacspace:node:v1\x00"
)

type children int

const (
	childrenHex0x children = iota
	childrenHex
	childrenRaw
)

var forms = [...]form{
	{VariantHex0x, labelColon, childrenHex0x, nodeColon},
	{VariantHex, labelColon, childrenHex, nodeColon},
	{VariantRaw, labelColon, childrenRaw, nodeColon},
	{VariantHex0xNul, labelNul, childrenHex0x, nodeNul},
	{VariantHexNul, labelNul, childrenHex, nodeNul},
	{VariantRawNul, labelNul, childrenRaw, nodeNul},
}

// form returns nil for what is no variant.
func (v Variant) form() *form {
	if v == "" {
		return &forms[0]
	}
	i := slices.IndexFunc(forms[:], func(f form) bool { return f.variant == v })
	if i < 0 {
		return nil
	}
	return &forms[i]
}

func (f *form) leaf(canonicalItem []byte) Hash { return f.label.leaf(canonicalItem) }

// number is the label's place in labels.
func (l label) number() int { return slices.Index(labels[:], l) }

func (l label) leaf(canonicalItem []byte) Hash {
	return Hash(keccak.Sum256([]byte(l), canonicalItem))
}

// nodeRoom holds the longest message of a node: label and two children of 66 characters.
const nodeRoom = len(nodeColon) + 2*(2+2*hashSize)

func (f *form) node(left, right Hash) Hash {
	var room [nodeRoom]byte
	message := room[:f.nodeSize()]
	f.write(message, &left, &right)
	return Hash(keccak.Sum256(message))
}

// write is the message of two children, of nodeSize bytes.
func (f *form) write(dst []byte, left, right *Hash) {
	at := copy(dst, f.nodeLabel)
	for _, h := range [...]*Hash{left, right} {
		switch f.children {
		case childrenRaw:
			at += copy(dst[at:], h[:])
			continue
		case childrenHex0x:
			at += copy(dst[at:], "0x")
		}
		h.encode(dst[at : at+2*hashSize])
		at += 2 * hashSize
	}
}

// nodeSize is the length of a node's message.
func (f *form) nodeSize() int {
	return len(f.nodeLabel) + 2*[...]int{childrenHex0x: 2 + 2*hashSize, childrenHex: 2 * hashSize, childrenRaw: hashSize}[f.children]
}

func matching(fits func(*form) bool) []Variant {
	var found []Variant
	for i := range forms {
		if fits(&forms[i]) {
			found = append(found, forms[i].variant)
		}
	}
	return found
}
