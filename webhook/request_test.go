package webhook_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/webhook"
)

func TestRequest(t *testing.T) {
	t.Parallel()
	event := webhook.Event{
		ID: "evt_1", Type: webhook.EventDeltaVerified, TenantID: "t_1", Timestamp: webhookNow.Add(-time.Minute),
		Data: json.RawMessage(`{"customerId":"customer_acme","delta":-50.25}`),
	}

	t.Run("a handler takes it, and reads the event that went in", func(t *testing.T) {
		t.Parallel()
		var got *webhook.Event
		h := newVerifier(t).Handler(func(_ context.Context, e *webhook.Event) error {
			got = e
			return nil
		})
		r, err := webhook.NewRequest(t.Context(), "http://localhost/hooks", webhookSecret, webhookNow, event)
		require.NoError(t, err)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		require.Equal(t, 200, w.Code)
		require.Equal(t, event.ID, got.ID)
		require.Equal(t, event.Type, got.Type)
		require.Equal(t, event.TenantID, got.TenantID)
		require.True(t, event.Timestamp.Equal(got.Timestamp))
		require.Equal(t, webhook.EventHints{ID: "evt_1", Type: webhook.EventDeltaVerified}, got.Hints)
		d, err := got.DeltaVerified()
		require.NoError(t, err)
		require.Equal(t, "-50.25", d.Delta.String())

		t.Run("what was read is sent again byte for byte", func(t *testing.T) {
			again, err := webhook.NewRequest(t.Context(), "http://localhost/hooks", webhookSecret, webhookNow.Add(time.Second), *got)
			require.NoError(t, err)
			first := got.RawJSON()
			h.ServeHTTP(httptest.NewRecorder(), again)
			require.Equal(t, string(first), string(got.RawJSON()))
		})
	})

	t.Run("another secret is not taken", func(t *testing.T) {
		t.Parallel()
		r, err := webhook.NewRequest(t.Context(), "http://localhost/hooks", "whsec_other", webhookNow, event, webhook.AlsoWith("whsec_third"))
		require.NoError(t, err)
		w := httptest.NewRecorder()
		newVerifier(t).Handler(func(context.Context, *webhook.Event) error { return nil }).ServeHTTP(w, r)
		require.Equal(t, 401, w.Code)
	})

	t.Run("refused: data that is no JSON, and an address that is none", func(t *testing.T) {
		t.Parallel()
		broken := event
		broken.Data = json.RawMessage(`{`)
		_, err := webhook.NewRequest(t.Context(), "http://localhost/", webhookSecret, webhookNow, broken)
		require.ErrorIs(t, err, webhook.ErrInvalid)
		_, err = webhook.NewRequest(t.Context(), "http://local host/", webhookSecret, webhookNow, event)
		require.ErrorIs(t, err, webhook.ErrInvalid)
		require.NotContains(t, err.Error(), "local host")
	})
}

// A test of one's own handler posts what the service would.
func ExampleNewRequest() {
	verifier, err := webhook.NewVerifier([]string{"whsec_test"})
	if err != nil {
		fmt.Println(err)
		return
	}
	handler := verifier.Handler(func(_ context.Context, event *webhook.Event) error {
		fmt.Println("stored", event.ID, string(event.Type))
		return nil
	})
	r, err := webhook.NewRequest(context.Background(), "http://localhost/hooks/pacspace", "whsec_test", time.Now(), webhook.Event{
		ID: "evt_1", Type: webhook.EventDeltaVerified, Data: []byte(`{"customerId":"customer_acme","delta":-50}`),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	fmt.Println(w.Code)
	// Output:
	// stored evt_1 delta.verified
	// 200
}
