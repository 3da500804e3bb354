package sandbox

import (
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/usage"
)

// scopeFields are the scope as a request spells it.
type scopeFields struct {
	period, preset, start, end string
	checkpoint, checkpointType string
	granularity                string
	starting                   decimal.Decimal
}

// scope is a span of time, half-open unless an option says otherwise, or everything after
// a checkpoint.
type scope struct {
	start, end time.Time
	after      int64 // with since, the customer's deltas after this sequence number
	since      bool
}

// queryScope reads a scope from a query.
func queryScope(q url.Values) (scopeFields, *problem) {
	f := scopeFields{
		period: q.Get("period"), preset: q.Get("timePreset"), start: q.Get("startDate"), end: q.Get("endDate"),
		checkpoint: q.Get("startingCheckpoint"), checkpointType: q.Get("startingCheckpointType"),
		granularity: q.Get("granularity"),
	}
	var p *problem
	if text := q.Get("startingBalance"); text != "" {
		f.starting, _, p = readNumber(json.RawMessage(text), "startingBalance")
	}
	return f, p
}

// bodyScope reads a scope from a body.
func bodyScope(fields map[string]json.RawMessage) (scopeFields, *problem) {
	var f scopeFields
	for name, into := range map[string]*string{
		"period": &f.period, "timePreset": &f.preset, "startDate": &f.start, "endDate": &f.end,
		"startingCheckpoint": &f.checkpoint, "startingCheckpointType": &f.checkpointType, "granularity": &f.granularity,
	} {
		var p *problem
		if *into, p = optionalString(fields, name); p != nil {
			return f, p
		}
	}
	var p *problem
	if raw := fields["startingBalance"]; given(raw) {
		f.starting, _, p = readNumber(raw, "startingBalance")
	}
	return f, p
}

// resolve checks the scope's rules and says which deltas it means. Of cu only the deltas
// after a checkpoint need it; nil is all customers. Source: API contract, section 3.1.
func (s *Sandbox) resolve(p *plane, cu *customer, f scopeFields, now time.Time) (scope, *problem) {
	if p := f.check(); p != nil {
		return scope{}, p
	}
	if f.checkpoint != "" {
		return p.sinceCheckpoint(cu, f)
	}
	var sc scope
	switch {
	case f.period != "":
		month, err := usage.ParsePeriod(f.period)
		if err != nil {
			return scope{}, invalid("period must be a month, YYYY-MM")
		}
		sc = scope{start: month.Start(), end: month.End()}
	case f.start != "":
		var p *problem
		if sc.start, p = readTime(f.start, "startDate"); p != nil {
			return scope{}, p
		}
		if sc.end, p = readTime(f.end, "endDate"); p != nil {
			return scope{}, p
		}
		if !sc.start.Before(sc.end) {
			return scope{}, invalid("startDate must be before endDate")
		}
	default:
		month := usage.PeriodOf(now)
		sc = scope{start: month.Start(), end: month.End()}
	}
	if sc.end.After(sc.start.AddDate(0, s.cfg.maxScopeMonths, 0)) {
		return scope{}, &problem{status: http.StatusBadRequest, code: "SCOPE_TOO_WIDE", message: "The scope is wider than the limit; see /api/v1/balance/limits."}
	}
	return sc, nil
}

// check holds the scope's fields to the combinations that are allowed.
func (f scopeFields) check() *problem {
	combination := func(message string) *problem {
		return &problem{status: http.StatusBadRequest, code: "INVALID_SCOPE_COMBINATION", message: message}
	}
	dates := f.start != "" || f.end != ""
	switch {
	case f.checkpoint != "" && (f.period != "" || f.preset != "" || dates):
		return combination("startingCheckpoint cannot be combined with period, timePreset, startDate, or endDate.")
	case f.period != "" && (f.preset != "" || dates):
		return combination("period cannot be combined with timePreset, startDate, or endDate.")
	case f.preset != "" && f.preset != "custom" && f.preset != "current_month":
		return invalid("timePreset must be one of: current_month, custom")
	case f.preset == "current_month" && dates:
		return combination("startDate/endDate can only be used when timePreset is 'custom' or omitted.")
	case f.preset == "custom" && (f.start == "" || f.end == ""):
		return combination("timePreset='custom' requires both startDate and endDate.")
	case (f.start == "") != (f.end == ""):
		return combination("startDate and endDate must be provided together.")
	}
	switch f.granularity {
	case "", "day", "week", "month":
		return nil
	default:
		return invalid("granularity must be one of: day, week, month")
	}
}

