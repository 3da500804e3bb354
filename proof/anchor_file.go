package proof

import (
	"fmt"
	"io"

	"github.com/pacspace/pacspace-go/decimal"
)

// AnchorFormat is the name of the file format of one anchor: a JSON object on one line. An
// anchor file belongs to its checker. One that came with the evidence or the invoice binds
// nothing.
const AnchorFormat = "pacspace-anchor/v1"

// WriteAnchor writes an anchor for ReadAnchor. Nothing that it writes is refused there: the
// text is read back before it goes out.
func WriteAnchor(w io.Writer, a Anchor) error {
	if a == nil {
		return fmt.Errorf("%w: it is nil", ErrAnchor)
	}
	if err := a.validate(); err != nil {
		return err
	}
	o := newObject(nil)
	o.text("format", AnchorFormat)
	o.text("kind", a.anchor())
	switch a := a.(type) {
	case *PublicRecord:
		a.append(o)
	case InvoiceRoot:
		o.hash("root", a.Root)
	case OwnDeltas:
		a.append(o)
	case *Earlier:
		a.append(o)
	case *ProbeResult:
		a.append(o)
	}
	text, err := o.close()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrAnchor, err)
	}
	if text = append(text, '\n'); len(text) > maxAnchorBytes {
		return fmt.Errorf("%w: it cannot be written: %w", ErrAnchor, anchorTooLong())
	}
	if _, err := readAnchor(text); err != nil {
		return fmt.Errorf("%w: it cannot be written: %w", ErrAnchor, err)
	}
	if _, err := w.Write(text); err != nil {
		return fmt.Errorf("proof: anchor: writing failed: %w", err)
	}
	return nil
}

// ReadAnchor reads what WriteAnchor wrote, as strictly as evidence is read. The error is a
// *FormatError, or ErrAnchor where what was read is no anchor.
func ReadAnchor(r io.Reader) (Anchor, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxAnchorBytes+1))
	if err != nil {
		return nil, fmt.Errorf("proof: anchor: reading failed: %w", err)
	}
	if len(text) > maxAnchorBytes {
		return nil, anchorTooLong()
	}
	return readAnchor(text)
}

func anchorTooLong() *FormatError {
	return tooMuch("", "an anchor file has at most %d bytes", maxAnchorBytes)
}

var anchorNames = []string{"format", "kind",
	"root", "verified", "recordCount", "netChange", "environment", "source", "fetchedAt",
	"deltas", "partial",
	"verdict", "account", "usageDays", "window", "balance", "count", "lastIndex", "confirmed", "billed",
	"chainPerAccount", "indexPerAccount", "firstIndex", "at"}

// anchorFields are the names that each kind must and may have, after format and kind.
var anchorFields = map[string]struct{ must, may []string }{
	"public-record": {[]string{"root", "verified", "environment"}, []string{"recordCount", "netChange", "source", "fetchedAt"}},
	"invoice-root":  {[]string{"root"}, nil},
	"own-deltas":    {[]string{"deltas", "partial"}, nil},
	"earlier": {[]string{"verdict", "account", "environment", "usageDays", "window", "balance", "count", "confirmed", "billed"},
		[]string{"root", "lastIndex"}},
	"probe": {[]string{"environment", "confirmed", "chainPerAccount", "indexPerAccount"}, []string{"firstIndex", "source", "at"}},
}

// An anchorText is all that any kind of anchor may say.
type anchorText struct {
	kind      string
	record    PublicRecord
	own       OwnDeltas
	earlier   Earlier
	probe     ProbeResult
	confirmed [levels][]Variant
}

