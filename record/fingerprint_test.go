package record_test

import (
	"bytes"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/record"
)

// recordRefused asserts an official refusal.
func recordRefused(t *testing.T, err error, code, message string) {
	t.Helper()
	var refused *record.Error
	require.ErrorAs(t, err, &refused)
	require.Equal(t, code, refused.Code)
	require.Equal(t, message, refused.Message)
	require.ErrorIs(t, err, pacspace.ErrInvalid)
}

func TestFingerprintIsBlindedUnlessAskedOtherwise(t *testing.T) {
	t.Parallel()
	first, err := record.Fingerprint(strings.NewReader("hello"), record.FingerprintParams{})
	require.NoError(t, err)
	require.Equal(t, record.FingerprintBlinded, first.Ref.Alg)
	require.Equal(t, "5", first.Ref.ByteLength)
	require.Equal(t, first.Ref, first.Blinding.Ref())
	require.Zero(t, record.Blinding{}.Ref())

	second, err := record.Fingerprint(strings.NewReader("hello"), record.FingerprintParams{})
	require.NoError(t, err)
	require.NotEqual(t, first.Ref.Digest, second.Ref.Digest, "each blinding is fresh")

	again, err := record.Fingerprint(strings.NewReader("hello"), record.FingerprintParams{Blinding: first.Blinding})
	require.NoError(t, err)
	require.Equal(t, first.Ref, again.Ref)

	plain, err := record.Fingerprint(strings.NewReader("hello"), record.FingerprintParams{Alg: record.FingerprintPlain})
	require.NoError(t, err)
	require.Equal(t, record.PayloadRef{Alg: "sha-256", Digest: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824", ByteLength: "5"}, plain.Ref)
	require.Nil(t, plain.Blinding)
}

func TestFingerprintRefuses(t *testing.T) {
	t.Parallel()
	blinding := exampleBlinding(t)
	for _, tc := range []struct {
		name    string
		source  io.Reader
		params  record.FingerprintParams
		code    string
		message string
	}{
		{"another algorithm, before anything else", nil, record.FingerprintParams{Alg: "md5"}, "RECORD_PAYLOAD_ALG_UNSUPPORTED", "A fingerprint is made with sha-256 or hmac-sha-256."},
		{"a blinding for a plain fingerprint", strings.NewReader(""), record.FingerprintParams{Alg: "sha-256", Blinding: blinding}, "VALIDATION_ERROR", "alg and blind disagree. Pass one of them."},
		{"a blinding that is none", strings.NewReader(""), record.FingerprintParams{Blinding: new(record.Blinding)}, "VALIDATION_ERROR", "This is not a valid blinding file."},
		{"other bytes than the blinding's", strings.NewReader("other"), record.FingerprintParams{Blinding: blinding}, "VALIDATION_ERROR", "This blinding file does not match these bytes."},
		{"no reader", nil, record.FingerprintParams{}, "RECORD_CONTENT_INVALID", "A fingerprint needs a reader of the file's bytes."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := record.Fingerprint(tc.source, tc.params)
			recordRefused(t, err, tc.code, tc.message)
		})
	}
}

func TestFingerprintReadsOnceHoweverTheReaderBehaves(t *testing.T) {
	t.Parallel()
	data := bytes.Repeat([]byte("0123456789abcdef"), 20_000) // several chunks
	want, err := record.Fingerprint(bytes.NewReader(data), record.FingerprintParams{Alg: record.FingerprintPlain})
	require.NoError(t, err)
	for name, reader := range map[string]io.Reader{
		"in halves":            iotest.HalfReader(bytes.NewReader(data)),
		"byte by byte":         iotest.OneByteReader(bytes.NewReader(data)),
		"data with the end":    iotest.DataErrReader(bytes.NewReader(data)),
		"empty reads between":  &hesitant{r: bytes.NewReader(data)},
		"more than one source": io.MultiReader(bytes.NewReader(data[:7]), bytes.NewReader(data[7:])),
	} {
		got, err := record.Fingerprint(reader, record.FingerprintParams{Alg: record.FingerprintPlain})
		require.NoError(t, err, name)
		require.Equal(t, want.Ref, got.Ref, name)
	}
	for _, params := range []record.FingerprintParams{{}, {Alg: record.FingerprintPlain}, {Blinding: exampleBlinding(t)}} {
		_, err := record.Fingerprint(iotest.TimeoutReader(iotest.OneByteReader(bytes.NewReader(data))), params)
		require.ErrorIs(t, err, iotest.ErrTimeout)
		_, err = record.Fingerprint(silent{}, params)
		require.ErrorIs(t, err, io.ErrNoProgress, "a reader that gives nothing for ever is given up")
	}
}

// hesitant returns nothing at every second call.
type hesitant struct {
	r     io.Reader
	calls int
}

func (h *hesitant) Read(p []byte) (int, error) {
	if h.calls++; h.calls%2 == 0 {
		return 0, nil
	}
	return h.r.Read(p)
}

type silent struct{}

func (silent) Read([]byte) (int, error) { return 0, nil }

const exampleValue = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

// exampleBlinding is the blinding of "hello" under a value that is known.
func exampleBlinding(t testing.TB) *record.Blinding {
	t.Helper()
	value, err := hex.DecodeString(exampleValue)
	require.NoError(t, err)
	blinding, err := record.NewBlinding(value, "53c40272a70c15ca4ee0af4df1f155fd6c41e00ce2307d8987ecd4bb36a7e990", "5")
	require.NoError(t, err)
	return blinding
}

func TestABlindingIsNeverShown(t *testing.T) {
	t.Parallel()
	b := exampleBlinding(t)
	value, err := hex.DecodeString(exampleValue)
	require.NoError(t, err)
	fingerprint := &record.FileFingerprint{Ref: record.PayloadRef{Alg: "hmac-sha-256"}, Blinding: b}
	shown := map[string]string{}
	for name, v := range map[string]any{
		"pointer": b, "value": *b, "fingerprint": fingerprint, "fingerprint by value": *fingerprint,
		"struct": struct{ B *record.Blinding }{b}, "struct with a value": struct{ B record.Blinding }{*b},
		"slice": []*record.Blinding{b}, "map": map[string]any{"b": b}, "error": fmt.Errorf("about %v", b),
		"nested": []any{map[string]*record.FileFingerprint{"f": fingerprint}},
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T", "%20.3v"} {
			shown[name+" "+verb] = fmt.Sprintf(verb, v)
		}
		shown[name+" Sprint"] = fmt.Sprint(v)
		for _, handler := range []string{"text", "json"} {
			var out bytes.Buffer
			var h slog.Handler = slog.NewTextHandler(&out, nil)
			if handler == "json" {
				h = slog.NewJSONHandler(&out, nil)
			}
			slog.New(h).Info("m", "v", v, slog.Any("w", v))
			shown[name+" slog "+handler] = out.String()
		}
		text, err := json.Marshal(v)
		if name != "error" { // errors.errorString has no exported field
			recordRefused(t, err, "RECORD_BLINDING_INCLUDED", "This payload includes a blinding file or its value. Pass the fingerprint's ref as the payload, and keep its blinding file with the file. Nothing was sent.")
		}
		shown[name+" json"] = string(text)
	}
	for name, encode := range map[string]func(w io.Writer) error{
		"gob": func(w io.Writer) error { return gob.NewEncoder(w).Encode(b) },
		"xml": func(w io.Writer) error { return xml.NewEncoder(w).Encode(b) },
	} {
		var out bytes.Buffer
		require.Error(t, encode(&out), name)
		shown[name] = out.String()
	}
	_, err = b.MarshalText()
	require.Error(t, err)
	for how, text := range shown {
		for _, secret := range []string{exampleValue, strings.ToUpper(exampleValue), string(value), fmt.Sprint(value), exampleValue[:16]} {
			require.NotContains(t, text, secret, how)
		}
	}
	require.Equal(t, "<Blinding: value hidden>", b.String())
	require.Contains(t, string(b.FileText()), exampleValue, "only its file has the value")
}

