package attacks

import (
	"bytes"
	"compress/gzip"
	"strings"

	"github.com/pacspace/pacspace-go/internal/canonical"
	"github.com/pacspace/pacspace-go/interop/internal/forge"
	"github.com/pacspace/pacspace-go/proof"
)

func buyers() []attack {
	return []attack{
		{"removes-a-delta", "his copy of the file", "27 of 28 lines, sealed again but for the root that the record has",
			forge.Fails(proof.CheckCount, 0), func(s *scene) {
				s.drop(4)
				s.underTrueRoot()
			}},
		{"removes-a-delta-and-its-trace", "his copy of the file", "the same with a root of his own",
			forge.Fails(proof.CheckRoot, 0), func(s *scene) {
				s.drop(4)
				s.SealNumbers()
				s.SealChain()
				s.Seal()
			}},
		{"claims-a-smaller-record", "the anchor", "he says that the record has one delta less",
			forge.Fails(proof.CheckCount, 0), func(s *scene) { s.anchors[0]["recordCount"] = forge.Number(days - 1) }},
		{"claims-a-smaller-sum", "the anchor", "he says that the record has another net change",
			forge.Fails(proof.CheckNetChange, 0), func(s *scene) { s.anchors[0]["netChange"] = "-1350" }},
		{"claims-another-root", "the anchor", "he brings the record of another root",
			forge.Fails(proof.CheckRoot, 0), func(s *scene) { s.anchors[0]["root"] = forge.Stranger("another record") }},
		{"claims-another-invoice", "the anchor", "he says that another root is printed on the invoice",
			forge.Fails(proof.CheckRoot, 0), func(s *scene) { s.bring(forge.InvoiceRoot(forge.Stranger("another invoice"))) }},
		{"claims-another-customer", "what he expects", "he says that he is somebody else",
			forge.Fails(proof.CheckAccount, 0), func(s *scene) { s.expect["customerId"] = "customer_bolt" }},
		{"claims-another-month", "what he expects", "he says that the invoice is March's",
			forge.Fails(proof.CheckUsageDays, 0), func(s *scene) { s.expect["usageDays"] = forge.Days(forge.February.Next()) }},
		{"claims-a-better-end-of-january", "the anchor", "he says that January ended with 500, while this file starts where it did",
			forge.Fails(proof.CheckStart, 0), func(s *scene) {
				s.Header["startingBalance"] = "-1550"
				s.Seal()
				s.bring(forge.With(january().Earlier(proof.Verified), forge.M{"balance": "500"}))
			}},
		{"claims-that-january-billed-it", "the anchor", "he adds a delta of February to January's list",
			forge.Fails(proof.CheckReferences, forge.Line(4)), func(s *scene) {
				earlier := january().Earlier(proof.Verified)
				earlier["billed"] = append(earlier["billed"].([]any), forge.M{"referenceId": fifth})
				s.bring(earlier)
			}},
		{"makes-evidence-that-did-not-hold-an-anchor", "the anchor", "earlier evidence that ended as incomplete",
			forge.Refuse(), func(s *scene) { s.bring(january().Earlier(proof.Incomplete)) }},
		{"forgets-a-delta-of-his-own", "his own list", "a list without one of the days",
			forge.Fails(proof.CheckOwnDeltas, forge.Line(4)), func(s *scene) {
				own := s.Own()
				list := own["deltas"].([]any)
				own["deltas"] = append(list[:4:4], list[5:]...)
				s.bring(own)
			}},
		{"names-a-delta-twice", "his own list", "one reference with two amounts",
			forge.Refuse(), func(s *scene) {
				own := s.Own()
				list := own["deltas"].([]any)
				own["deltas"] = append(list, list[0])
				s.bring(own)
			}},
		{"brings-evidence-of-another-customer", "the anchor", "earlier evidence of somebody else",
			forge.Refuse(), func(s *scene) {
				s.bring(forge.With(january().Earlier(proof.Verified), forge.M{"account": forge.M{"customerId": "customer_bolt", "resource": forge.Resource}}))
			}},
		{"asks-for-another-variant", "what he expects", "he holds the file to a variant that is not the service's",
			forge.Open(proof.CheckRoot), func(s *scene) { s.expect["variant"] = string(proof.VariantRaw) }},
	}
}

// text changes the file's text as a middleman does, who seals nothing.
func text(old, new string) func(s *scene) {
	return func(s *scene) {
		before := string(s.Bytes())
		s.bytes = []byte(strings.Replace(before, old, new, 1))
		if before == string(s.bytes) {
			panic("attacks: the file does not have " + old)
		}
	}
}

