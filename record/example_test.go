package record_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/pacspace/pacspace-go/record"
)

// A file is fingerprinted where it lies; its blinding is kept beside it, and only the
// reference is sent.
func ExampleFingerprint() {
	dir, err := os.MkdirTemp("", "records")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	report := filepath.Join(dir, "report.pdf")

	fingerprint, err := record.Fingerprint(strings.NewReader("the report's bytes"), record.FingerprintParams{})
	if err != nil {
		panic(err)
	}
	path, err := record.WriteBlindingFile(report, fingerprint.Blinding)
	if err != nil {
		panic(err)
	}
	fmt.Println(filepath.Base(path))
	fmt.Println(fingerprint.Ref.Alg, fingerprint.Ref.ByteLength)
	fmt.Println(fingerprint.Blinding)
	// Output:
	// report.pdf.pacspace.json
	// hmac-sha-256 18
	// <Blinding: value hidden>
}

// Whoever has the file and its blinding finds it in the record.
func ExampleCheckHistory() {
	fingerprint, err := record.Fingerprint(strings.NewReader("hello"), record.FingerprintParams{Alg: record.FingerprintPlain})
	if err != nil {
		panic(err)
	}
	ref, err := json.Marshal(fingerprint.Ref)
	if err != nil {
		panic(err)
	}
	history := fmt.Appendf(nil, `{"schema":"record-history-bundle/v1","receipts":[{"seq":0,"recordContent":{"title":"Report sent","payloads":[%s]}}]}`, ref)

	check, err := record.CheckHistory(history, record.Expectation{
		Entry: 1,
		Files: []record.HeldFile{{Source: strings.NewReader("hello")}},
	})
	if err != nil {
		panic(err)
	}
	fmt.Println(check.OK, check.Entries[0].Status, *check.Entries[0].Expected)
	// Output: true committed true
}

// Whoever has the text of a blinding file elsewhere, as in a vault, makes the same
// fingerprint of the file again.
func ExampleParseBlindingFile() {
	made, err := record.Fingerprint(strings.NewReader("the report's bytes"), record.FingerprintParams{})
	if err != nil {
		panic(err)
	}
	kept := made.Blinding.FileText()

	blinding, err := record.ParseBlindingFile(kept)
	if err != nil {
		panic(err)
	}
	again, err := record.Fingerprint(strings.NewReader("the report's bytes"), record.FingerprintParams{Blinding: blinding})
	if err != nil {
		panic(err)
	}
	fmt.Println(again.Ref == made.Ref, again.Ref == blinding.Ref())

	_, err = record.Fingerprint(strings.NewReader("other bytes"), record.FingerprintParams{Blinding: blinding})
	fmt.Println(err)
	// Output:
	// true true
	// record: This blinding file does not match these bytes.
}

func ExampleAdmit() {
	err := record.Admit("machine-action-record", "recorded", json.RawMessage(`{"title":"Arm 4 paused"}`))
	var refused *record.Error
	if errors.As(err, &refused) {
		fmt.Println(refused.Code)
		fmt.Println(refused.Message)
	}
	// Output:
	// RECORD_CONTENT_INVALID
	// content.occurredAt is required by record-content/machine-action-record/v1
}
