package sandbox

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/usage"
)

// receipt is a document about the deltas under one proof root.
type receipt struct {
	id          string
	customer    *customer // nil for all customers
	scope       scope
	root        proof.Hash
	rows        []*delta
	net         decimal.Decimal
	generatedAt time.Time
	passing     bool // made for one question, without a checkpoint
}

// maxPassing bounds the receipts without a checkpoint that are kept; the oldest go first,
// and with them what their proof roots stand for.
const maxPassing = 1000

func (p *plane) addReceipt(r *receipt) {
	p.receipts[r.id] = r
	p.receipt = append(p.receipt, r)
	p.commit(&commitment{root: r.root, receipt: r})
	if !r.passing {
		return
	}
	p.passing = append(p.passing, r)
	if len(p.passing) <= maxPassing {
		return
	}
	oldest := p.passing[0]
	p.passing = slices.Delete(p.passing, 0, 1)
	p.receipt = slices.DeleteFunc(p.receipt, func(r *receipt) bool { return r == oldest })
	delete(p.receipts, oldest.id)
	if p.roots[oldest.root].receipt == oldest {
		delete(p.roots, oldest.root)
	}
}

// scopedReceipt serves GET /api/v1/balance/receipt/{customerId}. Source: API contract, section 2.9.
func (s *Sandbox) scopedReceipt(c *call) reply {
	r, p := s.scoped(c)
	if p != nil {
		return refuse(p)
	}
	return ok(s.bundle(c, r))
}

// invoiceProof serves GET /api/v1/balance/invoice-proof/{customerId}: the scoped receipt
// and how the customer gets to it. Source: API contract, section 2.9.
func (s *Sandbox) invoiceProof(c *call) reply {
	r, p := s.scoped(c)
	if p != nil {
		return refuse(p)
	}
	link := c.origin + "/c/" + handle(c.plane, r.customer.id)
	host := c.origin
	if u, err := url.Parse(c.origin); err == nil {
		host = u.Host
	}
	return ok(append(s.bundle(c, r),
		field{"accessHint", accessCode(c.plane, r.customer.id)},
		field{"customerLinkUrl", link},
		field{"customerLinkHost", host}))
}

// scoped finds what a scope's receipt rests on: its checkpoint, or where it has none the
// scope's deltas as they are now.
func (s *Sandbox) scoped(c *call) (*receipt, *problem) {
	cu, p := s.knownCustomer(c, c.param())
	if p != nil {
		return nil, p
	}
	if cu == nil {
		return nil, notFound("CUSTOMER_NOT_FOUND", "Customer not found.")
	}
	f, p := queryScope(c.query)
	if p != nil {
		return nil, p
	}
	if f.checkpoint != "" {
		return nil, invalid("startingCheckpoint has no place in a receipt")
	}
	sc, p := s.resolve(c.plane, cu, f, c.now)
	if p != nil {
		return nil, p
	}
	if cp := c.plane.byScope[scopeKey(cu, sc, nil)]; cp != nil {
		return &receipt{id: cp.id, customer: cu, scope: sc, root: cp.root, rows: cp.rows, net: cp.net, generatedAt: cp.createdAt}, nil
	}
	if s.cfg.receiptNeedsCheckpoint {
		return nil, notFound("NOT_FOUND", "No checkpoint covers this scope.")
	}
	w := s.window(cu, sc)
	root := s.root(LevelCheckpoint, s.checkpointLeaves(w.rows))
	for _, r := range slices.Backward(c.plane.passing) {
		if r.customer == cu && r.scope == sc && r.root == root && len(r.rows) == len(w.rows) {
			return r, nil
		}
	}
	r := &receipt{id: s.newID(c.plane, "rcpt"), customer: cu, scope: sc, root: root, rows: w.rows, net: w.net, generatedAt: c.now, passing: true}
	c.plane.addReceipt(r)
	s.queueEvent(c.plane, "receipt.generated", c.now, r.generated())
	return r, nil
}

// generated is the data of receipt.generated.
func (r *receipt) generated() payload {
	return alike(object{{"receiptId", r.id}, {"customerId", customerID(r.customer)}, {"proofRoot", r.root}, {"generatedAt", r.generatedAt}})
}

// bundle is what a scoped receipt says.
func (s *Sandbox) bundle(c *call, r *receipt) object {
	verifyURL := c.origin + "/verify/" + r.root.String()
	if s.cfg.permalinks {
		verifyURL = c.origin + "/c/" + handle(c.plane, r.customer.id)
	}
	o := object{{"customerId", r.customer.id}}
	o = append(o, r.scope.fields()...)
	return append(o,
		field{"receiptId", r.id},
		field{"proofRoot", r.root},
		field{"deltaCount", len(r.rows)},
		field{"startingBalance", decimal.Decimal{}},
		field{"finalBalance", r.net},
		field{"verifyUrl", verifyURL},
		field{"verificationApiUrl", c.origin + "/api/v1/verify/" + r.root.String()},
		field{"verificationExplorerUrl", c.origin + "/verify/" + r.root.String()},
		field{"verification", object{{"verifyUrl", verifyURL}}},
		field{"generatedAt", r.generatedAt})
}

// receiptDocument serves GET /api/v1/balance/receipts/{receiptId}. Source: API contract,
// section 2.9.
func (s *Sandbox) receiptDocument(c *call) reply {
	r := s.receiptOf(c.plane, c.param())
	if r == nil {
		return refuse(notFound("NOT_FOUND", "Receipt not found."))
	}
	return s.document(c, r)
}

