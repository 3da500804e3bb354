package simulation_test

import (
	"bytes"
	"context"
	"time"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/sandbox"
)

// check looks at what the service really holds, which no program can, and compares.
func (w *world) check() {
	sum := w.others
	for _, it := range w.program.store.items() {
		n := w.count(it)
		for range n {
			sum = sum.Add(it.Delta.Delta)
		}
		w.checkItem(it, n)
	}
	var held, known pacspace.Decimal
	for _, customer := range w.customers {
		held = held.Add(w.box.Sum(sandbox.Test, customer))
	}
	known = w.others
	for _, it := range w.program.store.items() {
		// A person looks at what is parked, and takes it for recorded where it is.
		if it.State == itemRecorded || it.State == itemParked && w.count(it) > 0 {
			known = known.Add(it.Delta.Delta)
		}
	}
	if !held.Equal(known) {
		w.breach(holdsSums, "the service holds %s, the program knows of %s", held, known)
	}
	for _, customer := range w.customers {
		w.checkBilled(customer)
		w.checkCompare(customer)
	}
}

// count is how often an item stands with the service.
func (w *world) count(it item) int {
	n := 0
	for _, r := range w.box.Recorded(sandbox.Test, it.Delta.CustomerID) {
		if r.ReferenceID == it.Delta.ReferenceID && r.Delta.Equal(it.Delta.Delta) && r.Status != "FAILED" {
			n++
		}
	}
	return n
}

func (w *world) checkItem(it item, n int) {
	name := it.Delta.ReferenceID
	if n > 1 {
		w.breach(holdsOnce, "%s is recorded %d times", name, n)
	}
	switch {
	case it.State == itemRecorded && n == 0:
		w.breach(holdsTruth, "%s is reported recorded, and is not", name)
	case it.State == itemRecorded:
	case it.State != itemParked:
		w.breach(holdsEnd, "%s is still %s", name, it.State)
	case it.Why == whyRejected && !w.foreign[name]: // without a code a 422 may be a conflict too
		w.breach(holdsTruth, "%s is reported malformed, and is not", name)
	case it.Why == whyConflict && !w.foreign[name]:
		w.breach(holdsTruth, "%s is reported to be in conflict, and nobody else used its name", name)
	}
}

// bill keeps a closing, and what its evidence comes to.
func (p *program) bill(c *pacspace.Closing) closed {
	out := closed{Closing: c, Sum: c.StartingBalance}
	for _, l := range c.Lines {
		out.Records = append(out.Records, l.Delta.RecordID)
		out.Sum = out.Sum.Add(l.Delta.Delta)
	}
	if len(c.Lines) == 0 {
		return out
	}
	out.Evidence = p.verdict(c)
	// Evidence in which a reference stands twice is refused, and rightly: it bills usage twice.
	if out.Evidence != noEvidence && (out.Evidence == string(proof.DoesNotMatch)) != namesTwice(c) {
		p.w.breach(holdsVerdict, "evidence of %s %s is %s", c.Account.CustomerID, c.Period, out.Evidence)
	}
	if out.Evidence != noEvidence && c.Period == "2000-01" {
		wrong := *c
		wrong.Balance = c.Balance.Add(pacspace.NewDecimal(1))
		if got := p.verdict(&wrong); got != string(proof.DoesNotMatch) {
			p.w.breach(holdsVerdict, "evidence of a wrong balance of %s is %s", c.Account.CustomerID, got)
		}
	}
	return out
}

func namesTwice(c *pacspace.Closing) bool {
	seen := map[string]bool{}
	for _, l := range c.Lines {
		if seen[l.Delta.ReferenceID] {
			return true
		}
		seen[l.Delta.ReferenceID] = true
	}
	return false
}

// noEvidence stands for a verdict where no file can be written.
const noEvidence = "none"

func (p *program) verdict(c *pacspace.Closing) string {
	var file bytes.Buffer
	if err := c.WriteEvidence(&file); err != nil {
		// Of a delta that another program wrote, only the service's hash can stand for it.
		if !p.w.has("RowsWithoutHashes") || len(p.w.foreign) == 0 {
			p.w.breach(holdsVerdict, "no evidence of %s %s: %v", c.Account.CustomerID, c.Period, err)
		}
		return noEvidence
	}
	got, err := proof.Verify(&file, proof.Expect{
		CustomerID: c.Account.CustomerID, Resource: "minutes", Period: c.Period, Environment: proof.EnvironmentTest, Balance: &c.Balance,
	})
	mustWork(err)
	p.w.log("evidence of %s %s: %s", c.Account.CustomerID, c.Period, got)
	return string(got.Verdict)
}

// checkBilled holds each delta of the record to one closing.
func (w *world) checkBilled(customer string) {
	if len(w.periods) == 0 {
		return
	}
	billed := map[string]int{}
	for _, period := range w.periods {
		c, known := load[closed](w.program.store, "closing:"+customer+":"+string(period))
		if !known {
			w.breach(holdsCloses, "%s of %s is not closed", period, customer)
			return
		}
		for _, id := range c.Records {
			billed[id]++
		}
		if !c.Sum.Equal(c.Closing.Balance) {
			w.breach(holdsBilled, "%s of %s: the balance is %s and the lines add up to %s", period, customer, c.Closing.Balance, c.Sum)
		}
	}
	for _, r := range w.box.Recorded(sandbox.Test, customer) {
		if n := billed[r.RecordID]; n != 1 {
			w.breach(holdsBilled, "%s is on %d closings", r.ReferenceID, n)
		}
		delete(billed, r.RecordID)
	}
	if len(billed) > 0 {
		w.breach(holdsBilled, "%d lines of %s are of no record", len(billed), customer)
	}
}

// checkCompare asks the service for its verdict on the right balance and on a wrong one.
func (w *world) checkCompare(customer string) {
	right := w.box.Sum(sandbox.Test, customer)
	if right.IsZero() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	got, err := w.program.client.Balance.Compare(ctx, pacspace.CompareParams{
		CustomerID: customer, Scope: pacspace.Between(w.days[0].Start(), time.Now()),
		Yours: right, Theirs: right.Add(pacspace.NewDecimal(1)),
	})
	mustWork(err)
	if !got.MatchesYours || got.MatchesTheirs || !got.NeutralBalance.Equal(right) {
		w.breach(holdsVerdict, "%s has %s, and compare says %s, %t, %t", customer, right, got.NeutralBalance, got.MatchesYours, got.MatchesTheirs)
	}
}
