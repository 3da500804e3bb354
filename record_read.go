package pacspace

import (
	"context"
	"fmt"
	"iter"
	"math"
	"net/url"
	"slices"
	"strconv"

	"github.com/pacspace/pacspace-go/internal/wire"
)

// EntryReceipt is what the service holds of one committed entry: its content, or its fields
// with the salts that show them, and what they are sealed under. RawJSON is the receipt as
// it was served; package proof/sealed checks one. The service has several forms of it, and
// all fields but Entry may be missing.
//
// Source: records contract, section 1.
type EntryReceipt struct {
	Raw
	Entry     int         `json:"entry,omitempty"` // counted from 1; 0 where the receipt names none
	Schema    string      `json:"schema,omitempty"`
	ReceiptID string      `json:"receiptId,omitempty"`
	Status    EntryStatus `json:"status,omitempty"`
	NewWord   string      `json:"newWord,omitempty"` // what the ledger keeps of the entry
}

func (r *EntryReceipt) fromWire(o *wire.Object) {
	r.Entry = entryOf(o)
	r.Schema = o.String("schema")
	r.ReceiptID = o.String("receiptId")
	r.Status = EntryStatus(o.String("status"))
	r.NewWord = o.String("newWord")
}

// entryOf reads the position of an entry, counted from 1, and 0 where there is none.
func entryOf(o *wire.Object) int {
	if seq := o.IntPtr("seq"); seq != nil && *seq >= 0 && *seq < math.MaxInt32 {
		return int(*seq) + 1
	}
	return 0
}

// servedReceipt is the answer around a receipt.
type servedReceipt struct {
	Raw
	receipt EntryReceipt
}

func (s *servedReceipt) fromWire(o *wire.Object) {
	inner := o.Object("receipt")
	if inner == nil {
		inner = o
	}
	s.receipt.fromWire(inner)
	s.receipt.setRaw(inner.Source())
}

// Receipt reads one entry's receipt, by its number counted from 1. With a grant of the
// record's owner ([WithGrant]) the record may be another workspace's.
//
// Source: API contract, section 2.15; records contract, section 1.
func (s *RecordService) Receipt(ctx context.Context, recordKey string, entry int, opts ...CallOption) (*EntryReceipt, error) {
	seq, err := entrySeq("entry", entry)
	if err != nil {
		return nil, err
	}
	x, err := s.exchange(ctx, &call{route: routeEntryReceipt, ids: []string{s.recordType, recordKey, strconv.Itoa(seq)}}, opts)
	if err != nil {
		return nil, err
	}
	served := new(servedReceipt)
	if err := x.decode(served, ""); err != nil {
		return nil, err
	}
	r := &served.receipt
	if r.Entry != 0 && r.Entry != entry {
		return nil, x.undecodable(fmt.Errorf("it is entry %d, not %d", r.Entry, entry))
	}
	r.Entry = entry
	return r, nil
}

// EntryRange is a part of a record's history, by entries counted from 1, both ends
// included. Zero leaves an end open.
type EntryRange struct{ From, To int }

func (r EntryRange) query() (url.Values, error) {
	q := url.Values{}
	for _, end := range []struct {
		param, field string
		entry        int
	}{{"fromSeq", "from_entry", r.From}, {"toSeq", "to_entry", r.To}} {
		if end.entry == 0 {
			continue
		}
		seq, err := entrySeq(end.field, end.entry)
		if err != nil {
			return nil, err
		}
		q.Set(end.param, strconv.Itoa(seq))
	}
	return q, nil
}

// RecordHistory is one page of a record's history. RawJSON is the page as it was served,
// which [record.CheckHistory] reads.
//
// Source: records contract, section 1.
type RecordHistory struct {
	Raw
	Schema    string `json:"schema,omitempty"` // record-history-bundle/v1, /v2, or /v3
	RecordKey string `json:"recordKey,omitempty"`
	// Entries tells of each entry where it stands. Pending are those not yet committed.
	Entries  []RecordEntry  `json:"entries,omitempty"`
	Receipts []EntryReceipt `json:"receipts,omitempty"`
	Pending  []RecordEntry  `json:"pendingEntries,omitempty"`
	// NextEntry is the first entry of the next page, counted from 1, and 0 on the last
	// page. The service tells it as a seq, counted from 0.
	NextEntry int `json:"nextEntry,omitempty"`
}

