package pacspace_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
)

const webhookSecret = "whsec_4c1d0b8e5f6a7923"

var (
	webhookNow  = time.Date(2026, time.February, 11, 10, 30, 5, 0, time.UTC)
	webhookBody = []byte(`{"id":"evt_1","event":"delta.verified","data":{"customerId":"customer_acme","delta":-50}}`)
)

func newVerifier(t testing.TB, opts ...pacspace.WebhookOption) *pacspace.WebhookVerifier {
	t.Helper()
	opts = append([]pacspace.WebhookOption{pacspace.WithWebhookClock(func() time.Time { return webhookNow })}, opts...)
	v, err := pacspace.NewWebhookVerifier([]string{webhookSecret}, opts...)
	require.NoError(t, err)
	return v
}

func TestWebhookSignature(t *testing.T) {
	t.Parallel()
	other := pacspace.SignWebhook("whsec_other", webhookNow, webhookBody).Get(pacspace.WebhookSignatureHeader)
	good := pacspace.SignWebhook(webhookSecret, webhookNow, webhookBody).Get(pacspace.WebhookSignatureHeader)
	digits := strings.TrimPrefix(good, "v1=")
	timestamp := strconv.FormatInt(webhookNow.Unix(), 10)

	for _, c := range []struct {
		name      string
		signature string
		want      error
	}{
		{"the one signature matches", good, nil},
		{"the previous secret's signature stands second", other + "," + good, nil},
		{"the previous secret's signature stands first", good + "," + other, nil},
		{"spaces stand around the comma", " " + good + " ,\t" + other, nil},
		{"a version we do not know stands beside it", "v2=" + digits + "," + good, nil},
		{"empty parts are passed over", ",," + good + ",", nil},
		{"another secret made it", other, pacspace.ErrWebhookSignature},
		{"only a version we do not know", "v2=" + digits, pacspace.ErrWebhookSignature},
		{"digits without a version", digits, pacspace.ErrWebhookSignature},
		{"upper-case digits are another spelling, and refused", "v1=" + strings.ToUpper(digits), pacspace.ErrWebhookSignature},
		{"a digit too few", good[:len(good)-1], pacspace.ErrWebhookSignature},
		{"a digit too many", good + "0", pacspace.ErrWebhookSignature},
		{"a letter past f", good[:len(good)-1] + "g", pacspace.ErrWebhookSignature},
		{"bytes that are no ASCII", "v1=" + strings.Repeat("é", 32), pacspace.ErrWebhookSignature},
		{"a no-break space in front", "\u00a0" + good, pacspace.ErrWebhookSignature},
		{"a thousand wrong ones before the right one", strings.Repeat(other+",", 1000) + good, nil},
		{"nothing", "", pacspace.ErrWebhookMissing},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := newVerifier(t).VerifySignature(c.signature, timestamp, webhookBody)
			require.ErrorIs(t, err, c.want)
		})
	}

	t.Run("any changed byte of the body makes it false", func(t *testing.T) {
		t.Parallel()
		v := newVerifier(t)
		for i := range webhookBody {
			body := bytes.Clone(webhookBody)
			body[i] ^= 1
			require.ErrorIs(t, v.VerifySignature(good, timestamp, body), pacspace.ErrWebhookSignature)
		}
	})

	t.Run("any other byte in place of a digit of the signature makes it false", func(t *testing.T) {
		t.Parallel()
		v := newVerifier(t)
		for i := range digits {
			for d := range 256 {
				if byte(d) == digits[i] {
					continue
				}
				changed := "v1=" + digits[:i] + string([]byte{byte(d)}) + digits[i+1:]
				require.ErrorIs(t, v.VerifySignature(changed, timestamp, webhookBody), pacspace.ErrWebhookSignature)
			}
		}
	})

	t.Run("the signature covers the timestamp", func(t *testing.T) {
		t.Parallel()
		later := strconv.FormatInt(webhookNow.Unix()+1, 10)
		require.ErrorIs(t, newVerifier(t).VerifySignature(good, later, webhookBody), pacspace.ErrWebhookSignature)
	})

	t.Run("a verifier with several secrets takes a signature of each", func(t *testing.T) {
		t.Parallel()
		v, err := pacspace.NewWebhookVerifier([]string{"whsec_new", webhookSecret, "whsec_other"},
			pacspace.WithWebhookClock(func() time.Time { return webhookNow }))
		require.NoError(t, err)
		require.NoError(t, v.VerifySignature(good, timestamp, webhookBody))
		require.NoError(t, v.VerifySignature(other, timestamp, webhookBody))
	})
}

