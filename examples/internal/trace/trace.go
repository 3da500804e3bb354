// Package trace is a month of usage to try things on: five customers of a service that
// bills compute minutes, February 2026. It is made up, by gen, and shaped like the real
// thing: days and nights, weekends, bursts, one customer who is idle for a day, one who is
// billed in tenths, and one line that arrives after its day was settled.
package trace

import (
	"bytes"
	_ "embed"
	"time"

	"github.com/pacspace/pacspace-go/examples/internal/usagecsv"
)

//go:generate go run ./gen 2026-02.csv

//go:embed 2026-02.csv
var csv []byte

// What the trace is and counts.
const (
	Name     = "the bundled trace of February 2026"
	Resource = "compute-minutes"
	Unit     = "minute"
)

// Options are the ones that fit the trace. A day stays open for an hour.
func Options() usagecsv.Options {
	return usagecsv.Options{
		TimeColumn:     "time",
		AmountColumns:  []string{"compute_minutes"},
		CustomerColumn: "customer",
		ArrivalColumn:  "arrived",
		Grace:          time.Hour,
	}
}

// CSV is a copy of the trace's text.
func CSV() []byte { return bytes.Clone(csv) }

// Read adds the trace up.
func Read() (*usagecsv.Usage, error) {
	return usagecsv.Read(bytes.NewReader(csv), Name, Options())
}
