package interop

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/internal/canonical"
	"github.com/pacspace/pacspace-go/proof/sealed"
	"github.com/pacspace/pacspace-go/record"
)

// These tests ask the official Python SDK the same questions as ours and want the same
// answers, on inputs that nobody wrote down. The seed is fixed, so that a difference is
// found again.

// officialSDK is a running interpreter.
type officialSDK struct {
	in  io.Writer
	out *bufio.Scanner
}

type answer struct{ Answer, Code, Message, Crash string }

func startOfficial(t *testing.T) *officialSDK {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), pythonWithSDK(t), filepath.Join("official", "sealed.py"))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		in.Close()
		_ = cmd.Wait() // killed with the test's context where the test failed
	})
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 64<<20)
	return &officialSDK{in: in, out: lines}
}

func (o *officialSDK) ask(t *testing.T, what string, question map[string]any) answer {
	t.Helper()
	question["ask"] = what
	text, err := json.Marshal(question)
	require.NoError(t, err)
	_, err = o.in.Write(append(text, '\n'))
	require.NoError(t, err)
	require.True(t, o.out.Scan(), "the official SDK gave no answer: %v", o.out.Err())
	var a answer
	require.NoError(t, json.Unmarshal(o.out.Bytes(), &a))
	return a
}

// A record of ours: sealed, disclosed, and written as files.
type ourRecord struct{ history, disclosure []byte }

func makeRecord(t *testing.T, r *rand.Rand, version sealed.Version) ourRecord {
	t.Helper()
	random := func() (h sealed.Hash) {
		for i := range h {
			h[i] = byte(r.Uint32())
		}
		return h
	}
	layout := sealed.LayoutRef{ID: 6, Version: 1, Digest: random()}
	chain := sealed.Chain{ID: 296}
	recordKey := random()
	d := sealed.Disclosure{RecordKey: recordKey, Chain: chain, Layout: layout, Version: version}
	h := sealed.History{RecordKey: recordKey, Chain: chain, Layout: layout, Version: version}
	for seq := range uint32(1 + r.IntN(3)) {
		content := randomContent(r)
		opening, state := random(), sealed.State{1: 6, 3: byte(seq)}
		entry := sealed.DisclosedEntry{Seq: seq, RecordOpening: opening, Content: content}
		var recordHash sealed.Hash
		if version == sealed.V1 {
			var err error
			recordHash, err = sealed.RecordHashV1(content)
			require.NoError(t, err)
		} else {
			commitment, err := version.Commit(content, random())
			require.NoError(t, err)
			recordHash = commitment.RecordHash
			var show []string
			for _, leaf := range commitment.Revealed {
				if r.IntN(3) > 0 {
					show = append(show, leaf.Pointer)
				}
			}
			entry, err = commitment.Disclose(seq, opening, show...)
			require.NoError(t, err)
		}
		input, err := version.SealInput(recordHash)
		require.NoError(t, err)
		word := sealed.NewWord(state, sealed.Seal(layout, state, input, opening))
		h.Entries = append(h.Entries, sealed.HistoryEntry{
			Seq: seq, NewWord: word, PreviousWord: sealed.Word(random()), RecordHash: &recordHash, ItemOpening: random(), MerkleProof: []sealed.Hash{random()}, BatchID: 7,
		})
		d.Entries = append(d.Entries, entry)
	}
	history, err := h.Encode()
	require.NoError(t, err)
	disclosure, err := d.Encode()
	require.NoError(t, err)
	return ourRecord{history, disclosure}
}

func randomContent(r *rand.Rand) []byte {
	o := &node{kind: '{'}
	for range 1 + r.IntN(6) {
		o.members = append(o.members, member{randomName(r), randomNode(r, 3)})
	}
	return o.text()
}

// redigest gives a disclosure the digest that it should have, where that can be computed.
func redigest(disclosure *node) {
	rest, schema := &node{kind: '{'}, 1
	for _, m := range disclosure.members {
		if m.name != `"digest"` {
			rest.members = append(rest.members, m)
		}
		if m.name == `"schema"` && m.value.raw == `"`+sealed.SchemaDisclosureV2+`"` {
			schema = 2
		}
	}
	form, err := canonical.Transform(rest.text(), canonical.Official)
	if err != nil {
		return
	}
	digest := disclosureDigest(form, schema)
	for i := range disclosure.members {
		if disclosure.members[i].name == `"digest"` {
			disclosure.members[i].value = &node{kind: '"', raw: `"` + digest.String() + `"`}
		}
	}
}

