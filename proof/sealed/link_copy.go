package sealed

import (
	"fmt"
	"slices"

	"github.com/pacspace/pacspace-go/internal/jsonview"
)

// VerifyLinkCopy checks a link copy, a record-link-copy/v1: one file with a record's seal
// history and a disclosure of it. It compares the two as [VerifyDisclosure] does, with the
// history's entries that the disclosure names: the last of several with one seq counts,
// and entries that are not disclosed are not looked at.
//
// A copy without a disclosure, or whose history lacks a disclosed entry or the record hash
// of one, is [CodeMalformed]. A copy of more than [MaxHistoryBytes] is too. It never fails
// otherwise: the answer is in the result.
//
// Source: records contract, section 8.
func VerifyLinkCopy(file []byte) *Result {
	v, err := parse(file, "link copy", MaxHistoryBytes, maxDepth)
	if err != nil {
		return malformed(err)
	}
	members, err := pick(v, "link copy", true, "schema", "sealHistory", "disclosure")
	if err != nil {
		return malformed(err)
	}
	history, disclosure := members[1], members[2]
	switch {
	case !members[0].Is(SchemaLinkCopy):
		return malformed(wrong("schema", "want "+SchemaLinkCopy))
	case !history.Get("schema").Is(SchemaHistory):
		return malformed(wrong("sealHistory.schema", "want "+SchemaHistory))
	case disclosure.Kind() != jsonview.Object:
		return malformed(wrong("disclosure", "want an object; this copy has no disclosure"))
	}
	source, err := formFromHistory(history, disclosure)
	if err != nil {
		return malformed(err)
	}
	return verify(source, disclosure)
}

// formFromHistory takes from a history what a disclosure names.
//
// The official function also reads a chain or layout given as a list of pairs, and a
// Merkle path given as an object, only because Python turns these into what it wants. Such
// a history is malformed here.
func formFromHistory(history, disclosure jsonview.Value) (formSource, error) {
	if kind := disclosure.Get("entries").Kind(); kind != jsonview.Array {
		return formSource{}, wrong("disclosure.entries", "want a list")
	}
	members, _ := history.Pick("recordKey", "recordHashVersion", "chain", "layout", "entries")
	source := formSource{
		recordKey: members[0], chain: members[2], layout: members[3],
		v3:                members[1].Equals(uint64(V3)),
		proofMayBeMissing: true,
	}
	version := disclosure.Get("recordHashVersion")
	source.dropRecordHash = !version.Equals(uint64(V2)) && !version.Equals(uint64(V3))
	for i, name := range []string{"chain", "layout"} {
		if v := members[2+i]; v.Truthy() && v.Kind() != jsonview.Object {
			return formSource{}, wrong("sealHistory."+name, "want an object")
		}
	}
	seqs, err := disclosedSeqs(disclosure)
	if err != nil {
		return formSource{}, err
	}
	entries, err := lastEntries(members[4], seqs)
	if err != nil {
		return formSource{}, err
	}
	disclosed := make([]jsonview.Value, 0, len(seqs))
	for i, seq := range seqs {
		entry := entries[seq]
		if entry.Kind() == jsonview.Absent {
			return formSource{}, wrong(fmt.Sprintf("disclosure.entries[%d].seq", i), "no such entry in the seal history")
		}
		if !source.dropRecordHash && entry.Get("recordHash").Kind() == jsonview.Absent {
			return formSource{}, wrong(fmt.Sprintf("disclosure.entries[%d].seq", i), "the seal history has no record hash for this entry")
		}
		if proof := entry.Get("merkleProof"); proof.Truthy() && proof.Kind() != jsonview.Array {
			return formSource{}, wrong("sealHistory.entries: merkleProof", "want a list")
		}
		disclosed = append(disclosed, entry)
	}
	source.entries = slices.Values(disclosed)
	return source, nil
}

// disclosedSeqs returns the keys of the disclosed seqs, each once, in the order of the
// disclosure. They may still be no seqs at all; comparing them must make sense.
func disclosedSeqs(disclosure jsonview.Value) ([]string, error) {
	var keys []string
	seen := make(map[string]bool)
	var first jsonview.Kind
	for entry := range disclosure.Get("entries").Elements() {
		if entry.Kind() != jsonview.Object {
			continue
		}
		seq := entry.Get("seq")
		key, ok := seqKey(seq)
		if !ok {
			return nil, wrong("disclosure.entries: seq", "want an integer")
		}
		if seen[key] {
			continue
		}
		seen[key] = true
		if keys = append(keys, key); len(keys) == 1 {
			first = sortKind(seq.Kind())
		} else if sortKind(seq.Kind()) != first || first == jsonview.Null {
			return nil, wrong("disclosure.entries: seq", "want integers only")
		}
	}
	return keys, nil
}

// sortKind returns the kind that stands for all kinds whose values Python can sort
// together.
func sortKind(kind jsonview.Kind) jsonview.Kind {
	switch kind {
	case jsonview.Absent:
		return jsonview.Null
	case jsonview.Bool:
		return jsonview.Number
	}
	return kind
}

// lastEntries returns the last entry of a history for each of the keys.
func lastEntries(history jsonview.Value, keys []string) (map[string]jsonview.Value, error) {
	if kind := history.Kind(); history.Truthy() && (kind == jsonview.Number || kind == jsonview.Bool) {
		return nil, wrong("sealHistory.entries", "want a list")
	}
	wanted := make(map[string]jsonview.Value, len(keys))
	for _, key := range keys {
		wanted[key] = jsonview.Value{}
	}
	for entry := range history.Elements() {
		if entry.Kind() != jsonview.Object {
			continue
		}
		key, ok := seqKey(entry.Get("seq"))
		if !ok {
			return nil, wrong("sealHistory.entries: seq", "want an integer")
		}
		if _, ok := wanted[key]; ok {
			wanted[key] = entry
		}
	}
	return wanted, nil
}

// seqKey returns the key of a seq, a missing one counting as null.
func seqKey(v jsonview.Value) (string, bool) {
	if v.Kind() == jsonview.Absent {
		return "null", true
	}
	return v.Key()
}
