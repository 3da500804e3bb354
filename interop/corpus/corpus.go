// Package corpus makes mutations of honest evidence: every field at every level, changed
// and then sealed again up to some level or not at all. What each must come to follows from
// how it is made (what was changed, and how far it was sealed decide) and not from running
// a verifier.
package corpus

import (
	"fmt"
	"iter"
	"sync"

	"github.com/pacspace/pacspace-go/interop/internal/forge"
	"github.com/pacspace/pacspace-go/proof"
)

// Mutation is one case. As JSON it is an entry of an index, as an attack is.
type Mutation struct {
	forge.Case
	Class string `json:"class"`
}

// days is how many the files of the corpus have: enough for a tree of three levels with an
// odd one.
const days = 6

// A class is a kind of mutations that are made in the same way.
type class struct {
	name string
	make func(*maker)
}

func classes() []class {
	return []class{
		{"items", items}, {"unstated-items", unstatedItems}, {"unknown-items", unknownItems},
		{"proof-fields", proofFields}, {"labels", labels}, {"lines", lines}, {"tails", tails},
		{"header", header}, {"trailer", trailer}, {"public-record", publicRecord}, {"own-deltas", ownDeltas},
		{"earlier", earlier}, {"invoice-root", invoiceRoot},
		{"names", names}, {"values", values}, {"bytes", bytesOfFile},
	}
}

// All yields every mutation, in the same order each time. Ids are unique.
func All() iter.Seq[Mutation] {
	return func(yield func(Mutation) bool) {
		for _, class := range classes() {
			m := &maker{class: class.name, yield: yield}
			class.make(m)
			if m.done {
				return
			}
		}
	}
}

// Sample returns the first mutation of each class.
func Sample() []Mutation {
	var sample []Mutation
	for _, class := range classes() {
		class.make(&maker{class: class.name, yield: func(m Mutation) bool {
			sample = append(sample, m)
			return false
		}})
	}
	return sample
}

// A maker hands out the mutations of one class.
type maker struct {
	class string
	yield func(Mutation) bool
	done  bool
}

// A mutant is an honest file with what the checker has, to be changed.
type mutant struct {
	*forge.File
	expect  forge.M
	anchors []forge.M
	bytes   []byte // instead of the file's own
}

// pristine are the honest files by variant, made once and copied for each mutant.
var pristine = sync.OnceValue(func() map[proof.Variant]*forge.File {
	files := map[proof.Variant]*forge.File{}
	for _, v := range proof.Variants() {
		files[v] = forge.Month(forge.February, days, v)
	}
	return files
})

func honest(v proof.Variant) *mutant { return of(pristine()[v].Clone()) }

func of(f *forge.File) *mutant {
	return &mutant{File: f, expect: forge.Buyer(), anchors: []forge.M{f.Record()}}
}

// add hands out one mutation under a name that is unique in its class.
func (m *maker) add(x *mutant, want forge.Want, name string, args ...any) {
	if m.done {
		return
	}
	if x.bytes == nil {
		x.bytes = x.Bytes()
	}
	id := m.class + "-" + fmt.Sprintf(name, args...)
	m.done = !m.yield(Mutation{Class: m.class, Case: forge.Case{
		ID: id, File: id + ".jsonl", Expect: x.expect, Anchors: x.anchors, Want: want, Bytes: x.bytes,
	}})
}

// each calls f for every line of the files and every variant.
func each(f func(v proof.Variant, i int)) {
	for _, v := range proof.Variants() {
		for i := range days {
			f(v, i)
		}
	}
}

// few are the variants for classes that are not about hashes.
var few = []proof.Variant{proof.VariantHex0x, proof.VariantRawNul}

// A depth is how far a changed file is sealed again.
type depth int

const (
	unsealed depth = iota
	content        // the content hash, also among those of its batch
	batch          // and the batch's root and the receipt
	totals         // and counts, sum and claim
	ending         // and the trailer's root
	probed         // as ending, and a probe has shown how the service makes its roots
	whole          // and the checkpoint's root, while the record has the old one
	recorded       // and the record
	depths
)

var depthNames = [depths]string{"unsealed", "content", "batch", "totals", "ending", "probed", "whole", "recorded"}

// seal seals what changed in line i.
func (x *mutant) seal(i int, d depth) {
	if d >= content {
		x.SealContent(i)
	}
	if d >= batch {
		x.SealBatch(i)
	}
	x.sealAbove(d)
}

// sealAbove seals what is above the batches.
func (x *mutant) sealAbove(d depth) {
	if d >= totals {
		x.SealTotals()
	}
	if d >= ending {
		x.SealTrailer()
	}
	if d == probed {
		x.anchors = append(x.anchors, forge.Probe(x.Variant, false, false))
	}
	if d >= whole {
		x.SealRoot()
	}
	if d == recorded {
		x.anchors = []forge.M{x.Record()}
	}
}
