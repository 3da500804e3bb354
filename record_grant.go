package pacspace

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/pacspace/pacspace-go/internal/canonical"
	"github.com/pacspace/pacspace-go/internal/wire"
)

// GrantKind says to whom a record is opened. Values that this version does not know pass
// through.
type GrantKind string

// The kinds of grants that the service's own SDK shows.
const (
	GrantBearer      GrantKind = "BEARER"       // to whoever holds the grant
	GrantTenantBound GrantKind = "TENANT_BOUND" // to one workspace
)

// GrantParams is a grant to make. Only Kind is required; zero leaves a field out. What a
// field other than these may be the service does not document.
//
// Source: records contract, section 1.
type GrantParams struct {
	Kind           GrantKind
	RecipientEmail string // of the person it is for
	// CounterpartyWorkspaceID is the workspace that may read; the wire calls it
	// counterpartyTenantId.
	CounterpartyWorkspaceID string
	// Authorizes is what may be read, as any value that encoding/json writes: its form is
	// not documented.
	Authorizes any
	TTLHours   *int   // how long it lives from now; nil leaves it to the service
	MaxUses    *int   // how often it opens the record; nil leaves it to the service
	Label      string // for the owner's list of grants
}

// Grant lets someone else read a record. RawJSON of a new grant holds the secret that its
// reader sends with [WithGrant]: the service does not document the field. So printing,
// logging and marshalling show only what is named here.
//
// Source: records contract, section 1.
type Grant struct {
	Raw
	GrantID                 string    `json:"grantId,omitempty"`
	Kind                    GrantKind `json:"kind,omitempty"`
	Status                  string    `json:"status,omitempty"` // such as ACTIVE
	CounterpartyWorkspaceID string    `json:"counterpartyWorkspaceId,omitempty"`
}

func (g *Grant) fromWire(o *wire.Object) {
	g.GrantID = o.String("grantId")
	g.Kind = GrantKind(o.String("kind"))
	g.Status = o.String("status")
	g.CounterpartyWorkspaceID = o.String("counterpartyWorkspaceId", "counterpartyTenantId")
}

// String tells of the grant without its secret.
func (g Grant) String() string {
	return strings.TrimSpace(fmt.Sprintf("grant %s %s %s", g.GrantID, g.Kind, g.Status))
}

// Format is String for every verb of package fmt.
func (g Grant) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, g.String()) }

// LogValue is String, for slog.
func (g Grant) LogValue() slog.Value { return slog.StringValue(g.String()) }

// CreateGrant opens a record to someone else. It is never retried: a second call would make
// a second grant.
//
// Source: API contract, section 2.15; records contract, section 1.
func (s *RecordService) CreateGrant(ctx context.Context, recordKey string, p GrantParams, opts ...CallOption) (*Grant, error) {
	if p.Kind == "" {
		return nil, &ParamError{Field: "kind", Rule: "must be given, such as BEARER"}
	}
	body, err := canonical.Marshal(struct {
		Kind                 GrantKind `json:"kind"`
		RecipientEmail       string    `json:"recipientEmail,omitempty"`
		CounterpartyTenantID string    `json:"counterpartyTenantId,omitempty"`
		Authorizes           any       `json:"authorizes,omitempty"`
		TTLHours             *int      `json:"ttlHours,omitempty"`
		MaxUses              *int      `json:"maxUses,omitempty"`
		Label                string    `json:"label,omitempty"`
	}{p.Kind, p.RecipientEmail, p.CounterpartyWorkspaceID, p.Authorizes, p.TTLHours, p.MaxUses, p.Label})
	if err != nil {
		return nil, paramError("grant", err)
	}
	return invoke[Grant](ctx, s.core, call{route: routeCreateGrant, ids: []string{s.recordType, recordKey}, body: body}, opts)
}

// grantList is the answer that lists grants.
type grantList struct {
	Raw
	grants []Grant
}

func (l *grantList) fromWire(o *wire.Object) { l.grants = readArray[Grant](o, "grants") }

// Grants lists the grants of a record. The service documents no pages of it.
//
// Source: API contract, section 2.15; records contract, section 1.
func (s *RecordService) Grants(ctx context.Context, recordKey string, opts ...CallOption) ([]Grant, error) {
	l, err := invoke[grantList](ctx, s.core, call{route: routeGrants, ids: []string{s.recordType, recordKey}, list: "grants"}, opts)
	if err != nil {
		return nil, err
	}
	return l.grants, nil
}

// RevokeGrant ends a grant. It is retried, since a grant that is revoked twice is revoked.
// What the service answers is not documented; what it tells of the grant is read.
//
// Source: API contract, section 2.15; records contract, section 1.
func (s *RecordService) RevokeGrant(ctx context.Context, recordKey, grantID string, opts ...CallOption) (*Grant, error) {
	return invoke[Grant](ctx, s.core, call{
		route: routeRevokeGrant, ids: []string{s.recordType, recordKey, grantID}, body: []byte(`{}`), repeatable: true,
	}, opts)
}

// WithGrant reads a record by a grant of its owner, whose secret it is. It stands beside
// the API key, and in no error.
//
// Source: API contract, section 1.3.
func WithGrant(grant string) CallOption {
	secret := func() string { return grant }
	return callOption(func(c *callConfig) error {
		if err := checkKey(secret()); err != nil {
			return &ParamError{Field: "grant", Rule: "must be printable ASCII without spaces"}
		}
		c.grant = secret
		return nil
	})
}
