package record

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
	"math/big"
	"strconv"
	"strings"

	"github.com/pacspace/pacspace-go/internal/jsonview"
	"github.com/pacspace/pacspace-go/internal/wire"
)

const (
	sentenceRow  = "Each expected row is a dict with an entry number."
	sentenceItem = "Each expected item is a payload reference dict. Pass the fingerprint's ref."
)

// readable says why an expectation cannot be read. Nothing of a payload is in the error.
func (e Expectation) readable() error {
	refs := e.refs()
	if e.row.Kind() != jsonview.Absent {
		if e.row.Kind() != jsonview.Object || e.row.Get("entry").Kind() == jsonview.Absent {
			return recordRefused(codeValidation, sentenceRow)
		}
		if payloads := e.row.Get("payloads"); payloads.Truthy() && payloads.Kind() != jsonview.Array {
			return recordRefused(codeValidation, sentenceItem)
		}
	}
	for _, ref := range refs {
		if ref.Kind() != jsonview.Object {
			return recordRefused(codeValidation, sentenceItem)
		}
	}
	for _, ref := range refs {
		if refused := clientGuard().walk(ref); refused != nil {
			return refused
		}
	}
	if e.row.Get("files").Truthy() {
		return recordRefused(codeValidation, sentenceItem) // no JSON holds a file
	}
	for _, file := range e.Files {
		if file.Source == nil {
			return recordRefused(codeValidation, sentenceItem)
		}
		if file.Blinding != nil && !file.Blinding.complete() {
			return recordRefused(codeValidation, sentenceNotBlindingFile)
		}
	}
	return nil
}

// refs returns the expected references as JSON, whether they were given so or not.
func (e Expectation) refs() []jsonview.Value {
	var refs []jsonview.Value
	if e.row.Kind() != jsonview.Absent {
		for ref := range e.row.Get("payloads").Elements() {
			refs = append(refs, ref)
		}
		return refs
	}
	for _, ref := range e.Payloads {
		text, err := json.Marshal(ref)
		if err != nil {
			continue // three strings always have a JSON text
		}
		v, err := jsonview.Parse(text, 1)
		if err != nil {
			continue
		}
		refs = append(refs, v)
	}
	return refs
}

// heldEntry is an expectation whose files are digested.
type heldEntry struct {
	refs  []string
	files []heldDigests
}

type heldDigests struct {
	sha256, byteLength string
	mac                string // empty without a blinding
	blinding           *Blinding
}

// expectationsBySeq reads the files of all expectations and keys these by their seq.
func expectationsBySeq(expect []Expectation) (map[string]heldEntry, error) {
	bySeq := make(map[string]heldEntry, len(expect))
	for i, e := range expect {
		seq, err := e.seq(fmt.Sprintf("expect[%d].entry", i))
		if err != nil {
			return nil, err
		}
		var held heldEntry
		for _, ref := range e.refs() {
			held.refs = append(held.refs, refKey(ref))
		}
		for _, file := range e.Files {
			digests, err := file.digest()
			if err != nil {
				return nil, err
			}
			held.files = append(held.files, digests)
		}
		bySeq[seq] = held
	}
	return bySeq, nil
}

// seq returns the key of the seq that an entry number stands for: one less.
func (e Expectation) seq(field string) (string, error) {
	shown, number := strconv.Itoa(e.Entry), big.NewInt(int64(e.Entry))
	if e.row.Kind() != jsonview.Absent {
		entry := e.row.Get("entry")
		shown, number = clipped(entry.PythonRepr()), new(big.Int)
		if entry.IsInteger() {
			number.SetString(string(entry.Raw()), 10)
		}
	}
	if number.Sign() <= 0 {
		return "", recordRefused(codeValidation, wire.NotAnEntry(field, shown))
	}
	return number.Sub(number, big.NewInt(1)).String(), nil
}

// clipped keeps what a hostile file says within bounds.
func clipped(text string) string {
	const limit = 1000
	if len(text) > limit {
		return text[:limit] + "..."
	}
	return text
}

// digest reads the file once for all digests that are needed of it.
func (f HeldFile) digest() (heldDigests, error) {
	plain := sha256.New()
	held := heldDigests{blinding: f.Blinding}
	if f.Blinding == nil {
		length, err := readThrough(f.Source, plain)
		held.sha256, held.byteLength = hex.EncodeToString(plain.Sum(nil)), strconv.FormatInt(length, 10)
		return held, err
	}
	mac := f.Blinding.mac()
	length, err := readThrough(f.Source, plain, mac)
	held.sha256, held.byteLength = hex.EncodeToString(plain.Sum(nil)), strconv.FormatInt(length, 10)
	held.mac = hex.EncodeToString(mac.Sum(nil))
	return held, err
}

// metBy reports whether every file and every reference is among an entry's payloads, and
// whether one that is not may need a blinding.
func (h heldEntry) metBy(payloads iter.Seq[jsonview.Value]) (met, needsBlinding bool) {
	committed := make(map[string]bool)
	for payload := range payloads {
		if payload.Kind() == jsonview.Object {
			committed[refKey(payload)] = true
		}
	}
	met = true
	for _, file := range h.files {
		matched, needed := file.matches(payloads)
		met = met && matched
		needsBlinding = needsBlinding || needed
	}
	for _, ref := range h.refs {
		met = met && committed[ref]
	}
	return met, needsBlinding
}

// matches looks for a file among an entry's payloads. A file whose blinding belongs to
// another file matches nothing; a blinded payload matches only with its blinding.
func (h heldDigests) matches(payloads iter.Seq[jsonview.Value]) (matched, needsBlinding bool) {
	if h.blinding != nil && (h.blinding.byteLength != h.byteLength || h.blinding.digest != h.mac) {
		return false, false
	}
	blinded := false
	for payload := range payloads {
		if payload.Kind() != jsonview.Object {
			continue
		}
		digest, length := payload.Get("digest"), payload.Get("byteLength")
		if payload.Get("alg").Is(FingerprintBlinded) {
			blinded = true
			if h.blinding != nil && digest.Is(h.mac) && lengthText(length) == h.byteLength {
				return true, false
			}
			continue
		}
		if digest.Is(h.sha256) && (isNothing(length) || lengthText(length) == h.byteLength) {
			return true, false
		}
	}
	return false, blinded && h.blinding == nil
}

// lengthText is a byteLength as text: a whole number counts as its digits, however it is
// written.
func lengthText(v jsonview.Value) string {
	if _, whole := v.IsWhole(); whole && !v.IsInteger() {
		key, _ := v.Key()
		return key
	}
	return v.PythonText()
}

// refKey is what two references are compared by, each part as text.
func refKey(ref jsonview.Value) string {
	return ref.Get("alg").PythonText() + ":" + strings.ToLower(ref.Get("digest").PythonText()) + ":" + ref.Get("byteLength").PythonText()
}
