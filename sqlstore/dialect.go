package sqlstore

import (
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pacspace/pacspace-go/usage"
)

// dialect is what differs between the two databases in the text of a statement and in its
// arguments. Statements are written with ? and with names of tables and columns that are
// the same in both.
type dialect struct {
	name       string
	numbered   bool // parameters are $1, $2
	locks      bool // rows that are read must be locked
	textualize bool // times are text
}

var (
	sqliteDialect   = &dialect{name: "SQLite", textualize: true}
	postgresDialect = &dialect{name: "PostgreSQL", numbered: true, locks: true}
)

// bind turns ? into the dialect's parameters. No statement of this package holds a ? that
// is none.
func (d *dialect) bind(query string) string {
	if !d.numbered || !strings.Contains(query, "?") {
		return query
	}
	var b strings.Builder
	n := 0
	for _, c := range []byte(query) {
		if c != '?' {
			b.WriteByte(c)
			continue
		}
		n++
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(n))
	}
	return b.String()
}

// timeLayout has a fixed width, so that times as text sort as times do. PostgreSQL keeps
// microseconds, and so does SQLite here.
const timeLayout = "2006-01-02T15:04:05.000000Z"

// time returns an argument: NULL for the zero time.
func (d *dialect) time(t time.Time) any {
	switch t = t.UTC().Truncate(time.Microsecond); {
	case t.IsZero():
		return nil
	case d.textualize:
		return t.Format(timeLayout)
	default:
		return t
	}
}

// instant is time for columns that are compared: the zero time is stored as what it is,
// earlier than all others.
func (d *dialect) instant(t time.Time) any {
	if v := d.time(t); v != nil {
		return v
	}
	if d.textualize {
		return time.Time{}.Format(timeLayout)
	}
	return time.Time{}
}

// timeColumn scans what dialect.time wrote.
type timeColumn struct{ to *time.Time }

func (c timeColumn) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*c.to = time.Time{}
	case time.Time:
		*c.to = v.UTC()
	case string:
		t, err := time.Parse(timeLayout, v)
		if err != nil {
			return err
		}
		*c.to = t
	case []byte:
		return c.Scan(string(v))
	default:
		return fmt.Errorf("a time cannot be read from %T", src)
	}
	return nil
}

// dayColumn scans a usage day, a date in PostgreSQL and text in SQLite.
type dayColumn struct{ to *usage.Date }

func (c dayColumn) Scan(src any) error {
	switch v := src.(type) {
	case time.Time:
		*c.to = usage.DateOf(v)
	case string:
		return c.to.UnmarshalText([]byte(v))
	case []byte:
		return c.to.UnmarshalText(v)
	default:
		return fmt.Errorf("a day cannot be read from %T", src)
	}
	return nil
}

var (
	_ sql.Scanner = timeColumn{}
	_ sql.Scanner = dayColumn{}
)

// upsert returns the statement that inserts a row or replaces the one with its key.
// columns begin with the key.
func upsert(table string, keys int, columns ...string) string {
	var set []string
	for _, c := range columns[keys:] {
		set = append(set, c+" = excluded."+c)
	}
	return insert(table, columns...) + " ON CONFLICT (" + strings.Join(columns[:keys], ", ") + ") DO UPDATE SET " + strings.Join(set, ", ")
}

// insertNew is insert that leaves a row with the same key as it is.
func insertNew(table string, columns ...string) string {
	return insert(table, columns...) + " ON CONFLICT DO NOTHING"
}

func insert(table string, columns ...string) string {
	return "INSERT INTO " + table + " (" + strings.Join(columns, ", ") + ") VALUES " + rowsOf(1, len(columns))
}

// rowsOf returns n times (?, ?, ...) of the given width.
func rowsOf(n, width int) string {
	row := "(" + strings.Repeat("?, ", width-1) + "?)"
	return strings.Repeat(row+", ", n-1) + row
}
