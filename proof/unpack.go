package proof

import (
	"bufio"
	"compress/gzip"
	"errors"
	"io"
)

// Unpack returns a reader of what r holds: unpacked where it begins as gzip does, and as it
// is otherwise. Verify, NewReader and the readers of own deltas take text alone; a file that
// was kept packed goes through here first. Several gzip files in a row are one, as gzip
// itself has it.
//
// A few packed bytes can stand for very many. Past MaxFileBytes, packed or unpacked, and past
// 1 MiB plus 200 bytes for each packed one that was read, reading ends in an error that is
// ErrLimit. What is no whole gzip file is ErrFormat; an error of r is itself.
func Unpack(r io.Reader) io.Reader { return unpackUpTo(MaxFileBytes, r) }

func unpackUpTo(most int64, r io.Reader) *unpacker {
	source := &counted{r: r, most: most}
	return &unpacker{in: bufio.NewReaderSize(source, 1<<16), source: source, most: most}
}

type unpacker struct {
	in     *bufio.Reader
	source *counted
	from   io.Reader // in, or what unpacks it; nil before the first bytes were seen
	packed bool
	out    int64
	most   int64
}

// Read implements io.Reader.
func (u *unpacker) Read(p []byte) (int, error) {
	if u.from == nil {
		if err := u.begin(); err != nil {
			return 0, err
		}
	}
	if !u.packed {
		return u.from.Read(p)
	}
	// A byte more than is allowed shows that there is one, and needs no room beyond.
	if allowed := u.allowed(); int64(len(p)) > allowed+1 {
		p = p[:allowed+1]
	}
	n, err := u.from.Read(p)
	if int64(n) > u.allowed() { // again: more of what is packed may have been read
		return 0, u.tooMuch()
	}
	u.out += int64(n)
	return n, u.inWords(err)
}

// allowed is how many bytes more may come out.
func (u *unpacker) allowed() int64 {
	return min(u.most, maxExpansionFree+maxExpansion*u.source.n) - u.out
}

func (u *unpacker) tooMuch() error {
	if u.out+u.allowed() == u.most {
		return tooMuch("gzip", "more than %d bytes", u.most)
	}
	return tooMuch("gzip", "it unpacks to more than %d bytes for each packed one; unpack it with another tool if it is to be trusted", maxExpansion)
}

var gzipMagic = [...]byte{0x1f, 0x8b}

// begin looks at the first bytes.
func (u *unpacker) begin() error {
	u.from = u.in
	start, err := u.in.Peek(len(gzipMagic))
	if err != nil || [2]byte(start) != gzipMagic {
		return nil // reading says what the error is
	}
	packed, err := gzip.NewReader(u.in)
	if err != nil {
		u.from = nil
		return u.inWords(err)
	}
	u.from, u.packed = packed, true
	return nil
}

// inWords turns an error of gzip into one of ours. One of the reader below comes first.
func (u *unpacker) inWords(err error) error {
	switch {
	case u.source.err != nil && err != nil:
		return u.source.err
	case err == nil || errors.Is(err, io.EOF):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return broken("gzip", "it ends before its end, so it was cut; get it again whole")
	}
	return broken("gzip", "it is damaged (%v); get it again", err)
}

// A counted reader counts what was read, and refuses what is too long.
type counted struct {
	r    io.Reader
	n    int64
	most int64
	err  error // other than io.EOF
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if c.n += int64(n); c.n > c.most {
		n, err = 0, tooMuch("", "more than %d bytes", c.most)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		c.err = err
	}
	return n, err
}
