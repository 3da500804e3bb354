package attacks

import (
	"github.com/pacspace/pacspace-go/interop/internal/forge"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/usage"
)

// more is a vendor who records one more item and puts it under the checkpoint.
func more(item forge.M) func(s *scene) {
	return func(s *scene) {
		s.Add(item)
		s.recorded()
	}
}

const fifth = "usage:customer_acme:2026-02-05"

func references() []attack {
	return []attack{
		{"bills-a-delta-twice", "deltas and the checkpoint", "the fifth day was recorded twice, and both are billed",
			forge.Fails(proof.CheckReferences, forge.Line(28)), more(forge.Daily(forge.Day(5)))},
		{"bills-a-delta-and-its-repeat", "deltas and the checkpoint", "a failed delta was sent again, both came in after all, and both are billed",
			forge.Fails(proof.CheckReferences, forge.Line(28)), more(forge.Item(fifth+":again-1", "-50"))},
		{"bills-two-repeats", "deltas and the checkpoint", "two repeats of one delta",
			forge.Fails(proof.CheckReferences, forge.Line(28)), func(s *scene) {
				s.Item(4)["referenceId"] = fifth + ":again-1"
				s.rehash(4)
				more(forge.Item(fifth+":again-2", "-50"))(s)
			}},
		{"bills-a-record-twice", "the file", "two lines with the same record",
			forge.Fails(proof.CheckOrder, forge.Line(4)), func(s *scene) { s.Lines[4]["recordId"] = s.Lines[3]["recordId"] }},
		{"bills-on-two-invoices", "deltas and both checkpoints", "a delta of January, recorded again in February's window",
			forge.Fails(proof.CheckReferences, forge.Line(28)), func(s *scene) {
				more(forge.Daily(forge.January.Last()))(s)
				s.bring(january().Earlier(proof.Verified))
			}},
		{"bills-on-two-invoices-under-another-record-id", "the file", "January's record on February's invoice, with its reference left out and a label that is no hash's",
			forge.Fails(proof.CheckOrder, forge.Line(28)), func(s *scene) {
				s.Add(forge.Item("", "-50"))["recordId"] = january().Lines[30]["recordId"]
				s.recorded()
				s.bring(january().Earlier(proof.Verified))
			}},
		{"bills-a-repeat-of-what-january-billed", "deltas and both checkpoints", "the repeat of a delta that is on January's invoice",
			forge.Fails(proof.CheckReferences, forge.Line(28)), func(s *scene) {
				more(forge.Item("usage:customer_acme:2026-01-31:again-1", "-50"))(s)
				s.bring(january().Earlier(proof.Verified))
			}},
		{"bills-on-two-invoices-to-one-who-keeps-none", "deltas and both checkpoints", "a delta of January once more, and the buyer has no earlier evidence",
			forge.RestsOn(proof.CheckUsageDays), more(forge.Daily(forge.January.Last()))},
		{"uses-another-case", "references", "the fifth day once more with a capital letter",
			forge.Open(proof.CheckReferences), more(forge.Item("Usage:customer_acme:2026-02-05", "-50"))},
		{"uses-another-case-of-a-repeat", "references", "the repeat of the fifth day, written in capitals",
			forge.Open(proof.CheckReferences), more(forge.Item("USAGE:customer_acme:2026-02-05:AGAIN-1", "-50"))},
		{"adds-a-space", "references", "the fifth day once more with a space behind it",
			forge.Open(proof.CheckReferences), more(forge.Item(fifth+" ", "-50"))},
		{"adds-an-invisible-character", "references", "the fifth day once more with a zero-width joiner in it",
			forge.Open(proof.CheckReferences), more(forge.Item("usage:\u200dcustomer_acme:2026-02-05", "-50"))},
		{"uses-wide-digits", "references", "the fifth day once more in full-width digits",
			forge.Open(proof.CheckReferences), more(forge.Item("usage:customer_acme:2026-02-\uff10\uff15", "-50"))},
		{"decomposes-a-letter", "references", "two references that are one text after normalisation",
			forge.Open(proof.CheckReferences), func(s *scene) {
				s.Add(forge.Item("caf\u00e9", "-50"))
				more(forge.Item("cafe\u0301", "-50"))(s)
			}},
		{"uses-a-letter-of-another-alphabet", "references", "the fifth day once more with a Cyrillic a: it is no usage day of the account",
			forge.RestsOn(proof.CheckUsageDays), more(forge.Item("usage:customer_\u0430cme:2026-02-05", "-50"))},
	}
}

