package record

import (
	"encoding/json"

	"github.com/pacspace/pacspace-go/internal/jsonview"
)

// Blinding material is never sent (Rule B of the records contract). A blinding, a file of
// one, or a blinded fingerprint with more than its three fields is refused wherever it
// stands in a content.

// maxContentDepth is how deep a content may nest: as deep as canonical JSON is written.
const maxContentDepth = 512

// guardWords are the two sentences of a guard: the client's and the intake's differ.
type guardWords struct{ material, extraField string }

const blindedCarriesOnly = "A blinded fingerprint carries only alg, digest and byteLength. Move any other field out of it."

func clientGuard() guardWords {
	return guardWords{
		material:   "This payload includes a blinding file or its value. Pass the fingerprint's ref as the payload, and keep its blinding file with the file. Nothing was sent.",
		extraField: blindedCarriesOnly + " Nothing was sent.",
	}
}

func errBlindingIncluded() error {
	return recordRefused(codeRecordBlinding, clientGuard().material)
}

// Guard refuses a content, or any part of one, that carries blinding material.
// Writing a record does so by itself; call it where a content is sent by other means. What
// is no blinded fingerprint is not looked at further.
//
// It fails with a [*Error], whose text holds nothing of the content.
//
// Source: records contract, section 3.
func Guard(content json.RawMessage) error {
	v, err := parseContent(content)
	if err != nil {
		return err
	}
	if refused := clientGuard().walk(v); refused != nil {
		return refused
	}
	return nil
}

func parseContent(content json.RawMessage) (jsonview.Value, error) {
	v, err := jsonview.Parse(content, maxContentDepth)
	if err != nil {
		return v, recordRefused(codeRecordContent, "content must be JSON: "+err.Error())
	}
	return v, nil
}

// walk looks at every object, an outer one before what it holds.
func (w guardWords) walk(v jsonview.Value) *Error {
	for element := range v.Elements() {
		if refused := w.walk(element); refused != nil {
			return refused
		}
	}
	members := v.Members()
	if refused := w.object(members); refused != nil {
		return refused
	}
	for _, member := range members {
		if refused := w.walk(member.Value); refused != nil {
			return refused
		}
	}
	return nil
}

// object applies the rules to one object.
func (w guardWords) object(members []jsonview.Member) *Error {
	ref := memberOf(members, "ref")
	blinding := memberOf(members, "blinding").Kind()
	switch {
	case memberOf(members, "schema").Is(blindingSchema):
		return recordRefused(codeRecordBlinding, w.material)
	case ref.Get("alg").Is(FingerprintBlinded) && blinding != jsonview.Absent && blinding != jsonview.Null:
		return recordRefused(codeRecordBlinding, w.material)
	case !memberOf(members, "alg").Is(FingerprintBlinded):
		return nil
	}
	for _, member := range members {
		if !isRefField(member.Name) {
			return recordRefused(codeRecordBlinding, w.extraField)
		}
	}
	return checkRef(members)
}

func isRefField(name string) bool { return name == "alg" || name == "digest" || name == "byteLength" }

// checkRef checks the fields of a payload reference.
func checkRef(members []jsonview.Member) *Error {
	alg := memberOf(members, "alg")
	if !alg.Is(FingerprintPlain) && !alg.Is(FingerprintBlinded) {
		return recordRefused(codeRecordAlg, "payload alg is not supported; use one of sha-256, hmac-sha-256")
	}
	if digest, _ := memberOf(members, "digest").Text(); !isHex64(digest) {
		return recordRefused(codeRecordContent, "payload digest must be 64 lowercase hex characters")
	}
	length, _ := memberOf(members, "byteLength").Text()
	if !isDigits(length) {
		return recordRefused(codeRecordContent, "payload byteLength must be a decimal string")
	}
	if alg.Is(FingerprintBlinded) && len(length) > 1 && length[0] == '0' {
		return recordRefused(codeRecordContent, "payload byteLength must be a decimal string with no leading zero")
	}
	return nil
}

// isDigits reports whether text is one or more ASCII digits. The official SDK's intake
// rules also take the digits of other scripts; the service does not.
func isDigits(text string) bool {
	for _, c := range []byte(text) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return text != ""
}

func memberOf(members []jsonview.Member, name string) jsonview.Value {
	for _, member := range members {
		if member.Name == name {
			return member.Value
		}
	}
	return jsonview.Value{}
}
