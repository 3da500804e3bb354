package sandbox

import (
	"encoding/json"
	"net/http"
	"time"
)

// grant lets whoever has its secret read one record. Its JSON is how the state file keeps
// it.
type grant struct {
	ID           string          `json:"id"`
	Secret       string          `json:"secret"`
	RecordType   string          `json:"recordType"`
	Record       string          `json:"record"`
	Kind         string          `json:"kind"`
	Email        string          `json:"recipientEmail,omitempty"`
	Counterparty string          `json:"counterparty,omitempty"`
	Label        string          `json:"label,omitempty"`
	Authorizes   json.RawMessage `json:"authorizes,omitempty"`
	Created      time.Time       `json:"created"`
	Expires      time.Time       `json:"expires,omitzero"`
	MaxUses      *int            `json:"maxUses,omitempty"`
	Uses         int             `json:"uses,omitempty"`
	Revoked      bool            `json:"revoked,omitempty"`
}

func (g *grant) opens(name recordName) bool { return name == recordName{g.RecordType, g.Record} }

// status of a grant. Only ACTIVE is documented.
func (g *grant) status(now time.Time) string {
	switch {
	case g.Revoked:
		return "REVOKED"
	case !g.Expires.IsZero() && !now.Before(g.Expires):
		return "EXPIRED"
	case g.MaxUses != nil && g.Uses >= *g.MaxUses:
		return "USED"
	default:
		return "ACTIVE"
	}
}

// object is a grant as it is told of. Source: records contract, section 1.
func (g *grant) object(now time.Time) object {
	o := object{
		{"grantId", g.ID},
		{"kind", g.Kind},
		{"status", g.status(now)},
		{"counterpartyWorkspaceId", optional(g.Counterparty)},
		{"recipientEmail", optional(g.Email)},
		{"label", optional(g.Label)},
		{"readerWrap", nil},
		{"createdAt", g.Created},
		{"expiresAt", optionalTime(g.Expires)},
		{"uses", g.Uses},
	}
	if g.MaxUses != nil {
		o = append(o, field{"maxUses", *g.MaxUses})
	}
	if g.Authorizes != nil {
		o = append(o, field{"authorizes", g.Authorizes})
	}
	return o
}

// createGrant serves POST /api/v1/records/{recordType}/{record}/grants. The secret is told
// here and never again; where it stands in the answer is not documented. Source: API
// contract, section 2.15.
func (s *Sandbox) createGrant(c *call) reply {
	r, p := s.readRecord(c)
	if p != nil {
		return refuse(p)
	}
	fields, p := readObject(c.body, "the body")
	if p != nil {
		return refuse(p)
	}
	g := &grant{RecordType: r.recordType, Record: r.id, Created: c.now}
	if g.Kind, p = requiredString(fields, "kind"); p != nil {
		return refuse(p)
	}
	for _, f := range []struct {
		name string
		into *string
	}{{"recipientEmail", &g.Email}, {"counterpartyTenantId", &g.Counterparty}, {"label", &g.Label}} {
		if *f.into, p = optionalString(fields, f.name); p != nil {
			return refuse(p)
		}
	}
	if g.Kind == "TENANT_BOUND" && g.Counterparty == "" {
		return refuse(invalid("counterpartyTenantId must be a non-empty string"))
	}
	ttl, p := optionalCount(fields, "ttlHours")
	if p != nil {
		return refuse(p)
	}
	if ttl != nil {
		g.Expires = c.now.Add(time.Duration(*ttl) * time.Hour)
	}
	if g.MaxUses, p = optionalCount(fields, "maxUses"); p != nil {
		return refuse(p)
	}
	if raw := fields["authorizes"]; given(raw) {
		g.Authorizes = raw
	}
	if len(c.plane.grants) >= s.cfg.maxDeltas {
		return refuse(s.full("grants"))
	}
	g.ID = s.newID(c.plane, "grant")
	g.Secret = "grs_" + c.plane.secret("grant", g.ID).String()[2:50]
	c.plane.grants = append(c.plane.grants, g)
	return created(append(g.object(c.now), field{"grant", g.Secret}))
}

// optionalCount reads a whole number from 0, up to what a duration of that many hours may
// be; nil where it is absent.
func optionalCount(fields map[string]json.RawMessage, name string) (*int, *problem) {
	const most = 1_000_000
	raw := fields[name]
	if !given(raw) {
		return nil, nil
	}
	var n int
	if err := json.Unmarshal(raw, &n); err != nil || n < 0 || n > most {
		return nil, invalid("%s must be a whole number between 0 and %d", name, most)
	}
	return &n, nil
}

// listGrants serves GET /api/v1/records/{recordType}/{record}/grants. Source: API contract,
// section 2.15.
func (s *Sandbox) listGrants(c *call) reply {
	r, p := s.readRecord(c)
	if p != nil {
		return refuse(p)
	}
	list := []object{}
	for _, g := range c.plane.grants {
		if g.opens(r.recordName) {
			list = append(list, g.object(c.now))
		}
	}
	return ok(object{{"grants", list}})
}

// revokeGrant serves POST .../grants/{grantId}/revoke. Source: API contract, section 2.15.
func (s *Sandbox) revokeGrant(c *call) reply {
	r, p := s.readRecord(c)
	if p != nil {
		return refuse(p)
	}
	for _, g := range c.plane.grants {
		if g.ID == c.params[2] && g.opens(r.recordName) {
			g.Revoked = true
			return ok(g.object(c.now))
		}
	}
	return refuse(notFound("NOT_FOUND", "Grant not found."))
}

// useGrant takes one use of a grant by its secret.
func (p *plane) useGrant(name recordName, secret string, now time.Time) *problem {
	for _, g := range p.grants {
		if g.Secret == secret && g.opens(name) && g.status(now) == "ACTIVE" {
			g.Uses++
			return nil
		}
	}
	return &problem{status: http.StatusForbidden, code: "RECORD_GRANT_INVALID", message: "This grant does not open this record."}
}
