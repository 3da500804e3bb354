package canonical

// A reader goes over src once and appends the canonical form to dst while it reads.
type reader struct {
	src  []byte
	pos  int
	dst  []byte
	mode Mode

	depth   int
	members []member // of all open objects, innermost last
}

// document reads one value and white space around it, and nothing else.
func (r *reader) document() *Error {
	if err := r.value(); err != nil {
		return err
	}
	if r.peek(); r.pos < len(r.src) {
		return r.fail(ErrSyntax, "data after the JSON value")
	}
	return nil
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

func (r *reader) value() *Error {
	switch r.peek() {
	case '"':
		_, err := r.text()
		return err
	case '{':
		return r.object()
	case '[':
		return r.array()
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return r.number()
	case 't':
		return r.literal("true")
	case 'f':
		return r.literal("false")
	case 'n':
		return r.literal("null")
	default:
		return r.unexpected("a JSON value")
	}
}

func (r *reader) object() *Error {
	start, open, base := r.pos, len(r.dst), len(r.members)
	if err := r.enter('{'); err != nil {
		return err
	}
	sorted := true
	for r.peek() != '}' || len(r.members) > base {
		if r.peek() != '"' {
			return r.unexpected("a member name in quotes")
		}
		m := member{start: len(r.dst)}
		plain, err := r.text()
		if err != nil {
			return err
		}
		m.plain, m.colon = plain, len(r.dst)
		if r.peek() != ':' {
			return r.unexpected("a colon after the member name")
		}
		r.pos++
		r.dst = append(r.dst, ':')
		// Names in rising order prove that none is there twice; the first that does not
		// rise leaves both questions to the sort.
		if sorted && len(r.members) > base {
			sorted = compare(r.dst, r.members[len(r.members)-1], m) < 0
		}
		if err := r.value(); err != nil {
			return err.in(nameOf(r.dst, m))
		}
		m.end = len(r.dst)
		r.members = append(r.members, m)
		switch r.peek() {
		case ',':
			r.pos++
			r.dst = append(r.dst, ',')
			continue
		case '}':
		default:
			return r.unexpected("a comma or the end of the object")
		}
		break
	}
	r.pos++
	if sorted {
		r.dst = append(r.dst, '}')
	} else if err := r.arrange(open, r.members[base:]); err != nil {
		err.Offset = start
		return err
	}
	r.members = r.members[:base]
	r.depth--
	return nil
}

func (r *reader) array() *Error {
	if err := r.enter('['); err != nil {
		return err
	}
	for n := 0; r.peek() != ']' || n > 0; n++ {
		if err := r.value(); err != nil {
			return err.at(n)
		}
		switch r.peek() {
		case ',':
			r.pos++
			r.dst = append(r.dst, ',')
			continue
		case ']':
		default:
			return r.unexpected("a comma or the end of the array")
		}
		break
	}
	r.pos++
	r.dst = append(r.dst, ']')
	r.depth--
	return nil
}

// enter opens an array or an object.
func (r *reader) enter(bracket byte) *Error {
	if r.depth == MaxDepth {
		return r.fail(ErrLimit, "more than 512 levels of arrays and objects")
	}
	r.depth++
	r.pos++
	r.dst = append(r.dst, bracket)
	return nil
}

func (r *reader) number() *Error {
	n, short := scanNumber(r.src[r.pos:])
	if n == 0 {
		return r.fail(ErrSyntax, "malformed number")
	}
	text := r.src[r.pos : r.pos+n]
	if short {
		r.dst = append(r.dst, text...)
	} else {
		dst, err := appendNumber(r.dst, text, r.mode)
		if err != nil {
			err.Offset = r.pos
			return err
		}
		r.dst = dst
	}
	r.pos += n
	return nil
}

func (r *reader) literal(word string) *Error {
	if rest := r.src[r.pos:]; len(rest) < len(word) || string(rest[:len(word)]) != word {
		return r.unexpected("a JSON value")
	}
	r.pos += len(word)
	r.dst = append(r.dst, word...)
	return nil
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
