package pacspace_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/sandbox"
)

// record lets the service receive a day's delta at a chosen instant, be it before now.
func (v *vendor) record(at time.Time, day pacspace.Date, amount string) {
	v.t.Helper()
	now := v.clock.Now()
	v.clock.Set(at)
	p := daily(v.t, "acme", day, amount)
	_, err := v.Balance.Emit(v.t.Context(), p)
	require.NoError(v.t, err)
	v.sent = append(v.sent, p)
	v.clock.Set(now)
}

// reread is a closing as the next month's program reads it from where it was kept.
func reread(t *testing.T, c *pacspace.Closing) *pacspace.Closing {
	t.Helper()
	kept, err := json.Marshal(c)
	require.NoError(t, err)
	var again pacspace.Closing
	require.NoError(t, json.Unmarshal(kept, &again))
	return &again
}

// Whatever the service does where its documents are silent, three months and the one
// after them hold each delta once: those at a cut, those that were still queued at it, and
// those whose binary64 sum is not their sum.
func TestClosePeriodBillsEachDeltaOnceUnderEveryChoice(t *testing.T) {
	t.Parallel()
	for _, choice := range sandbox.Choices() {
		t.Run(choice.Name, func(t *testing.T) {
			t.Parallel()
			v := newVendor(t, choice.Option, sandbox.Delays(time.Hour, 2*time.Hour))
			for month := time.February; month <= time.April; month++ {
				first := pacspace.NewDate(2026, month, 1)
				last := first.Period().Last()
				v.record(first.AddDays(1).Start(), first, "-1")
				v.record(first.AddDays(5).Start(), first.AddDays(4), "-10.1")
				v.record(first.AddDays(9).Start(), first.AddDays(8), "-10.2")
				v.record(last.End().Add(23*time.Hour+30*time.Minute), last, "-100")
			}
			billed := map[string]int{}
			var sum pacspace.Decimal
			var previous *pacspace.Closing
			for _, period := range []pacspace.Period{"2026-02", "2026-03", "2026-04", "2026-05"} {
				v.clock.Set(period.RecordingWindow().End)
				v.clock.Step(25 * time.Minute)
				closing, err := v.closeSlowly(pacspace.ClosePeriodParams{
					CustomerID: "acme", Period: period, Previous: previous, First: previous == nil,
				})
				v.clock.Step(0)
				require.NoError(t, err)
				for _, l := range closing.Lines {
					billed[l.Delta.ReferenceID]++
				}
				sum = sum.Add(closing.Balance)
				var file bytes.Buffer
				if len(closing.Lines) > 0 {
					require.NoError(t, closing.WriteEvidence(&file))
				}
				previous = reread(t, closing)
			}
			require.Len(t, billed, 12)
			for reference, n := range billed {
				require.Equal(t, 1, n, reference)
			}
			require.Equal(t, "-363.9", sum.String())
		})
	}
}

// hooked is a client of the vendor's service that calls back around each checkpoint.
func (v *vendor) hooked(before, after func()) *pacspace.Client {
	v.t.Helper()
	send := http.DefaultTransport.(*http.Transport).Clone()
	v.t.Cleanup(send.CloseIdleConnections)
	hook := roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.Method != http.MethodPost {
			return send.RoundTrip(r)
		}
		before()
		defer after()
		return send.RoundTrip(r)
	})
	client, err := pacspace.New(v.box.Key, pacspace.WithBaseURL(v.box.URL), pacspace.WithClock(v.clock.Now),
		pacspace.WithHTTPClient(&http.Client{Transport: hook}))
	require.NoError(v.t, err)
	return client
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A delta of the window may be verified at any moment while the window is closed. It is on
// this invoice, under its root, or on the next one; never on none or on two.
func TestClosePeriodWhileDeltasAreVerified(t *testing.T) {
	t.Parallel()
	cut := pacspace.Period("2026-02").RecordingWindow().End
	for _, c := range []struct {
		name          string
		before, after bool // of the first checkpoint
		stale         bool // the window had a checkpoint already
		february      string
		march         string
		moved         time.Duration
	}{
		{"before the checkpoint is made", true, false, false, "-60", "0", 0},
		{"after it is made", false, true, false, "-50", "-7", 0},
		{"before and after: no listing is the record's, so the cut moves", true, true, false, "-67", "0", time.Second},
		{"after an earlier attempt had made it", false, false, true, "-58", "0", time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			v := newVendor(t)
			v.record(february(2).Start(), february(1), "-50")
			v.clock.Set(cut.Add(time.Minute))
			straggle := func(happens *bool, day pacspace.Date, amount string) func() {
				return func() {
					if *happens {
						*happens = false
						v.record(day.End(), day, amount)
					}
				}
			}
			if c.stale {
				_, err := v.Balance.Checkpoint(t.Context(), pacspace.CheckpointParams{CustomerID: "acme", Scope: pacspace.RecordingWindow("2026-02")})
				require.NoError(t, err)
				v.record(february(6).Start(), february(5), "-8")
			}
			v.clock.Step(time.Second)
			client := v.hooked(straggle(&c.before, february(10), "-10"), straggle(&c.after, february(20), "-7"))
			p := closeFebruary()
			p.Submissions = v.submitted()
			closing, err := client.Balance.ClosePeriod(t.Context(), p, pacspace.WithPollInterval(time.Millisecond))
			v.clock.Step(0)
			require.NoError(t, err)
			require.Equal(t, c.february, closing.Balance.String())
			require.Equal(t, cut.Add(c.moved), closing.Window.End)
			require.Equal(t, c.moved > 0, len(closing.Notes) > 0)
			require.Equal(t, "verified", string(v.check(closing).Verdict))

			v.clock.Set(time.Date(2026, time.April, 3, 0, 0, 0, 0, time.UTC))
			march, err := v.close(pacspace.ClosePeriodParams{CustomerID: "acme", Period: "2026-03", Previous: reread(t, closing)})
			require.NoError(t, err)
			require.True(t, march.Window.Follows(closing.Window))
			require.Equal(t, c.march, march.Balance.String())
		})
	}
}