func readAnchor(text []byte) (Anchor, error) {
	var a anchorText
	s := scanner{src: text}
	seen, err := s.object(anchorNames, func(i int) *FormatError { return a.read(&s, anchorNames[i]) })
	if err == nil {
		err = s.end()
	}
	if err == nil {
		err = a.fields(seen)
	}
	if err != nil {
		return nil, err
	}
	var anchor Anchor
	switch a.kind {
	case "public-record":
		anchor = &a.record
	case "invoice-root":
		anchor = InvoiceRoot{a.record.Root}
	case "own-deltas":
		anchor = a.own
	case "earlier":
		a.earlier.environment, a.earlier.root = a.record.Environment, a.record.Root
		for l := range levels {
			a.earlier.confirmed[l] = setOf(a.confirmed[l])
		}
		anchor = &a.earlier
	case "probe":
		a.probe.Environment, a.probe.Source = a.record.Environment, a.record.Source
		a.probe.Item, a.probe.Batch, a.probe.Checkpoint = a.confirmed[levelItem], a.confirmed[levelBatch], a.confirmed[levelCheckpoint]
		anchor = &a.probe
	}
	if err := anchor.validate(); err != nil {
		return nil, err
	}
	return anchor, nil
}

// fields refuses an anchor that lacks what its kind must have or has what it may not have.
func (a *anchorText) fields(seen uint64) *FormatError {
	of, known := anchorFields[a.kind]
	if !known {
		return missing(anchorNames, seen, 3)
	}
	required, allowed := uint64(3), uint64(3)
	for i, name := range anchorNames {
		for _, n := range of.must {
			if n == name {
				required |= 1 << i
			}
		}
		for _, n := range of.may {
			if n == name {
				allowed |= 1 << i
			}
		}
	}
	if err := missing(anchorNames, seen, required); err != nil {
		return err
	}
	if err := missing(anchorNames, allowed|required, seen); err != nil {
		return broken(err.Field, "an anchor of the kind %s does not have it", a.kind)
	}
	return nil
}

func (a *anchorText) read(s *scanner, name string) (err *FormatError) {
	switch name {
	case "format":
		_, err = oneOf(s, AnchorFormat)
	case "kind":
		a.kind, err = oneOf(s, "public-record", "invoice-root", "own-deltas", "earlier", "probe")
	case "root":
		a.record.Root, err = s.hash()
	case "verified":
		a.record.Verified, err = s.boolean()
	case "recordCount":
		var n int64
		n, err = s.integer(maxInteger)
		a.record.RecordCount = &n
	case "netChange":
		var d decimal.Decimal
		d, err = s.exact()
		a.record.NetChange = &d
	case "environment":
		a.record.Environment, err = oneOf(s, EnvironmentLive, EnvironmentTest)
	case "source":
		a.record.Source, err = s.filled()
	case "fetchedAt":
		a.record.FetchedAt, err = s.instant()
	case "deltas":
		err = s.array(MaxOwnDeltas, func() *FormatError { return a.ownDelta(s) })
	case "partial":
		a.own.Partial, err = s.boolean()
	case "confirmed":
		err = a.readConfirmed(s)
	case "chainPerAccount":
		a.probe.ChainPerAccount, err = s.boolean()
	case "indexPerAccount":
		a.probe.IndexPerAccount, err = s.boolean()
	case "firstIndex":
		var n int64
		n, err = s.integer(maxInteger)
		a.probe.FirstIndex = &n
	case "at":
		a.probe.At, err = s.instant()
	default:
		err = a.earlier.read(s, name)
	}
	return err
}

func (e *Earlier) read(s *scanner, name string) (err *FormatError) {
	switch name {
	case "verdict":
		e.verdict, err = oneOf(s, Verified, Consistent)
	case "account":
		e.account, err = s.account()
	case "usageDays":
		e.days, err = s.days()
	case "window":
		e.window, err = s.window()
	case "balance":
		e.balance, err = s.exact()
	case "count":
		var n int64
		n, err = s.integer(MaxDeltas)
		e.count = int(n)
	case "lastIndex":
		var n int64
		n, err = s.integer(maxInteger)
		e.lastIndex = &n
	case "billed":
		err = s.array(maxReferences, func() *FormatError { return e.billed(s) })
	}
	return err
}

var billedNames = []string{"referenceId", "recordId"}

func (e *Earlier) billed(s *scanner) *FormatError {
	var referenceID, recordID string
	seen, err := s.object(billedNames, func(i int) (err *FormatError) {
		if i == 0 {
			referenceID, err = s.filled()
		} else {
			recordID, err = s.filled()
		}
		return err
	})
	if err == nil && seen == 0 {
		err = broken("", "it names a delta by referenceId, by recordId or by both")
	}
	e.deltas.add(referenceID, recordID)
	return err
}

