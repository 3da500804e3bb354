package proof

import (
	"errors"
	"fmt"
	"io"

	"github.com/pacspace/pacspace-go/decimal"
)

// ErrWriter is what every refusal of a Writer is, through errors.Is; a *FormatError inside
// names the field. What to do: mend what the error names; what was written so far is no
// evidence.
var ErrWriter = errors.New("proof: evidence cannot be written")

// Writer writes evidence. Nothing that it writes is refused by Reader: each line is read
// back before it goes out. It does not judge: a claim that the deltas do not add up to is
// written, and Verify finds it. Make one with NewWriter; it is not safe for concurrent use.
//
// It writes to w line by line. Put a buffer in between, and let a file take its name only
// after Close went well.
type Writer struct {
	w      io.Writer
	header Header
	tree   *tree
	sum    decimal.Decimal
	count  int
	lines  int // of the carried list that had their line
	buf    []byte
	err    error
	closed bool
}

// NewWriter checks the header and writes it. The zero Environment is written as live, zero
// Days as those of the Period, the zero Variant as VariantHex0x.
func NewWriter(w io.Writer, h Header) (*Writer, error) {
	if err := h.Variant.Validate(); err != nil {
		return nil, fmt.Errorf("%w: header: %w", ErrWriter, err)
	}
	if h.Days.IsZero() && h.Period.Validate() != nil {
		return nil, fmt.Errorf("%w: header: usageDays: missing; give Period or Days", ErrWriter)
	}
	if h.Count > MaxDeltas {
		return nil, fmt.Errorf("%w: header: %w", ErrWriter, tooMuch("count", "more than %d", MaxDeltas))
	}
	text, err := h.append(nil)
	if err != nil {
		return nil, fmt.Errorf("%w: header: %w", ErrWriter, err)
	}
	// From here on the header is what a reader takes it for.
	read, formatErr := readHeader(text)
	if formatErr != nil {
		return nil, fmt.Errorf("%w: header: %w", ErrWriter, formatErr)
	}
	writer := &Writer{w: w, header: read, tree: newTree(read.Variant)}
	return writer, writer.flush(text)
}

// Write writes the next delta. A Sequence of 0 is filled in; any other must be the next. A
// carried delta must be the next of the header's list. After an error of the underlying
// writer every call returns that error; a refused line changes nothing.
func (w *Writer) Write(l Line) error {
	if err := w.ready(); err != nil {
		return err
	}
	next := w.count + 1
	refuse := func(err error) error { return fmt.Errorf("%w: delta %d: %w", ErrWriter, next, err) }
	if l.Sequence == 0 {
		l.Sequence = next
	}
	if l.Sequence != next {
		return refuse(fmt.Errorf("its sequence is %d", l.Sequence))
	}
	if next > w.header.Count {
		return refuse(fmt.Errorf("the header announces %d deltas", w.header.Count))
	}
	if len(l.ItemHashes) == 0 {
		l.ItemHashes = nil
	}
	text, err := l.append(w.buf[:0])
	if err != nil {
		return refuse(err)
	}
	if len(text) > MaxLineBytes {
		return refuse(tooMuch("", "the line has more than %d bytes", MaxLineBytes))
	}
	read, _, formatErr := readLine(text)
	if formatErr != nil {
		return refuse(formatErr)
	}
	if read.Carried != nil && !w.nextCarried(&read) {
		return refuse(errors.New("it is carried and not the next of the header's carried list"))
	}
	w.buf = text
	if err := w.flush(text); err != nil {
		return err
	}
	w.count++
	w.sum = w.sum.Add(read.Item.Delta)
	if read.Carried != nil {
		w.lines++
	} else {
		w.tree.add(read.leaf(w.header.Variant.form().label))
	}
	return nil
}

func (w *Writer) nextCarried(l *Line) bool {
	return w.lines < len(w.header.Carried) && w.header.Carried[w.lines].names(l)
}

// Close writes the trailer. It refuses to end evidence that has fewer deltas, or fewer
// carried ones, than the header announces. It does not close the underlying writer.
func (w *Writer) Close() error {
	if err := w.ready(); err != nil {
		return err
	}
	if w.count != w.header.Count {
		return fmt.Errorf("%w: the header announces %d deltas and %d were written", ErrWriter, w.header.Count, w.count)
	}
	if w.lines != len(w.header.Carried) {
		return fmt.Errorf("%w: the header lists %d carried deltas and %d were written", ErrWriter, len(w.header.Carried), w.lines)
	}
	text, err := trailerLine{Count: w.count, Sum: w.sum, Root: w.tree.root()}.append(nil)
	if err != nil {
		return fmt.Errorf("%w: trailer: %w", ErrWriter, err)
	}
	if _, _, formatErr := readLine(text); formatErr != nil {
		return fmt.Errorf("%w: trailer: %w", ErrWriter, formatErr)
	}
	w.closed = true
	return w.flush(text)
}

func (w *Writer) ready() error {
	if w.closed {
		return fmt.Errorf("%w: it is closed", ErrWriter)
	}
	return w.err
}

// flush writes a line at once, so that a failing writer leaves whole lines or a torn last
// one, never a gap.
func (w *Writer) flush(text []byte) error {
	_, err := w.w.Write(append(text, '\n'))
	if err != nil {
		w.err = fmt.Errorf("proof: evidence: writing failed: %w", err)
	}
	return w.err
}

// names tells whether the header's entry is about the line: every id that it gives must be
// the line's.
func (c CarriedLine) names(l *Line) bool {
	return l.Carried != nil && c.Window.Equal(*l.Carried) &&
		(c.ReferenceID == "" || c.ReferenceID == l.Item.ReferenceID) &&
		(c.RecordID == "" || c.RecordID == l.RecordID)
}

// leaf returns what stands for the line in a tree: the service's hash where it is known,
// else the hash of the item.
func (l *Line) leaf(label label) Hash {
	if !l.ContentHash.IsZero() {
		return l.ContentHash
	}
	return label.leaf(l.form)
}
