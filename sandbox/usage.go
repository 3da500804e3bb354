package sandbox

import "github.com/pacspace/pacspace-go/usage"

// planUsage serves GET /api/v1/balance/usage. Source: API contract, section 2.11.
func (s *Sandbox) planUsage(c *call) reply {
	consumed := int64(len(c.plane.deltas))
	var included, remaining any // null where the plan has no bound
	if s.cfg.planLimit > 0 {
		included, remaining = s.cfg.planLimit, max(s.cfg.planLimit-consumed, 0)
	}
	return ok(object{
		{"allowed", s.cfg.planLimit == 0 || consumed < s.cfg.planLimit},
		{"remaining", remaining},
		{"includedDeltas", included},
		{"consumedDeltas", consumed},
		{"periodId", usage.PeriodOf(c.now).String()},
	})
}

// gaps serves GET /api/v1/balance/gaps/{customerId}: the sequence numbers of a customer's
// deltas that will never be verified, because the deltas failed. Source: API contract,
// section 2.12, which documents no field of the answer.
func (s *Sandbox) gaps(c *call) reply {
	cu, p := s.knownCustomer(c, c.param())
	if p != nil {
		return refuse(p)
	}
	last := 0
	var deltas []*delta
	if cu != nil {
		deltas, last = cu.deltas, len(cu.deltas)
	}
	from, p := queryInt(c.query, "fromSequence", 1, 0, maxOffset)
	if p != nil {
		return refuse(p)
	}
	to, p := queryInt(c.query, "toSequence", last, 0, maxOffset)
	if p != nil {
		return refuse(p)
	}
	limit, p := queryInt(c.query, "limit", defaultPage, 1, maxPage)
	if p != nil {
		return refuse(p)
	}
	list := []object{}
	for _, d := range deltas {
		if d.failure != "" && d.sequence >= int64(from) && d.sequence <= int64(to) && len(list) < limit {
			list = append(list, object{{"sequence", d.sequence}, {"recordId", d.recordID}, {"error", d.failure}})
		}
	}
	return ok(object{
		{"customerId", c.param()}, {"fromSequence", from}, {"toSequence", to},
		{"hasGaps", len(list) > 0}, {"gaps", list},
	})
}
