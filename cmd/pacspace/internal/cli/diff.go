package cli

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pacspace/pacspace-go/proof"
)

func (a *app) diff() *cobra.Command {
	var columns []string
	var ordered bool
	cmd := &cobra.Command{
		Use:   "diff evidence own",
		Short: "Compare a vendor's deltas with your own, one by one",
		Long: `Diff compares the deltas of an evidence file with a list of your own and says which are
missing on which side, which have another amount, and what that comes to. It compares;
"pacspace verify" is what checks the evidence.

Your own list is CSV with a row of names first, or JSON lines with referenceId and delta.
Usage is negative, as in the record. It exits with 0 where both have the same deltas,
and with 1 where not.`,
		Example: `  pacspace diff acme-2026-02.jsonl own.csv
  pacspace diff acme-2026-02.jsonl warehouse.csv --column referenceId=id --column delta=minutes`,
		Annotations: jsonHelp("differences, each with kind, referenceId, vendor, own, by; summary with same, kinds, vendor and own (count, sum), by"),
		Args:        exactly("the evidence file", "your own file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			names, err := columnsOf(columns)
			if err != nil {
				return err
			}
			return a.runDiff(args[0], args[1], names, ordered)
		},
	}
	cmd.Flags().StringArrayVar(&columns, "column", nil, "name of a column of your CSV as `referenceId=name`, delta=name or customerId=name; may be given again")
	cmd.Flags().BoolVar(&ordered, "ordered", false, "both are in ascending order of their references, byte by byte: any size is compared in little memory")
	return cmd
}

func columnsOf(pairs []string) (proof.CSVColumns, error) {
	var c proof.CSVColumns
	for _, pair := range pairs {
		field, name, _ := strings.Cut(pair, "=")
		into := map[string]*string{"referenceId": &c.ReferenceID, "delta": &c.Delta, "customerId": &c.CustomerID}[field]
		if into == nil || name == "" {
			return c, fmt.Errorf("--column: %q is not referenceId=name, delta=name or customerId=name", pair)
		}
		*into = name
	}
	return c, nil
}

// ownDeltas reads a list of the checker's own. A line of JSON begins with a brace, and a row
// of names cannot, since it has to name referenceId.
func ownDeltas(r io.Reader, columns proof.CSVColumns) iter.Seq2[proof.Item, error] {
	in := bufio.NewReader(r)
	start, _ := in.Peek(64) // an error comes again when it is read
	start = bytes.TrimLeft(bytes.TrimPrefix(start, []byte("\xef\xbb\xbf")), " \t\r\n")
	if bytes.HasPrefix(start, []byte("{")) {
		return proof.ReadJSONLines(in)
	}
	return proof.ReadCSV(in, columns)
}

func (a *app) runDiff(evidence, own string, columns proof.CSVColumns, ordered bool) error {
	theirs, err := a.open(evidence)
	if err != nil {
		return err
	}
	defer theirs.close()
	mine, err := a.open(own)
	if err != nil {
		return err
	}
	defer mine.close()
	vendor, err := proof.NewReader(theirs)
	if err != nil {
		return err
	}
	compare := proof.Diff
	if ordered {
		compare = proof.DiffOrdered
	}
	summary := proof.DiffSummary{}
	differences := []proof.Difference{}
	for d, err := range compare(vendor.Items(), ownDeltas(mine, columns), &summary) {
		if err != nil {
			return err
		}
		if a.json {
			differences = append(differences, d)
		} else if _, err := fmt.Fprintln(a.Stdout, d); err != nil {
			return err
		}
	}
	if err := a.show(struct {
		Differences []proof.Difference `json:"differences"`
		Summary     proof.DiffSummary  `json:"summary"`
	}{differences, summary}, a.diffText(&summary)); err != nil {
		return err
	}
	if !summary.Equal() {
		return found(codeDoesNotMatch)
	}
	return nil
}

func (a *app) diffText(s *proof.DiffSummary) string {
	table := [][]string{
		{"vendor", deltas(s.Vendor.Count), s.Vendor.Sum.String()},
		{"own", deltas(s.Own.Count), s.Own.Sum.String()},
		{"same", deltas(s.Same)},
	}
	for _, kind := range slices.Sorted(maps.Keys(s.Kinds)) {
		total := s.Kinds[kind]
		table = append(table, []string{string(kind), deltas(total.Count), total.By.String()})
	}
	verdict := a.coloured("equal", green)
	if !s.Equal() {
		verdict = a.coloured("different", red)
	}
	return rows(append(table, []string{"in all", verdict, s.By.String()})...)
}
