// Command cmd writes every attack as a file, beside an index of what each must come to, for
// another verifier than this repository's:
//
//	go run ./interop/attacks/cmd -out folder
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/pacspace/pacspace-go/interop/attacks"
	"github.com/pacspace/pacspace-go/interop/internal/forge"
)

func main() {
	out := flag.String("out", "", "the folder to write into; it is made where it is not there")
	flag.Parse()
	if *out == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	all := attacks.All()
	if err := forge.Write(*out, all, func(a *attacks.Attack) *forge.Case { return &a.Case }); err != nil {
		fmt.Fprintln(os.Stderr, "attacks:", err)
		os.Exit(1)
	}
	fmt.Printf("%d attacks written\n", len(all))
}
