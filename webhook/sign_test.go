package webhook_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/webhook"
)

func TestSign(t *testing.T) {
	t.Parallel()
	at := time.UnixMilli(1739270400123)

	t.Run("in seconds, by the rule of the contract", func(t *testing.T) {
		t.Parallel()
		h := webhook.Sign("whsec_test", at, []byte(`{"a":1}`))
		require.Equal(t, "1739270400", h.Get("X-PacSpace-Timestamp"))
		require.Equal(t, "v1="+hmacHex("whsec_test", `1739270400.{"a":1}`), h.Get("X-PacSpace-Signature"))
	})

	t.Run("in milliseconds", func(t *testing.T) {
		t.Parallel()
		h := webhook.Sign("whsec_test", at, []byte(`{}`), webhook.InMilliseconds())
		require.Equal(t, "1739270400123", h.Get("X-PacSpace-Timestamp"))
		require.Equal(t, "v1="+hmacHex("whsec_test", `1739270400123.{}`), h.Get("X-PacSpace-Signature"))
	})

	t.Run("with the current secret first and the previous one second", func(t *testing.T) {
		t.Parallel()
		h := webhook.Sign("whsec_new", at, []byte(`{}`), webhook.AlsoWith("whsec_old"))
		require.Equal(t, "v1="+hmacHex("whsec_new", "1739270400.{}")+",v1="+hmacHex("whsec_old", "1739270400.{}"), h.Get("X-PacSpace-Signature"))
	})

	t.Run("a time before 1970 has no timestamp that is accepted", func(t *testing.T) {
		t.Parallel()
		_, err := newVerifier(t).Verify(webhookBody, webhook.Sign(webhookSecret, time.Unix(-5, 0), webhookBody))
		require.ErrorIs(t, err, webhook.ErrTimestamp)
	})
}
