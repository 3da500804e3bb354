package pacspace

import (
	"context"
	"iter"
	"net/url"
	"strconv"
	"time"

	"github.com/pacspace/pacspace-go/internal/canonical"
	"github.com/pacspace/pacspace-go/internal/wire"
)

// CustomerService reads customer records and, with a dashboard token, makes them.
type CustomerService struct{ *core }

// Customer is a customer's record. It comes into being with the first delta; no set-up
// call is needed.
//
// Source: API contract, section 2.13.
type Customer struct {
	Raw
	CustomerID        string    `json:"customerId,omitempty"`
	CustomerReference string    `json:"customerReference,omitempty"` // the same for ever for one id
	CustomerPartition string    `json:"customerPartition,omitempty"`
	TotalDeltas       int       `json:"totalDeltas"`
	ComputedBalance   *Decimal  `json:"computedBalance,omitempty"` // in the balance's unit; nil in lists
	LatestCheckpoint  string    `json:"latestCheckpoint,omitempty"`
	FirstDeltaAt      time.Time `json:"firstDeltaAt,omitzero"`
	LastDeltaAt       time.Time `json:"lastDeltaAt,omitzero"`
	// Activity is one page of the latest deltas, in a detail only.
	Activity []Delta `json:"activity,omitempty"`
	// ActivityTotal is how many deltas there are in all, nil where the service does not say.
	ActivityTotal *int64 `json:"activityTotal,omitempty"`
}

func (c *Customer) fromWire(o *wire.Object) {
	c.CustomerID = o.String("customerId")
	c.CustomerReference = o.String("customerReference", "ledgerIdentifier")
	c.CustomerPartition = o.Text("customerPartition")
	c.TotalDeltas = o.Int("totalDeltas")
	c.ComputedBalance = o.DecimalPtr("computedBalance")
	c.LatestCheckpoint = o.String("latestCheckpoint")
	c.FirstDeltaAt = o.Time("firstDeltaAt")
	c.LastDeltaAt = o.Time("lastDeltaAt")
	if a := o.Object("recentActivity"); a != nil {
		c.Activity = readArray[Delta](a, "items")
		if p := a.Object("pagination"); p != nil {
			c.ActivityTotal = p.IntPtr("total")
		}
	}
}

// CustomersParams searches the list of customers. All fields are optional. Source: API
// contract, section 2.13.
type CustomersParams struct {
	Page   int    // from 1; 0 is the first
	Limit  int    // rows of a page, 1 to 100; 0 leaves it to the service
	Search string // part of a customer id, in any case; empty for all
}

// CustomerPage is one page of the list of customers. Source: API contract, section 2.13.
type CustomerPage struct {
	Raw
	Customers  []Customer `json:"customers"`
	Total      int        `json:"total"`
	Page       int        `json:"page"`
	TotalPages int        `json:"totalPages"` // 0 where the service does not say
}

func (p *CustomerPage) fromWire(o *wire.Object) {
	p.Customers = readArray[Customer](o, "customers")
	if n := o.Object("pagination"); n != nil {
		p.Total, p.Page, p.TotalPages = n.Int("total"), n.Int("page"), n.Int("totalPages")
	}
}

// Page lists one page of customers.
//
// Source: API contract, section 2.13.
func (s *CustomerService) Page(ctx context.Context, p CustomersParams, opts ...CallOption) (*CustomerPage, error) {
	switch {
	case p.Page < 0:
		return nil, &ParamError{Field: "page", Rule: "must not be negative"}
	case p.Limit < 0 || p.Limit > maxCustomers:
		return nil, &ParamError{Field: "limit", Rule: "must be between 1 and 100"}
	}
	q := url.Values{}
	if p.Page > 0 {
		q.Set("page", strconv.Itoa(p.Page))
	}
	if p.Limit > 0 {
		q.Set("limit", strconv.Itoa(p.Limit))
	}
	if p.Search != "" {
		q.Set("search", p.Search)
	}
	return invoke[CustomerPage](ctx, s.core, call{route: routeCustomers, query: q}, opts)
}

const maxCustomers = 100