// wantedLinkCopy tells whether a difference is the one that is wanted: a chain or layout
// given as a list of pairs, a Merkle path given as an object.
func wantedLinkCopy(got *sealed.Result) bool {
	return got.Code == sealed.CodeMalformed && (strings.HasPrefix(got.Detail, "sealHistory.chain") || strings.HasPrefix(got.Detail, "sealHistory.layout") || strings.HasPrefix(got.Detail, "sealHistory.entries: merkleProof"))
}

func TestOfficialVerifierAgreesOnMutatedDisclosures(t *testing.T) {
	t.Parallel()
	const rounds = 3000
	o := startOfficial(t)
	r := rand.New(rand.NewPCG(10, 1))
	verdicts := map[string]int{}
	for round := range rounds {
		record := makeRecord(t, r, sealed.Version(1+r.IntN(3)))
		history, disclosure := parseNode(t, record.history), parseNode(t, record.disclosure)
		for range r.IntN(3) {
			if r.IntN(3) == 0 {
				history.mutate(r)
			} else {
				disclosure.mutate(r)
			}
		}
		if r.IntN(20) == 0 { // of another version than it says
			history.members = append(history.members, member{`"recordHashVersion"`, &node{kind: '0', raw: "3"}})
		}
		if r.IntN(4) > 0 && disclosure.kind == '{' {
			redigest(disclosure)
		}
		copied := (&node{kind: '{', members: []member{
			{`"schema"`, &node{kind: '"', raw: `"record-link-copy/v1"`}}, {`"sealHistory"`, history}, {`"disclosure"`, disclosure},
		}}).text()

		got := sealed.VerifyDisclosure(history.text(), disclosure.text())
		want := o.ask(t, "disclosure", map[string]any{"history": string(history.text()), "disclosure": string(disclosure.text())})
		requireSameAnswer(t, want, got, "round %d\nhistory %s\ndisclosure %s", round, history.text(), disclosure.text())
		verdicts[string(got.Verdict())+" "+string(got.Code)]++

		got = sealed.VerifyLinkCopy(copied)
		want = o.ask(t, "link_copy", map[string]any{"copy": string(copied)})
		if !wantedLinkCopy(got) {
			requireSameAnswer(t, want, got, "round %d\n%s", round, copied)
		}
	}
	t.Logf("%d disclosures and as many link copies: %v", rounds, verdicts)
	require.Greater(t, len(verdicts), 8, "every verdict and code was met")
}

func requireSameAnswer(t *testing.T, want answer, got *sealed.Result, format string, args ...any) {
	t.Helper()
	text, err := officialText(got)
	require.NoError(t, err)
	if want.Answer != text {
		require.Equal(t, want, answer{Answer: text}, fmt.Sprintf(format, args...)+"\n"+got.Detail)
	}
}

func TestOfficialRecordHashesAreTheSame(t *testing.T) {
	t.Parallel()
	o := startOfficial(t)
	r := rand.New(rand.NewPCG(10, 2))
	key, err := sealed.ParseHash("0x" + strings.Repeat("11", 32))
	require.NoError(t, err)
	for round := range 1500 {
		content := parseNode(t, randomContent(r))
		if r.IntN(3) == 0 {
			content.mutate(r)
		}
		version := sealed.Version(2 + r.IntN(2))
		got, err := version.Commit(content.text(), key)
		want := o.ask(t, "commit", map[string]any{"version": version, "content": string(content.text())})
		if err != nil {
			require.NotEmpty(t, want.Crash, "round %d: %v\n%s", round, err, content.text())
			continue
		}
		require.Equal(t, answer{Answer: got.RecordHash.String()}, want, "round %d\n%s", round, content.text())
	}
}

func TestOfficialCheckAgreesOnMutatedHistories(t *testing.T) {
	t.Parallel()
	o := startOfficial(t)
	r := rand.New(rand.NewPCG(10, 3))
	crashes := 0
	for round := range 3000 {
		history, expect, files := randomHistory(t, r)
		for range r.IntN(3) {
			if r.IntN(3) == 0 {
				expect.mutate(r)
			} else {
				history.mutate(r)
			}
		}
		if expect.kind != '[' || len(expect.elements) > 2 {
			continue // no list of rows is refused by ParseExpectations; files go by row
		}
		rows, err := record.ParseExpectations(expect.text())
		require.NoError(t, err)
		question := make([][]map[string]string, len(rows))
		for i := range rows {
			if i >= len(files) || expect.elements[i].kind != '{' {
				continue
			}
			for _, f := range files[i] {
				held := record.HeldFile{Source: strings.NewReader(f.source), Blinding: f.blinding}
				rows[i].Files = append(rows[i].Files, held)
				asked := map[string]string{"source": hex.EncodeToString([]byte(f.source))}
				if f.blinding != nil {
					asked["blinding"] = string(f.blinding.FileText())
				}
				question[i] = append(question[i], asked)
			}
		}
		got, err := record.CheckHistory(history.text(), rows...)
		want := o.ask(t, "check", map[string]any{"history": string(history.text()), "expect": string(expect.text()), "files": question})
		if want.Crash != "" {
			crashes++ // ours may answer or refuse, but in its own words
			var refused *record.Error
			require.True(t, err == nil || errors.As(err, &refused))
			continue
		}
		where := fmt.Sprintf("round %d\nhistory %s\nexpect %s", round, history.text(), expect.text())
		if err != nil {
			requireSameRefusal(t, want, err, where)
			continue
		}
		require.Equal(t, answer{Answer: jcs(t, got)}, want, where)
	}
	t.Logf("the official check crashed %d times", crashes)
	require.Less(t, crashes, 1000)
}

