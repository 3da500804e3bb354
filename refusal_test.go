package pacspace_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/internal/idem"
	"github.com/pacspace/pacspace-go/sandbox"
)

func TestNextKeyNumbersTheTries(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("k", idem.MaxLength)
	for _, c := range []struct{ name, key, next string }{
		{"a first refusal", "usage:acme:2026-02-01", "usage:acme:2026-02-01.2"},
		{"a second one", "usage:acme:2026-02-01.2", "usage:acme:2026-02-01.3"},
		{"a tenth one", "usage:acme:2026-02-01.9", "usage:acme:2026-02-01.10"},
		{"a batch", "batch-00ff", "batch-00ff.2"},
		{"a number that no try has", "v1.1", "v1.1.2"},
		{"a number with a zero in front", "v1.02", "v1.02.2"},
		{"a number that is too large for one", "v1.99999999999999999999", "v1.99999999999999999999.2"},
		{"a suffix alone", ".2", ".2.2"},
		{"a key that would grow too long", long, idem.Hashed(long) + ".2"},
		{"and after it", idem.Hashed(long) + ".2", idem.Hashed(long) + ".3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.next, pacspace.NextKey(c.key))
		})
	}
}

// However often a write is refused, its keys differ from each other and from those of all
// other usage, and can be sent.
func TestTheKeysOfUsageNeverMeet(t *testing.T) {
	t.Parallel()
	owner := map[string]string{}
	for _, customer := range []string{"acme", "acme.2", "acme:2026-02-01.2", "v1.2:x", strings.Repeat("a", 128)} {
		for _, r := range []pacspace.Reference{
			{CustomerID: customer, Day: february(1)},
			{CustomerID: customer, Day: february(2)},
			{CustomerID: customer, Day: february(1), Late: 2},
			{CustomerID: customer, Day: february(1), Late: 1, Part: 2, Again: 2},
		} {
			require.NoError(t, r.Validate())
			key := idem.Reference(r.String())
			for range 12 {
				require.True(t, idem.Valid(key), key)
				require.Empty(t, owner[key], "%s has the key of another", r)
				owner[key] = r.String()
				key = pacspace.NextKey(key)
			}
		}
	}
}

func FuzzNextKey(f *testing.F) {
	f.Add("usage:acme:2026-02-01.2")
	f.Fuzz(func(t *testing.T, key string) {
		if !idem.Valid(key) {
			t.Skip()
		}
		seen := map[string]bool{key: true}
		for range 3 {
			key = pacspace.NextKey(key)
			require.True(t, idem.Valid(key), "%q", key)
			require.False(t, seen[key], "%q comes again", key)
			seen[key] = true
		}
	})
}

func TestRefusedSaysThatAWriteWasDefinitelyNotDone(t *testing.T) {
	t.Parallel()
	emit := func(c *pacspace.Client) error {
		_, err := c.Balance.Emit(t.Context(), daily(t, "acme", february(1), "-50"), pacspace.WithMaxRetries(1))
		return err
	}
	for _, c := range []struct {
		name    string
		answers []httpmock.Responder
		call    func(*pacspace.Client) error
		refused bool
	}{
		{"the plan is used up", []httpmock.Responder{httpmock.NewStringResponder(402, `{}`)}, emit, true},
		{"the customer is written to too often", []httpmock.Responder{httpmock.NewStringResponder(429, `{"code":"CADENCE_LIMIT"}`)}, emit, true},
		{"the delta is not valid", []httpmock.Responder{httpmock.NewStringResponder(422, `{}`)}, emit, true},
		{"the key is not accepted", []httpmock.Responder{httpmock.NewStringResponder(401, `{}`)}, emit, true},
		{"the key knows another body", []httpmock.Responder{httpmock.NewStringResponder(409, `{}`)}, emit, false},
		{"it may have been done", []httpmock.Responder{httpmock.NewStringResponder(503, `{}`)}, emit, false},
		{"it may have been done before the refusal", []httpmock.Responder{httpmock.NewStringResponder(503, `{}`), httpmock.NewStringResponder(402, `{}`)}, emit, false},
		{"it is told in a success", []httpmock.Responder{httpmock.NewStringResponder(200, `{"success":false,"error":{"code":"X"}}`)}, emit, false},
		{"nothing was sent", []httpmock.Responder{httpmock.NewErrorResponder(context.Canceled)}, func(c *pacspace.Client) error {
			_, err := c.Balance.Emit(t.Context(), pacspace.DeltaParams{})
			return err
		}, false},
		{"it is a read", []httpmock.Responder{httpmock.NewStringResponder(404, `{}`)}, func(c *pacspace.Client) error {
			_, err := c.Balance.Status(t.Context(), "rec")
			return err
		}, false},
		{"it has no key", []httpmock.Responder{httpmock.NewStringResponder(409, `{}`)}, func(c *pacspace.Client) error {
			_, err := c.Customers.Create(t.Context(), pacspace.CustomerParams{DisplayName: "Acme"})
			return err
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			mock := httpmock.NewMockTransport()
			next := 0
			mock.RegisterNoResponder(func(r *http.Request) (*http.Response, error) {
				answer := c.answers[min(next, len(c.answers)-1)]
				next++
				return answer(r)
			})
			client, err := pacspace.New("pk_test_a.b", pacspace.WithHTTPClient(&http.Client{Transport: mock}))
			require.NoError(t, err)
			err = c.call(client)
			require.Error(t, err)
			require.Equal(t, c.refused, pacspace.Refused(err), "%v", err)
		})
	}
	require.False(t, pacspace.Refused(nil))
}

// A service that replays refusals under their key takes the delta under the next one.
func TestARefusedDeltaIsSentAgainUnderTheNextKey(t *testing.T) {
	t.Parallel()
	const cadence = 10 * time.Minute
	v := newVendor(t, sandbox.RefusalsReplayed(), sandbox.ReferencesRepeat(), sandbox.CadenceLimit(cadence))
	v.flush("acme", february(1), "-50")
	p := daily(t, "acme", february(2), "-60")

	_, err := v.Balance.Emit(t.Context(), p)
	require.ErrorIs(t, err, pacspace.ErrCadenceLimit)
	require.True(t, pacspace.Refused(err))

	v.clock.Advance(cadence)
	_, err = v.Balance.Emit(t.Context(), p)
	require.ErrorIs(t, err, pacspace.ErrCadenceLimit, "the refusal stands under its key")

	d, err := v.Balance.Emit(t.Context(), p, pacspace.WithIdempotencyKey(pacspace.NextKey(p.ReferenceID)))
	require.NoError(t, err)
	require.Equal(t, p.ReferenceID+".2", d.IdempotencyKey)
	require.Len(t, v.box.Recorded(sandbox.Test, "acme"), 2)
}
