package usage

import "time"

// Window is a span of instants that holds its start and not its end.
type Window struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}

// Validate refuses a window without start or end, and one that does not end after it
// starts.
func (w Window) Validate() error {
	switch {
	case w.Start.IsZero() || w.End.IsZero():
		return invalid("window", w.String(), "start and end must be set")
	case !w.Start.Before(w.End):
		return invalid("window", w.String(), "it must end after it starts")
	}
	return nil
}

// Contains tells whether the instant lies in the window.
func (w Window) Contains(t time.Time) bool { return !t.Before(w.Start) && t.Before(w.End) }

// Follows tells whether w begins at the instant at which prev ends.
func (w Window) Follows(prev Window) bool { return w.Start.Equal(prev.End) }

// Overlaps tells whether an instant lies in both windows.
func (w Window) Overlaps(other Window) bool {
	return w.Start.Before(other.End) && other.Start.Before(w.End) &&
		w.Start.Before(w.End) && other.Start.Before(other.End)
}

// Equal tells whether both windows begin and end at the same instants, whatever their
// locations. Use it instead of ==.
func (w Window) Equal(other Window) bool {
	return w.Start.Equal(other.Start) && w.End.Equal(other.End)
}

// String returns the window as [start, end), both in UTC by RFC 3339.
func (w Window) String() string {
	return "[" + w.Start.UTC().Format(time.RFC3339Nano) + ", " + w.End.UTC().Format(time.RFC3339Nano) + ")"
}
