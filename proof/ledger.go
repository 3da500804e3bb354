package proof

import (
	"hash/maphash"
	"slices"
	"strings"

	"github.com/pacspace/pacspace-go/usage"
)

// A ledger remembers every delta that was seen, in the file and in earlier evidence, by its
// reference and by its record. It holds them all or fails; it never forgets one. All texts
// are kept, so that what a hash finds is confirmed byte by byte: a hash alone neither
// accuses nor passes. Hashes are keyed anew for each ledger, so that nobody can make texts
// that meet.
type ledger struct {
	seed maphash.Seed
	// byLook finds the first reference of each look: of what it shares with those that look
	// like it or repeat it. The others of the look stand in alike, by the first one's number.
	references placed
	byLook     index
	alike      map[uint32][]uint32

	records  placed
	byRecord index

	// awaited are the ids that adjustments named and that were not there, by the first line
	// that did, and found by what they name.
	awaited           placed
	awaitedReferences index
	awaitedRecords    index

	limit int   // of looks and of records: maxReferences
	room  int64 // bytes of texts that may still come
	// fetched means nothing: it keeps fetch from being optimised away.
	fetched uint32
}

// A placed keeps texts, each with its place.
type placed struct {
	texts
	places runs
}

func (p *placed) add(text string, at place) uint32 {
	p.places.add(int32(at))
	return p.texts.add(text)
}

func (p *placed) place(i uint32) place { return place(p.places.at(int(i))) }

type entry struct {
	reference string
	place     place
}

// A place is a line of the file, or the negative number of an earlier evidence.
type place int32

// newLedger returns a ledger for so many deltas at most, of which some are expected.
func newLedger(limit, expected int) *ledger {
	l := &ledger{seed: maphash.MakeSeed(), alike: map[uint32][]uint32{}, limit: limit, room: maxRememberedBytes}
	l.byLook.expected, l.byRecord.expected = expected, expected
	return l
}

// kinship says how a reference stands to those before it.
type kinship int

const (
	stranger  kinship = iota
	lookAlike         // the same to the eye
	repeat            // a base and its repeat, or two repeats of one base
	identical
)

// A named is a reference with all that it is looked up by.
type named struct {
	text  string
	known *usage.Reference // the parsed form, where there is one
	look  string
	tag   uint32
}

func (l *ledger) named(text string, known *usage.Reference) named {
	look := lookOf(text)
	return named{text, known, look, l.tag(look)}
}

// refer adds a reference and returns the nearest one before it and its own number.
func (l *ledger) refer(name *named, at place) (kinship, entry, uint32, error) {
	first, there, free := l.byLook.find(name.tag, func(n uint32) bool { return l.looks(n, name.look) })
	if !there {
		if l.byLook.used == l.limit {
			return 0, entry{}, 0, tooManyReferences()
		}
		n, err := l.keep(&l.references, name.text, at)
		l.byLook.fill(free, name.tag, n)
		return stranger, entry{}, n, err
	}
	var err error
	nearest, number, kin := entry{}, first, stranger
	for i, n := range append([]uint32{first}, l.alike[first]...) {
		before := l.references.text(n)
		if k := kinOf(name.text, name.known, before); i == 0 || k > kin {
			nearest, number, kin = entry{before, l.references.place(n)}, n, k
		}
	}
	if kin != identical {
		if len(l.alike[first]) == maxAlike {
			return 0, entry{}, 0, tooMuch("", "more than %d references that look alike or repeat one another", maxAlike)
		}
		number, err = l.keep(&l.references, name.text, at)
		l.alike[first] = append(l.alike[first], number)
	}
	return kin, nearest, number, err
}

// keep adds a text within what may be remembered.
func (l *ledger) keep(in *placed, text string, at place) (uint32, error) {
	if l.room -= int64(len(text)); l.room < 0 {
		return 0, tooMuch("", "more than %d bytes of references and record ids, among which duplicates are looked for; split the evidence by window", maxRememberedBytes)
	}
	return in.add(text, at), nil
}