func TestWebhookTimestamp(t *testing.T) {
	t.Parallel()
	now := webhookNow.Unix()
	for _, c := range []struct {
		name string
		text string
		want error
	}{
		{"seconds, of now", strconv.FormatInt(now, 10), nil},
		{"seconds, 300 s old", strconv.FormatInt(now-300, 10), nil},
		{"seconds, 301 s old", strconv.FormatInt(now-301, 10), pacspace.ErrWebhookTooOld},
		{"seconds, 300 s ahead", strconv.FormatInt(now+300, 10), nil},
		{"seconds, 301 s ahead", strconv.FormatInt(now+301, 10), pacspace.ErrWebhookTooNew},
		{"milliseconds, of now", strconv.FormatInt(now*1000+999, 10), nil},
		{"milliseconds count as the second they are in: 300.001 s old is 301", strconv.FormatInt((now-300)*1000-1, 10), pacspace.ErrWebhookTooOld},
		{"milliseconds count as the second they are in: 300.999 s ahead is 300", strconv.FormatInt((now+300)*1000+999, 10), nil},
		{"milliseconds, 301 s ahead", strconv.FormatInt((now+301)*1000, 10), pacspace.ErrWebhookTooNew},
		{"the largest number of seconds", "999999999999", pacspace.ErrWebhookTooNew},
		{"the smallest number of milliseconds", "1000000000000", pacspace.ErrWebhookTooOld},
		{"leading zeros", "000" + strconv.FormatInt(now, 10), nil},
		{"zero", "0", pacspace.ErrWebhookTooOld},
		{"a number past every calendar", strings.Repeat("9", 32), pacspace.ErrWebhookTooNew},
		{"more digits than anyone could mean", strings.Repeat("9", 33), pacspace.ErrWebhookTimestamp},
		{"a minus", "-5", pacspace.ErrWebhookTimestamp},
		{"a plus", "+" + strconv.FormatInt(now, 10), pacspace.ErrWebhookTimestamp},
		{"a fraction", strconv.FormatInt(now, 10) + ".0", pacspace.ErrWebhookTimestamp},
		{"a space", " " + strconv.FormatInt(now, 10), pacspace.ErrWebhookTimestamp},
		{"an underscore", "1_770806230", pacspace.ErrWebhookTimestamp},
		{"digits of another script", "١٧٧٠٨٠٦٢٢٥", pacspace.ErrWebhookTimestamp},
		{"a date", "2026-02-11T10:30:05Z", pacspace.ErrWebhookTimestamp},
		{"two of them", strconv.FormatInt(now, 10) + "," + strconv.FormatInt(now, 10), pacspace.ErrWebhookTimestamp},
		{"nothing", "", pacspace.ErrWebhookMissing},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := signText(webhookSecret, c.text, webhookBody)
			_, err := newVerifier(t).Verify(webhookBody, h)
			require.ErrorIs(t, err, c.want)
		})
	}

	t.Run("a tolerance of zero leaves the same second", func(t *testing.T) {
		t.Parallel()
		v := newVerifier(t, pacspace.WithTolerance(0))
		_, err := v.Verify(webhookBody, pacspace.SignWebhook(webhookSecret, webhookNow, webhookBody))
		require.NoError(t, err)
		_, err = v.Verify(webhookBody, pacspace.SignWebhook(webhookSecret, webhookNow.Add(-time.Second), webhookBody))
		require.ErrorIs(t, err, pacspace.ErrWebhookTooOld)
	})

	t.Run("the clock's fraction of a second does not count", func(t *testing.T) {
		t.Parallel()
		v := newVerifier(t, pacspace.WithWebhookClock(func() time.Time { return webhookNow.Add(999 * time.Millisecond) }))
		_, err := v.Verify(webhookBody, pacspace.SignWebhook(webhookSecret, webhookNow.Add(-300*time.Second), webhookBody))
		require.NoError(t, err)
	})
}

// signText signs a timestamp that SignWebhook would not write. Its signature is that of
// the rule in the contract, made without the code under test.
func signText(secret, timestamp string, body []byte) http.Header {
	h := http.Header{}
	h.Set(pacspace.WebhookSignatureHeader, "v1="+hmacHex(secret, timestamp+"."+string(body)))
	h.Set(pacspace.WebhookTimestampHeader, timestamp)
	return h
}

