package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/usage"
)

var bucketTests = []test{
	{"a bucket comes back as it was put, and one that is not there is not found", func(t *testing.T, s metering.Store) {
		for _, b := range []metering.Bucket{
			{CustomerID: "acme", Day: Day, Open: Dec("-0.25"), Count: 3, Dimensions: map[string][]string{"plan": {"a", "b"}}, First: Noon, Last: Noon.Add(time.Microsecond), Due: Noon, Frozen: Dec("1e27"), Base: "r", Generation: 4},
			{CustomerID: "acme:gpu Ä", Day: Day, Totals: true, Metadata: []byte(`{"plan":"x"}`)},
			{CustomerID: "globex", Day: usage.NewDate(1, time.January, 1), Metadata: []byte(`{}`)},
		} {
			update(t, s, func(ctx context.Context, tx metering.Tx) {
				_, err := tx.Bucket(ctx, b.CustomerID, b.Day)
				require.ErrorIs(t, err, metering.ErrNotFound)
				require.NoError(t, tx.PutBucket(ctx, &b))
				got, err := tx.Bucket(ctx, b.CustomerID, b.Day)
				require.NoError(t, err)
				sameBucket(t, &b, got)
			})
			sameBucket(t, &b, bucketOf(t, s, b.CustomerID, b.Day))
			b.Open, b.Due = Dec("8"), Noon.Add(time.Hour)
			update(t, s, func(ctx context.Context, tx metering.Tx) { require.NoError(t, tx.PutBucket(ctx, &b)) })
			sameBucket(t, &b, bucketOf(t, s, b.CustomerID, b.Day))
		}
	}},
	{"due buckets are those whose time has come, earliest first", func(t *testing.T, s metering.Store) {
		put(t, s,
			metering.Bucket{CustomerID: "c", Day: Day, Due: Noon},
			metering.Bucket{CustomerID: "b", Day: Day, Due: Noon.Add(-time.Second)},
			metering.Bucket{CustomerID: "a", Day: Day, Due: Noon.Add(time.Microsecond)},
			metering.Bucket{CustomerID: "d", Day: Day},
			metering.Bucket{CustomerID: "a", Day: Day.AddDays(1), Due: Noon},
		)
		view(t, s, func(ctx context.Context, tx metering.Tx) {
			due, err := tx.DueBuckets(ctx, Noon, 10)
			require.NoError(t, err)
			require.Equal(t, []string{"b 2026-02-03", "a 2026-02-04", "c 2026-02-03"}, names(due))
			due, err = tx.DueBuckets(ctx, Noon, 2)
			require.NoError(t, err)
			require.Len(t, due, 2)
			open, err := tx.CountOpen(ctx, Noon)
			require.NoError(t, err)
			require.Equal(t, metering.OpenCount{Open: 4, Due: 3, Oldest: Noon.Add(-time.Second)}, open)
		})
	}},
	{"nothing open is counted as nothing", func(t *testing.T, s metering.Store) {
		view(t, s, func(ctx context.Context, tx metering.Tx) {
			open, err := tx.CountOpen(ctx, Noon)
			require.NoError(t, err)
			require.Equal(t, metering.OpenCount{}, open)
		})
	}},
	{"buckets are selected and paged by day and customer", func(t *testing.T, s metering.Store) {
		next := Day.AddDays(1)
		put(t, s,
			metering.Bucket{CustomerID: "b", Day: next, Totals: true},
			metering.Bucket{CustomerID: "a", Day: next, Due: Noon},
			metering.Bucket{CustomerID: "b", Day: Day, Due: Noon},
			metering.Bucket{CustomerID: "B", Day: Day},
			metering.Bucket{CustomerID: "ä", Day: Day},
			metering.Bucket{CustomerID: "a", Day: Day.AddDays(40)},
		)
		for _, c := range []struct {
			q    metering.BucketQuery
			want []string
		}{
			{metering.BucketQuery{}, []string{"B 2026-02-03", "b 2026-02-03", "ä 2026-02-03", "a 2026-02-04", "b 2026-02-04", "a 2026-03-15"}},
			{metering.BucketQuery{CustomerID: "b"}, []string{"b 2026-02-03", "b 2026-02-04"}},
			{metering.BucketQuery{From: next, To: next}, []string{"a 2026-02-04", "b 2026-02-04"}},
			{metering.BucketQuery{OpenOnly: true}, []string{"b 2026-02-03", "a 2026-02-04"}},
			{metering.BucketQuery{TotalsOnly: true}, []string{"b 2026-02-04"}},
			{metering.BucketQuery{AfterDay: Day, AfterCustomerID: "b", To: next}, []string{"ä 2026-02-03", "a 2026-02-04", "b 2026-02-04"}},
			{metering.BucketQuery{CustomerID: "nobody"}, []string{}},
		} {
			view(t, s, func(ctx context.Context, tx metering.Tx) {
				got, err := tx.Buckets(ctx, c.q, 10)
				require.NoError(t, err)
				require.Equal(t, c.want, names(got), "%+v", c.q)
				got, err = tx.Buckets(ctx, c.q, 1)
				require.NoError(t, err)
				require.Equal(t, c.want[:min(1, len(c.want))], names(got))
			})
		}
	}},
}

