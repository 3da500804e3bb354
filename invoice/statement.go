package invoice

import (
	"cmp"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/usage"
)

// Details are what the seller adds to a closing.
type Details struct {
	// Number is the invoice's number. Optional.
	Number string
	// Issued is the date on the statement, and the time in the PDF: the same closing,
	// details and version make the same bytes. Required.
	Issued time.Time
	// Seller and Customer are shown at the top. The seller's name is required; the
	// customer's is the customer id where it is empty.
	Seller, Customer Party
	// Prices are the prices by resource, as the deltas' metadata names it. Without any the
	// statement shows quantities only; with some, each resource on it needs one.
	Prices map[string]Price
	// Locale is how quantities and money are written, such as en-US or de-CH. Empty writes
	// plain digits and the currency's code. The words stay English.
	Locale string
}

// Party is the seller or the customer.
type Party struct {
	Name string
	// Address are the lines below the name, at most 10: an address, a tax number.
	Address []string
}

// Price is what one unit of a resource costs.
type Price struct {
	PerUnit  pacspace.Decimal
	Currency string // ISO 4217, such as EUR
}

// Statement is what goes to the customer about one closed period of one account. Change
// what [New] filled in only to show it otherwise: the evidence stays that of the closing.
type Statement struct {
	Number           string
	Issued           time.Time
	Seller, Customer Party

	Account     pacspace.Account
	Environment pacspace.Environment
	Period      pacspace.Period
	Window      pacspace.Window // when the service recorded the lines

	// Lines are the window's own deltas and Carried those of earlier windows, each by day,
	// then by resource, then as recorded; those without a day come last.
	Lines, Carried []Line
	// StartingBalance, all lines and the carried ones add up to Balance. All are as
	// recorded, so usage is negative.
	StartingBalance, Balance pacspace.Decimal

	// Charges are the money lines by resource, and Totals their sums by currency, both
	// empty without prices.
	Charges []Charge
	Totals  []Money

	// Notes are the closing's, for a person.
	Notes []string
	// Proof is nil where nothing was recorded in the window.
	Proof *Proof

	closing *pacspace.Closing
	format  format
}

// Line is one delta.
type Line struct {
	Day       pacspace.Date // the usage day; zero where the reference names none
	Resource  string
	Reference string
	Quantity  pacspace.Decimal // as recorded: usage is negative
}

// Used is the quantity as a customer reads it: usage is positive, a credit negative.
func (l Line) Used() pacspace.Decimal { return l.Quantity.Neg() }

// Proof is what leads the customer to the record. What gives access is in nothing that fmt,
// slog or encoding/json write.
type Proof struct {
	Root string `json:"-"`
	// VerifyURL is the link for people, empty where the service gave none.
	VerifyURL string `json:"-"`
	// AccessCode is asked for behind the link, empty where none is.
	AccessCode   string `json:"-"`
	CheckpointID string
	RecordedAt   time.Time // zero where the record does not say
	DeltaCount   int       // how many deltas the root is over; carried ones are not
}

// New makes the statement of a closing. It takes one that ClosePeriod returned: one that
// was read from JSON has no lines, and is refused unless it never had any.
//
// Errors match [ErrClosing] where the closing cannot be put on a statement and [ErrDetails]
// where the details cannot.
func New(c *pacspace.Closing, d Details) (*Statement, error) {
	if err := checkClosing(c); err != nil {
		return nil, err
	}
	if err := checkDetails(d); err != nil {
		return nil, err
	}
	format, err := newFormat(d.Locale)
	if err != nil {
		return nil, err
	}
	s := &Statement{
		Number: d.Number, Issued: d.Issued.UTC(), Seller: clone(d.Seller), Customer: clone(d.Customer),
		Account:     pacspace.Account{CustomerID: c.Account.CustomerID, Resource: clean(c.Account.Resource), Unit: clean(c.Account.Unit)},
		Environment: c.Environment, Period: c.Period, Window: c.Window,
		StartingBalance: c.StartingBalance, Balance: c.Balance,
		closing: c, format: format,
	}
	s.Customer.Name = cmp.Or(s.Customer.Name, c.Account.CustomerID)
	for _, l := range c.Lines {
		if line := s.line(l); l.Carried != nil {
			s.Carried = append(s.Carried, line)
		} else {
			s.Lines = append(s.Lines, line)
		}
	}
	slices.SortStableFunc(s.Lines, byDay)
	slices.SortStableFunc(s.Carried, byDay)
	for _, n := range c.Notes {
		s.Notes = append(s.Notes, clean(n))
	}
	if c.ProofRoot != "" {
		s.Proof = proofOf(c)
	}
	if err := s.charge(d.Prices); err != nil {
		return nil, err
	}
	return s, nil
}

func clone(p Party) Party { return Party{p.Name, slices.Clone(p.Address)} }

// line reads the day from the reference, since the service's times say only when it
// recorded.
func (s *Statement) line(l pacspace.ClosingLine) Line {
	line := Line{
		Resource:  s.Account.Resource,
		Reference: clean(cmp.Or(l.Delta.ReferenceID, l.Delta.RecordID)),
		Quantity:  l.Delta.Delta,
	}
	if r, err := usage.ParseReference(l.Delta.ReferenceID); err == nil && r.CustomerID == s.Account.CustomerID {
		line.Day = r.Day
	}
	if r := resourceOf(l); r != "" {
		line.Resource = r
	}
	return line
}

// resourceOf is what the delta's metadata calls the resource, as it was sent or, where that
// is not known, as the service lists it.
func resourceOf(l pacspace.ClosingLine) string {
	if l.Submitted != nil {
		r, _ := l.Submitted.Metadata["resource"].(string)
		return clean(r)
	}
	var m struct {
		Resource json.RawMessage `json:"resource"`
	}
	var r string
	if json.Unmarshal(l.Delta.Metadata, &m) == nil && json.Unmarshal(m.Resource, &r) == nil {
		return clean(r)
	}
	return ""
}

func byDay(a, b Line) int {
	if a.Day.IsZero() != b.Day.IsZero() {
		if a.Day.IsZero() {
			return 1
		}
		return -1
	}
	return cmp.Or(a.Day.Compare(b.Day), cmp.Compare(a.Resource, b.Resource))
}

func proofOf(c *pacspace.Closing) *Proof {
	p := &Proof{Root: c.ProofRoot, CheckpointID: clean(c.CheckpointID), RecordedAt: c.RecordedAt, DeltaCount: c.DeltaCount}
	if c.Proof != nil {
		p.VerifyURL, p.AccessCode = c.Proof.VerifyURL, c.Proof.AccessHint
	}
	return p
}

// String names the statement without its secrets.
func (s Statement) String() string {
	return fmt.Sprintf("statement of %s, %s: %d deltas, balance %s", s.Account.CustomerID, s.Period, len(s.Lines)+len(s.Carried), s.Balance)
}

// Format prints String for every verb, so that no proof root gets into a log.
func (s Statement) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.String()) }

// LogValue is String.
func (s Statement) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Format prints what the proof is and not its root, link or code, whatever the verb.
func (p Proof) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "proof of %d deltas", p.DeltaCount) }

// LogValue says what Format prints.
func (p Proof) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(p)) }
