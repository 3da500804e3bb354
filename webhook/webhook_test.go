package webhook_test

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

	"github.com/pacspace/pacspace-go/webhook"
)

const webhookSecret = "whsec_4c1d0b8e5f6a7923"

var (
	webhookNow  = time.Date(2026, time.February, 11, 10, 30, 5, 0, time.UTC)
	webhookBody = []byte(`{"id":"evt_1","event":"delta.verified","data":{"customerId":"customer_acme","delta":-50}}`)
)

func newVerifier(t testing.TB, opts ...webhook.Option) *webhook.Verifier {
	t.Helper()
	opts = append([]webhook.Option{webhook.WithClock(func() time.Time { return webhookNow })}, opts...)
	v, err := webhook.NewVerifier([]string{webhookSecret}, opts...)
	require.NoError(t, err)
	return v
}

func TestSignature(t *testing.T) {
	t.Parallel()
	other := webhook.Sign("whsec_other", webhookNow, webhookBody).Get(webhook.SignatureHeader)
	good := webhook.Sign(webhookSecret, webhookNow, webhookBody).Get(webhook.SignatureHeader)
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
		{"another secret made it", other, webhook.ErrSignature},
		{"only a version we do not know", "v2=" + digits, webhook.ErrSignature},
		{"digits without a version", digits, webhook.ErrSignature},
		{"upper-case digits are another spelling, and refused", "v1=" + strings.ToUpper(digits), webhook.ErrSignature},
		{"a digit too few", good[:len(good)-1], webhook.ErrSignature},
		{"a digit too many", good + "0", webhook.ErrSignature},
		{"a letter past f", good[:len(good)-1] + "g", webhook.ErrSignature},
		{"bytes that are no ASCII", "v1=" + strings.Repeat("é", 32), webhook.ErrSignature},
		{"a no-break space in front", "\u00a0" + good, webhook.ErrSignature},
		{"a thousand wrong ones before the right one", strings.Repeat(other+",", 1000) + good, nil},
		{"nothing", "", webhook.ErrMissing},
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
			require.ErrorIs(t, v.VerifySignature(good, timestamp, body), webhook.ErrSignature)
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
				require.ErrorIs(t, v.VerifySignature(changed, timestamp, webhookBody), webhook.ErrSignature)
			}
		}
	})

	t.Run("the signature covers the timestamp", func(t *testing.T) {
		t.Parallel()
		later := strconv.FormatInt(webhookNow.Unix()+1, 10)
		require.ErrorIs(t, newVerifier(t).VerifySignature(good, later, webhookBody), webhook.ErrSignature)
	})

	t.Run("a verifier with several secrets takes a signature of each", func(t *testing.T) {
		t.Parallel()
		v, err := webhook.NewVerifier([]string{"whsec_new", webhookSecret, "whsec_other"},
			webhook.WithClock(func() time.Time { return webhookNow }))
		require.NoError(t, err)
		require.NoError(t, v.VerifySignature(good, timestamp, webhookBody))
		require.NoError(t, v.VerifySignature(other, timestamp, webhookBody))
	})
}

