package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"strings"
	"unicode/utf8"

	pacspace "github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/metering"
)

// The columns that a query of totals must have. Upper and lower case are the same here,
// since some warehouses write all names in upper case.
const (
	columnCustomer = "customer_id"
	columnAmount   = "amount"
)

// QueryTotals runs a query on a warehouse, over any driver of database/sql, and gives what
// [metering.Meter.Submit] takes. The query returns one row for each account, with the
// columns customer_id and amount; every other column goes out as metadata under its name,
// where it is not NULL.
//
//	totals := sqlstore.QueryTotals(ctx, warehouse, `
//		SELECT customer_id, sum(tokens)::text AS amount, plan
//		FROM usage_events WHERE day = $1 GROUP BY customer_id, plan`, "2026-02-01")
//	submission, err := meter.Submit(ctx, day, totals)
//
// Amounts must be exact: integers, numeric, or text of digits. A floating point column is
// refused, since it has lost what was summed: sum exactly, and cast to text. Metadata are
// texts, integers and booleans; cast the rest to text. The query runs when the result is
// ranged over, each time anew, and an error, which names row and column, is the last thing
// that it yields.
func QueryTotals(ctx context.Context, db *sql.DB, query string, args ...any) iter.Seq2[metering.Total, error] {
	return func(yield func(metering.Total, error) bool) {
		if err := queryTotals(ctx, db, query, args, yield); err != nil {
			yield(metering.Total{}, err)
		}
	}
}

func queryTotals(ctx context.Context, db *sql.DB, query string, args []any, yield func(metering.Total, error) bool) error {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("sqlstore: query of totals: %w", err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return fmt.Errorf("sqlstore: query of totals: %w", err)
	}
	row, err := newTotalRow(names)
	if err != nil {
		return err
	}
	for n := 1; rows.Next(); n++ {
		row.total = metering.Total{}
		if err := rows.Scan(row.dest...); err != nil {
			return fmt.Errorf("sqlstore: query of totals: row %d: %w", n, err)
		}
		if !yield(row.total, nil) {
			return nil
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("sqlstore: query of totals: %w", err)
	}
	return nil
}

// totalRow scans one row.
type totalRow struct {
	total metering.Total
	dest  []any
}

func newTotalRow(names []string) (*totalRow, error) {
	row := &totalRow{dest: make([]any, len(names))}
	seen := map[string]bool{}
	for i, name := range names {
		key := name
		if lower := strings.ToLower(name); lower == columnCustomer || lower == columnAmount {
			key = lower
		}
		if seen[key] || key == "" {
			return nil, fmt.Errorf("sqlstore: query of totals: column %d, %q: it has no name of its own; name it with AS", i+1, name)
		}
		seen[key] = true
		switch key {
		case columnCustomer:
			row.dest[i] = customerColumn{row}
		case columnAmount:
			row.dest[i] = amountColumn{row}
		default:
			row.dest[i] = metadataColumn{row, name}
		}
	}
	for _, needed := range []string{columnCustomer, columnAmount} {
		if !seen[needed] {
			return nil, fmt.Errorf("sqlstore: query of totals: it returns no column %s, only %s; name it with AS", needed, strings.Join(names, ", "))
		}
	}
	return row, nil
}

type customerColumn struct{ row *totalRow }

func (c customerColumn) Scan(src any) error {
	switch v := src.(type) {
	case string:
		c.row.total.CustomerID = v
	case []byte:
		c.row.total.CustomerID = string(v)
	default:
		return fmt.Errorf("it must be text, not %s", kindOf(src))
	}
	return nil
}

type amountColumn struct{ row *totalRow }

func (c amountColumn) Scan(src any) error {
	var d decimal.Decimal
	if err := d.Scan(src); err != nil {
		return err
	}
	c.row.total.Amount = d
	return nil
}

type metadataColumn struct {
	row  *totalRow
	name string
}

func (c metadataColumn) Scan(src any) error {
	var value any
	switch v := src.(type) {
	case nil:
		return nil
	case string, int64, bool:
		value = v
	case []byte: // as some drivers return text
		if !utf8.Valid(v) {
			return errors.New("it holds bytes that are not text; leave it out, or encode it")
		}
		value = string(v)
	default:
		return fmt.Errorf("it must be text, an integer or a boolean, not %s; cast it to text", kindOf(src))
	}
	if c.row.total.Metadata == nil {
		c.row.total.Metadata = pacspace.Metadata{}
	}
	c.row.total.Metadata[c.name] = value
	return nil
}

func kindOf(src any) string {
	if src == nil {
		return "NULL"
	}
	return fmt.Sprintf("%T", src)
}
