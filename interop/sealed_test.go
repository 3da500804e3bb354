package interop

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/internal/canonical"
	"github.com/pacspace/pacspace-go/proof/sealed"
)

// fill stands for a long run of one character, so that the vector files stay small.
type fill struct {
	Token  string `json:"token"`
	Char   string `json:"char"`
	Length int    `json:"length"`
}

func (f fill) in(text string) string {
	if f.Token == "" {
		return text
	}
	return strings.ReplaceAll(text, f.Token, strings.Repeat(f.Char, f.Length))
}

// sameResult compares a result with the official one, whole and byte by byte.
func sameResult(t *testing.T, want string, got *sealed.Result) {
	t.Helper()
	text, err := officialText(got)
	require.NoError(t, err)
	if len(want) > 100_000 {
		require.True(t, want == text, "the results differ")
		return
	}
	require.Equal(t, want, text, got.Detail)
}

// officialText is a result without what is ours, in canonical JSON.
func officialText(r *sealed.Result) (string, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return "", err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return "", err
	}
	for _, ours := range []string{"verdict", "detail", "limits"} {
		delete(members, ours)
	}
	if text, err = json.Marshal(members); err != nil {
		return "", err
	}
	text, err = canonical.Transform(text, canonical.Official)
	return string(text), err
}

func TestVectorsDisclosure(t *testing.T) {
	t.Parallel()
	testDisclosures(t, "disclosure.json")
}

func TestVectorsDisclosureV2(t *testing.T) {
	t.Parallel()
	testDisclosures(t, "disclosure-v2.json")
}

func testDisclosures(t *testing.T, file string) {
	for _, v := range load(t, file) {
		t.Run(v.ID, func(t *testing.T) {
			t.Parallel()
			in := read[struct {
				Form, Disclosure string
				Fill             fill
			}](t, v.Input)
			want := read[struct{ ResultJcs string }](t, v.Expected)
			got := sealed.VerifyDisclosure([]byte(in.Fill.in(in.Form)), []byte(in.Fill.in(in.Disclosure)))
			sameResult(t, in.Fill.in(want.ResultJcs), got)
		})
	}
}

// stricterLinkCopies are the cases that the official function accepts only because Python
// builds a dict from a list of pairs. A history of that form is malformed here.
var stricterLinkCopies = map[string]string{
	"lenient/v2-chain-as-pairs": "a chain given as a list of pairs",
	"lenient/v3-chain-as-pairs": "a chain given as a list of pairs",
}

func TestVectorsLinkCopy(t *testing.T) {
	t.Parallel()
	for _, v := range load(t, "link-copy.json") {
		t.Run(v.ID, func(t *testing.T) {
			t.Parallel()
			in := read[struct {
				Copy    string
				Lenient bool
			}](t, v.Input)
			want := read[struct{ ResultJcs string }](t, v.Expected)
			got := sealed.VerifyLinkCopy([]byte(in.Copy))
			if reason, ok := stricterLinkCopies[v.ID]; ok {
				require.True(t, in.Lenient, "only a lenient case may differ")
				require.Equal(t, sealed.CodeMalformed, got.Code, reason)
				return
			}
			sameResult(t, want.ResultJcs, got)
		})
	}
}

// hash reads a hash of a vector; what is none fails with the package's own error.
func hash(t *testing.T, text string) sealed.Hash {
	t.Helper()
	h, err := sealed.ParseHash(text)
	require.NoError(t, err)
	return h
}

// jcs returns the canonical form of a Go value.
func jcs(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	text, err = canonical.Transform(text, canonical.Official)
	require.NoError(t, err)
	return string(text)
}

type refusal struct {
	Class, Code, Message string
	Status               int
}

// generated is a content too long to be written out: a member with the list 0, 1, 2 ...
type generated struct {
	Member string
	Length int
	Before map[string]int
}

func (g generated) content(t *testing.T) []byte {
	t.Helper()
	content := map[string]any{}
	for name, value := range g.Before {
		content[name] = value
	}
	list := make([]int, g.Length)
	for i := range list {
		list[i] = i
	}
	content[g.Member] = list
	text, err := json.Marshal(content)
	require.NoError(t, err)
	return text
}

