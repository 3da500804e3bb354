package proof

import (
	"bytes"
	"slices"
	"strings"

	"github.com/pacspace/pacspace-go/usage"
)

// The names of a line of evidence and, behind them, of the trailer: which of the two it is
// shows only when its names were read.
var lineNames = []string{"sequence", "item", "recordId", "receiptId", "contentHash", "itemHashes",
	"proofHash", "previousProofHash", "index", "verifiedAt", "carried", "sources",
	"end", "count", "sum", "root"}

const (
	lineSequence = iota
	lineItem
	lineRecordID
	lineReceiptID
	lineContentHash
	lineItemHashes
	lineProofHash
	linePreviousProofHash
	lineIndex
	lineVerifiedAt
	lineCarried
	lineSources
	trailerEnd
	trailerCount
	trailerSum
	trailerRoot
)

const (
	lineRequired    = 1<<lineSequence | 1<<lineItem | 1<<lineSources
	trailerRequired = 1<<trailerEnd | 1<<trailerCount | 1<<trailerSum | 1<<trailerRoot
)

// readLine reads a line behind the header: a delta, or the trailer. Nothing in the line
// shares data.
func readLine(data []byte) (Line, *trailerLine, *FormatError) {
	r := row{detached: true}
	trailer, err := r.read(data, "")
	if err != nil || trailer != nil {
		return Line{}, trailer, err
	}
	return r.line.detach(), nil, nil
}

// A row is room for a line, with what is made of it. Read after read uses the room again:
// what is to be kept of a line is detached from it.
type row struct {
	line Line
	d    delta
	// amount is the line's, and Item.Delta stays 0 where it is small, unless detached asks
	// for all of a line.
	amount   amount
	detached bool
	// name is the referenceId, and reference the parsed one where it is a usage day's.
	name      named
	reference usage.Reference
	recordTag uint32
	// What the pointers of the line point to.
	proof, previous Hash
	index           int64
	carried         usage.Window
	adjusts         Adjusts
	hashes          []Hash
	// sourcesText is what line.Sources was read from, in this line or the one before.
	sourcesText []byte
	// leaves are those by each label, zero where not made; by is the variants whose leaf
	// is the content hash.
	leaves [len(labels)]Hash
	by     variantSet
}

// detach returns the line with nothing that it shares with a row.
func (l *Line) detach() Line {
	d := *l
	d.Item.Metadata, d.form, d.ItemHashes = bytes.Clone(l.Item.Metadata), bytes.Clone(l.form), slices.Clone(l.ItemHashes)
	d.ProofHash, d.PreviousProofHash, d.Index = copied(l.ProofHash), copied(l.PreviousProofHash), copied(l.Index)
	d.Carried, d.Item.Adjusts = copied(l.Carried), copied(l.Item.Adjusts)
	for _, text := range []*string{&d.Item.CustomerID, &d.Item.Reason, &d.Item.ReferenceID, &d.RecordID, &d.ReceiptID} {
		*text = strings.Clone(*text)
	}
	if a := d.Item.Adjusts; a != nil {
		a.ReferenceID, a.RecordID = strings.Clone(a.ReferenceID), strings.Clone(a.RecordID)
	}
	return d
}

func copied[T any](p *T) *T {
	if p == nil {
		return nil
	}
	return new(*p)
}

// read reads a line into the row. Texts of it share whole, which is data as a string or
// empty, and the rest shares data.
func (r *row) read(data []byte, whole string) (trailer *trailerLine, err *FormatError) {
	var (
		s     = scanner{src: data, whole: whole}
		t     trailerLine
		there fieldSet
	)
	r.line = Line{Sources: r.line.Sources}
	r.hashes, r.leaves, r.by = r.hashes[:0], [len(labels)]Hash{}, 0
	r.d = delta{Line: &r.line}
	r.name, r.recordTag = named{}, 0
	seen, err := s.object(lineNames, func(i int) (err *FormatError) {
		switch i {
		case trailerEnd:
			_, err = oneOf(&s, EvidenceFormat)
		case trailerCount:
			var n int64
			n, err = s.integer(MaxDeltas)
			t.Count = int(n)
		case trailerSum:
			t.Sum, err = s.exact()
		case trailerRoot:
			t.Root, err = s.hash()
		case lineItem:
			there, err = r.readItem(&s)
		default:
			err = r.readField(&s, i)
		}
		return err
	})
	if err == nil {
		err = s.end()
	}
	switch {
	case err != nil:
		return nil, err
	case seen&trailerRequired == 0:
		return nil, r.line.check(seen, there)
	case seen&^trailerRequired != 0:
		return nil, broken("", "it is a delta and the trailer at once")
	}
	if err := missing(lineNames, seen, trailerRequired); err != nil {
		return nil, err
	}
	return new(t), nil
}

