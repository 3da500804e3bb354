package pacspace_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/record"
	"github.com/pacspace/pacspace-go/sandbox"
)

// What of section 8 of the API contract is about sealed records; TestContradictions has the
// rest.
func TestContradictionsAboutRecords(t *testing.T) {
	t.Parallel()
	t.Run("8.29 nextFromSeq counts from 0, arguments from 1", func(t *testing.T) {
		t.Parallel()
		v := newVendor(t, sandbox.RecordPage(2))
		for range 3 {
			v.write(paused(""))
		}
		page, err := v.Records.HistoryPage(t.Context(), "press-4", pacspace.EntryRange{})
		require.NoError(t, err)
		require.Equal(t, 3, page.NextEntry)
		var response pacspace.Response
		page, err = v.Records.HistoryPage(t.Context(), "press-4", pacspace.EntryRange{From: page.NextEntry}, pacspace.WithResponse(&response))
		require.NoError(t, err)
		require.Equal(t, 3, page.Entries[0].Entry)
		require.Contains(t, string(page.RawJSON()), `"seq":2`, "the file keeps the service's number")
		require.Equal(t, []string{"1 2", "3"}, pages(t, v, pacspace.EntryRange{}))
	})
	t.Run("8.33 fingerprints are blinded unless plain is asked for, and both are read", func(t *testing.T) {
		t.Parallel()
		v := newVendor(t)
		blinded, err := record.Fingerprint(strings.NewReader("hello"), record.FingerprintParams{})
		require.NoError(t, err)
		require.Equal(t, record.FingerprintBlinded, blinded.Ref.Alg)
		require.NotNil(t, blinded.Blinding)
		plain, err := record.Fingerprint(strings.NewReader("hello"), record.FingerprintParams{Alg: record.FingerprintPlain})
		require.NoError(t, err)
		require.Equal(t, record.FingerprintPlain, plain.Ref.Alg)
		require.Nil(t, plain.Blinding)
		p := paused("")
		p.Payloads = []record.PayloadRef{blinded.Ref}
		v.write(p)
		p.Payloads = []record.PayloadRef{plain.Ref}
		v.write(p)
		v.settle()
		page, err := v.Records.HistoryPage(t.Context(), "press-4", pacspace.EntryRange{})
		require.NoError(t, err)
		check, err := record.CheckHistory(page.RawJSON(),
			record.Expectation{Entry: 1, Files: []record.HeldFile{{Source: strings.NewReader("hello"), Blinding: blinded.Blinding}}},
			record.Expectation{Entry: 2, Files: []record.HeldFile{{Source: strings.NewReader("hello")}}})
		require.NoError(t, err)
		require.True(t, check.OK, check.Reason)
	})
	t.Run("8.34 three schemas of a history, of which two are checked and one is named", func(t *testing.T) {
		t.Parallel()
		for version, checked := range map[int]bool{1: true, 2: true, 3: false} {
			schema := fmt.Sprintf("record-history-bundle/v%d", version)
			file := fmt.Sprintf(`{"schema":%q,"receipts":[{"seq":0,"recordContent":{}}],"more":{"x":1}}`, schema)
			client, _ := answering(t, httpmock.NewStringResponder(200, file))
			page, err := client.Records.HistoryPage(t.Context(), "press-4", pacspace.EntryRange{})
			require.NoError(t, err)
			require.Equal(t, schema, page.Schema)
			require.Equal(t, json.RawMessage(file), page.RawJSON(), "the file is kept as it was served")
			check, err := record.CheckHistory(page.RawJSON())
			require.NoError(t, err)
			require.Equal(t, checked, check.OK)
			if !checked {
				require.Equal(t, "Not a record-history-bundle/v1.", check.Reason)
			}
		}
	})
}