// refusedAs names the errors that stand for the official sentences of a refused content.
var refusedAs = map[string]error{
	"content must be an object":                                                      sealed.ErrNotObject,
	"This entry's sealed fields are not in their canonical form.":                    sealed.ErrNotCanonical,
	"This entry has more than 65535 fields and list items. Split it across entries.": sealed.ErrTooManyLeaves,
	"JCS cannot encode a non-finite number.":                                         nil, // beyond binary64, or no JSON (NaN): any error
	"leaf hashes must be 0x lowercase hex, strictly ascending":                       nil, // the text or the order: any error
	"a record hash takes 0 to 65535 leaves":                                          nil,
	"a salt key is 0x plus 64 lowercase hex":                                         sealed.ErrHex,
	"a leaf salt is 0x plus 64 lowercase hex":                                        sealed.ErrHex,
	"record items must be well formed, strictly ascending and grouped":               nil,
}

func requireRefused(t *testing.T, want *refusal, err error) {
	t.Helper()
	require.Error(t, err)
	as, known := refusedAs[want.Message]
	require.True(t, known, "an unknown refusal: %s", want.Message)
	if as != nil {
		require.ErrorIs(t, err, as)
	}
}

func TestVectorsRecordHash(t *testing.T) {
	t.Parallel()
	for _, v := range load(t, "record-hash.json") {
		t.Run(v.ID, func(t *testing.T) {
			t.Parallel()
			switch v.Kind {
			case "record-hash-v1":
				recordHashV1(t, v)
			case "record-hash-v2":
				commitment(t, v, sealed.V2)
			case "record-hash-v3":
				commitment(t, v, sealed.V3)
			case "leaf-salt":
				leafSalt(t, v)
			case "leaf-hash":
				leafHash(t, v)
			case "member-tag":
				in := read[struct{ Key string }](t, v.Input)
				want := read[struct{ Tag string }](t, v.Expected)
				require.Equal(t, want.Tag, sealed.MemberTag(in.Key).String())
			case "leaves-v2":
				leaves(t, v)
			case "leaf-list-v2":
				leafList(t, v)
			case "items-v3":
				items(t, v)
			case "open-entry-v3":
				openEntry(t, v)
			default:
				require.Fail(t, "unknown kind", v.Kind)
			}
		})
	}
}

func recordHashV1(t *testing.T, v vector) {
	in := read[struct{ ContentJson string }](t, v.Input)
	want := read[struct {
		RecordHash string
		Refused    *refusal
	}](t, v.Expected)
	got, err := sealed.RecordHashV1([]byte(in.ContentJson))
	if want.Refused != nil {
		requireRefused(t, want.Refused, err)
		return
	}
	require.NoError(t, err)
	require.Equal(t, want.RecordHash, got.String())
}

func commitment(t *testing.T, v vector, version sealed.Version) {
	in := read[struct {
		ContentJson, SaltKey string
		Generate             *generated
	}](t, v.Input)
	want := read[struct {
		RecordHash string
		Leaves     []string
		Items      json.RawMessage
		Revealed   []struct{ Pointer, ValueJcs, Salt string }
		Count      *int
		Refused    *refusal
	}](t, v.Expected)
	content := []byte(in.ContentJson)
	if in.Generate != nil {
		content = in.Generate.content(t)
	}
	got, err := version.Commit(content, hash(t, in.SaltKey))
	if want.Refused != nil {
		requireRefused(t, want.Refused, err)
		return
	}
	require.NoError(t, err)
	require.Equal(t, want.RecordHash, got.RecordHash.String())
	if want.Count != nil {
		require.Len(t, got.Revealed, *want.Count)
		return
	}
	if version == sealed.V2 {
		require.Equal(t, jcs(t, want.Leaves), jcs(t, append([]sealed.Hash{}, got.Leaves...)))
	} else {
		require.Equal(t, jcs(t, want.Items), jcs(t, append([]sealed.Item{}, got.Items...)))
	}
	require.Len(t, got.Revealed, len(want.Revealed))
	for i, leaf := range got.Revealed {
		require.Equal(t, want.Revealed[i].Pointer, leaf.Pointer)
		require.Equal(t, want.Revealed[i].ValueJcs, string(leaf.Value))
		require.Equal(t, want.Revealed[i].Salt, leaf.Salt.String())
	}
}

