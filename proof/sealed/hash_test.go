package sealed

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/internal/canonical"
)

func TestParseHashReadsOneFormOnly(t *testing.T) {
	t.Parallel()
	digits := strings.Repeat("0a", 32)
	h, err := ParseHash("0x" + digits)
	require.NoError(t, err)
	require.Equal(t, "0x"+digits, h.String())
	for _, bad := range []string{
		"", "0x", digits, "0X" + digits, "0x" + strings.ToUpper(digits), "0x" + digits[1:], "0x" + digits + "0",
		"0x" + digits + "\n", " 0x" + digits, "0x" + digits[:63] + "g", "0x" + digits[:62] + "é",
	} {
		h, err := ParseHash(bad)
		require.ErrorIs(t, err, ErrHex, "%q", bad)
		require.Equal(t, Hash{}, h, "nothing half read comes back")
	}
}

func TestTextOfEveryType(t *testing.T) {
	t.Parallel()
	type all struct {
		Hash    Hash
		Address Address
		State   State
		Word    Word
		Item    Item
	}
	in := all{filled(1), Address{3}, State{0, 4}, Word{5}, Item{filled(6), slotWhole, filled(7)}}
	text, err := json.Marshal(in)
	require.NoError(t, err)
	var out all
	require.NoError(t, json.Unmarshal(text, &out))
	require.Equal(t, in, out)
	require.Contains(t, string(text), `"State":"0x4`, "a state has no leading zeros")
	for _, bad := range []string{
		`{"Hash":"0x1"}`, `{"Address":""}`, `{"State":"0x"}`, `{"State":"0x1000000000000000000000000"}`, `{"Word":"abc"}`,
		`{"Item":[]}`, `{"Item":{}}`, `{"Item":["0x",0,"0x"]}`,
	} {
		require.Error(t, json.Unmarshal([]byte(bad), new(all)), bad)
	}
}

func TestShortTextsOfStateAndWordAreNumbers(t *testing.T) {
	t.Parallel()
	var state State
	require.NoError(t, state.UnmarshalText([]byte("0xabc")))
	require.Equal(t, State{10: 0x0a, 11: 0xbc}, state)
	require.Equal(t, "0xabc", state.String())
	require.Equal(t, "0x0", State{}.String())
	var word Word
	require.NoError(t, word.UnmarshalText([]byte("0x1")))
	require.Equal(t, Word{31: 1}, word)
	for _, bad := range []string{"", "1", "0x", "0x-1", "0x 1", "0xA", "0x" + strings.Repeat("1", 65)} {
		require.ErrorIs(t, word.UnmarshalText([]byte(bad)), ErrHex, "%q", bad)
	}
}

func TestAWordIsTheStateAndTheEndOfTheSeal(t *testing.T) {
	t.Parallel()
	state, seal := State{1, 11: 2}, Hash{0: 9, 11: 9, 12: 3, 31: 4}
	word := NewWord(state, seal)
	require.Equal(t, Word{0: 1, 11: 2, 12: 3, 31: 4}, word)
	require.Equal(t, state, word.State())
}

func TestLeavesSplitContent(t *testing.T) {
	t.Parallel()
	fields, err := Leaves([]byte(` {"b":[1.0,[2],{"z":1,"a":2}] , "":"x", "a/b~c":[] , "t":true, "b2":{"l":[1]}, "\ud83d\ude00":1, "\ufb33":2, "t":false } `))
	require.NoError(t, err)
	var got []string
	for _, f := range fields {
		got = append(got, f.Pointer+" "+string(f.Value))
	}
	require.Equal(t, []string{
		`/ "x"`, `/a~1b~0c []`, `/b/0 1`, `/b/1 [2]`, `/b/2 {"a":2,"z":1}`, `/b2 {"l":[1]}`, `/t false`,
		"/\U0001F600 1", "/\uFB33 2", // the order of UTF-16 code units
	}, got)
}