func put(t *testing.T, s metering.Store, buckets ...metering.Bucket) {
	t.Helper()
	update(t, s, func(ctx context.Context, tx metering.Tx) {
		for i := range buckets {
			require.NoError(t, tx.PutBucket(ctx, &buckets[i]))
		}
	})
}

// delta is one with every field set.
func delta(reference string) metering.OutboxDelta {
	return metering.OutboxDelta{
		ReferenceID: reference, CustomerID: "acme", Day: Day, Generation: 2, Adjusts: "usage:acme:2026-02-03", Amount: Dec("-12.50"),
		Body: []byte(`{"delta":-12.5}`), Key: reference, BatchID: "batch", State: metering.StateFrozen, Attempts: 3,
		FirstSent: Noon, NotBefore: Noon.Add(time.Second), ErrorCode: "CADENCE_LIMIT", Note: "wörds; with 'quotes'",
		RecordID: "rec", ReceiptID: "0xabc", ContentHash: "0xdef", CreatedAt: Noon.Add(-time.Hour), UpdatedAt: Noon.Add(time.Hour),
	}
}

func putDeltas(t *testing.T, s metering.Store, deltas ...metering.OutboxDelta) {
	t.Helper()
	update(t, s, func(ctx context.Context, tx metering.Tx) {
		for i := range deltas {
			require.NoError(t, tx.PutDelta(ctx, &deltas[i]))
		}
	})
}

var deltaTests = []test{
	{"a delta comes back as it was put, and is replaced whole", func(t *testing.T, s metering.Store) {
		want := delta("usage:acme:2026-02-03:late-1")
		putDeltas(t, s, want)
		check := func() {
			view(t, s, func(ctx context.Context, tx metering.Tx) {
				got, err := tx.Delta(ctx, want.ReferenceID)
				require.NoError(t, err)
				sameDelta(t, &want, got)
				_, err = tx.Delta(ctx, "usage:acme:2026-02-03")
				require.ErrorIs(t, err, metering.ErrNotFound)
			})
		}
		check()
		want.Adjusts, want.BatchID, want.State, want.FirstSent, want.ErrorCode, want.Note, want.Attempts = "", "", metering.StateVerified, time.Time{}, "", "", 0
		want.RecordID, want.ReceiptID, want.ContentHash = "", "", ""
		putDeltas(t, s, want)
		check()
	}},
	{"ready deltas are those whose time has come, and of frozen ones those in no batch", func(t *testing.T, s metering.Store) {
		rows := []metering.OutboxDelta{delta("e"), delta("d"), delta("c"), delta("b"), delta("a")}
		for i := range rows {
			rows[i].BatchID, rows[i].NotBefore = "", Noon
		}
		rows[1].NotBefore = Noon.Add(-time.Second)
		rows[2].NotBefore = Noon.Add(time.Microsecond)
		rows[3].BatchID = "batch"
		confirmed := delta("f")
		confirmed.State, confirmed.NotBefore = metering.StateConfirmed, Noon
		putDeltas(t, s, append(rows, confirmed)...)
		view(t, s, func(ctx context.Context, tx metering.Tx) {
			for _, c := range []struct {
				state metering.State
				limit int
				want  []string
			}{
				{metering.StateFrozen, 10, []string{"d", "a", "e"}},
				{metering.StateFrozen, 2, []string{"d", "a"}},
				{metering.StateConfirmed, 10, []string{"f"}},
				{metering.StateParked, 10, []string{}},
			} {
				got, err := tx.ReadyDeltas(ctx, c.state, Noon, c.limit)
				require.NoError(t, err)
				require.Equal(t, c.want, references(got))
			}
		})
	}},
	{"deltas are selected and paged by reference, byte by byte", func(t *testing.T, s metering.Store) {
		a, b, c, d := delta("a"), delta("B"), delta("c"), delta("ä")
		b.CustomerID, b.State, b.BatchID = "globex", metering.StateParked, "other"
		c.Day, c.RecordID = Day.AddDays(3), "rec-c"
		d.State = metering.StateVerified
		putDeltas(t, s, a, b, c, d)
		for _, x := range []struct {
			q    metering.DeltaQuery
			want []string
		}{
			{metering.DeltaQuery{}, []string{"B", "a", "c", "ä"}},
			{metering.DeltaQuery{AfterReferenceID: "a"}, []string{"c", "ä"}},
			{metering.DeltaQuery{CustomerID: "globex"}, []string{"B"}},
			{metering.DeltaQuery{From: Day.AddDays(1)}, []string{"c"}},
			{metering.DeltaQuery{To: Day, CustomerID: "acme"}, []string{"a", "ä"}},
			{metering.DeltaQuery{States: []metering.State{metering.StateParked, metering.StateVerified}}, []string{"B", "ä"}},
			{metering.DeltaQuery{BatchID: "other"}, []string{"B"}},
			{metering.DeltaQuery{RecordID: "rec-c"}, []string{"c"}},
			{metering.DeltaQuery{CustomerID: "nobody"}, []string{}},
		} {
			view(t, s, func(ctx context.Context, tx metering.Tx) {
				got, err := tx.Deltas(ctx, x.q, 10)
				require.NoError(t, err)
				require.Equal(t, x.want, references(got), "%+v", x.q)
				got, err = tx.Deltas(ctx, x.q, 1)
				require.NoError(t, err)
				require.Equal(t, x.want[:min(1, len(x.want))], references(got))
			})
		}
	}},
	{"deltas are counted by state, with the oldest of each", func(t *testing.T, s metering.Store) {
		a, b, c := delta("a"), delta("b"), delta("c")
		b.CreatedAt = Noon.Add(-48 * time.Hour)
		c.State = metering.StateParked
		putDeltas(t, s, a, b, c)
		view(t, s, func(ctx context.Context, tx metering.Tx) {
			got, err := tx.CountDeltas(ctx)
			require.NoError(t, err)
			require.Equal(t, []metering.StateCount{
				{State: metering.StateFrozen, Count: 2, Oldest: Noon.Add(-48 * time.Hour)},
				{State: metering.StateParked, Count: 1, Oldest: Noon.Add(-time.Hour)},
			}, got)
		})
	}},
}

