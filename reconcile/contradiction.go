package reconcile

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/pacspace/pacspace-go/decimal"
)

// Contradiction is what a later telling of a delta says otherwise. The delta keeps what was
// told first.
type Contradiction struct {
	Field string `json:"field"` // as the service names it
	Kept  string `json:"kept"`
	Told  string `json:"told"` // the first that was told otherwise
}

// longestValue bounds what is kept of a value that differs, in bytes; a longer one is
// replaced by its hash.
const longestValue = 200

// contradict notes where a telling speaks against what is kept, each field once: what one of
// them does not say is no contradiction. An amount, a reference and a content hash are what a
// delta is, whoever tells them; anything else a list may write in a form of its own, so only
// signed events are held against each other. Times may move on and are not compared.
func (d *Delta) contradict(told *Delta, signed bool) {
	note := d.contradicted
	note("delta", amountText(d.Delta), amountText(told.Delta), d.Delta.Equal(told.Delta))
	note("referenceId", d.ReferenceID, told.ReferenceID, d.ReferenceID == told.ReferenceID)
	note("contentHash", d.ContentHash, told.ContentHash, strings.EqualFold(d.ContentHash, told.ContentHash))
	if !signed {
		return
	}
	note("reason", d.Reason, told.Reason, d.Reason == told.Reason)
	note("metadata", string(d.Metadata), string(told.Metadata), sameJSON(d.Metadata, told.Metadata))
	kept, other := adjustsText(d), adjustsText(told)
	note("adjusts", kept, other, kept == other)
	note("proofHash", d.ProofHash, told.ProofHash, strings.EqualFold(d.ProofHash, told.ProofHash))
	note("itemHashes", strings.Join(d.ItemHashes, " "), strings.Join(told.ItemHashes, " "), slices.EqualFunc(d.ItemHashes, told.ItemHashes, strings.EqualFold))
	note("previousProofHash", d.PreviousProofHash, told.PreviousProofHash, strings.EqualFold(d.PreviousProofHash, told.PreviousProofHash))
	note("verificationReference", d.VerificationReference, told.VerificationReference, d.VerificationReference == told.VerificationReference)
}

// contradicted notes one field.
func (d *Delta) contradicted(field, kept, told string, same bool) {
	if kept == "" || told == "" || same || slices.ContainsFunc(d.Contradictions, func(c Contradiction) bool { return c.Field == field }) {
		return
	}
	d.Contradictions = append(slices.Clip(d.Contradictions), Contradiction{field, short(kept), short(told)})
}

// amountText is "" for an amount that is not told.
func amountText(amount decimal.Decimal) string {
	if amount.IsZero() {
		return ""
	}
	return amount.String()
}

func adjustsText(d *Delta) string {
	if d.Adjusts == nil {
		return ""
	}
	return d.Adjusts.ReferenceID + " " + d.Adjusts.RecordID
}

func short(s string) string {
	if len(s) <= longestValue {
		return s
	}
	return hashText(s)
}

// sameJSON tells whether two texts are one JSON value, however its members are ordered.
func sameJSON(a, b json.RawMessage) bool {
	if bytes.Equal(a, b) {
		return true
	}
	x, errX := ordered(a)
	y, errY := ordered(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

func ordered(text json.RawMessage) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber() // a number stays what was written
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	return json.Marshal(v)
}
