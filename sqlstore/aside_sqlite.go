package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/metering"
)

// What a call of Record adds to buckets is set aside as one row, and every so many of them
// are added to the buckets together: a commit that wrote each bucket would write a page for
// nearly each event, and most of the time of a commit goes into its pages. Nobody sees the
// difference: whatever reads or writes buckets has what was set aside added first.
const (
	asideRows  = 128
	asideBytes = 4 << 20
)

// asideTable has one row for each transaction that added events. Rows are deleted all at
// once, so the greatest n is their count. size is the bytes of all rows up to this one.
const asideTable = `CREATE TABLE meter_aside (
	n         integer NOT NULL PRIMARY KEY,
	size      integer NOT NULL,
	additions text NOT NULL
)`

// setAside stores additions to be added to their buckets later.
func (t *txn) setAside(ctx context.Context, adds []*addition) error {
	var text []byte
	for _, a := range adds {
		var err error
		if text, err = a.appendAside(text); err != nil {
			return t.fail("write meter_aside", err)
		}
	}
	n, size := 0, 0
	err := t.query(ctx, "write meter_aside", func(rows *sql.Rows) error { return rows.Scan(&n, &size) },
		"INSERT INTO meter_aside (size, additions) VALUES (? + coalesce((SELECT size FROM meter_aside ORDER BY n DESC LIMIT 1), 0), ?) RETURNING n, size", len(text), string(text))
	if err != nil || n < asideRows && size < asideBytes {
		return err
	}
	return t.fold(ctx)
}

// appendAside writes an addition as a line of fields with tabs between them. JSON took a
// quarter of the time of a commit to read.
func (a *addition) appendAside(b []byte) ([]byte, error) {
	b = append(b, a.key.day.String()...)
	b = append(append(b, '\t'), a.sum.String()...)
	for _, n := range [...]int64{a.count, a.first.UnixMicro(), a.last.UnixMicro(), a.due.UnixMicro()} {
		b = strconv.AppendInt(append(b, '\t'), n, 10)
	}
	dimensions, err := marshalDimensions(a.dimensions)
	if err != nil {
		return nil, err
	}
	b = append(append(b, '\t'), dimensions...) // JSON, which holds neither tab nor line break
	b = strconv.AppendQuote(append(b, '\t'), a.key.customerID)
	return append(b, '\n'), nil
}

var errAside = errors.New("meter_aside is not what was written")

// parseAside reads a line of appendAside.
func parseAside(line string) (*addition, error) {
	var fields [8]string
	for i := range fields {
		field, rest, more := strings.Cut(line, "\t")
		if more == (i == len(fields)-1) {
			return nil, errAside
		}
		fields[i], line = field, rest
	}
	a := &addition{}
	if a.key.day.UnmarshalText([]byte(fields[0])) != nil {
		return nil, errAside
	}
	var err error
	if a.sum, err = decimal.Parse(fields[1]); err != nil {
		return nil, errAside
	}
	var first, last, due int64
	for i, to := range [...]*int64{&a.count, &first, &last, &due} {
		if *to, err = strconv.ParseInt(fields[2+i], 10, 64); err != nil {
			return nil, errAside
		}
	}
	a.first, a.last, a.due = time.UnixMicro(first).UTC(), time.UnixMicro(last).UTC(), time.UnixMicro(due).UTC()
	if a.dimensions, err = unmarshalDimensions(fields[6]); err != nil {
		return nil, err
	}
	if a.key.customerID, err = strconv.Unquote(fields[7]); err != nil {
		return nil, errAside
	}
	return a, nil
}

// fold adds what was set aside to the buckets.
func (t *txn) fold(ctx context.Context) error {
	byKey := map[dayKey]*addition{}
	err := t.query(ctx, "read meter_aside", func(rows *sql.Rows) error {
		var text string
		if err := rows.Scan(&text); err != nil {
			return err
		}
		for line := range strings.Lines(text) {
			later, err := parseAside(strings.TrimSuffix(line, "\n"))
			if err != nil {
				return err
			}
			if first := byKey[later.key]; first != nil {
				first.follow(later)
			} else {
				byKey[later.key] = later
			}
		}
		return nil
	}, "SELECT additions FROM meter_aside ORDER BY n")
	if err != nil || len(byKey) == 0 {
		return err
	}
	for adds := range slices.Chunk(inOrder(byKey), chunk) {
		if err := t.addToBuckets(ctx, adds); err != nil {
			return err
		}
	}
	t.wrote = true
	_, err = t.exec(ctx, "clear meter_aside", "DELETE FROM meter_aside")
	return err
}

