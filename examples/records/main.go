// Records shows the other half of PacSpace on one machine: an agent records what it did,
// with the fingerprint of its log instead of the log, and later shows two fields of that
// entry to a counterparty, who checks them offline.
//
//	go run ./examples/records
//
// It exits with 0 only when every check came out as it must.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/record"
	"github.com/pacspace/pacspace-go/sandbox"
)

func main() {
	dir, err := os.MkdirTemp("", "pacspace-records-")
	if err == nil {
		err = tell(context.Background(), dir, os.Stdout)
		err = errors.Join(err, os.RemoveAll(dir))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "records:", err)
		os.Exit(1)
	}
}

const (
	recordKey  = "press-4"
	accessCode = "A1B2C3"
)

// tell runs the story with its files in dir.
func tell(ctx context.Context, dir string, out io.Writer) error {
	clock := sandbox.NewClock(time.Date(2026, time.February, 10, 12, 0, 0, 0, time.UTC))
	box, err := sandbox.New(sandbox.WithClock(clock.Now))
	if err != nil {
		return err
	}
	server, err := box.Listen("127.0.0.1:0")
	if err != nil {
		return err
	}
	defer server.Close()

	log := filepath.Join(dir, "press-4.log")
	if err := os.WriteFile(log, []byte("11:58 guard opened\n11:59 press paused\n"), 0o600); err != nil {
		return err
	}
	if err := act(ctx, server, log, out); err != nil {
		return fmt.Errorf("the agent: %w", err)
	}
	clock.Advance(time.Minute) // the service seals the entry

	link, err := server.ShareRecord(sandbox.Test, sandbox.Share{
		Record: recordKey, AccessCode: accessCode,
		Shown: []sandbox.Shown{{Entry: 1, Fields: []string{"title", "occurredAt"}}},
	})
	if err != nil {
		return err
	}
	if err := check(ctx, server, link, out); err != nil {
		return fmt.Errorf("the counterparty: %w", err)
	}
	if err := prove(ctx, server, log, out); err != nil {
		return fmt.Errorf("the auditor: %w", err)
	}
	return nil
}

// act is the agent: it records an action under a blinded fingerprint of its log. The
// service learns neither the log nor anything to guess it by.
func act(ctx context.Context, server *sandbox.Server, log string, out io.Writer) error {
	client, err := pacspace.New(server.Key, pacspace.WithBaseURL(server.URL))
	if err != nil {
		return err
	}
	defer client.Close()
	f, err := os.Open(log)
	if err != nil {
		return err
	}
	defer f.Close()
	fingerprint, err := record.Fingerprint(f, record.FingerprintParams{})
	if err != nil {
		return err
	}
	// Kept before anything is sent: without it nobody can show later what was recorded.
	kept, err := record.WriteBlindingFile(log, fingerprint.Blinding)
	if err != nil {
		return err
	}
	entry, err := client.Records.Emit(ctx, recordKey, pacspace.EntryParams{
		Title:       "Press paused",
		OccurredAt:  time.Date(2026, time.February, 10, 11, 59, 0, 0, time.UTC),
		ActorID:     "agent-7",
		Note:        "guard open",
		Payloads:    []record.PayloadRef{fingerprint.Ref},
		ReferenceID: "pause-1",
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "agent         recorded an entry of %s, %s; its log stays here, with its blinding in %s\n",
		entry.EntityID, entry.Status, filepath.Base(kept))
	return nil
}

// check is the counterparty. He has the link and its access code, and no key. What he
// keeps can be checked offline for ever.
func check(ctx context.Context, server *sandbox.Server, link string, out io.Writer) error {
	public, err := pacspace.NewPublic(pacspace.WithBaseURL(server.URL))
	if err != nil {
		return err
	}
	defer public.Close()
	opened, err := public.OpenLink(ctx, link, accessCode)
	if err != nil {
		return err
	}
	file, err := opened.LinkCopy()
	if err != nil {
		return err
	}
	found, err := pacspace.VerifyEvidence(bytes.NewReader(file), proof.Expect{})
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "counterparty ", found)
	if found.Verdict() != string(proof.Consistent) {
		return fmt.Errorf("the verdict is %q, it must be %q", found.Verdict(), proof.Consistent)
	}
	for _, field := range found.Record.Entries[0].Shown {
		fmt.Fprintf(out, "              %s %s\n", field.Pointer, field.Value)
	}
	changed := bytes.Replace(file, []byte("Press paused"), []byte("Press opened"), 1)
	forged, err := pacspace.VerifyEvidence(bytes.NewReader(changed), proof.Expect{})
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "a changed copy", forged)
	if forged.Verdict() != string(proof.DoesNotMatch) {
		return fmt.Errorf("the verdict over a changed copy is %q, it must be %q", forged.Verdict(), proof.DoesNotMatch)
	}
	return nil
}

// prove shows that the log is the one that was recorded: whoever is given the log and its
// blinding makes the fingerprint again and finds it in the record's history.
func prove(ctx context.Context, server *sandbox.Server, log string, out io.Writer) error {
	client, err := pacspace.New(server.Key, pacspace.WithBaseURL(server.URL))
	if err != nil {
		return err
	}
	defer client.Close()
	blinding, err := record.ReadBlindingFile(log + record.BlindingFileSuffix)
	if err != nil {
		return err
	}
	f, err := os.Open(log)
	if err != nil {
		return err
	}
	defer f.Close()
	page, err := client.Records.HistoryPage(ctx, recordKey, pacspace.EntryRange{})
	if err != nil {
		return err
	}
	found, err := record.CheckHistory(page.RawJSON(), record.Expectation{
		Entry: 1, Files: []record.HeldFile{{Source: f, Blinding: blinding}},
	})
	if err != nil {
		return err
	}
	if !found.OK {
		return fmt.Errorf("the log is not the one that was recorded: %s", found.Reason)
	}
	fmt.Fprintln(out, "auditor       the log and its blinding give the fingerprint of entry 1")
	return nil
}
