package proof

import (
	"strings"

	"github.com/pacspace/pacspace-go/usage"
)

// A ledger remembers every delta that was seen, in the file and in earlier evidence, by its
// reference and by its record. It holds them all or fails; it never forgets one.
type ledger struct {
	// byLook has an entry for each reference under what it shares with those that look like
	// it or repeat it. Where a second one differs, both stand in alike.
	byLook  map[string]entry
	alike   map[string][]entry
	records map[string]place
	limit   int // of looks and of records: MaxReferences
}

type entry struct {
	reference string
	place     place
}

// A place is a line of the file, or the negative number of an earlier evidence.
type place int32

func newLedger(limit int) *ledger {
	return &ledger{byLook: map[string]entry{}, alike: map[string][]entry{}, records: map[string]place{}, limit: limit}
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
	look := lookOf(text)
	first, there := l.byLook[look]
	if !there {
		if len(l.byLook) == l.limit {
			return 0, entry{}, tooManyReferences()
		}
		l.byLook[look] = entry{text, at}
		return stranger, entry{}, nil
	}
	nearest, kin := entry{}, stranger
	for _, e := range append([]entry{first}, l.alike[look]...) {
		if k := kinOf(text, known, e.reference); k > kin {
			nearest, kin = e, k
		}
	}
	if kin != identical {
		if len(l.alike[look]) == MaxAlike {
			return 0, entry{}, tooMuch("", "more than %d references that look alike or repeat one another", MaxAlike)
		}
		l.alike[look] = append(l.alike[look], entry{text, at})
	}
	return kin, nearest, nil
}

// find returns the place of exactly this reference.
func (l *ledger) find(text string) (place, bool) {
	look := lookOf(text)
	first, there := l.byLook[look]
	if there && first.reference == text {
		return first.place, true
	}
	for _, e := range l.alike[look] {
		if e.reference == text {
			return e.place, true
		}
	}
	return 0, false
}

// record adds a record id and returns the place where it stood before.
func (l *ledger) record(id string, at place) (place, bool, error) {
	if before, there := l.records[id]; there {
		return before, true, nil
	}
	if len(l.records) == l.limit {
		return 0, false, tooManyReferences()
	}
	l.records[id] = at
	return 0, false, nil
}

func tooManyReferences() error {
	return tooMuch("", "more deltas than the %d among which duplicates are looked for; split the evidence by window", MaxReferences)
}

// lookOf returns the key of a reference: folded and, where that is the reference of a
// repeat, its base. Folding comes first, so that a repeat in another case looks like it too.
func lookOf(text string) string {
	look := fold(text)
	if strings.Contains(look, ":again-") {
		if known, ok := parseReference(look); ok {
			look = known.Base().String()
		}
	}
	return look
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
