package pacspace

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/pacspace/pacspace-go/internal/canonical"
	"github.com/pacspace/pacspace-go/proof"
)

// WriteEvidence writes the evidence of a closed period, which the customer checks with
// [proof.Verify]. Each line says where its fields come from: the deltas as they were
// submitted where ClosePeriod was given them, the service's rows otherwise. A delta whose
// metadata is known from neither is marked so; its hash cannot be recomputed, and the
// verdict over the file will be incomplete. Where the service gave no hash either, nothing
// stands for the delta, and the error says so: give ClosePeriod its Submissions.
func (c *Closing) WriteEvidence(w io.Writer) error {
	if len(c.Lines) == 0 {
		return ErrNoEvidence
	}
	header, err := c.evidenceHeader()
	if err != nil {
		return err
	}
	out, err := proof.NewWriter(w, header)
	if err != nil {
		return err
	}
	for _, l := range c.Lines {
		line, err := l.evidence(c.Account.CustomerID)
		if err != nil {
			return fmt.Errorf("pacspace: evidence of %q: %w", l.Delta.ReferenceID, err)
		}
		if err := out.Write(line); err != nil {
			return err
		}
	}
	return out.Close()
}

// SaveEvidence writes the evidence to a file that appears whole or not at all: it is
// written beside it, synced and renamed. An older file of that name is replaced.
func (c *Closing) SaveEvidence(path string) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".evidence-*")
	if err != nil {
		return fmt.Errorf("pacspace: evidence: %w", err)
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	b := bufio.NewWriter(f)
	if err := c.WriteEvidence(b); err != nil {
		return err
	}
	for _, step := range []func() error{b.Flush, f.Sync, f.Close} {
		if err := step(); err != nil {
			return fmt.Errorf("pacspace: evidence: %w", err)
		}
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("pacspace: evidence: %w", err)
	}
	return nil
}

func (c *Closing) evidenceHeader() (proof.Header, error) {
	h := proof.Header{
		Account:         c.Account,
		Environment:     c.Environment,
		Period:          c.Period,
		Window:          c.Window,
		StartingBalance: c.StartingBalance,
		ClaimedBalance:  c.Balance,
		Count:           len(c.Lines),
		Checkpoint:      proof.Checkpoint{ID: c.CheckpointID},
	}
	if c.ProofRoot != "" {
		root, err := proof.ParseHash(c.ProofRoot)
		if err != nil {
			return h, fmt.Errorf("pacspace: evidence: the proof root: %w", err)
		}
		h.Checkpoint.Root = root
	} else {
		h.Checkpoint = proof.Checkpoint{}
	}
	for _, l := range c.Lines {
		if l.Carried != nil {
			h.Carried = append(h.Carried, proof.CarriedLine{
				ReferenceID: l.Delta.ReferenceID, RecordID: l.Delta.RecordID, Window: *l.Carried,
			})
		}
	}
	return h, nil
}

// evidence puts together what is known of one delta. A hash in a form that evidence does
// not have is left out: then it counts as not given, never as a wrong one.
func (l *ClosingLine) evidence(customerID string) (proof.Line, error) {
	d := &l.Delta
	line := proof.Line{
		RecordID:          d.RecordID,
		ReceiptID:         d.ReceiptID,
		ProofHash:         hashPointer(d.ProofHash),
		PreviousProofHash: hashPointer(d.PreviousProofHash),
		Index:             d.Sequence,
		VerifiedAt:        d.VerifiedAt,
		Carried:           l.Carried,
		Sources:           proof.Sources{Item: proof.SourceSubmitted, Record: proof.SourceDerived, Proof: proof.SourceDerived},
	}
	if h := hashPointer(d.ContentHash); h != nil {
		line.ContentHash = *h
	}
	for _, text := range d.ItemHashes {
		h := hashPointer(text)
		if h == nil {
			line.ItemHashes = nil
			break
		}
		line.ItemHashes = append(line.ItemHashes, *h)
	}
	if l.Submitted != nil {
		item, err := l.Submitted.Item()
		line.Item = item
		return line, err
	}
	err := fromRow(&line, d, customerID)
	return line, err
}

// fromRow makes the item of a delta that nobody submitted here from its row. A row may
// leave metadata and adjusts out, so their absence says nothing, unless the content hash
// comes out without them.
func fromRow(line *proof.Line, d *Delta, customerID string) error {
	line.Sources.Item = proof.SourceDerived
	line.Item = proof.Item{CustomerID: customerID, Delta: d.Delta, Reason: d.Reason, ReferenceID: d.ReferenceID}
	if d.Metadata != nil {
		text, err := canonical.Transform(d.Metadata, canonical.Strict)
		if err != nil {
			return fmt.Errorf("the row's metadata: %w", err)
		}
		line.Item.Metadata = text
	}
	if d.Adjusts != nil {
		line.Item.Adjusts = &proof.Adjusts{ReferenceID: d.Adjusts.ReferenceID, RecordID: d.Adjusts.RecordID}
	}
	if reproduced(line) {
		return nil
	}
	if line.Item.Metadata == nil {
		line.Sources.Metadata = proof.SourceUnknown
	}
	if line.Item.Adjusts == nil {
		line.Sources.Adjusts = proof.SourceUnknown
	}
	return nil
}

// reproduced reports whether some variant of the scheme gives the service's hash for the
// item as it stands, which shows that the item is known whole.
func reproduced(line *proof.Line) bool {
	if line.ContentHash.IsZero() {
		return false
	}
	for _, v := range proof.Variants() {
		if h, err := v.ItemHash(line.Item); err == nil && h == line.ContentHash {
			return true
		}
	}
	return false
}

func hashPointer(text string) *proof.Hash {
	h, err := proof.ParseHash(text)
	if err != nil {
		return nil
	}
	return &h
}
