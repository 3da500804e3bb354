package sandbox

import (
	"crypto/subtle"
	"encoding/binary"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pacspace/pacspace-go/usage"
)

// listCustomers serves GET /api/v1/balance/customers. Source: API contract, section 2.13.
func (s *Sandbox) listCustomers(c *call) reply {
	const byDefault, most = 25, 100
	number, limit, p := pageNumber(c, "page", "limit", byDefault, most)
	if p != nil {
		return refuse(p)
	}
	search := strings.ToLower(c.query.Get("search"))
	var found []*customer
	for _, cu := range c.plane.roster {
		if strings.Contains(strings.ToLower(cu.id), search) {
			found = append(found, cu)
		}
	}
	list := []object{}
	for _, cu := range page(found, limit, (number-1)*limit) {
		first, last := cu.span()
		list = append(list, object{
			{"customerId", cu.id},
			{"customerReference", customerReference(c.plane, cu.id)},
			{"totalDeltas", len(cu.deltas)},
			{"firstDeltaAt", optionalTime(first)},
			{"lastDeltaAt", optionalTime(last)},
		})
	}
	return ok(object{{"customers", list}, {"pagination", pagination(len(found), number, limit)}})
}

// customersSummary serves GET /api/v1/balance/customers/summary. Source: API contract,
// section 2.13, which documents no field of the answer.
func (s *Sandbox) customersSummary(c *call) reply {
	month := usage.PeriodOf(c.now)
	active := 0
	for _, cu := range c.plane.roster {
		if _, last := cu.span(); !last.Before(month.Start()) && last.Before(month.End()) {
			active++
		}
	}
	return ok(object{
		{"totalCustomers", len(c.plane.roster)},
		{"activeCustomers", active},
		{"totalDeltas", len(c.plane.deltas)},
		{"verifiedDeltas", c.plane.verified},
		{"period", month.String()},
	})
}

// customerDetail serves GET /api/v1/balance/customers/{customerId}: the latest verified
// deltas first, and the balance of all time or of the period. Source: API contract,
// section 2.13.
func (s *Sandbox) customerDetail(c *call) reply {
	cu := c.plane.customers[c.param()]
	if cu == nil {
		return refuse(notFound("CUSTOMER_NOT_FOUND", "Customer not found."))
	}
	const byDefault, most = 20, 100
	number, limit, p := pageNumber(c, "deltaPage", "deltaLimit", byDefault, most)
	if p != nil {
		return refuse(p)
	}
	sc := scope{end: time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)} // all time
	if text := c.query.Get("period"); text != "" {
		month, err := usage.ParsePeriod(text)
		if err != nil {
			return refuse(invalid("period must be a month, YYYY-MM"))
		}
		sc = scope{start: month.Start(), end: month.End()}
	}
	w := s.window(cu, sc)
	newest := slices.Clone(w.rows)
	slices.Reverse(newest)
	items := []object{}
	for _, d := range page(newest, limit, (number-1)*limit) {
		items = append(items, object{
			{"delta", d.amount}, {"reason", d.reason}, {"referenceId", optional(d.referenceID)},
			{"status", "verified"}, {"time", d.received}, {"recordId", d.recordID},
			{"verificationReference", verificationReference(d.recordID)},
		})
	}
	return ok(object{
		{"customerId", cu.id},
		{"customerReference", customerReference(c.plane, cu.id)},
		{"customerPartition", customerPartition(c.plane, cu.id)},
		{"displayName", optional(cu.displayName)},
		{"totalDeltas", len(cu.deltas)},
		{"computedBalance", w.net},
		{"latestCheckpoint", c.plane.latestCheckpoint(cu)},
		{"recentActivity", object{{"items", items}, {"pagination", pagination(len(newest), number, limit)}}},
	})
}

