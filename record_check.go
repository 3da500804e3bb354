package pacspace

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"

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
// returns. What stands in a row is judged by [CheckHistory].
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
// It fails with a [*RecordError] where an expectation or the history cannot be read, or the
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

// historyEntry is one entry of a history, or what its receipt says of it.
type historyEntry struct {
	seq, status, code, sentence jsonview.Value
	committed                   bool // the receipt gives no status: it is committed
}

func (e historyEntry) is(status string) bool {
	return e.status.Is(status) || e.committed && status == "committed"
}

func historyEntries(h jsonview.Value) ([]historyEntry, error) {
	var entries []historyEntry
	read := func(name string) error {
		for v := range h.Get(name).Elements() {
			if v.Kind() != jsonview.Object {
				return recordRefused(codeValidation, fmt.Sprintf("history: %s: want a list of objects", name))
			}
			if len(entries) == maxHistoryEntries {
				return errTooManyEntries()
			}
			entries = append(entries, historyEntry{seq: v.Get("seq"), status: v.Get("status"), code: v.Get("code"), sentence: v.Get("sentence")})
		}
		return nil
	}
	if err := read("entries"); err != nil || len(entries) > 0 {
		return entries, err
	}
	receipts, err := receiptsOf(h)
	if err != nil {
		return nil, err
	}
	for _, receipt := range receipts {
		status := receipt.Get("status")
		entries = append(entries, historyEntry{seq: receipt.Get("seq"), status: status, committed: !status.Truthy()})
	}
	if err := read("pendingEntries"); err != nil {
		return nil, err
	}
	slices.SortStableFunc(entries, func(a, b historyEntry) int { return cmp.Compare(sortedBy(a.seq), sortedBy(b.seq)) })
	return entries, nil
}

// sortedBy is the place of an entry: what is no integer goes with seq 0.
func sortedBy(seq jsonview.Value) int64 {
	if seq.IsTrue() {
		return 1
	}
	if !seq.IsInteger() {
		return 0
	}
	n, _ := strconv.ParseInt(string(seq.Raw()), 10, 64) // beyond int64 the nearest one sorts the same
	return n
}

func receiptsOf(h jsonview.Value) ([]jsonview.Value, error) {
	receipts := h.Get("receipts")
	if kind := receipts.Kind(); receipts.Truthy() && (kind == jsonview.Number || kind == jsonview.Bool) {
		return nil, recordRefused(codeValidation, "history: receipts: want a list")
	}
	var found []jsonview.Value
	for receipt := range receipts.Elements() {
		if receipt.Kind() != jsonview.Object {
			continue
		}
		if len(found) == maxHistoryEntries {
			return nil, errTooManyEntries()
		}
		found = append(found, receipt)
	}
	return found, nil
}

func errTooManyEntries() error {
	return recordRefused(codeValidation, fmt.Sprintf("history: more than %d entries", maxHistoryEntries))
}

// receiptsBySeq finds the last receipt of each seq that is written as an integer.
func receiptsBySeq(h jsonview.Value) (map[string]jsonview.Value, error) {
	receipts, err := receiptsOf(h)
	if err != nil {
		return nil, err
	}
	bySeq := make(map[string]jsonview.Value, len(receipts))
	for _, receipt := range receipts {
		seq := receipt.Get("seq")
		if key, ok := seq.Key(); ok && (seq.IsInteger() || seq.Kind() == jsonview.Bool) {
			bySeq[key] = receipt
		}
	}
	return bySeq, nil
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

func statusOf(entry historyEntry) string {
	switch {
	case entry.committed:
		return "committed"
	case !entry.status.Truthy():
		return "queued"
	default:
		return entry.status.PythonText()
	}
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

// kindOf tells what an entry is by which fields its content has, never by their values.
func kindOf(receipt jsonview.Value) string {
	if receipt.Kind() == jsonview.Absent {
		return ""
	}
	has := func(name string) bool {
		for leaf := range receipt.Get("revealed").Elements() {
			if leaf.Get("pointer").Is("/" + name) {
				return true
			}
		}
		return false
	}
	if !receipt.Get("schema").Is(schemaReceiptV3) {
		content := contentOfReceipt(receipt)
		if content.Kind() != jsonview.Object {
			return ""
		}
		has = func(name string) bool { return content.Get(name).Kind() != jsonview.Absent }
	}
	switch {
	case has("attemptedTarget"):
		return "attempt"
	case has("failureClass"):
		return "failure"
	}
	return "transition"
}

// schemaReceiptV3 is a receipt that carries leaves in the place of a content.
const schemaReceiptV3 = "semantic-receipt/v3"

func contentOfReceipt(receipt jsonview.Value) jsonview.Value {
	if content := receipt.Get("recordContent"); content.Kind() == jsonview.Object {
		return content
	}
	return receipt.Get("sealedRecord").Get("content")
}

// payloadsOf returns an entry's payloads: those of its content, or the shown leaves at
// /payloads/0, /payloads/1 and so on in the order of these numbers.
func payloadsOf(receipt jsonview.Value) iter.Seq[jsonview.Value] {
	if !receipt.Get("schema").Is(schemaReceiptV3) {
		return contentOfReceipt(receipt).Get("payloads").Elements()
	}
	type place struct {
		index string
		value jsonview.Value
	}
	var places []place
	for leaf := range receipt.Get("revealed").Elements() {
		pointer, _ := leaf.Get("pointer").Text()
		index, ok := strings.CutPrefix(pointer, "/payloads/")
		if ok && isDigits(index) && (len(index) == 1 || index[0] != '0') {
			places = append(places, place{index, leaf.Get("value")})
		}
	}
	// Without leading zeros the longer number is the larger one.
	slices.SortStableFunc(places, func(a, b place) int {
		return cmp.Or(cmp.Compare(len(a.index), len(b.index)), cmp.Compare(a.index, b.index))
	})
	return func(yield func(jsonview.Value) bool) {
		for _, p := range places {
			if !yield(p.value) {
				return
			}
		}
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