func (r *row) readField(s *scanner, i int) (err *FormatError) {
	l := &r.line
	switch i {
	case lineSequence:
		var n int64
		n, err = s.integer(MaxDeltas)
		l.Sequence = int(n)
	case lineRecordID:
		l.RecordID, err = s.filled()
	case lineReceiptID:
		l.ReceiptID, err = s.filled()
	case lineContentHash:
		l.ContentHash, err = s.hash()
		if err == nil && l.ContentHash.IsZero() {
			err = broken("", "no content has the zero hash; leave the field out")
		}
	case lineItemHashes:
		err = s.array(MaxItemHashes, func() *FormatError {
			h, err := s.hash()
			r.hashes = append(r.hashes, h)
			return err
		})
		if err == nil && len(r.hashes) == 0 {
			err = broken("", "the list is empty; leave it out")
		}
		l.ItemHashes = r.hashes
	case lineProofHash:
		r.proof, err = s.hash()
		l.ProofHash = &r.proof
	case linePreviousProofHash:
		r.previous, err = s.hash()
		l.PreviousProofHash = &r.previous
	case lineIndex:
		r.index, err = s.integer(maxInteger)
		l.Index = &r.index
	case lineVerifiedAt:
		l.VerifiedAt, err = s.instant()
	case lineCarried:
		r.carried, err = s.window()
		l.Carried = &r.carried
	case lineSources:
		err = r.readSources(s)
	}
	return err
}

// readSources reads where the fields come from. Lines mostly say the same of it, and a text
// that was read means what it meant before.
func (r *row) readSources(s *scanner) (err *FormatError) {
	s.peek()
	if n := len(r.sourcesText); n == 0 || !bytes.HasPrefix(s.src[s.pos:], r.sourcesText) {
		from := s.pos
		if r.line.Sources, err = s.sources(); err != nil {
			r.sourcesText = r.sourcesText[:0]
			return err
		}
		r.sourcesText = append(r.sourcesText[:0], s.src[from:s.pos]...)
	} else {
		s.pos += n
	}
	return nil
}

// check holds what one field of a line says against the others.
func (l *Line) check(seen uint64, there fieldSet) *FormatError {
	if err := missing(lineNames, seen, lineRequired); err != nil {
		return err
	}
	l.unknown = l.Sources.unknown()
	if err := l.Item.complete(there, l.unknown); err != nil {
		return err.in("item")
	}
	switch {
	case l.Sequence == 0:
		return broken("sequence", "it counts from 1")
	case l.Item.ReferenceID == "" && l.RecordID == "":
		return broken("", "a delta has a referenceId, a recordId or both; nothing else tells it from another")
	case l.ContentHash.IsZero() && l.unknown != 0:
		return broken("contentHash", "it is missing and the item is not known whole, so nothing stands for the delta")
	}
	if err := l.Sources.cover(l.slots()); err != nil {
		return err.in("sources")
	}
	return nil
}

// slots returns which of the fields that have a source are there, by their place in
// sourceNames.
func (l *Line) slots() uint64 {
	var set uint64 = 1
	for slot, there := range []bool{
		1: l.Item.Reason != "", 2: l.Item.ReferenceID != "", 3: l.Item.Metadata != nil, 4: l.Item.Adjusts != nil,
		6: l.RecordID != "", 7: l.ReceiptID != "", 8: l.Index != nil, 9: !l.VerifiedAt.IsZero(),
		11: !l.ContentHash.IsZero(), 12: l.ItemHashes != nil, 13: l.ProofHash != nil, 14: l.PreviousProofHash != nil,
	} {
		if there {
			set |= 1 << slot
		}
	}
	return set
}

// append composes the line. Its item is written in canonical form, so that what is hashed
// stands in the file as it is.
func (l *Line) append(dst []byte) ([]byte, error) {
	o := newObject(dst)
	o.integer("sequence", int64(l.Sequence))
	o.name("item")
	item, err := l.Item.append(nil, l.Sources.unknown())
	if err != nil {
		return nil, err
	}
	o.dst = append(o.dst, item...)
	o.given("recordId", l.RecordID)
	o.given("receiptId", l.ReceiptID)
	if !l.ContentHash.IsZero() {
		o.hash("contentHash", l.ContentHash)
	}
	if len(l.ItemHashes) > 0 {
		o.hashes("itemHashes", l.ItemHashes)
	}
	if l.ProofHash != nil {
		o.hash("proofHash", *l.ProofHash)
	}
	if l.PreviousProofHash != nil {
		o.hash("previousProofHash", *l.PreviousProofHash)
	}
	if l.Index != nil {
		o.integer("index", *l.Index)
	}
	if !l.VerifiedAt.IsZero() {
		o.instant("verifiedAt", l.VerifiedAt)
	}
	if l.Carried != nil {
		o.window("carried", *l.Carried)
	}
	o.object("sources", l.Sources.append)
	return o.close()
}

func (t trailerLine) append(dst []byte) ([]byte, error) {
	o := newObject(dst)
	o.text("end", EvidenceFormat)
	o.integer("count", int64(t.Count))
	o.exact("sum", t.Sum)
	o.hash("root", t.Root)
	return o.close()
}
