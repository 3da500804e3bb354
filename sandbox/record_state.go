package sandbox

import (
	"container/heap"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/pacspace/pacspace-go/proof/sealed"
	"github.com/pacspace/pacspace-go/record"
)

// Of a record the state file keeps what was written. Seals are made again from that: they
// are the same on every run.
type (
	recordState struct {
		Type    string         `json:"type"`
		Record  string         `json:"record"`
		Version sealed.Version `json:"recordHashVersion"`
	}
	entryState struct {
		Record      int             `json:"record"` // its place in the list of records
		ReceiptID   string          `json:"receiptId"`
		ReferenceID string          `json:"referenceId,omitempty"`
		Submitted   json.RawMessage `json:"submitted"`
		Received    time.Time       `json:"received"`
		Due         time.Time       `json:"due"`
		Order       int64           `json:"order"`
		Done        bool            `json:"done,omitempty"`
	}
)

// saveRecords copies records, grants and links out, entries in the order of their receipt.
func (p *plane) saveRecords(st *planeState) {
	places := map[*heldRecord]int{}
	var all jobs
	for _, r := range p.records {
		for _, e := range r.entries {
			all = append(all, job{order: e.order, entry: e})
		}
	}
	heap.Init(&all)
	for len(all) > 0 {
		e := heap.Pop(&all).(job).entry
		if _, known := places[e.record]; !known {
			places[e.record] = len(st.Records)
			st.Records = append(st.Records, recordState{e.record.recordType, e.record.id, e.record.version})
		}
		st.Entries = append(st.Entries, entryState{places[e.record], e.receiptID, e.referenceID, e.submitted, e.received, e.due, e.order, e.done})
	}
	st.Grants = p.grants
	for _, handle := range slices.Sorted(maps.Keys(p.links)) {
		st.Links = append(st.Links, p.links[handle])
	}
}

func (st *planeState) restoreRecords(p *plane) error {
	var records []*heldRecord
	for _, r := range st.Records {
		if r.Version < sealed.V1 || r.Version > sealed.V3 || len(record.Layouts(r.Type)) == 0 {
			return fmt.Errorf("record %q has a type or a version that is not known", r.Record)
		}
		records = append(records, p.record(recordName{r.Type, r.Record}, r.Version))
	}
	for _, e := range st.Entries {
		if e.Record < 0 || e.Record >= len(records) {
			return fmt.Errorf("entry %s names a record that is not there", e.ReceiptID)
		}
		made := &recordEntry{
			receiptID: e.ReceiptID, referenceID: e.ReferenceID, submitted: e.Submitted,
			received: e.Received.UTC(), due: e.Due.UTC(), order: e.Order, done: e.Done,
		}
		if err := p.append(records[e.Record], made); err != nil {
			return fmt.Errorf("entry %s: %w", e.ReceiptID, err)
		}
		if !made.done {
			p.schedule(job{due: made.due, order: made.order, entry: made})
		}
	}
	p.grants = st.Grants
	for _, l := range st.Links {
		if p.records[recordName{l.RecordType, l.Record}] == nil {
			return fmt.Errorf("link %s names a record that is not there", l.Handle)
		}
		p.links[l.Handle] = l
	}
	return nil
}