// createCustomer serves POST /dashboard/customers. Source: API contract, section 2.16.
func (s *Sandbox) createCustomer(c *call) reply {
	fields, p := readObject(c.body, "the body")
	if p != nil {
		return refuse(p)
	}
	name, p := requiredString(fields, "displayName")
	if p != nil {
		return refuse(p)
	}
	text := map[string]string{}
	for _, field := range []string{"customerId", "sharingStateHint", "eventCadence", "unitLabel"} {
		if text[field], p = optionalString(fields, field); p != nil {
			return refuse(p)
		}
	}
	id := text["customerId"]
	if id == "" {
		id = s.newID(c.plane, "cust")
	}
	if usage.ValidateCustomerID(id) != nil {
		return refuse(invalid("customerId must be 1 to 128 characters of letters, digits, _ - . and :"))
	}
	if c.plane.customers[id] != nil {
		return refuse(&problem{status: http.StatusConflict, code: "CUSTOMER_EXISTS", customerID: id, message: "A customer with this customerId exists."})
	}
	if len(c.plane.roster) >= s.cfg.maxDeltas {
		return refuse(s.full("customers"))
	}
	cu := c.plane.customer(id, c.now)
	cu.displayName = name
	o := object{
		{"customerId", id},
		{"displayName", name},
		{"customerReference", customerReference(c.plane, id)},
		{"sharingStateHint", orElse(text["sharingStateHint"], "INHERIT")},
		{"eventCadence", orElse(text["eventCadence"], "PER_EVENT")},
		{"unitLabel", orElse(text["unitLabel"], "records")},
		{"createdAt", c.now},
	}
	s.queueEvent(c.plane, "customer.created", c.now, alike(o))
	return created(o)
}

// authenticateDashboard takes a bearer token, as the official Python SDK sends it, or the
// session cookie with its CSRF header, as the newest pages have it. An API key alone does
// not do; beside a token it chooses the environment, as X-Environment does. Source: API
// contract, sections 1.3 and 2.16.
func (s *Sandbox) authenticateDashboard(c *call) *problem {
	unauthorized := &problem{status: http.StatusUnauthorized, code: "UNAUTHORIZED", message: "A dashboard session is required."}
	token, bearer := strings.CutPrefix(c.Header.Get("Authorization"), "Bearer ")
	if !bearer {
		cookie, err := c.Cookie("pacspace_session")
		if err != nil {
			return unauthorized
		}
		if c.Header.Get("X-Pacspace-CSRF") != "1" {
			return &problem{status: http.StatusForbidden, code: "FORBIDDEN", message: "The X-Pacspace-CSRF header is missing."}
		}
		token = cookie.Value
	}
	if subtle.ConstantTimeCompare([]byte(token), []byte(s.cfg.dashboardToken)) != 1 {
		return unauthorized
	}
	env := Test
	switch c.Header.Get("X-Environment") {
	case "production":
		env = Live
	case "sandbox":
	case "":
		if of, err := environmentOf(c.Header.Get("X-Api-Key")); err == nil {
			env = of
		}
	default:
		return invalid("X-Environment must be sandbox or production")
	}
	c.plane = s.planes[env]
	return nil
}

// DashboardToken is the bearer token that the dashboard's routes accept.
func (s *Sandbox) DashboardToken() string { return s.cfg.dashboardToken }

func (p *plane) latestCheckpoint(cu *customer) any {
	for _, cp := range slices.Backward(p.checkpoints) {
		if cp.customer == cu {
			return cp.id
		}
	}
	return nil
}

// span is when a customer's first and last delta were received; zero without one.
func (c *customer) span() (first, last time.Time) {
	if len(c.deltas) == 0 {
		return first, last
	}
	return c.deltas[0].received, c.deltas[len(c.deltas)-1].received
}

// customerReference is the same for ever for one id of one environment.
func customerReference(p *plane, id string) string {
	return keccakOf([]byte("sandbox: customer\x00"), []byte(p.env), []byte("\x00"), []byte(id)).String()
}

// customerPartition is a number in text, as the documents show it.
func customerPartition(p *plane, id string) string {
	h := keccakOf([]byte("sandbox: partition\x00"), []byte(p.env), []byte("\x00"), []byte(id))
	const tenDigits = 10_000_000_000
	return strconv.FormatUint(binary.BigEndian.Uint64(h[:8])%tenDigits, 10)
}

// pageNumber reads a page that is numbered from 1.
func pageNumber(c *call, pageName, limitName string, byDefault, most int) (number, limit int, p *problem) {
	const mostPages = 1_000_000
	if number, p = queryInt(c.query, pageName, 1, 1, mostPages); p != nil {
		return 0, 0, p
	}
	limit, p = queryInt(c.query, limitName, byDefault, 1, most)
	return number, limit, p
}

func pagination(total, number, limit int) object {
	return object{{"total", total}, {"page", number}, {"limit", limit}, {"totalPages", (total + limit - 1) / limit}}
}
