package proof

import "fmt"

// balanceCheck replays the deltas: start and deltas must make the claim, exactly.
type balanceCheck struct{ finding }

func (c *balanceCheck) result() Check {
	v := c.v
	end := v.balance()
	claim := v.header.ClaimedBalance
	if want := v.expect.Balance; want != nil && !claim.Equal(*want) {
		c.fail(nil, "the evidence claims another balance than is expected", want.String(), claim.String())
	}
	if !v.trailer.Sum.Equal(v.all.sum) {
		c.failWhole("the deltas do not add up to the sum with which the file was closed", v.trailer.Sum.String(), v.all.sum.String())
	}
	switch {
	case claim.Equal(end):
	case v.sum64.is(claim):
		c.note("the claim %s is a binary64 sum; exactly it is %s", claim, end)
		c.rest("balance", onFile, "the claim %s is not the exact balance %s but what adding in binary64 makes of it", claim, end)
	default:
		c.failWhole("the deltas do not lead to the claimed balance", claim.String(), end.String())
	}
	return c.done()
}

// countCheck counts the deltas and holds that against the header, the trailer and the
// public record.
type countCheck struct{ finding }

func (c *countCheck) result() Check {
	v := c.v
	for _, n := range []int{v.header.Count, v.trailer.Count} {
		if n != v.all.count {
			c.fail(nil, "the file does not have the deltas that it announces", fmt.Sprint(n), fmt.Sprint(v.all.count))
		}
	}
	outside := false
	for _, r := range v.known.recordsOf(v.target()) {
		if r.RecordCount == nil {
			continue
		}
		outside = true
		if *r.RecordCount != int64(v.under.count) {
			c.fail(nil, "the public record has another number of deltas under the root", fmt.Sprint(*r.RecordCount), fmt.Sprint(v.under.count))
		}
	}
	if outside {
		return c.done()
	}
	if why := v.ambiguous(); why != "" {
		c.skip("%s, and only a number of deltas from the public record tells which list is meant", why)
	}
	c.rest("count", onFile, "%s", c.v.lack("number of deltas"))
	return c.done()
}

// ambiguous says why another list of deltas has the same root as this one, or nothing.
func (v *verification) ambiguous() string {
	tree := v.grove.of(v.header.Variant)
	if _, doubled := tree.finish(); doubled {
		return "the file ends in deltas that stand there twice, and a list without the second ones has the same root"
	}
	// Where the last ones could stand there once more, it takes that none of them has a
	// reference: a reference twice is billed twice.
	if n := tree.repeatable(); n > 0 && v.bound <= v.under.count-n {
		return "a list that repeats the last deltas of this one has the same root, and none of them has a reference that rules it out"
	}
	return ""
}

// lack says what the public record did not bring.
func (v *verification) lack(what string) string {
	if len(v.known.recordsOf(v.target())) == 0 {
		return "no answer of the public record was brought for the root"
	}
	return "the public record's answer has no " + what
}

// netChangeCheck holds the sum of the deltas under the checkpoint against the public
// record's, which is made in binary64.
type netChangeCheck struct{ finding }

func (c *netChangeCheck) result() Check {
	v := c.v
	outside := false
	for _, r := range v.known.recordsOf(v.target()) {
		switch {
		case r.NetChange == nil:
		case r.NetChange.Equal(v.under.sum):
			outside = true
		case withinRounding(*r.NetChange, v.under):
			outside = true
			c.note("the public record has %s for %s, which is the rounding of a sum in binary64", r.NetChange, v.under.sum)
		default:
			outside = true
			c.failWhole("the public record has another net change under the root", r.NetChange.String(), v.under.sum.String())
		}
	}
	if !outside {
		c.rest("net change", onFile, "%s", v.lack("net change"))
	}
	return c.done()
}
