package sandbox

import (
	"net/http"
	"time"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/proof"
)

// commitment is what a proof root stands for: the group of one request, a checkpoint, or
// the deltas of a receipt.
type commitment struct {
	root       proof.Hash
	group      *group
	checkpoint *checkpoint
	receipt    *receipt
}

// commit remembers what a root stands for. Equal content has equal roots, so a root may be
// known already; the first stays, unless all its deltas failed. Lists that differ only in
// how often their last items stand there can share a root as well, since odd nodes are
// duplicated: then a checkpoint takes the root over.
func (p *plane) commit(c *commitment) {
	known := p.roots[c.root]
	if known != nil && !known.dead() && (c.checkpoint == nil || known.checkpoint != nil || len(known.rows()) == len(c.rows())) {
		return
	}
	p.roots[c.root] = c
}

// dead says that nothing is left of a group.
func (c *commitment) dead() bool { return c.group != nil && c.group.done && len(c.rows()) == 0 }

// rows are the deltas that count under the root.
func (c *commitment) rows() []*delta {
	switch {
	case c.checkpoint != nil:
		return c.checkpoint.rows
	case c.receipt != nil:
		return c.receipt.rows
	}
	var rows []*delta
	for _, d := range c.group.deltas {
		if d.failure == "" {
			rows = append(rows, d)
		}
	}
	return rows
}

// recorded says whether the root is on the record, and since when.
func (c *commitment) recorded() (bool, time.Time) {
	switch {
	case c.checkpoint != nil:
		return c.checkpoint.done, c.checkpoint.verifiedAt
	case c.receipt != nil:
		return true, c.receipt.generatedAt
	default:
		return c.group.done && !c.dead(), c.group.verifiedAt
	}
}

// find looks for a proof root or the id of a receipt in the environments that the request
// may mean.
func (s *Sandbox) find(c *call, id string) (*plane, *commitment) {
	root, err := proof.ParseHash(id)
	for _, p := range s.publicPlanes(c) {
		if err == nil {
			if found := p.roots[root]; found != nil {
				return p, found
			}
			continue
		}
		if r := p.receipts[id]; r != nil {
			return p, p.roots[r.root]
		}
	}
	return nil, nil
}

// publicPlanes are the environments that a call without a key may mean: the chain's, or
// live before test.
func (s *Sandbox) publicPlanes(c *call) []*plane {
	switch c.Header.Get("X-Chain-Id") {
	case "295":
		return []*plane{s.planes[Live]}
	case "296":
		return []*plane{s.planes[Test]}
	default:
		return []*plane{s.planes[Live], s.planes[Test]}
	}
}

// publicVerify serves GET /api/v1/verify/{proofRoot}, without a key. Source: API contract,
// section 2.10.
func (s *Sandbox) publicVerify(c *call) reply {
	source := c.query.Get("source")
	switch source {
	case "", "db", "chain", "both":
	default:
		return refuse(invalid("source must be one of: db, chain, both"))
	}
	answer := func(o object) reply {
		return reply{status: http.StatusOK, data: o, direct: !s.cfg.verifyEnveloped}
	}
	_, found := s.find(c, c.param())
	if found == nil {
		if s.cfg.unknownRootIsFalse {
			return answer(object{{"verified", false}, {"proofRoot", c.param()}, {"message", "not found"}})
		}
		return refuse(notFound("NOT_FOUND", "Proof root not found."))
	}
	recorded, at := found.recorded()
	switch {
	case !recorded:
		return answer(object{{"verified", false}, {"proofRoot", found.root}, {"message", "pending"}})
	case (source == "chain" || source == "both") && s.cfg.chainUnavailable:
		return answer(object{{"verified", false}, {"proofRoot", found.root}, {"message", "chain unavailable"}})
	}
	rows := found.rows()
	return answer(object{
		{"verified", true},
		{"message", "ok"},
		{"proofRoot", found.root},
		{"recordedAt", at},
		{"summary", s.publicSummary(rows)},
		{"records", s.publicRecords(rows)},
		{"verification", object{
			{"verificationReference", verificationReference(found.root.String())},
			{"verificationExplorerUrl", c.origin + "/verify/" + found.root.String()},
		}},
	})
}

// publicSummary counts and adds up what a root covers, as far as the options let it.
func (s *Sandbox) publicSummary(rows []*delta) object {
	var o object
	if !s.cfg.recordWithoutCount {
		o = append(o, field{"recordCount", len(rows)})
	}
	if !s.cfg.recordWithoutNetChange {
		net := s.sum(rows)
		o = append(o, field{"netChange", net}, field{"startingBalance", decimal.Decimal{}}, field{"endingBalance", net})
	}
	var first, last time.Time
	if len(rows) > 0 {
		first, last = rows[0].received, rows[len(rows)-1].received
	}
	return append(o, field{"firstRecordAt", optionalTime(first)}, field{"lastRecordAt", optionalTime(last)})
}

// publicRecords lists the deltas, where an option has the public record show them; the
// newest documented answer has none.
func (s *Sandbox) publicRecords(rows []*delta) []object {
	records := []object{}
	if !s.cfg.recordLists {
		return records
	}
	for _, d := range rows {
		records = append(records, object{
			{"amount", d.amount}, {"reason", d.reason}, {"referenceId", optional(d.referenceID)},
			{"status", "verified"}, {"time", d.received},
		})
	}
	return records
}