func TestWebhookHeaders(t *testing.T) {
	t.Parallel()
	signed := pacspace.SignWebhook(webhookSecret, webhookNow, webhookBody)
	signature, timestamp := signed.Get(pacspace.WebhookSignatureHeader), signed.Get(pacspace.WebhookTimestampHeader)
	wrong := "v1=" + strings.Repeat("0", 64)

	for _, c := range []struct {
		name string
		h    http.Header
		want error
	}{
		{"names as net/http writes them", signed, nil},
		{"names in lower case, from a gateway", http.Header{"x-pacspace-signature": {signature}, "x-pacspace-timestamp": {timestamp}}, nil},
		{"names as the service writes them", http.Header{"X-PacSpace-Signature": {signature}, "X-PacSpace-Timestamp": {timestamp}}, nil},
		{"two signature headers, the second one ours", http.Header{"X-Pacspace-Signature": {wrong, signature}, "X-Pacspace-Timestamp": {timestamp}}, nil},
		{"two spellings of the signature header", http.Header{"X-Pacspace-Signature": {wrong}, "x-pacspace-signature": {signature}, "X-Pacspace-Timestamp": {timestamp}}, nil},
		{"two timestamps, since which one counts is not known", http.Header{"X-Pacspace-Signature": {signature}, "X-Pacspace-Timestamp": {timestamp, timestamp}}, pacspace.ErrWebhookTimestamp},
		{"no signature", http.Header{"X-Pacspace-Timestamp": {timestamp}}, pacspace.ErrWebhookMissing},
		{"an empty signature", http.Header{"X-Pacspace-Signature": {""}, "X-Pacspace-Timestamp": {timestamp}}, pacspace.ErrWebhookMissing},
		{"no timestamp", http.Header{"X-Pacspace-Signature": {signature}}, pacspace.ErrWebhookMissing},
		{"no headers at all", nil, pacspace.ErrWebhookMissing},
		{"a space in the name", http.Header{"X-PacSpace-Signature ": {signature}, "X-Pacspace-Timestamp": {timestamp}}, pacspace.ErrWebhookMissing},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := newVerifier(t).Verify(webhookBody, c.h)
			require.ErrorIs(t, err, c.want)
		})
	}

	t.Run("no body", func(t *testing.T) {
		t.Parallel()
		_, err := newVerifier(t).Verify(nil, pacspace.SignWebhook(webhookSecret, webhookNow, nil))
		require.ErrorIs(t, err, pacspace.ErrWebhookMissing)
	})
}

func TestWebhookVerifierIsRefusedWhenItCouldNotWork(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		secrets []string
		opts    []pacspace.WebhookOption
		field   string
	}{
		{"no secret", nil, nil, "secrets"},
		{"an empty secret among others", []string{"whsec_a", ""}, nil, "secrets[1]"},
		{"a negative tolerance", []string{"s"}, []pacspace.WebhookOption{pacspace.WithTolerance(-time.Second)}, "tolerance"},
		{"no clock", []string{"s"}, []pacspace.WebhookOption{pacspace.WithWebhookClock(nil)}, "clock"},
		{"no room for a body", []string{"s"}, []pacspace.WebhookOption{pacspace.WithWebhookMaxBody(0)}, "maxBody"},
		{"no logger", []string{"s"}, []pacspace.WebhookOption{pacspace.WithWebhookLogger(nil)}, "logger"},
		{"a nil option", []string{"s"}, []pacspace.WebhookOption{nil}, "opts"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := pacspace.NewWebhookVerifier(c.secrets, c.opts...)
			require.ErrorIs(t, err, pacspace.ErrInvalid)
			param, ok := errors.AsType[*pacspace.ParamError](err)
			require.True(t, ok)
			require.Equal(t, c.field, param.Field)
		})
	}
}

func TestWebhookSecretIsNeverPrinted(t *testing.T) {
	t.Parallel()
	v := newVerifier(t)
	_, err := v.Verify(webhookBody, pacspace.SignWebhook(webhookSecret, webhookNow, webhookBody)) // fills the pool
	require.NoError(t, err)
	refused := v.VerifySignature("v1=00", strconv.FormatInt(webhookNow.Unix(), 10), webhookBody)
	_, empty := pacspace.NewWebhookVerifier([]string{webhookSecret, ""})

	for _, value := range []struct {
		name string
		v    any
	}{
		{"verifier", v},
		{"verifier by value", *v},
		{"verifier inside a struct", struct{ V *pacspace.WebhookVerifier }{v}},
		{"verifier inside an unexported field", struct{ v *pacspace.WebhookVerifier }{v}},
		{"verifier by value inside an unexported field", struct{ v pacspace.WebhookVerifier }{*v}},
		{"handler", v.Handler(nil)},
		{"option", pacspace.SignAlsoWith(webhookSecret)},
		{"refusal", refused},
		{"construction error", empty},
	} {
		t.Run(value.name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			for _, verb := range []string{"%v", "%+v", "%#v", "%q", "%s", "%x", "%d"} {
				fmt.Fprintf(&out, verb+"\n", value.v)
			}
			slog.New(slog.NewTextHandler(&out, nil)).Info("x", "v", value.v)
			slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "v", value.v)
			if text, err := json.Marshal(value.v); err == nil {
				out.Write(text)
			}
			tail := webhookSecret[len("whsec_"):]
			for _, form := range []string{
				webhookSecret, tail,
				base64.StdEncoding.EncodeToString([]byte(webhookSecret)),
				fmt.Sprintf("%x", webhookSecret),
				strings.Trim(fmt.Sprint([]byte(webhookSecret)), "[]"),
			} {
				require.NotContains(t, out.String(), form)
			}
		})
	}
}

