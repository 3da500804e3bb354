// Package snippets has the names that snippets of the documents use and that none of them
// makes. The test compiles it together with each document.
package snippets

import (
	"context"
	"iter"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/pacspace/pacspace-go"
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

	mux   *http.ServeMux
	inbox interface {
		Store(ctx context.Context, id string, body []byte) error
	}
)
