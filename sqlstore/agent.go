package sqlstore

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/pacspace/pacspace-go/reconcile"
)

// AgentStore is a [reconcile.Store] in a database. It is safe for concurrent use.
type AgentStore struct{ core *core }

var _ reconcile.Store = (*AgentStore)(nil)

// Agent returns the store of package reconcile in the same database, whose tables it
// creates or brings up to date. It serves as long as s is open.
func (s *Store) Agent(ctx context.Context) (*AgentStore, error) {
	if err := s.core.migrate(ctx, agentTables); err != nil {
		return nil, err
	}
	return &AgentStore{core: s.core}, nil
}

// Now is the store's clock; see [Store.Now].
func (s *AgentStore) Now(ctx context.Context) (time.Time, error) { return s.core.now(ctx, s.core) }

// Update runs fn in one transaction; see [reconcile.Store]. In PostgreSQL fn may run up to
// six times.
func (s *AgentStore) Update(ctx context.Context, fn func(reconcile.Tx) error) error {
	return s.core.update(ctx, s.core, func(t *txn) error { return fn(&agentTx{t}) })
}

// View runs fn in one transaction that only reads, all of it at one instant.
func (s *AgentStore) View(ctx context.Context, fn func(reconcile.Tx) error) error {
	return s.core.view(ctx, s.core, func(t *txn) error { return fn(&agentTx{t}) })
}

// agentTx is a transaction on the agent's tables.
type agentTx struct{ *txn }

func (t *agentTx) Now() time.Time { return t.at }

// insertRows is how many rows one statement inserts.
const insertRows = 50

// Receive keeps events, each once, in one transaction; see [reconcile.Store].
func (s *AgentStore) Receive(ctx context.Context, events []reconcile.InboxEvent) ([]bool, error) {
	if len(events) == 0 {
		return nil, nil
	}
	// In the order of their ids, so that two replicas that are given the same events lock
	// them in the same order.
	order := make([]int, 0, len(events))
	at := make(map[string]int, len(events))
	for i := range events {
		if _, again := at[events[i].ID]; !again {
			at[events[i].ID] = i
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(events[a].ID, events[b].ID) })
	fresh := make([]bool, len(events))
	err := s.core.update(ctx, s.core, func(t *txn) error {
		clear(fresh)
		for rows := range slices.Chunk(order, insertRows) {
			args := make([]any, 0, len(rows)*len(eventColumns))
			for _, i := range rows {
				e := &events[i]
				args = append(args, e.ID, e.DeliveryID, string(e.Type), notNil(e.Body), t.dialect.instant(t.at), string(reconcile.EventPending), "")
			}
			t.wrote = true
			err := t.query(ctx, "write agent_event", func(rows *sql.Rows) error {
				var id string
				if err := rows.Scan(&id); err != nil {
					return err
				}
				fresh[at[id]] = true
				return nil
			}, "INSERT INTO agent_event ("+strings.Join(eventColumns, ", ")+") VALUES "+rowsOf(len(rows), len(eventColumns))+" ON CONFLICT DO NOTHING RETURNING event_id", args...)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return fresh, nil
}

var eventColumns = []string{"event_id", "delivery_id", "type", "body", "received", "state", "error"}

func (t *agentTx) events(ctx context.Context, condition string, args []any, order, lock string, limit int) ([]reconcile.InboxEvent, error) {
	var out []reconcile.InboxEvent
	err := t.query(ctx, "list agent_event", func(rows *sql.Rows) error {
		var e reconcile.InboxEvent
		if err := rows.Scan(&e.ID, &e.DeliveryID, &e.Type, &e.Body, timeColumn{&e.Received}, &e.State, &e.Error); err != nil {
			return err
		}
		out = append(out, e)
		return nil
	}, "SELECT "+strings.Join(eventColumns, ", ")+" FROM agent_event WHERE "+condition+" ORDER BY "+order+" LIMIT ?"+lock, append(args, limit)...)
	return out, err
}

func (t *agentTx) PendingEvents(ctx context.Context, limit int) ([]reconcile.InboxEvent, error) {
	return t.events(ctx, "state = 'pending'", nil, "received, event_id", t.lockFree(), limit)
}

func (t *agentTx) Events(ctx context.Context, state reconcile.EventState, afterID string, limit int) ([]reconcile.InboxEvent, error) {
	return t.events(ctx, "state = ? AND event_id > ?", []any{string(state), afterID}, "event_id", "", limit)
}

func (t *agentTx) PutEvent(ctx context.Context, e *reconcile.InboxEvent) error {
	return t.put(ctx, "agent_event", []string{e.ID}, 1, eventColumns,
		e.ID, e.DeliveryID, string(e.Type), notNil(e.Body), t.dialect.instant(e.Received), string(e.State), plain(e.Error))
}

func (t *agentTx) EventKnown(ctx context.Context, id string) (known bool, err error) {
	err = t.query(ctx, "look for an event", func(*sql.Rows) error {
		known = true
		return nil
	}, "SELECT 1 FROM agent_event WHERE event_id = ? UNION ALL SELECT 1 FROM agent_event WHERE delivery_id = ? AND delivery_id <> '' LIMIT 1", id, id)
	return known, err
}

func (t *agentTx) CountEvents(ctx context.Context) (reconcile.EventCount, error) {
	var c reconcile.EventCount
	err := t.query(ctx, "count agent_event", func(rows *sql.Rows) error {
		return rows.Scan(&c.Pending, timeColumn{&c.Oldest})
	}, "SELECT count(*), min(received) FROM agent_event WHERE state = 'pending'")
	if err != nil {
		return c, err
	}
	err = t.query(ctx, "count agent_event", func(rows *sql.Rows) error {
		return rows.Scan(&c.Unread)
	}, "SELECT count(*) FROM agent_event WHERE state = 'unread'")
	return c, err
}

// plain is a text without what PostgreSQL does not take.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}

// encode writes what has no column. Characters stand as they came.
func encode(v any) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "", fmt.Errorf("sqlstore: encode a row: %w", err)
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// doc scans what encode wrote.
type doc struct{ to any }

func (d doc) Scan(src any) error {
	var text []byte
	switch v := src.(type) {
	case string:
		text = []byte(v)
	case []byte:
		text = v
	default:
		return fmt.Errorf("a row cannot be read from %T", src)
	}
	return json.Unmarshal(text, d.to)
}
