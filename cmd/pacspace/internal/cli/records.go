package cli

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pacspace/pacspace-go/proof/sealed"
	"github.com/pacspace/pacspace-go/record"
)

func (a *app) records() *cobra.Command {
	return group("records", "Check sealed records, and show chosen fields of them", a.recordsCheck(), a.recordsOpen(), a.recordsDisclose())
}

func (a *app) recordsCheck() *cobra.Command {
	var expect string
	var files []string
	cmd := &cobra.Command{
		Use:   "check history",
		Short: "Compare a record's history with what you hold",
		Long: `Check lists the entries of a record's history, the file that PacSpace's pages offer for
download, and compares their payloads with the files and references that you hold. It
recomputes no hash: it finds what the service says. To check what was sealed use
"pacspace verify".

A file whose fingerprint is blinded needs its blinding, which is read from the file
beside it, named as the file with ` + record.BlindingFileSuffix + `. It exits with 0 where all is
as expected, and with 1 where not.`,
		Example:     `  pacspace records check press-4.bundle.json --file 1=press-4.log`,
		Annotations: jsonHelp("ok, entries (with status, kind, code, sentence, expected), failedCheck, reason, note, blindingFileNeeded, as the official SDKs have it"),
		Args:        exactly("the history file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.runRecordsCheck(args[0], expect, files)
		},
	}
	cmd.Flags().StringVar(&expect, "expect", "", "`file` of expectations: a JSON list of objects with entry and payloads")
	cmd.Flags().StringArrayVar(&files, "file", nil, "a file that you hold of an entry, as `entry=path`, entries counted from 1; may be given again")
	return cmd
}

func (a *app) runRecordsCheck(name, expectFile string, held []string) error {
	const maxHistory = 64 << 20
	history, err := a.readWhole(name, maxHistory)
	if err != nil {
		return err
	}
	var expect []record.Expectation
	if expectFile != "" {
		text, err := a.readWhole(expectFile, maxJSONFile)
		if err != nil {
			return err
		}
		if expect, err = record.ParseExpectations(text); err != nil {
			return err
		}
	}
	for _, h := range held {
		number, path, ok := strings.Cut(h, "=")
		entry, err := strconv.Atoi(number)
		if !ok || err != nil || entry < 1 {
			return fmt.Errorf("--file: %q is not entry=path, with an entry from 1", h)
		}
		in, err := a.open(path)
		if err != nil {
			return err
		}
		defer in.close()
		file := record.HeldFile{Source: in}
		switch file.Blinding, err = record.ReadBlindingFile(path + record.BlindingFileSuffix); {
		case errors.Is(err, os.ErrNotExist):
			file.Blinding = nil
		case err != nil:
			return err
		}
		expect = expectFileOf(expect, entry, file)
	}
	check, err := record.CheckHistory(history, expect...)
	if err != nil {
		return err
	}
	if err := a.show(check, a.historyText(check)); err != nil {
		return err
	}
	if !check.OK {
		return found(codeDoesNotMatch)
	}
	return nil
}

// expectFileOf adds a file to what is expected of its entry.
func expectFileOf(expect []record.Expectation, entry int, file record.HeldFile) []record.Expectation {
	for i := range expect {
		if expect[i].Entry == entry {
			expect[i].Files = append(expect[i].Files, file)
			return expect
		}
	}
	return append(expect, record.Expectation{Entry: entry, Files: []record.HeldFile{file}})
}

func (a *app) historyText(c *record.HistoryCheck) string {
	var table [][]string
	for _, e := range c.Entries {
		said := ""
		switch {
		case e.Expected != nil && *e.Expected:
			said = "as expected"
		case e.Expected != nil:
			said = "not as expected"
		}
		if e.Code != "" {
			said = strings.TrimSpace(said + " " + e.Code + ": " + e.Sentence)
		}
		table = append(table, []string{"entry " + strconv.Itoa(e.Entry), e.Status, e.Kind, said})
	}
	text := rows(table...)
	if c.OK {
		text += a.coloured("as expected", green) + "\n"
	} else {
		text += a.coloured("not as expected", red) + ": " + c.Reason + "\n"
	}
	if c.Note != "" {
		text += c.Note + "\n"
	}
	return text
}