func leafSalt(t *testing.T, v vector) {
	in := read[struct{ SaltKey, Pointer string }](t, v.Input)
	want := read[struct {
		SaltV2, SaltV3 string
		Refused        *refusal
	}](t, v.Expected)
	key, err := sealed.ParseHash(in.SaltKey)
	if want.Refused != nil {
		requireRefused(t, want.Refused, err)
		return
	}
	require.NoError(t, err)
	for version, salt := range map[sealed.Version]string{sealed.V2: want.SaltV2, sealed.V3: want.SaltV3} {
		got, err := version.Salt(key, in.Pointer)
		require.NoError(t, err)
		require.Equal(t, salt, got.String())
	}
}

func leafHash(t *testing.T, v vector) {
	in := read[struct{ Pointer, ValueJson, Salt string }](t, v.Input)
	want := read[struct {
		LeafHashV2, LeafHashV3 string
		Refused                *refusal
	}](t, v.Expected)
	salt, err := sealed.ParseHash(in.Salt)
	for version, leaf := range map[sealed.Version]string{sealed.V2: want.LeafHashV2, sealed.V3: want.LeafHashV3} {
		var got sealed.Hash
		if err == nil {
			got, err = version.LeafHash(in.Pointer, []byte(in.ValueJson), salt)
		}
		if want.Refused != nil {
			requireRefused(t, want.Refused, err)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, leaf, got.String())
	}
}

func leaves(t *testing.T, v vector) {
	in := read[struct {
		ContentJson string
		Generate    *generated
	}](t, v.Input)
	want := read[struct {
		Leaves  []struct{ Pointer, ValueJcs string }
		Refused *refusal
	}](t, v.Expected)
	content := []byte(in.ContentJson)
	if in.Generate != nil {
		content = in.Generate.content(t)
	}
	got, err := sealed.Leaves(content)
	if want.Refused != nil {
		requireRefused(t, want.Refused, err)
		return
	}
	require.NoError(t, err)
	require.Len(t, got, len(want.Leaves))
	for i, field := range got {
		require.Equal(t, want.Leaves[i].Pointer, field.Pointer)
		require.Equal(t, want.Leaves[i].ValueJcs, string(field.Value))
	}
}

func leafList(t *testing.T, v vector) {
	in := read[struct{ LeavesJson string }](t, v.Input)
	want := read[struct {
		RecordHash string
		Refused    *refusal
	}](t, v.Expected)
	var list *[]*sealed.Hash // pointers, so that null is seen
	err := json.Unmarshal([]byte(in.LeavesJson), &list)
	if want.Refused != nil && (err != nil || list == nil) {
		return // no list of hashes at all
	}
	require.NoError(t, err)
	hashes := make([]sealed.Hash, len(*list))
	for i, h := range *list {
		if h == nil {
			require.NotNil(t, want.Refused)
			return
		}
		hashes[i] = *h
	}
	got, err := sealed.RecordHashV2(hashes)
	if want.Refused != nil {
		requireRefused(t, want.Refused, err)
		return
	}
	require.NoError(t, err)
	require.Equal(t, want.RecordHash, got.String())
}

func items(t *testing.T, v vector) {
	in := read[struct{ ItemsJson string }](t, v.Input)
	want := read[struct {
		Valid      bool
		RecordHash *string
	}](t, v.Expected)
	var list *[]sealed.Item
	err := json.Unmarshal([]byte(in.ItemsJson), &list)
	var got sealed.Hash
	if err == nil && list != nil {
		got, err = sealed.RecordHashV3(*list)
	}
	require.Equal(t, want.Valid, err == nil && list != nil)
	if want.RecordHash != nil {
		require.Equal(t, *want.RecordHash, got.String())
	}
}

