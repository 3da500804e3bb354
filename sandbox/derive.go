package sandbox

import (
	"net/url"
	"strconv"
	"time"

	"github.com/pacspace/pacspace-go/usage"
)

// The page of derive. Source: API contract, section 2.5.
const (
	defaultPage = 100
	maxPage     = 1000
)

// derive serves GET /api/v1/balance/derive/{customerId}. Source: API contract, section 2.5.
func (s *Sandbox) derive(c *call) reply {
	cu, p := s.knownCustomer(c, c.param())
	if p != nil {
		return refuse(p)
	}
	f, p := queryScope(c.query)
	if p != nil {
		return refuse(p)
	}
	limit, offset, p := paging(c.query, defaultPage, maxPage)
	if p != nil {
		return refuse(p)
	}
	sc, p := s.resolve(c.plane, cu, f, c.now)
	if p != nil {
		return refuse(p)
	}
	w := s.window(cu, sc)
	rows := make([]object, 0, min(limit, len(w.rows)))
	for _, d := range page(w.rows, limit, offset) {
		rows = append(rows, s.row(d))
	}
	o := object{
		{"customerId", c.param()},
		{"computedBalance", s.add(f.starting, w.net)},
		{"startingBalance", f.starting},
		{"deltaCount", len(w.rows)},
	}
	o = append(o, sc.fields()...)
	var latest any
	if n := len(w.rows); n > 0 {
		latest = w.rows[n-1].group.root
	}
	o = append(o, field{"latestReceiptId", latest}, field{"deltas", rows},
		field{"pagination", object{{"total", len(w.rows)}, {"limit", limit}, {"offset", offset}}})
	if f.granularity != "" {
		o = append(o, field{"breakdown", s.breakdown(w.rows, f.granularity)})
	}
	return ok(o)
}

// row is a verified delta in a list.
func (s *Sandbox) row(d *delta) object {
	o := object{
		{"recordId", d.recordID},
		{"receiptId", d.group.root},
		{"deltaIndex", s.deltaIndex(d)},
		{"delta", d.amount},
		{"reason", d.reason},
		{"referenceId", optional(d.referenceID)},
	}
	if s.cfg.rowsWithMetadata {
		if d.metadata != nil {
			o = append(o, field{"metadata", d.metadata})
		}
		if d.adjusts != nil {
			o = append(o, field{"adjusts", d.adjusts.object()})
		}
	}
	o = append(o, field{"status", "VERIFIED"}, field{"createdAt", d.received}, field{"verifiedAt", d.verified})
	if !s.cfg.rowsWithoutHashes {
		o = append(o, field{"itemHash", d.leaf}, field{"contentHash", d.leaf}, field{"proofHash", d.group.root})
		if d.previous != nil {
			o = append(o, field{"previousProofHash", *d.previous})
		}
	}
	return o
}

// breakdown sums rows by day, week (from Monday) or month in UTC. Spans without a delta
// are left out.
func (s *Sandbox) breakdown(rows []*delta, granularity string) []object {
	var spans []object
	for len(rows) > 0 {
		start, end := span(s.windowTime(rows[0]), granularity)
		n := 1
		for n < len(rows) && !s.windowTime(rows[n]).Before(start) && s.windowTime(rows[n]).Before(end) {
			n++
		}
		spans = append(spans, object{{"startDate", start}, {"endDate", end}, {"netChange", s.sum(rows[:n])}, {"deltaCount", n}})
		rows = rows[n:]
	}
	return spans
}

func span(t time.Time, granularity string) (start, end time.Time) {
	day := usage.DateOf(t)
	switch granularity {
	case "day":
		return day.Start(), day.End()
	case "week":
		const daysAWeek = 7
		monday := day.AddDays(-(int(t.UTC().Weekday()) + daysAWeek - 1) % daysAWeek)
		return monday.Start(), monday.AddDays(daysAWeek).Start()
	default:
		return day.Period().Start(), day.Period().End()
	}
}

// limits serves GET /api/v1/balance/limits. Source: API contract, section 2.6.
func (s *Sandbox) limits(*call) reply {
	return ok(object{
		{"maxScopeMonths", s.cfg.maxScopeMonths},
		{"maxLastNDays", s.cfg.maxLastDays},
		{"maxRetentionDays", s.cfg.maxRetentionDays},
	})
}

// knownCustomer finds a customer and checks the form of its id. One that is not known is
// one without deltas, unless the options say otherwise.
func (s *Sandbox) knownCustomer(c *call, id string) (*customer, *problem) {
	if usage.ValidateCustomerID(id) != nil {
		return nil, invalid("customerId must be 1 to 128 characters of letters, digits, _ - . and :")
	}
	cu := c.plane.customers[id]
	if cu == nil && s.cfg.unknownCustomerRefused {
		return nil, notFound("CUSTOMER_NOT_FOUND", "Customer not found.")
	}
	return cu, nil
}

// paging reads limit and offset.
func paging(q url.Values, byDefault, most int) (limit, offset int, p *problem) {
	if limit, p = queryInt(q, "limit", byDefault, 1, most); p != nil {
		return 0, 0, p
	}
	offset, p = queryInt(q, "offset", 0, 0, maxOffset)
	return limit, offset, p
}

const maxOffset = 1 << 31

// queryInt reads a whole number of a query within bounds.
func queryInt(q url.Values, name string, byDefault, least, most int) (int, *problem) {
	text := q.Get(name)
	if text == "" {
		return byDefault, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return 0, invalid("%s must be a whole number between %d and %d", name, least, most)
	}
	return n, nil
}

// page cuts a page out of a list.
func page[T any](list []T, limit, offset int) []T {
	offset = min(offset, len(list))
	return list[offset:min(offset+limit, len(list))]
}
