// Command licencedoc writes docs/licences.md: what each module that users install links,
// and under which licence, read from the licence files themselves. Run it at the root of
// the repository; a test fails while the file is not what it writes.
//
//	go run ./interop/licencedoc > docs/licences.md
package main

import (
	"context"
	"fmt"
	"os"
)

func main() {
	text, err := Document(context.Background(), ".")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Print(text)
}