// openEntry shows the entry in a disclosure: no function here opens one by itself. The
// official one does, and passes over members that no disclosure may have.
func openEntry(t *testing.T, v vector) {
	in := read[struct {
		EntryJson string
		Every     bool
	}](t, v.Input)
	want := read[struct {
		OK                             bool
		Failure, RecordHash, FieldsJcs string
		ContentJcs                     *string
		Withheld                       int
	}](t, v.Expected)
	var recordHash sealed.Hash
	var history, disclosure []byte
	if _, err := canonical.Transform([]byte(in.EntryJson), canonical.Official); err == nil {
		recordHash, history, disclosure = discloseEntry(t, in.EntryJson)
	} else { // no disclosure can hold it: it goes in as it is
		_, history, _ = discloseEntry(t, "null")
		disclosure = []byte(`{"entries":[` + in.EntryJson + `]}`)
	}
	got := sealed.VerifyDisclosure(history, disclosure)
	if !want.OK {
		as, known := map[string]sealed.Code{
			"malformed":     sealed.CodeMalformed,
			"leaf-mismatch": sealed.CodeLeafMismatch,
			"not-canonical": "", // something is withheld, and all was asked for
		}[want.Failure]
		require.True(t, known, want.Failure)
		require.Equal(t, as, got.Code, got.Detail)
		if as == "" {
			require.True(t, in.Every)
			require.Nil(t, got.Entries[0].Content)
		}
		return
	}
	require.Equal(t, want.RecordHash, recordHash.String())
	require.Equal(t, sealed.Consistent, got.Verdict(), got.Detail)
	entry := got.Entries[0]
	require.Equal(t, want.Withheld, entry.Withheld)
	require.Equal(t, want.FieldsJcs, jcs(t, entry.Shown))
	if want.ContentJcs == nil {
		require.Nil(t, entry.Content)
	} else {
		require.Equal(t, *want.ContentJcs, string(entry.Content))
	}
}

// discloseEntry makes a disclosure of one entry, given by its items and shown fields, and
// the history that belongs to it.
func discloseEntry(t *testing.T, entryJSON string) (recordHash sealed.Hash, history, disclosure []byte) {
	t.Helper()
	entry := only(json.RawMessage(entryJSON), "items", "revealed")
	var members map[string]json.RawMessage
	if json.Unmarshal(entry, &members) == nil && members != nil {
		var items []sealed.Item
		var revealed []json.RawMessage
		if json.Unmarshal(members["items"], &items) == nil {
			recordHash, _ = sealed.RecordHashV3(items) // items that have none are refused below
		}
		if json.Unmarshal(members["revealed"], &revealed) == nil && revealed != nil {
			for i := range revealed {
				revealed[i] = only(revealed[i], "pointer", "value", "salt")
			}
			members["revealed"] = json.RawMessage(jcs(t, revealed))
		}
		members["seq"], members["recordOpening"] = json.RawMessage("0"), json.RawMessage(`"`+sealed.Hash{31: 3}.String()+`"`)
		entry = json.RawMessage(jcs(t, members))
	}
	layout, chain := sealed.LayoutRef{ID: 6, Version: 1}, sealed.Chain{ID: 296}
	input, err := sealed.V3.SealInput(recordHash)
	require.NoError(t, err)
	history, err = (&sealed.History{Chain: chain, Layout: layout, Version: sealed.V3, Entries: []sealed.HistoryEntry{{
		NewWord: sealed.NewWord(sealed.State{}, sealed.Seal(layout, sealed.State{}, input, sealed.Hash{31: 3})), RecordHash: &recordHash,
	}}}).Encode()
	require.NoError(t, err)
	file := map[string]any{
		"schema": sealed.SchemaDisclosureV2, "recordKey": sealed.Hash{}, "chain": chain, "layout": layout,
		"recordHashVersion": sealed.V3, "entries": []json.RawMessage{entry},
	}
	file["digest"] = disclosureDigest([]byte(jcs(t, file)), 2)
	return recordHash, history, []byte(jcs(t, file))
}

// only takes from an object the members of these names. Anything else stays as it is.
func only(text json.RawMessage, names ...string) json.RawMessage {
	var members map[string]json.RawMessage
	if json.Unmarshal(text, &members) != nil || members == nil {
		return text
	}
	maps.DeleteFunc(members, func(name string, _ json.RawMessage) bool { return !slices.Contains(names, name) })
	out, err := json.Marshal(members)
	if err != nil {
		return text
	}
	return out
}

// disclosureDigest is the digest of a disclosure of the first or the second schema, from its
// canonical form without one.
//
// Source: records contract, section 7.1.
func disclosureDigest(form []byte, schema int) sealed.Hash {
	return sha256.Sum256(fmt.Appendf(nil, "pacspace:record-disclosure-digest:v%d\x00%s", schema, form))
}
