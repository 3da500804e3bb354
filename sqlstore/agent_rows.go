package sqlstore

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/pacspace/pacspace-go/reconcile"
	"github.com/pacspace/pacspace-go/usage"
)

func (t *agentTx) Setting(ctx context.Context, name string) (value string, err error) {
	_, err = t.one(ctx, "agent_setting", []string{name},
		"SELECT value FROM agent_setting WHERE name = ?", []any{name}, &value)
	return value, err
}

func (t *agentTx) SetSetting(ctx context.Context, name, value string) error {
	return t.put(ctx, "agent_setting", []string{name}, 1, []string{"name", "value"}, name, value)
}

func (t *agentTx) LockAccount(ctx context.Context, customerID string) (*reconcile.Account, error) {
	a := &reconcile.Account{}
	const query = "SELECT doc FROM agent_account WHERE customer_id = ?"
	// Not one, since a row that another makes meanwhile is no conflict here.
	found := false
	read := func() error {
		return t.query(ctx, "read agent_account", func(rows *sql.Rows) error {
			found = true
			return rows.Scan(doc{a})
		}, query+t.lock(), customerID)
	}
	if err := read(); err != nil || found {
		return a, err
	}
	empty, err := encode(reconcile.Account{CustomerID: customerID})
	if err != nil {
		return nil, err
	}
	if _, err := t.exec(ctx, "write agent_account", insertNew("agent_account", "customer_id", "doc"), customerID, empty); err != nil {
		return nil, err
	}
	return a, read()
}

func (t *agentTx) PutAccount(ctx context.Context, a *reconcile.Account) error {
	text, err := encode(a)
	if err != nil {
		return err
	}
	return t.put(ctx, "agent_account", []string{a.CustomerID}, 1, []string{"customer_id", "doc"}, a.CustomerID, text)
}

