package sqlstore

import (
	"context"
	"database/sql"

	pacspace "github.com/pacspace/pacspace-go"
)

// Retire does the first half of a move, after which a crash may come.
func Retire(ctx context.Context, db *sql.DB) error {
	s, err := OpenSQLite(ctx, db, pacspace.EnvironmentTest)
	if err != nil {
		return err
	}
	defer s.Close()
	return (&move{from: s.core}).retire(ctx)
}

// MovedColumns are the columns of each table that a move takes along.
func MovedColumns() map[string][]string {
	out := map[string][]string{}
	for _, t := range movedTables {
		out[t.name] = t.names()
	}
	return out
}