func TestContentThatCannotBeSealed(t *testing.T) {
	t.Parallel()
	many := func(n int) string { return `{"l":[` + strings.Repeat("0,", n-1) + `0]}` }
	for _, tc := range []struct {
		name, content string
		err           error
	}{
		{"a list", `[]`, ErrNotObject},
		{"half a surrogate pair in a string", `{"a":"\ud800"}`, ErrNotCanonical},
		{"half a surrogate pair in a name, deep", `{"a":[{"\udfff":1}]}`, ErrNotCanonical},
		{"a number beyond binary64", `{"a":1e999}`, canonical.ErrRange},
		{"65536 list items", many(65536), ErrTooManyLeaves},
		{"65535 list items and a field", `{"a":1,` + many(65535)[1:], ErrTooManyLeaves},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			for _, version := range []Version{V2, V3} {
				_, err := version.Commit([]byte(tc.content), Hash{})
				require.ErrorIs(t, err, tc.err)
			}
		})
	}
	t.Run("65535 list items are allowed", func(t *testing.T) {
		t.Parallel()
		c, err := V3.Commit([]byte(many(65535)), Hash{})
		require.NoError(t, err)
		require.Len(t, c.Items, 65535)
	})
	t.Run("a backslash before ud is no surrogate", func(t *testing.T) {
		t.Parallel()
		_, err := Leaves([]byte(`{"a":"\\ud800","b":"\u0001\\\\ud","c":"\ud83d\ude00"}`))
		require.NoError(t, err)
	})
}

func TestVersionsWithoutLeavesAreRefused(t *testing.T) {
	t.Parallel()
	for _, version := range []Version{0, V1, 4, -1} {
		_, err := version.Commit([]byte(`{}`), Hash{})
		require.ErrorIs(t, err, ErrVersion)
		_, err = version.Salt(Hash{}, "/a")
		require.ErrorIs(t, err, ErrVersion)
		_, err = version.LeafHash("/a", []byte("1"), Hash{})
		require.ErrorIs(t, err, ErrVersion)
		if version != V1 {
			_, err = version.SealInput(Hash{})
			require.ErrorIs(t, err, ErrVersion)
		}
	}
}

func TestPointers(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		pointer, name string
		index         int
		v2, v3        bool
	}{
		{"/", "", wholeMember, true, true},
		{"/a", "a", wholeMember, true, true},
		{"//0", "", 0, true, true},
		{"/~01~10", "~1/0", wholeMember, true, true},
		{"/a/65534", "a", 65534, true, true},
		{"/a/65535", "a", 65535, true, false},
		{"/a/99999", "a", 99999, true, false},
		{"/a/100000", "", 0, false, false},
		{"/a/00", "", 0, false, false},
		{"/a/-1", "", 0, false, false},
		{"/a/", "", 0, false, false},
		{"/a/1/2", "", 0, false, false},
		{"/a~", "", 0, false, false},
		{"/a~2", "", 0, false, false},
		{"/a/٣", "", 0, false, false},
		{"/\xED\xA0\x80", "", 0, false, false},
		{"a", "", 0, false, false},
		{"", "", 0, false, false},
	} {
		t.Run(tc.pointer, func(t *testing.T) {
			t.Parallel()
			for version, want := range map[Version]bool{V2: tc.v2, V3: tc.v3} {
				name, index, ok := splitPointer(tc.pointer, version)
				require.Equal(t, want, ok)
				if ok {
					require.Equal(t, tc.name, name)
					require.Equal(t, tc.index, index)
					require.Equal(t, tc.pointer, pointerTo(name, index))
				}
			}
		})
	}
}

func TestItemsMustBeAContents(t *testing.T) {
	t.Parallel()
	a, b := filled(1), filled(2)
	item := func(tag Hash, slot uint16) Item { return Item{tag, slot, filled(9)} }
	for _, tc := range []struct {
		name  string
		items []Item
		ok    bool
	}{
		{"none", nil, true},
		{"one whole, one list", []Item{item(a, slotWhole), item(b, 0), item(b, 1)}, true},
		{"tags out of order", []Item{item(b, slotWhole), item(a, slotWhole)}, false},
		{"twice", []Item{item(a, slotWhole), item(a, slotWhole)}, false},
		{"whole and a list", []Item{item(a, 0), item(a, slotWhole)}, false},
		{"a gap", []Item{item(a, 0), item(a, 2)}, false},
		{"no first", []Item{item(a, 1)}, false},
		{"slots out of order", []Item{item(a, 0), item(a, 0)}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := RecordHashV3(tc.items)
			if tc.ok {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, ErrLeaves)
		})
	}
	_, err := RecordHashV3(make([]Item, MaxLeaves+1))
	require.ErrorIs(t, err, ErrTooManyLeaves)
}

