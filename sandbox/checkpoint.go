package sandbox

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/usage"
)

// checkpoint commits to the verified deltas of a scope, as they were when it was made.
type checkpoint struct {
	id           string
	customer     *customer // nil for all customers
	scope        scope
	scopeKey     string
	rows         []*delta
	net          decimal.Decimal
	root         proof.Hash
	order        int64 // in the pipeline
	createdAt    time.Time
	processingAt time.Time
	verifiedAt   time.Time // due, until done
	done         bool
}

func (cp *checkpoint) status(now time.Time) string {
	switch {
	case cp.done:
		return "VERIFIED"
	case !now.Before(cp.processingAt):
		return "PROCESSING"
	default:
		return "QUEUED"
	}
}

// modeFingerprints is the selection mode that the sandbox knows: only the deltas whose
// content hashes are listed. The service's own values are undocumented.
const modeFingerprints = "fingerprints"

// commitCheckpoint serves POST /api/v1/balance/checkpoint. It is idempotent per resolved
// scope. Source: API contract, section 2.8.
func (s *Sandbox) commitCheckpoint(c *call) reply {
	fields, p := readObject(c.body, "the body")
	if p != nil {
		return refuse(p)
	}
	id, p := optionalString(fields, "customerId")
	if p != nil {
		return refuse(p)
	}
	var cu *customer
	if id != "" {
		if cu, p = s.knownCustomer(c, id); p != nil {
			return refuse(p)
		}
		if cu == nil {
			return refuse(notFound("CUSTOMER_NOT_FOUND", "Customer not found."))
		}
	}
	if p := s.checkVendor(fields, false); p != nil {
		return refuse(p)
	}
	f, p := bodyScope(fields)
	if p != nil {
		return refuse(p)
	}
	if f.checkpoint != "" || f.checkpointType != "" {
		return refuse(invalid("startingCheckpoint has no place in a checkpoint"))
	}
	sc, p := s.resolve(c.plane, cu, f, c.now)
	if p != nil {
		return refuse(p)
	}
	if sc.start.After(c.now) {
		return refuse(invalid("the scope must not lie in the future"))
	}
	chosen, p := selection(fields)
	if p != nil {
		return refuse(p)
	}
	if cu == nil && s.cfg.checkpointPerCustomer {
		return s.checkpointEach(c, sc, chosen)
	}
	cp, fresh, p := s.checkpointOf(c, cu, sc, chosen)
	switch {
	case p != nil:
		return refuse(p)
	case fresh:
		return created(cp.object(c.now))
	default:
		return ok(cp.object(c.now))
	}
}

// selection reads mode and fingerprints: nil takes all deltas of the scope.
func selection(fields map[string]json.RawMessage) ([]proof.Hash, *problem) {
	mode, p := optionalString(fields, "mode")
	if p != nil {
		return nil, p
	}
	switch mode {
	case "":
		return nil, nil
	case modeFingerprints:
	default:
		return nil, invalid("mode must be %q where it is given", modeFingerprints)
	}
	var texts []string
	if err := json.Unmarshal(fields["fingerprints"], &texts); err != nil || len(texts) == 0 {
		return nil, invalid("fingerprints must list content hashes where mode is %q", modeFingerprints)
	}
	chosen := make([]proof.Hash, len(texts))
	for i, text := range texts {
		h, err := proof.ParseHash(text)
		if err != nil {
			return nil, invalid("fingerprints[%d] must be 0x and 64 hex digits", i)
		}
		chosen[i] = h
	}
	return chosen, nil
}

// checkpointEach makes one checkpoint for each customer that is active in the scope.
func (s *Sandbox) checkpointEach(c *call, sc scope, chosen []proof.Hash) reply {
	made := []object{}
	for _, cu := range c.plane.roster {
		if len(s.window(cu, sc).rows) == 0 {
			continue
		}
		cp, _, p := s.checkpointOf(c, cu, sc, chosen)
		if p != nil {
			return refuse(p)
		}
		made = append(made, cp.object(c.now))
	}
	return created(object{{"checkpoints", made}})
}