func TestTimestamp(t *testing.T) {
	t.Parallel()
	now := webhookNow.Unix()
	for _, c := range []struct {
		name string
		text string
		want error
	}{
		{"seconds, of now", strconv.FormatInt(now, 10), nil},
		{"seconds, 300 s old", strconv.FormatInt(now-300, 10), nil},
		{"seconds, 301 s old", strconv.FormatInt(now-301, 10), webhook.ErrTooOld},
		{"seconds, 300 s ahead", strconv.FormatInt(now+300, 10), nil},
		{"seconds, 301 s ahead", strconv.FormatInt(now+301, 10), webhook.ErrTooNew},
		{"milliseconds, of now", strconv.FormatInt(now*1000+999, 10), nil},
		{"milliseconds count as the second they are in: 300.001 s old is 301", strconv.FormatInt((now-300)*1000-1, 10), webhook.ErrTooOld},
		{"milliseconds count as the second they are in: 300.999 s ahead is 300", strconv.FormatInt((now+300)*1000+999, 10), nil},
		{"milliseconds, 301 s ahead", strconv.FormatInt((now+301)*1000, 10), webhook.ErrTooNew},
		{"the largest number of seconds", "999999999999", webhook.ErrTooNew},
		{"the smallest number of milliseconds", "1000000000000", webhook.ErrTooOld},
		{"leading zeros", "000" + strconv.FormatInt(now, 10), nil},
		{"zero", "0", webhook.ErrTooOld},
		{"a number past every calendar", strings.Repeat("9", 32), webhook.ErrTooNew},
		{"more digits than anyone could mean", strings.Repeat("9", 33), webhook.ErrTimestamp},
		{"a minus", "-5", webhook.ErrTimestamp},
		{"a plus", "+" + strconv.FormatInt(now, 10), webhook.ErrTimestamp},
		{"a fraction", strconv.FormatInt(now, 10) + ".0", webhook.ErrTimestamp},
		{"a space", " " + strconv.FormatInt(now, 10), webhook.ErrTimestamp},
		{"an underscore", "1_770806230", webhook.ErrTimestamp},
		{"digits of another script", "١٧٧٠٨٠٦٢٢٥", webhook.ErrTimestamp},
		{"a date", "2026-02-11T10:30:05Z", webhook.ErrTimestamp},
		{"two of them", strconv.FormatInt(now, 10) + "," + strconv.FormatInt(now, 10), webhook.ErrTimestamp},
		{"nothing", "", webhook.ErrMissing},
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
		v := newVerifier(t, webhook.WithTolerance(0))
		_, err := v.Verify(webhookBody, webhook.Sign(webhookSecret, webhookNow, webhookBody))
		require.NoError(t, err)
		_, err = v.Verify(webhookBody, webhook.Sign(webhookSecret, webhookNow.Add(-time.Second), webhookBody))
		require.ErrorIs(t, err, webhook.ErrTooOld)
	})

	t.Run("the clock's fraction of a second does not count", func(t *testing.T) {
		t.Parallel()
		v := newVerifier(t, webhook.WithClock(func() time.Time { return webhookNow.Add(999 * time.Millisecond) }))
		_, err := v.Verify(webhookBody, webhook.Sign(webhookSecret, webhookNow.Add(-300*time.Second), webhookBody))
		require.NoError(t, err)
	})
}

// signText signs a timestamp that Sign would not write. Its signature is that of
// the rule in the contract, made without the code under test.
func signText(secret, timestamp string, body []byte) http.Header {
	h := http.Header{}
	h.Set(webhook.SignatureHeader, "v1="+hmacHex(secret, timestamp+"."+string(body)))
	h.Set(webhook.TimestampHeader, timestamp)
	return h
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	signed := webhook.Sign(webhookSecret, webhookNow, webhookBody)
	signature, timestamp := signed.Get(webhook.SignatureHeader), signed.Get(webhook.TimestampHeader)
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
		{"two timestamps, since which one counts is not known", http.Header{"X-Pacspace-Signature": {signature}, "X-Pacspace-Timestamp": {timestamp, timestamp}}, webhook.ErrTimestamp},
		{"no signature", http.Header{"X-Pacspace-Timestamp": {timestamp}}, webhook.ErrMissing},
		{"an empty signature", http.Header{"X-Pacspace-Signature": {""}, "X-Pacspace-Timestamp": {timestamp}}, webhook.ErrMissing},
		{"no timestamp", http.Header{"X-Pacspace-Signature": {signature}}, webhook.ErrMissing},
		{"no headers at all", nil, webhook.ErrMissing},
		{"a space in the name", http.Header{"X-PacSpace-Signature ": {signature}, "X-Pacspace-Timestamp": {timestamp}}, webhook.ErrMissing},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := newVerifier(t).Verify(webhookBody, c.h)
			require.ErrorIs(t, err, c.want)
		})
	}

	t.Run("no body", func(t *testing.T) {
		t.Parallel()
		_, err := newVerifier(t).Verify(nil, webhook.Sign(webhookSecret, webhookNow, nil))
		require.ErrorIs(t, err, webhook.ErrMissing)
	})
}

