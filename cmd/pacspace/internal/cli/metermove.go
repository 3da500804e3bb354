package cli

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/pacspace/pacspace-go/sqlstore"
)

func (a *app) meterMove() *cobra.Command {
	var s storage
	cmd := a.keyed(&cobra.Command{
		Use:   "move",
		Short: "Move a meter from its SQLite file to an empty PostgreSQL database",
		Long: `Move takes along all that is open, under way, sent and remembered. Stop every run of the
old store first. Afterwards its file refuses to be opened, so that a run that was forgotten
cannot count beside the new store. All is moved, or nothing: after an error the file is as
it was, and after a crash the same command goes on or finds that all is done.

The address of the database is in the environment as PACSPACE_METER_DATABASE or in a file
(--database-file), since it holds a password.`,
		Example:     `  pacspace meter move --store meter.db --database-file database.txt`,
		Annotations: jsonHelp("ids, buckets, deltas, batches: how many rows of each were moved"),
		Args:        exactly(),
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			client, err := a.client()
			if err != nil {
				return err
			}
			defer client.Close()
			address, err := a.databaseAddress(s.databaseFile)
			if err != nil {
				return err
			}
			if address == "" {
				return errors.New("which database is not said; name the file with its address by --database-file, or set PACSPACE_METER_DATABASE")
			}
			if _, err := os.Stat(s.file); err != nil {
				return err
			}
			from, err := openFile(s.file)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, from.Close()) }()
			to, err := openPostgres(address)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, to.Close()) }()
			moved, err := sqlstore.MoveToPostgreSQL(cmd.Context(), from, to, client.Environment())
			if err != nil {
				return err
			}
			return a.show(struct {
				IDs     int `json:"ids"`
				Buckets int `json:"buckets"`
				Deltas  int `json:"deltas"`
				Batches int `json:"batches"`
			}(moved), fmt.Sprintf("moved %d ids, %d days of accounts, %d deltas, %d batches\n", moved.IDs, moved.Buckets, moved.Deltas, moved.Batches))
		},
	})
	cmd.Flags().StringVar(&s.file, "store", "meter.db", "SQLite `file` of the meter")
	cmd.Flags().StringVar(&s.databaseFile, "database-file", "", "`file` with the address of the PostgreSQL database")
	return cmd
}
