package pacspace

import (
	"errors"
	"net/url"
	"time"

	"github.com/pacspace/pacspace-go/usage"
)

// Scope says which recorded deltas a call looks at. The zero Scope is the service's own
// default, the current UTC month: a bare derive is not the all-time balance.
//
// A Scope is one of: a month ([InPeriod]), a recording window ([RecordingWindow]), any
// span of time ([Between]), the current month ([CurrentMonth]), or everything after a
// checkpoint ([SinceCheckpoint]). It windows by the time at which the service recorded a
// delta, not by the day of the usage.
//
// A Scope that was made from a malformed period or window is reported by the call that
// uses it, as a [ParamError].
//
// Source: API contract, sections 2.5 and 3.1.
type Scope struct {
	period         Period
	preset         string
	window         Window
	checkpoint     string
	checkpointType string
	starting       Decimal
	started        bool // starting was given, be it 0
	granularity    Granularity
	err            error
}

// Granularity asks derive and compare for a breakdown beside the balance. The service
// does not document the field that carries it: read it from RawJSON.
type Granularity string

// The granularities that the service documents.
const (
	ByDay   Granularity = "day"
	ByWeek  Granularity = "week"
	ByMonth Granularity = "month"
)

// InPeriod is the service's plain month: all that it recorded between the first and the
// last instant of p in UTC. The last day's usage, flushed on the next day, is not in it;
// for an invoice use [RecordingWindow].
func InPeriod(p Period) Scope {
	return Scope{period: p, err: paramError("period", p.Validate())}
}

// RecordingWindow is the span in which the deltas of p's usage days are recorded when
// each day is flushed on the day after: from one day after p's start to one day after
// its end. The windows of following periods touch without overlapping, so each delta is
// on exactly one invoice.
func RecordingWindow(p Period) Scope {
	if err := p.Validate(); err != nil {
		return Scope{err: paramError("period", err)}
	}
	return in(p.RecordingWindow())
}

// in is the half-open span of a window.
func in(w Window) Scope {
	return Scope{preset: "custom", window: w, err: paramError("window", w.Validate())}
}

// Between is the span from start up to, not including, end. The service bounds its
// length: see [BalanceService.Limits].
func Between(start, end time.Time) Scope { return in(Window{Start: start, End: end}) }

// CurrentMonth is the current UTC month by the service's clock.
func CurrentMonth() Scope { return Scope{preset: "current_month"} }

// MonthsBack is the last n calendar months in UTC, the month of now included: the
// service's clock is not asked. n is at least 1.
func MonthsBack(n int, now time.Time) Scope {
	if n < 1 {
		return Scope{err: &ParamError{Field: "months", Rule: "must be at least 1"}}
	}
	month := usage.PeriodOf(now)
	end := month.End()
	for range n - 1 {
		month = month.Previous()
	}
	return Between(month.Start(), end)
}

// DaysBack is the last n UTC days, the day of now included. n is at least 1.
func DaysBack(n int, now time.Time) Scope {
	if n < 1 {
		return Scope{err: &ParamError{Field: "days", Rule: "must be at least 1"}}
	}
	today := usage.DateOf(now)
	return Between(today.AddDays(1-n).Start(), today.End())
}

// SinceCheckpoint is everything recorded after the checkpoint with that proof root. It
// takes no other scope beside it; give the checkpoint's balance to [Scope.StartingAt].
func SinceCheckpoint(proofRoot string) Scope { return Since(proofRoot, "proofRoot") }

// SinceRecord is everything recorded after the record with that id.
func SinceRecord(recordID string) Scope { return Since(recordID, "recordId") }

// Since is everything recorded after what id names. checkpointType says what that is and
// is sent as given, for types that this version has no function for; where it is empty
// the service takes its own default.
//
// Source: API contract, sections 2.5 and 8.4.
func Since(id, checkpointType string) Scope {
	s := Scope{checkpoint: id, checkpointType: checkpointType}
	if id == "" {
		s.err = &ParamError{Field: "startingCheckpoint", Rule: "must not be empty"}
	}
	return s
}

// StartingAt gives the balance that the replay starts from; without it, 0.
func (s Scope) StartingAt(balance Decimal) Scope {
	s.starting, s.started = balance, true
	return s
}

// By asks for a breakdown.
func (s Scope) By(g Granularity) Scope {
	s.granularity = g
	return s
}

// scopeFields are a Scope's fields as the service names them, in bodies and in queries.
type scopeFields struct {
	Period                 string      `json:"period,omitempty"`
	TimePreset             string      `json:"timePreset,omitempty"`
	StartDate              string      `json:"startDate,omitempty"`
	EndDate                string      `json:"endDate,omitempty"`
	StartingCheckpoint     string      `json:"startingCheckpoint,omitempty"`
	StartingCheckpointType string      `json:"startingCheckpointType,omitempty"`
	Granularity            Granularity `json:"granularity,omitempty"`
}

// fields gives the scope for a call that takes all of it.
func (s Scope) fields() (scopeFields, error) {
	if s.err != nil {
		return scopeFields{}, s.err
	}
	f := scopeFields{
		Period:                 string(s.period),
		TimePreset:             s.preset,
		StartingCheckpoint:     s.checkpoint,
		StartingCheckpointType: s.checkpointType,
		Granularity:            s.granularity,
	}
	if s.preset == "custom" {
		f.StartDate, f.EndDate = wireTime(s.window.Start), wireTime(s.window.End)
	}
	return f, nil
}

// timeFields gives the scope for a call that looks at a span of time and nothing else:
// checkpoints and receipts.
func (s Scope) timeFields() (scopeFields, error) {
	switch {
	case s.checkpoint != "":
		return scopeFields{}, &ParamError{Field: "scope", Rule: "must be a period or a span of time here, not a starting checkpoint"}
	case s.started:
		return scopeFields{}, &ParamError{Field: "scope", Rule: "takes no starting balance here"}
	case s.granularity != "":
		return scopeFields{}, &ParamError{Field: "scope", Rule: "takes no granularity here"}
	}
	return s.fields()
}

func (f scopeFields) query() url.Values {
	q := url.Values{}
	for name, value := range map[string]string{
		"period":                 f.Period,
		"timePreset":             f.TimePreset,
		"startDate":              f.StartDate,
		"endDate":                f.EndDate,
		"startingCheckpoint":     f.StartingCheckpoint,
		"startingCheckpointType": f.StartingCheckpointType,
		"granularity":            string(f.Granularity),
	} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return q
}

// wireTime writes an instant as the service reads it: RFC 3339 in UTC, a fraction of a
// second only where there is one.
func wireTime(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// paramError names the field of a rule that a lower package found broken. A rule of a
// field within the field keeps its own name.
func paramError(field string, err error) error {
	if err == nil {
		return nil
	}
	if inner, ok := errors.AsType[*ParamError](err); ok {
		return &ParamError{Field: field + "." + inner.Field, Rule: inner.Rule}
	}
	return &ParamError{Field: field, Rule: err.Error()}
}