func usageDays() []attack {
	return []attack{
		{"relabels-a-file-without-days", "which file he sends, its header", "deltas whose references name no day, under whatever month the header says",
			forge.RestsOn(proof.CheckUsageDays), func(s *scene) {
				for i := range s.Lines {
					s.Item(i)["referenceId"] = "flush-" + string(rune('a'+i))
					s.rehash(i)
				}
				s.recorded()
			}},
		{"dates-by-another-account", "references", "the reference is a usage day of another account",
			forge.RestsOn(proof.CheckUsageDays), more(forge.Item(usage.DailyReference("customer_bolt", forge.Day(5)), "-50"))},
		{"bills-the-next-month-too", "deltas and the checkpoint", "usage of the first of March on February's invoice",
			forge.Fails(proof.CheckUsageDays, forge.Line(28)), more(forge.Daily(forge.February.Next().First()))},
		{"bills-late-usage-that-nobody-can-place", "deltas and the checkpoint", "usage of December that no earlier evidence reaches",
			forge.RestsOn(proof.CheckUsageDays), func(s *scene) {
				more(forge.Item("usage:customer_acme:2025-12-30:late-1", "-50"))(s)
				s.bring(january().Earlier(proof.Verified))
			}},
	}
}

func units() []attack {
	counted := func(i int, metadata any) func(s *scene) {
		return func(s *scene) {
			s.Item(i)["metadata"] = metadata
			s.rehash(i)
			s.recorded()
		}
	}
	return []attack{
		{"mixes-resources", "deltas and the checkpoint", "requests among the minutes",
			forge.Fails(proof.CheckUnit, forge.Line(4)), counted(4, forge.M{"resource": "requests"})},
		{"mixes-units", "deltas and the checkpoint", "one delta in hours among those in minutes",
			forge.Fails(proof.CheckUnit, forge.Line(5)), func(s *scene) {
				for i := range s.Lines {
					s.Item(i)["metadata"].(forge.M)["unit"] = "minutes"
				}
				s.Item(5)["metadata"].(forge.M)["unit"] = "hours"
				for i := range s.Lines {
					s.rehash(i)
				}
				s.recorded()
			}},
		{"labels-hours-as-minutes", "header", "the header's unit stands in no delta",
			forge.RestsOn(proof.CheckUnit), func(s *scene) { s.Header["account"].(forge.M)["unit"] = "hours" }},
		{"leaves-the-resource-out", "deltas and the checkpoint", "one delta does not say what it counts",
			forge.RestsOn(proof.CheckUnit), func(s *scene) {
				delete(s.Item(4), "metadata")
				s.rehash(4)
				s.recorded()
			}},
		{"writes-a-resource-that-is-no-text", "deltas and the checkpoint", "a list of the expected resource and another",
			forge.Fails(proof.CheckUnit, forge.Line(4)), counted(4, forge.M{"resource": []any{forge.Resource, "requests"}})},
		{"sends-another-resource", "which file he sends", "an honest file of requests",
			forge.Fails(proof.CheckUnit, 0), func(s *scene) {
				s.Header["account"].(forge.M)["resource"] = "requests"
				for i := range s.Lines {
					s.Item(i)["metadata"].(forge.M)["resource"] = "requests"
					s.rehash(i)
				}
				s.recorded()
			}},
	}
}
