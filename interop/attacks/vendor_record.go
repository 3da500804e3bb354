package attacks

import (
	"bytes"

	"github.com/pacspace/pacspace-go/interop/internal/forge"
	"github.com/pacspace/pacspace-go/proof"
)

func records() []attack {
	const credit = "credit-9"
	return []attack{
		{"sends-evidence-of-the-test-environment", "which file he sends", "a test bill to a buyer who expects a live one",
			forge.Fails(proof.CheckEnvironment, 0), func(s *scene) {
				s.Header["environment"] = "test"
				s.anchors = []forge.M{s.Record()}
			}},
		{"presents-a-root-of-the-test-environment", "header, where the record is asked", "the header says live, and the root is recorded in test",
			forge.Fails(proof.CheckEnvironment, 0), func(s *scene) { s.anchors[0]["environment"] = "test" }},
		{"presents-a-root-that-live-does-not-know", "header", "the same, and the buyer asks live: the answer is no anchor",
			forge.Refuse(), func(s *scene) { s.anchors[0]["verified"] = false }},
		{"presents-a-root-that-nobody-asked-for", "the file", "an invented bill that proves itself",
			forge.RestsOn(proof.CheckEnvironment, proof.CheckRoot, proof.CheckCount, proof.CheckNetChange), func(s *scene) {
				s.Item(4)["delta"] = forge.Amount("-500")
				s.rehash(4)
				s.Seal()
				s.anchors = nil
			}},
		{"presents-a-root-that-only-the-invoice-has", "file and invoice", "the same with its root on the invoice",
			forge.RestsOn(proof.CheckEnvironment, proof.CheckRoot, proof.CheckCount, proof.CheckNetChange), func(s *scene) {
				s.Item(4)["delta"] = forge.Amount("-500")
				s.rehash(4)
				s.Seal()
				s.anchors = []forge.M{forge.InvoiceRoot(s.RootOf().String())}
			}},
		{"prints-another-root", "invoice", "the invoice's root is not the file's",
			forge.Fails(proof.CheckRoot, 0), func(s *scene) { s.bring(forge.InvoiceRoot(forge.Stranger("invoice"))) }},
		{"names-no-checkpoint", "header", "no root in the file and none on the invoice",
			forge.Open(proof.CheckRoot), func(s *scene) {
				delete(s.Header, "checkpoint")
				s.anchors = nil
			}},
		{"bills-nothing-under-the-root-of-nothing", "header, where the record is asked", "an empty month under the zero hash, which any record could confirm",
			forge.Refuse(), func(s *scene) {
				s.Lines = nil
				s.recorded()
			}},
		{"leaves-a-credit-out-of-the-checkpoint", "which deltas he checkpoints", "a checkpoint over chosen fingerprints; what is there is true, and the report says that completeness is not shown",
			forge.Verified(), func(s *scene) {}},
		{"leaves-a-credit-out-that-the-buyer-saw", "which deltas he checkpoints", "the same, and the buyer brings his own list",
			forge.Fails(proof.CheckOwnDeltas, 0), func(s *scene) {
				own := s.Own()
				own["deltas"] = append(own["deltas"].([]any), forge.M{"referenceId": credit, "delta": forge.Amount("250")})
				s.bring(own)
			}},
		{"bills-what-the-buyer-did-not-see", "deltas and the checkpoint", "a delta that the buyer's own system never had",
			forge.Fails(proof.CheckOwnDeltas, forge.Line(27)), func(s *scene) {
				own := s.Own()
				own["deltas"] = own["deltas"].([]any)[:27]
				s.bring(own)
			}},
		{"records-another-amount-than-the-buyer-saw", "deltas and the checkpoint", "the service recorded -50 where the buyer's system has -49",
			forge.Fails(proof.CheckOwnDeltas, forge.Line(4)), func(s *scene) {
				own := s.Own()
				own["deltas"].([]any)[4].(forge.M)["delta"] = forge.Amount("-49")
				s.bring(own)
			}},
		{"numbers-over-a-gap", "indices, which no hash holds", "a credit is left out and the rest is numbered anew: the numbers have no gap, and show nothing",
			forge.Verified(), func(s *scene) {
				for i, l := range s.Lines {
					l["index"] = forge.Number(i)
				}
				s.bring(forge.With(forge.Probe(s.Variant, false, true), forge.M{"firstIndex": forge.Number(0)}))
			}},
		{"adds-a-link-to-his-own-record", "header", "a member verifyUrl with a host of his own",
			forge.Refuse(), func(s *scene) { s.Header["verifyUrl"] = "https://api.example.net/verify" }},
		{"adds-a-link-to-his-own-record-in-the-checkpoint", "header", "the same inside of the checkpoint",
			forge.Refuse(), func(s *scene) { s.Header["checkpoint"].(forge.M)["verifyUrl"] = "https://api.example.net" }},
		{"writes-a-link-where-a-label-is", "header", "the checkpoint's id is a link: nothing follows it",
			forge.Verified(), func(s *scene) { s.Header["checkpoint"].(forge.M)["id"] = "https://api.example.net/verify" }},
		{"sends-an-anchor-with-the-file", "the file", "an answer of the public record behind the trailer",
			forge.Refuse(), func(s *scene) {
				s.bytes = append(append(s.Bytes(), forge.Text(s.anchors[0])...), '\n')
				s.anchors = nil
			}},
		{"sends-an-anchor-in-the-header", "the file", "an answer of the public record as a member of the header",
			forge.Refuse(), func(s *scene) {
				s.Header["anchors"] = []any{s.anchors[0]}
				s.anchors = nil
			}},
	}
}