// sinceCheckpoint is everything of a customer after what a proof root covers, or after a
// delta.
func (p *plane) sinceCheckpoint(cu *customer, f scopeFields) (scope, *problem) {
	missing := notFound("NOT_FOUND", "startingCheckpoint was not found.")
	if cu == nil {
		return scope{}, missing
	}
	var rows []*delta
	switch f.checkpointType {
	case "recordId", "anchorId":
		if d := p.byRecord[f.checkpoint]; d != nil {
			rows = []*delta{d}
		}
	case "", "proofRoot", "itemsRoot":
		if root, err := proof.ParseHash(f.checkpoint); err == nil && p.roots[root] != nil {
			rows = p.roots[root].rows()
		}
		if d := p.byRecord[f.checkpoint]; d != nil && f.checkpointType == "" {
			rows = []*delta{d}
		}
	default:
		return scope{}, invalid("startingCheckpointType must be one of: proofRoot, recordId")
	}
	sc := scope{since: true}
	for _, d := range rows {
		if d.customer == cu {
			sc.after = max(sc.after, d.sequence)
		}
	}
	if sc.after == 0 {
		return scope{}, missing
	}
	return sc, nil
}

// readTime reads an instant as the service's language does: ISO 8601 with a zone, or a day,
// which begins at midnight UTC; in whole milliseconds.
func readTime(text, name string) (time.Time, *problem) {
	for _, form := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(form, text); err == nil {
			return t.UTC().Truncate(time.Millisecond), nil
		}
	}
	return time.Time{}, invalid("%s must be an ISO 8601 time", name)
}

// covers says whether a verified delta is in the scope.
func (s *Sandbox) covers(sc scope, d *delta) bool {
	if sc.since {
		return d.sequence > sc.after
	}
	t := s.windowTime(d)
	return !t.Before(sc.start) && (t.Before(sc.end) || s.cfg.inclusiveEnd && t.Equal(sc.end))
}

// period is the scope's month, where it is one.
func (sc scope) period() string {
	month := usage.PeriodOf(sc.start)
	if sc.since || !month.Start().Equal(sc.start) || !month.End().Equal(sc.end) {
		return ""
	}
	return month.String()
}

// fields describe a scope in an answer.
func (sc scope) fields() object {
	if sc.since {
		return nil
	}
	return object{{"period", optional(sc.period())}, {"startDate", sc.start}, {"endDate", sc.end}}
}

// window is what a scope comes to for one customer.
type window struct {
	scope   scope
	changes int
	rows    []*delta
	net     decimal.Decimal
}

// window finds a customer's verified deltas of a scope, in the order of their receipt. The
// last one is kept until something changes, so that reading a long list page by page looks
// at each delta once.
func (s *Sandbox) window(cu *customer, sc scope) window {
	if cu == nil {
		return window{scope: sc}
	}
	if cu.cached.rows != nil && cu.cached.scope == sc && cu.cached.changes == cu.changes {
		return cu.cached
	}
	w := window{scope: sc, changes: cu.changes, rows: []*delta{}}
	for _, d := range cu.deltas {
		if d.isVerified() && s.covers(sc, d) {
			w.rows = append(w.rows, d)
		}
	}
	w.net = s.sum(w.rows)
	cu.cached = w
	return w
}

// tenantWindow is the same over all customers.
func (s *Sandbox) tenantWindow(p *plane, sc scope) window {
	w := window{scope: sc}
	for _, d := range p.deltas {
		if d.isVerified() && s.covers(sc, d) {
			w.rows = append(w.rows, d)
		}
	}
	w.net = s.sum(w.rows)
	return w
}
