package proof

import (
	"fmt"
	"strconv"
	"time"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/internal/canonical"
	"github.com/pacspace/pacspace-go/usage"
)

// An object composes a JSON object, member by member, and keeps the first error. What it
// leaves out is left to its caller.
type object struct {
	dst   []byte
	comma bool
	err   error
}

func newObject(dst []byte) *object { return &object{dst: append(dst, '{')} }

// close ends the object and returns all that was composed.
func (o *object) close() ([]byte, error) {
	if o.err != nil {
		return nil, o.err
	}
	return append(o.dst, '}'), nil
}

// name begins a member; names are plain ASCII.
func (o *object) name(name string) {
	if o.comma {
		o.dst = append(o.dst, ',')
	}
	o.comma = true
	o.dst = append(append(append(o.dst, '"'), name...), '"', ':')
}

func (o *object) text(name, value string) {
	o.name(name)
	dst, err := canonical.AppendString(o.dst, value)
	if err != nil && o.err == nil {
		o.err = fmt.Errorf("%s: %w", name, err)
	}
	o.dst = dst
}

// given writes a text that is not empty.
func (o *object) given(name, value string) {
	if value != "" {
		o.text(name, value)
	}
}

func (o *object) integer(name string, value int64) {
	o.name(name)
	o.dst = strconv.AppendInt(o.dst, value, 10)
}

func (o *object) boolean(name string, value bool) {
	o.name(name)
	o.dst = strconv.AppendBool(o.dst, value)
}

func (o *object) exact(name string, value decimal.Decimal) { o.text(name, value.String()) }

func (o *object) hash(name string, h Hash) {
	o.name(name)
	o.dst = append(h.append(append(o.dst, '"')), '"')
}

func (o *object) hashes(name string, list []Hash) {
	o.name(name)
	o.dst = append(o.dst, '[')
	for i, h := range list {
		if i > 0 {
			o.dst = append(o.dst, ',')
		}
		o.dst = append(h.append(append(o.dst, '"')), '"')
	}
	o.dst = append(o.dst, ']')
}

// instant writes a time in the one form that the reader takes, whatever its location.
func (o *object) instant(name string, t time.Time) { o.text(name, instantText(t)) }

func (o *object) window(name string, w usage.Window) {
	o.object(name, func(o *object) {
		o.instant("start", w.Start)
		o.instant("end", w.End)
	})
}

func (o *object) object(name string, members func(*object)) {
	o.name(name)
	o.inner(members)
}

func (o *object) array(name string, n int, element func(i int, o *object)) {
	o.name(name)
	o.dst = append(o.dst, '[')
	for i := range n {
		if i > 0 {
			o.dst = append(o.dst, ',')
		}
		o.inner(func(o *object) { element(i, o) })
	}
	o.dst = append(o.dst, ']')
}

func (o *object) inner(members func(*object)) {
	inside := newObject(o.dst)
	members(inside)
	if o.err == nil {
		o.err = inside.err
	}
	o.dst = append(inside.dst, '}')
}