func (h *RecordHistory) fromWire(o *wire.Object) {
	h.Schema = o.String("schema")
	h.RecordKey = o.String("recordKey")
	h.Entries = readArray[RecordEntry](o, "entries")
	h.Receipts = readArray[EntryReceipt](o, "receipts")
	h.Pending = readArray[RecordEntry](o, "pendingEntries")
}

// RecordEntry is where one entry stands.
type RecordEntry struct {
	Raw
	Entry     int         `json:"entry,omitempty"` // counted from 1; 0 where it has no number
	Status    EntryStatus `json:"status,omitempty"`
	ReceiptID string      `json:"receiptId,omitempty"`
	// Code and Sentence say why an entry failed, such as RECORD_GENESIS_MISMATCH.
	Code     string `json:"code,omitempty"`
	Sentence string `json:"sentence,omitempty"`
}

func (e *RecordEntry) fromWire(o *wire.Object) {
	e.Entry = entryOf(o)
	e.Status = EntryStatus(o.String("status"))
	e.ReceiptID = o.String("receiptId")
	e.Code = o.String("code")
	e.Sentence = o.String("sentence")
}

// History goes through a record's history, a page at a time. Each range starts afresh;
// after an error it ends. Where the service's next page is not a later one it ends with
// [ErrListMoved].
//
// Source: API contract, sections 2.15 and 8.29; records contract, section 1.
func (s *RecordService) History(ctx context.Context, recordKey string, r EntryRange, opts ...CallOption) iter.Seq2[*RecordHistory, error] {
	return s.pages(ctx, routeHistory, recordKey, r, opts)
}

// HistoryPage reads one page of a record's history; its NextEntry is where the next begins.
//
// Source: API contract, sections 2.15 and 8.29; records contract, section 1.
func (s *RecordService) HistoryPage(ctx context.Context, recordKey string, r EntryRange, opts ...CallOption) (*RecordHistory, error) {
	return s.page(ctx, routeHistory, recordKey, r, opts)
}

// Bundle is [RecordService.History] from the endpoint of the file that PacSpace's pages
// offer for download.
//
// Source: API contract, sections 2.15 and 8.29; records contract, section 1.
func (s *RecordService) Bundle(ctx context.Context, recordKey string, r EntryRange, opts ...CallOption) iter.Seq2[*RecordHistory, error] {
	return s.pages(ctx, routeBundle, recordKey, r, opts)
}

// BundlePage is [RecordService.HistoryPage] from the endpoint of the file that PacSpace's
// pages offer for download.
//
// Source: API contract, sections 2.15 and 8.29; records contract, section 1.
func (s *RecordService) BundlePage(ctx context.Context, recordKey string, r EntryRange, opts ...CallOption) (*RecordHistory, error) {
	return s.page(ctx, routeBundle, recordKey, r, opts)
}

func (s *RecordService) pages(ctx context.Context, of route, recordKey string, r EntryRange, opts []CallOption) iter.Seq2[*RecordHistory, error] {
	opts = slices.Clone(opts)
	return func(yield func(*RecordHistory, error) bool) {
		r := r
		for {
			page, err := s.page(ctx, of, recordKey, r, opts)
			if err != nil {
				yield(nil, err)
				return
			}
			next := page.NextEntry
			if !yield(page, nil) || next == 0 || r.To != 0 && next > r.To {
				return
			}
			if next <= max(r.From, 1) {
				yield(nil, ErrListMoved)
				return
			}
			r.From = next
		}
	}
}

func (s *RecordService) page(ctx context.Context, of route, recordKey string, r EntryRange, opts []CallOption) (*RecordHistory, error) {
	q, err := r.query()
	if err != nil {
		return nil, err
	}
	x, err := s.exchange(ctx, &call{route: of, ids: []string{s.recordType, recordKey}, query: q}, opts)
	if err != nil {
		return nil, err
	}
	h := new(RecordHistory)
	if err := x.decode(h, ""); err != nil {
		return nil, err
	}
	if h.NextEntry, err = nextEntry(x.Response.Get(headerNext)); err != nil {
		return nil, x.undecodable(err)
	}
	return h, nil
}

const headerNext = "X-Next-From-Seq"

// nextEntry reads the header that tells of a next page. Guessing at one that is no number
// would end the history early without a word.
func nextEntry(header string) (int, error) {
	if header == "" {
		return 0, nil
	}
	seq, err := strconv.ParseUint(header, 10, 32)
	if err != nil || seq >= math.MaxInt32 {
		return 0, fmt.Errorf("its header %s is not a seq: a whole number from 0", headerNext)
	}
	return int(seq) + 1, nil
}
