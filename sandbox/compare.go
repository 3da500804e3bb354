package sandbox

// compare serves POST /api/v1/balance/compare. Without a customerId, as a documented
// example sends it, it compares the sum over all customers. Source: API contract, section 2.7.
func (s *Sandbox) compare(c *call) reply {
	fields, p := readObject(c.body, "the body")
	if p != nil {
		return refuse(p)
	}
	id, p := optionalString(fields, "customerId")
	if p != nil {
		return refuse(p)
	}
	if id == "" && s.cfg.compareNeedsCustomer {
		return refuse(invalid("customerId must be a non-empty string"))
	}
	var cu *customer
	if id != "" {
		if cu, p = s.knownCustomer(c, id); p != nil {
			return refuse(p)
		}
	}
	yours, _, p := readNumber(fields["yourBalance"], "yourBalance")
	if p != nil {
		return refuse(p)
	}
	theirs, _, p := readNumber(fields["theirBalance"], "theirBalance")
	if p != nil {
		return refuse(p)
	}
	if !given(fields["startingBalance"]) && s.cfg.compareNeedsStart {
		return refuse(invalid("startingBalance must be a number"))
	}
	f, p := bodyScope(fields)
	if p != nil {
		return refuse(p)
	}
	sc, p := s.resolve(c.plane, cu, f, c.now)
	if p != nil {
		return refuse(p)
	}
	w := s.window(cu, sc)
	if id == "" {
		w = s.tenantWindow(c.plane, sc)
	}
	neutral := s.add(f.starting, w.net)
	o := object{
		{"customerId", optional(id)},
		{"neutralBalance", neutral},
		{"yourBalance", yours},
		{"theirBalance", theirs},
		{"matchesYours", neutral.Equal(yours)},
		{"matchesTheirs", neutral.Equal(theirs)},
		{"startingBalance", f.starting},
		{"deltaCount", len(w.rows)},
	}
	o = append(o, sc.fields()...)
	if f.granularity != "" {
		o = append(o, field{"breakdown", s.breakdown(w.rows, f.granularity)})
	}
	return created(o)
}