// All goes through all customers, a page at a time, from p.Page on. Each range starts
// afresh; after an error it ends. It ends with the last page that the service counts or,
// where it counts none, with an empty one. Where the service's paging does not move, the
// error matches [ErrListMoved].
//
// Source: API contract, section 2.13.
func (s *CustomerService) All(ctx context.Context, p CustomersParams, opts ...CallOption) iter.Seq2[Customer, error] {
	return func(yield func(Customer, error) bool) {
		p := p
		first := ""
		for p.Page = max(p.Page, 1); ; p.Page++ {
			page, err := s.Page(ctx, p, opts...)
			if err == nil && (page.Page != 0 && page.Page != p.Page || len(page.Customers) > 0 && page.Customers[0].text == first) {
				err = ErrListMoved
			}
			if err != nil {
				yield(Customer{}, err)
				return
			}
			for _, c := range page.Customers {
				if !yield(c, nil) {
					return
				}
			}
			if len(page.Customers) == 0 || page.TotalPages > 0 && p.Page >= page.TotalPages {
				return
			}
			first = page.Customers[0].text
		}
	}
}

// CustomersSummary is the service's summary of all customers. It documents no field, so
// there is only RawJSON.
//
// Source: API contract, section 2.13.
type CustomersSummary struct{ Raw }

func (*CustomersSummary) fromWire(*wire.Object) {}

// Summary reads the summary of all customers.
//
// Source: API contract, section 2.13.
func (s *CustomerService) Summary(ctx context.Context, opts ...CallOption) (*CustomersSummary, error) {
	return invoke[CustomersSummary](ctx, s.core, call{route: routeCustomersSummary}, opts)
}

// ActivityParams chooses the page of activity in a customer's detail. All fields are
// optional. Source: API contract, section 2.13.
type ActivityParams struct {
	DeltaPage  int    // from 1; 0 is the first
	DeltaLimit int    // rows of a page; 0 leaves it to the service
	Period     Period // empty for all time
}

// Get reads a customer's detail. The id "summary" cannot be read, since the service has
// its summary of all customers there.
//
// Source: API contract, section 2.13.
func (s *CustomerService) Get(ctx context.Context, customerID string, p ActivityParams, opts ...CallOption) (*Customer, error) {
	if err := checkCustomerID(customerID); err != nil {
		return nil, err
	}
	if customerID == "summary" {
		return nil, &ParamError{Field: "customerId", Rule: `must not be "summary", the address of the summary of all customers`}
	}
	switch {
	case p.DeltaPage < 0:
		return nil, &ParamError{Field: "deltaPage", Rule: "must not be negative"}
	case p.DeltaLimit < 0:
		return nil, &ParamError{Field: "deltaLimit", Rule: "must not be negative"}
	}
	q := url.Values{}
	if p.DeltaPage > 0 {
		q.Set("deltaPage", strconv.Itoa(p.DeltaPage))
	}
	if p.DeltaLimit > 0 {
		q.Set("deltaLimit", strconv.Itoa(p.DeltaLimit))
	}
	if p.Period != "" {
		if err := p.Period.Validate(); err != nil {
			return nil, paramError("period", err)
		}
		q.Set("period", string(p.Period))
	}
	return invoke[Customer](ctx, s.core, call{route: routeCustomer, ids: []string{customerID}, query: q}, opts)
}

// CustomerParams is a customer record to make before its first delta. Only DisplayName is
// required; the service documents one value of each hint.
//
// Source: API contract, section 2.16.
type CustomerParams struct {
	DisplayName      string `json:"displayName"`
	CustomerID       string `json:"customerId,omitempty"`       // made by the service where empty
	SharingStateHint string `json:"sharingStateHint,omitempty"` // such as INHERIT
	EventCadence     string `json:"eventCadence,omitempty"`     // such as PER_EVENT
	UnitLabel        string `json:"unitLabel,omitempty"`        // such as records
}

// Create makes a customer record. It is a dashboard call: an API key alone does not
// suffice; give [WithDashboardToken]. It is retried only where CustomerID is given, since
// a second call would make a second customer otherwise.
//
// Source: API contract, section 2.16.
func (s *CustomerService) Create(ctx context.Context, p CustomerParams, opts ...CallOption) (*Customer, error) {
	if p.DisplayName == "" {
		return nil, &ParamError{Field: "displayName", Rule: "must not be empty"}
	}
	if err := checkAnyCustomerID(p.CustomerID); err != nil {
		return nil, err
	}
	body, err := canonical.Marshal(p)
	if err != nil {
		return nil, paramError("customer", err)
	}
	return invoke[Customer](ctx, s.core, call{route: routeCreateCustomer, body: body, repeatable: p.CustomerID != ""}, opts)
}
