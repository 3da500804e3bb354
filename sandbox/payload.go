package sandbox

import (
	"strconv"
	"time"

	"github.com/pacspace/pacspace-go/usage"
)

// payload is an event's data in the form of the newest pages, and where the official Python
// SDK's types differ in theirs.
type payload struct {
	docs, python object
}

// deltaVerified is the data of delta.verified. Source: API contract, section 4.5.
func (s *Sandbox) deltaVerified(p *plane, d *delta, month *monthTotal) payload {
	proof := object{{"proofHash", d.group.root}, {"contentHash", d.leaf}, {"itemHashes", hashesOf(d.group.deltas)}}
	if d.previous != nil {
		proof = append(proof, field{"previousProofHash", *d.previous})
	}
	submitted := object{{"customerId", d.customer.id}, {"amount", d.amount}, {"reason", d.reason}, {"referenceId", optional(d.referenceID)}}
	if d.metadata != nil {
		submitted = append(submitted, field{"metadata", d.metadata})
	}
	if d.adjusts != nil {
		submitted = append(submitted, field{"adjusts", d.adjusts.object()})
	}
	submitted = append(submitted, field{"submittedAt", d.received})

	reference := verificationReference(d.recordID)
	docs := object{
		{"receiptId", d.group.root},
		{"deltaIndex", s.deltaIndex(d)},
		{"status", "verified"},
		{"verifiedAt", d.verified},
		{"verificationId", reference},
		{"delta", submitted},
		{"proof", proof},
		{"verification", object{
			{"verified", true}, {"latencyMs", d.verified.Sub(d.received).Milliseconds()}, {"discrepancies", []object{}},
		}},
		{"period", object{
			{"id", usage.PeriodOf(s.windowTime(d)).String()}, {"deltaCount", month.count}, {"netDelta", month.net},
		}},
	}
	if s.cfg.planLimit > 0 {
		consumed := int64(len(p.deltas))
		docs = append(docs, field{"usage", object{
			{"plan", "sandbox"}, {"periodId", usage.PeriodOf(d.verified).String()}, {"includedDeltas", s.cfg.planLimit},
			{"consumedDeltas", consumed}, {"remainingDeltas", max(s.cfg.planLimit-consumed, 0)}, {"overageRate", "$0.010/delta"},
		}})
	}
	return payload{docs: docs, python: object{
		{"recordId", d.recordID},
		{"receiptId", d.group.root},
		{"verificationReference", reference},
		{"customerId", d.customer.id},
		{"delta", d.amount},
		{"sequenceNumber", strconv.FormatInt(d.index, 10)},
		{"referenceId", optional(d.referenceID)},
		{"blockTimestamp", d.verified},
	}}
}

// deltaFailed is the data of delta.failed. Source: API contract, section 4.6.
func (s *Sandbox) deltaFailed(d *delta, at time.Time) payload {
	return alike(object{
		{"recordId", d.recordID}, {"customerId", d.customer.id}, {"referenceId", optional(d.referenceID)},
		{"delta", d.amount}, {"error", d.failure}, {"failedAt", at},
	})
}

// alike is a payload whose two forms are the same.
func alike(o object) payload { return payload{docs: o, python: o} }
