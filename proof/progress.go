package proof

import "io"

// Progress is how far a verification has come: deltas and bytes of the file that are
// checked, its header and line ends included.
type Progress struct {
	Deltas int
	Bytes  int64
}

// ProgressStep is how many bytes of a file lie at least between two calls of
// Verifier.Progress, the last one excepted.
const ProgressStep = 4 << 20

// Verifier is Verify for those who want to know how far it has come. The zero Verifier is
// ready for use.
type Verifier struct {
	// Progress, where it is not nil, is called every ProgressStep bytes or a little later,
	// and once more when the file has ended well, with all of its bytes. Calls come one
	// after the other, from the goroutine that called Verify, and the verification waits
	// for each.
	Progress func(Progress)
}

// Verify is the function Verify.
func (o Verifier) Verify(r io.Reader, expect Expect, anchors ...Anchor) (*Report, error) {
	return verifyChunks(r, expect, anchors, firstChunk, chunkSize, watch{tell: o.Progress, step: ProgressStep, next: ProgressStep})
}

// A watch tells how far the verification is.
type watch struct {
	tell func(Progress) // nil where nobody asked
	step int64
	now  Progress
	next int64
}

// add counts what is checked, and tells of it when it is time or the file has ended.
func (w *watch) add(deltas int, bytes int64, ended bool) {
	w.now.Deltas += deltas
	w.now.Bytes += bytes
	if w.tell == nil || w.now.Bytes < w.next && !ended {
		return
	}
	w.next = w.now.Bytes + w.step
	w.tell(w.now)
}
