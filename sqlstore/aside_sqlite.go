package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pacspace/pacspace-go/decimal"
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
	some := false
	err := c.view(ctx, c, func(t *txn) error {
		return t.query(ctx, "look for meter_aside", func(rows *sql.Rows) error { return rows.Scan(&some) },
			"SELECT EXISTS (SELECT 1 FROM meter_aside)")
	})
	if err != nil || !some {
		return err
	}
	return c.update(ctx, c, func(t *txn) error { return t.fold(ctx) })
}
