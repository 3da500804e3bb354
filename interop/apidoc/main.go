// Command apidoc writes API.md from the source: the route table, the methods that use it,
// and the wanted differences that the vector tests list. Run it at the root of the
// repository; a test fails while API.md is not what it writes.
//
//	go run ./interop/apidoc > API.md
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
