package webhook_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/webhook"
)

// hmacHex is HMAC-SHA256 in the plainest way that the standard library has.
func hmacHex(secret, text string) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(text))
	return hex.EncodeToString(m.Sum(nil))
}

// eventOf1KiB is a delivery whose body is 1,024 bytes, signed now.
func eventOf1KiB() (body []byte, signature, timestamp string) {
	body = []byte(`{"id":"evt_1","event":"delta.verified","data":{"delta":{"customerId":"customer_acme","amount":-50,"metadata":{"note":""}}}}`)
	body = bytes.Replace(body, []byte(`"note":"`), append([]byte(`"note":"`), bytes.Repeat([]byte("n"), 1024-len(body))...), 1)
	h := webhook.Sign(webhookSecret, time.Now(), body)
	return body, h.Get(webhook.SignatureHeader), h.Get(webhook.TimestampHeader)
}

// BenchmarkWebhook compares the check of a signature with the HMAC that it cannot do
// without: the target is 1.3 times its time, and no allocation.
func BenchmarkWebhook(b *testing.B) {
	body, signature, timestamp := eventOf1KiB()
	v, err := webhook.NewVerifier([]string{webhookSecret}, webhook.WithTolerance(24*time.Hour))
	require.NoError(b, err)

	b.Run("bare HMAC with kept state", func(b *testing.B) {
		m := hmac.New(sha256.New, []byte(webhookSecret))
		head := []byte(timestamp + ".")
		var sum []byte
		b.ReportAllocs()
		for b.Loop() {
			m.Reset()
			m.Write(head)
			m.Write(body)
			sum = m.Sum(sum[:0])
		}
	})
	b.Run("VerifySignature", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := v.VerifySignature(signature, timestamp, body); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Verify", func(b *testing.B) {
		h := webhook.Sign(webhookSecret, time.Now(), body)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := v.Verify(body, h); err != nil {
				b.Fatal(err)
			}
		}
	})
}
