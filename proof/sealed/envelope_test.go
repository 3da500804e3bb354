package sealed_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/proof/sealed"
)

const somePadded = `{"schema":"record-disclosure/v1"}`

func TestAnEnvelopeOpensForItsLinkAlone(t *testing.T) {
	t.Parallel()
	key := sealed.NewLinkKey()
	envelope, err := sealed.SealEnvelope([]byte(somePadded), "cus_abc", key)
	require.NoError(t, err)
	data, err := base64.RawURLEncoding.DecodeString(envelope)
	require.NoError(t, err)
	require.Len(t, data, 1+12+4096+16, "a disclosure is padded to whole blocks")
	require.Equal(t, byte(1), data[0])
	opened, err := sealed.OpenEnvelope(envelope, "cus_abc", key)
	require.NoError(t, err)
	require.Equal(t, somePadded, string(opened))

	read, ok := sealed.ParseLinkKey(key.Fragment())
	require.True(t, ok)
	opened, err = sealed.OpenEnvelope(envelope, "cus_abc", read)
	require.NoError(t, err)
	require.Equal(t, somePadded, string(opened))

	other, err := sealed.SealEnvelope([]byte(somePadded), "cus_abc", key)
	require.NoError(t, err)
	require.NotEqual(t, envelope, other, "no two envelopes are alike")

	changed := bytes.Clone(data)
	changed[100] ^= 1
	short, long := base64.RawURLEncoding.EncodeToString(data[:len(data)-1]), strings.Repeat("A", 1398141)
	for _, c := range []struct {
		name, envelope, handle string
		key                    sealed.LinkKey
		code                   sealed.Code
	}{
		{"another key", envelope, "cus_abc", sealed.NewLinkKey(), sealed.CodeEnvelopeAuth},
		{"no key", envelope, "cus_abc", sealed.LinkKey{}, sealed.CodeEnvelopeAuth},
		{"another link", envelope, "cus_abd", key, sealed.CodeEnvelopeAuth},
		{"changed", base64.RawURLEncoding.EncodeToString(changed), "cus_abc", key, sealed.CodeEnvelopeAuth},
		{"cut", short, "cus_abc", key, sealed.CodeEnvelopeMalformed},
		{"empty", "", "cus_abc", key, sealed.CodeEnvelopeMalformed},
		{"of another version", "Ag" + envelope[2:], "cus_abc", key, sealed.CodeEnvelopeMalformed},
		{"with padding", envelope + "=", "cus_abc", key, sealed.CodeEnvelopeMalformed},
		{"with a line end", envelope + "\n", "cus_abc", key, sealed.CodeEnvelopeMalformed},
		{"too long", long, "cus_abc", key, sealed.CodeEnvelopeTooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := sealed.OpenEnvelope(c.envelope, c.handle, c.key)
			refused, ok := errors.AsType[*sealed.Refusal](err)
			require.True(t, ok, "%v", err)
			require.Equal(t, c.code, refused.Code)
			require.NotContains(t, refused.Reason, "record disclosure this version")
		})
	}
}

func TestEnvelopesThatCannotBeMade(t *testing.T) {
	t.Parallel()
	_, err := sealed.SealEnvelope([]byte(`{`), "h", sealed.NewLinkKey())
	require.Error(t, err)
	_, err = sealed.SealEnvelope([]byte(`{}`), "h", sealed.LinkKey{})
	require.ErrorContains(t, err, "NewLinkKey")
	large := `"` + strings.Repeat("x", sealed.MaxDisclosureBytes-2) + `"`
	envelope, err := sealed.SealEnvelope([]byte(large), "h", sealed.NewLinkKey())
	require.NoError(t, err)
	require.LessOrEqual(t, len(envelope), 1398140)
	_, err = sealed.SealEnvelope([]byte(large[:1]+"x"+large[1:]), "h", sealed.NewLinkKey())
	require.ErrorContains(t, err, "1048577 bytes")
}

func TestLinkKeysHaveOneForm(t *testing.T) {
	t.Parallel()
	fragment := sealed.NewLinkKey().Fragment()
	require.Len(t, fragment, 46)
	last := strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", fragment[45])
	leftOver := fragment[:45] + string("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[last|1])
	for _, bad := range []string{"", "dk=", fragment[3:], "#" + fragment, fragment[:45], fragment + "A", fragment + "\n", "dd=" + fragment[3:], leftOver} {
		_, ok := sealed.ParseLinkKey(bad)
		require.False(t, ok, bad)
	}
	require.Empty(t, sealed.LinkKey{}.Fragment())
}

func TestALinkKeyIsNeverPrinted(t *testing.T) {
	t.Parallel()
	key := sealed.NewLinkKey()
	secret := key.Fragment()[3:]
	raw, err := base64.RawURLEncoding.DecodeString(secret)
	require.NoError(t, err)
	var forms []string
	for _, v := range []any{key, &key, []sealed.LinkKey{key}, struct{ K sealed.LinkKey }{key}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%q", "%s", "%x", "%d"} {
			forms = append(forms, fmt.Sprintf(verb, v))
		}
		text, err := json.Marshal(v)
		require.NoError(t, err)
		forms = append(forms, string(text))
	}
	var b strings.Builder
	slog.New(slog.NewTextHandler(&b, nil)).Info("m", "k", key)
	for _, form := range append(forms, b.String()) {
		require.NotContains(t, form, secret)
		require.NotContains(t, form, fmt.Sprintf("%x", raw))
	}
}

func TestVerifyServedTakesAHistoryOfAnySchema(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, history, disclosure string }{
		{"no JSON", `{`, `{}`}, {"no JSON for a disclosure", `{}`, `{`}, {"no objects", `[]`, `[]`}, {"nothing in them", `{}`, `{}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, sealed.CodeMalformed, sealed.VerifyServed([]byte(c.history), []byte(c.disclosure)).Code)
		})
	}
}
