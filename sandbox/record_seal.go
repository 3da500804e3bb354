package sandbox

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/pacspace/pacspace-go/proof/sealed"
	"github.com/pacspace/pacspace-go/record"
)

// sealedEntry is an entry's content under its seal. All of it is made by the formulas of
// package proof/sealed, so that what the sandbox seals is what the verifiers check.
type sealedEntry struct {
	content      json.RawMessage
	lifecycle    string             // of the record from here on
	commitment   *sealed.Commitment // nil for record hash V1
	recordHash   sealed.Hash
	opening      sealed.Hash
	itemOpening  sealed.Hash
	previousWord sealed.Word
	newWord      sealed.Word
	batch        uint64
}

// seal seals a content as the next entry of a record. Source: records contract, section 6.
func (p *plane) seal(r *heldRecord, content json.RawMessage, lifecycle string, attempt bool) (*sealedEntry, error) {
	seq := strconv.FormatUint(uint64(r.next), 10)
	e := &sealedEntry{
		content: content, lifecycle: lifecycle, previousWord: r.word,
		opening:     p.secret("record opening", r.recordType, r.id, seq),
		itemOpening: p.secret("item opening", r.recordType, r.id, seq),
		batch:       uint64(p.entries) + 1,
	}
	var err error
	if r.version == sealed.V1 {
		e.recordHash, err = sealed.RecordHashV1(content)
	} else if e.commitment, err = r.version.Commit(content, p.secret("salt key", r.recordType, r.id, seq)); err == nil {
		e.recordHash = e.commitment.RecordHash
	}
	if err != nil {
		return nil, err
	}
	input, err := r.version.SealInput(e.recordHash)
	if err != nil {
		return nil, err
	}
	state := stateOf(r.layout, r.next, lifecycle, attempt)
	e.newWord = sealed.NewWord(state, sealed.Seal(layoutOf(r.layout), state, input, e.opening))
	return e, nil
}

// secret makes a value that is the same on every run: it guards nothing here.
func (p *plane) secret(purpose string, of ...string) sealed.Hash {
	text := "sandbox: " + purpose + "\x00" + string(p.env)
	for _, part := range of {
		text += fmt.Sprintf("\x00%d:%s", len(part), part)
	}
	return sealed.Hash(keccakOf([]byte(text)))
}

// stateOf packs an entry's public state. The order of the fields' bits is not published:
// here they stand in the document's order, the first one highest. Source: records contract,
// section 10.1.
func stateOf(l record.Layout, seq uint32, lifecycle string, attempt bool) sealed.State {
	const transitionNotApplied = 1
	values := map[string]int64{
		"layoutId": int64(l.ID), "layoutVersion": int64(l.Version), "lifecycle": int64(1 + slices.Index(l.Lifecycle, lifecycle)), "seq": int64(seq),
	}
	if attempt {
		values["flags"] = transitionNotApplied
	}
	packed := new(big.Int)
	for _, f := range l.Fields {
		low := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), uint(f.Bits)), big.NewInt(1))
		packed.Or(packed.Lsh(packed, uint(f.Bits)), low.And(low, big.NewInt(values[f.Name])))
	}
	var state sealed.State
	packed.FillBytes(state[:])
	return state
}

// layoutOf is a layout as a seal names it. How PacSpace makes the digest of a layout's
// document is not published: here it is over the name.
func layoutOf(l record.Layout) sealed.LayoutRef {
	return sealed.LayoutRef{ID: uint16(l.ID), Version: uint8(l.Version), Digest: sealed.Hash(keccakOf([]byte("sandbox: layout\x00" + l.Name)))}
}

// chainOf is the ledger that an environment's words would be kept on.
func chainOf(env Environment) sealed.Chain {
	c := sealed.Chain{ID: 295}
	if env == Test {
		c.ID = 296
	}
	contract := keccakOf([]byte("sandbox: contract\x00" + string(env)))
	copy(c.Contract[:], contract[:])
	return c
}

// sealHistory is a record's seal history: what its disclosures are checked against.
func (p *plane) sealHistory(r *heldRecord) ([]byte, error) {
	h := sealed.History{RecordKey: r.key, Chain: chainOf(p.env), Layout: layoutOf(r.layout), Version: r.version, Entries: []sealed.HistoryEntry{}}
	for _, e := range r.committed() {
		entry := sealed.HistoryEntry{
			Seq: e.seq, PreviousWord: e.previousWord, NewWord: e.newWord, ItemOpening: e.itemOpening, BatchID: e.batch,
		}
		if r.version != sealed.V1 {
			entry.RecordHash = &e.recordHash
		}
		h.Entries = append(h.Entries, entry)
	}
	return h.Encode()
}

func (r *heldRecord) committed() []*recordEntry {
	var list []*recordEntry
	for _, e := range r.entries {
		if e.done && e.sealedEntry != nil {
			list = append(list, e)
		}
	}
	return list
}

// disclose makes a disclosure of chosen fields.
func (p *plane) disclose(r *heldRecord, shown []Shown) ([]byte, error) {
	d := sealed.Disclosure{RecordKey: r.key, Chain: chainOf(p.env), Layout: layoutOf(r.layout), Version: r.version}
	for _, s := range shown {
		var found *recordEntry
		for _, e := range r.committed() {
			if int64(e.seq)+1 == int64(s.Entry) {
				found = e
			}
		}
		if found == nil {
			return nil, fmt.Errorf("sandbox: entry %d of %s: not committed; move the clock on and settle", s.Entry, r.id)
		}
		if found.commitment == nil {
			d.Entries = append(d.Entries, sealed.DisclosedEntry{Seq: found.seq, RecordOpening: found.opening, Content: found.content})
			continue
		}
		entry, err := found.commitment.Disclose(found.seq, found.opening, pointers(s.Fields)...)
		if err != nil {
			return nil, err
		}
		d.Entries = append(d.Entries, entry)
	}
	return d.Encode()
}

// pointers takes the name of a field for the pointer to it.
func pointers(fields []string) []string {
	list := make([]string, len(fields))
	for i, f := range fields {
		if list[i] = f; !strings.HasPrefix(f, "/") {
			list[i] = "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(f)
		}
	}
	return list
}