// line changes a line of the file, counted from 1.
func line(n int, change func(text []byte) []byte) func(s *scene) {
	return func(s *scene) {
		lines := s.Texts()
		lines[n-1] = change(lines[n-1])
		s.bytes = append(bytes.Join(lines, []byte("\n")), '\n')
	}
}

func whole(change func(file []byte) []byte) func(s *scene) {
	return func(s *scene) { s.bytes = change(s.Bytes()) }
}

func middlemen() []attack {
	const file = "the file on its way"
	swap := func(a, b int) func(s *scene) {
		return func(s *scene) { s.Lines[a], s.Lines[b] = s.Lines[b], s.Lines[a] }
	}
	return []attack{
		{"changes-an-amount", file, "-50 becomes -51 and nothing else", forge.Fails(proof.CheckContent, forge.Line(0)), text(`"delta":-50`, `"delta":-51`)},
		{"changes-metadata", file, "12 events become 13", forge.Fails(proof.CheckContent, forge.Line(0)), text(`"events":12`, `"events":13`)},
		{"changes-a-reason", file, "another text for people", forge.Fails(proof.CheckContent, forge.Line(0)), text(`"reason":"daily`, `"reason":"hourly`)},
		{"empties-metadata", file, "{} is not the same as what was hashed", forge.Fails(proof.CheckContent, forge.Line(3)), func(s *scene) {
			s.Item(3)["metadata"] = forge.M{}
		}},
		{"changes-a-content-hash", file, "another hash beside what it was made from", forge.Fails(proof.CheckContent, forge.Line(3)), func(s *scene) {
			s.Lines[3]["contentHash"] = forge.Stranger("content")
		}},
		{"changes-the-start", file, "-1 for 0", forge.Fails(proof.CheckBalance, 0), func(s *scene) { s.Header["startingBalance"] = "-1" }},
		{"changes-the-root", file, "another root in the header", forge.Fails(proof.CheckRoot, 0), func(s *scene) {
			s.Header["checkpoint"].(forge.M)["proofRoot"] = forge.Stranger("root")
		}},
		{"changes-the-trailers-root", file, "another root in the trailer", forge.Fails(proof.CheckRoot, 0), func(s *scene) { s.Trailer["root"] = forge.Stranger("root") }},
		{"changes-the-trailers-sum", file, "another sum in the trailer", forge.Fails(proof.CheckBalance, 0), func(s *scene) { s.Trailer["sum"] = "-1401" }},
		{"changes-the-trailers-count", file, "another count in the trailer", forge.Fails(proof.CheckCount, 0), func(s *scene) { s.Trailer["count"] = forge.Number(days - 1) }},
		{"swaps-two-lines", file, "the lines are not in the order of their numbers", forge.Fails(proof.CheckOrder, forge.Line(2)), swap(2, 3)},
		{"cuts-a-line-out", file, "a line is gone", forge.Fails(proof.CheckOrder, forge.Line(4)), func(s *scene) { s.drop(4) }},
		{"cuts-the-end-off", file, "the trailer is gone", forge.Refuse(), whole(func(f []byte) []byte { return f[:bytes.LastIndexByte(f[:len(f)-1], '\n')+1] })},
		{"cuts-within-a-line", file, "the file ends in the middle of a delta", forge.Refuse(), whole(func(f []byte) []byte { return f[:len(f)/2] })},
		{"adds-a-line", file, "more lines than the header announces", forge.Refuse(), func(s *scene) { s.Add(forge.Daily(forge.Day(5))) }},
		{"adds-a-second-file", file, "a whole file behind the trailer", forge.Refuse(), whole(func(f []byte) []byte { return append(bytes.Clone(f), f...) })},
		{"doubles-a-name", file, "a second delta in one item", forge.Refuse(), text(`"delta":-50`, `"delta":-50,"delta":-5`)},
		{"doubles-a-name-in-metadata", file, "two readers could see two values", forge.Refuse(), text(`"events":12`, `"events":12,"events":13`)},
		{"changes-the-case-of-a-name", file, "Delta beside delta, which lax readers take for one", forge.Refuse(), text(`"delta":-50`, `"delta":-50,"Delta":-5`)},
		{"escapes-a-name", file, "a name in another spelling", forge.Refuse(), text(`"delta":-50`, `"d\u0065lta":-50`)},
		{"adds-a-name", file, "a name that the format does not know", forge.Refuse(), text(`"delta":-50`, `"delta":-50,"amount":-5`)},
		{"writes-null", file, "null for what is not there", forge.Refuse(), func(s *scene) { s.Lines[4]["recordId"] = nil }},
		{"writes-a-byte-order-mark", file, "the file begins with one", forge.Refuse(), whole(func(f []byte) []byte { return append([]byte("\xef\xbb\xbf"), f...) })},
		{"writes-a-nul", file, "a NUL byte in a text", forge.Refuse(), text(`daily_usage`, "daily\x00usage")},
		{"writes-invalid-utf8", file, "a byte that is no text", forge.Refuse(), text(`daily_usage`, "daily\xffusage")},
		{"writes-a-lone-surrogate", file, "half of a character", forge.Refuse(), text(`daily_usage`, `daily\ud800usage`)},
		{"writes-an-empty-line", file, "an empty line between two deltas", forge.Refuse(), line(3, func(t []byte) []byte { return append(append([]byte(nil), t...), '\n') })},
		{"writes-dos-line-ends", file, "CR LF for LF, as mail programs do: it means the same", forge.Verified(), whole(func(f []byte) []byte { return bytes.ReplaceAll(f, []byte("\n"), []byte("\r\n")) })},
		{"writes-white-space", file, "spaces between JSON tokens: they mean nothing", forge.Verified(), text(`"delta":-50`, "\"delta\" :\t-50 ")},
		{"packs-the-file", file, "gzip instead of text", forge.Refuse(), whole(func(f []byte) []byte {
			var packed bytes.Buffer
			w := gzip.NewWriter(&packed)
			if _, err := w.Write(f); err != nil {
				panic(err)
			}
			if err := w.Close(); err != nil {
				panic(err)
			}
			return packed.Bytes()
		})},
		{"sends-a-line-without-an-end", file, "a line past every limit", forge.Refuse(), func(s *scene) {
			s.Item(4)["reason"] = strings.Repeat("x", proof.MaxLineBytes)
		}},
		{"nests-deeply", file, "metadata deeper than any reader goes", forge.Refuse(), func(s *scene) {
			text(`"events":12`, `"events":`+strings.Repeat("[", canonical.MaxDepth)+strings.Repeat("]", canonical.MaxDepth))(s)
		}},
		{"sends-nothing", file, "an empty file", forge.Refuse(), whole(func([]byte) []byte { return []byte{} })},
	}
}