func TestVerifierIsRefusedWhenItCouldNotWork(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		secrets []string
		opts    []webhook.Option
		field   string
	}{
		{"no secret", nil, nil, "secrets"},
		{"an empty secret among others", []string{"whsec_a", ""}, nil, "secrets[1]"},
		{"a negative tolerance", []string{"s"}, []webhook.Option{webhook.WithTolerance(-time.Second)}, "tolerance"},
		{"no clock", []string{"s"}, []webhook.Option{webhook.WithClock(nil)}, "clock"},
		{"no room for a body", []string{"s"}, []webhook.Option{webhook.WithMaxBody(0)}, "maxBody"},
		{"no logger", []string{"s"}, []webhook.Option{webhook.WithLogger(nil)}, "logger"},
		{"a nil option", []string{"s"}, []webhook.Option{nil}, "opts"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := webhook.NewVerifier(c.secrets, c.opts...)
			require.ErrorIs(t, err, webhook.ErrInvalid)
			require.ErrorContains(t, err, "webhook: invalid request: "+c.field+": must ")
		})
	}
}

func TestSecretIsNeverPrinted(t *testing.T) {
	t.Parallel()
	v := newVerifier(t)
	_, err := v.Verify(webhookBody, webhook.Sign(webhookSecret, webhookNow, webhookBody)) // fills the pool
	require.NoError(t, err)
	refused := v.VerifySignature("v1=00", strconv.FormatInt(webhookNow.Unix(), 10), webhookBody)
	_, empty := webhook.NewVerifier([]string{webhookSecret, ""})

	for _, value := range []struct {
		name string
		v    any
	}{
		{"verifier", v},
		{"verifier by value", *v},
		{"verifier inside a struct", struct{ V *webhook.Verifier }{v}},
		{"verifier inside an unexported field", struct{ v *webhook.Verifier }{v}},
		{"verifier by value inside an unexported field", struct{ v webhook.Verifier }{*v}},
		{"handler", v.Handler(nil)},
		{"option", webhook.AlsoWith(webhookSecret)},
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

func TestVerifierSaysWhatItIsSetTo(t *testing.T) {
	t.Parallel()
	v, err := webhook.NewVerifier([]string{"a", "b"}, webhook.WithTolerance(time.Minute))
	require.NoError(t, err)
	require.Equal(t, "webhook.Verifier{secrets: 2, tolerance: 60s}", v.String())
}

func TestVerifierServesManyGoroutines(t *testing.T) {
	t.Parallel()
	v, err := webhook.NewVerifier([]string{"whsec_old", webhookSecret}, webhook.WithClock(func() time.Time { return webhookNow }))
	require.NoError(t, err)
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for i := range 200 {
				body := fmt.Appendf(nil, `{"id":"evt_%d_%d"}`, worker, i)
				h := webhook.Sign(webhookSecret, webhookNow, body)
				event, err := v.Verify(body, h)
				if err != nil || event.ID != fmt.Sprintf("evt_%d_%d", worker, i) {
					t.Errorf("%s: %v, %v", body, event, err)
				}
				body[1] ^= 1
				if err := v.VerifySignature(h.Get(webhook.SignatureHeader), h.Get(webhook.TimestampHeader), body); !errors.Is(err, webhook.ErrSignature) {
					t.Errorf("%s: %v", body, err)
				}
			}
		})
	}
	group.Wait()
}

func FuzzWebhookHeader(f *testing.F) {
	good := webhook.Sign(webhookSecret, webhookNow, webhookBody)
	f.Add(good.Get(webhook.SignatureHeader), good.Get(webhook.TimestampHeader))
	v := newVerifier(f)
	f.Fuzz(func(t *testing.T, signature, timestamp string) {
		err := v.VerifySignature(signature, timestamp, webhookBody)
		kinds := 0
		for _, kind := range []error{webhook.ErrMissing, webhook.ErrTimestamp, webhook.ErrTooOld, webhook.ErrTooNew, webhook.ErrSignature} {
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
		h.Set(webhook.SignatureHeader, signature)
		h.Set(webhook.TimestampHeader, timestamp)
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
