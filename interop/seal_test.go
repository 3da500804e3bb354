package interop

import (
	"encoding/json"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/proof/sealed"
)

// stricterWords are texts that the official function reads only because Python's int()
// does. Here a word is 0x and lower-case digits.
var stricterWords = map[string]string{
	"word/no-prefix":  "digits without 0x",
	"word/upper":      "0X and upper-case digits",
	"word/number":     "a JSON number",
	"word/underscore": "an underscore between digits",
	"word/spaces":     "spaces around the digits",
}

// stricterVersions are versions written as fractions, which have no place in a Go integer.
var stricterVersions = map[string]string{
	"seal-input/version-1.0": "a version written 1.0",
	"seal-input/version-2.0": "a version written 2.0",
	"seal-input/version-3.0": "a version written 3.0",
}

func TestVectorsSeal(t *testing.T) {
	t.Parallel()
	for _, v := range load(t, "seal.json") {
		t.Run(v.ID, func(t *testing.T) {
			t.Parallel()
			switch v.Kind {
			case "chain":
				sealChain(t, v)
			case "seal-input":
				sealInput(t, v)
			case "seal":
				seal(t, v)
			case "seal-tag":
				in := read[struct{ Seal string }](t, v.Input)
				want := read[struct{ SealTag string }](t, v.Expected)
				require.Equal(t, want.SealTag, sealTag(sealed.NewWord(sealed.State{}, hash(t, in.Seal))))
			case "word":
				word(t, v)
			case "item-hash":
				itemHash(t, v)
			default:
				require.Fail(t, "unknown kind", v.Kind)
			}
		})
	}
}

func sealChain(t *testing.T, v vector) {
	in := read[struct {
		RecordHashVersion        sealed.Version
		LayoutID                 uint16
		LayoutVersion            uint8
		RecordHash, LayoutDigest sealed.Hash
		RecordOpening, RecordKey sealed.Hash
		State96                  sealed.State
		Seq                      uint32
		PreviousWord             sealed.Word
	}](t, v.Input)
	want := read[struct {
		SealInput, Seal, SealTag, NewWord, SplitState96, SplitTag, ItemHash string
	}](t, v.Expected)

	input, err := in.RecordHashVersion.SealInput(in.RecordHash)
	require.NoError(t, err)
	require.Equal(t, want.SealInput, input.String())
	layout := sealed.LayoutRef{ID: in.LayoutID, Version: in.LayoutVersion, Digest: in.LayoutDigest}
	seal := sealed.Seal(layout, in.State96, input, in.RecordOpening)
	require.Equal(t, want.Seal, seal.String())
	word := sealed.NewWord(in.State96, seal)
	require.Equal(t, want.NewWord, word.String())
	require.Equal(t, want.SealTag, sealTag(word))
	require.Equal(t, want.SplitState96, word.State().String())
	require.Equal(t, want.SplitTag, sealTag(word))
	require.Equal(t, want.ItemHash, sealed.ItemHash(in.RecordKey, in.Seq, in.PreviousWord, word, seal).String())
}

func sealInput(t *testing.T, v vector) {
	in := read[struct {
		RecordHash  any
		VersionJson string
	}](t, v.Input)
	want := read[struct {
		SealInput string
		Refused   *refusal
	}](t, v.Expected)

	text, _ := in.RecordHash.(string)
	recordHash, err := sealed.ParseHash(text)
	var version *sealed.Version
	if err == nil {
		err = json.Unmarshal([]byte(in.VersionJson), &version)
	}
	if reason, ok := stricterVersions[v.ID]; ok {
		require.Error(t, err, reason)
		return
	}
	var got sealed.Hash
	if err == nil && version == nil {
		require.NotNil(t, want.Refused, "null is no version")
		return
	}
	if err == nil {
		got, err = version.SealInput(recordHash)
	}
	if want.Refused != nil {
		require.Error(t, err)
		return
	}
	require.NoError(t, err)
	require.Equal(t, want.SealInput, got.String())
}

func seal(t *testing.T, v vector) {
	in := read[struct{ ArgsJson string }](t, v.Input)
	want := read[struct {
		Seal    string
		Refused *refusal
	}](t, v.Expected)
	// Out of range, or of another type, is refused where the argument is read: a Go value
	// cannot hold it.
	var args struct {
		LayoutID      *uint16
		LayoutVersion *uint8
		LayoutDigest  *sealed.Hash
		State96       *json.Number
		RecordHash    *sealed.Hash
		RecordOpening *sealed.Hash
	}
	err := json.Unmarshal([]byte(in.ArgsJson), &args)
	var state sealed.State
	if err == nil && args.State96 != nil {
		state, err = stateOf(args.State96.String())
	}
	missing := args.LayoutID == nil || args.LayoutVersion == nil || args.LayoutDigest == nil || args.RecordHash == nil || args.RecordOpening == nil
	if want.Refused != nil {
		require.True(t, err != nil || missing)
		return
	}
	require.NoError(t, err)
	require.False(t, missing)
	layout := sealed.LayoutRef{ID: *args.LayoutID, Version: *args.LayoutVersion, Digest: *args.LayoutDigest}
	require.Equal(t, want.Seal, sealed.Seal(layout, state, *args.RecordHash, *args.RecordOpening).String())
}

// stateOf reads a state written as a decimal number.
func stateOf(decimal string) (sealed.State, error) {
	n, ok := new(big.Int).SetString(decimal, 10)
	if !ok {
		return sealed.State{}, sealed.ErrHex
	}
	var state sealed.State
	err := state.UnmarshalText([]byte("0x" + n.Text(16))) // a minus is no digit
	return state, err
}

// sealTag is the part of a word that the official SDK calls so: the end of the seal.
func sealTag(w sealed.Word) string { return "0x" + w.String()[2+2*12:] }

func word(t *testing.T, v vector) {
	in := read[struct {
		WordJson string
		Lenient  bool
	}](t, v.Input)
	want := read[struct {
		State96, SealTag string
		Refused          *refusal
	}](t, v.Expected)
	var got *sealed.Word
	err := json.Unmarshal([]byte(in.WordJson), &got)
	if reason, ok := stricterWords[v.ID]; ok {
		require.True(t, in.Lenient, "only a lenient case may differ")
		require.Error(t, err, reason)
		return
	}
	if want.Refused != nil {
		require.True(t, err != nil || got == nil)
		return
	}
	require.NoError(t, err)
	require.Equal(t, want.State96, got.State().String())
	require.Equal(t, want.SealTag, sealTag(*got))
}

func itemHash(t *testing.T, v vector) {
	want := read[struct {
		ItemHash string
		Refused  *refusal
	}](t, v.Expected)
	var in struct {
		RecordKey, Seal       sealed.Hash
		Seq                   uint32
		PreviousWord, NewWord sealed.Word
	}
	err := json.Unmarshal(v.Input, &in)
	if want.Refused != nil {
		require.Error(t, err)
		return
	}
	require.NoError(t, err)
	require.Equal(t, want.ItemHash, sealed.ItemHash(in.RecordKey, in.Seq, in.PreviousWord, in.NewWord, in.Seal).String())
}