func TestNewBlindingRefusesPartsThatAreNone(t *testing.T) {
	t.Parallel()
	good := exampleBlinding(t)
	value := make([]byte, 32)
	for _, size := range []int{0, 31, 33} {
		_, err := record.NewBlinding(make([]byte, size), good.Ref().Digest, "5")
		recordRefused(t, err, "VALIDATION_ERROR", "A blinding value is exactly 32 bytes.")
	}
	for _, tc := range [][2]string{{strings.ToUpper(good.Ref().Digest), "5"}, {good.Ref().Digest, ""}, {good.Ref().Digest, "05"}, {good.Ref().Digest, "+5"}, {good.Ref().Digest, "9007199254740992"}, {"", "5"}} {
		_, err := record.NewBlinding(value, tc[0], tc[1])
		recordRefused(t, err, "VALIDATION_ERROR", "This is not a valid blinding file.")
	}
	value[0] = 1
	b, err := record.NewBlinding(value, good.Ref().Digest, "5")
	require.NoError(t, err)
	before := b.FileText()
	value[0] = 2
	require.Equal(t, before, b.FileText(), "a blinding keeps a copy of its value")
	require.Nil(t, new(record.Blinding).FileText())
}

func TestErrorIsOneLineAndInvalid(t *testing.T) {
	t.Parallel()
	_, err := record.Fingerprint(nil, record.FingerprintParams{Alg: "md5"})
	require.EqualError(t, err, "record: A fingerprint is made with sha-256 or hmac-sha-256.")
	require.True(t, errors.Is(err, pacspace.ErrInvalid))
}
