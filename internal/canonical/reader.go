package canonical

// A reader goes over src once, and appends the canonical form to a buffer while it reads.
//
// The buffer and the room for members go down and up as values, not as fields: so the
// compiler sees that they never outlive Append, and keeps the room on the stack.
type reader struct {
	src   []byte
	pos   int
	mode  Mode
	depth int
}

// document reads one value and white space around it, and nothing else.
func (r *reader) document(dst []byte) ([]byte, *Error) {
	var room [32]member
	dst, err := r.value(dst, room[:0])
	if err != nil {
		return nil, err
	}
	if r.peek(); r.pos < len(r.src) {
		return nil, r.fail(ErrSyntax, "data after the JSON value")
	}
	return dst, nil
}

// peek skips white space and returns the byte behind it. At the end it returns 0, which
// begins no token.
func (r *reader) peek() byte {
	for r.pos < len(r.src) {
		switch c := r.src[r.pos]; c {
		case ' ', '\t', '\n', '\r':
			r.pos++
		default:
			return c
		}
	}
	return 0
}

// value reads any value. What spare has behind its length is free for the members of
// objects in it.
func (r *reader) value(dst []byte, spare []member) ([]byte, *Error) {
	switch r.peek() {
	case '"':
		dst, _, err := r.text(dst)
		return dst, err
	case '{':
		return r.object(dst, spare)
	case '[':
		return r.array(dst, spare)
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return r.number(dst)
	case 't':
		return r.literal(dst, "true")
	case 'f':
		return r.literal(dst, "false")
	case 'n':
		return r.literal(dst, "null")
	default:
		return nil, r.unexpected("a JSON value")
	}
}

func (r *reader) object(dst []byte, spare []member) ([]byte, *Error) {
	start, open, members := r.pos, len(dst), spare[len(spare):]
	if err := r.enter(); err != nil {
		return nil, err
	}
	dst = append(dst, '{')
	sorted := true
	for r.peek() != '}' || len(members) > 0 {
		if r.peek() != '"' {
			return nil, r.unexpected("a member name in quotes")
		}
		var m member
		var err *Error
		m.start = len(dst)
		dst, m.plain, err = r.text(dst)
		if err != nil {
			return nil, err
		}
		m.colon = len(dst)
		if r.peek() != ':' {
			return nil, r.unexpected("a colon after the member name")
		}
		r.pos++
		dst = append(dst, ':')
		// Names in rising order prove that none is there twice; the first that does not
		// rise leaves both questions to arrange.
		if sorted && len(members) > 0 {
			sorted = compare(dst, members[len(members)-1], m) < 0
		}
		longer, err := r.value(dst, members)
		if err != nil {
			return nil, err.in(m.nameString(dst))
		}
		dst = longer
		m.end = len(dst)
		members = append(members, m)
		switch r.peek() {
		case ',':
			r.pos++
			dst = append(dst, ',')
			continue
		case '}':
		default:
			return nil, r.unexpected("a comma or the end of the object")
		}
		break
	}
	r.pos++
	r.depth--
	if sorted {
		return append(dst, '}'), nil
	}
	dst, err := arrange(dst, open, members, r.mode)
	if err != nil {
		err.Offset = start
	}
	return dst, err
}

func (r *reader) array(dst []byte, spare []member) ([]byte, *Error) {
	if err := r.enter(); err != nil {
		return nil, err
	}
	dst = append(dst, '[')
	for n := 0; r.peek() != ']' || n > 0; n++ {
		var err *Error
		if dst, err = r.value(dst, spare); err != nil {
			return nil, err.at(n)
		}
		switch r.peek() {
		case ',':
			r.pos++
			dst = append(dst, ',')
			continue
		case ']':
		default:
			return nil, r.unexpected("a comma or the end of the array")
		}
		break
	}
	r.pos++
	r.depth--
	return append(dst, ']'), nil
}

// enter takes the bracket of an array or an object.
func (r *reader) enter() *Error {
	if r.depth == MaxDepth {
		return r.fail(ErrLimit, "more than 512 levels of arrays and objects")
	}
	r.depth++
	r.pos++
	return nil
}

func (r *reader) number(dst []byte) ([]byte, *Error) {
	n, short := scanNumber(r.src[r.pos:])
	if n == 0 {
		return nil, r.fail(ErrSyntax, "malformed number")
	}
	text := r.src[r.pos : r.pos+n]
	if short {
		r.pos += n
		return append(dst, text...), nil
	}
	dst, err := appendNumber(dst, text, r.mode)
	if err != nil {
		err.Offset = r.pos
		return nil, err
	}
	r.pos += n
	return dst, nil
}

func (r *reader) literal(dst []byte, word string) ([]byte, *Error) {
	if rest := r.src[r.pos:]; len(rest) < len(word) || string(rest[:len(word)]) != word {
		return nil, r.unexpected("a JSON value")
	}
	r.pos += len(word)
	return append(dst, word...), nil
}

func (r *reader) fail(kind error, rule string) *Error {
	return &Error{Offset: r.pos, Rule: rule, Err: kind}
}

func (r *reader) unexpected(wanted string) *Error {
	if r.pos >= len(r.src) {
		return r.fail(ErrSyntax, "the text ends where "+wanted+" is expected")
	}
	return r.fail(ErrSyntax, wanted+" is expected here")
}
