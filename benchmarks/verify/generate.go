package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/usage"
)

const (
	customer  = "customer_bench"
	resource  = "compute-minutes"
	month     = usage.Period("2026-02")
	lineBytes = 666 // of a delta, with its line end
	perBatch  = 100
)

// generate writes evidence of n deltas that is verified: 28 days in parts, batches of 100,
// chained, under one checkpoint.
func generate(path string, n int) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	// The header comes last, when balance and root are known, into room that is kept for it.
	room := bytes.Repeat([]byte{' '}, 1024)
	room[len(room)-1] = '\n'
	out := bufio.NewWriterSize(file, 1<<20)
	out.Write(room)
	g := generator{leaves: make([]proof.Hash, 0, n), out: out}
	for i := 0; i < n; i += perBatch {
		g.batch(i, min(perBatch, n-i))
	}
	root, balance := proof.VariantHex0x.Root(g.leaves), g.sum()
	fmt.Fprintf(out, `{"end":%q,"count":%d,"sum":%q,"root":"%s"}`+"\n", proof.EvidenceFormat, n, balance, root)
	if err := out.Flush(); err != nil {
		return err
	}
	window := month.RecordingWindow()
	header := fmt.Sprintf(`{"format":%q,"environment":"live","account":{"customerId":%q,"resource":%q},"period":%q,"usageDays":{"first":"%s","last":"%s"},"window":{"start":%q,"end":%q},"startingBalance":"0","claimedBalance":%q,"count":%d,"checkpoint":{"proofRoot":"%s"},"scheme":%q,"variant":"hex0x"}`,
		proof.EvidenceFormat, customer, resource, string(month), month.First(), month.Last(),
		window.Start.Format(time.RFC3339), window.End.Format(time.RFC3339), balance, n, root, proof.Scheme)
	if _, err := file.WriteAt([]byte(header), 0); err != nil {
		return err
	}
	return file.Close()
}

type generator struct {
	leaves   []proof.Hash
	out      *bufio.Writer
	previous proof.Hash
	cents    int64
}

func (g *generator) sum() decimal.Decimal {
	d, err := decimal.Parse(fmt.Sprintf("%de-2", g.cents))
	if err != nil {
		panic(err)
	}
	return d
}

func (g *generator) batch(first, n int) {
	items, hashes := make([]string, n), make([]proof.Hash, n)
	for i := range n {
		items[i] = g.item(first + i)
		hashes[i] = proof.VariantHex0x.Leaf([]byte(items[i]))
	}
	g.leaves = append(g.leaves, hashes...)
	root := proof.VariantHex0x.Root(hashes)
	for i := range n {
		number := first + i + 1
		fmt.Fprintf(g.out, `{"sequence":%d,"item":%s,"recordId":"rec_%08d","contentHash":"%s","proofHash":"%s","previousProofHash":"%s","sources":{"item":"submitted","record":"derived","proof":"webhook"}}`+"\n",
			number, items[i], number, hashes[i], root, g.previous)
	}
	g.previous = root
}

// item returns a delta in canonical form, padded so that its line has lineBytes.
func (g *generator) item(i int) string {
	cents := int64(i%9973)*100 + int64(i%97) + 3
	if cents%10 == 0 {
		cents++
	}
	g.cents -= cents
	day := month.First().AddDays(i % 28)
	reference := usage.Reference{CustomerID: customer, Day: day, Part: i/28 + 2}
	item := fmt.Sprintf(`{"customerId":%q,"delta":-%d.%02d,"metadata":{"cluster":"eu-central-1b","note":"%%s","resource":%q},"reason":%q,"referenceId":%q}`,
		customer, cents/100, cents%100, resource, usage.DailyReason(day), reference)
	const rest = len(`{"sequence":,"item":,"recordId":"rec_","contentHash":"","proofHash":"","previousProofHash":"","sources":{"item":"submitted","record":"derived","proof":"webhook"}}`) + 8 + 3*66 + len("\n")
	pad := lineBytes - rest - len(fmt.Sprint(i+1)) - (len(item) - len("%s"))
	return fmt.Sprintf(item, strings.Repeat("n", pad))
}
