package pacspace

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"time"

	"github.com/pacspace/pacspace-go/internal/wire"
	"github.com/pacspace/pacspace-go/proof"
)

// Source says where the service looks a proof root up. [Public.Verify] refuses any other.
//
// Source: API contract, section 2.10.
type Source string

// The sources that the service documents. The empty Source is the service's default, its
// database.
const (
	SourceDB    Source = "db"
	SourceChain Source = "chain"
	SourceBoth  Source = "both"
)

// Verification is the public record's answer for a proof root.
//
// Source: API contract, section 2.10.
type Verification struct {
	Raw
	// Verified false does not mean tampering: it also stands for "could not be looked up
	// now"; Message says which.
	Verified  bool   `json:"verified"`
	Message   string `json:"message,omitempty"`
	ProofRoot string `json:"proofRoot,omitempty"`
	// The summary. Counts and amounts are nil where the service does not say.
	RecordCount     *int64    `json:"recordCount,omitempty"`
	NetChange       *Decimal  `json:"netChange,omitempty"`       // in the balance's unit
	StartingBalance *Decimal  `json:"startingBalance,omitempty"` // in the balance's unit
	EndingBalance   *Decimal  `json:"endingBalance,omitempty"`   // in the balance's unit
	FirstRecordAt   time.Time `json:"firstRecordAt,omitzero"`
	LastRecordAt    time.Time `json:"lastRecordAt,omitzero"`
	RecordedAt      time.Time `json:"recordedAt,omitzero"`
	// Records are the deltas, where the service shows them to whoever holds the root.
	Records []Delta `json:"records,omitempty"`

	VerificationReference string `json:"verificationReference,omitempty"`
	// VerificationExplorerURL is deprecated by the service; it is opaque.
	VerificationExplorerURL string `json:"verificationExplorerUrl,omitempty"`
}

func (v *Verification) fromWire(o *wire.Object) {
	v.Verified = o.RequiredBool("verified")
	v.Message = o.Text("message")
	v.ProofRoot = o.String("proofRoot", "merkleRoot", "itemsRoot")
	v.RecordedAt = o.Time("recordedAt")
	if s := o.Object("summary"); s != nil {
		v.RecordCount = s.IntPtr("recordCount", "deltaCount", "deltasCount")
		v.NetChange = s.DecimalPtr("netChange", "netDelta")
		v.StartingBalance = s.DecimalPtr("startingBalance")
		v.EndingBalance = s.DecimalPtr("endingBalance")
		v.FirstRecordAt = s.Time("firstRecordAt")
		v.LastRecordAt = s.Time("lastRecordAt")
	}
	v.Records = readArray[Delta](o, "records")
	if n := o.Object("verification"); n != nil {
		v.VerificationReference = n.String("verificationReference", "reference")
		v.VerificationExplorerURL = n.String("verificationExplorerUrl", "publicLedgerUrl")
	}
}

// Verify asks the public record for a proof root. It sends no API key; whoever holds the
// root may read what it proves. The empty source leaves the choice to the service.
//
// Source: API contract, section 2.10.
func (p *Public) Verify(ctx context.Context, proofRoot string, source Source, opts ...CallOption) (*Verification, error) {
	q := url.Values{}
	switch source {
	case "", SourceDB: // the default is not sent
	case SourceChain, SourceBoth:
		q.Set("source", string(source))
	default:
		return nil, &ParamError{Field: "source", Rule: "must be db, chain or both"}
	}
	return invoke[Verification](ctx, p.core, call{route: routeVerify, ids: []string{proofRoot}, query: q}, opts)
}

// WaitVerified polls the public record until it knows a proof root, as
// [BalanceService.Wait] polls a delta. A root that is not known yet is waited for, since
// the record is written after the checkpoint.
//
// Source: API contract, section 2.10.
func (p *Public) WaitVerified(ctx context.Context, proofRoot string, opts ...CallOption) (*Verification, error) {
	return poll(ctx, opts, "the public record does not show the root yet", func(ctx context.Context) (*Verification, bool, error) {
		v, err := p.Verify(ctx, proofRoot, "", opts...)
		if isNotFound(err) {
			return nil, false, nil
		}
		return v, err == nil && v.Verified, err
	})
}

// Anchor fetches what the public record says of a proof root, for [proof.Verify]. Take
// the root from the invoice and fetch it from the service itself, never from an address
// in a file; keep it with [proof.WriteAnchor] to verify offline for ever.
//
// The anchor's environment is the one this client asks in: live, unless
// [WithEnvironment] or the key said test. An answer of verified:false makes no anchor; the
// error matches [proof.ErrNotVerified] and accuses nobody. Nor does an answer that is
// about another root.
//
// Source: API contract, section 2.10.
func (p *Public) Anchor(ctx context.Context, proofRoot string, opts ...CallOption) (*proof.PublicRecord, error) {
	root, err := proof.ParseHash(proofRoot)
	if err != nil {
		return nil, paramError("proofRoot", err)
	}
	v, err := p.Verify(ctx, proofRoot, "", opts...)
	if err != nil {
		return nil, err
	}
	if v.ProofRoot != "" && !sameHash(v.ProofRoot, proofRoot) {
		return nil, fmt.Errorf("%w: the answer is about another root", proof.ErrAnchor)
	}
	return proof.NewPublicRecord(proof.PublicRecord{
		Root:        root,
		Verified:    v.Verified,
		RecordCount: v.RecordCount,
		NetChange:   v.NetChange,
		Environment: p.environment,
		Source:      p.base.Host,
		FetchedAt:   p.now(),
	})
}

// ReceiptDocument reads a receipt document that is public.
//
// Source: API contract, section 2.9.
func (p *Public) ReceiptDocument(ctx context.Context, receiptID string, opts ...CallOption) (*Receipt, error) {
	return invoke[Receipt](ctx, p.core, call{route: routePublicReceipt, ids: []string{receiptID}}, opts)
}

// ReceiptPDF writes a public receipt's PDF to w. It is read whole before the first byte
// is written, so an error leaves w untouched unless w itself failed.
//
// Source: API contract, section 2.9.
func (p *Public) ReceiptPDF(ctx context.Context, receiptID string, w io.Writer, opts ...CallOption) error {
	data, err := fetch(ctx, p.core, call{route: routePublicReceiptPDF, ids: []string{receiptID}}, opts)
	if err != nil {
		return err
	}
	_, err = w.Write(data)
	return err
}
