package pacspace

import (
	"fmt"
	"io"

	"github.com/pacspace/pacspace-go/internal/filekind"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/proof/sealed"
)

// VerifiedFile is what [VerifyEvidence] found. One of its reports is set, by the kind of
// the file.
type VerifiedFile struct {
	Balance *proof.Report  // of evidence of a balance
	Record  *sealed.Result // of a copy of a link to a sealed record
}

// Verdict is the report's verdict. That of a record is never more than consistent, since
// neither the ledger nor the Merkle path is checked.
func (f *VerifiedFile) Verdict() string {
	if f.Balance != nil {
		return string(f.Balance.Verdict)
	}
	return string(f.Record.Verdict())
}

// String is the report's one line.
func (f *VerifiedFile) String() string {
	if f.Balance != nil {
		return f.Balance.String()
	}
	return fmt.Sprint(f.Record)
}

// VerifyEvidence verifies a file offline, whichever of PacSpace's kinds it is: evidence of
// a balance (pacspace-evidence/v1), as [proof.Verify] does, or a copy of a link to a sealed
// record (record-link-copy/v1), as [sealed.VerifyLinkCopy] does, for which expect and
// anchors mean nothing. A file of another kind is a [ParamError], and one that cannot be
// read within the limits of its kind an error of package proof: neither is a verdict.
//
// Source: records contract, section 8; docs/evidence-format.md.
func VerifyEvidence(r io.Reader, expect proof.Expect, anchors ...proof.Anchor) (*VerifiedFile, error) {
	file, err := filekind.Open(r)
	if err != nil {
		return nil, fmt.Errorf("pacspace: %w", err)
	}
	switch file.Kind {
	case proof.EvidenceFormat:
		report, err := proof.Verify(file.Evidence, expect, anchors...)
		if err != nil {
			return nil, err
		}
		return &VerifiedFile{Balance: report}, nil
	case sealed.SchemaLinkCopy:
		return &VerifiedFile{Record: sealed.VerifyLinkCopy(file.Whole)}, nil
	case sealed.SchemaDisclosureV1, sealed.SchemaDisclosureV2, sealed.SchemaHistory:
		return nil, &ParamError{Field: "file", Rule: "is a " + file.Kind + ", one half of what is needed; give disclosure and history to sealed.VerifyDisclosure"}
	}
	return nil, &ParamError{Field: "file", Rule: "must be a " + proof.EvidenceFormat + " or a " + sealed.SchemaLinkCopy + " as it came, neither unpacked nor converted"}
}
