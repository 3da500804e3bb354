package pacspace

import (
	"context"
	"iter"
	"time"

	"github.com/pacspace/pacspace-go/internal/canonical"
	"github.com/pacspace/pacspace-go/internal/idem"
	"github.com/pacspace/pacspace-go/internal/wire"
)

// CheckpointParams says what a checkpoint covers.
//
// Source: API contract, section 2.8.
type CheckpointParams struct {
	// CustomerID is optional: without it the service takes all customers that are active
	// in the scope.
	CustomerID string
	// Scope is a period or a span of time.
	Scope Scope
	// Mode and Fingerprints choose some deltas of the scope; the service documents
	// neither's values. They are passed on as given.
	Mode         string
	Fingerprints []string
	// VendorAccountID is for middleware tenants only.
	VendorAccountID string
}

// Checkpoint is a commitment to all verified deltas of a scope under one proof root.
//
// Source: API contract, section 2.8.
type Checkpoint struct {
	Raw
	CheckpointID string    `json:"checkpointId,omitempty"`
	CustomerID   string    `json:"customerId,omitempty"`
	ProofRoot    string    `json:"proofRoot,omitempty"`
	Status       Status    `json:"status,omitempty"`
	DeltaCount   *int64    `json:"deltaCount,omitempty"` // nil where the service does not say
	NetChange    *Decimal  `json:"netChange,omitempty"`  // in the balance's unit; nil where the service does not say
	StartDate    time.Time `json:"startDate,omitzero"`
	EndDate      time.Time `json:"endDate,omitzero"`
	CreatedAt    time.Time `json:"createdAt,omitzero"`

	// IdempotencyKey is the key that a commit was sent with, empty in lists.
	IdempotencyKey string `json:"-"`
}

func (c *Checkpoint) fromWire(o *wire.Object) {
	c.CheckpointID = o.String("checkpointId", "id")
	c.CustomerID = o.String("customerId")
	c.ProofRoot = o.String("proofRoot", "merkleRoot", "itemsRoot")
	c.Status = Status(o.String("status"))
	c.DeltaCount = o.IntPtr("deltaCount", "deltasCount", "recordCount")
	c.NetChange = o.DecimalPtr("netChange", "netDelta")
	c.StartDate = o.Time("startDate")
	c.EndDate = o.Time("endDate")
	c.CreatedAt = o.Time("createdAt", "recordedAt")
}

// Checkpoint commits to the verified deltas of a scope. It is idempotent per scope: the
// same scope gives the same checkpoint, also when deltas were verified in between, so a
// new root takes a new scope.
//
// Without the caller's own Idempotency-Key it sends a random one: a fixed one would hide
// later checkpoints of the same customer.
//
// Source: API contract, section 2.8.
func (s *BalanceService) Checkpoint(ctx context.Context, p CheckpointParams, opts ...CallOption) (*Checkpoint, error) {
	if err := checkAnyCustomerID(p.CustomerID); err != nil {
		return nil, err
	}
	fields, err := p.Scope.timeFields()
	if err != nil {
		return nil, err
	}
	body, err := canonical.Marshal(struct {
		CustomerID string `json:"customerId,omitempty"`
		scopeFields
		Mode            string   `json:"mode,omitempty"`
		Fingerprints    []string `json:"fingerprints,omitempty"`
		VendorAccountID string   `json:"vendorAccountId,omitempty"`
	}{p.CustomerID, fields, p.Mode, p.Fingerprints, p.VendorAccountID})
	if err != nil {
		return nil, paramError("checkpoint", err)
	}
	key, err := idem.Random()
	if err != nil {
		return nil, err
	}
	in := call{route: routeCheckpoint, body: body, key: key}
	c, err := invoke[Checkpoint](ctx, s.core, in, opts)
	if err != nil {
		return nil, err
	}
	c.IdempotencyKey = in.keyOr(opts)
	return c, nil
}

// CheckpointsParams filters the list of checkpoints. All fields are optional.
type CheckpointsParams struct {
	CustomerID string
	Scope      Scope
}

// CheckpointPage is one page of the list of checkpoints.
type CheckpointPage struct {
	Raw
	Checkpoints []Checkpoint `json:"checkpoints"`
}

func (p *CheckpointPage) fromWire(o *wire.Object) {
	p.Checkpoints = readArray[Checkpoint](o, "checkpoints")
}

// CheckpointsPage lists one page of checkpoints in the service's order.
//
// Source: API contract, section 2.8.
func (s *BalanceService) CheckpointsPage(ctx context.Context, p CheckpointsParams, page PageParams, opts ...CallOption) (*CheckpointPage, error) {
	fields, err := p.Scope.timeFields()
	if err != nil {
		return nil, err
	}
	if err := checkAnyCustomerID(p.CustomerID); err != nil {
		return nil, err
	}
	q := fields.query()
	if p.CustomerID != "" {
		q.Set("customerId", p.CustomerID)
	}
	if err := page.add(q); err != nil {
		return nil, err
	}
	return invoke[CheckpointPage](ctx, s.core, call{route: routeCheckpoints, query: q}, opts)
}

// Checkpoints goes through all checkpoints, a page at a time, until a page is empty. Each
// range starts afresh; after an error it ends. Where the service's paging does not move,
// the error matches [ErrListMoved].
//
// Source: API contract, section 2.8.
func (s *BalanceService) Checkpoints(ctx context.Context, p CheckpointsParams, opts ...CallOption) iter.Seq2[Checkpoint, error] {
	return offsetPages(func(c *Checkpoint) string { return c.text }, func(page PageParams) ([]Checkpoint, error) {
		list, err := s.CheckpointsPage(ctx, p, page, opts...)
		if err != nil {
			return nil, err
		}
		return list.Checkpoints, nil
	})
}

// Change is what lies between two checkpoints of one customer, computed here from what
// the service listed of both.
type Change struct {
	Deltas    *int64   // how many more the later one covers; nil where a count is missing
	NetChange *Decimal // in the balance's unit; nil where a net change is missing
	SameRoot  bool     // both commit to the same deltas
}

// ChangeSince says how a checkpoint differs from an earlier one of its customer. It is
// arithmetic on listed values: the service's own comparison is not documented.
//
// Source: API contract, section 2.8.
func (c *Checkpoint) ChangeSince(earlier Checkpoint) Change {
	change := Change{SameRoot: sameHash(earlier.ProofRoot, c.ProofRoot)}
	if earlier.DeltaCount != nil && c.DeltaCount != nil {
		change.Deltas = new(*c.DeltaCount - *earlier.DeltaCount)
	}
	if earlier.NetChange != nil && c.NetChange != nil {
		change.NetChange = new(c.NetChange.Sub(*earlier.NetChange))
	}
	return change
}
