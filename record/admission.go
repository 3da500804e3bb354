package record

import (
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/pacspace/pacspace-go/internal/jsonview"
	"github.com/pacspace/pacspace-go/proof/sealed"
)

// Admit says whether the service's intake will take an entry, in the intake's order
// and with its codes and sentences, so that a mistake is found before anything is sent. An
// entry is admitted where any published layout of its record type admits it, else the first
// layout's refusal is returned; a type without a published layout is left to the service.
//
// That a lifecycle may follow the one before it is not asked here: the service records a
// move that may not as an attempt.
//
// It fails with a [*Error].
//
// Source: records contract, section 9.
func Admit(recordType, lifecycle string, content json.RawMessage) error {
	layouts := Layouts(recordType)
	if len(layouts) == 0 {
		return nil
	}
	v, err := parseContent(content)
	if err != nil {
		return err
	}
	var first *Error
	for _, layout := range layouts {
		refused := layout.admit(lifecycle, v)
		if refused == nil {
			return nil
		}
		if first == nil {
			first = refused
		}
	}
	return first
}

func (l Layout) admit(lifecycle string, content jsonview.Value) *Error {
	if content.Kind() != jsonview.Object {
		return recordRefused(codeRecordContent, "content must be an object")
	}
	members := content.Members()
	if refused := l.schema.check(members); refused != nil {
		return refused
	}
	if tooManyLeaves(content, members) {
		return recordRefused(codeRecordContent, "This entry has more than 65535 fields and list items. Split it across entries.")
	}
	if refused := checkRefs(content, false); refused != nil {
		return refused
	}
	if !slices.Contains(l.Lifecycle, lifecycle) {
		return recordRefused(codeRecordState, fmt.Sprintf("lifecycle=%s is not in the layout", lifecycle))
	}
	return nil
}

// check asks for the required fields, then refuses PacSpace's own, then looks at the form
// of each field that it knows.
func (s contentSchema) check(members []jsonview.Member) *Error {
	for _, name := range s.required {
		if kind := memberOf(members, name).Kind(); kind == jsonview.Absent || kind == jsonview.Null {
			if field := s.field(name); field.minItems > 0 {
				return field.tooFew()
			}
			return recordRefused(codeRecordContent, fmt.Sprintf("content.%s is required by %s", name, s.name))
		}
	}
	for _, name := range []string{"seq", "previousWord", "newWord", "anchorId", "itemIndex", "recordKey", "batchSeed", "recordOpening", "itemOpening"} {
		if memberOf(members, name).Kind() != jsonview.Absent {
			return recordRefused(codeRecordContent, fmt.Sprintf("content.%s is PacSpace bookkeeping and is never part of a sealed record", name))
		}
	}
	for _, field := range s.fields {
		if value := memberOf(members, field.name); value.Kind() != jsonview.Absent {
			if refused := field.check(value); refused != nil {
				return refused
			}
		}
	}
	return nil
}

func (s contentSchema) field(name string) contentField {
	for _, field := range s.fields {
		if field.name == name {
			return field
		}
	}
	return contentField{}
}

func (f contentField) check(value jsonview.Value) *Error {
	switch {
	case f.reserved:
		return recordRefused(codeRecordContent, fmt.Sprintf("content.%s is written by PacSpace and cannot be supplied", f.name))
	case !f.accepts(value):
		return recordRefused(codeRecordContent, fmt.Sprintf("content.%s must be %s", f.name, f.describe()))
	case f.minItems > 0 && value.Len() < f.minItems:
		return f.tooFew()
	case f.maxLength > 0 && utf16Length(value) > f.maxLength:
		code := codeRecordContent
		if f.name == "title" {
			code = codeRecordTitle
		}
		return recordRefused(code, fmt.Sprintf("content.%s is longer than %d characters", f.name, f.maxLength))
	}
	return nil
}

