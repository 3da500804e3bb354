package sqlstore_test

import (
	"context"
	"database/sql"
	"testing"

	"github.com/pacspace/pacspace-go/internal/storetest"
	"github.com/pacspace/pacspace-go/metering"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b backend) {
		storetest.Run(t, func(t *testing.T) metering.Store {
			db := b.newDB(t)()
			s := openStore(t, b, db)
			if b.name == postgres.name {
				return blocking{s, db}
			}
			return s
		})
	})
}

// blocking asks the server who waits.
type blocking struct {
	metering.Store
	db *sql.DB
}

func (b blocking) AwaitBlocked(ctx context.Context) error {
	for {
		var waits bool
		err := b.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM pg_locks waits JOIN pg_locks has USING (pid)
			WHERE NOT waits.granted AND has.relation = 'meter_delta'::regclass)`).Scan(&waits)
		if err != nil || waits {
			return err
		}
	}
}
