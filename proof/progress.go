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

// progressStep is how many bytes are read at least between two reports of progress.
const progressStep = 4 << 20

// WithProgress returns a reader of an evidence file that calls report each time that
// 4 MiB more were read from it, and once more at its end, for a verification
// that takes long:
//
//	report, err := proof.Verify(proof.WithProgress(file, show), expect, anchors...)
//
// Verify reads a few thousand deltas ahead of its checks. report is called by the goroutine
// that reads, one call after the other, and reading waits for it; the last call has the
// whole file, the end of a valid one being no delta. Deltas are counted by their lines, so
// that what is packed goes through Unpack before it comes here.
func WithProgress(r io.Reader, report func(Progress)) io.Reader {
	return &progressReader{from: r, report: report, next: progressStep, lines: -1} // the header is no delta
}

type progressReader struct {
	from   io.Reader
	report func(Progress)
	bytes  int64
	next   int64 // byte at which it is reported again
	told   int64
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
	}
	if (p.bytes >= p.next || err != nil) && p.bytes > p.told {
		p.told, p.next = p.bytes, p.bytes+progressStep
		p.report(Progress{Deltas: max(p.lines, 0), Bytes: p.bytes})
	}
	return n, err
}