// checkpointOf finds the checkpoint of a resolved scope or makes it.
func (s *Sandbox) checkpointOf(c *call, cu *customer, sc scope, chosen []proof.Hash) (cp *checkpoint, fresh bool, p *problem) {
	key := scopeKey(cu, sc, chosen)
	if cp := c.plane.byScope[key]; cp != nil {
		return cp, false, nil
	}
	w := s.tenantWindow(c.plane, sc)
	if cu != nil {
		w = s.window(cu, sc)
	}
	if len(c.plane.checkpoints) >= s.cfg.maxDeltas {
		return nil, false, s.full("checkpoints")
	}
	rows := w.rows
	if chosen != nil {
		rows = slices.DeleteFunc(slices.Clone(rows), func(d *delta) bool { return !slices.Contains(chosen, d.leaf) })
		for _, h := range chosen {
			if !slices.ContainsFunc(rows, func(d *delta) bool { return d.leaf == h }) {
				return nil, false, &problem{status: http.StatusUnprocessableEntity, code: codeValidation, message: "fingerprints names a delta that is not in the scope."}
			}
		}
	}
	cp = &checkpoint{
		id: s.newID(c.plane, "chk"), customer: cu, scope: sc, scopeKey: key,
		rows: rows, net: s.sum(rows), root: s.root(LevelCheckpoint, s.checkpointLeaves(rows)),
		order: c.plane.nextOrder(), createdAt: c.now, processingAt: c.now.Add(s.cfg.processing), verifiedAt: c.now.Add(s.cfg.verification),
	}
	c.plane.checkpoints = append(c.plane.checkpoints, cp)
	c.plane.byScope[key] = cp
	c.plane.commit(&commitment{root: cp.root, checkpoint: cp})
	c.plane.schedule(job{due: cp.verifiedAt, order: cp.order, checkpoint: cp})
	return cp, true, nil
}

// checkpointLeaves is what a checkpoint's root is taken over.
func (s *Sandbox) checkpointLeaves(rows []*delta) []proof.Hash {
	leaves := hashesOf(rows)
	if s.cfg.checkpointOverProofs {
		for i, d := range rows {
			leaves[i] = d.group.root
		}
	}
	return leaves
}

// scopeKey names a resolved scope.
func scopeKey(cu *customer, sc scope, chosen []proof.Hash) string {
	var b strings.Builder
	if cu != nil {
		b.WriteString(cu.id)
	}
	b.WriteString("|" + sc.start.Format(timeForm) + "|" + sc.end.Format(timeForm))
	texts := make([]string, len(chosen))
	for i, h := range chosen {
		texts[i] = h.String()
	}
	slices.Sort(texts)
	for _, text := range slices.Compact(texts) {
		b.WriteString("|" + text)
	}
	return b.String()
}

// verifyCheckpoint ends a checkpoint's way and makes its receipt.
func (s *Sandbox) verifyCheckpoint(p *plane, cp *checkpoint, at time.Time) {
	cp.done = true
	s.queueEvent(p, "checkpoint.verified", at, alike(cp.object(at)))
	r := &receipt{id: cp.id, customer: cp.customer, scope: cp.scope, root: cp.root, rows: cp.rows, net: cp.net, generatedAt: at}
	p.addReceipt(r)
	s.queueEvent(p, "receipt.generated", at, r.generated())
}

func customerID(cu *customer) any {
	if cu == nil {
		return nil
	}
	return cu.id
}

func (cp *checkpoint) object(now time.Time) object {
	o := object{
		{"checkpointId", cp.id},
		{"customerId", customerID(cp.customer)},
		{"proofRoot", cp.root},
		{"status", cp.status(now)},
	}
	o = append(o, cp.scope.fields()...)
	o = append(o, field{"deltaCount", len(cp.rows)}, field{"netChange", cp.net}, field{"createdAt", cp.createdAt})
	if cp.done {
		o = append(o, field{"verifiedAt", cp.verifiedAt}, field{"verificationReference", verificationReference(cp.id)})
	}
	return o
}

// listCheckpoints serves GET /api/v1/balance/checkpoints, in the order of their making.
// With a scope it lists those whose own scope begins in it. Source: API contract, section 2.8.
func (s *Sandbox) listCheckpoints(c *call) reply {
	f, p := queryScope(c.query)
	if p != nil {
		return refuse(p)
	}
	id := c.query.Get("customerId")
	if id != "" && usage.ValidateCustomerID(id) != nil {
		return refuse(invalid("customerId must be 1 to 128 characters of letters, digits, _ - . and :"))
	}
	limit, offset, p := paging(c.query, defaultPage, maxPage)
	if p != nil {
		return refuse(p)
	}
	sc, p := s.resolve(c.plane, nil, f, c.now)
	if p != nil {
		return refuse(p)
	}
	everything := f.period == "" && f.preset == "" && f.start == ""
	var found []*checkpoint
	for _, cp := range c.plane.checkpoints {
		if id != "" && (cp.customer == nil || cp.customer.id != id) {
			continue
		}
		if everything || !cp.scope.start.Before(sc.start) && cp.scope.start.Before(sc.end) {
			found = append(found, cp)
		}
	}
	list := []object{}
	for _, cp := range page(found, limit, offset) {
		list = append(list, cp.object(c.now))
	}
	return ok(object{
		{"checkpoints", list},
		{"pagination", object{{"total", len(found)}, {"limit", limit}, {"offset", offset}}},
	})
}