func numbers() []attack {
	return []attack{
		{"claims-a-sum-that-only-binary64-makes", "header", "-0.30000000000000004 for -0.1 and -0.2",
			forge.RestsOn(proof.CheckBalance), func(s *scene) {
				s.Lines = s.Lines[:2]
				s.Item(0)["delta"], s.Item(1)["delta"] = forge.Amount("-0.1"), forge.Amount("-0.2")
				s.rehash(0)
				s.rehash(1)
				s.recorded()
				s.Header["claimedBalance"] = "-0.30000000000000004"
			}},
		{"claims-0-for-what-is-beyond-binary64", "deltas and header", "two amounts whose sum no binary64 holds, claimed as 0",
			forge.Fails(proof.CheckBalance, 0), func(s *scene) {
				s.Lines = s.Lines[:2]
				s.Item(0)["delta"], s.Item(1)["delta"] = forge.Amount("-1.7e+308"), forge.Amount("-1.7e+308")
				s.rehash(0)
				s.rehash(1)
				s.recorded()
				s.Header["claimedBalance"] = "0"
			}},
		{"shaves-within-the-word-rounding", "header", "a thousandth less than the record's net change, in the claim, the sum and the file",
			forge.Fails(proof.CheckNetChange, 0), func(s *scene) { s.anchors[0]["netChange"] = "-1399.999" }},
		{"writes-an-amount-that-binary64-rounds", "deltas", "9007199254740993, which is hashed as ...992",
			forge.Refuse(), func(s *scene) { s.Item(4)["delta"] = forge.Amount("-9007199254740993") }},
		{"writes-metadata-that-binary64-rounds", "metadata", "a number that two readers take for two",
			forge.Refuse(), func(s *scene) { s.Item(4)["metadata"].(forge.M)["events"] = forge.Amount("0.1000000000000000055") }},
		{"spells-an-amount-with-a-zero", "the file", "-50.0 for -50",
			forge.Refuse(), func(s *scene) { s.Item(4)["delta"] = forge.Amount("-50.0") }},
		{"spells-an-amount-with-an-exponent", "the file", "-5e1 for -50",
			forge.Refuse(), func(s *scene) { s.Item(4)["delta"] = forge.Amount("-5e1") }},
		{"spells-a-balance-with-a-zero", "the file", "-1400.0 for -1400",
			forge.Refuse(), func(s *scene) { s.Header["claimedBalance"] = "-1400.0" }},
		{"spells-a-balance-as-a-number", "the file", "a JSON number for an exact decimal",
			forge.Refuse(), func(s *scene) { s.Header["claimedBalance"] = forge.Amount("-1400") }},
		{"spells-a-hash-in-capitals", "the file", "the same hash in another spelling",
			forge.Refuse(), func(s *scene) {
				s.Lines[4]["contentHash"] = "0x" + string(bytes.ToUpper([]byte(s.Lines[4]["contentHash"].(string)[2:])))
			}},
	}
}

