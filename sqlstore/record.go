package sqlstore

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/usage"
)

// Record adds events to their buckets; see [metering.Store]. The ids and the sums are
// written in one transaction. An amount may have up to 40 digits on either side of the
// point, so that no sum outgrows what a Decimal is read from.
//
// An id has 1 to 512 bytes. UUIDs in lower case and ULIDs in upper case are stored in 16,
// and ids that grow with time are counted several times faster than random ones.
//
// In PostgreSQL a connection that is lost during the commit may make an event that this
// call counted come back as a duplicate.
func (s *Store) Record(ctx context.Context, entries []metering.Entry) ([]metering.Recorded, error) {
	if len(entries) == 0 {
		return nil, nil
	}
	group, err := gather(entries)
	if err != nil {
		return nil, err
	}
	if s.core.dialect == sqliteDialect {
		err = s.core.recordSQLite(ctx, group)
	} else {
		err = s.core.recordPostgres(ctx, group)
	}
	if err != nil {
		return nil, err
	}
	return outcome(entries, group), nil
}

// counted is an id of a call, with the first entry that bears it.
type counted struct {
	id    []byte
	entry *metering.Entry
	fresh bool  // not seen before
	seen  int64 // the fingerprint that was seen before
	known bool  // seen is set
	at    []int // where the id occurs in the call
}

// gather returns the ids of a call, each once, sorted: two replicas that are given the same
// ids then lock them in the same order, and ids that lie side by side are stored so.
func gather(entries []metering.Entry) ([]*counted, error) {
	group := make([]*counted, 0, len(entries))
	byID := make(map[string]*counted, len(entries))
	for i := range entries {
		e := &entries[i]
		if err := check(e); err != nil {
			return nil, err
		}
		if c := byID[e.ID]; c != nil {
			c.at = append(c.at, i)
			continue
		}
		id, err := packID(e.ID)
		if err != nil {
			return nil, err
		}
		c := &counted{id: id, entry: e, at: []int{i}}
		byID[e.ID] = c
		group = append(group, c)
	}
	slices.SortFunc(group, func(a, b *counted) int { return bytes.Compare(a.id, b.id) })
	return group, nil
}

// maxPlaces is the most digits of an amount on either side of the point. The sum of 2^63 of
// them has at most 59 and 40, which is less than a Decimal is read from.
const maxPlaces = 40

func check(e *metering.Entry) error {
	amount := strings.TrimPrefix(e.Amount.String(), "-")
	whole, fraction, _ := strings.Cut(amount, ".")
	if len(whole) > maxPlaces || len(fraction) > maxPlaces {
		return fmt.Errorf("sqlstore: event %q: amount of %d and %d digits: at most %d may stand on either side of the point", short(e.ID), len(whole), len(fraction), maxPlaces)
	}
	if e.Day.IsZero() {
		return fmt.Errorf("sqlstore: event %q: it has no day; set it", short(e.ID))
	}
	for name, value := range e.Dimensions {
		if !storable(name) || !storable(value) {
			return fmt.Errorf("sqlstore: event %q: dimension %q: it must be UTF-8 without NUL", short(e.ID), short(name))
		}
	}
	return nil
}

func storable(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

func short(s string) string { return s[:min(len(s), 64)] }

// outcome says what became of each entry. The content that was counted is that of the
// first entry with a fresh id, or what was seen before.
func outcome(entries []metering.Entry, group []*counted) []metering.Recorded {
	out := make([]metering.Recorded, len(entries))
	for _, c := range group {
		standing := c.seen
		if c.fresh {
			standing = int64(c.entry.Fingerprint)
		}
		for n, i := range c.at {
			switch {
			case c.fresh && n == 0:
				out[i] = metering.RecordedNew
			case int64(entries[i].Fingerprint) == standing:
				out[i] = metering.RecordedDuplicate
			default:
				out[i] = metering.RecordedConflict
			}
		}
	}
	return out
}

// arrival is how the time of arrival is stored.
func arrival(t time.Time) int64 { return t.Unix() / 60 }

// dayKey names a bucket.
type dayKey struct {
	customerID string
	day        usage.Date
}

// addition is what a call adds to a bucket.
type addition struct {
	key         dayKey
	sum         decimal.Decimal
	count       int64
	dimensions  metering.Dimensions
	first, last time.Time
	due         time.Time
	open        bool // the bucket was open before, so due is its own
}

func (a *addition) add(e *metering.Entry) {
	a.sum = a.sum.Add(e.Amount)
	a.count++
	for name, value := range e.Dimensions {
		a.dimensions.Add(name, value)
	}
	a.first, a.last = earliest(a.first, e.Time), latest(a.last, e.Time)
	a.due = earliest(a.due, e.Due)
}

// follow adds what came after a, with a's due.
func (a *addition) follow(later *addition) {
	a.sum = a.sum.Add(later.sum)
	a.count += later.count
	a.dimensions.AddAll(later.dimensions)
	a.first, a.last = earliest(a.first, later.first), latest(a.last, later.last)
}

// additions groups the fresh entries by bucket, sorted by its key.
func additions(group []*counted) []*addition {
	byKey := map[dayKey]*addition{}
	for _, c := range group {
		if !c.fresh {
			continue
		}
		key := dayKey{c.entry.CustomerID, c.entry.Day}
		a := byKey[key]
		if a == nil {
			a = &addition{key: key}
			byKey[key] = a
		}
		a.add(c.entry)
	}
	return inOrder(byKey)
}

// inOrder sorts additions by the keys of their buckets.
func inOrder(byKey map[dayKey]*addition) []*addition {
	out := slices.Collect(maps.Values(byKey))
	slices.SortFunc(out, func(a, b *addition) int {
		if n := strings.Compare(a.key.customerID, b.key.customerID); n != 0 {
			return n
		}
		return a.key.day.Compare(b.key.day)
	})
	return out
}

// earliest and latest take the zero time for none.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
