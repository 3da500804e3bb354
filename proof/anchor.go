package proof

import (
	"errors"
	"fmt"
	"time"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/usage"
)

// Anchor is something that the checker knows from elsewhere than the evidence file: a
// *PublicRecord, an InvoiceRoot, an *Earlier, an OwnDeltas or a *ProbeResult. A file alone
// can only prove itself. WriteAnchor keeps one for later, so that an invoice can be
// verified offline at any time.
type Anchor interface {
	anchor() string // its kind, as anchor files name it
	validate() error
}

// ErrAnchor is what every refused anchor is, through errors.Is. What to do: fetch the
// anchor again from where it came; verify without it rather than with a mended one.
var ErrAnchor = errors.New("proof: anchor")

// ErrNotVerified is the answer verified:false of the public record. It makes no anchor and
// accuses nobody: it says that the root was not confirmed, and not whether the record was
// out of reach or does not have it. What to do: compare the root with the invoice, and ask
// again later.
var ErrNotVerified = errors.New("the public record did not confirm the root, and it is not known whether it was unavailable or does not have it; ask again later")

// PublicRecord is the public record's answer for a root, fetched by the checker himself
// from a host that he chose, never from an address in the file. It binds what it states.
//
// Source: API contract, section 2.10.
type PublicRecord struct {
	Root Hash
	// Verified must be true: any other answer is no anchor, see ErrNotVerified.
	Verified bool
	// RecordCount is how many deltas are under the root; nil where the answer left it out.
	RecordCount *int64
	// NetChange is the sum of these deltas as the service adds them, in binary64; nil where
	// the answer left it out.
	NetChange *decimal.Decimal
	// Environment is the one that was asked; zero means live.
	Environment Environment
	// Source is the host that answered, for the report.
	Source string
	// FetchedAt is when it answered, by the checker's clock; for the report.
	FetchedAt time.Time
}

// NewPublicRecord makes an anchor of the public record's answer. The error is ErrAnchor,
// and ErrNotVerified where the answer was verified:false.
func NewPublicRecord(answer PublicRecord) (*PublicRecord, error) {
	answer.Environment = answer.Environment.orLive()
	if err := answer.validate(); err != nil {
		return nil, err
	}
	return &answer, nil
}

// InvoiceRoot is the root printed on the invoice. It binds the file to the invoice and
// neither of them to the record.
type InvoiceRoot struct {
	Root Hash
}

// OwnDeltas are the deltas that the buyer's own system saw for the billed usage, by
// referenceId; of their fields ReferenceID and Delta are compared, and CustomerID where it
// is not empty. They are what shows completeness.
type OwnDeltas struct {
	Items []Item
	// Partial says that the system saw only some of the usage: a delta that is in the file
	// and not in Items is then no difference, and completeness is not shown.
	Partial bool
}

// Earlier is what an earlier verification leaves for the next one: where it ended, which
// deltas it billed, and how far the scheme was confirmed. Report.Anchor makes it.
type Earlier struct {
	verdict     Verdict
	account     usage.Account
	environment Environment
	days        Days
	window      usage.Window
	balance     decimal.Decimal
	count       int
	root        Hash
	lastIndex   *int64
	confirmed   confirmed
	deltas      billed
}

// Account returns whose balance the earlier evidence was about.
func (e *Earlier) Account() usage.Account { return e.account }

// Window returns the recording window of the earlier evidence.
func (e *Earlier) Window() usage.Window { return e.window }

// Balance returns the balance at the end of the earlier evidence.
func (e *Earlier) Balance() decimal.Decimal { return e.balance }

// ProbeResult is what a trial of the service showed: which variants reproduce the hashes
// that it returned. It counts for evidence of its own environment.
type ProbeResult struct {
	// Environment is the one that was tried; zero means live.
	Environment Environment
	// Item, Batch and Checkpoint are the variants that reproduced the service's hash of
	// that level, none where nothing did or nothing was tried. Of batches and checkpoints
	// only those with at least two deltas count, since one delta makes no node.
	Item, Batch, Checkpoint []Variant
	// ChainPerAccount and IndexPerAccount say that previousProofHash and index were seen to
	// go by customer id, although other customers' deltas came in between. Else a broken
	// link or a gap shows nothing.
	ChainPerAccount, IndexPerAccount bool
	// FirstIndex is the index that a new account's first delta was given; nil if not seen.
	FirstIndex *int64
	// Source and At are the host and the time, for the report.
	Source string
	At     time.Time
}

func (*PublicRecord) anchor() string { return "public-record" }
func (InvoiceRoot) anchor() string   { return "invoice-root" }
func (OwnDeltas) anchor() string     { return "own-deltas" }
func (*Earlier) anchor() string      { return "earlier" }
func (*ProbeResult) anchor() string  { return "probe" }

func (p *PublicRecord) validate() error {
	switch {
	case p == nil:
		return fmt.Errorf("%w: public record: it is nil", ErrAnchor)
	case !p.Verified:
		return fmt.Errorf("%w: public record: %w", ErrAnchor, ErrNotVerified)
	case p.Root.IsZero():
		return fmt.Errorf("%w: public record: root: the zero hash is the root of no deltas, whoever asks for it, so it binds nothing", ErrAnchor)
	case p.RecordCount != nil && *p.RecordCount < 0:
		return fmt.Errorf("%w: public record: recordCount: it is negative", ErrAnchor)
	}
	return validEnvironment("public record", p.Environment)
}

func (r InvoiceRoot) validate() error { return nil }

func (o OwnDeltas) validate() error {
	if len(o.Items) > MaxOwnDeltas {
		return fmt.Errorf("%w: own deltas: %w", ErrAnchor, tooMuch("", "more than %d deltas", MaxOwnDeltas))
	}
	for i, item := range o.Items {
		if item.ReferenceID == "" {
			return fmt.Errorf("%w: own deltas: delta %d: referenceId: it is empty, and deltas are compared by it", ErrAnchor, i+1)
		}
	}
	return nil
}

func (e *Earlier) validate() error {
	if e == nil {
		return fmt.Errorf("%w: earlier evidence: it is nil", ErrAnchor)
	}
	if e.verdict != Verified && e.verdict != Consistent {
		return fmt.Errorf("%w: earlier evidence: its verdict is %q; take it from Report.Anchor", ErrAnchor, string(e.verdict))
	}
	// As in the header that it comes from.
	if e.days.Last.Before(e.days.First) || !e.days.Last.Start().Before(e.window.End) {
		return fmt.Errorf("%w: earlier evidence: its usage days end before they begin, or after its window; take it from Report.Anchor", ErrAnchor)
	}
	return nil
}

func (p *ProbeResult) validate() error {
	if p == nil {
		return fmt.Errorf("%w: probe: it is nil", ErrAnchor)
	}
	for _, level := range [][]Variant{p.Item, p.Batch, p.Checkpoint} {
		for _, v := range level {
			if err := v.Validate(); err != nil || v == "" {
				return fmt.Errorf("%w: probe: %w: %q", ErrAnchor, ErrVariant, string(v))
			}
		}
	}
	if p.FirstIndex != nil && (*p.FirstIndex < 0 || *p.FirstIndex > maxInteger) {
		return fmt.Errorf("%w: probe: firstIndex: it is not within 0 and 2^53-1", ErrAnchor)
	}
	return validEnvironment("probe", p.Environment)
}

func validEnvironment(what string, e Environment) error {
	if e = e.orLive(); e != EnvironmentLive && e != EnvironmentTest {
		return fmt.Errorf("%w: %s: environment: %q is neither live nor test", ErrAnchor, what, string(e))
	}
	return nil
}
