package sandbox

import (
	"cmp"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/proof/sealed"
	"github.com/pacspace/pacspace-go/record"
)

// Share is a link to make: which record it shows, and which of its fields.
type Share struct {
	RecordType string // empty: machine-action-record
	Record     string
	// AccessCode is what the link asks for, empty for nothing.
	AccessCode string
	// Shown are the entries that the link discloses, in their order. Without any the link
	// shows the record's seal history alone.
	Shown []Shown
}

// Shown is one entry of a disclosure.
type Shown struct {
	Entry int // counted from 1; it must be committed
	// Fields are the names of the fields to show, or pointers such as /payloads/0. The name
	// of a list shows all of it. None at all shows that the entry is there.
	Fields []string
}

// link is a share as the state file keeps it.
type link struct {
	Handle     string `json:"handle"`
	RecordType string `json:"recordType"`
	Record     string `json:"record"`
	AccessCode string `json:"accessCode,omitempty"`
	Cookie     string `json:"cookie"`
	Envelope   string `json:"envelope,omitempty"` // the sealed disclosure
}

// ShareRecord makes a link to a record, as the service's dashboard does. Its disclosure is
// encrypted under a key that stands behind the # of the link and nowhere else, so the link
// is a secret, and it is another one on every call.
func (s *Sandbox) ShareRecord(env Environment, share Share) (address string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, r, err := s.sharedRecord(env, share.RecordType, share.Record)
	if err != nil {
		return "", err
	}
	l := &link{Handle: s.newID(p, "link"), RecordType: r.recordType, Record: r.id, AccessCode: share.AccessCode}
	l.Cookie = p.secret("link cookie", l.Handle).String()[2:]
	address = cmp.Or(s.cfg.publicURL, pacspace.DefaultBaseURL) + "/c/" + l.Handle
	if len(share.Shown) > 0 {
		disclosure, err := p.disclose(r, share.Shown)
		if err != nil {
			return "", err
		}
		key := sealed.NewLinkKey()
		if l.Envelope, err = sealed.SealEnvelope(disclosure, l.Handle, key); err != nil {
			return "", err
		}
		address += "#" + key.Fragment()
	}
	p.links[l.Handle] = l
	return address, nil
}

// DiscloseRecord makes a disclosure of chosen fields, to hand over by other means than a
// link. An empty recordType is machine-action-record.
func (s *Sandbox) DiscloseRecord(env Environment, recordType, record string, shown ...Shown) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, r, err := s.sharedRecord(env, recordType, record)
	if err != nil {
		return nil, err
	}
	return p.disclose(r, shown)
}

// SealHistory is what disclosures of a record are checked against.
func (s *Sandbox) SealHistory(env Environment, recordType, record string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, r, err := s.sharedRecord(env, recordType, record)
	if err != nil {
		return nil, err
	}
	return p.sealHistory(r)
}

func (s *Sandbox) sharedRecord(env Environment, recordType, id string) (*plane, *heldRecord, error) {
	p := s.planes[env]
	if p == nil {
		return nil, nil, fmt.Errorf("sandbox: environment %q: not known; use %q or %q", env, Test, Live)
	}
	s.settle(s.now())
	r := p.records[recordName{cmp.Or(recordType, record.DefaultType), id}]
	if r == nil {
		return nil, nil, fmt.Errorf("sandbox: record %q: not there in the %s environment; write an entry first", id, env)
	}
	return p, r, nil
}

// findLink finds the link of a public request.
func (s *Sandbox) findLink(c *call) (*plane, *link, *problem) {
	for _, env := range []Environment{Live, Test} {
		if l := s.planes[env].links[c.param()]; l != nil {
			return s.planes[env], l, nil
		}
	}
	return nil, nil, notFound("NOT_FOUND", "Link not found.")
}

const linkCookie = "pacspace_link"

// openLink is findLink for whoever has shown the access code, where the link has one.
func (s *Sandbox) openLink(c *call) (*plane, *link, *problem) {
	p, l, refused := s.findLink(c)
	if refused != nil || l.AccessCode == "" {
		return p, l, refused
	}
	for _, cookie := range c.Cookies() {
		if cookie.Name == linkCookie && cookie.Value == l.Cookie {
			return p, l, nil
		}
	}
	return nil, nil, &problem{status: http.StatusUnauthorized, code: "ACCESS_REQUIRED", message: "This link asks for an access code."}
}

// verifyAccess serves POST /api/v1/c/{handle}/access/verify. Source: API contract, section
// 2.15.
func (s *Sandbox) verifyAccess(c *call) reply {
	_, l, p := s.findLink(c)
	if p != nil {
		return refuse(p)
	}
	var asked struct{ Factor, Value string }
	if err := json.Unmarshal(c.body, &asked); err != nil || asked.Factor != "ACCESS_HINT" {
		return refuse(invalid("factor must be ACCESS_HINT"))
	}
	if subtle.ConstantTimeCompare([]byte(asked.Value), []byte(l.AccessCode)) != 1 {
		return refuse(&problem{status: http.StatusUnauthorized, code: "ACCESS_DENIED", message: "Wrong code."})
	}
	cookie := http.Cookie{Name: linkCookie, Value: l.Cookie, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode}
	return reply{status: http.StatusOK, direct: true, data: object{{"verified", true}}, header: http.Header{"Set-Cookie": {cookie.String()}}}
}

// linkHistory serves GET /api/v1/c/{handle}/history. Source: API contract, section 2.15.
func (s *Sandbox) linkHistory(c *call) reply {
	p, l, refused := s.openLink(c)
	if refused != nil {
		return refuse(refused)
	}
	text, err := p.sealHistory(p.records[recordName{l.RecordType, l.Record}])
	if err != nil {
		return refuse(&problem{status: http.StatusInternalServerError, message: strings.TrimPrefix(err.Error(), "sealed: ")})
	}
	return reply{status: http.StatusOK, direct: true, data: json.RawMessage(text)}
}

// linkDisclosure serves GET /api/v1/c/{handle}/disclosure. Source: API contract, section
// 2.15.
func (s *Sandbox) linkDisclosure(c *call) reply {
	_, l, refused := s.openLink(c)
	if refused != nil {
		return refuse(refused)
	}
	if l.Envelope == "" {
		return refuse(notFound("NOT_FOUND", "This link discloses nothing."))
	}
	return reply{status: http.StatusOK, direct: true, data: object{{"envelope", l.Envelope}}}
}
