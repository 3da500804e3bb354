package check

import (
	"bufio"
	"bytes"

	"github.com/pacspace/pacspace-go/proof"
)

// own reads the checker's own list. A line of JSON begins with a brace, and a row of CSV
// names cannot where it has to name referenceId first or later.
func own(s Source) (proof.OwnDeltas, error) {
	r := bufio.NewReader(s.Open())
	start, err := r.Peek(64)
	if err != nil && len(start) == 0 {
		return proof.OwnDeltas{}, proof.ErrOwn
	}
	start = bytes.TrimLeft(bytes.TrimPrefix(start, []byte("\xef\xbb\xbf")), " \t\r\n")
	if bytes.HasPrefix(start, []byte("{")) {
		return proof.CollectOwn(proof.ReadJSONLines(r))
	}
	return proof.CollectOwn(proof.ReadCSV(r, proof.CSVColumns{}))
}