// Each try finds the window changed and makes another checkpoint, until it rests; the next
// call passes by the checkpoints of the one that was given up.
func TestClosePeriodPassesByTheCheckpointsOfEarlierCalls(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	v.record(february(2).Start(), february(1), "-50")
	v.clock.Set(time.Date(2026, time.March, 3, 0, 0, 0, 0, time.UTC))
	v.clock.Step(time.Second)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	day := february(2)
	straggle := func() {
		v.record(day.End(), day, "-1")
		if day = day.AddDays(1); day == february(26) {
			cancel()
		}
	}
	client := v.hooked(straggle, straggle)
	_, err := client.Balance.ClosePeriod(ctx, closeFebruary(), pacspace.WithPollInterval(time.Millisecond))
	require.ErrorIs(t, err, context.Canceled)

	v.clock.Step(0)
	closing, err := v.close(closeFebruary())
	require.NoError(t, err)
	require.Equal(t, "-74", closing.Balance.String())
	require.Equal(t, "the cut was moved by 12s to 2026-03-02T00:00:12Z, because deltas were verified while the period was closed", closing.Notes[0])
}

// A record that counts otherwise than derive does not come right by more checkpoints.
func TestClosePeriodMakesNoCheckpointsInVain(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	v.record(february(2).Start(), february(1), "-50")
	v.record(february(3).Start(), february(2), "-50")
	v.clock.Set(time.Date(2026, time.March, 3, 0, 0, 0, 0, time.UTC))
	v.box.Inject(sandbox.Fault{
		Path: "/api/v1/verify/{proofRoot}", Times: -1, Status: 200,
		Body: []byte(`{"verified":true,"summary":{"recordCount":1}}`),
	})
	_, err := v.close(closeFebruary())
	require.ErrorIs(t, err, pacspace.ErrRecordDisagrees)
	require.ErrorContains(t, err, "the record holds 1 deltas, derive lists 2")
	made := 0
	for _, err := range v.Balance.Checkpoints(t.Context(), pacspace.CheckpointsParams{CustomerID: "acme"}) {
		require.NoError(t, err)
		made++
	}
	require.Equal(t, 2, made)
}

// A service that counts the end of a span in lists a delta at a cut on both sides of it.
// Here it was not verified yet when the first side was closed.
func TestClosePeriodBillsADeltaAtACutOnceWhereItIsCarried(t *testing.T) {
	t.Parallel()
	v := newVendor(t, sandbox.InclusiveEnd())
	cut := pacspace.Period("2026-02").RecordingWindow().End
	v.record(february(2).Start(), february(1), "-50")
	v.clock.Set(cut.Add(time.Hour))
	feb, err := v.close(closeFebruary())
	require.NoError(t, err)
	v.record(cut, pacspace.NewDate(2026, time.March, 1), "-8")
	v.record(cut.Add(24*time.Hour), pacspace.NewDate(2026, time.March, 2), "-3")
	v.clock.Set(time.Date(2026, time.April, 3, 0, 0, 0, 0, time.UTC))
	march, err := v.close(pacspace.ClosePeriodParams{CustomerID: "acme", Period: "2026-03", Previous: reread(t, feb)})
	require.NoError(t, err)
	require.Equal(t, "-11", march.Balance.String())
	require.Len(t, march.Lines, 2)
	require.Equal(t, "-3", march.NetChange.String())
}

// What was billed and is not listed any more was not what it seemed.
func TestClosePeriodRefusesWhereABilledDeltaIsGone(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	v.record(february(2).Start(), february(1), "-50")
	v.clock.Set(time.Date(2026, time.April, 3, 0, 0, 0, 0, time.UTC))
	feb, err := v.close(closeFebruary())
	require.NoError(t, err)
	feb.Windows[0].Records = append(feb.Windows[0].Records, "rec_gone")
	_, err = v.close(pacspace.ClosePeriodParams{CustomerID: "acme", Period: "2026-03", Previous: feb})
	require.ErrorIs(t, err, pacspace.ErrRecordDisagrees)
	require.ErrorContains(t, err, `"rec_gone"`)
}

