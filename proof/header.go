package proof

import (
	"github.com/pacspace/pacspace-go/usage"
)

var headerNames = []string{"format", "scheme", "account", "environment", "window", "usageDays",
	"startingBalance", "claimedBalance", "count", "variant", "period", "carried", "checkpoint"}

// headerRequired has the bits of the names up to variant.
const headerRequired = 1<<10 - 1

func readHeader(data []byte) (Header, *FormatError) {
	var h Header
	s := scanner{src: data}
	seen, err := s.object(headerNames, func(i int) (err *FormatError) {
		switch headerNames[i] {
		case "format":
			_, err = oneOf(&s, EvidenceFormat)
		case "scheme":
			_, err = oneOf(&s, Scheme)
		case "account":
			h.Account, err = s.account()
		case "environment":
			h.Environment, err = oneOf(&s, EnvironmentLive, EnvironmentTest)
		case "window":
			h.Window, err = s.window()
		case "usageDays":
			h.Days, err = s.days()
		case "startingBalance":
			h.StartingBalance, err = s.exact()
		case "claimedBalance":
			h.ClaimedBalance, err = s.exact()
		case "count":
			var n int64
			n, err = s.integer(MaxDeltas)
			h.Count = int(n)
		case "variant":
			h.Variant, err = oneOf(&s, Variants()...)
		case "period":
			h.Period, err = s.period()
		case "carried":
			err = s.array(MaxCarried, func() *FormatError {
				c, err := s.carriedLine()
				h.Carried = append(h.Carried, c)
				return err
			})
			if err == nil && h.Carried == nil {
				err = broken("", "the list is empty; leave it out")
			}
		case "checkpoint":
			h.Checkpoint, err = s.checkpoint()
		}
		return err
	})
	if err == nil {
		err = missing(headerNames, seen, headerRequired)
	}
	if err == nil {
		err = s.end()
	}
	if err == nil {
		err = h.check()
	}
	return h, err
}

// check holds what one field of a header says against the others.
func (h *Header) check() *FormatError {
	switch {
	case h.Days.Last.Before(h.Days.First):
		return broken("usageDays", "they end before they begin")
	case h.Period != "" && h.Days != DaysOf(h.Period):
		return broken("usageDays", "they are not those of the period %s", h.Period)
	case !h.Days.Last.Start().Before(h.Window.End):
		return broken("window", "it ends before the last usage day begins")
	case len(h.Carried) > h.Count:
		return broken("carried", "there are more carried deltas than deltas")
	}
	for _, c := range h.Carried {
		if c.Window.End.After(h.Window.Start) {
			return broken("carried", "a delta is carried from a window that is not before this one")
		}
	}
	return nil
}

func (h Header) append(dst []byte) ([]byte, error) {
	o := newObject(dst)
	o.text("format", EvidenceFormat)
	o.text("environment", string(h.Environment.orLive()))
	o.object("account", func(o *object) { appendAccount(o, h.Account) })
	o.given("period", string(h.Period))
	days := h.Days
	if days.IsZero() {
		days = DaysOf(h.Period)
	}
	o.object("usageDays", func(o *object) { days.append(o) })
	o.window("window", h.Window)
	o.exact("startingBalance", h.StartingBalance)
	o.exact("claimedBalance", h.ClaimedBalance)
	o.integer("count", int64(h.Count))
	if len(h.Carried) > 0 {
		o.array("carried", len(h.Carried), func(i int, o *object) { h.Carried[i].append(o) })
	}
	if h.Checkpoint != (Checkpoint{}) {
		o.object("checkpoint", func(o *object) {
			o.given("id", h.Checkpoint.ID)
			o.hash("proofRoot", h.Checkpoint.Root)
		})
	}
	o.text("scheme", Scheme)
	o.text("variant", string(h.Variant.orDefault()))
	return o.close()
}

func (v Variant) orDefault() Variant {
	if v == "" {
		return VariantHex0x
	}
	return v
}

