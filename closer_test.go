package pacspace

import (
	"net/http"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"
)

// Which of two listings a record covers, and when another checkpoint may help.
func TestCovered(t *testing.T) {
	t.Parallel()
	// A listing of n deltas of -1 each.
	of := func(n int) *listing {
		sum := NewDecimal(int64(-n))
		return &listing{deltas: make([]Delta, n), computed: sum, sum: sum, abs: sum.Neg()}
	}
	for _, c := range []struct {
		name          string
		made          Checkpoint
		record        *Verification
		before, after int
		want          int
		stale         bool
		says          string
	}{
		{"the record counts what is listed", Checkpoint{}, &Verification{RecordCount: new(int64(2)), NetChange: new(NewDecimal(-2))}, 2, 2, 2, false, ""},
		{"one was verified before the checkpoint", Checkpoint{}, &Verification{RecordCount: new(int64(3))}, 2, 3, 3, false, ""},
		{"one was verified after it", Checkpoint{}, &Verification{RecordCount: new(int64(2))}, 2, 3, 2, false, ""},
		{"only the checkpoint counts", Checkpoint{DeltaCount: new(int64(2))}, &Verification{}, 2, 3, 2, false, ""},
		{"nobody counts, and the list is at rest", Checkpoint{}, &Verification{}, 2, 2, 2, false, ""},
		{"nobody counts, and the list moved", Checkpoint{}, &Verification{}, 2, 3, 0, true, "does not say which"},
		{"only a net change is told, of an earlier list", Checkpoint{}, &Verification{NetChange: new(NewDecimal(-1))}, 2, 2, 0, true, "net change is -1"},
		{"an earlier list", Checkpoint{}, &Verification{RecordCount: new(int64(1))}, 2, 2, 0, true, "holds 1 deltas, derive lists 2"},
		{"more than is listed", Checkpoint{}, &Verification{RecordCount: new(int64(9))}, 2, 2, 0, false, "holds 9 deltas"},
		{"the same count with another net change", Checkpoint{}, &Verification{RecordCount: new(int64(2)), NetChange: new(NewDecimal(-5))}, 2, 2, 0, false, "net change is -5"},
		{"a checkpoint that failed", Checkpoint{}, nil, 2, 2, 0, true, "could not record"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l, stale, err := covered(&c.made, c.record, of(c.before), of(c.after))
			require.Equal(t, c.stale, stale)
			if c.says != "" {
				require.ErrorIs(t, err, ErrRecordDisagrees)
				require.ErrorContains(t, err, c.says)
				return
			}
			require.NoError(t, err)
			require.Len(t, l.deltas, c.want)
		})
	}
	t.Run("a balance that the listed deltas do not add up to", func(t *testing.T) {
		t.Parallel()
		l := of(2)
		l.computed = NewDecimal(-3)
		_, stale, err := covered(&Checkpoint{}, &Verification{}, l, l)
		require.False(t, stale)
		require.ErrorContains(t, err, "derive computes -3, the listed deltas add up to -2")
	})
}

func TestListTellsDeltasApart(t *testing.T) {
	t.Parallel()
	const two = `{"success":true,"data":{"computedBalance":-2,"deltaCount":2,"deltas":[`
	for _, c := range []struct {
		name  string
		pages []string
		ids   []string
		says  string
	}{
		{"by their record ids", []string{two + `{"recordId":"a","delta":-1},{"recordId":"b","delta":-1}]}}`}, []string{"a", "b"}, ""},
		{"by their references, where rows have no record ids", []string{two + `{"referenceId":"x","delta":-1},{"referenceId":"y","delta":-1}]}}`}, []string{"reference x", "reference y"}, ""},
		{"and refuses rows that have neither", []string{two + `{"delta":-1},{"delta":-1}]}}`}, nil, "neither a recordId nor a referenceId"},
		{"and refuses one that is listed twice", []string{two + `{"recordId":"a","delta":-1},{"recordId":"a","delta":-1}]}}`}, nil, `"a" is listed twice`},
		{"and reads a list that moved again", []string{
			two + `{"recordId":"a","delta":-1}]}}`,
			`{"success":true,"data":{"computedBalance":-3,"deltaCount":3,"deltas":[{"recordId":"c","delta":-1}]}}`,
			two + `{"recordId":"a","delta":-1},{"recordId":"b","delta":-1}]}}`,
		}, []string{"a", "b"}, ""},
		{"to the last page, where no count is told", []string{
			`{"success":true,"data":{"computedBalance":-2,"deltas":[{"recordId":"a","delta":-1}]}}`,
			`{"success":true,"data":{"computedBalance":-2,"deltas":[{"recordId":"b","delta":-1}]}}`,
			`{"success":true,"data":{"computedBalance":-2,"deltas":[]}}`,
		}, []string{"a", "b"}, ""},
		{"and refuses more rows than are counted", []string{
			`{"success":true,"data":{"computedBalance":-2,"deltaCount":1,"deltas":[{"recordId":"a","delta":-1},{"recordId":"b","delta":-1}]}}`,
		}, nil, "the list changed"},
		{"and refuses pages that do not move on", []string{
			`{"success":true,"data":{"computedBalance":-2,"deltaCount":2,"deltas":[{"recordId":"a","delta":-1}]}}`,
		}, nil, "the list changed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			mock := httpmock.NewMockTransport()
			next := 0
			mock.RegisterNoResponder(func(*http.Request) (*http.Response, error) {
				page := c.pages[min(next, len(c.pages)-1)]
				next++
				return httpmock.NewStringResponse(200, page), nil
			})
			client, err := New("pk_test_a.b", WithHTTPClient(&http.Client{Transport: mock}))
			require.NoError(t, err)
			start := time.Date(2026, time.February, 2, 0, 0, 0, 0, time.UTC)
			l, err := client.Balance.list(t.Context(), "acme", Window{Start: start, End: start.AddDate(0, 1, 0)}, nil)
			if c.says != "" {
				require.ErrorContains(t, err, c.says)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.ids, l.ids)
			require.True(t, l.computed.Equal(NewDecimal(-2)))
		})
	}
}
