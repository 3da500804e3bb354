package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"

	"github.com/pacspace/pacspace-go/metering"
)

// recordPostgres counts in one statement, which is its own transaction: it costs one round
// trip and one sync. The ids come sorted, and the sums are sorted by their key, so that
// writers side by side lock in one order; unsorted, they deadlock and are 80 times slower.
func (c *core) recordPostgres(ctx context.Context, group []*counted) error {
	query, args := c.recordStatement(group)
	return again(ctx, func() error {
		for _, g := range group {
			g.fresh, g.known = true, false
		}
		t := &txn{q: c.db, dialect: c.dialect}
		err := t.query(ctx, "count", func(rows *sql.Rows) error {
			var at int
			var seen sql.NullInt64
			if err := rows.Scan(&at, &seen); err != nil {
				return err
			}
			g := group[at-1]
			g.fresh, g.seen, g.known = false, seen.Int64, seen.Valid
			return nil
		}, query, args...)
		if totals := refusedByTotals(err); totals {
			return t.totalsError(ctx, group, err)
		}
		if err != nil {
			return err
		}
		return t.recallRaced(ctx, group)
	})
}

// refusedByTotals tells whether an event met a bucket that totals feed: the statement then
// makes its count NULL, which the table refuses, and all of it is undone.
func refusedByTotals(err error) bool {
	const notNull = "23502"
	answer, ok := errors.AsType[sqlState](err)
	return ok && answer.SQLState() == notNull
}

// totalsError names the bucket that refused the call.
func (t *txn) totalsError(ctx context.Context, group []*counted, cause error) error {
	var customers, days array
	for _, g := range group {
		customers.text(g.entry.CustomerID)
		days.plain(g.entry.Day.String())
	}
	named := cause
	err := t.query(ctx, "read meter_bucket", func(rows *sql.Rows) error {
		refused := new(metering.TotalsError)
		named = refused
		return rows.Scan(&refused.CustomerID, dayColumn{&refused.Day})
	}, `SELECT customer_id, day FROM meter_bucket WHERE totals
		AND (customer_id, day) IN (SELECT * FROM unnest(?::text[], ?::date[])) ORDER BY customer_id, day LIMIT 1`,
		customers.String(), days.String())
	return cmp.Or(err, named)
}

// recallRaced reads what the statement could not see: ids that another transaction wrote
// while it ran.
func (t *txn) recallRaced(ctx context.Context, group []*counted) error {
	byID := map[string]*counted{}
	var ids array
	for _, g := range group {
		if !g.fresh && !g.known {
			byID[string(g.id)] = g
			ids.bytes(g.id)
		}
	}
	if len(byID) == 0 {
		return nil
	}
	err := t.query(ctx, "read meter_seen", func(rows *sql.Rows) error {
		var id []byte
		var seen int64
		if err := rows.Scan(&id, &seen); err != nil {
			return err
		}
		g := byID[string(id)]
		g.seen, g.known = seen, true
		delete(byID, string(id))
		return nil
	}, "SELECT id, fingerprint FROM meter_seen WHERE id = ANY (?::bytea[])", ids.String())
	if err == nil && len(byID) > 0 {
		return t.fail("read meter_seen", errConflict) // swept in between, so it counts now
	}
	return err
}

// recordStatement takes its rows as array literals, which every driver can pass.
func (c *core) recordStatement(group []*counted) (string, []any) {
	var ids, fingerprints, customers, days, amounts, times, dues, dimensions array
	withDimensions := false
	for _, g := range group {
		e := g.entry
		ids.bytes(g.id)
		fingerprints.plain(strconv.FormatInt(int64(e.Fingerprint), 10))
		customers.text(e.CustomerID)
		days.plain(e.Day.String())
		amounts.plain(e.Amount.String())
		times.text(e.Time.UTC().Format(timeLayout))
		dues.text(e.Due.UTC().Format(timeLayout))
		dimensions.text(jsonObject(e.Dimensions))
		withDimensions = withDimensions || len(e.Dimensions) > 0
	}
	arrived := "(extract(epoch FROM now()) / 60)::integer"
	if c.clock != nil {
		arrived = strconv.FormatInt(arrival(c.raise(c.clock())), 10)
	}
	query := strings.NewReplacer(
		"@arrived", arrived,
		"@durable", durableUnless(c.unsafe),
	).Replace(recordPlain)
	args := []any{ids.String(), fingerprints.String(), customers.String(), days.String(), amounts.String(), times.String(), dues.String()}
	if withDimensions {
		query = strings.NewReplacer(
			"@arrived", arrived,
			"@durable", durableUnless(c.unsafe),
			"@values", strconv.Itoa(metering.MaxDimensionValues),
			"@names", strconv.Itoa(metering.MaxDimensionNames),
		).Replace(recordDimensions)
		args = append(args, dimensions.String())
	}
	return query, args
}