var accountNames = []string{"customerId", "resource", "unit"}

func (s *scanner) account() (usage.Account, *FormatError) {
	var a usage.Account
	seen, err := s.object(accountNames, func(i int) (err *FormatError) {
		switch i {
		case 0:
			a.CustomerID, err = s.customerID()
		case 1:
			a.Resource, err = s.filled()
		case 2:
			a.Unit, err = s.filled()
		}
		return err
	})
	if err == nil {
		err = missing(accountNames, seen, 1)
	}
	return a, err
}

func (s *scanner) customerID() (string, *FormatError) {
	id, err := s.text()
	if err == nil && usage.ValidateCustomerID(id) != nil {
		err = broken("", "a customer id has 1 to %d letters, digits and _ - . :", usage.MaxCustomerID)
	}
	return id, err
}

func appendAccount(o *object, a usage.Account) {
	o.text("customerId", a.CustomerID)
	o.given("resource", a.Resource)
	o.given("unit", a.Unit)
}

func (s *scanner) period() (usage.Period, *FormatError) {
	text, err := s.text()
	if err != nil {
		return "", err
	}
	p, parseErr := usage.ParsePeriod(text)
	if parseErr != nil {
		return "", broken("", "a month is expected, as in 2026-02")
	}
	return p, nil
}

var daysNames = []string{"first", "last"}

func (s *scanner) days() (Days, *FormatError) {
	var d Days
	seen, err := s.object(daysNames, func(i int) *FormatError {
		text, err := s.text()
		if err != nil {
			return err
		}
		date, parseErr := usage.ParseDate(text)
		if parseErr != nil {
			return broken("", "a day is expected, as in 2026-02-01")
		}
		if i == 0 {
			d.First = date
		} else {
			d.Last = date
		}
		return nil
	})
	if err == nil {
		err = missing(daysNames, seen, 3)
	}
	return d, err
}

func (d Days) append(o *object) {
	o.text("first", d.First.String())
	o.text("last", d.Last.String())
}

var windowNames = []string{"start", "end"}

func (s *scanner) window() (usage.Window, *FormatError) {
	var w usage.Window
	seen, err := s.object(windowNames, func(i int) (err *FormatError) {
		if i == 0 {
			w.Start, err = s.instant()
		} else {
			w.End, err = s.instant()
		}
		return err
	})
	if err == nil {
		err = missing(windowNames, seen, 3)
	}
	if err == nil && !w.Start.Before(w.End) {
		err = broken("", "it does not end after it starts")
	}
	return w, err
}

var checkpointNames = []string{"id", "proofRoot"}

func (s *scanner) checkpoint() (Checkpoint, *FormatError) {
	var c Checkpoint
	seen, err := s.object(checkpointNames, func(i int) (err *FormatError) {
		if i == 0 {
			c.ID, err = s.filled()
		} else {
			c.Root, err = s.hash()
		}
		return err
	})
	if err == nil {
		err = missing(checkpointNames, seen, 2)
	}
	return c, err
}

var carriedNames = []string{"referenceId", "recordId", "window"}

func (s *scanner) carriedLine() (CarriedLine, *FormatError) {
	var c CarriedLine
	seen, err := s.object(carriedNames, func(i int) (err *FormatError) {
		switch i {
		case 0:
			c.ReferenceID, err = s.filled()
		case 1:
			c.RecordID, err = s.filled()
		case 2:
			c.Window, err = s.window()
		}
		return err
	})
	if err == nil {
		err = missing(carriedNames, seen, 4)
	}
	if err == nil && seen&3 == 0 {
		err = broken("", "it names a delta by referenceId, by recordId or by both")
	}
	return c, err
}

func (c CarriedLine) append(o *object) {
	o.given("referenceId", c.ReferenceID)
	o.given("recordId", c.RecordID)
	o.window("window", c.Window)
}
