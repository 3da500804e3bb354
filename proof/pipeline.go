package proof

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"unsafe"

	"github.com/pacspace/pacspace-go/internal/keccak"
)

// Verify goes over the file in chunks of whole lines. One goroutine reads them, several
// take them apart and hash, and the caller's own checks what came of it in the order of the
// file. A file of one chunk takes no goroutine.

const (
	firstChunk = 32 << 10
	chunkSize  = 128 << 10
	maxWorkers = 16
)

// A chunk is some whole lines with what was made of them.
type chunk struct {
	text []byte
	// last says that nothing follows: the input ended, failed with err, or is refused for
	// its length, which is limit.
	last, limit bool
	err         error

	rows  []*row // of the deltas, room for more behind n
	n     int
	lines int // that were cut, the one of refused among them
	// trailer is the one that the chunk has; behind tells that a line follows it.
	trailer *trailerLine
	// refused is why the reading of the lines ended; uncut tells that the line is none.
	refused *FormatError
	uncut   bool
	done    chan struct{}
}

func newChunk(size int) *chunk {
	return &chunk{text: make([]byte, 0, size), done: make(chan struct{}, 1)}
}

// A worker takes chunks apart.
type worker struct {
	v     *verification
	batch keccak.Batch
}

func (w *worker) work(c *chunk) {
	c.n, c.lines, c.trailer, c.refused, c.uncut = 0, 0, nil, nil, false
	whole := shared(c.text) // the texts of all lines share it
	for from := 0; from < len(c.text) && c.refused == nil; {
		to := len(c.text)
		if n := bytes.IndexByte(c.text[from:], '\n'); n >= 0 {
			to = from + n + 1
		}
		c.line(c.text[from:to], whole[from:to])
		from = to
	}
	w.v.prepare(c.rows[:c.n], &w.batch)
}