func TestWebhookVerifierSaysWhatItIsSetTo(t *testing.T) {
	t.Parallel()
	v, err := pacspace.NewWebhookVerifier([]string{"a", "b"}, pacspace.WithTolerance(time.Minute))
	require.NoError(t, err)
	require.Equal(t, "pacspace.WebhookVerifier{secrets: 2, tolerance: 60s}", v.String())
}

func TestWebhookVerifierServesManyGoroutines(t *testing.T) {
	t.Parallel()
	v, err := pacspace.NewWebhookVerifier([]string{"whsec_old", webhookSecret}, pacspace.WithWebhookClock(func() time.Time { return webhookNow }))
	require.NoError(t, err)
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for i := range 200 {
				body := fmt.Appendf(nil, `{"id":"evt_%d_%d"}`, worker, i)
				h := pacspace.SignWebhook(webhookSecret, webhookNow, body)
				event, err := v.Verify(body, h)
				if err != nil || event.ID != fmt.Sprintf("evt_%d_%d", worker, i) {
					t.Errorf("%s: %v, %v", body, event, err)
				}
				body[1] ^= 1
				if err := v.VerifySignature(h.Get(pacspace.WebhookSignatureHeader), h.Get(pacspace.WebhookTimestampHeader), body); !errors.Is(err, pacspace.ErrWebhookSignature) {
					t.Errorf("%s: %v", body, err)
				}
			}
		})
	}
	group.Wait()
}

func FuzzWebhookHeader(f *testing.F) {
	good := pacspace.SignWebhook(webhookSecret, webhookNow, webhookBody)
	f.Add(good.Get(pacspace.WebhookSignatureHeader), good.Get(pacspace.WebhookTimestampHeader))
	v := newVerifier(f)
	f.Fuzz(func(t *testing.T, signature, timestamp string) {
		err := v.VerifySignature(signature, timestamp, webhookBody)
		kinds := 0
		for _, kind := range []error{pacspace.ErrWebhookMissing, pacspace.ErrWebhookTimestamp, pacspace.ErrWebhookTooOld, pacspace.ErrWebhookTooNew, pacspace.ErrWebhookSignature} {
			if errors.Is(err, kind) {
				kinds++
			}
		}
		genuine := accepts(signature, timestamp)
		if (err == nil) != genuine || (err != nil) != (kinds == 1) {
			t.Fatalf("signature %q, timestamp %q: %v, of %d kinds", signature, timestamp, err, kinds)
		}
		if err != nil && strings.ContainsAny(err.Error(), "\r\n") {
			t.Fatalf("more than one line: %q", err)
		}
		h := http.Header{}
		h.Set(pacspace.WebhookSignatureHeader, signature)
		h.Set(pacspace.WebhookTimestampHeader, timestamp)
		if _, verr := v.Verify(webhookBody, h); (verr == nil) != (err == nil) {
			t.Fatalf("Verify says %v, VerifySignature %v", verr, err)
		}
	})
}

// accepts is the rule of the contract written down a second time, plainly: whether the
// signature over the body of these tests is genuine at their time.
func accepts(signature, timestamp string) bool {
	if signature == "" || timestamp == "" || len(timestamp) > 32 || strings.Trim(timestamp, "0123456789") != "" {
		return false
	}
	n, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return false
	}
	if n >= 1e12 {
		n /= 1000
	}
	if d := webhookNow.Unix() - n; d > 300 || d < -300 {
		return false
	}
	want := "v1=" + hmacHex(webhookSecret, timestamp+"."+string(webhookBody))
	for part := range strings.SplitSeq(signature, ",") {
		if strings.Trim(part, " \t\r\n\v\f") == want {
			return true
		}
	}
	return false
}