func TestLeafHashesMustAscend(t *testing.T) {
	t.Parallel()
	_, err := RecordHashV2([]Hash{filled(2), filled(1)})
	require.ErrorIs(t, err, ErrLeaves)
	_, err = RecordHashV2([]Hash{filled(1), filled(1)})
	require.ErrorIs(t, err, ErrLeaves)
	_, err = RecordHashV2(make([]Hash, MaxLeaves+1))
	require.ErrorIs(t, err, ErrTooManyLeaves)
}

func TestContentIsPutTogetherOnlyFromTheLeavesOfOne(t *testing.T) {
	t.Parallel()
	field := func(pointer, value string) Field { return Field{pointer, json.RawMessage(value)} }
	for _, tc := range []struct {
		name   string
		fields []Field
		want   string
	}{
		{"nothing is an empty object", nil, `{}`},
		{"members and lists, more than ten elements", []Field{
			field("/a", "1"), field("/l/0", "0"), field("/l/1", "1"), field("/l/10", "10"), field("/l/2", "2"), field("/l/3", "3"), field("/l/4", "4"),
			field("/l/5", "5"), field("/l/6", "6"), field("/l/7", "7"), field("/l/8", "8"), field("/l/9", "9"),
		}, `{"a":1,"l":[0,1,2,3,4,5,6,7,8,9,10]}`},
		{"an empty list is whole", []Field{field("/l", "[]")}, `{"l":[]}`},
		{"a list with elements is not", []Field{field("/l", "[1]")}, ``},
		{"an element may be a list", []Field{field("/l/0", "[1]")}, `{"l":[[1]]}`},
		{"a list with a gap", []Field{field("/l/0", "0"), field("/l/2", "2")}, ``},
		{"a list without its first", []Field{field("/l/1", "0")}, ``},
		{"one name whole and as a list", []Field{field("/l", "1"), field("/l/0", "0")}, ``},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.want, string(contentOf(tc.fields, V2)))
		})
	}
}

func TestDiscloseNamesWhatIsNotThere(t *testing.T) {
	t.Parallel()
	c, err := V3.Commit([]byte(`{"a":1,"list":[1,2]}`), Hash{})
	require.NoError(t, err)
	_, err = c.Disclose(3, Hash{}, "/a", "/b\n")
	require.EqualError(t, err, `sealed: no field at "/b\n" of entry 3`)
	entry, err := c.Disclose(3, Hash{}, "/list")
	require.NoError(t, err)
	require.Len(t, entry.Revealed, 2)
	entry, err = c.Disclose(3, Hash{}, "/list/1")
	require.NoError(t, err)
	require.Len(t, entry.Revealed, 1)
}

func TestEncodeRefusesWhatCouldNotBeRead(t *testing.T) {
	t.Parallel()
	r := sealRecord(t, V2)
	entry, err := r.commitments[0].Disclose(0, opening(0))
	require.NoError(t, err)
	later := entry
	later.Seq = 1
	for name, d := range map[string]Disclosure{
		"no entries":              {Version: V2},
		"entries out of order":    {Version: V2, Entries: []DisclosedEntry{later, entry}},
		"no such version":         {Version: 4, Entries: []DisclosedEntry{entry}},
		"a content that is none":  {Version: V1, Entries: []DisclosedEntry{{Content: json.RawMessage(`[]`)}}},
		"a content missing":       {Version: V1, Entries: []DisclosedEntry{{}}},
		"more shown than sealed":  {Version: V2, Entries: []DisclosedEntry{{Revealed: r.commitments[0].Revealed}}},
		"shown fields of no form": {Version: V2, Entries: []DisclosedEntry{{Leaves: []Hash{{}}, Revealed: []Leaf{{Pointer: "a", Value: json.RawMessage("1")}}}}},
	} {
		_, err := d.Encode()
		require.ErrorContains(t, err, "sealed: ", name)
	}
	h := r.history
	h.Entries = append([]HistoryEntry{{Seq: 9}}, h.Entries...)
	_, err = h.Encode()
	require.ErrorContains(t, err, "strictly ascending")
}

func TestDisclosureDigestNeedsAnObject(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "1", "[]", `{"a":1e999}`} {
		_, err := disclosureDigest([]byte(bad))
		require.ErrorContains(t, err, "sealed: ", "%q", bad)
	}
}
