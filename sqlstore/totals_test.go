package sqlstore_test

import (
	"context"
	"iter"
	"testing"

	"github.com/stretchr/testify/require"

	pacspace "github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/sqlstore"
)

// total is a metering.Total as a test writes it.
type total struct {
	customer, amount string
	metadata         pacspace.Metadata
}

func readTotals(seq iter.Seq2[metering.Total, error]) (out []total, err error) {
	for t, e := range seq {
		if e != nil {
			return out, e
		}
		out = append(out, total{t.CustomerID, t.Amount.String(), t.Metadata})
	}
	return out, nil
}

func TestQueryTotalsReadsWhatAWarehouseReturns(t *testing.T) {
	t.Parallel()
	for _, w := range []struct {
		backend backend
		query   string
		args    []any
		want    []total
	}{
		{postgres, `SELECT * FROM (VALUES
				('acme', 12.50::numeric, 'growth', 7::bigint, true),
				('globex', '-0.000000000000000000001', NULL, NULL, NULL)
			) AS t (customer_id, amount, plan, seats, trial) WHERE customer_id <> $1`, []any{"initech"}, []total{
			{"acme", "12.5", pacspace.Metadata{"plan": "growth", "seats": int64(7), "trial": true}},
			{"globex", "-0.000000000000000000001", nil},
		}},
		{postgres, `SELECT 3::bigint AS "AMOUNT", 'acme' AS "CUSTOMER_ID", 'x' AS "Plan"`, nil, []total{{"acme", "3", pacspace.Metadata{"Plan": "x"}}}},
		{modernc, `SELECT 'acme' AS customer_id, 9007199254740993 AS amount, 'growth' AS plan UNION ALL SELECT 'globex', '0.1', CAST('large' AS blob)`, nil, []total{
			{"acme", "9007199254740993", pacspace.Metadata{"plan": "growth"}},
			{"globex", "0.1", pacspace.Metadata{"plan": "large"}},
		}},
		{ncruces, `SELECT 'acme' AS customer_id, 1 AS amount WHERE false`, nil, nil},
	} {
		t.Run(w.backend.name, func(t *testing.T) {
			t.Parallel()
			db := w.backend.newDB(t)()
			totals := sqlstore.QueryTotals(t.Context(), db, w.query, w.args...)
			for range 2 { // it may be ranged over again
				got, err := readTotals(totals)
				require.NoError(t, err)
				require.Equal(t, w.want, got)
			}
			for range totals {
				break // and left, which gives the connection back
			}
			require.Zero(t, db.Stats().InUse)
		})
	}
}

func TestQueryTotalsNamesWhatItCannotTake(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, query, want string }{
		{"a floating point sum", "SELECT 'acme' AS customer_id, 0.1::float8 AS amount", "floating point column, which is not exact"},
		{"a sum that is NULL", "SELECT 'acme' AS customer_id, sum(x) AS amount FROM (SELECT 1 AS x WHERE false) t", `row 1: .*"amount".*NULL`},
		{"a sum that is not a number", "SELECT 'acme' AS customer_id, 'NaN'::numeric AS amount", `row 1: .*"amount"`},
		{"no amount", "SELECT 'acme' AS customer_id, 1 AS total", "returns no column amount, only customer_id, total"},
		{"no customer", "SELECT 'acme' AS account, 1 AS amount", "returns no column customer_id, only account, amount"},
		{"a customer that is no text", "SELECT 7 AS customer_id, 1 AS amount", "must be text, not int64"},
		{"a customer that is NULL", "SELECT NULL AS customer_id, 1 AS amount", "must be text, not NULL"},
		{"two columns of one name", "SELECT 'a' AS customer_id, 1 AS amount, 'x' AS plan, 'y' AS plan", `column 4, "plan": it has no name of its own`},
		{"a time as metadata", "SELECT 'a' AS customer_id, 1 AS amount, now() AS at", "cast it to text"},
		{"bytes as metadata", `SELECT 'a' AS customer_id, 1 AS amount, '\xff'::bytea AS raw`, "bytes that are not text"},
		{"a query that is wrong", "SELEKT", "syntax error"},
		{"an error on the way", "SELECT 'a' AS customer_id, 1 / (2 - i) AS amount FROM generate_series(1, 2) i", "division by zero"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := readTotals(sqlstore.QueryTotals(t.Context(), postgres.newDB(t)(), c.query))
			require.Error(t, err)
			require.Regexp(t, c.want, err.Error())
			requireOneLine(t, err)
		})
	}
	t.Run("a context that has ended", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		db := modernc.newDB(t)()
		seen := 0
		var last error
		for _, err := range sqlstore.QueryTotals(ctx, db, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT 'c' || i AS customer_id, i AS amount FROM n") {
			if last = err; err != nil {
				break
			}
			if seen++; seen == 10 {
				cancel()
			}
		}
		require.ErrorIs(t, last, context.Canceled)
	})
}
