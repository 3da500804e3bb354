package sealed

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/pacspace/pacspace-go/internal/canonical"
	"github.com/pacspace/pacspace-go/internal/jsonview"
)

// MaxLeaves is the largest number of leaves that one entry's content may have.
const MaxLeaves = 65535

// Why a content cannot be sealed, for errors.Is.
var (
	// ErrNotObject: the content is no JSON object. What to do: seal an object.
	ErrNotObject = errors.New("sealed: content must be an object")
	// ErrNotCanonical: the content has no canonical form. What to do: write valid Unicode.
	ErrNotCanonical = errors.New("sealed: a name or a string holds half of a surrogate pair; this content has no canonical form")
	// ErrTooManyLeaves: more than [MaxLeaves] fields and list items. What to do: split the
	// content across entries.
	ErrTooManyLeaves = errors.New("sealed: more than 65535 fields and list items; split the content across entries")
)

// Field is one leaf of a content: a pointer to it and its value in canonical JSON.
type Field struct {
	Pointer string          `json:"pointer"`
	Value   json.RawMessage `json:"value"`
}

// Leaf is a field that is shown, with the salt that its leaf hash needs.
type Leaf struct {
	Pointer string          `json:"pointer"`
	Value   json.RawMessage `json:"value"`
	Salt    Hash            `json:"salt"`
}

// Leaves splits a content, a JSON object, into its leaves, in the order of their pointers:
// one for each member, but one for each element of a member that is a non-empty list. Of
// members with one name the last counts.
//
// It fails with [ErrNotObject], [ErrNotCanonical] or [ErrTooManyLeaves], or because the
// text is not JSON or holds a number beyond binary64.
//
// Source: records contract, section 6.2.
func Leaves(content []byte) ([]Field, error) {
	v, err := jsonview.Parse(content, canonical.MaxDepth)
	if err != nil {
		return nil, fmt.Errorf("sealed: content: %w", err)
	}
	if v.Kind() != jsonview.Object {
		return nil, ErrNotObject
	}
	whole, err := canonicalText(v)
	if err != nil {
		return nil, err
	}
	if hasLoneSurrogate(whole) {
		return nil, ErrNotCanonical
	}
	// The canonical text parses again, and its values are already in the form to hash.
	v, err = jsonview.Parse(whole, canonical.MaxDepth)
	if err != nil {
		return nil, fmt.Errorf("sealed: content: %w", err)
	}
	var fields []Field
	for _, member := range v.Members() {
		if !isNonEmptyList(member.Value.Raw()) {
			fields = append(fields, Field{pointerTo(member.Name, wholeMember), member.Value.Raw()})
		}
		index := 0
		for element := range member.Value.Elements() {
			fields = append(fields, Field{pointerTo(member.Name, index), element.Raw()})
			if index++; len(fields) > MaxLeaves {
				return nil, ErrTooManyLeaves
			}
		}
		if len(fields) > MaxLeaves {
			return nil, ErrTooManyLeaves
		}
	}
	slices.SortFunc(fields, func(a, b Field) int { return jsonview.CompareUTF16(a.Pointer, b.Pointer) })
	return fields, nil
}

// Salt derives the salt of the leaf at pointer from an entry's salt key. Only [V2] and
// [V3] have salts.
//
// Source: records contract, section 6.2.
func (v Version) Salt(saltKey Hash, pointer string) (Hash, error) {
	if err := v.needsLeaves(); err != nil {
		return Hash{}, err
	}
	mac := hmac.New(sha256.New, saltKey[:])
	mac.Write(v.label("pacspace:record-leaf-salt"))
	mac.Write([]byte(pointer))
	return Hash(mac.Sum(nil)), nil
}

// LeafHash returns the hash of one leaf. value is JSON text in any form. Only [V2] and
// [V3] have leaves.
//
// Source: records contract, section 6.2.
func (v Version) LeafHash(pointer string, value []byte, salt Hash) (Hash, error) {
	if err := v.needsLeaves(); err != nil {
		return Hash{}, err
	}
	text, err := canonical.AppendString([]byte{'['}, pointer)
	if err != nil {
		return Hash{}, fmt.Errorf("sealed: pointer: %w", err)
	}
	text, err = canonical.Append(append(text, ','), value, canonical.Official)
	if err != nil {
		return Hash{}, fmt.Errorf("sealed: value of %s: %w", quoted(pointer), err)
	}
	return sha256Of(v.label("pacspace:record-leaf"), salt[:], append(text, ']')), nil
}

// canonicalText returns the canonical form of v as the official SDK writes it.
func canonicalText(v jsonview.Value) ([]byte, error) {
	text, err := canonical.Transform(v.Raw(), canonical.Official)
	if err != nil {
		return nil, fmt.Errorf("sealed: %w", err)
	}
	return text, nil
}

// hasLoneSurrogate reports whether a canonical text holds one: it is the only thing that a
// canonical text writes as an escape beginning with \ud.
func hasLoneSurrogate(text []byte) bool {
	for {
		i := bytes.IndexByte(text, '\\')
		if i < 0 {
			return false
		}
		if text[i+1] == 'u' && text[i+2] == 'd' {
			return true
		}
		text = text[i+2:]
	}
}

// isNonEmptyList reports whether a canonical text is a list with an element.
func isNonEmptyList(text []byte) bool { return text[0] == '[' && len(text) > 2 }

func sha256Of(parts ...[]byte) Hash {
	h := sha256.New()
	for _, part := range parts {
		h.Write(part)
	}
	return Hash(h.Sum(nil))
}
