// Package check is what the verify page does behind its form, without a browser: it tells
// what a file is, verifies it, and draws what its pictures show. The page runs it compiled
// to WebAssembly, so it links no network code.
package check

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/internal/filekind"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/proof/sealed"
	"github.com/pacspace/pacspace-go/usage"
)

// A Source is a file that can be read several times.
type Source interface {
	Name() string
	Open() io.Reader
}

// Input is what the checker brings. Only File must be there.
type Input struct {
	// File is evidence, a copy of a link, or a disclosure; History is a disclosure's other half.
	File, History Source
	// Anchors are anchor files, Own is the checker's own list of deltas, as CSV or JSON lines.
	Anchors []Source
	Own     Source
	// Request is a [Request] as JSON.
	Request []byte
}

// Request is what the checker types. Its names are those of section 7 of the evidence
// format, and root and ownPartial.
type Request struct {
	CustomerID  string            `json:"customerId"`
	Resource    string            `json:"resource"`
	Unit        string            `json:"unit"`
	Period      usage.Period      `json:"period"`
	UsageDays   proof.Days        `json:"usageDays"`
	Environment proof.Environment `json:"environment"`
	Balance     *decimal.Decimal  `json:"balance"`
	Variant     proof.Variant     `json:"variant"`
	// Root is the root printed on the invoice.
	Root string `json:"root"`
	// OwnPartial says that Own is only some of the usage.
	OwnPartial bool `json:"ownPartial"`
}

// Kind tells what a file is: the name of its format or schema, empty where it is none of
// PacSpace's. The error is the reader's.
func Kind(s Source) (string, error) {
	file, err := filekind.Open(s.Open())
	if err != nil {
		return "", err
	}
	return file.Kind, nil
}

// Verify verifies a file by its kind. It never fails: what cannot be read is Refused.
func Verify(in *Input) *Answer {
	file, err := filekind.Open(in.File.Open())
	if err != nil {
		return refused(err)
	}
	switch file.Kind {
	case proof.EvidenceFormat:
		return verifyBalance(in, file.Evidence)
	case sealed.SchemaLinkCopy:
		return record(sealed.VerifyLinkCopy(file.Whole))
	case sealed.SchemaDisclosureV1, sealed.SchemaDisclosureV2, sealed.SchemaHistory:
		return verifyDisclosure(in, file)
	case proof.AnchorFormat:
		return refused(errors.New("this is an anchor; choose the evidence here, and give the anchor with what you know from elsewhere"))
	}
	return unknown(in.File)
}

// unknown says what is wrong with a file for evidence, which it may be meant to be.
func unknown(s Source) *Answer {
	why := fmt.Errorf("choose evidence (%s), a copy of a link (%s), or a disclosure", proof.EvidenceFormat, sealed.SchemaLinkCopy)
	if _, err := proof.NewReader(s.Open()); err != nil {
		why = fmt.Errorf("%w. As evidence it is refused: %w", why, err)
	}
	return refused(fmt.Errorf("this is none of PacSpace's files; %w", why))
}

func verifyBalance(in *Input, evidence io.Reader) *Answer {
	var want Request
	if err := json.Unmarshal(in.Request, &want); err != nil {
		return refused(fmt.Errorf("what you expect cannot be read: %w", err))
	}
	anchors, err := in.anchors(&want)
	if err != nil {
		return refused(err)
	}
	r, err := proof.Verify(evidence, proof.Expect{
		CustomerID: want.CustomerID, Resource: want.Resource, Unit: want.Unit, Period: want.Period, Days: want.UsageDays,
		Environment: want.Environment, Balance: want.Balance, Variant: want.Variant,
	}, anchors...)
	if err != nil {
		return refused(err)
	}
	return balance(r)
}

// verifyDisclosure takes the two halves in either order.
func verifyDisclosure(in *Input, first *filekind.File) *Answer {
	if in.History == nil {
		return refused(fmt.Errorf("a %s is one half of what is needed; give the other half, disclosure or history, too", first.Kind))
	}
	second, err := filekind.Open(in.History.Open())
	if err != nil {
		return refused(err)
	}
	if first.Kind == sealed.SchemaHistory {
		first, second = second, first
	}
	if first.Evidence != nil || second.Evidence != nil {
		return refused(errors.New("evidence has no history; give a disclosure and the history of its record"))
	}
	return record(sealed.VerifyDisclosure(second.Whole, first.Whole))
}

// anchors are what the checker knows from elsewhere, in the order of the form.
func (in *Input) anchors(want *Request) ([]proof.Anchor, error) {
	var anchors []proof.Anchor
	if text := strings.TrimSpace(want.Root); text != "" {
		root, err := proof.ParseHash(text)
		if err != nil {
			return nil, errors.New("the root on the invoice is 0x and 64 hex digits; copy it whole")
		}
		anchors = append(anchors, proof.InvoiceRoot{Root: root})
	}
	for _, s := range in.Anchors {
		a, err := proof.ReadAnchor(s.Open())
		if err != nil {
			return nil, fmt.Errorf("the anchor file %q: %w", s.Name(), err)
		}
		anchors = append(anchors, a)
	}
	if in.Own != nil {
		list, err := own(in.Own)
		if err != nil {
			return nil, fmt.Errorf("your own list %q: %w", in.Own.Name(), err)
		}
		list.Partial = want.OwnPartial
		anchors = append(anchors, list)
	}
	return anchors, nil
}