func services() []attack {
	const answer = "the public record's answer"
	return []attack{
		{"answers-another-count", answer, "29 deltas for 28", forge.Fails(proof.CheckCount, 0), func(s *scene) { s.anchors[0]["recordCount"] = forge.Number(days + 1) }},
		{"answers-another-sum", answer, "another net change", forge.Fails(proof.CheckNetChange, 0), func(s *scene) { s.anchors[0]["netChange"] = "-1401" }},
		{"answers-no-summary", answer, "neither count nor net change", forge.RestsOn(proof.CheckCount, proof.CheckNetChange), func(s *scene) {
			s.anchors[0] = forge.Without(s.anchors[0], "recordCount", "netChange")
		}},
		{"answers-no-count", answer, "a net change and no count", forge.RestsOn(proof.CheckCount), func(s *scene) { s.anchors[0] = forge.Without(s.anchors[0], "recordCount") }},
		{"answers-no-net-change", answer, "a count and no net change", forge.RestsOn(proof.CheckNetChange), func(s *scene) { s.anchors[0] = forge.Without(s.anchors[0], "netChange") }},
		{"answers-that-it-is-not-verified", answer, "verified: false, which is no anchor and accuses nobody", forge.Refuse(), func(s *scene) { s.anchors[0]["verified"] = false }},
		{"answers-of-another-root", answer, "the right sums under another root", forge.Fails(proof.CheckRoot, 0), func(s *scene) { s.anchors[0]["root"] = forge.Stranger("answer") }},
		{"answers-twice-differently", answer, "28 deltas the first time and 27 the second", forge.Fails(proof.CheckCount, 0), func(s *scene) {
			s.bring(forge.With(s.anchors[0], forge.M{"recordCount": forge.Number(days - 1)}))
		}},
		{"answers-a-negative-count", answer, "a count that no list has", forge.Refuse(), func(s *scene) { s.anchors[0]["recordCount"] = forge.Number(-1) }},
		{"answers-with-more-than-was-asked", answer, "a field that the anchor does not have", forge.Refuse(), func(s *scene) { s.anchors[0]["balance"] = "0" }},
		{"answers-a-sum-made-in-binary64", answer, "the rounding of -0.1, -0.2 and -0.7 is no difference", forge.Verified(), func(s *scene) {
			s.Lines = s.Lines[:3]
			for i, amount := range []string{"-0.1", "-0.2", "-0.7"} {
				s.Item(i)["delta"] = forge.Amount(amount)
				s.rehash(i)
			}
			s.recorded()
			s.anchors[0]["netChange"] = "-0.9999999999999999"
		}},
	}
}
