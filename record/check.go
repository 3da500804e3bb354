package record

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/big"
	"slices"
	"strconv"

	"github.com/pacspace/pacspace-go/internal/jsonview"
)

// Expectation is what someone holds of one entry of a record: references that he knows were
// sent, files that they were made of, or both.
type Expectation struct {
	// Entry counts from 1, as PacSpace's pages do.
	Entry int
	// Payloads are references that must be among the entry's payloads.
	Payloads []PayloadRef
	// Files must each be the file of one of the entry's payloads.
	Files []HeldFile

	row jsonview.Value // the expectation's JSON where it was read from some
}

// HeldFile is a file that someone holds.
type HeldFile struct {
	Source   io.Reader // read to its end, once
	Blinding *Blinding // needed where the entry's fingerprint is blinded
}

// ParseExpectations reads expectations from a JSON list of objects with entry, counted from
// 1, and payloads, a list of references. Files have no place in JSON: set them on what this
// returns. What stands in a row is judged by [CheckHistory]. It fails with a [*Error] where
// the text is no JSON list.
//
// Source: records contract, section 4.
func ParseExpectations(text []byte) ([]Expectation, error) {
	v, err := jsonview.Parse(text, maxContentDepth)
	if err != nil || v.Kind() != jsonview.Array {
		return nil, recordRefused(codeValidation, "Expectations are a JSON list of objects with an entry number.")
	}
	expect := []Expectation{}
	for row := range v.Elements() {
		e := Expectation{row: row}
		if entry, ok := row.Get("entry").Uint(math.MaxInt32); ok {
			e.Entry = int(entry)
		}
		for payload := range row.Get("payloads").Elements() {
			var ref PayloadRef
			ref.Alg, _ = payload.Get("alg").Text()
			ref.Digest, _ = payload.Get("digest").Text()
			ref.ByteLength = payload.Get("byteLength").PythonText()
			e.Payloads = append(e.Payloads, ref)
		}
		expect = append(expect, e)
	}
	return expect, nil
}

// HistoryCheck is what [CheckHistory] found. Its JSON is the official SDK's.
type HistoryCheck struct {
	// OK is false where an entry failed, nothing is committed, or an expectation is not met.
	OK bool
	// Entries are the history's entries in its order, none where it is of another schema.
	Entries []CheckedEntry
	// FailedCheck is "schema" or "semantic", empty where OK.
	FailedCheck string
	// Reason is the official sentence for it.
	Reason string
	// Note is a hint, empty where there is none.
	Note string
	// BlindingFileNeeded are the entries, counted from 1, that a file may well match if it
	// comes with its blinding.
	BlindingFileNeeded []int
}

// CheckedEntry is one row of a [HistoryCheck].
type CheckedEntry struct {
	// Entry counts from 1. It is 0 where the history gives no number, or none of this size.
	Entry int
	// Status is as the history has it, "queued" where it says nothing.
	Status string
	// Kind is "transition", "attempt" or "failure" for a committed entry whose content is
	// there, else empty.
	Kind string
	// Code and Sentence are the service's, for an entry that failed.
	Code, Sentence string
	// Expected tells whether the expectation of this entry is met; nil where there is none.
	Expected *bool

	number                 json.RawMessage // Entry, also where no int holds it
	status, code, sentence jsonview.Value  // as they stand, for the JSON
}

// The largest history that is read. One of more entries would have to be made of less than
// 256 bytes each, which no sealed entry is.
const (
	maxHistory        = 64 << 20 // bytes
	maxHistoryEntries = maxHistory / 256
)

// CheckHistory lists the entries of a record's history, a record-history-bundle/v1 or /v2,
// and compares their payloads with what someone holds. Where two expectations name one
// entry the later one counts; one for an entry that the history lacks is not met by
// anything and changes nothing.
//
// It recomputes no hash: it finds what the service says, and nothing about whether that is
// what was sealed. For that there is package proof/sealed.
//
// It fails with a [*Error] where an expectation or the history cannot be read, or the
// history has more than 64 MiB or 262144 entries, and with the error of a file's reader.
//
// Source: records contract, section 4.
func CheckHistory(history []byte, expect ...Expectation) (*HistoryCheck, error) {
	if len(history) > maxHistory {
		return nil, recordRefused(codeValidation, fmt.Sprintf("history: larger than %d bytes", maxHistory))
	}
	h, err := jsonview.Parse(history, maxContentDepth)
	if err != nil {
		return nil, recordRefused(codeValidation, "history: "+err.Error())
	}
	if schema := h.Get("schema"); !isNothing(schema) && !schema.Is("record-history-bundle/v1") && !schema.Is("record-history-bundle/v2") {
		return &HistoryCheck{Entries: []CheckedEntry{}, FailedCheck: "schema", Reason: "Not a record-history-bundle/v1."}, nil
	}
	for _, e := range expect {
		if err := e.readable(); err != nil {
			return nil, err
		}
	}
	wanted, err := expectationsBySeq(expect)
	if err != nil {
		return nil, err
	}
	if h.Kind() != jsonview.Object {
		return nil, recordRefused(codeValidation, "history: want an object")
	}
	entries, err := historyEntries(h)
	if err != nil {
		return nil, err
	}
	receipts, err := receiptsBySeq(h)
	if err != nil {
		return nil, err
	}
	check := &HistoryCheck{Entries: make([]CheckedEntry, 0, len(entries))}
	for _, entry := range entries {
		if err := check.add(entry, receipts, wanted); err != nil {
			return nil, err
		}
	}
	check.conclude(entries)
	return check, nil
}