func adjustments() []attack {
	adjusts := func(i int, what forge.M) func(s *scene) {
		return func(s *scene) {
			s.Item(i)["adjusts"] = what
			s.rehash(i)
			s.recorded()
		}
	}
	return []attack{
		{"adjusts-what-is-in-no-evidence", "deltas and the checkpoint", "an adjustment of a usage day's part that is not there",
			forge.Fails(proof.CheckAdjustments, forge.Line(4)), adjusts(4, forge.M{"referenceId": "usage:customer_acme:2026-02-01:part-9"})},
		{"adjusts-what-january-never-had", "deltas and the checkpoint", "an adjustment of a usage day that January's evidence lacks",
			forge.Fails(proof.CheckAdjustments, forge.Line(4)), func(s *scene) {
				adjusts(4, forge.M{"referenceId": "usage:customer_acme:2026-01-09:part-9"})(s)
				s.bring(january().Earlier(proof.Verified))
			}},
		{"adjusts-itself", "deltas and the checkpoint", "a delta that names itself",
			forge.Fails(proof.CheckAdjustments, forge.Line(4)), adjusts(4, forge.M{"referenceId": fifth})},
		{"adjusts-what-comes-later", "deltas and the checkpoint", "a delta that names one that is recorded after it",
			forge.Fails(proof.CheckAdjustments, forge.Line(4)), func(s *scene) {
				adjusts(4, forge.M{"recordId": s.Lines[9]["recordId"]})(s)
			}},
		{"adjusts-a-record-of-elsewhere", "deltas and the checkpoint", "a delta that names a record nobody brought: the report says that it was not checked",
			forge.Verified(), adjusts(4, forge.M{"recordId": "rec_of_another_invoice"})},
	}
}

func carried() []attack {
	carry := func(reference, amount string) func(s *scene) {
		return func(s *scene) {
			s.Add(forge.Item(reference, amount))["carried"] = forge.Window(forge.January)
			s.Seal()
		}
	}
	const late = "usage:customer_acme:2026-01-31:late-1"
	return []attack{
		{"carries-what-was-never-recorded", "the file", "a carried delta is under no root: nothing but the file has it",
			forge.RestsOn(proof.CheckCarried), func(s *scene) {
				carry(late, "-700")(s)
				s.bring(january().Earlier(proof.Verified))
			}},
		{"carries-what-january-billed", "the file", "a delta of January's invoice as a carried one of February's",
			forge.Fails(proof.CheckReferences, forge.Line(28)), func(s *scene) {
				carry("usage:customer_acme:2026-01-31", "-50")(s)
				s.bring(january().Earlier(proof.Verified), s.BatchRecord(28))
			}},
		{"carries-what-may-have-been-billed", "the file", "a carried delta whose batch is recorded, and no evidence of January",
			forge.RestsOn(proof.CheckCarried), func(s *scene) {
				carry(late, "-50")(s)
				s.bring(s.BatchRecord(28))
			}},
		{"carries-another-amount-than-its-batch-has", "the file", "the batch is recorded with -50, and the carried line says -500",
			forge.Fails(proof.CheckContent, forge.Line(28)), func(s *scene) {
				carry(late, "-50")(s)
				s.Item(28)["delta"] = forge.Amount("-500")
				s.Seal()
				s.bring(january().Earlier(proof.Verified), s.BatchRecord(28))
			}},
		{"carries-from-before-its-usage", "the file", "usage of February, carried from January's window",
			forge.Fails(proof.CheckUsageDays, forge.Line(28)), carry("usage:customer_acme:2026-02-05:part-2", "-50")},
		{"carries-from-his-own-window", "the file", "a carried delta of the window that is billed",
			forge.Refuse(), func(s *scene) {
				s.Add(forge.Item(late, "-50"))["carried"] = forge.Window(forge.February)
				s.Seal()
			}},
		{"carries-off-the-list", "the file", "a carried line that the header does not list",
			forge.Fails(proof.CheckOrder, forge.Line(28)), func(s *scene) {
				carry(late, "-50")(s)
				delete(s.Header, "carried")
			}},
		{"lists-what-he-does-not-carry", "header", "the header lists a carried delta without a line",
			forge.Fails(proof.CheckOrder, 0), func(s *scene) {
				s.Header["carried"] = []any{forge.M{"referenceId": late, "window": forge.Window(forge.January)}}
			}},
		{"takes-a-delta-out-of-the-checkpoint-by-carrying-it", "the file", "a delta under the checkpoint is shown as carried, so that the root is another",
			forge.Fails(proof.CheckCount, 0), func(s *scene) {
				root := s.RootOf().String()
				s.Item(4)["referenceId"] = late
				s.Lines[4]["carried"] = forge.Window(forge.January)
				s.rehash(4)
				s.Seal()
				s.Header["checkpoint"].(forge.M)["proofRoot"] = root
			}},
	}
}