// shared returns bytes as a string without copying them: what is read of a file is a tenth of
// it, and copying it all would be the most of what verifying takes after hashing. The string
// changes with the bytes when the chunk is used again, so what is kept of a line is copied:
// by detach and keep, by the findings, and by the ledger.
func shared(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

func (c *chunk) line(text []byte, whole string) {
	c.lines++
	cut, err := trimmed(text, false)
	switch {
	case err != nil:
		c.refused, c.uncut = err, true
		return
	case c.trailer != nil:
		c.refused = broken("", "there is a line behind the trailer")
		return
	}
	if c.n == len(c.rows) {
		more := make([]row, 16)
		for i := range more {
			c.rows = append(c.rows, &more[i])
		}
	}
	if c.trailer, c.refused = c.rows[c.n].read(cut, whole[:len(cut)]); c.refused == nil && c.trailer == nil {
		c.n++
	}
}

// A chunker cuts what it reads at line ends.
type chunker struct {
	in    io.Reader
	rest  []byte // behind the last line end
	bytes int64
}

// fill reads the next chunk.
func (k *chunker) fill(c *chunk) {
	c.last, c.limit, c.err = false, false, nil
	c.text = append(c.text[:0], k.rest...)
	k.rest = k.rest[:0]
	searched := 0 // there is no line end before
	for {
		if len(c.text) == cap(c.text) {
			end := bytes.LastIndexByte(c.text[searched:], '\n') + 1
			if end > 0 {
				end += searched
				k.rest = append(k.rest, c.text[end:]...)
				c.text = c.text[:end]
				return
			}
			if searched = len(c.text); searched > MaxLineBytes+len("\r\n") {
				c.last = true // it is refused as a line
				return
			}
			c.text = append(make([]byte, 0, 2*cap(c.text)), c.text...)
		}
		n, err := k.read(c.text[len(c.text):cap(c.text)])
		c.text = c.text[:len(c.text)+n]
		if k.bytes += int64(n); k.bytes > MaxFileBytes {
			c.text = c.text[:len(c.text)-int(k.bytes-MaxFileBytes)]
			c.limit = true
		}
		if err == nil && !c.limit {
			continue
		}
		c.last = true
		if !errors.Is(err, io.EOF) || c.limit {
			// The part of a line that is there is no line.
			if end := bytes.LastIndexByte(c.text, '\n') + 1; len(c.text)-end <= MaxLineBytes+len("\r\n") {
				c.text = c.text[:end]
			}
			c.err = err
		}
		return
	}
}

// read reads at least a byte or fails.
func (k *chunker) read(p []byte) (int, error) {
	for range 100 {
		if n, err := k.in.Read(p); n > 0 || err != nil {
			return n, err
		}
	}
	return 0, io.ErrNoProgress
}

// read takes the lines behind the header, to the end.
func (v *verification) read(lines *lineReader, first, more int) error {
	in := &chunker{in: lines.in, bytes: lines.bytes}
	s := sequence{v: v, number: lines.number}
	c := newChunk(first)
	in.fill(c)
	w := worker{v: v}
	w.work(c)
	if ended, err := s.take(c); ended || err != nil {
		return err
	}
	return s.stream(in, more)
}

// stream reads on with goroutines, all of which have ended when it returns.
func (s *sequence) stream(in *chunker, size int) error {
	workers := min(runtime.GOMAXPROCS(0), maxWorkers)
	chunks := 2*workers + 1
	var (
		free    = make(chan *chunk, chunks)
		work    = make(chan *chunk, chunks)
		ordered = make(chan *chunk, chunks)
		stop    = make(chan struct{})
		group   sync.WaitGroup
	)
	defer group.Wait()
	defer close(stop)
	for range chunks {
		free <- newChunk(size)
	}
	group.Go(func() {
		defer close(work)
		for {
			select {
			case <-stop: // even where there is a free chunk
				return
			default:
			}
			select {
			case <-stop:
				return
			case c := <-free:
				in.fill(c)
				last := c.last
				ordered <- c
				work <- c
				if last {
					return
				}
			}
		}
	})
	for range workers {
		group.Go(func() {
			w := worker{v: s.v}
			for c := range work {
				w.work(c)
				c.done <- struct{}{}
			}
		})
	}
	for {
		c := <-ordered
		<-c.done
		if ended, err := s.take(c); ended || err != nil {
			return err
		}
		free <- c
	}
}

// A sequence takes chunks in the order of the file.
type sequence struct {
	v      *verification
	number int // of the last line
	count  int
	closed bool // by the trailer
}

// take goes over the lines of a chunk and tells whether the file has ended.
func (s *sequence) take(c *chunk) (ended bool, err error) {
	if s.closed && c.lines > 0 {
		s.number++
		if c.n == 0 && c.uncut && c.lines == 1 {
			return false, s.at(c.refused)
		}
		return false, s.at(broken("", "there is a line behind the trailer"))
	}
	s.v.ledger.fetch(c.rows[:c.n])
	for _, r := range c.rows[:c.n] {
		s.number++
		if s.count++; s.count > s.v.header.Count {
			return false, s.at(tooMuch("", "the file has more deltas than the %d that its header announces", s.v.header.Count))
		}
		r.line.number = s.number
		if err := s.v.take(r); err != nil {
			return false, s.located(err)
		}
	}
	if c.trailer != nil {
		s.number++
		s.v.trailer, s.closed = *c.trailer, true
	}
	switch {
	case c.refused != nil:
		s.number++
		return false, s.at(c.refused)
	case c.limit:
		return false, s.at(tooMuch("", "more than %d bytes", int64(MaxFileBytes)))
	case c.err != nil:
		return false, fmt.Errorf("proof: line %d: reading failed: %w", s.number+1, c.err)
	case c.last && !s.closed:
		return false, s.at(broken("", "the file ends without its trailer, so it was cut; get it again whole"))
	}
	return c.last, nil
}

// at puts the number of the line into an error.
func (s *sequence) at(err *FormatError) error {
	err.Line = s.number
	return err
}

// located puts it into one that has none.
func (s *sequence) located(err error) error {
	if e, ok := errors.AsType[*FormatError](err); ok && e.Line == 0 {
		e.Line = s.number
	}
	return err
}