func isNothing(v jsonview.Value) bool {
	return v.Kind() == jsonview.Absent || v.Kind() == jsonview.Null
}

// add lists one entry and compares it with the expectation of it.
func (c *HistoryCheck) add(entry historyEntry, receipts map[string]jsonview.Value, wanted map[string]heldEntry) error {
	key := "null"
	if entry.seq.Kind() != jsonview.Absent {
		var ok bool
		if key, ok = entry.seq.Key(); !ok {
			return recordRefused(codeValidation, "history: entries: seq: want an integer")
		}
	}
	row := CheckedEntry{status: entry.status, code: entry.code, sentence: entry.sentence}
	if entry.seq.IsInteger() {
		row.Entry, row.number = entryAfter(key)
	}
	row.Status = statusOf(entry)
	row.Code, _ = entry.code.Text()
	row.Sentence, _ = entry.sentence.Text()
	receipt := receipts[key]
	if entry.is("committed") {
		row.Kind = kindOf(receipt)
	}
	if held, ok := wanted[key]; ok {
		met, needsBlinding := held.metBy(payloadsOf(receipt))
		row.Expected = &met
		if number, _ := entryAfter(key); needsBlinding && !slices.Contains(c.BlindingFileNeeded, number) {
			c.BlindingFileNeeded = append(c.BlindingFileNeeded, number)
		}
	}
	c.Entries = append(c.Entries, row)
	return nil
}

// entryAfter returns the number of the entry with a seq, counted from 1, and the same as a
// JSON number. A number that no int holds is 0.
func entryAfter(seq string) (int, json.RawMessage) {
	n, _ := new(big.Int).SetString(seq, 10)
	n.Add(n, big.NewInt(1))
	text := json.RawMessage(n.String())
	if !n.IsInt64() || n.Int64() > math.MaxInt {
		return 0, text
	}
	return int(n.Int64()), text
}

// conclude finds the first thing that is wrong, in the official order.
func (c *HistoryCheck) conclude(entries []historyEntry) {
	failed := slices.IndexFunc(entries, func(e historyEntry) bool { return e.is("failed") })
	switch {
	case failed >= 0:
		c.FailedCheck, c.Reason = "schema", cmp.Or(c.Entries[failed].Sentence, "A queued write did not commit.")
	case !slices.ContainsFunc(entries, func(e historyEntry) bool { return e.is("committed") }):
		c.FailedCheck, c.Reason = "schema", "No committed entries."
	case slices.ContainsFunc(c.Entries, func(e CheckedEntry) bool { return e.Expected != nil && !*e.Expected }):
		c.FailedCheck, c.Reason = "semantic", "A fingerprint you hold is not among the committed payloads."
	default:
		c.OK = true
	}
	if len(c.BlindingFileNeeded) > 0 {
		c.Note = "A blinded entry was not matched. Pass each file with its blinding file to check it."
	}
}

// MarshalJSON returns the members of the official SDK's result.
func (c *HistoryCheck) MarshalJSON() ([]byte, error) {
	type row struct {
		Entry    json.RawMessage `json:"entry"`
		Status   json.RawMessage `json:"status"`
		Kind     *string         `json:"kind"`
		Code     json.RawMessage `json:"code"`
		Sentence json.RawMessage `json:"sentence"`
		Expected *bool           `json:"expected,omitzero"`
	}
	rows := make([]row, len(c.Entries))
	for i, entry := range c.Entries {
		rows[i] = row{
			Entry: entry.number, Status: asItStands(entry.status), Kind: optional(entry.Kind),
			Code: asItStands(entry.code), Sentence: asItStands(entry.sentence), Expected: entry.Expected,
		}
		if !entry.status.Truthy() {
			rows[i].Status = strconv.AppendQuote(nil, entry.Status) // committed or queued
		}
	}
	return json.Marshal(struct {
		OK                 bool    `json:"ok"`
		Entries            []row   `json:"entries"`
		FailedCheck        *string `json:"failedCheck"`
		SourceChecked      bool    `json:"sourceChecked"`
		Reason             *string `json:"reason"`
		Note               *string `json:"note"`
		BlindingFileNeeded []int   `json:"blindingFileNeeded,omitempty"`
	}{c.OK, rows, optional(c.FailedCheck), false, optional(c.Reason), optional(c.Note), c.BlindingFileNeeded})
}

// asItStands is a history's own text, and nothing where that is not JSON to everyone.
func asItStands(v jsonview.Value) json.RawMessage {
	if !json.Valid(v.Raw()) {
		return nil
	}
	return v.Raw()
}

// optional is nil, which JSON writes as null, for an empty text.
func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