// A window in which nothing was recorded can still have carried lines: an invoice without
// a root.
func TestClosePeriodBillsCarriedDeltasWithoutAnyOfItsOwn(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	v.clock.Set(time.Date(2026, time.March, 3, 0, 0, 0, 0, time.UTC))
	feb, err := v.close(closeFebruary())
	require.NoError(t, err)
	v.record(february(6).Start(), february(5), "-8")
	v.clock.Set(time.Date(2026, time.April, 3, 0, 0, 0, 0, time.UTC))
	march, err := v.close(pacspace.ClosePeriodParams{CustomerID: "acme", Period: "2026-03", Previous: reread(t, feb)})
	require.NoError(t, err)
	require.Equal(t, "-8", march.Balance.String())
	require.Len(t, march.Lines, 1)
	require.Empty(t, march.ProofRoot)
	var file bytes.Buffer
	require.NoError(t, march.WriteEvidence(&file))
}

func TestClosePeriodSaysWhatAPersonShouldKnow(t *testing.T) {
	t.Parallel()
	t.Run("what was recorded before the first window", func(t *testing.T) {
		t.Parallel()
		v := newVendor(t)
		v.record(february(1).Start().Add(time.Hour), february(1), "-50")
		v.clock.Set(time.Date(2026, time.March, 3, 0, 0, 0, 0, time.UTC))
		closing, err := v.close(closeFebruary())
		require.NoError(t, err)
		require.True(t, closing.Balance.IsZero())
		require.Contains(t, closing.Notes[0], "1 deltas, -50 in all, were recorded in [2026-01-02")
	})
	t.Run("a reference that was recorded twice", func(t *testing.T) {
		t.Parallel()
		v := newVendor(t, sandbox.ReferencesRepeat(), sandbox.KeysExpireAfter(0))
		v.record(february(2).Start(), february(1), "-50")
		v.record(february(3).Start(), february(1), "-50")
		v.clock.Set(time.Date(2026, time.March, 3, 0, 0, 0, 0, time.UTC))
		closing, err := v.close(closeFebruary())
		require.NoError(t, err)
		require.Equal(t, "-100", closing.Balance.String())
		require.Contains(t, closing.Notes[0], "usage:acme:2026-02-01: recorded more than once")
	})
	t.Run("a day that was recorded again although it had not failed", func(t *testing.T) {
		t.Parallel()
		v := newVendor(t)
		v.record(february(2).Start(), february(1), "-50")
		p := daily(t, "acme", february(1), "-50")
		p.ReferenceID += ":again-1"
		v.clock.Set(february(3).Start())
		_, err := v.Balance.Emit(t.Context(), p)
		require.NoError(t, err)
		v.clock.Set(time.Date(2026, time.March, 3, 0, 0, 0, 0, time.UTC))
		closing, err := v.close(closeFebruary())
		require.NoError(t, err)
		require.Contains(t, closing.Notes[0], "usage:acme:2026-02-01: recorded more than once")
	})
	t.Run("a window that the service no longer keeps", func(t *testing.T) {
		t.Parallel()
		v := newVendor(t, sandbox.Limits(12, 366, 45))
		v.record(february(2).Start(), february(1), "-50")
		v.clock.Set(time.Date(2026, time.March, 3, 0, 0, 0, 0, time.UTC))
		feb, err := v.close(closeFebruary())
		require.NoError(t, err)
		v.clock.Set(time.Date(2026, time.April, 3, 0, 0, 0, 0, time.UTC))
		v.box.Inject(sandbox.Fault{Path: "/api/v1/balance/derive/{customerId}", Status: 400})
		march, err := v.close(pacspace.ClosePeriodParams{CustomerID: "acme", Period: "2026-03", Previous: feb})
		require.NoError(t, err)
		require.Contains(t, march.Notes[0], "does not keep its deltas that long")
		require.Len(t, march.Windows, 1)
	})
}

// A customer whom the service does not know yet used nothing.
func TestClosePeriodOfACustomerWhoIsNotKnown(t *testing.T) {
	t.Parallel()
	v := newVendor(t, sandbox.UnknownCustomerRefused())
	v.clock.Set(time.Date(2026, time.March, 3, 0, 0, 0, 0, time.UTC))
	closing, err := v.close(closeFebruary())
	require.NoError(t, err)
	require.True(t, closing.Balance.IsZero())

	t.Run("but another 404 is an error", func(t *testing.T) {
		v.box.Inject(sandbox.Fault{Path: "/api/v1/balance/derive/{customerId}", Status: 404, Times: -1})
		_, err := v.close(closeFebruary())
		require.ErrorIs(t, err, pacspace.ErrNotFound)
	})
}
