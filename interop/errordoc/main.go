// Command errordoc writes docs/errors.md from the comments of the exported errors: what
// happened, and behind the words "What to do:" what to do. Run it at the root of the
// repository; a test fails while the file is not what it writes.
//
//	go run ./interop/errordoc > docs/errors.md
package main

import (
	"fmt"
	"os"
)

func main() {
	text, err := Document(".")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Print(text)
}
