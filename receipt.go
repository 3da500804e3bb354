package pacspace

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"time"

	"github.com/pacspace/pacspace-go/internal/wire"
)

// ReceiptService reads what proves a balance to the other side.
type ReceiptService struct{ *core }

// InvoiceProof is what goes onto an invoice: the proof root and the links that lead the
// other side to the record.
//
// Source: API contract, section 2.9.
type InvoiceProof struct {
	Raw
	CustomerID string `json:"customerId,omitempty"`
	Period     string `json:"period,omitempty"`
	// ProofRoot grants read access to what it proves: give it to the customer it is about,
	// and do not log it.
	ProofRoot string `json:"proofRoot,omitempty"`
	// VerifyURL is the link for people. It is opaque: no period can be read out of it.
	VerifyURL string `json:"verifyUrl,omitempty"`
	// VerificationAPIURL is the link for machines.
	VerificationAPIURL string `json:"verificationApiUrl,omitempty"`
	// AccessHint is the six-character access code that is printed beside the link, empty
	// where the link needs none.
	AccessHint       string   `json:"accessHint,omitempty"`
	CustomerLinkURL  string   `json:"customerLinkUrl,omitempty"`
	CustomerLinkHost string   `json:"customerLinkHost,omitempty"`
	DeltaCount       *int64   `json:"deltaCount,omitempty"`      // nil where the service does not say
	StartingBalance  *Decimal `json:"startingBalance,omitempty"` // in the balance's unit; nil where the service does not say
	FinalBalance     *Decimal `json:"finalBalance,omitempty"`    // in the balance's unit; nil where the service does not say
	// Deltas are the rows of the older receipt form; newer ones carry none.
	Deltas []Delta `json:"deltas,omitempty"`
}

func (p *InvoiceProof) fromWire(o *wire.Object) {
	p.CustomerID = o.String("customerId")
	p.Period = o.String("period")
	p.ProofRoot = o.String("proofRoot", "merkleRoot", "itemsRoot")
	p.VerifyURL = o.String("verifyUrl")
	if v := o.Object("verification"); v != nil && p.VerifyURL == "" {
		p.VerifyURL = v.String("verifyUrl")
	}
	p.VerificationAPIURL = o.String("verificationApiUrl")
	p.AccessHint = o.Text("accessHint")
	p.CustomerLinkURL = o.String("customerLinkUrl")
	p.CustomerLinkHost = o.String("customerLinkHost")
	p.DeltaCount = o.IntPtr("deltaCount", "deltasCount")
	p.StartingBalance = o.DecimalPtr("startingBalance")
	p.FinalBalance = o.DecimalPtr("finalBalance", "computedBalance")
	p.Deltas = readArray[Delta](o, "deltas")
}

// InvoiceProof reads the proof bundle of a scope. Where the service has no such route it
// falls back to the scoped receipt, which may lack the access code and customer link.
//
// Source: API contract, sections 2.9 and 8.13.
func (s *ReceiptService) InvoiceProof(ctx context.Context, customerID string, scope Scope, opts ...CallOption) (*InvoiceProof, error) {
	p, err := s.scoped(ctx, routeInvoiceProof, customerID, scope, opts)
	if errors.Is(err, ErrNotFound) {
		if r, fallback := s.Scoped(ctx, customerID, scope, opts...); fallback == nil {
			return r, nil
		}
	}
	return p, err
}

// Scoped reads the scoped receipt of a customer. For an invoice prefer
// [ReceiptService.InvoiceProof].
//
// Source: API contract, section 2.9.
func (s *ReceiptService) Scoped(ctx context.Context, customerID string, scope Scope, opts ...CallOption) (*InvoiceProof, error) {
	return s.scoped(ctx, routeScopedReceipt, customerID, scope, opts)
}

func (s *ReceiptService) scoped(ctx context.Context, r route, customerID string, scope Scope, opts []CallOption) (*InvoiceProof, error) {
	if err := checkCustomerID(customerID); err != nil {
		return nil, err
	}
	fields, err := scope.timeFields()
	if err != nil {
		return nil, err
	}
	return invoke[InvoiceProof](ctx, s.core, call{route: r, ids: []string{customerID}, query: fields.query()}, opts)
}

// Receipt is a receipt document. The service documents few of its fields; RawJSON has
// all.
//
// Source: API contract, section 2.9.
type Receipt struct {
	Raw
	ReceiptID  string    `json:"receiptId,omitempty"`
	CustomerID string    `json:"customerId,omitempty"`
	Period     string    `json:"period,omitempty"`
	ProofRoot  string    `json:"proofRoot,omitempty"`
	Permalink  string    `json:"permalink,omitempty"` // opaque
	CreatedAt  time.Time `json:"createdAt,omitzero"`
}

func (r *Receipt) fromWire(o *wire.Object) {
	r.ReceiptID = o.String("receiptId")
	r.CustomerID = o.String("customerId")
	r.Period = o.String("period")
	r.ProofRoot = o.String("proofRoot", "merkleRoot", "itemsRoot")
	if l := o.Object("links"); l != nil {
		r.Permalink = l.String("permalink")
	}
	r.CreatedAt = o.Time("createdAt", "generatedAt")
}

// DocumentParams says how a receipt document is written. All fields are optional; what is
// left out is left to the service. Source: API contract, section 2.9.
type DocumentParams struct {
	CustomerDisplayName *bool  // whether the customer's display name is shown
	Locale              string // such as en-US
	Timezone            string // such as UTC
	Unit                string // the word for the unit, such as credits
}

// Document reads a receipt document by its id.
//
// Source: API contract, section 2.9.
func (s *ReceiptService) Document(ctx context.Context, receiptID string, p DocumentParams, opts ...CallOption) (*Receipt, error) {
	q := url.Values{}
	if p.CustomerDisplayName != nil {
		q.Set("customerDisplayName", strconv.FormatBool(*p.CustomerDisplayName))
	}
	for name, value := range map[string]string{"locale": p.Locale, "timezone": p.Timezone, "unit": p.Unit} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return invoke[Receipt](ctx, s.core, call{route: routeReceiptDocument, ids: []string{receiptID}, query: q}, opts)
}

// receiptList is the answer that lists receipts.
type receiptList struct {
	Raw
	receipts []Receipt
}

func (l *receiptList) fromWire(o *wire.Object) {
	l.receipts = readArray[Receipt](o, "receipts", "items")
}

// List reads a customer's latest receipts, in the service's order; limit 0 leaves their
// number to the service, which documents no way to a second page.
//
// Source: API contract, section 2.9.
func (s *ReceiptService) List(ctx context.Context, customerID string, limit int, opts ...CallOption) ([]Receipt, error) {
	if err := checkCustomerID(customerID); err != nil {
		return nil, err
	}
	q := url.Values{}
	if limit < 0 {
		return nil, &ParamError{Field: "limit", Rule: "must not be negative"}
	}
	if limit > 0 {
		q.Set("limit", strconv.Itoa(limit))
	}
	l, err := invoke[receiptList](ctx, s.core, call{route: routeReceipts, ids: []string{customerID}, query: q, list: "receipts"}, opts)
	if err != nil {
		return nil, err
	}
	return l.receipts, nil
}
