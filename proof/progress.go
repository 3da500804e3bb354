package proof

import (
	"bytes"
	"io"
)

// Progress is how far a file was read: Deltas whole lines of deltas, and Bytes in all.
type Progress struct {
	Deltas int
	Bytes  int64
}

// WithProgress returns a reader of an evidence file that calls report after each piece that
// was read from it, for a verification that takes long:
//
//	report, err := proof.Verify(proof.WithProgress(file, show), expect, anchors...)
//
// A piece is what Verify asks for at once, some hundred deltas, and Verify reads a few
// pieces ahead of its checks. report is called by the goroutine that reads, one call after
// the other; the last one has the whole file, the end of a valid one being no delta.
func WithProgress(r io.Reader, report func(Progress)) io.Reader {
	return &progressReader{from: r, report: report, lines: -1} // the header is no delta
}

type progressReader struct {
	from   io.Reader
	report func(Progress)
	bytes  int64
	// lines counts line ends with something behind them: so the trailer is never counted,
	// whether or not it has a line end.
	lines int
	ended bool // the last byte was a line end
}

func (p *progressReader) Read(b []byte) (int, error) {
	n, err := p.from.Read(b)
	if n > 0 {
		if p.ended {
			p.lines++
		}
		p.lines += bytes.Count(b[:n-1], []byte{'\n'})
		p.ended = b[n-1] == '\n'
		p.bytes += int64(n)
		p.report(Progress{Deltas: max(p.lines, 0), Bytes: p.bytes})
	}
	return n, err
}
