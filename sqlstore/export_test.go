package sqlstore

import (
	"context"
	"database/sql"
	"time"

	pacspace "github.com/pacspace/pacspace-go"
)

// Retire does the first half of a move, after which a crash may come.
func Retire(ctx context.Context, db *sql.DB) error {
	s, err := OpenSQLite(ctx, db, pacspace.EnvironmentTest)
	if err != nil {
		return err
	}
	defer s.Close()
	m := &move{from: s.core}
	if err := m.prepare(ctx); err != nil {
		return err
	}
	return m.retire(ctx)
}

// MovedColumns are the columns of each table that a move takes along.
func MovedColumns() map[string][]string {
	out := map[string][]string{}
	for _, t := range movedTables {
		out[t.name] = t.names()
	}
	return out
}

// Migrate brings tables of a test's own to the last of the versions, each of which is one
// statement that both databases know.
func (s *Store) Migrate(ctx context.Context, name string, versions ...string) error {
	part := component{name: name}
	for _, v := range versions {
		part.migrations = append(part.migrations, migration{sqlite: []string{v}, postgres: []string{v}})
	}
	return s.core.migrate(ctx, part)
}

// AskNow makes the next Now ask the server, as it does once a second.
func (s *Store) AskNow() {
	e := s.core.engine.(*postgres)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.asked = time.Time{}
}
