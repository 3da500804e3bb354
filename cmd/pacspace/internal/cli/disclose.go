package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/proof/sealed"
)

// disclosing is what was asked of records disclose.
type disclosing struct {
	recordType, history, out string
	show                     []string
	force                    bool
}

// shown is what is shown of one entry.
type shown struct {
	entry  int // counted from 1
	fields []string
}

func (a *app) runDisclose(ctx context.Context, record string, d *disclosing) error {
	wanted, err := wantedFields(d.show)
	if err != nil {
		return err
	}
	history, err := a.readWhole(d.history, sealed.MaxHistoryBytes)
	if err != nil {
		return err
	}
	client, err := a.client()
	if err != nil {
		return err
	}
	defer client.Close()
	records := client.Records.OfType(d.recordType)
	disclosure, err := disclosureFor(history)
	if err != nil {
		return fmt.Errorf("%s: %w", d.history, err)
	}
	for _, w := range wanted {
		receipt, err := records.Receipt(ctx, record, w.entry)
		if err != nil {
			return err
		}
		entry, version, err := discloseEntry(receipt, w.fields)
		if err != nil {
			return fmt.Errorf("entry %d of %q: %w", w.entry, record, err)
		}
		disclosure.Version = version
		disclosure.Entries = append(disclosure.Entries, entry)
	}
	text, err := disclosure.Encode()
	if err != nil {
		return err
	}
	check := sealed.VerifyDisclosure(history, text)
	if err := check.Err(); err != nil {
		return withCode{fmt.Errorf("the disclosure would not be accepted, so nothing was written: %w", err), codeDoesNotMatch}
	}
	if err := saveBytes(d.out, plainMode, d.force, text); err != nil {
		return err
	}
	fields, withheld := 0, 0
	for _, e := range check.Entries {
		fields += len(e.Shown)
		withheld += e.Withheld
	}
	return a.show(struct {
		File     string `json:"file"`
		Entries  int    `json:"entries"`
		Fields   int    `json:"fields"`
		Withheld int    `json:"withheld"`
	}{d.out, len(wanted), fields, withheld}, rows(
		[]string{"disclosure", d.out},
		[]string{"entries", strconv.Itoa(len(wanted))},
		[]string{"fields shown", strconv.Itoa(fields)},
		[]string{"withheld", strconv.Itoa(withheld)},
	))
}

// wantedFields reads what to show, in the order of the entries.
func wantedFields(show []string) ([]shown, error) {
	byEntry := map[int]*shown{}
	for _, s := range show {
		number, field, named := strings.Cut(s, ":")
		entry, err := strconv.Atoi(number)
		if err != nil || entry < 1 || (named && field == "") {
			return nil, fmt.Errorf("--show: %q is neither entry:name nor an entry, counted from 1", s)
		}
		if byEntry[entry] == nil {
			byEntry[entry] = &shown{entry: entry}
		}
		if named {
			byEntry[entry].fields = append(byEntry[entry].fields, field)
		}
	}
	var all []shown
	for _, s := range byEntry {
		all = append(all, *s)
	}
	slices.SortFunc(all, func(a, b shown) int { return cmp.Compare(a.entry, b.entry) })
	return all, nil
}

// disclosureFor is an empty disclosure of the record that a history is of.
func disclosureFor(history []byte) (*sealed.Disclosure, error) {
	if kind := sealed.Schema(history); kind != sealed.SchemaHistory {
		return nil, fmt.Errorf("it is no %s; keep one with pacspace records open --save-history", sealed.SchemaHistory)
	}
	var h struct {
		RecordKey sealed.Hash      `json:"recordKey"`
		Chain     sealed.Chain     `json:"chain"`
		Layout    sealed.LayoutRef `json:"layout"`
	}
	if err := json.Unmarshal(history, &h); err != nil {
		return nil, err
	}
	return &sealed.Disclosure{RecordKey: h.RecordKey, Chain: h.Chain, Layout: h.Layout}, nil
}

// discloseEntry shows fields of an entry by the salts in its receipt.
func discloseEntry(receipt *pacspace.EntryReceipt, fields []string) (sealed.DisclosedEntry, sealed.Version, error) {
	var r struct {
		Seq           uint32          `json:"seq"`
		RecordOpening sealed.Hash     `json:"recordOpening"`
		Version       int             `json:"recordHashVersion"`
		Content       json.RawMessage `json:"recordContent"`
		Leaves        []sealed.Hash   `json:"leaves"`
		Items         []sealed.Item   `json:"items"`
		Revealed      []sealed.Leaf   `json:"revealed"`
	}
	if err := json.Unmarshal(receipt.RawJSON(), &r); err != nil {
		return sealed.DisclosedEntry{}, 0, fmt.Errorf("its receipt cannot be read: %w", err)
	}
	version := sealed.V2
	switch {
	case !receipt.Status.Is(pacspace.EntryCommitted):
		return sealed.DisclosedEntry{}, 0, fmt.Errorf("it is %s; only what is sealed can be shown", receipt.Status)
	case r.Version == int(sealed.V3):
		version = sealed.V3
	case r.Content != nil:
		return sealed.DisclosedEntry{}, 0, fmt.Errorf("it is sealed as one piece (record hash version 1), so no field can be shown alone")
	}
	var pointers []string
	for _, f := range fields {
		if !strings.HasPrefix(f, "/") {
			f = "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(f)
		}
		pointers = append(pointers, f)
	}
	c := sealed.Commitment{Version: version, Leaves: r.Leaves, Items: r.Items, Revealed: r.Revealed}
	entry, err := c.Disclose(r.Seq, r.RecordOpening, pointers...)
	return entry, version, err
}
