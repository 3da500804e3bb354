// Write writes the verify page to standard output, for tests that open it in a browser.
package main

import (
	"fmt"
	"os"

	"github.com/pacspace/pacspace-go/cmd/pacspace/internal/verifypage"
)

func main() {
	if _, err := os.Stdout.Write(verifypage.HTML()); err != nil {
		fmt.Fprintln(os.Stderr, "write:", err)
		os.Exit(1)
	}
}
