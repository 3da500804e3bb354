package proof_test

import (
	"fmt"
	"strings"

	"github.com/pacspace/pacspace-go/proof"
)

// The buyer compares what the vendor recorded with a table of his own.
func ExampleDiff() {
	vendor := proof.ReadJSONLines(strings.NewReader(`{"referenceId":"usage:customer_acme:2026-02-01","delta":-50}
{"referenceId":"usage:customer_acme:2026-02-02","delta":-51}
{"referenceId":"usage:customer_acme:2026-02-03","delta":-50}`)) // or the Items of an evidence Reader
	own := proof.ReadCSV(strings.NewReader(`reference,minutes
usage:customer_acme:2026-02-01,-50
usage:customer_acme:2026-02-02,-50
credit-9,250`), proof.CSVColumns{ReferenceID: "reference", Delta: "minutes"})

	var summary proof.DiffSummary
	for difference, err := range proof.Diff(vendor, own, &summary) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(difference)
	}
	fmt.Println("same:", summary.Same, "- in all:", summary.By)
	// Output:
	// usage:customer_acme:2026-02-02: amount differs: vendor -51, own -50, by -1
	// usage:customer_acme:2026-02-03: missing in own: vendor -50, own nothing, by -50
	// credit-9: missing in vendor: vendor nothing, own 250, by -250
	// same: 1 - in all: -301
}
