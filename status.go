package pacspace

import "strings"

// Status is where a delta or a checkpoint stands at the service. It is kept as the
// service spelt it, which differs between its endpoints; compare with [Status.Is].
// Values that this version does not know pass through.
//
// Source: API contract, sections 2.4 and 8.6.
type Status string

// The statuses that the service documents.
const (
	StatusQueued     Status = "QUEUED"     // accepted, not yet recorded
	StatusProcessing Status = "PROCESSING" // being recorded
	StatusVerified   Status = "VERIFIED"   // recorded; counts in derived balances
	StatusFailed     Status = "FAILED"     // will not be recorded
)

// Is reports whether both name the same status, whatever their case.
func (s Status) Is(other Status) bool { return strings.EqualFold(string(s), string(other)) }

// Final reports whether the status will not change any more: verified or failed.
func (s Status) Final() bool { return s.Is(StatusVerified) || s.Is(StatusFailed) }