func (a *anchorText) ownDelta(s *scanner) *FormatError {
	text, err := s.raw()
	if err != nil {
		return err
	}
	item, seen, err := readItem(text)
	if err != nil {
		return err
	}
	a.own.Items = append(a.own.Items, item)
	return missing(itemNames, uint64(seen), 1<<fieldDelta|1<<fieldReferenceID)
}

func (a *anchorText) readConfirmed(s *scanner) *FormatError {
	seen, err := s.object(levelNames[:], func(i int) *FormatError {
		return s.array(len(forms), func() *FormatError {
			v, err := oneOf(s, Variants()...)
			a.confirmed[i] = append(a.confirmed[i], v)
			return err
		})
	})
	if err != nil {
		return err
	}
	return missing(levelNames[:], seen, 1<<levels-1)
}

func (s *scanner) boolean() (bool, *FormatError) {
	text, err := s.raw()
	if err != nil {
		return false, err
	}
	switch string(text) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, broken("", "true or false is expected")
}

func (p *PublicRecord) append(o *object) {
	o.hash("root", p.Root)
	o.boolean("verified", p.Verified)
	if p.RecordCount != nil {
		o.integer("recordCount", *p.RecordCount)
	}
	if p.NetChange != nil {
		o.exact("netChange", *p.NetChange)
	}
	o.text("environment", string(p.Environment.orLive()))
	o.given("source", p.Source)
	if !p.FetchedAt.IsZero() {
		o.instant("fetchedAt", p.FetchedAt)
	}
}

// append writes of each delta what is compared.
func (d OwnDeltas) append(o *object) {
	o.array("deltas", len(d.Items), func(i int, o *object) {
		item := d.Items[i]
		o.given("customerId", item.CustomerID)
		o.name("delta")
		number, err := item.Delta.AppendJSON(o.dst)
		if err != nil && o.err == nil {
			o.err = fmt.Errorf("own deltas: delta %d: %w", i+1, err)
		}
		o.dst = number
		o.text("referenceId", item.ReferenceID)
	})
	o.boolean("partial", d.Partial)
}

func (e *Earlier) append(o *object) {
	o.text("verdict", string(e.verdict))
	o.object("account", func(o *object) { appendAccount(o, e.account) })
	o.text("environment", string(e.environment))
	o.object("usageDays", func(o *object) { e.days.append(o) })
	o.window("window", e.window)
	o.exact("balance", e.balance)
	o.integer("count", int64(e.count))
	if !e.root.IsZero() {
		o.hash("root", e.root)
	}
	if e.lastIndex != nil {
		o.integer("lastIndex", *e.lastIndex)
	}
	appendConfirmed(o, e.confirmed)
	o.array("billed", e.deltas.len(), func(i int, o *object) {
		referenceID, recordID := e.deltas.at(i)
		o.given("referenceId", referenceID)
		o.given("recordId", recordID)
	})
}

func (p *ProbeResult) append(o *object) {
	o.text("environment", string(p.Environment.orLive()))
	appendConfirmed(o, confirmed{setOf(p.Item), setOf(p.Batch), setOf(p.Checkpoint)})
	o.boolean("chainPerAccount", p.ChainPerAccount)
	o.boolean("indexPerAccount", p.IndexPerAccount)
	if p.FirstIndex != nil {
		o.integer("firstIndex", *p.FirstIndex)
	}
	o.given("source", p.Source)
	if !p.At.IsZero() {
		o.instant("at", p.At)
	}
}

func appendConfirmed(o *object, c confirmed) {
	o.object("confirmed", func(o *object) {
		for l := range levels {
			o.name(levelNames[l])
			o.dst = append(o.dst, '[')
			for i, v := range c[l].list() {
				if i > 0 {
					o.dst = append(o.dst, ',')
				}
				o.dst = append(append(append(o.dst, '"'), v...), '"')
			}
			o.dst = append(o.dst, ']')
		}
	})
}