// publicReceipt serves GET /api/v1/receipt/{receiptId}, without a key. Source: API
// contract, section 2.9.
func (s *Sandbox) publicReceipt(c *call) reply {
	r := s.publicDocument(c)
	if r == nil {
		return refuse(notFound("NOT_FOUND", "Receipt not found."))
	}
	return s.document(c, r)
}

// publicReceiptPDF serves GET /api/v1/receipt/{receiptId}.pdf, without a key. Source: API
// contract, section 2.9.
func (s *Sandbox) publicReceiptPDF(c *call) reply {
	r := s.publicDocument(c)
	if r == nil {
		return refuse(notFound("NOT_FOUND", "Receipt not found."))
	}
	return reply{status: http.StatusOK, pdf: receiptPDF(r)}
}

func (s *Sandbox) publicDocument(c *call) *receipt {
	for _, p := range s.publicPlanes(c) {
		if r := s.receiptOf(p, c.param()); r != nil {
			return r
		}
	}
	return nil
}

// receiptOf finds a receipt by its id, or by a proof root that is on the record, which is
// the receiptId that an emit answers with.
func (s *Sandbox) receiptOf(p *plane, id string) *receipt {
	if r := p.receipts[id]; r != nil {
		return r
	}
	root, err := proof.ParseHash(id)
	found := p.roots[root]
	if err != nil || found == nil {
		return nil
	}
	recorded, at := found.recorded()
	rows := found.rows()
	if !recorded {
		return nil
	}
	switch {
	case found.receipt != nil:
		return found.receipt
	case found.checkpoint != nil:
		return p.receipts[found.checkpoint.id]
	}
	r := &receipt{id: id, root: root, rows: rows, net: s.sum(rows), generatedAt: at, customer: rows[0].customer}
	r.scope = scope{start: rows[0].received, end: rows[0].received.Add(time.Millisecond)}
	for _, d := range rows {
		if d.customer != r.customer {
			r.customer = nil
		}
	}
	return r
}

func (s *Sandbox) document(c *call, r *receipt) reply {
	display := c.query.Get("customerDisplayName")
	switch display {
	case "", "true", "false", "True", "False": // Python writes its booleans so
	default:
		return refuse(invalid("customerDisplayName must be true or false"))
	}
	zone := c.query.Get("timezone")
	if _, err := time.LoadLocation(zone); err != nil {
		return refuse(invalid("timezone must be the name of a time zone"))
	}
	o := object{
		{"receiptId", r.id},
		{"customerId", customerID(r.customer)},
		{"proofRoot", r.root},
		{"status", "VERIFIED"},
		{"generatedAt", r.generatedAt},
	}
	if (display == "true" || display == "True") && r.customer != nil {
		o = append(o, field{"customerDisplayName", optional(r.customer.displayName)})
	}
	o = append(o, r.scope.fields()...)
	return ok(append(o,
		field{"deltaCount", len(r.rows)},
		field{"startingBalance", decimal.Decimal{}},
		field{"finalBalance", r.net},
		field{"locale", orElse(c.query.Get("locale"), "en-US")},
		field{"timezone", orElse(zone, "UTC")},
		field{"unit", orElse(c.query.Get("unit"), "credits")},
		field{"links", object{
			{"permalink", c.origin + "/receipt/" + r.id},
			{"json", c.origin + "/api/v1/receipt/" + r.id},
			{"pdf", c.origin + "/api/v1/receipt/" + r.id + ".pdf"},
			{"verificationApiUrl", c.origin + "/api/v1/verify/" + r.root.String()},
		}}))
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// listReceipts serves GET /api/v1/balance/customers/{customerId}/receipts, the newest
// first. Source: API contract, section 2.9.
func (s *Sandbox) listReceipts(c *call) reply {
	const byDefault, most = 25, 100
	limit, p := queryInt(c.query, "limit", byDefault, 1, most)
	if p != nil {
		return refuse(p)
	}
	id := c.param()
	if usage.ValidateCustomerID(id) != nil || c.plane.customers[id] == nil {
		return refuse(notFound("CUSTOMER_NOT_FOUND", "Customer not found."))
	}
	list := []object{}
	for _, r := range slices.Backward(c.plane.receipt) {
		if r.customer == nil || r.customer.id != id {
			continue
		}
		if len(list) == limit {
			break
		}
		o := object{{"receiptId", r.id}, {"customerId", id}, {"proofRoot", r.root}, {"generatedAt", r.generatedAt}}
		o = append(o, r.scope.fields()...)
		list = append(list, append(o, field{"deltaCount", len(r.rows)}, field{"finalBalance", r.net}))
	}
	return ok(list)
}

// handle names a customer's permanent link.
func handle(p *plane, id string) string {
	h := keccakOf([]byte("sandbox: customer link\x00"), []byte(p.env), []byte("\x00"), []byte(id))
	return "cus_" + h.String()[2:14]
}

// accessCode is the six-character code that is printed beside the link, without the
// characters that people mix up.
func accessCode(p *plane, id string) string {
	const letters, length = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789", 6
	h := keccakOf([]byte("sandbox: access code\x00"), []byte(p.env), []byte("\x00"), []byte(id))
	code := make([]byte, length)
	for i := range code {
		code[i] = letters[int(h[i])%len(letters)]
	}
	return string(code)
}
