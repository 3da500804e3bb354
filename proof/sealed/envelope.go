package sealed

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/pacspace/pacspace-go/internal/canonical"
)

// The codes with which the sealed disclosure of a link is refused.
const (
	// CodeEnvelopeMalformed: it is in no form that this version can open. What to do: open
	// the link again, and see that nothing between changes the answer.
	CodeEnvelopeMalformed Code = "DISCLOSURE_ENVELOPE_MALFORMED"
	// CodeEnvelopeTooLarge: it is larger than a disclosure may be. What to do: ask for a
	// link that discloses less.
	CodeEnvelopeTooLarge Code = "DISCLOSURE_ENVELOPE_TOO_LARGE"
	// CodeEnvelopeAuth: the link does not open it. What to do: copy the link whole, with
	// all behind its #; else it belongs to another link.
	CodeEnvelopeAuth Code = "DISCLOSURE_ENVELOPE_AUTH_FAILED"
)

const (
	envelopeVersion = 1
	envelopeIV      = 12
	envelopeTag     = 16
	envelopeBlock   = 4096 // what a disclosure is padded to, so that its length says little
	envelopeLabel   = "pacspace:record-disclosure:v1\x00"

	// maxEnvelope is the longest envelope in characters: the largest disclosure, padded.
	maxEnvelope = 1398140
)

// LinkKey opens the disclosure of one link. It stands behind the # of the link, which no
// browser and no method of this SDK sends to the service. Printing, logging and
// marshalling hide it; [LinkKey.Fragment] is the one way to it.
type LinkKey struct{ value func() [32]byte }

// NewLinkKey makes a fresh key.
func NewLinkKey() LinkKey {
	var value [32]byte
	rand.Read(value[:]) // never fails: it ends the program instead
	return holdLinkKey(value)
}

func holdLinkKey(value [32]byte) LinkKey {
	return LinkKey{func() [32]byte { return value }}
}

// ParseLinkKey reads the key from what follows the # of a link: dk= and 43 characters of
// base64url in their one form. It is false for anything else.
//
// Source: records contract, section 8.
func ParseLinkKey(fragment string) (LinkKey, bool) {
	text, ok := strings.CutPrefix(fragment, "dk=")
	data, canonical := decodeBase64URL(text)
	if !ok || !canonical || len(data) != 32 {
		return LinkKey{}, false
	}
	return holdLinkKey([32]byte(data)), true
}

// Fragment is what follows the # of a link. It is a secret. The zero LinkKey has none.
func (k LinkKey) Fragment() string {
	if k.value == nil {
		return ""
	}
	value := k.value()
	return "dk=" + base64.RawURLEncoding.EncodeToString(value[:])
}

const linkKeyHidden = "<LinkKey: hidden>"

// String hides the key.
func (LinkKey) String() string { return linkKeyHidden }

// Format hides the key from every verb of package fmt.
func (LinkKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, linkKeyHidden) }

// LogValue hides the key from package log/slog.
func (LinkKey) LogValue() slog.Value { return slog.StringValue(linkKeyHidden) }

// MarshalText hides the key from encoders.
func (LinkKey) MarshalText() ([]byte, error) { return []byte(linkKeyHidden), nil }

// aead is the cipher of a link's envelope. A LinkKey that was never made has a key of
// zeros, which opens nothing that was sealed under another.
func (k LinkKey) aead() cipher.AEAD {
	var value [32]byte
	if k.value != nil {
		value = k.value()
	}
	block, err := aes.NewCipher(value[:])
	if err != nil {
		panic(err) // 32 bytes are always a key
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // the block size is always 16
	}
	return aead
}

// SealEnvelope encrypts a disclosure for the link with a handle, which must be in the form
// that the link's address has: trimmed and in lower case.
//
// Source: records contract, section 8.
func SealEnvelope(disclosure []byte, handle string, key LinkKey) (string, error) {
	if key.value == nil {
		return "", fmt.Errorf("sealed: envelope: the key was never made; use NewLinkKey")
	}
	plain, err := canonical.Transform(disclosure, canonical.Official)
	if err != nil {
		return "", fmt.Errorf("sealed: envelope: %w", err)
	}
	if len(plain) > MaxDisclosureBytes {
		return "", fmt.Errorf("sealed: envelope: a disclosure of %d bytes, more than %d; show fewer fields, or split it", len(plain), MaxDisclosureBytes)
	}
	padding := (envelopeBlock - len(plain)%envelopeBlock) % envelopeBlock
	plain = append(plain, bytes.Repeat([]byte{' '}, padding)...)
	data := make([]byte, 1+envelopeIV, 1+envelopeIV+len(plain)+envelopeTag)
	data[0] = envelopeVersion
	rand.Read(data[1:]) // never fails: it ends the program instead
	data = key.aead().Seal(data, data[1:], plain, []byte(envelopeLabel+handle))
	return base64.RawURLEncoding.EncodeToString(data), nil
}

// OpenEnvelope decrypts the disclosure of the link with a handle. The disclosure is not
// checked yet: see [VerifyServed]. It fails with a *[Refusal].
//
// Source: records contract, section 8.
func OpenEnvelope(envelope, handle string, key LinkKey) ([]byte, error) {
	if len(envelope) > maxEnvelope {
		return nil, refusedEnvelope(CodeEnvelopeTooLarge)
	}
	data, ok := decodeBase64URL(envelope)
	length := len(data) - 1 - envelopeIV - envelopeTag
	if !ok || length <= 0 || length%envelopeBlock != 0 || data[0] != envelopeVersion {
		return nil, refusedEnvelope(CodeEnvelopeMalformed)
	}
	plain, err := key.aead().Open(nil, data[1:1+envelopeIV], data[1+envelopeIV:], []byte(envelopeLabel+handle))
	if err != nil {
		return nil, refusedEnvelope(CodeEnvelopeAuth)
	}
	disclosure := bytes.TrimRight(plain, " ")
	text, err := canonical.Transform(disclosure, canonical.Official)
	if err != nil || len(plain)-len(disclosure) >= envelopeBlock || !bytes.Equal(text, disclosure) {
		return nil, refusedEnvelope(CodeEnvelopeMalformed)
	}
	return disclosure, nil
}

func refusedEnvelope(code Code) *Refusal { return &Refusal{Code: code, Reason: reason(code, number{})} }

// decodeBase64URL decodes unpadded base64url in its one form: no line ends, and no bits
// left over at the end.
func decodeBase64URL(text string) ([]byte, bool) {
	data, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return data, err == nil && !strings.ContainsAny(text, "\r\n")
}

// VerifyServed checks a disclosure against the history that was served with it, as
// [VerifyLinkCopy] does with the two parts of its file, whatever schema the history names.
//
// Source: records contract, section 8.
func VerifyServed(history, disclosure []byte) *Result {
	d, err := parse(disclosure, "disclosure", maxTextBytes, maxDepth)
	if err != nil {
		return malformed(err)
	}
	h, err := parse(history, "history", MaxHistoryBytes, maxDepth)
	if err != nil {
		return malformed(err)
	}
	source, err := formFromHistory(h, d)
	if err != nil {
		return malformed(err)
	}
	return verify(source, d)
}
