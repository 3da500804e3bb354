package sandbox_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/sandbox"
)

const (
	deltaPath = "/api/v1/balance/delta"
	oneDelta  = `{"customerId":"acme","delta":-5,"reason":"r"}`
)

func TestAnIdempotencyKeyReplaysTheFirstAnswer(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	first := b.post(deltaPath, oneDelta, "Idempotency-Key: k")
	b.verify()
	again := b.post(deltaPath, oneDelta, "Idempotency-Key: k")
	require.Equal(t, first.status, again.status)
	require.Equal(t, first.body, again.body, "the very same bytes, though the delta is verified by now")
	require.Len(t, b.Recorded(sandbox.Test, "acme"), 1)

	b.post(deltaPath, `{"customerId":"acme","delta":-6,"reason":"r"}`, "Idempotency-Key: k").
		refused(409, "IDEMPOTENCY_CONFLICT", "different request")
	b.post("/api/v1/balance/delta/batch", `{"deltas":[`+oneDelta+`]}`, "Idempotency-Key: k").
		refused(409, "IDEMPOTENCY_CONFLICT", "different request")
	require.Equal(t, 201, b.post(deltaPath, oneDelta, "Idempotency-Key: other").status)
	require.Equal(t, 201, b.post(deltaPath, oneDelta, "Idempotency-Key: k", "X-Api-Key: "+b.Key(sandbox.Live)).status, "live has keys of its own")
	b.post(deltaPath, oneDelta, "Idempotency-Key: "+strings.Repeat("k", 256)).refused(400, "", "at most 255")
}

func TestAllThreeWritesTakeAKeyAndNothingElseDoes(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.emit("acme", "-1", "")
	b.verify()
	for _, c := range []struct{ path, body string }{
		{deltaPath, oneDelta},
		{"/api/v1/balance/delta/batch", `{"deltas":[` + oneDelta + `]}`},
		{"/api/v1/balance/checkpoint", `{"customerId":"acme"}`},
	} {
		first := b.post(c.path, c.body, "Idempotency-Key: "+c.path)
		require.Equal(t, first.body, b.post(c.path, c.body, "Idempotency-Key: "+c.path).body, c.path)
		b.post(c.path, c.body+" ", "Idempotency-Key: "+c.path).refused(409, "IDEMPOTENCY_CONFLICT", "")
	}
	compare := `{"customerId":"acme","yourBalance":1,"theirBalance":1}`
	require.Equal(t, 201, b.post("/api/v1/balance/compare", compare, "Idempotency-Key: c").status)
	require.Equal(t, 201, b.post("/api/v1/balance/compare", compare+" ", "Idempotency-Key: c").status)
}

func TestAKeyIsForgottenAfterItsLifetime(t *testing.T) {
	t.Parallel()
	b := newBox(t, sandbox.KeysExpireAfter(time.Hour))
	b.post(deltaPath, oneDelta, "Idempotency-Key: k")
	b.clock.Advance(time.Hour - time.Millisecond)
	b.post(deltaPath, oneDelta, "Idempotency-Key: k")
	require.Len(t, b.Recorded(sandbox.Test, "acme"), 1)
	b.clock.Advance(time.Millisecond)
	b.post(deltaPath, oneDelta, "Idempotency-Key: k")
	require.Len(t, b.Recorded(sandbox.Test, "acme"), 2, "a late retry counts again")
}

func TestARefusalFreesItsKey(t *testing.T) {
	t.Parallel()
	b := newBox(t, sandbox.CadenceLimit(time.Hour))
	b.post(deltaPath, oneDelta)
	b.post(deltaPath, oneDelta, "Idempotency-Key: k").refused(429, "CADENCE_LIMIT", "")
	b.clock.Advance(time.Hour)
	require.Equal(t, 201, b.post(deltaPath, oneDelta, "Idempotency-Key: k").status)
}

func TestAKeyInProgressIsPending(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t)
		b.Inject(sandbox.Fault{Path: deltaPath, Latency: time.Minute})
		done := make(chan response)
		go func() { done <- b.post(deltaPath, oneDelta, "Idempotency-Key: k") }()
		synctest.Wait()

		pending := b.post(deltaPath, oneDelta, "Idempotency-Key: k")
		require.Equal(t, 202, pending.status)
		require.Equal(t, "IDEMPOTENCY_PENDING", pending.at("code"))
		require.Equal(t, "1", pending.at("retryAfterSeconds"))
		require.Empty(t, b.Recorded(sandbox.Test, "acme"))

		first := <-done
		require.Equal(t, 201, first.status)
		require.Equal(t, first.body, b.post(deltaPath, oneDelta, "Idempotency-Key: k").body)
		require.Len(t, b.Recorded(sandbox.Test, "acme"), 1)
	})
}

func TestAClientThatGoesAwayFreesItsKey(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t)
		b.Inject(sandbox.Fault{Latency: time.Minute})
		r := httptest.NewRequestWithContext(t.Context(), "POST", deltaPath, strings.NewReader(oneDelta))
		ctx, cancel := contextWithTimeout(r, time.Second)
		defer cancel()
		r = r.WithContext(ctx)
		r.Header.Set("X-Api-Key", b.Key(sandbox.Test))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", "k")
		require.Panics(t, func() { b.ServeHTTP(httptest.NewRecorder(), r) }, "the connection ends")
		require.Empty(t, b.Recorded(sandbox.Test, "acme"))
		require.Equal(t, 201, b.post(deltaPath, oneDelta, "Idempotency-Key: k").status)
	})
}
