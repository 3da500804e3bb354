package proof_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/usage"
)

// evidence is what a vendor sends with the invoice for February: three days of usage, and
// the root that the service printed for them.
func evidence() (file []byte, root proof.Hash) {
	const february = usage.Period("2026-02")
	var lines []proof.Line
	tree := proof.NewTree(proof.VariantHex0x)
	for i, minutes := range []int64{50, 20, 35} {
		day := february.First().AddDays(i)
		item := proof.Item{
			CustomerID:  "customer_acme",
			Delta:       decimal.New(-minutes),
			Reason:      usage.DailyReason(day),
			ReferenceID: usage.DailyReference("customer_acme", day),
			Metadata:    json.RawMessage(`{"resource":"compute-minutes"}`),
		}
		hash, err := proof.VariantHex0x.ItemHash(item)
		if err != nil {
			panic(err)
		}
		tree.Append(hash)
		lines = append(lines, proof.Line{
			Item: item, RecordID: fmt.Sprintf("rec_%d", i+1), ContentHash: hash,
			Sources: proof.Sources{Item: proof.SourceSubmitted, Record: proof.SourceDerived, Proof: proof.SourceWebhook},
		})
	}

	var out bytes.Buffer
	w, err := proof.NewWriter(&out, proof.Header{
		Account:        usage.Account{CustomerID: "customer_acme", Resource: "compute-minutes"},
		Period:         february,
		Window:         february.RecordingWindow(),
		ClaimedBalance: decimal.New(-105),
		Count:          len(lines),
		Checkpoint:     proof.Checkpoint{ID: "chk_1", Root: tree.Root()},
	})
	if err != nil {
		panic(err)
	}
	for _, l := range lines {
		if err := w.Write(l); err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return out.Bytes(), tree.Root()
}

// publicRecord is the anchor that the buyer fetched for the root on his invoice.
func publicRecord(root proof.Hash) *proof.PublicRecord {
	anchor, err := proof.NewPublicRecord(proof.PublicRecord{
		Root: root, Verified: true, RecordCount: new(int64(3)), NetChange: new(decimal.New(-105)), Source: "app.pacspace.io",
	})
	if err != nil {
		panic(err)
	}
	return anchor
}

var expected = proof.Expect{CustomerID: "customer_acme", Resource: "compute-minutes", Period: "2026-02"}

func ExampleVerify() {
	file, root := evidence()

	report, err := proof.Verify(bytes.NewReader(file), expected, publicRecord(root))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(report)

	// The buyer's own list of deltas shows that none was left out.
	own := proof.OwnDeltas{}
	for i, minutes := range []int64{50, 20, 35} {
		day := usage.Period("2026-02").First().AddDays(i)
		own.Items = append(own.Items, proof.Item{ReferenceID: usage.DailyReference("customer_acme", day), Delta: decimal.New(-minutes)})
	}
	report, err = proof.Verify(bytes.NewReader(file), expected, publicRecord(root), own)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(report)
	// Output:
	// verified: 3 deltas of compute-minutes, balance -105, root 0xf92b..., completeness not shown
	// verified: 3 deltas of compute-minutes, balance -105, root 0xf92b..., complete by the buyer's own deltas
}

// A copy in which one amount was changed does not match, and the report names the delta.
func ExampleVerify_changedCopy() {
	file, root := evidence()
	changed := strings.Replace(string(file), `"delta":-20`, `"delta":-29`, 1)

	report, err := proof.Verify(strings.NewReader(changed), expected, publicRecord(root))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(report.Verdict)
	fmt.Println("line", report.First.Line, report.First.Reference)
	fmt.Println(report.First.Check)
	// Output:
	// does not match
	// line 3 usage:customer_acme:2026-02-02
	// content hashes
}

// The root on the invoice binds the file to the invoice, and neither to the record.
func ExampleVerify_invoiceRoot() {
	file, root := evidence()

	report, err := proof.Verify(bytes.NewReader(file), expected, proof.InvoiceRoot{Root: root})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(report.Verdict)
	for _, rest := range report.Check(proof.CheckRoot).Rests {
		fmt.Println(rest.Why)
	}
	// Output:
	// consistent
	// it follows from the root printed on the invoice, which was not held against the public record
}

// An anchor is fetched once, when the invoice arrives, and used offline from then on.
func ExampleWriteAnchor() {
	file, root := evidence()

	var kept bytes.Buffer // a file
	if err := proof.WriteAnchor(&kept, publicRecord(root)); err != nil {
		fmt.Println(err)
		return
	}
	anchor, err := proof.ReadAnchor(&kept)
	if err != nil {
		fmt.Println(err)
		return
	}
	report, err := proof.Verify(bytes.NewReader(file), expected, anchor)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(report.Verdict)
	// Output: verified
}

func ExampleReader_Lines() {
	file, _ := evidence()
	reader, err := proof.NewReader(bytes.NewReader(file))
	if err != nil {
		fmt.Println(err)
		return
	}
	for line, err := range reader.Lines() {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(line.Sequence, line.Item.ReferenceID, line.Item.Delta)
	}
	// Output:
	// 1 usage:customer_acme:2026-02-01 -50
	// 2 usage:customer_acme:2026-02-02 -20
	// 3 usage:customer_acme:2026-02-03 -35
}
