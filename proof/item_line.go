package proof

import "github.com/pacspace/pacspace-go/internal/canonical"

// readItem reads the item of a line and its canonical form. Our own writer writes items in
// that form, so one look is tried first that reads and sees to the form at once; what it
// does not take is read anew, member by member, and the form is made.
func (r *row) readItem(s *scanner) (there fieldSet, err *FormatError) {
	s.peek()
	start := s.pos
	if there, ok := r.readForm(s); ok {
		r.line.form = s.src[start:s.pos]
		return there, nil
	}
	s.pos, r.line.Item, r.d.resource, r.d.unit = start, Item{}, tagValue{}, tagValue{}
	text, err := s.raw()
	if err != nil {
		return 0, err
	}
	inside := s.sub(start, s.pos)
	if there, err = r.readMembers(&inside); err != nil {
		return 0, err
	}
	if r.line.form, err = formOf(text, nil); err != nil {
		return 0, err
	}
	r.d.resource, r.d.unit = tagsOf(r.line.form)
	return there, nil
}

// canonicalItem are the members in the order of the canonical form.
var canonicalItem = [...]int{fieldAdjusts, fieldCustomerID, fieldDelta, fieldMetadata, fieldReason, fieldReferenceID}

// readForm reads an item in canonical form. It is false where there is none, or anything
// that readMembers would refuse.
func (r *row) readForm(s *scanner) (there fieldSet, ok bool) {
	c := canonical.CursorAt(s.src, s.pos, 1)
	if !c.Byte('{') {
		return 0, false
	}
	more := true
	for _, field := range canonicalItem {
		if !more || !c.Name(itemNames[field]) {
			continue
		}
		if !r.readValue(s, &c, field) {
			return 0, false
		}
		there |= 1 << field
		more = c.Byte(',')
	}
	if more || !c.Byte('}') {
		return 0, false
	}
	s.pos = c.Pos()
	return there, true
}

// readValue reads the value of a member where the cursor is.
func (r *row) readValue(s *scanner, c *canonical.Cursor, field int) (ok bool) {
	item := &r.line.Item
	switch field {
	case fieldCustomerID:
		item.CustomerID, ok = s.textAt(c)
	case fieldReason:
		item.Reason, ok = s.textAt(c)
	case fieldReferenceID:
		item.ReferenceID, ok = s.textAt(c)
		ok = ok && item.ReferenceID != ""
	case fieldDelta:
		from := c.Pos()
		if !c.Value() {
			return false
		}
		text := s.src[from:c.Pos()]
		if r.amount = smallAmount(text); r.amount.small && !r.detached {
			return true
		}
		var err *FormatError
		item.Delta, err = exactAmount(text)
		ok = err == nil
	case fieldMetadata:
		from := c.Pos()
		ok = c.Object(func(name []byte, from, to int) {
			switch string(name) {
			case "resource":
				r.d.resource = s.tagAt(from, to)
			case "unit":
				r.d.unit = s.tagAt(from, to)
			}
		})
		item.Metadata = s.src[from:c.Pos()]
	case fieldAdjusts:
		s.pos = c.Pos()
		var err *FormatError
		r.adjusts, err = s.adjusts()
		item.Adjusts = &r.adjusts
		ok = c.Value() && err == nil
	}
	return ok
}

// textAt reads the string where the cursor is as text does.
func (s *scanner) textAt(c *canonical.Cursor) (string, bool) {
	from := c.Pos()
	inside, plain, ok := c.Text()
	if !ok {
		return "", false
	}
	if plain && s.whole != "" && len(inside) <= MaxTextBytes {
		return s.whole[from+1 : from+1+len(inside)], true
	}
	s.pos = from
	text, err := s.text()
	return text, err == nil
}

func (s *scanner) tagAt(from, to int) tagValue {
	value := s.sub(from, to)
	return value.tag()
}
