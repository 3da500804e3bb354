package proof

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

// readLine reads a line behind the header: a delta, or the trailer.
func readLine(data []byte) (line Line, trailer *Trailer, err *FormatError) {
	var (
		s     = scanner{src: data}
		t     Trailer
		there fieldSet
	)
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
			there, err = line.readItem(&s)
		default:
			err = line.readField(&s, i)
		}
		return err
	})
	if err == nil {
		err = s.end()
	}
	switch {
	case err != nil:
		return Line{}, nil, err
	case seen&trailerRequired == 0:
		return line, nil, line.check(seen, there)
	case seen&^trailerRequired != 0:
		return Line{}, nil, broken("", "it is a delta and the trailer at once")
	default:
		return Line{}, &t, missing(lineNames, seen, trailerRequired)
	}
}

func (l *Line) readItem(s *scanner) (there fieldSet, err *FormatError) {
	text, err := s.raw()
	if err != nil {
		return 0, err
	}
	l.Item, there, l.form, err = readItem(text, nil)
	return there, err
}

func (l *Line) readField(s *scanner, i int) (err *FormatError) {
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
			l.ItemHashes = append(l.ItemHashes, h)
			return err
		})
		if err == nil && l.ItemHashes == nil {
			err = broken("", "the list is empty; leave it out")
		}
	case lineProofHash:
		l.ProofHash, err = s.hashPointer()
	case linePreviousProofHash:
		l.PreviousProofHash, err = s.hashPointer()
	case lineIndex:
		var n int64
		n, err = s.integer(maxInteger)
		l.Index = &n
	case lineVerifiedAt:
		l.VerifiedAt, err = s.instant()
	case lineCarried:
		w, windowErr := s.window()
		l.Carried, err = &w, windowErr
	case lineSources:
		l.Sources, err = s.sources()
	}
	return err
}

func (s *scanner) hashPointer() (*Hash, *FormatError) {
	h, err := s.hash()
	return &h, err
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

// slots returns which of the fields that have a source are there, by their slot.
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

func (t Trailer) append(dst []byte) ([]byte, error) {
	o := newObject(dst)
	o.text("end", EvidenceFormat)
	o.integer("count", int64(t.Count))
	o.exact("sum", t.Sum)
	o.hash("root", t.Root)
	return o.close()
}
