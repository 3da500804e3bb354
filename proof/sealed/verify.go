package sealed

import (
	"bytes"
	"errors"
	"fmt"
	"sort"

	"github.com/pacspace/pacspace-go/internal/canonical"
	"github.com/pacspace/pacspace-go/internal/jsonview"
)

// The schemas of the files that this package reads and writes.
const (
	SchemaDisclosureV1 = "record-disclosure/v1" // record hash versions 1 and 2
	SchemaDisclosureV2 = "record-disclosure/v2" // record hash version 3
	SchemaHistory      = "record-seal-history/v1"
	SchemaLinkCopy     = "record-link-copy/v1"
)

// The limits within which files are read. MaxDisclosureBytes is the protocol's, the other is
// ours.
const (
	MaxDisclosureBytes = 1 << 20  // of a disclosure in canonical form: more is CodeTooLarge
	MaxHistoryBytes    = 64 << 20 // of a history or a link copy: more is CodeMalformed
)

const (
	// maxTextBytes bounds a disclosure as it is written: white space and escapes do not count
	// towards its canonical form.
	maxTextBytes = 16 << 20
	// maxDisclosureDepth is where the official verifier's stack ends: three calls a level.
	maxDisclosureDepth = 329
	maxDepth           = 900
)

// Schema returns the schema that a file names, and "" where it is not JSON, too large to be
// one of ours, or names none: what VerifyDisclosure and VerifyLinkCopy may be asked about.
func Schema(file []byte) string {
	v, err := parse(file, "file", MaxHistoryBytes, maxDepth)
	if err != nil {
		return ""
	}
	schema, _ := v.Get("schema").Text()
	return schema
}

// VerifyDisclosure checks a disclosure, a record-disclosure/v1 or /v2, against the record's
// history: a seal history, or the form of one that holds at least the disclosed entries.
//
// It finds whether each shown field is one of those that were sealed, whether they give the
// record hash that the history states, and whether that gives the seal in the entry's word.
// It never fails: the answer is in the result, and the first thing that is wrong ends it.
// Entries of record hash [V1] are not checked, as the official verifier has it.
//
// A history of more than [MaxHistoryBytes] is [CodeMalformed]. A disclosure of more than
// [MaxDisclosureBytes] in canonical form, or 16 MiB as it is written, is [CodeTooLarge].
//
// Source: records contract, section 7.
func VerifyDisclosure(history, disclosure []byte) *Result {
	if len(disclosure) > maxTextBytes {
		return refused(CodeTooLarge, nil, fmt.Errorf("disclosure: larger than %d bytes", maxTextBytes))
	}
	d, err := parse(disclosure, "disclosure", maxTextBytes, maxDepth)
	if err != nil {
		return malformed(err)
	}
	h, err := parse(history, "history", MaxHistoryBytes, maxDepth)
	if err != nil {
		return malformed(err)
	}
	source, err := formOf(h)
	if err != nil {
		// The official verifier looks at the disclosure's size before it looks at the form.
		if tooLarge := checkSize(d); tooLarge != nil {
			return tooLarge
		}
		return malformed(err)
	}
	return verify(source, d)
}

// checkSize refuses what is no disclosure at all and what is too large to be one.
func checkSize(v jsonview.Value) *Result {
	if schema := v.Get("schema"); !schema.Is(SchemaDisclosureV1) && !schema.Is(SchemaDisclosureV2) {
		return malformed(wrong("schema", "want "+SchemaDisclosureV1+" or "+SchemaDisclosureV2))
	}
	if _, err := jsonview.Parse(v.Raw(), maxDisclosureDepth); err != nil {
		return malformed(fmt.Errorf("disclosure: %w", err))
	}
	text, err := canonicalText(v)
	if err != nil {
		return malformed(err)
	}
	if len(text) > MaxDisclosureBytes {
		return refused(CodeTooLarge, nil, fmt.Errorf("disclosure: %d bytes in canonical form", len(text)))
	}
	return nil
}

// verify goes through the official order of checks.
func verify(source formSource, v jsonview.Value) *Result {
	if refused := checkSize(v); refused != nil {
		return refused
	}
	d, err := readDisclosure(v)
	if err != nil {
		return malformed(err)
	}
	f, err := source.read()
	if err != nil {
		return malformed(err)
	}
	digest, err := digestOf(v)
	if err != nil {
		return malformed(err)
	}
	switch {
	case digest != d.digest:
		return refused(CodeDigestMismatch, nil, fmt.Errorf("digest: the contents give %s", digest))
	case d.recordKey != f.recordKey:
		return refused(CodeRecordMismatch, nil, errors.New("recordKey: differs from the history's"))
	case d.chain != f.chain:
		return refused(CodeRecordMismatch, nil, errors.New("chain: differs from the history's"))
	case !d.layout.same(f.layout):
		return refused(CodeRecordMismatch, nil, errors.New("layout: differs from the history's"))
	case f.v3 != (d.version == V3):
		return refused(CodeVersionMismatch, nil, fmt.Errorf("recordHashVersion: %d is not the history's", d.version))
	}
	result := &Result{Entries: []Entry{}}
	for _, entry := range d.entries {
		row, refusal := d.verifyEntry(entry, f)
		if refusal != nil {
			return refusal
		}
		result.Entries = append(result.Entries, row)
	}
	return result
}