func (f contentField) tooFew() *Error {
	code := codeRecordContent
	if f.name == "payloads" {
		code = codeRecordPayloads
	}
	plural := "s"
	if f.minItems == 1 {
		plural = ""
	}
	return recordRefused(code, fmt.Sprintf("content.%s must carry at least %d %s%s", f.name, f.minItems, f.items, plural))
}

// describe says what a field must be.
func (f contentField) describe() string {
	switch f.kind {
	case kindArray:
		return "an array of " + f.items
	case kindRecordRef:
		return "{ recordKey, seq }"
	case kindAdjustsRef:
		return "{ referenceId } or { recordId }"
	}
	if f.format != "" {
		return fmt.Sprintf("%s (%s)", f.kind, f.format)
	}
	return f.kind
}

func (f contentField) accepts(value jsonview.Value) bool {
	if f.kind != kindArray {
		return acceptsKind(f.kind, f.format, value)
	}
	if value.Kind() != jsonview.Array {
		return false
	}
	for item := range value.Elements() {
		if !acceptsKind(f.items, "", item) {
			return false
		}
	}
	return true
}

func acceptsKind(kind, format string, value jsonview.Value) bool {
	switch kind {
	case kindString:
		text, ok := value.Text()
		return ok && hasFormat(text, format)
	case kindInteger:
		_, ok := value.IsWhole()
		return ok
	case kindBytes32:
		text, _ := value.Text()
		return isBytes32(text)
	case kindRecordRef:
		recordKey, _ := value.Get("recordKey").Text()
		negative, whole := value.Get("seq").IsWhole()
		return isBytes32(recordKey) && whole && !negative
	case kindAdjustsRef:
		members := value.Members()
		if len(members) != 1 || members[0].Name != "referenceId" && members[0].Name != "recordId" {
			return false
		}
		text, _ := members[0].Value.Text()
		return text != ""
	default: // an object, or a payload reference, whose fields are checked wherever it stands
		return value.Kind() == jsonview.Object
	}
}

// checkRefs checks every payload reference in a content. Inside the other fields of one,
// only the rules about blinding material hold.
func checkRefs(v jsonview.Value, inside bool) *Error {
	for element := range v.Elements() {
		if refused := checkRefs(element, inside); refused != nil {
			return refused
		}
	}
	members := v.Members()
	intake := guardWords{
		material:   "This write includes a blinding file or its value. Send only the fingerprint's alg, digest and byteLength; the blinding file stays with you.",
		extraField: blindedCarriesOnly,
	}
	if refused := intake.object(members); refused != nil {
		return refused
	}
	isRef := true
	for _, name := range []string{"alg", "digest", "byteLength"} {
		isRef = isRef && memberOf(members, name).Kind() != jsonview.Absent
	}
	if isRef && !inside {
		if refused := checkRef(members); refused != nil {
			return refused
		}
	}
	for _, member := range members {
		if isRef && !inside && isRefField(member.Name) {
			continue
		}
		if refused := checkRefs(member.Value, inside || isRef); refused != nil {
			return refused
		}
	}
	return nil
}

// tooManyLeaves counts what a record hash would split the content into. A content with half
// a surrogate pair in it has no leaves, and another rule refuses it.
func tooManyLeaves(content jsonview.Value, members []jsonview.Member) bool {
	leaves := 0
	for _, member := range members {
		leaves += max(1, member.Value.Len())
	}
	return leaves > sealed.MaxLeaves && !hasLoneSurrogate(content)
}

func hasLoneSurrogate(v jsonview.Value) bool {
	if text, ok := v.Text(); ok {
		return !utf8.ValidString(text)
	}
	for element := range v.Elements() {
		if hasLoneSurrogate(element) {
			return true
		}
	}
	for _, member := range v.Members() {
		if !utf8.ValidString(member.Name) || hasLoneSurrogate(member.Value) {
			return true
		}
	}
	return false
}
