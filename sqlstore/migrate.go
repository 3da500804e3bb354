package sqlstore

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"strconv"

	pacspace "github.com/pacspace/pacspace-go"
)

// component is a set of tables with a version of its own.
type component struct {
	name string
	// migrations lead from one version to the next; the first makes version 1. One that
	// was released never changes.
	migrations []migration
}

type migration struct{ sqlite, postgres []string }

func (m migration) statements(d *dialect) []string {
	if d == sqliteDialect {
		return m.sqlite
	}
	return m.postgres
}

// metaTable holds the environment, the version of each component and SQLite's clock.
const metaTable = `CREATE TABLE IF NOT EXISTS pacspace_meta (
	name  text NOT NULL PRIMARY KEY,
	value text NOT NULL
)`

// migrate brings the component's tables to this program's version, in one transaction
// beside which no other program migrates.
func (c *core) migrate(ctx context.Context, part component) error {
	return c.update(ctx, c, func(t *txn) error {
		if t.dialect == postgresDialect {
			// Of two programs that create one table, one fails even with IF NOT EXISTS.
			if err := t.query(ctx, "lock for migration", func(*sql.Rows) error { return nil },
				"SELECT pg_advisory_xact_lock(7302469210)"); err != nil {
				return err
			}
		}
		if err := createMeta(ctx, t); err != nil {
			return err
		}
		if err := bindEnvironment(ctx, t, c.environment); err != nil {
			return err
		}
		moved, err := meta(ctx, t, metaMoved)
		switch {
		case err != nil:
			return err
		case moved != "" && !c.mayBeMoved:
			return errMoved(moved)
		case moved != "":
			return nil // its tables have other names
		}
		version, err := schemaVersion(ctx, t, part)
		if err != nil {
			return err
		}
		for i := version; i < len(part.migrations); i++ {
			for _, statement := range part.migrations[i].statements(t.dialect) {
				if _, err := t.exec(ctx, fmt.Sprintf("migrate %s to version %d", part.name, i+1), statement); err != nil {
					return err
				}
			}
		}
		if version == len(part.migrations) {
			return nil
		}
		return setMeta(ctx, t, "schema:"+part.name, strconv.Itoa(len(part.migrations)))
	})
}

// createMeta asks first: a role that may not create tables is refused even where the table
// is there.
func createMeta(ctx context.Context, t *txn) error {
	if t.dialect == postgresDialect {
		var name sql.NullString
		err := t.query(ctx, "look for pacspace_meta", func(rows *sql.Rows) error { return rows.Scan(&name) },
			"SELECT to_regclass('pacspace_meta')::text")
		if err != nil || name.Valid {
			return err
		}
	}
	_, err := t.exec(ctx, "create pacspace_meta", metaTable)
	return err
}

// bindEnvironment gives a new database its environment and refuses one of another.
func bindEnvironment(ctx context.Context, t *txn, want pacspace.Environment) error {
	have, err := meta(ctx, t, "environment")
	switch {
	case err != nil:
		return err
	case have == "":
		if err := setMeta(ctx, t, metaID, rand.Text()); err != nil {
			return err
		}
		return setMeta(ctx, t, "environment", string(want))
	case have != string(want):
		return fmt.Errorf("sqlstore: the database holds the %q environment, not %q: live and test usage must not mix; open another database", have, string(want))
	}
	return nil
}

func schemaVersion(ctx context.Context, t *txn, part component) (int, error) {
	text, err := meta(ctx, t, "schema:"+part.name)
	if err != nil || text == "" {
		return 0, err
	}
	version, err := strconv.Atoi(text)
	if err != nil || version < 1 {
		return 0, fmt.Errorf("sqlstore: the database's %s tables have version %q: not a version; restore pacspace_meta", part.name, text)
	}
	if version > len(part.migrations) {
		return 0, fmt.Errorf("sqlstore: the database's %s tables have version %d, this program knows %d: a newer program wrote them; update this one", part.name, version, len(part.migrations))
	}
	return version, nil
}

func meta(ctx context.Context, t *txn, name string) (value string, err error) {
	err = t.query(ctx, "read pacspace_meta", func(rows *sql.Rows) error { return rows.Scan(&value) },
		"SELECT value FROM pacspace_meta WHERE name = ?", name)
	return value, err
}

func setMeta(ctx context.Context, t *txn, name, value string) error {
	_, err := t.exec(ctx, "write pacspace_meta", upsert("pacspace_meta", 1, "name", "value"), name, value)
	return err
}
