package invoice

import (
	"bytes"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pacspace/pacspace-go"
)

// Limits of what invoicing systems take, which [Statement.Memo] and [Statement.Metadata]
// keep.
const (
	MaxMemo          = 1_500 // characters
	MaxMetadataKeys  = 50
	MaxMetadataKey   = 40  // characters of a key
	MaxMetadataValue = 500 // characters of a value
)

// EvidenceType is the media type of the evidence file.
const EvidenceType = "application/jsonl"

// Memo is the proof in a few lines of at most [MaxMemo] characters, for the memo or footer of
// an invoice that another system makes.
func (s *Statement) Memo() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Usage %s, account %s, recorded %s to %s: balance on record %s%s.\n",
		s.Period, s.Account.CustomerID, instant(s.Window.Start), instant(s.Window.End), s.Balance, space(s.Account.Resource))
	if s.IsTest() {
		b.WriteString("TEST DATA.\n")
	}
	if p := s.Proof; p != nil {
		if p.VerifyURL != "" {
			fmt.Fprintf(&b, "Verify: %s\n", p.VerifyURL)
		}
		if p.AccessCode != "" {
			fmt.Fprintf(&b, "Access code: %s\n", p.AccessCode)
		}
		fmt.Fprintf(&b, "Proof root: %s\n", p.Root)
	}
	b.WriteString(s.Limits())
	return b.String()
}

func space(s string) string {
	if s == "" {
		return ""
	}
	return " " + s
}

// Metadata is the proof as fields, for the metadata of an invoice that another system
// makes. Keys begin with pacspace_ and are at most [MaxMetadataKey] characters long; values
// are exact and at most [MaxMetadataValue]; what the statement does not have is left out.
func (s *Statement) Metadata() map[string]string {
	m := map[string]string{
		"customer_id":      s.Account.CustomerID,
		"resource":         s.Account.Resource,
		"unit":             s.Account.Unit,
		"environment":      string(s.Environment),
		"period":           string(s.Period),
		"window_start":     s.Window.Start.UTC().Format(time.RFC3339),
		"window_end":       s.Window.End.UTC().Format(time.RFC3339),
		"starting_balance": s.StartingBalance.String(),
		"balance":          s.Balance.String(),
		"carried_deltas":   strconv.Itoa(len(s.Carried)),
	}
	if p := s.Proof; p != nil {
		m["deltas"] = strconv.Itoa(p.DeltaCount)
		m["proof_root"] = p.Root
		m["verify_url"] = p.VerifyURL
		m["access_code"] = p.AccessCode
		m["checkpoint_id"] = p.CheckpointID
	}
	named := map[string]string{}
	for key, value := range m {
		if value != "" && utf8.RuneCountInString(value) <= MaxMetadataValue {
			named["pacspace_"+key] = value
		}
	}
	return named
}

// EvidenceName is the name of the evidence file, such as customer_acme-2026-02.jsonl. It
// holds no character that a file system or a mail would change.
func (s *Statement) EvidenceName() string {
	name := url.QueryEscape(s.Account.CustomerID) // of an id's characters only the colon
	if rest, dot := strings.CutPrefix(name, "."); dot {
		name = "%2E" + rest
	}
	return name + "-" + string(s.Period) + ".jsonl"
}

// Evidence is the evidence file to attach to an invoice that another system makes. Where
// the statement has no lines the error matches pacspace.ErrNoEvidence.
func (s *Statement) Evidence() ([]byte, error) {
	if s.closing == nil {
		return nil, fmt.Errorf("invoice: evidence: the statement was not made by New: %w", pacspace.ErrNoEvidence)
	}
	var b bytes.Buffer
	if err := s.closing.WriteEvidence(&b); err != nil {
		return nil, fmt.Errorf("invoice: evidence: %w", err)
	}
	return b.Bytes(), nil
}
