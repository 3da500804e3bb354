// Package snippets has the names that snippets of the documents use and that none of them
// makes. The test compiles it together with each document.
package snippets

import (
	"context"
	"database/sql"
	"iter"
	"log/slog"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/reconcile"
)

var (
	ctx    context.Context
	t      *testing.T
	client *pacspace.Client
	err    error

	params  pacspace.DeltaParams // a delta to emit
	started time.Time            // when it was first sent
	sent    iter.Seq2[pacspace.DeltaParams, error]

	mine, theirs pacspace.Decimal // two views of one balance
	price        pacspace.Decimal

	january, closing *pacspace.Closing
	rootOnTheInvoice string
	file             *os.File

	newSecret, oldSecret string
	secrets              interface {
		Read(ctx context.Context, name string) (string, error)
	}

	db, sqliteDB, postgresDB *sql.DB
	meter                    *metering.Meter
	books                    reconcile.SystemOfRecord
	page                     reconcile.Alert // an operator
	logger                   *slog.Logger
	secret, previousSecret   string

	mux *http.ServeMux
)