func requireSameRefusal(t *testing.T, want answer, err error, where string) {
	t.Helper()
	var refused *record.Error
	require.ErrorAs(t, err, &refused, where)
	require.Equal(t, want, answer{Code: refused.Code, Message: refused.Message}, where)
}

func TestOfficialIntakeAndGuardAgree(t *testing.T) {
	t.Parallel()
	o := startOfficial(t)
	r := rand.New(rand.NewPCG(10, 4))
	answers := map[string]int{}
	types := []string{"machine-action-record", "balance-account", "usage-meter", "model-version-record", "geoint-aoi-cell", "geoint-tracked-entity", "other"}
	lifecycles := []string{"recorded", "active", "submitted", "closed", "", "Recorded"}
	for round := range 6000 {
		recordType := types[r.IntN(len(types))]
		content := plausibleContent(t, r, recordType)
		for range r.IntN(3) {
			content.mutate(r)
		}
		lifecycle := lifecycles[r.IntN(len(lifecycles))]
		if layouts := record.Layouts(recordType); len(layouts) > 0 && r.IntN(4) > 0 {
			lifecycle = layouts[0].Lifecycle[0]
		}
		text := content.text()
		where := fmt.Sprintf("round %d %s %s\n%s", round, recordType, lifecycle, text)

		want := o.ask(t, "admit", map[string]any{"recordType": recordType, "lifecycle": lifecycle, "content": string(text)})
		answers[want.Code]++
		if want.Crash == "" {
			if err := record.Admit(recordType, lifecycle, text); err != nil {
				requireSameRefusal(t, want, err, where)
			} else {
				require.Equal(t, answer{Answer: "admitted"}, want, where)
			}
		}
		want = o.ask(t, "guard", map[string]any{"content": string(text)})
		if err := record.Guard(text); err != nil {
			requireSameRefusal(t, want, err, where)
		} else {
			require.Equal(t, answer{Answer: "sent"}, want, where)
		}
	}
	t.Logf("answers of the intake by code: %v", answers)
	require.Greater(t, len(answers), 5)
}

func TestOfficialBlindingFileReaderAgrees(t *testing.T) {
	t.Parallel()
	o := startOfficial(t)
	r := rand.New(rand.NewPCG(10, 5))
	accepted := 0
	for round := range 2000 {
		made, err := record.Fingerprint(bytes.NewReader(make([]byte, r.IntN(50))), record.FingerprintParams{})
		require.NoError(t, err)
		text := made.Blinding.FileText()
		for range r.IntN(3) {
			text = mutateBytes(r, text)
		}
		_, err = record.ParseBlindingFile(text)
		want := o.ask(t, "blinding_file", map[string]any{"bytes": hex.EncodeToString(text)})
		if err == nil {
			accepted++
			require.Equal(t, "accepted", want.Answer, "round %d\n%s", round, text)
		} else {
			require.Equal(t, "refused", want.Answer, "round %d\n%s", round, text)
		}
	}
	t.Logf("%d accepted", accepted)
	require.Greater(t, accepted, 300)
}

func mutateBytes(r *rand.Rand, text []byte) []byte {
	i := r.IntN(len(text))
	switch r.IntN(4) {
	case 0: // another digit, often still a file
		const digits = "0123456789abcdefABCDEF\n\r \""
		text[i] = digits[r.IntN(len(digits))]
		return text
	case 1:
		return append(text[:i:i], text[i+1:]...)
	case 2:
		return append(text[:i:i], append([]byte{text[i]}, text[i:]...)...)
	}
	return bytes.Replace(text, []byte("\n"), []byte("\r\n"), 1)
}
