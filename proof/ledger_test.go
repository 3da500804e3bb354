package proof

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/internal/keccak"
)

// enterAll puts references into a ledger and returns how the last one stands to the others.
func enterAll(t testing.TB, l *ledger, references ...string) (kinship, string) {
	t.Helper()
	var kin kinship
	var nearest entry
	for i, r := range references {
		parsed, _ := parseReference(r)
		name := l.named(r, parsed)
		var err error
		kin, nearest, _, err = l.refer(&name, place(i+1))
		require.NoError(t, err)
	}
	return kin, nearest.reference
}

func TestKinship(t *testing.T) {
	t.Parallel()
	const day = "usage:acme:2026-02-01"
	for _, tc := range []struct {
		name       string
		references []string
		kin        kinship
		nearest    string
	}{
		{"the first", []string{day}, stranger, ""},
		{"another day", []string{day, "usage:acme:2026-02-02"}, stranger, ""},
		{"another part", []string{day, day + ":part-2"}, stranger, ""},
		{"late usage of the same day", []string{day, day + ":late-1"}, stranger, ""},
		{"the same", []string{day, day}, identical, day},
		{"a repeat of it", []string{day, day + ":again-1"}, repeat, day},
		{"two repeats of it", []string{day + ":again-1", day + ":again-2"}, repeat, day + ":again-1"},
		{"a base after its repeat", []string{day + ":again-1", day}, repeat, day + ":again-1"},
		{"a repeat of a part", []string{day + ":part-2", day + ":part-2:again-1"}, repeat, day + ":part-2"},
		{"what looks like a repeat of something undated", []string{"inv-1", "inv-1:again-1"}, stranger, ""},
		{"another case", []string{day, strings.ToUpper(day)}, lookAlike, day},
		{"another case of a customer's repeat", []string{day, "usage:ACME:2026-02-01:again-1"}, lookAlike, day},
		{"the same as the second of two look-alikes", []string{"inv_1", "INV_1", "INV_1"}, identical, "INV_1"},
		{"the first of two look-alikes", []string{"inv_1", "INV_1", "Inv_1"}, lookAlike, "inv_1"},
		{"a repeat beats a look-alike", []string{"Usage:acme:2026-02-01", day, day + ":again-1"}, repeat, day},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			kin, nearest := enterAll(t, newLedger(10, 0), tc.references...)
			require.Equal(t, tc.kin, kin)
			require.Equal(t, tc.nearest, nearest)
		})
	}
}

func TestTheLedgerIsExactUpToItsLimit(t *testing.T) {
	t.Parallel()
	l := newLedger(3, 3)
	enterAll(t, l, "a", "b", "c")
	enter := func(text string, at place) (kinship, entry, error) {
		name := l.named(text, nil)
		kin, nearest, _, err := l.refer(&name, at)
		return kin, nearest, err
	}
	record := func(id string, at place) (place, bool, error) {
		before, seen, _, err := l.record(id, l.tag(id), at)
		return before, seen, err
	}
	_, _, err := enter("d", 4)
	require.ErrorIs(t, err, ErrLimit)
	require.ErrorContains(t, err, "among which duplicates are looked for")
	kin, nearest, err := enter("b", 5)
	require.NoError(t, err, "what is there is still found")
	require.Equal(t, identical, kin)
	require.Equal(t, place(2), nearest.place)

	for i := range 3 {
		_, seen, err := record(fmt.Sprint(i), place(i))
		require.NoError(t, err)
		require.False(t, seen)
	}
	_, _, err = record("3", 3)
	require.ErrorIs(t, err, ErrLimit)
	at, seen, err := record("1", 3)
	require.NoError(t, err)
	require.True(t, seen)
	require.Equal(t, place(1), at)
}

func TestWhatALedgerRemembersIsLimitedInBytes(t *testing.T) {
	t.Parallel()
	require.Equal(t, int64(maxRememberedBytes), newLedger(1, 0).room)
	for _, room := range []int64{32, 31} {
		l := newLedger(10, 0)
		l.room = room
		enterAll(t, l, "reference", "Reference", "reference") // 18 bytes
		for range 2 {
			_, _, _, err := l.record("record", l.tag("record"), 4) // 6
			require.NoError(t, err)
			require.NoError(t, l.await(&Adjusts{ReferenceID: "abcd"}, 5)) // 4
		}
		err := l.await(&Adjusts{RecordID: "abcd"}, 6) // 4
		require.Equal(t, room == 32, err == nil)
		if err != nil {
			require.ErrorIs(t, err, ErrLimit)
			require.ErrorContains(t, err, "bytes of references and record ids")
		}
	}
	l := newLedger(10, 0)
	l.room = 3
	name := l.named("abcd", nil)
	_, _, _, err := l.refer(&name, 1)
	require.ErrorIs(t, err, ErrLimit)
	l.room = 3
	_, _, _, err = l.record("abcd", l.tag("abcd"), 1)
	require.ErrorIs(t, err, ErrLimit)
}

func TestReferencesThatLookAlikeAreLimited(t *testing.T) {
	t.Parallel()
	l := newLedger(10, 0)
	for i := range 1 + maxAlike {
		name := l.named("inv"+strings.Repeat(" ", i), nil)
		_, _, _, err := l.refer(&name, place(i))
		require.NoError(t, err)
	}
	name := l.named("INV", nil)
	_, _, _, err := l.refer(&name, 0)
	require.ErrorIs(t, err, ErrLimit)
	at, found := l.find("inv  ")
	require.True(t, found)
	require.Equal(t, place(2), at)
	_, found = l.find("Inv")
	require.False(t, found)
}

func TestTooManyReferencesEndInAnErrorThatNamesTheLine(t *testing.T) {
	t.Parallel()
	b := february(t, 3)
	v, err := newVerification(b.header, buyer(), known{})
	require.NoError(t, err)
	v.ledger.limit = 2
	lines := sequence{number: 4}
	for _, l := range b.lines {
		r := &row{line: l}
		r.d.Line = &r.line
		v.prepare([]*row{r}, new(keccak.Batch))
		err = v.take(r)
	}
	require.ErrorIs(t, lines.located(err), ErrLimit)
	require.ErrorContains(t, err, "proof: line 4: more deltas than the 10000000")
}
