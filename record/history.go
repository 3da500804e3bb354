package record

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/pacspace/pacspace-go/internal/jsonview"
)

// What a record's history says of its entries, read as the official SDK reads it.
//
// Source: records contract, sections 1 and 4.

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
