package pacspace

import (
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/pacspace/pacspace-go/usage"
)

// route is one endpoint of the API.
type route struct {
	method string
	path   string // with each id as its name in braces
	retry  retryRule
	public bool // sends no key
	// chainless routes name by themselves what they are about, and send no chain id.
	chainless bool
	doc       string // its place in the API contract
}

// retryRule says when a request may be sent again after a transient failure.
//
// Source: API contract, sections 1.7 and 3.2.
type retryRule int

const (
	retryNever      retryRule = iota // a write that the service would do twice
	retryRead                        // changes nothing
	retryKeyed                       // a write that takes an Idempotency-Key: only with one
	retryByIdentity                  // a write that names what it makes: only where the call says so
)

// resolve writes the route's URL: the base, and the path with each id checked and escaped.
// Only letters, digits and -._~ stay as they are, so no id reaches another path. What an id
// must be is checked here, so that no method can forget it; those that check other fields
// before check the customer's id too, so that it is named first.
func (r route) resolve(u *url.URL, base *url.URL, ids []string, query url.Values) error {
	u.Scheme, u.Host = base.Scheme, base.Host
	if len(query) > 0 {
		u.RawQuery = query.Encode()
	}
	if len(ids) == 0 {
		u.Path = base.Path + r.path
		if base.RawPath != "" {
			u.RawPath = base.RawPath + r.path
		}
		return nil
	}
	plain, escaped := base.Path, base.EscapedPath()
	rest := r.path
	for _, id := range ids {
		before, after, _ := strings.Cut(rest, "{")
		name, after, _ := strings.Cut(after, "}")
		if err := checkPathID(name, id); err != nil {
			return err
		}
		plain += before + id
		escaped += before + escapeID(id)
		rest = after
	}
	u.Path = plain + rest
	if escaped += rest; escaped != u.Path {
		u.RawPath = escaped
	}
	return nil
}

func checkPathID(name, id string) error {
	switch {
	case name == "customerId":
		return checkCustomerID(id)
	case id == "":
		return &ParamError{Field: name, Rule: "must not be empty"}
	case id == "." || id == "..":
		return &ParamError{Field: name, Rule: `must not be "." or "..", which name other paths`}
	case !utf8.ValidString(id):
		return &ParamError{Field: name, Rule: "must be valid UTF-8"}
	}
	return nil
}

func checkCustomerID(id string) error {
	return paramError("customerId", usage.ValidateCustomerID(id))
}

// checkAnyCustomerID is checkCustomerID for a body or a query that may leave the id out.
func checkAnyCustomerID(id string) error {
	if id == "" {
		return nil
	}
	return checkCustomerID(id)
}

func escapeID(id string) string {
	const hex = "0123456789ABCDEF"
	n := 0
	for i := range len(id) {
		if !unreserved(id[i]) {
			n++
		}
	}
	if n == 0 {
		return id
	}
	b := make([]byte, 0, len(id)+2*n)
	for i := range len(id) {
		if c := id[i]; unreserved(c) {
			b = append(b, c)
		} else {
			b = append(b, '%', hex[c>>4], hex[c&15])
		}
	}
	return string(b)
}

func unreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
		c == '-' || c == '.' || c == '_' || c == '~'
}