// folded has what was set aside added to the buckets before they are looked at.
func (c *core) folded(ctx context.Context) error {
	if c.dialect != sqliteDialect {
		return nil
	}
	any := false
	err := c.view(ctx, c, func(t *txn) error {
		return t.query(ctx, "look for meter_aside", func(rows *sql.Rows) error { return rows.Scan(&any) },
			"SELECT EXISTS (SELECT 1 FROM meter_aside)")
	})
	if err != nil || !any {
		return err
	}
	return c.update(ctx, c, func(t *txn) error { return t.fold(ctx) })
}

// refuseTotals looks for a bucket that totals feed.
func (t *txn) refuseTotals(ctx context.Context, adds []*addition) error {
	some := false
	err := t.query(ctx, "look for totals", func(rows *sql.Rows) error { return rows.Scan(&some) },
		"SELECT EXISTS (SELECT 1 FROM meter_bucket WHERE totals)") // most stores have none
	if err != nil || !some {
		return err
	}
	var refused error
	for part := range slices.Chunk(adds, chunk) {
		err := t.query(ctx, "look for totals", func(rows *sql.Rows) error {
			var key dayKey
			err := rows.Scan(&key.customerID, dayColumn{&key.day})
			refused = &metering.TotalsError{CustomerID: key.customerID, Day: key.day}
			return err
		}, "SELECT customer_id, day FROM meter_bucket WHERE (customer_id, day) IN (VALUES "+rowsOf(len(part), 2)+") AND totals", keysOf(part)...)
		if err != nil || refused != nil {
			return cmp.Or(err, refused)
		}
	}
	return nil
}

func keysOf(adds []*addition) []any {
	keys := make([]any, 0, 2*len(adds))
	for _, a := range adds {
		keys = append(keys, a.key.customerID, a.key.day.String())
	}
	return keys
}

// addToBuckets adds to at most chunk buckets.
func (t *txn) addToBuckets(ctx context.Context, adds []*addition) error {
	byKey := make(map[dayKey]*addition, len(adds))
	for _, a := range adds {
		byKey[a.key] = a
	}
	err := t.query(ctx, "read meter_bucket", func(rows *sql.Rows) error {
		var key dayKey
		var open decimal.Decimal
		var old addition
		var dimensions string
		if err := rows.Scan(&key.customerID, dayColumn{&key.day}, &open, &old.count, &dimensions,
			timeColumn{&old.first}, timeColumn{&old.last}, timeColumn{&old.due}); err != nil {
			return err
		}
		a := byKey[key]
		a.sum = a.sum.Add(open)
		a.count += old.count
		a.first, a.last = earliest(old.first, a.first), latest(old.last, a.last)
		if !old.due.IsZero() {
			a.due, a.open = old.due, true
		}
		return a.mergeDimensions(dimensions)
	}, "SELECT customer_id, day, open, count, dimensions, first_at, last_at, due FROM meter_bucket WHERE (customer_id, day) IN (VALUES "+rowsOf(len(adds), 2)+")", keysOf(adds)...)
	if err != nil {
		return err
	}
	// A bucket that is open keeps its due, and is then left out of the statement that sets
	// it: the index by due is written whenever it is set, changed or not.
	var opened, going []*addition
	for _, a := range adds {
		if a.open {
			going = append(going, a)
		} else {
			opened = append(opened, a)
		}
	}
	if err := t.writeBuckets(ctx, opened, ", due = excluded.due"); err != nil {
		return err
	}
	return t.writeBuckets(ctx, going, "")
}

func (t *txn) writeBuckets(ctx context.Context, adds []*addition, set string) error {
	if len(adds) == 0 {
		return nil
	}
	args := make([]any, 0, 8*len(adds))
	for _, a := range adds {
		dimensions, err := marshalDimensions(a.dimensions)
		if err != nil {
			return err
		}
		args = append(args, a.key.customerID, a.key.day.String(), a.sum.String(), a.count, dimensions,
			t.dialect.time(a.first), t.dialect.time(a.last), t.dialect.time(a.due))
	}
	_, err := t.exec(ctx, "write meter_bucket", "INSERT INTO meter_bucket (customer_id, day, open, count, dimensions, first_at, last_at, due) VALUES "+rowsOf(len(adds), 8)+
		" ON CONFLICT (customer_id, day) DO UPDATE SET open = excluded.open, count = excluded.count, dimensions = excluded.dimensions, first_at = excluded.first_at, last_at = excluded.last_at"+set, args...)
	return err
}

func (a *addition) mergeDimensions(stored string) error {
	old, err := unmarshalDimensions(stored)
	if err != nil || old == nil {
		return err
	}
	for name, values := range a.dimensions {
		for _, v := range values {
			old = withDimension(old, name, v)
		}
	}
	a.dimensions = old
	return nil
}
