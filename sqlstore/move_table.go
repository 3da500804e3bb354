package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/pacspace/pacspace-go/usage"
)

// kind is what a column holds, which the two databases write differently.
type kind byte

const (
	kindText    kind = 't' // exact decimals and JSON, too
	kindInteger kind = 'i'
	kindBoolean kind = 'b'
	kindBytes   kind = 'x'
	kindDay     kind = 'd' // NULL for no day
	kindTime    kind = 'z' // NULL for the zero time
	kindInstant kind = 's' // never NULL
)

type movedColumn struct {
	name string
	kind kind
}

// agentPrefix begins the names of the agent's tables, which are there only where an agent
// used the store.
const agentPrefix = "agent_"

// movedTable is a table whose columns begin with those of its key.
type movedTable struct {
	name    string
	keys    int
	columns []movedColumn
}

// columnsOf reads "name:kind ...".
func columnsOf(text string) (out []movedColumn) {
	for _, word := range strings.Fields(text) {
		name, k, _ := strings.Cut(word, ":")
		out = append(out, movedColumn{name, kind(k[0])})
	}
	return out
}

var movedTables = []movedTable{
	{"meter_setting", 1, columnsOf("name:t value:t")},
	{"meter_account", 1, columnsOf("customer_id:t resource:t unit:t")},
	{"meter_seen", 1, columnsOf("id:x arrived:i fingerprint:i")},
	{"meter_bucket", 2, columnsOf("customer_id:t day:d totals:b generation:i open:t count:i dimensions:t first_at:z last_at:z metadata:x due:z frozen:t base:t")},
	{"meter_delta", 1, columnsOf("reference_id:t customer_id:t day:d generation:i adjusts:t amount:t body:x key:t batch_id:t state:t attempts:i first_sent:z not_before:s error_code:t note:t record_id:t receipt_id:t content_hash:t created_at:s updated_at:s")},
	{"agent_setting", 1, columnsOf("name:t value:t")},
	{"agent_event", 1, columnsOf("event_id:t delivery_id:t type:t body:x received:s state:t error:t")},
	{"agent_account", 1, columnsOf("customer_id:t doc:t")},
	{"agent_delta", 3, columnsOf("customer_id:t name:t n:i day:d recorded_at:z proof_hash:t record_id:t doc:t")},
	{"agent_check", 2, columnsOf("customer_id:t period:t due:z report:t")},
	{"agent_mismatch", 1, columnsOf("mismatch_id:t customer_id:t period:t state:t untold:b not_before:s doc:t")},
	{"meter_batch", 1, columnsOf("batch_id:t key:t body:x single:b count:i done:b attempts:i first_sent:z unknown:b not_before:s owner:t epoch:i lease_end:s created_at:s")},
}

func (m movedTable) names() (out []string) {
	for _, c := range m.columns {
		out = append(out, c.name)
	}
	return out
}

// page reads the rows that follow the given key in SQLite.
func (m movedTable) page(ctx context.Context, t *txn, after []any) (out [][]any, err error) {
	names := m.names()
	query := "SELECT " + strings.Join(names, ", ") + " FROM " + movedPrefix + m.name
	if after != nil {
		query += " WHERE (" + strings.Join(names[:m.keys], ", ") + ") > " + rowsOf(1, m.keys)
	}
	query += fmt.Sprint(" ORDER BY ", strings.Join(names[:m.keys], ", "), " LIMIT ", movePage)
	err = t.query(ctx, "read "+m.name, func(rows *sql.Rows) error {
		row, dest := make([]any, len(m.columns)), make([]any, len(m.columns))
		for i, c := range m.columns {
			row[i] = c.kind.empty()
			dest[i] = row[i]
			switch v := row[i].(type) {
			case *time.Time:
				dest[i] = timeColumn{v}
			case *usage.Date:
				dest[i] = maybeDay{v}
			}
		}
		out = append(out, row)
		return rows.Scan(dest...)
	}, query, after...)
	return out, err
}

// maybeDay scans a day or NULL.
type maybeDay struct{ to *usage.Date }

func (c maybeDay) Scan(src any) error {
	if src == nil {
		return nil
	}
	return dayColumn(c).Scan(src)
}

// empty is where a column is read to.
func (k kind) empty() any {
	switch k {
	case kindInteger:
		return new(int64)
	case kindBoolean:
		return new(bool)
	case kindBytes:
		return new([]byte)
	case kindDay:
		return new(usage.Date)
	case kindTime, kindInstant:
		return new(time.Time)
	default:
		return new(string)
	}
}

// args are a row's values as a dialect takes them.
func (m movedTable) args(d *dialect, row []any) []any {
	out := make([]any, len(row))
	for i, c := range m.columns {
		switch v := row[i].(type) {
		case *string:
			out[i] = *v
		case *int64:
			out[i] = *v
		case *bool:
			out[i] = *v
		case *[]byte:
			out[i] = *v
		case *usage.Date:
			if !v.IsZero() {
				out[i] = v.String()
			}
		case *time.Time:
			if c.kind == kindInstant {
				out[i] = d.instant(*v)
			} else {
				out[i] = d.time(*v)
			}
		}
	}
	return out
}