// The rows that come back are the ids that were not fresh: their place in the call and the
// fingerprint that was seen, or NULL where that was written a moment ago.
const recordPlain = `WITH input AS MATERIALIZED (
	SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::text[], $4::date[], $5::numeric[], $6::timestamptz[], $7::timestamptz[])
		WITH ORDINALITY AS u (id, fingerprint, customer_id, day, amount, at, due, place)
), setting AS MATERIALIZED (
	SELECT @durable AS changed
), fresh AS (
	INSERT INTO meter_seen (id, arrived, fingerprint)
	SELECT id, @arrived, fingerprint FROM input, setting ORDER BY place
	ON CONFLICT DO NOTHING RETURNING id
), bucket AS (
	INSERT INTO meter_bucket (customer_id, day, open, count, first_at, last_at, due)
	SELECT customer_id COLLATE "C", day, sum(amount), count(*), min(at), max(at), min(due)
	FROM input JOIN fresh USING (id) GROUP BY 1, 2 ORDER BY 1, 2
	ON CONFLICT (customer_id, day) DO UPDATE SET
		open = meter_bucket.open + excluded.open,
		count = CASE WHEN NOT meter_bucket.totals THEN meter_bucket.count + excluded.count END,
		first_at = least(meter_bucket.first_at, excluded.first_at),
		last_at = greatest(meter_bucket.last_at, excluded.last_at),
		due = coalesce(meter_bucket.due, excluded.due)
)
SELECT place, (SELECT s.fingerprint FROM meter_seen s WHERE s.id = input.id)
FROM input WHERE NOT EXISTS (SELECT FROM fresh WHERE fresh.id = input.id)`

// recordDimensions also lists the values of each dimension: of names and of values the first
// in the order of bytes. Most events bring none that is new, which costs one comparison.
const recordDimensions = `WITH input AS MATERIALIZED (
	SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::text[], $4::date[], $5::numeric[], $6::timestamptz[], $7::timestamptz[], $8::jsonb[])
		WITH ORDINALITY AS u (id, fingerprint, customer_id, day, amount, at, due, dimensions, place)
), setting AS MATERIALIZED (
	SELECT @durable AS changed
), fresh AS (
	INSERT INTO meter_seen (id, arrived, fingerprint)
	SELECT id, @arrived, fingerprint FROM input, setting ORDER BY place
	ON CONFLICT DO NOTHING RETURNING id
), listed AS (
	SELECT customer_id, day, d.key AS name,
		to_jsonb((array_agg(DISTINCT d.value COLLATE "C" ORDER BY d.value COLLATE "C"))[1:@values]) AS list
	FROM input JOIN fresh USING (id), jsonb_each_text(dimensions) d GROUP BY 1, 2, 3
), dims AS (
	SELECT customer_id, day, jsonb_object_agg(name, list) AS dimensions FROM (
		SELECT *, row_number() OVER (PARTITION BY customer_id, day ORDER BY name COLLATE "C") AS rank FROM listed
	) ranked WHERE rank <= @names GROUP BY 1, 2
), sums AS (
	SELECT customer_id, day, sum(amount) AS amount, count(*) AS count, min(at) AS first_at, max(at) AS last_at, min(due) AS due
	FROM input JOIN fresh USING (id) GROUP BY 1, 2
), bucket AS (
	INSERT INTO meter_bucket (customer_id, day, open, count, first_at, last_at, due, dimensions)
	SELECT customer_id COLLATE "C", day, amount, count, first_at, last_at, due, coalesce(dimensions, '{}')
	FROM sums LEFT JOIN dims USING (customer_id, day) ORDER BY 1, 2
	ON CONFLICT (customer_id, day) DO UPDATE SET
		open = meter_bucket.open + excluded.open,
		count = CASE WHEN NOT meter_bucket.totals THEN meter_bucket.count + excluded.count END,
		first_at = least(meter_bucket.first_at, excluded.first_at),
		last_at = greatest(meter_bucket.last_at, excluded.last_at),
		due = coalesce(meter_bucket.due, excluded.due),
		dimensions = CASE WHEN meter_bucket.dimensions @> excluded.dimensions THEN meter_bucket.dimensions ELSE (
			SELECT jsonb_object_agg(name, list) FROM (
				SELECT n.key AS name, to_jsonb((array_agg(DISTINCT v COLLATE "C" ORDER BY v COLLATE "C"))[1:@values]) AS list
				FROM (SELECT * FROM jsonb_each(meter_bucket.dimensions) UNION ALL SELECT * FROM jsonb_each(excluded.dimensions)) n,
					jsonb_array_elements_text(n.value) v
				GROUP BY 1 ORDER BY n.key COLLATE "C" LIMIT @names
			) merged
		) END
)
SELECT place, (SELECT s.fingerprint FROM meter_seen s WHERE s.id = input.id)
FROM input WHERE NOT EXISTS (SELECT FROM fresh WHERE fresh.id = input.id)`
