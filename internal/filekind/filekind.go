// Package filekind tells PacSpace's files apart by what they say of themselves. It links no
// network code, so that everything that verifies files offline can tell them apart alike.
package filekind

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/proof/sealed"
)

// File is a file whose kind is known.
type File struct {
	// Kind is a format or a schema: [proof.EvidenceFormat], [proof.AnchorFormat] or one of
	// sealed's. It is empty for a file of another kind.
	Kind string
	// Evidence reads evidence from its first byte, unpacked; nil for any other kind.
	Evidence io.Reader
	// Whole is a file of another kind than evidence, at most a byte longer than
	// [sealed.MaxHistoryBytes].
	Whole []byte
}

// Open reads as much of a file as it takes to tell its kind, unpacking it if it is packed
// with gzip. The error is the reader's or that of [proof.Unpack].
func Open(r io.Reader) (*File, error) {
	in := bufio.NewReaderSize(proof.Unpack(r), proof.MaxLineBytes)
	start, err := in.Peek(proof.MaxLineBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("reading the file: %w", err)
	}
	first := format(start)
	if first == proof.EvidenceFormat {
		return &File{Kind: first, Evidence: in}, nil
	}
	whole, err := io.ReadAll(io.LimitReader(in, sealed.MaxHistoryBytes+1))
	if err != nil {
		return nil, fmt.Errorf("reading the file: %w", err)
	}
	switch schema := sealed.Schema(whole); schema {
	case sealed.SchemaLinkCopy, sealed.SchemaDisclosureV1, sealed.SchemaDisclosureV2, sealed.SchemaHistory:
		return &File{Kind: schema, Whole: whole}, nil
	}
	if first != proof.AnchorFormat {
		first = ""
	}
	return &File{Kind: first, Whole: whole}, nil
}

// format is what the first line of a file names as its format. A file of another kind may
// have the name of one in it, but not there. An anchor is one line, and a long one is cut
// here, so that it counts as no anchor: the start of a longer line is no JSON.
func format(start []byte) string {
	line, _, _ := bytes.Cut(start, []byte{'\n'})
	var header struct {
		Format string `json:"format"`
	}
	if json.Unmarshal(line, &header) != nil {
		return ""
	}
	return header.Format
}
