package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/proof"
)

// submissions reads deltas as they were sent, or are to be: one JSON object on each line.
// Numbers in metadata stay exact.
func submissions(r io.Reader, name string) iter.Seq2[pacspace.DeltaParams, error] {
	return func(yield func(pacspace.DeltaParams, error) bool) {
		lines := bufio.NewScanner(r)
		lines.Buffer(nil, proof.MaxLineBytes)
		for n := 1; lines.Scan(); n++ {
			text := bytes.TrimSpace(lines.Bytes())
			if len(text) == 0 {
				continue
			}
			p, err := submission(text)
			if err != nil {
				yield(p, fmt.Errorf("%s: line %d: %w", name, n, err))
				return
			}
			if !yield(p, nil) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(pacspace.DeltaParams{}, fmt.Errorf("reading %s: %w", name, err))
		}
	}
}

// submissionsOf reads several such files, one after the other.
func (a *app) submissionsOf(files []string) iter.Seq2[pacspace.DeltaParams, error] {
	return func(yield func(pacspace.DeltaParams, error) bool) {
		for _, name := range files {
			in, err := a.open(name)
			if err != nil {
				yield(pacspace.DeltaParams{}, err)
				return
			}
			for p, err := range submissions(in, in.name) {
				if !yield(p, err) || err != nil {
					in.close()
					return
				}
			}
			in.close()
		}
	}
}

func submission(line []byte) (pacspace.DeltaParams, error) {
	var p pacspace.DeltaParams
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return p, fmt.Errorf("%w; each line is a delta as a JSON object, see pacspace emit --help", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return p, errors.New("there is more than one JSON object on the line")
	}
	return p, nil
}

// keepSubmissions adds deltas to the file of what was sent, on disk before it returns. A
// line that is there already, since the command is repeated, is not added again.
func (a *app) keepSubmissions(name string, deltas []pacspace.DeltaParams) (err error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, secretMode)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	kept := map[string]bool{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, proof.MaxLineBytes)
	for lines.Scan() {
		kept[lines.Text()] = true
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("reading %s: %w", name, err)
	}
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	var add bytes.Buffer
	if end > 0 {
		last := make([]byte, 1)
		if _, err := f.ReadAt(last, end-1); err != nil {
			return err
		}
		if last[0] != '\n' { // a crash cut the last line
			add.WriteByte('\n')
		}
	}
	for _, p := range deltas {
		line, err := json.Marshal(p)
		if err != nil {
			return err
		}
		if !kept[string(line)] {
			add.Write(append(line, '\n'))
		}
	}
	if _, err := f.Write(add.Bytes()); err != nil {
		return err
	}
	return f.Sync()
}

// emitFile sends a file of deltas in batches. The same file makes the same batches, so the
// same command again is the same requests.
func (a *app) emitFile(ctx context.Context, client *pacspace.Client, name string) error {
	in, err := a.open(name)
	if err != nil {
		return err
	}
	defer in.close()
	var all []pacspace.DeltaParams
	references := map[string]bool{}
	for p, err := range submissions(in, in.name) {
		switch {
		case err != nil:
			return err
		case p.ReferenceID != "" && references[p.ReferenceID]:
			return fmt.Errorf("%s: the referenceId %q stands there twice; nothing was sent", in.name, p.ReferenceID)
		case len(all) >= maxFileDeltas:
			return fmt.Errorf("%s: there are more than %d deltas; split the file; nothing was sent", in.name, maxFileDeltas)
		}
		references[p.ReferenceID] = true
		all = append(all, p)
	}
	if len(all) == 0 {
		return fmt.Errorf("%s holds no deltas", in.name)
	}
	var out emitted
	code := codeOK
	sending := a.progress("sending "+in.name, int64(len(all)))
	defer sending.clear()
	for start := 0; start < len(all); start += pacspace.MaxBatchDeltas {
		part := all[start:min(start+pacspace.MaxBatchDeltas, len(all))]
		batch, err := client.Balance.EmitBatch(ctx, part)
		if err != nil {
			if len(out.Deltas) > 0 {
				a.show(out, out.text())
			}
			return fmt.Errorf("lines from the %d. delta on: %w", start+1, err)
		}
		sending.at(int64(start + len(part)))
		for _, item := range batch.Items {
			out.add(sentDelta{
				Outcome: item.Outcome, CustomerID: item.Params.CustomerID, Delta: item.Params.Delta, ReferenceID: item.Params.ReferenceID,
				Status: item.Status, RecordID: item.RecordID, ReceiptID: item.ReceiptID, IdempotencyKey: batch.IdempotencyKey, Error: item.Error,
			})
		}
	}
	sending.clear()
	if out.Refused > 0 {
		code = worse(code, codeUnusable)
	}
	if out.Unknown > 0 {
		code = worse(code, codeUnknown)
	}
	if err := a.show(out, out.text()); err != nil {
		return err
	}
	return ended(code)
}

// maxFileDeltas bounds the memory that a file takes.
const maxFileDeltas = 1_000_000
