// Package attacks lists what somebody could try against a verifier of evidence, and what
// it must answer. Each attack says who attacks, what he controls and how it is made; the
// attacker seals again every count, sum, root and trailer that he can. What he cannot
// change stays: what the service hashed, what the public record answers, what the buyer
// expects and kept.
package attacks

import (
	"sync"

	"github.com/pacspace/pacspace-go/interop/internal/forge"
	"github.com/pacspace/pacspace-go/proof"
)

// Who attacks.
const (
	vendor    = "vendor"    // who writes the evidence and prints the invoice
	buyer     = "buyer"     // who checks, and may want not to pay
	middleman = "middleman" // who can change the file on its way
	service   = "service"   // who answers for the record
)

// Attack is one case. As JSON it is an entry of an index that any verifier of the format
// can be held to: file, expect and anchors go in; verdict, first, open and rests come out.
type Attack struct {
	forge.Case
	Attacker string `json:"attacker"`
	Controls string `json:"controls"`
	How      string `json:"how"`
}

// An attack as this package writes it down. build changes the scene of an honest month.
type attack struct {
	name, controls, how string
	want                forge.Want
	build               func(s *scene)
}

// A scene is February's evidence of 28 days of -50, sealed, with a buyer who expects it
// and who brings the public record's answer.
type scene struct {
	*forge.File
	expect  forge.M
	anchors []forge.M
	bytes   []byte // instead of the file's own, where an attack edits the text
}

// days is how many an honest February has.
const days = 28

// All returns every attack, in a fixed order. Names are unique.
func All() []Attack {
	var all []Attack
	for _, list := range []struct {
		by      string
		attacks []attack
	}{
		{vendor, balances()}, {vendor, otherFiles()}, {vendor, hashes()}, {vendor, trees()}, {vendor, references()},
		{vendor, usageDays()}, {vendor, units()}, {vendor, records()}, {vendor, numbers()}, {vendor, adjustments()}, {vendor, carried()},
		{buyer, buyers()}, {middleman, middlemen()}, {service, services()},
	} {
		for _, a := range list.attacks {
			all = append(all, a.stage(list.by))
		}
	}
	return all
}

func (a attack) stage(by string) Attack {
	f := february().Clone()
	s := &scene{File: f, expect: forge.Buyer(), anchors: []forge.M{f.Record()}}
	a.build(s)
	if s.bytes == nil {
		s.bytes = s.Bytes()
	}
	if s.anchors == nil {
		s.anchors = []forge.M{} // an empty list in the index, not null
	}
	id := by + "-" + a.name
	return Attack{Attacker: by, Controls: a.controls, How: a.how, Case: forge.Case{
		ID: id, File: id + ".jsonl", Expect: s.expect, Anchors: s.anchors, Want: a.want, Bytes: s.bytes,
	}}
}

// bring adds anchors to those that the buyer has.
func (s *scene) bring(anchors ...forge.M) { s.anchors = append(s.anchors, anchors...) }

// recorded says that the service has recorded the file as it stands: everything is sealed,
// and the record answers for it.
func (s *scene) recorded() {
	s.Seal()
	s.SealChain()
	s.anchors = []forge.M{s.Record()}
}

// rehash says that the service has recorded the item of delta i as it stands.
func (s *scene) rehash(i int) {
	s.SealContent(i)
	s.SealBatch(i)
}

// underTrueRoot seals everything but the checkpoint's root, which stays that of the record.
func (s *scene) underTrueRoot() {
	checkpoint := s.Header["checkpoint"].(forge.M)
	root := checkpoint["proofRoot"]
	s.SealNumbers()
	s.Seal()
	checkpoint["proofRoot"] = root
}

// drop removes delta i.
func (s *scene) drop(i int) { s.Lines = append(s.Lines[:i:i], s.Lines[i+1:]...) }

// unnamed replaces the file by n deltas without references, as a service allows them.
func (s *scene) unnamed(n int) {
	s.Lines = nil
	for i := range n {
		item := forge.Item("", "-5")
		item["reason"] = string(rune('a' + i))
		s.Add(item)
	}
}

// again adds a copy of delta i under a new record id.
func (s *scene) again(i int) { s.Add(forge.With(s.Item(i), nil)) }

// february is the honest file that every scene begins with, made once and copied.
var february = sync.OnceValue(func() *forge.File { return forge.Month(forge.February, days, proof.VariantHex0x) })

// january is evidence of the month before.
func january() *forge.File { return forge.Month(forge.January, 31, proof.VariantHex0x) }
