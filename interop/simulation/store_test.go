package simulation_test

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/pacspace/pacspace-go"
)

// store is what the program has on its disk: JSON under a name, in the order of the first
// writes. One put is atomic, and the program may die right before and right after it.
type store struct {
	w     *world
	names []string
	texts map[string]string
	read  map[string]any // what was read in this life of the program
}

// item is one delta as the program keeps it.
type item struct {
	Delta     pacspace.DeltaParams
	Day       pacspace.Date
	State     itemState
	Key       string // of the next send, or of the sends whose outcome is unknown
	FirstSent time.Time
	RecordID  string
	Batch     string // the batch that it went out with, empty for none
	Why       string // it is parked
}

type itemState string

const (
	itemSending  itemState = "sending"  // it may have been sent
	itemUnknown  itemState = "unknown"  // likewise, and somebody was told so
	itemUnsent   itemState = "unsent"   // it was certainly not sent under its key
	itemRecorded itemState = "recorded" // the service said so
	itemParked   itemState = "parked"   // a person must decide
)

// Why an item is parked.
const (
	whyTooOld   = "its key is too old"
	whyConflict = "something else stands under its name"
	whyRejected = "the service finds it malformed"
)

// batch is a batch under way; it is sent whole until it is settled.
type batch struct {
	References []string
	Key        string // empty for the default
	FirstSent  time.Time
	Unknown    bool // a send may have been processed
	Settled    bool
}

// closed is a closing, with what its JSON leaves out.
type closed struct {
	Closing  *pacspace.Closing
	Records  []string // of its lines
	Sum      pacspace.Decimal
	Evidence string // verdict
}

func (s *store) put(values map[string]any) {
	s.w.step("before storing")
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		text, err := json.Marshal(values[name])
		mustWork(err)
		if _, known := s.texts[name]; !known {
			s.names = append(s.names, name)
		}
		s.texts[name] = string(text)
		delete(s.read, name)
		s.w.log("store %s %.60s", name, stateOf(values[name]))
	}
	s.w.step("after storing")
}

func stateOf(v any) string {
	if i, ok := v.(item); ok {
		return string(i.State) + " " + i.Key + " " + i.Why
	}
	return ""
}

func (s *store) find(name string) string { return s.texts[name] }

func load[T any](s *store, name string) (v T, known bool) {
	if v, known := s.read[name]; known {
		return v.(T), true
	}
	text, known := s.texts[name]
	if known {
		mustWork(json.Unmarshal([]byte(text), &v))
		s.read[name] = v
	}
	return v, known
}

// items are all deltas, in the order in which they were first stored.
func (s *store) items() []item {
	var list []item
	for _, name := range s.names {
		if strings.HasPrefix(name, "usage:") {
			it, _ := load[item](s, name)
			list = append(list, it)
		}
	}
	return list
}
