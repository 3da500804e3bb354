package proof

import (
	"hash/maphash"
	"slices"
	"strings"

	"github.com/pacspace/pacspace-go/usage"
)

// A ledger remembers every delta that was seen, in the file and in earlier evidence, by its
// reference and by its record. It holds them all or fails; it never forgets one. All texts
// are kept, so that what a hash finds is confirmed; hashes are keyed anew for each ledger,
// so that nobody can make texts that meet.
type ledger struct {
	seed maphash.Seed
	// byLook finds the first reference of each look: of what it shares with those that look
	// like it or repeat it. The others of the look stand in alike, by the first one's number.
	references texts
	byLook     index
	alike      map[uint32][]uint32

	records  texts
	byRecord index

	limit int // of looks and of records: MaxReferences
}

type entry struct {
	reference string
	place     place
}

// A place is a line of the file, or the negative number of an earlier evidence.
type place int32

func newLedger(limit int) *ledger {
	return &ledger{seed: maphash.MakeSeed(), alike: map[uint32][]uint32{}, limit: limit}
}

// kinship says how a reference stands to those before it.
type kinship int

const (
	stranger  kinship = iota
	lookAlike         // the same to the eye
	repeat            // a base and its repeat, or two repeats of one base
	identical
)

// reference adds a reference and returns the nearest one before it. known is the parsed
// form, where there is one.
func (l *ledger) reference(text string, known *usage.Reference, at place) (kinship, entry, error) {
	kin, nearest, _, err := l.refer(text, known, lookOf(text), at)
	return kin, nearest, err
}

// refer is reference for a look that is known already. It also returns the reference's
// number.
func (l *ledger) refer(text string, known *usage.Reference, look string, at place) (kinship, entry, uint32, error) {
	tag := l.tag(look)
	first, there := l.byLook.find(tag, func(n uint32) bool { return l.looks(n, look) })
	if !there {
		if l.byLook.used == l.limit {
			return 0, entry{}, 0, tooManyReferences()
		}
		n := l.references.add(text, at)
		l.byLook.add(tag, n)
		return stranger, entry{}, n, nil
	}
	nearest, number, kin := entry{}, first, stranger
	for i, n := range append([]uint32{first}, l.alike[first]...) {
		e := l.references.entry(n)
		if k := kinOf(text, known, e.reference); i == 0 || k > kin {
			nearest, number, kin = e, n, k
		}
	}
	if kin != identical {
		if len(l.alike[first]) == MaxAlike {
			return 0, entry{}, 0, tooMuch("", "more than %d references that look alike or repeat one another", MaxAlike)
		}
		number = l.references.add(text, at)
		l.alike[first] = append(l.alike[first], number)
	}
	return kin, nearest, number, nil
}

func (l *ledger) tag(text string) uint32 { return uint32(maphash.String(l.seed, text)) }

// looks tells whether a reference has a look.
func (l *ledger) looks(n uint32, look string) bool {
	return lookOf(string(l.references.bytes(n))) == look
}

// find returns the place of exactly this reference.
func (l *ledger) find(text string) (place, bool) {
	look := lookOf(text)
	first, there := l.byLook.find(l.tag(look), func(n uint32) bool { return l.looks(n, look) })
	if !there {
		return 0, false
	}
	of := append([]uint32{first}, l.alike[first]...)
	if i := slices.IndexFunc(of, func(n uint32) bool { return string(l.references.bytes(n)) == text }); i >= 0 {
		return l.references.all.at(int(of[i])).place, true
	}
	return 0, false
}

// record adds a record id and returns the place where it stood before.
func (l *ledger) record(id string, at place) (place, bool, error) {
	before, there, _, err := l.recordNumber(id, at)
	return before, there, err
}

// recordNumber is record, and also returns the record's number.
func (l *ledger) recordNumber(id string, at place) (place, bool, uint32, error) {
	tag := l.tag(id)
	if n, there := l.byRecord.find(tag, func(n uint32) bool { return string(l.records.bytes(n)) == id }); there {
		return l.records.all.at(int(n)).place, true, n, nil
	}
	if l.byRecord.used == l.limit {
		return 0, false, 0, tooManyReferences()
	}
	n := l.records.add(id, at)
	l.byRecord.add(tag, n)
	return 0, false, n, nil
}

// findRecord returns the place of a record id.
func (l *ledger) findRecord(id string) (place, bool) {
	n, there := l.byRecord.find(l.tag(id), func(n uint32) bool { return string(l.records.bytes(n)) == id })
	if !there {
		return 0, false
	}
	return l.records.all.at(int(n)).place, true
}

func tooManyReferences() error {
	return tooMuch("", "more deltas than the %d among which duplicates are looked for; split the evidence by window", MaxReferences)
}

// lookOf returns the key of a reference: folded and, where that is the reference of a
// repeat, its base. Folding comes first, so that a repeat in another case looks like it too.
func lookOf(text string) string {
	look := text
	if !plainLook(text) {
		look = fold(text)
	}
	if strings.Contains(look, ":again-") {
		if known, ok := parseReference(look); ok {
			look = known.Base().String()
		}
	}
	return look
}

// plainLook tells of a text that folding leaves as it is; of others it may not.
func plainLook(text string) bool {
	for _, c := range []byte(text) {
		if c <= ' ' || c >= 0x7f || c >= 'A' && c <= 'Z' {
			return false
		}
	}
	return true
}

func kinOf(text string, known *usage.Reference, before string) kinship {
	if text == before {
		return identical
	}
	other, ok := parseReference(before)
	if ok && known != nil && known.Base() == other.Base() {
		return repeat
	}
	return lookAlike
}

func parseReference(text string) (*usage.Reference, bool) {
	r, err := usage.ParseReference(text)
	if err != nil {
		return nil, false
	}
	return &r, true
}

// billed lists the deltas of one evidence by their ids.
type billed struct {
	references, records *texts
	all                 pages[ids]
}

// ids are numbers of texts plus 1; 0 where the delta has none.
type ids struct{ reference, record uint32 }

func (b *billed) at(i int) (referenceID, recordID string) {
	of := b.all.at(i)
	if of.reference > 0 {
		referenceID = string(b.references.bytes(of.reference - 1))
	}
	if of.record > 0 {
		recordID = string(b.records.bytes(of.record - 1))
	}
	return referenceID, recordID
}

// add is for a list that stands alone, with texts of its own.
func (b *billed) add(referenceID, recordID string) {
	if b.references == nil {
		b.references, b.records = new(texts), new(texts)
	}
	var of ids
	if referenceID != "" {
		of.reference = b.references.add(referenceID, 0) + 1
	}
	if recordID != "" {
		of.record = b.records.add(recordID, 0) + 1
	}
	b.all.add(of)
}
