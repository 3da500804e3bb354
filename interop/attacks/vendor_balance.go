package attacks

import (
	"github.com/pacspace/pacspace-go/interop/internal/forge"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/usage"
)

func balances() []attack {
	return []attack{
		{"shifts-the-start", "header and claim", "the starting balance is -500, the claim follows from it, nobody kept January's evidence",
			forge.RestsOn(proof.CheckStart), func(s *scene) {
				s.Header["startingBalance"] = "-500"
				s.Seal()
			}},
		{"shifts-the-start-after-a-known-end", "header and claim", "the same, and the buyer kept January's verified evidence",
			forge.Fails(proof.CheckStart, 0), func(s *scene) {
				s.Header["startingBalance"] = "-500"
				s.Seal()
				s.bring(january().Earlier(proof.Verified))
			}},
		{"starts-from-a-file-that-rested-on-itself", "header, claim and January's file", "the start is the end of evidence that was only consistent",
			forge.RestsOn(proof.CheckStart), func(s *scene) {
				s.Header["startingBalance"] = "-1550"
				s.Seal()
				s.bring(january().Earlier(proof.Consistent))
			}},
		{"starts-from-one-of-two-ends", "header, claim and a second file of January", "two verified evidences of January end differently, and the start is the end of the one that was brought last",
			forge.RestsOn(proof.CheckStart), func(s *scene) {
				s.Header["startingBalance"] = "-1550"
				s.Seal()
				s.bring(forge.With(january().Earlier(proof.Verified), forge.M{"balance": "-500"}), january().Earlier(proof.Verified))
			}},
		{"moves-the-usage-days-off-the-known-end", "header and claim", "the days begin on the second, so that January's evidence is not the one before",
			forge.Fails(proof.CheckUsageDays, 0), func(s *scene) {
				s.drop(0)
				s.SealNumbers()
				delete(s.Header, "period")
				s.Header["usageDays"] = forge.M{"first": "2026-02-02", "last": "2026-02-28"}
				s.Header["startingBalance"] = "-500"
				s.recorded()
				s.bring(january().Earlier(proof.Verified))
			}},
		{"forgets-a-credit-between-two-months", "header and claim", "January ended with 500 left and February starts at 0",
			forge.RestsOn(proof.CheckStart), func(s *scene) {
				s.bring(forge.With(january().Earlier(proof.Verified), forge.M{"balance": "500"}))
			}},
		{"takes-the-end-of-another-unit", "header, claim and metadata", "January ended at -500 seconds and February starts at -500 hours",
			forge.Fails(proof.CheckStart, 0), func(s *scene) {
				for i := range s.Lines {
					s.Item(i)["metadata"].(forge.M)["unit"] = "hours"
					s.rehash(i)
				}
				s.Header["account"].(forge.M)["unit"] = "hours"
				s.Header["startingBalance"] = "-500"
				s.recorded()
				s.bring(forge.With(january().Earlier(proof.Verified), forge.M{"balance": "-500",
					"account": forge.M{"customerId": forge.Acme, "resource": forge.Resource, "unit": "seconds"}}))
			}},
		{"bills-a-window-twice", "header", "the window begins an hour before January's ended",
			forge.Fails(proof.CheckStart, 0), func(s *scene) {
				s.Header["window"].(forge.M)["start"] = "2026-02-01T23:00:00Z"
				s.bring(january().Earlier(proof.Verified))
			}},
		{"leaves-out-a-span-between-two-windows", "header", "the window begins an hour after January's ended",
			forge.RestsOn(proof.CheckStart), func(s *scene) {
				s.Header["window"].(forge.M)["start"] = "2026-02-02T01:00:00Z"
				s.bring(january().Earlier(proof.Verified))
			}},
		{"claims-more", "header", "the claim is -1500 for deltas of -1400",
			forge.Fails(proof.CheckBalance, 0), func(s *scene) { s.Header["claimedBalance"] = "-1500" }},
		{"prints-another-balance-than-he-proves", "the invoice", "the invoice says -1500 and the evidence is honest",
			forge.Fails(proof.CheckBalance, 0), func(s *scene) { s.expect["balance"] = "-1500" }},
		{"announces-more-deltas", "header", "the header counts a delta that is not there",
			forge.Fails(proof.CheckCount, 0), func(s *scene) { s.Header["count"] = forge.Number(days + 1) }},
	}
}

func otherFiles() []attack {
	return []attack{
		{"sends-another-month", "which file he sends, the invoice's root", "January's honest evidence under its true root",
			forge.Fails(proof.CheckUsageDays, 0), func(s *scene) {
				s.File = january()
				s.anchors = []forge.M{s.Record()}
			}},
		{"sends-another-month-relabelled", "which file he sends, its header, the invoice's root", "January's deltas under a header of February",
			forge.RestsOn(proof.CheckUsageDays), func(s *scene) { s.relabelled() }},
		{"sends-another-month-that-was-billed", "which file he sends, its header, the invoice's root", "the same, and the buyer kept January's evidence",
			forge.Fails(proof.CheckOrder, forge.Line(0)), func(s *scene) {
				s.relabelled()
				s.bring(january().Earlier(proof.Verified))
			}},
		{"sends-another-month-that-was-billed-under-new-record-ids", "which file he sends, its header and labels, the invoice's root", "the same with other record ids, which no hash holds",
			forge.Fails(proof.CheckReferences, forge.Line(0)), func(s *scene) {
				s.relabelled()
				for _, l := range s.Lines {
					l["recordId"] = "new_" + l["recordId"].(string)
				}
				s.bring(january().Earlier(proof.Verified))
			}},
		{"sends-another-customers-file", "which file he sends, the invoice's root", "an honest file of another customer under its true root",
			forge.Fails(proof.CheckAccount, 0), func(s *scene) {
				s.ofBolt()
				s.Header["account"].(forge.M)["customerId"] = "customer_bolt"
			}},
		{"sends-another-customers-file-relabelled", "which file he sends, its header, the invoice's root", "the same under the buyer's name",
			forge.Fails(proof.CheckAccount, forge.Line(0)), func(s *scene) { s.ofBolt() }},
		{"bills-another-customers-delta", "deltas and the checkpoint", "one delta of another customer was put under the checkpoint",
			forge.Fails(proof.CheckAccount, forge.Line(4)), func(s *scene) {
				s.Item(4)["customerId"] = "customer_bolt"
				s.rehash(4)
				s.recorded()
			}},
		{"bills-a-customer-who-expects-nobody", "which file he sends", "another customer's file to a checker who does not say whom he expects",
			forge.RestsOn(proof.CheckAccount), func(s *scene) {
				s.ofBolt()
				s.Header["account"].(forge.M)["customerId"] = "customer_bolt"
				for i := range s.Lines {
					s.Item(i)["referenceId"] = usage.DailyReference("customer_bolt", forge.Day(i+1))
					s.rehash(i)
				}
				s.recorded()
				delete(s.expect, "customerId")
			}},
	}
}

// relabelled makes the scene January's deltas under February's header.
func (s *scene) relabelled() {
	header := s.Header
	s.File = january()
	for _, name := range []string{"period", "usageDays", "window"} {
		s.Header[name] = header[name]
	}
	s.anchors = []forge.M{s.Record()}
}

// ofBolt gives every delta to another customer, whose references are his own.
func (s *scene) ofBolt() {
	for i := range s.Lines {
		s.Item(i)["customerId"] = "customer_bolt"
		s.rehash(i)
	}
	s.recorded()
}