var batchTests = []test{
	{"a batch comes back as it was put, and is replaced whole", func(t *testing.T, s metering.Store) {
		want := &metering.OutboxBatch{
			ID: "id", Key: "key.2", Body: []byte(`{"deltas":[]}`), Single: true, Count: 7, Attempts: 2, FirstSent: Noon, Unknown: true,
			NotBefore: Noon, Owner: "me", Epoch: 1 << 40, LeaseEnd: Noon.Add(time.Minute), CreatedAt: Noon.Add(-time.Minute),
		}
		for range 2 {
			update(t, s, func(ctx context.Context, tx metering.Tx) { require.NoError(t, tx.PutBatch(ctx, want)) })
			view(t, s, func(ctx context.Context, tx metering.Tx) {
				got, err := tx.Batch(ctx, "id")
				require.NoError(t, err)
				require.Equal(t, want, got)
				_, err = tx.Batch(ctx, "other")
				require.ErrorIs(t, err, metering.ErrNotFound)
			})
			want = &metering.OutboxBatch{ID: "id", Key: "key.3", Body: []byte(`{}`), Done: true, CreatedAt: Noon, NotBefore: Noon}
		}
	}},
	{"free batches are those not done, not held and whose time has come, unknown ones first and then the oldest", func(t *testing.T, s metering.Store) {
		update(t, s, func(ctx context.Context, tx metering.Tx) {
			for _, b := range []metering.OutboxBatch{
				{ID: "free", CreatedAt: Noon, NotBefore: Noon, LeaseEnd: Noon},
				{ID: "older", CreatedAt: Noon.Add(-time.Second), NotBefore: Noon, LeaseEnd: Noon.Add(-time.Hour)},
				{ID: "never leased", CreatedAt: Noon.Add(-time.Minute), NotBefore: Noon},
				{ID: "unknown", CreatedAt: Noon, NotBefore: Noon, Unknown: true},
				{ID: "held", CreatedAt: Noon, NotBefore: Noon, LeaseEnd: Noon.Add(time.Microsecond)},
				{ID: "later", CreatedAt: Noon, NotBefore: Noon.Add(time.Microsecond)},
				{ID: "done", CreatedAt: Noon, NotBefore: Noon, Done: true},
			} {
				require.NoError(t, tx.PutBatch(ctx, &b))
			}
		})
		view(t, s, func(ctx context.Context, tx metering.Tx) {
			for _, limit := range []int{1, 10} {
				free, err := tx.FreeBatches(ctx, Noon, limit)
				require.NoError(t, err)
				ids := []string{}
				for _, b := range free {
					ids = append(ids, b.ID)
				}
				require.Equal(t, []string{"unknown", "never leased", "older", "free"}[:min(limit, 4)], ids)
			}
		})
	}},
}
