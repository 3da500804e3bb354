// Command cmd writes the corpus of mutations as files, beside an index of what each must
// come to, for another verifier than this repository's:
//
//	go run ./interop/corpus/cmd -out folder
package main

import (
	"flag"
	"fmt"
	"os"
	"slices"

	"github.com/pacspace/pacspace-go/interop/corpus"
	"github.com/pacspace/pacspace-go/interop/internal/forge"
)

func main() {
	out := flag.String("out", "", "the folder to write into; it is made where it is not there")
	sample := flag.Bool("sample", false, "write the first mutation of each class alone")
	flag.Parse()
	if *out == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	var all []corpus.Mutation
	if *sample {
		all = corpus.Sample()
	} else {
		all = slices.Collect(corpus.All())
	}
	if err := forge.Write(*out, all, func(m *corpus.Mutation) *forge.Case { return &m.Case }); err != nil {
		fmt.Fprintln(os.Stderr, "corpus:", err)
		os.Exit(1)
	}
	fmt.Printf("%d mutations written\n", len(all))
}
