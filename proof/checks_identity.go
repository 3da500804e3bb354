package proof

import "strings"

// formatCheck passes by being reached: what is malformed or past a limit ends in an error.
type formatCheck struct{ finding }

func (c *formatCheck) result() Check { return c.done() }

// environmentCheck compares the environment that is expected with the header's and with the
// one in which the public record was asked. No hashed field has it.
type environmentCheck struct{ finding }

func (c *environmentCheck) result() Check {
	want := c.v.expect.Environment
	if have := c.v.header.Environment; have != want {
		c.fail(nil, "the evidence is of another environment than is expected", string(want), string(have))
	}
	asked := c.v.known.recordsOf(c.v.target())
	for _, r := range asked {
		if have := r.Environment.orLive(); have != want {
			c.fail(nil, "the public record was asked in another environment than is expected", string(want), string(have))
		}
	}
	if len(asked) == 0 {
		c.rest("environment", onFile, "no answer of the public record for the root says in which environment it is recorded")
	}
	return c.done()
}

// accountCheck compares the customer id that is expected with the header's and with the
// hashed one of each delta.
type accountCheck struct{ finding }

func (c *accountCheck) delta(d *delta) {
	if want := c.v.header.Account.CustomerID; d.Item.CustomerID != want {
		c.fail(d, "a delta is of another customer than the header says", want, d.Item.CustomerID)
	}
}

func (c *accountCheck) result() Check {
	want, have := c.v.expect.CustomerID, c.v.header.Account.CustomerID
	switch {
	case want == "":
		c.rest("account", onFile, "the checker did not say which customer id he expects")
	case have != want:
		c.failFirst("the evidence is of another customer than is expected", want, have)
	}
	return c.done()
}

// unitCheck compares resource and unit with the hashed metadata of each delta.
type unitCheck struct {
	finding
	resource, unit tag
}

// A tag is one of the two names of what is counted.
type tag struct {
	name     string // in metadata, and for the report
	expected string
	header   string
	want     string // what the deltas must say: the header's, else the expected, else the first delta's
	silent   int    // deltas that do not say it
}

func newUnitCheck(v *verification) *unitCheck {
	c := &unitCheck{finding: needed(v, CheckUnit)}
	c.resource = tag{name: "resource", expected: v.expect.Resource, header: v.header.Account.Resource}
	c.unit = tag{name: "unit", expected: v.expect.Unit, header: v.header.Account.Unit}
	for _, l := range []*tag{&c.resource, &c.unit} {
		if l.want = l.header; l.want == "" {
			l.want = l.expected
		}
	}
	return c
}

func (c *unitCheck) delta(d *delta) {
	c.compare(d, &c.resource, d.resource)
	c.compare(d, &c.unit, d.unit)
}

func (c *unitCheck) compare(d *delta, l *tag, have tagValue) {
	switch {
	case have.text == "":
		l.silent++
	case have.odd:
		c.fail(d, "the "+l.name+" of a delta is no text", l.want, have.text)
	case l.want == "":
		l.want = strings.Clone(have.text)
	case have.text != l.want:
		c.fail(d, "a delta is counted in another "+l.name+", and amounts of two cannot be added", l.want, have.text)
	}
}

func (c *unitCheck) result() Check {
	for _, l := range []*tag{&c.resource, &c.unit} {
		if l.expected != "" && l.header != "" && l.header != l.expected {
			c.failFirst("the evidence counts another "+l.name+" than is expected", l.expected, l.header)
			break
		}
	}
	if c.resource.expected == "" {
		c.rest("resource", onFile, "the checker did not say which resource he expects")
	} else if c.resource.silent > 0 {
		c.rest("resource", onFile, "the metadata of %d of %d deltas has no resource, so it is in none of their hashes", c.resource.silent, c.v.all.count)
	}
	// A unit is a second label: where nobody speaks of one, the resource is enough.
	if c.unit.silent > 0 && c.unit.want != "" {
		c.rest("unit", onFile, "the metadata of %d of %d deltas has no unit, so it is in none of their hashes", c.unit.silent, c.v.all.count)
	}
	return c.done()
}

// A tagValue is what metadata says: a text, or the JSON of something odd.
type tagValue struct {
	text string
	odd  bool
}

// tagsOf returns metadata.resource and metadata.unit of an item in canonical form, without
// text where they are not there.
func tagsOf(form []byte) (resource, unit tagValue) {
	s := scanner{src: form}
	s.members(func(name []byte, value scanner) {
		if string(name) == "metadata" {
			resource, unit = value.tags()
		}
	})
	return resource, unit
}

// tags returns the two of a metadata object in canonical form.
func (s *scanner) tags() (resource, unit tagValue) {
	s.members(func(name []byte, value scanner) {
		switch string(name) {
		case "resource":
			resource = value.tag()
		case "unit":
			unit = value.tag()
		}
	})
	return resource, unit
}

func (s *scanner) tag() tagValue {
	if text, err := s.text(); err == nil && text != "" {
		return tagValue{text: text}
	}
	return tagValue{text: string(s.src), odd: true}
}

// members calls f for each member of an object in canonical form, with the name as it is
// between its quotes.
func (s *scanner) members(f func(name []byte, value scanner)) {
	if !s.take('{') {
		return
	}
	for s.peek() == '"' {
		name, err := s.quoted()
		if err != nil || !s.take(':') {
			return
		}
		start := s.pos
		if _, err := s.raw(); err != nil {
			return
		}
		f(name, s.sub(start, s.pos))
		if !s.take(',') {
			return
		}
	}
}