func (t *agentTx) Account(ctx context.Context, customerID string) (*reconcile.Account, error) {
	a := &reconcile.Account{}
	found, err := t.one(ctx, "agent_account", []string{customerID},
		"SELECT doc FROM agent_account WHERE customer_id = ?", []any{customerID}, doc{a})
	if err == nil && !found {
		err = reconcile.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return a, nil
}

func (t *agentTx) Accounts(ctx context.Context, after string, limit int) ([]reconcile.Account, error) {
	return docs[reconcile.Account](ctx, t, "agent_account", "customer_id > ?", []any{after}, "customer_id", limit)
}

// docs lists rows by their JSON. Within an update they are locked.
func docs[T any](ctx context.Context, t *agentTx, table, condition string, args []any, order string, limit int) ([]T, error) {
	var out []T
	err := t.query(ctx, "list "+table, func(rows *sql.Rows) error {
		var row T
		if err := rows.Scan(doc{&row}); err != nil {
			return err
		}
		out = append(out, row)
		return nil
	}, "SELECT doc FROM "+table+" WHERE "+condition+" ORDER BY "+order+" LIMIT ?"+t.lock(), append(args, limit)...)
	return out, err
}

func (t *agentTx) Deltas(ctx context.Context, q reconcile.DeltaQuery, limit int) ([]reconcile.Delta, error) {
	var w where
	w.addIf(true, "customer_id = ?", q.CustomerID)
	w.addIf(q.Name != "", "name = ?", q.Name)
	w.addIf(q.RecordID != "", "record_id = ? AND record_id <> ''", key(q.RecordID))
	w.addIf(!q.From.IsZero(), "day >= ?", q.From.String())
	w.addIf(!q.To.IsZero(), "day <= ?", q.To.String())
	if (q.Window != usage.Window{}) {
		w.addIf(true, "recorded_at >= ? AND recorded_at < ?", t.dialect.instant(q.Window.Start), t.dialect.instant(q.Window.End))
	}
	w.addIf(q.AfterName != "" || q.AfterN != 0, "(name, n) > (?, ?)", q.AfterName, q.AfterN)
	return docs[reconcile.Delta](ctx, t, "agent_delta", w.String(), w.args, "name, n", limit)
}

func (t *agentTx) PutDelta(ctx context.Context, d *reconcile.Delta) error {
	text, err := encode(d)
	if err != nil {
		return err
	}
	var day any
	if !d.Day.IsZero() {
		day = d.Day.String()
	}
	return t.put(ctx, "agent_delta", []string{d.CustomerID, d.Name, strconv.Itoa(d.N)}, 3,
		[]string{"customer_id", "name", "n", "day", "recorded_at", "proof_hash", "record_id", "doc"},
		d.CustomerID, d.Name, d.N, day, t.dialect.time(d.RecordedAt()), indexed(d.ProofHash), key(d.RecordID), text)
}

func (t *agentTx) ProofKnown(ctx context.Context, proofHash string) (known bool, err error) {
	if indexed(proofHash) == "" {
		return false, nil
	}
	err = t.query(ctx, "look for a proof", func(*sql.Rows) error {
		known = true
		return nil
	}, "SELECT 1 FROM agent_delta WHERE proof_hash = ? AND proof_hash <> '' LIMIT 1", proofHash)
	return known, err
}

// key is a text as an index takes it: itself, or its hash where an index cannot hold it.
func key(s string) string {
	if s == "" || indexed(s) != "" {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	return "(sha256) " + hex.EncodeToString(sum[:])
}

// indexed is a text as an index takes it, "" for one that is no hash anyway.
func indexed(s string) string {
	const longest = 512
	if len(s) > longest || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return ""
	}
	return s
}

func (t *agentTx) Check(ctx context.Context, customerID string, period usage.Period) (*reconcile.Check, error) {
	c := &reconcile.Check{CustomerID: customerID, Period: period}
	found, err := t.one(ctx, "agent_check", []string{customerID, string(period)},
		"SELECT due, report FROM agent_check WHERE customer_id = ? AND period = ?", []any{customerID, string(period)},
		timeColumn{&c.Due}, reportColumn{c})
	if err == nil && !found {
		err = reconcile.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (t *agentTx) PutCheck(ctx context.Context, c *reconcile.Check) error {
	text, err := encode(c.Report)
	if err != nil {
		return err
	}
	return t.put(ctx, "agent_check", []string{c.CustomerID, string(c.Period)}, 2,
		[]string{"customer_id", "period", "due", "report"}, c.CustomerID, string(c.Period), t.dialect.time(c.Due), text)
}

func (t *agentTx) DueChecks(ctx context.Context, now time.Time, limit int) ([]reconcile.Check, error) {
	return t.checks(ctx, "due <= ?", []any{t.dialect.instant(now)}, "due, customer_id, period", t.lockFree(), limit)
}

func (t *agentTx) Checks(ctx context.Context, period usage.Period, after string, limit int) ([]reconcile.Check, error) {
	return t.checks(ctx, "period = ? AND customer_id > ?", []any{string(period), after}, "customer_id", "", limit)
}

func (t *agentTx) checks(ctx context.Context, condition string, args []any, order, lock string, limit int) ([]reconcile.Check, error) {
	var out []reconcile.Check
	err := t.query(ctx, "list agent_check", func(rows *sql.Rows) error {
		var c reconcile.Check
		if err := rows.Scan(&c.CustomerID, &c.Period, timeColumn{&c.Due}, reportColumn{&c}); err != nil {
			return err
		}
		out = append(out, c)
		return nil
	}, "SELECT customer_id, period, due, report FROM agent_check WHERE "+condition+" ORDER BY "+order+" LIMIT ?"+lock, append(args, limit)...)
	return out, err
}

// reportColumn scans a check's report, null where there is none.
type reportColumn struct{ to *reconcile.Check }

func (c reportColumn) Scan(src any) error {
	c.to.Report = nil
	return doc{&c.to.Report}.Scan(src)
}

func (t *agentTx) Mismatches(ctx context.Context, q reconcile.MismatchQuery, limit int) ([]reconcile.Mismatch, error) {
	var w where
	w.addIf(q.CustomerID != "", "customer_id = ?", q.CustomerID)
	w.addIf(q.Period != "", "period = ?", string(q.Period))
	w.addIf(q.State != "", "state = ?", string(q.State))
	if !q.Untold.IsZero() {
		w.addIf(true, "untold AND not_before <= ?", t.dialect.instant(q.Untold))
	}
	w.addIf(q.AfterID != "", "mismatch_id > ?", q.AfterID)
	return docs[reconcile.Mismatch](ctx, t, "agent_mismatch", w.String(), w.args, "mismatch_id", limit)
}

func (t *agentTx) PutMismatch(ctx context.Context, m *reconcile.Mismatch) error {
	text, err := encode(m)
	if err != nil {
		return err
	}
	return t.put(ctx, "agent_mismatch", []string{m.ID()}, 1,
		[]string{"mismatch_id", "customer_id", "period", "state", "untold", "not_before", "doc"},
		m.ID(), m.CustomerID, string(m.Period), string(m.State), m.Told < m.Revision, t.dialect.instant(m.NotBefore), text)
}
