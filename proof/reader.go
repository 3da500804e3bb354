package proof

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
)

// Reader reads evidence line by line, in the memory of one line. It holds every rule of the
// format (see FormatError) and none of the checks: what it yields is well-formed, and
// whether it is true is for Verify. Make one with NewReader; it is not safe for concurrent
// use.
type Reader struct {
	lines  lineReader
	header Header
	count  int
	err    error
}

// NewReader reads the header of evidence. The reader takes what follows as Lines asks for
// it, and reads ahead: nobody else should read from r.
func NewReader(r io.Reader) (*Reader, error) {
	reader := &Reader{lines: lineReader{in: newBuffered(r)}}
	text, err := reader.lines.next()
	if errors.Is(err, io.EOF) {
		return nil, broken("", "it is empty")
	}
	if err != nil {
		return nil, err
	}
	header, formatErr := readHeader(text)
	if formatErr != nil {
		return nil, reader.lines.at(formatErr)
	}
	reader.header = header
	return reader, nil
}

// Header returns what the first line says, with Environment, Days and Variant filled in.
func (r *Reader) Header() Header { return r.header }

// Lines yields the deltas in the order of the file. On failure it yields one error, a
// *FormatError or the underlying reader's, and ends; a file without its trailer is a
// failure too. A second call goes on where the first one stopped.
func (r *Reader) Lines() iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		for {
			line, err := r.next()
			if errors.Is(err, io.EOF) {
				return
			}
			if !yield(line, err) || err != nil {
				return
			}
		}
	}
}

// next returns the next delta, or io.EOF after the trailer.
func (r *Reader) next() (Line, error) {
	if r.err != nil {
		return Line{}, r.err
	}
	line, err := r.read()
	r.err = err
	return line, err
}

func (r *Reader) read() (Line, error) {
	text, err := r.lines.next()
	if errors.Is(err, io.EOF) {
		return Line{}, r.lines.at(broken("", "the file ends without its trailer, so it was cut; get it again whole"))
	}
	if err != nil {
		return Line{}, err
	}
	line, trailer, formatErr := readLine(text)
	if formatErr != nil {
		return Line{}, r.lines.at(formatErr)
	}
	if trailer == nil {
		if r.count++; r.count > r.header.Count {
			return Line{}, r.lines.at(tooMuch("", "the file has more deltas than the %d that its header announces", r.header.Count))
		}
		line.number = r.lines.number
		return line, nil
	}
	switch _, err := r.lines.next(); {
	case err == nil:
		return Line{}, r.lines.at(broken("", "there is a line behind the trailer"))
	case !errors.Is(err, io.EOF):
		return Line{}, err
	}
	return Line{}, io.EOF
}

func newBuffered(r io.Reader) *bufio.Reader { return bufio.NewReaderSize(r, 64<<10) }

// A lineReader cuts a file into lines and counts them.
type lineReader struct {
	in     *bufio.Reader
	text   []byte
	number int
	bytes  int64
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// next returns the next line without its line end, LF or CR LF; the last line needs none.
// The bytes are good until the following call. At the end it returns io.EOF.
func (l *lineReader) next() ([]byte, error) {
	l.text = l.text[:0]
	for {
		part, err := l.in.ReadSlice('\n')
		l.text = append(l.text, part...)
		if l.bytes += int64(len(part)); l.bytes > MaxFileBytes {
			return nil, tooMuch("", "more than %d bytes", int64(MaxFileBytes))
		}
		if len(l.text) > MaxLineBytes+len("\r\n") {
			break
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if errors.Is(err, io.EOF) {
			if len(l.text) == 0 {
				return nil, io.EOF
			}
			break
		}
		if err != nil {
			return nil, fmt.Errorf("proof: line %d: reading failed: %w", l.number+1, err)
		}
		break
	}
	l.number++
	text, err := trimmed(l.text, l.number == 1)
	if err != nil {
		return nil, l.at(err)
	}
	return text, nil
}

// trimmed returns a line without its line end and refuses what is no line of text.
func trimmed(line []byte, first bool) ([]byte, *FormatError) {
	text := bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
	switch {
	case len(text) > MaxLineBytes:
		return nil, tooMuch("", "more than %d bytes", MaxLineBytes)
	case first && bytes.HasPrefix(text, byteOrderMark):
		return nil, broken("", "it begins with a byte order mark; save the file as UTF-8 without one")
	case len(bytes.TrimSpace(text)) == 0:
		return nil, broken("", "it is empty")
	case bytes.IndexByte(text, 0) >= 0:
		return nil, broken("", "it holds a NUL byte, so it is not text")
	}
	return text, nil
}

// at puts the number of the line into an error. It returns the interface, so that no nil
// pointer hides in it.
func (l *lineReader) at(err *FormatError) error {
	err.Line = max(l.number, 1)
	return err
}