func (a *app) recordsOpen() *cobra.Command {
	var linkFile, codeFile, copyFile, historyFile string
	var force bool
	cmd := a.online(&cobra.Command{
		Use:   "open",
		Short: "Open a link to a record and check what it shows, without a key",
		Long: `Open reads what a link to a sealed record discloses, decrypts it here and checks it. The
link is a secret, so it is read from a file or asked for; so is its access code, where
it has one. --save-copy keeps both parts in one file, for "pacspace verify".

What it shows is never more than consistent, since the ledger is not read: it exits
with 3.`,
		Example:     `  pacspace records open --link-file press-4.link --code-file press-4.code --save-copy press-4.link-copy.json --save-history press-4.history.json`,
		Annotations: jsonHelp("verdict, and result as of a record in verify; verdict is empty where the link discloses nothing"),
		Args:        exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			link, err := a.secretFrom(linkFile, "the link", "--link-file FILE")
			if err != nil {
				return err
			}
			var code string
			if codeFile != "" {
				if code, err = a.secretFile(codeFile); err != nil {
					return err
				}
			}
			public, err := a.public("")
			if err != nil {
				return err
			}
			defer public.Close()
			opened, err := public.OpenLink(cmd.Context(), link, code)
			if err != nil {
				return refusedLink(err)
			}
			if historyFile != "" {
				if err := saveBytes(historyFile, secretMode, force, opened.History); err != nil {
					return err
				}
			}
			if opened.Check == nil {
				if err := a.show(openedLink{}, "the link discloses nothing\n"); err != nil {
					return err
				}
				return found(codeIncomplete)
			}
			if copyFile != "" {
				text, err := opened.LinkCopy()
				if err != nil {
					return err
				}
				if err := saveBytes(copyFile, secretMode, force, text); err != nil {
					return err
				}
			}
			if err := a.show(openedLink{opened.Check.Verdict(), opened.Check}, opened.Check.Text()); err != nil {
				return err
			}
			return found(codeIncomplete)
		},
	})
	f := cmd.Flags()
	f.StringVar(&linkFile, "link-file", "", "`file` that holds the link (default asks for it)")
	f.StringVar(&codeFile, "code-file", "", "`file` that holds the access code")
	f.StringVar(&copyFile, "save-copy", "", "`file` to keep what the link shows in")
	f.StringVar(&historyFile, "save-history", "", "`file` to keep the record's seal history in")
	f.BoolVar(&force, "force", false, "replace files that exist")
	return cmd
}

// openedLink is what a link shows.
type openedLink struct {
	Verdict sealed.Verdict `json:"verdict"`
	Result  *sealed.Result `json:"result"`
}

// refusedLink gives a disclosure that is not what was sealed the code of a difference.
func refusedLink(err error) error {
	if r, ok := errors.AsType[*sealed.Refusal](err); ok {
		switch r.Code {
		case sealed.CodeDigestMismatch, sealed.CodeRecordMismatch, sealed.CodeVersionMismatch, sealed.CodeNotInHistory, sealed.CodeLeafMismatch, sealed.CodeSealMismatch:
			return withCode{err, codeDoesNotMatch}
		}
	}
	return err
}

func (a *app) recordsDisclose() *cobra.Command {
	var d disclosing
	cmd := a.keyed(&cobra.Command{
		Use:   "disclose record",
		Short: "Show chosen fields of your own record, and withhold the others",
		Long: `Disclose writes a disclosure: a file that shows chosen fields of entries of a record, and
lets anyone check that they are the ones that were sealed, without seeing the others.

It reads the entries' receipts with your key, and needs the record's seal history, which
"pacspace records open --save-history" keeps from any link to the record. The disclosure
is checked against it before it is written. Hand over both files; the other side checks
them with "pacspace verify FILE --history FILE".`,
		Example:     `  pacspace records disclose press-4 --history press-4.history.json --show 1:title --show 1:occurredAt --output press-4.disclosure.json`,
		Annotations: jsonHelp("file, entries, fields, withheld"),
		Args:        exactly("the record"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.runDisclose(cmd.Context(), args[0], &d)
		},
	})
	f := cmd.Flags()
	f.StringVar(&d.recordType, "type", record.DefaultType, "`type` of the record")
	f.StringVar(&d.history, "history", "", "seal history `file` of the record")
	f.StringArrayVar(&d.show, "show", nil, "a field to show as `entry:name`, entries counted from 1, or an entry alone to show that it is there; may be given again")
	f.StringVarP(&d.out, "output", "o", "", "`file` to write to")
	f.BoolVar(&d.force, "force", false, "replace a file that exists")
	for _, name := range []string{"history", "show", "output"} {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err) // the flag is defined above
		}
	}
	return cmd
}
