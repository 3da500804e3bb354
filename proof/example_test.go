package proof_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/usage"
)

// evidence is what a vendor sends with the invoice for February: three days of usage, and
// the root that the service printed for them.
func evidence() (file []byte, root proof.Hash) {
	const february = usage.Period("2026-02")
	var lines []proof.Line
	var hashes []proof.Hash
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
		hashes = append(hashes, hash)
		lines = append(lines, proof.Line{
			Item: item, RecordID: fmt.Sprintf("rec_%d", i+1), ContentHash: hash,
			Sources: proof.Sources{Item: proof.SourceSubmitted, Record: proof.SourceDerived, Proof: proof.SourceWebhook},
		})
	}

	root = proof.VariantHex0x.Root(hashes)
	var out bytes.Buffer
	w, err := proof.NewWriter(&out, proof.Header{
		Account:        usage.Account{CustomerID: "customer_acme", Resource: "compute-minutes"},
		Period:         february,
		Window:         february.RecordingWindow(),
		ClaimedBalance: decimal.New(-105),
		Count:          len(lines),
		Checkpoint:     proof.Checkpoint{ID: "chk_1", Root: root},
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
	return out.Bytes(), root
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
	// Output: verified: 3 deltas of compute-minutes, balance -105, root 0xf92b..., completeness not shown
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

// What an earlier verification left says which window it ended with, and binds the next one.
func ExampleReadAnchor() {
	file, root := evidence()
	report, err := proof.Verify(bytes.NewReader(file), expected, publicRecord(root))
	if err != nil {
		fmt.Println(err)
		return
	}
	end, err := report.Anchor()
	if err != nil {
		fmt.Println(err)
		return
	}
	var kept bytes.Buffer // a file, beside the invoice
	if err := proof.WriteAnchor(&kept, end); err != nil {
		fmt.Println(err)
		return
	}

	anchor, err := proof.ReadAnchor(&kept)
	if err != nil {
		fmt.Println(err)
		return
	}
	if earlier, ok := anchor.(*proof.Earlier); ok {
		fmt.Println(earlier.Account().CustomerID, "up to", earlier.Window().End.Format("2006-01-02"), "balance", earlier.Balance())
	}
	// Output: customer_acme up to 2026-03-02 balance -105
}

// The buyer's own table shows that nothing was left out.
func ExampleCollectOwn() {
	file, root := evidence()
	own, err := proof.CollectOwn(proof.ReadCSV(strings.NewReader(`referenceId,delta
usage:customer_acme:2026-02-01,-50
usage:customer_acme:2026-02-02,-20
usage:customer_acme:2026-02-03,-35`), proof.CSVColumns{}))
	if err != nil {
		fmt.Println(err)
		return
	}
	report, err := proof.Verify(bytes.NewReader(file), expected, publicRecord(root), own)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(report.Verdict, "- completeness:", report.Completeness)
	// Output: verified - completeness: shown by own deltas
}

// A file that was kept packed is unpacked on the way.
func ExampleUnpack() {
	file, root := evidence()
	var kept bytes.Buffer
	packer := gzip.NewWriter(&kept)
	if _, err := packer.Write(file); err != nil {
		fmt.Println(err)
		return
	}
	if err := packer.Close(); err != nil {
		fmt.Println(err)
		return
	}

	report, err := proof.Verify(proof.Unpack(&kept), expected, publicRecord(root))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(report.Verdict)
	// Output: verified
}

func ExampleWithProgress() {
	file, root := evidence()
	show := func(p proof.Progress) { fmt.Println("read", p.Deltas, "deltas") }

	report, err := proof.Verify(proof.WithProgress(bytes.NewReader(file), show), expected, publicRecord(root))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(report.Verdict)
	// Output:
	// read 3 deltas
	// verified
}

// A program of one's own reads the deltas of a file, which are well-formed and not verified.
func ExampleReader() {
	file, _ := evidence()
	reader, err := proof.NewReader(bytes.NewReader(file))
	if err != nil {
		fmt.Println(err)
		return
	}
	header := reader.Header()
	fmt.Println(header.Account.CustomerID, header.Period, "claims", header.ClaimedBalance)
	for line, err := range reader.Lines() {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(line.Sequence, line.Item.ReferenceID, line.Item.Delta)
	}
	// Output:
	// customer_acme 2026-02 claims -105
	// 1 usage:customer_acme:2026-02-01 -50
	// 2 usage:customer_acme:2026-02-02 -20
	// 3 usage:customer_acme:2026-02-03 -35
}

// A batch's hashes show that one delta is in it, without the others.
func ExampleVariant_VerifyInclusion() {
	var leaves []proof.Hash
	for day := range int64(3) {
		hash, err := proof.VariantHex0x.ItemHash(proof.Item{CustomerID: "customer_acme", Delta: decimal.New(-50 - day)})
		if err != nil {
			fmt.Println(err)
			return
		}
		leaves = append(leaves, hash)
	}
	path, err := proof.VariantHex0x.ProveInclusion(leaves, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	root := proof.VariantHex0x.Root(leaves)
	fmt.Println(len(path), proof.VariantHex0x.VerifyInclusion(leaves[1], 1, 3, path, root))
	// Output: 2 <nil>
}

// Which reading of the scheme leads to a hash of the service: none of them, where it is
// another scheme.
func ExampleMatchRoot() {
	leaves := []proof.Hash{{1}, {2}, {3}}
	fmt.Println(proof.MatchRoot(leaves, proof.VariantRaw.Root(leaves)))
	fmt.Println(proof.MatchRoot(leaves, proof.Hash{4}))
	// Output:
	// [raw]
	// []
}

// A vendor whose submissions are kept elsewhere writes evidence by himself.
func ExampleNewWriter() {
	day := usage.NewDate(2026, time.February, 1)
	item := proof.Item{
		CustomerID: "customer_acme", Delta: decimal.New(-50),
		Reason: usage.DailyReason(day), ReferenceID: usage.DailyReference("customer_acme", day),
		Metadata: json.RawMessage(`{"resource":"compute-minutes"}`),
	}
	hash, err := proof.VariantHex0x.ItemHash(item) // here in the place of the service's contentHash
	if err != nil {
		fmt.Println(err)
		return
	}

	var file bytes.Buffer
	w, err := proof.NewWriter(&file, proof.Header{
		Account: usage.Account{CustomerID: "customer_acme", Resource: "compute-minutes"},
		Period:  "2026-02", Window: usage.Period("2026-02").RecordingWindow(),
		ClaimedBalance: decimal.New(-50), Count: 1, Checkpoint: proof.Checkpoint{Root: hash},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = w.Write(proof.Line{
		Item: item, RecordID: "rec_1", ContentHash: hash,
		Sources: proof.Sources{Item: proof.SourceSubmitted, Record: proof.SourceStatus, Proof: proof.SourceStatus},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := w.Close(); err != nil {
		fmt.Println(err)
		return
	}

	report, err := proof.Verify(&file, expected, proof.InvoiceRoot{Root: hash})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(report.Verdict, report.Balance)
	// Output: consistent -50
}