// verifyEntry checks one entry, or says why the disclosure is refused.
func (d *disclosure) verifyEntry(entry disclosedEntry, f *form) (Entry, *Result) {
	row := Entry{Seq: uint32(entry.seq.value)}
	against, ok := f.entries[entry.seq.value]
	switch {
	case !ok:
		return row, refused(CodeNotInHistory, &entry.seq, nil)
	case d.version == V1:
		row.Note = noteV1
		return row, nil
	}
	recordHash, refusal := entry.open(d.version)
	if refusal != nil {
		return row, refusal
	}
	if !against.hasRecordHash {
		row.Note = noteNoRecordHash
		return row, nil
	}
	if recordHash != against.recordHash {
		refusal := refused(CodeSealMismatch, &entry.seq, fmt.Errorf("the shown and withheld fields give the record hash %s", recordHash))
		refusal.Reason = reasonRecordHash(entry.seq)
		return row, refusal
	}
	layout, ok := d.layout.sealable()
	if !ok {
		return row, malformed(wrong("layout", "no layout id up to 65535 and version up to 255, written as integers"))
	}
	sealInput, err := d.version.SealInput(recordHash)
	if err != nil {
		return row, malformed(err)
	}
	state := against.newWord.State()
	if seal := Seal(layout, state, sealInput, entry.recordOpening); NewWord(state, seal) != against.newWord {
		return row, refused(CodeSealMismatch, &entry.seq, fmt.Errorf("the record hash gives the seal %s", seal))
	}
	entry.show(&row, d.version)
	return row, nil
}

// open checks each shown field against the leaves or items and returns the record hash that
// these give.
func (e *disclosedEntry) open(version Version) (Hash, *Result) {
	if version == V2 {
		for _, leaf := range e.revealed {
			hash, err := V2.LeafHash(leaf.Pointer, leaf.Value, leaf.Salt)
			if err != nil {
				return Hash{}, malformed(err)
			}
			if !contains(e.leaves, hash) {
				return Hash{}, refused(CodeLeafMismatch, &e.seq, &leafMismatch{leaf.Pointer})
			}
		}
		recordHash, err := RecordHashV2(e.leaves)
		if err != nil {
			return Hash{}, malformed(err)
		}
		return recordHash, nil
	}
	recordHash, err := openItems(e.items, e.revealed)
	var mismatch *leafMismatch
	switch {
	case errors.As(err, &mismatch):
		return Hash{}, refused(CodeLeafMismatch, &e.seq, err)
	case err != nil:
		return Hash{}, refused(CodeMalformed, &e.seq, err)
	}
	return recordHash, nil
}

// show puts what was checked into a row.
func (e *disclosedEntry) show(row *Entry, version Version) {
	row.Checked = true
	row.Shown = make([]Field, len(e.revealed))
	for i, leaf := range e.revealed {
		row.Shown[i] = Field{leaf.Pointer, leaf.Value}
	}
	row.Withheld = len(e.leaves) + len(e.items) - len(e.revealed)
	if row.Withheld == 0 {
		row.Content = contentOf(row.Shown, version)
	}
	row.WithheldMembers = withheldMembers(e.items, e.revealed)
}

func contains(sorted []Hash, hash Hash) bool {
	i := sort.Search(len(sorted), func(i int) bool { return bytes.Compare(sorted[i][:], hash[:]) >= 0 })
	return i < len(sorted) && sorted[i] == hash
}

// disclosureDigest returns the digest that a disclosure must carry: over all of it but the
// digest itself.
//
// Source: records contract, section 7.1.
func disclosureDigest(disclosure []byte) (Hash, error) {
	v, err := parse(disclosure, "disclosure", maxTextBytes, canonical.MaxDepth)
	if err != nil {
		return Hash{}, fmt.Errorf("sealed: %w", err)
	}
	if v.Kind() != jsonview.Object {
		return Hash{}, fmt.Errorf("sealed: %w", wrong("disclosure", "want an object"))
	}
	return digestOf(v)
}

func digestOf(v jsonview.Value) (Hash, error) {
	text, err := canonical.Transform(v.Without("digest"), canonical.Official)
	if err != nil {
		return Hash{}, fmt.Errorf("sealed: %w", err)
	}
	version := V1
	if v.Get("schema").Is(SchemaDisclosureV2) {
		version = V2
	}
	return sha256Of(version.label("pacspace:record-disclosure-digest"), text), nil
}
