package pacspace_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"strings"
	"time"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/proof/sealed"
	"github.com/pacspace/pacspace-go/record"
	"github.com/pacspace/pacspace-go/sandbox"
)

// pressPaused is what an agent writes of one action: a plain fingerprint, so that the
// examples print the same on every run.
func pressPaused(reference string) pacspace.EntryParams {
	fingerprint, err := record.Fingerprint(strings.NewReader("sensor log"), record.FingerprintParams{Alg: record.FingerprintPlain})
	if err != nil {
		log.Fatal(err)
	}
	return pacspace.EntryParams{
		Title:       "Press paused",
		OccurredAt:  time.Date(2026, time.February, 10, 11, 59, 0, 0, time.UTC),
		ActorID:     "agent-7",
		Note:        "guard open",
		Payloads:    []record.PayloadRef{fingerprint.Ref},
		ReferenceID: reference,
	}
}

// pressRecord writes a record of three entries, two to a page.
func pressRecord() (*sandbox.Server, *pacspace.Client) {
	server, clock := laptop(sandbox.RecordPage(2))
	client := connect(server, clock)
	for n := range 3 {
		if _, err := client.Records.Emit(context.Background(), "press-4", pressPaused(fmt.Sprint("pause-", n))); err != nil {
			log.Fatal(err)
		}
	}
	clock.Advance(time.Minute)
	return server, client
}

// The same call again, after a crash or a lost answer, is the same entry.
func ExampleRecordService_Emit() {
	server, clock := laptop()
	defer server.Close()
	client := connect(server, clock)

	entry, err := client.Records.Emit(context.Background(), "press-4", pressPaused("pause-1"))
	if err != nil {
		log.Fatal(err)
	}
	again, err := client.Records.Emit(context.Background(), "press-4", pressPaused("pause-1"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(entry.EntityID, entry.Status, again.ReceiptID == entry.ReceiptID)
	// Output: press-4 QUEUED true
}

// A later entry corrects an earlier one; both stay.
func ExampleRecordService_Emit_amend() {
	server, clock := laptop()
	defer server.Close()
	client := connect(server, clock)

	first, err := client.Records.Emit(context.Background(), "press-4", pressPaused("pause-1"))
	if err != nil {
		log.Fatal(err)
	}
	correction := pressPaused("pause-1-corrected")
	correction.Lifecycle = "amended"
	correction.Amends = &pacspace.EntryRef{RecordKey: first.RecordKey, Entry: 1}
	second, err := client.Records.Emit(context.Background(), "press-4", correction)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(second.Status, second.RecordKey == first.RecordKey)

	// What is no entry is refused before anything is sent.
	correction.Amends.Entry = 0
	_, err = client.Records.Emit(context.Background(), "press-4", correction)
	var refused *record.Error
	fmt.Println(errors.As(err, &refused) && refused.Code == "VALIDATION_ERROR")
	// Output:
	// QUEUED true
	// true
}

func ExampleRecordService_Receipt() {
	server, client := pressRecord()
	defer server.Close()

	receipt, err := client.Records.Receipt(context.Background(), "press-4", 3)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(receipt.Entry, receipt.Status, receipt.Schema)
	// Output: 3 committed semantic-receipt/v3
}

// Entries count from 1, and each page is a file that CheckHistory reads.
func ExampleRecordService_History() {
	server, client := pressRecord()
	defer server.Close()

	for page, err := range client.Records.History(context.Background(), "press-4", pacspace.EntryRange{From: 1}) {
		if err != nil {
			log.Fatal(err)
		}
		check, err := record.CheckHistory(page.RawJSON())
		if err != nil {
			log.Fatal(err)
		}
		for _, entry := range check.Entries {
			fmt.Println(entry.Entry, entry.Status, entry.Kind)
		}
	}
	// Output:
	// 1 committed transition
	// 2 committed transition
	// 3 committed transition
}

func ExampleRecordService_HistoryPage() {
	server, client := pressRecord()
	defer server.Close()

	page, err := client.Records.HistoryPage(context.Background(), "press-4", pacspace.EntryRange{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(page.Receipts), "receipts, the next page begins with entry", page.NextEntry)
	// Output: 2 receipts, the next page begins with entry 3
}

func ExampleRecordService_Bundle() {
	server, client := pressRecord()
	defer server.Close()

	for file, err := range client.Records.Bundle(context.Background(), "press-4", pacspace.EntryRange{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(file.Schema, len(file.Entries), "entries")
	}
	// Output:
	// record-history-bundle/v2 2 entries
	// record-history-bundle/v2 1 entries
}

// A grant opens one record to someone else, until it is revoked.
func ExampleRecordService_CreateGrant() {
	server, client := pressRecord()
	defer server.Close()
	ctx := context.Background()

	grant, err := client.Records.CreateGrant(ctx, "press-4", pacspace.GrantParams{Kind: pacspace.GrantBearer, TTLHours: new(24)})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(grant) // without its secret, which RawJSON has

	if _, err := client.Records.RevokeGrant(ctx, "press-4", grant.GrantID); err != nil {
		log.Fatal(err)
	}
	grants, err := client.Records.Grants(ctx, "press-4")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(grants)
	// Output:
	// grant grant_t000000000001 BEARER ACTIVE
	// [grant grant_t000000000001 BEARER REVOKED]
}

// Whoever has the link and its access code sees the fields that were chosen, and keeps a
// file to check them by, offline and for ever.
func ExamplePublic_OpenLink() {
	server, client := pressRecord()
	defer server.Close()
	link, err := server.ShareRecord(sandbox.Test, sandbox.Share{
		Record: "press-4", AccessCode: "A1B2C3",
		Shown: []sandbox.Shown{{Entry: 1, Fields: []string{"title", "occurredAt"}}},
	})
	if err != nil {
		log.Fatal(err)
	}

	public := client.Public // or pacspace.NewPublic, which needs no key
	opened, err := public.OpenLink(context.Background(), link, "A1B2C3")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(opened.Check)
	for _, field := range opened.Check.Entries[0].Shown {
		fmt.Println(field.Pointer, string(field.Value))
	}

	file, err := opened.LinkCopy()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(sealed.VerifyLinkCopy(file).Verdict())
	// Output:
	// consistent: 1 of 1 entry checked, 2 fields shown and 3 withheld, ledger not checked
	// /occurredAt "2026-02-10T11:59:00Z"
	// /title "Press paused"
	// consistent
}

// Whoever was given a grant reads the record beside a key of his own.
func ExampleWithGrant() {
	server, client := pressRecord()
	defer server.Close()
	ctx := context.Background()
	grant, err := client.Records.CreateGrant(ctx, "press-4", pacspace.GrantParams{Kind: pacspace.GrantBearer, MaxUses: new(1)})
	if err != nil {
		log.Fatal(err)
	}
	var told struct{ Grant string } // where this service has it: the field is not documented
	if err := json.Unmarshal(grant.RawJSON(), &told); err != nil {
		log.Fatal(err)
	}

	receipt, err := client.Records.Receipt(ctx, "press-4", 1, pacspace.WithGrant(told.Grant))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("entry", receipt.Entry, receipt.Schema)
	_, err = client.Records.Receipt(ctx, "press-4", 2, pacspace.WithGrant(told.Grant))
	fmt.Println("again:", errors.Is(err, pacspace.ErrForbidden))
	// Output:
	// entry 1 semantic-receipt/v3
	// again: true
}