// fetch brings what will be looked up of some lines into the cache. A ledger is larger than
// that, and waiting for one place after the other is most of what looking up takes.
func (l *ledger) fetch(rows []*row) {
	for _, r := range rows {
		l.fetched += l.byLook.near(r.name.tag) + l.byRecord.near(r.recordTag)
	}
}

func (l *ledger) tag(text string) uint32 { return uint32(maphash.String(l.seed, text)) }

// looks tells whether a reference has a look.
func (l *ledger) looks(n uint32, look string) bool { return lookOf(l.references.text(n)) == look }

// find returns the place of exactly this reference.
func (l *ledger) find(text string) (place, bool) {
	look := lookOf(text)
	first, there, _ := l.byLook.find(l.tag(look), func(n uint32) bool { return l.looks(n, look) })
	if !there {
		return 0, false
	}
	of := append([]uint32{first}, l.alike[first]...)
	if i := slices.IndexFunc(of, func(n uint32) bool { return l.references.is(n, text) }); i >= 0 {
		return l.references.place(of[i]), true
	}
	return 0, false
}

// record adds a record id with its tag and returns the place where it stood before, and its
// number.
func (l *ledger) record(id string, tag uint32, at place) (place, bool, uint32, error) {
	n, there, free := l.byRecord.find(tag, func(n uint32) bool { return l.records.is(n, id) })
	if there {
		return l.records.place(n), true, n, nil
	}
	if l.byRecord.used == l.limit {
		return 0, false, 0, tooManyReferences()
	}
	n, err := l.keep(&l.records, id, at)
	l.byRecord.fill(free, tag, n)
	return 0, false, n, err
}

// await remembers that a line adjusts what is not there.
func (l *ledger) await(a *Adjusts, at place) error {
	in, id := &l.awaitedReferences, a.ReferenceID
	if a.RecordID != "" {
		in, id = &l.awaitedRecords, a.RecordID
	}
	tag := l.tag(id)
	_, there, free := in.find(tag, func(n uint32) bool { return l.awaited.is(n, id) })
	if there {
		return nil
	}
	n, err := l.keep(&l.awaited, id, at)
	in.fill(free, tag, n)
	return err
}

// awaiting returns the first line that adjusts an id and came before it.
func (l *ledger) awaiting(in *index, id string) (place, bool) {
	if in.used == 0 || id == "" {
		return 0, false
	}
	n, there, _ := in.find(l.tag(id), func(n uint32) bool { return l.awaited.is(n, id) })
	if !there {
		return 0, false
	}
	return l.awaited.place(n), true
}

// findRecord returns the place of a record id.
func (l *ledger) findRecord(id string) (place, bool) {
	n, there, _ := l.byRecord.find(l.tag(id), func(n uint32) bool { return l.records.is(n, id) })
	if !there {
		return 0, false
	}
	return l.records.place(n), true
}

func tooManyReferences() error {
	return tooMuch("", "more deltas than the %d among which duplicates are looked for; split the evidence by window", maxReferences)
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
	// Numbers of texts plus 1; 0 where the delta has none.
	byReference, byRecord runs
}

// note lists a delta by the numbers of its texts plus 1.
func (b *billed) note(reference, record uint32) {
	b.byReference.add(int32(reference))
	b.byRecord.add(int32(record))
}

func (b *billed) len() int { return b.byReference.n }

func (b *billed) at(i int) (referenceID, recordID string) {
	if n := b.byReference.at(i); n > 0 {
		referenceID = b.references.text(uint32(n - 1))
	}
	if n := b.byRecord.at(i); n > 0 {
		recordID = b.records.text(uint32(n - 1))
	}
	return referenceID, recordID
}

// add is for a list that stands alone, with texts of its own.
func (b *billed) add(referenceID, recordID string) {
	if b.references == nil {
		b.references, b.records = new(texts), new(texts)
	}
	var reference, record uint32
	if referenceID != "" {
		reference = b.references.add(referenceID) + 1
	}
	if recordID != "" {
		record = b.records.add(recordID) + 1
	}
	b.note(reference, record)
}
