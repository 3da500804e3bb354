package webhook_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/webhook"
)

// deliver signs a body and verifies it, as a delivery of the service would be.
func deliver(t *testing.T, body string) *webhook.Event {
	t.Helper()
	event, err := newVerifier(t).Verify([]byte(body), webhook.Sign(webhookSecret, webhookNow, []byte(body)))
	require.NoError(t, err)
	return event
}

func TestEventEnvelope(t *testing.T) {
	t.Parallel()
	happened := time.Date(2026, time.February, 11, 10, 30, 0, 0, time.UTC)

	t.Run("the envelope of the documentation", func(t *testing.T) {
		t.Parallel()
		event := deliver(t, `{"event":"delta.verified","timestamp":"2026-02-11T10:30:00Z","data":{"a":1.0}}`)
		require.Equal(t, webhook.EventDeltaVerified, event.Type)
		require.Equal(t, happened, event.Timestamp)
		require.Equal(t, `{"a":1.0}`, string(event.Data))
		require.Empty(t, event.TenantID)
	})

	t.Run("the envelope of the official Python types", func(t *testing.T) {
		t.Parallel()
		event := deliver(t, `{"id":"evt_9","event":"delta.failed","tenantId":"t_1","createdAt":"2026-02-11T10:30:00.000Z","data":{}}`)
		require.Equal(t, "evt_9", event.ID)
		require.Equal(t, webhook.EventDeltaFailed, event.Type)
		require.Equal(t, "t_1", event.TenantID)
		require.Equal(t, happened, event.Timestamp)
	})

	t.Run("a type that nobody knows yet comes out as it is", func(t *testing.T) {
		t.Parallel()
		event := deliver(t, `{"event":"moon.full","data":["any",{"thing":null}]}`)
		require.Equal(t, webhook.EventType("moon.full"), event.Type)
		require.Equal(t, `["any",{"thing":null}]`, string(event.Data))
	})

	t.Run("an empty object is an event without anything", func(t *testing.T) {
		t.Parallel()
		event := deliver(t, `{}`)
		require.Empty(t, event.Type)
		require.Nil(t, event.Data)
		require.Zero(t, event.Timestamp)
	})

	t.Run("names are compared with their case", func(t *testing.T) {
		t.Parallel()
		event := deliver(t, `{"event":"delta.failed","EVENT":"delta.verified"}`)
		require.Equal(t, webhook.EventDeltaFailed, event.Type)
	})

	t.Run("of a name that stands twice the last one counts", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, "b", deliver(t, `{"id":"a","id":"b"}`).ID)
	})

	t.Run("RawJSON is the body, and ParseEvent reads it again", func(t *testing.T) {
		t.Parallel()
		for _, body := range []string{
			`{"id":"evt_9","event":"delta.failed","extra":[1e2],"data":{}}`,
			"\n{ \"event\": \"delta.failed\" }\r\n",
		} {
			event := deliver(t, body)
			require.Equal(t, body, string(event.RawJSON()))
			again, err := webhook.ParseEvent(event.RawJSON())
			require.NoError(t, err)
			require.Equal(t, event.ID, again.ID)
			require.Equal(t, event.Type, again.Type)
			require.Zero(t, again.SignedAt)
		}
	})

	t.Run("the time of signing keeps its milliseconds", func(t *testing.T) {
		t.Parallel()
		at := webhookNow.Add(123 * time.Millisecond)
		event, err := newVerifier(t).Verify(webhookBody, webhook.Sign(webhookSecret, at, webhookBody, webhook.InMilliseconds()))
		require.NoError(t, err)
		require.Equal(t, at, event.SignedAt)
		event, err = newVerifier(t).Verify(webhookBody, webhook.Sign(webhookSecret, at, webhookBody))
		require.NoError(t, err)
		require.Equal(t, webhookNow, event.SignedAt)
	})

	t.Run("the body can be reused after Verify", func(t *testing.T) {
		t.Parallel()
		body := []byte(`{"id":"evt_1","event":"delta.failed","data":{"error":"no"}}`)
		event, err := newVerifier(t).Verify(body, webhook.Sign(webhookSecret, webhookNow, body))
		require.NoError(t, err)
		clear(body)
		require.Equal(t, "evt_1", event.ID)
		require.Equal(t, `{"error":"no"}`, string(event.Data))
		require.Contains(t, string(event.RawJSON()), "evt_1")
	})
}

func TestEventIDIsOfSignedContentAlone(t *testing.T) {
	t.Parallel()
	verify := func(t *testing.T, body, headerID, headerType string) *webhook.Event {
		h := webhook.Sign(webhookSecret, webhookNow, []byte(body))
		h.Set(webhook.IDHeader, headerID)
		h.Set(webhook.EventHeader, headerType)
		event, err := newVerifier(t).Verify([]byte(body), h)
		require.NoError(t, err)
		return event
	}

	t.Run("headers of id and type are hints and change neither", func(t *testing.T) {
		t.Parallel()
		event := verify(t, `{"id":"evt_1","event":"delta.failed"}`, "evt_forged", "delta.verified")
		require.Equal(t, "evt_1", event.ID)
		require.Equal(t, webhook.EventDeltaFailed, event.Type)
		require.Equal(t, webhook.EventHints{ID: "evt_forged", Type: webhook.EventDeltaVerified}, event.Hints)
	})

	t.Run("a body without an id is told by its digest, whatever the header says", func(t *testing.T) {
		t.Parallel()
		body := `{"event":"delta.failed","data":{"recordId":"rec_1"}}`
		digest := sha256.Sum256([]byte(body))
		want := "sha256:" + hex.EncodeToString(digest[:])
		require.Equal(t, want, verify(t, body, "evt_a", "").ID)
		require.Equal(t, want, verify(t, body, "evt_b", "").ID)
	})

	for _, c := range []struct{ name, id string }{
		{"an empty string", `""`},
		{"null", `null`},
		{"an object", `{"a":1}`},
		{"a list", `["evt_1"]`},
		{"true", `true`},
	} {
		t.Run("an id that could be shared is none: "+c.name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, deliver(t, `{"id":`+c.id+`}`).ID, "sha256:")
		})
	}

	t.Run("a number is an id", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, "17", deliver(t, `{"id":17}`).ID)
	})
}

func TestEventBodyIsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, body string }{
		{"a list", `[1]`},
		{"a string", `"x"`},
		{"null", `null`},
		{"not JSON", `a=1&b=2`},
		{"JSON that broke off", `{"event":"delta.verified"`},
		{"two objects", `{}{}`},
		{"a byte order mark", "\ufeff{}"},
		{"white space alone", " "},
		{"a control character in a string", "{\"a\":\"\t\"}"},
		{"bytes that are not UTF-8", "{\"a\":\"\xff\"}"},
		{"a surrogate written as bytes", "{\"a\":\"\xed\xa0\x80\"}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			body := []byte(c.body)
			_, err := newVerifier(t).Verify(body, webhook.Sign(webhookSecret, webhookNow, body))
			require.ErrorIs(t, err, webhook.ErrBody)
			_, err = webhook.ParseEvent(body)
			require.ErrorIs(t, err, webhook.ErrBody)
			require.NotContains(t, err.Error(), "\n")
		})
	}
}

func TestDeltaVerified(t *testing.T) {
	t.Parallel()

	t.Run("in groups, as the documentation has it", func(t *testing.T) {
		t.Parallel()
		d, err := deliver(t, `{"event":"delta.verified","timestamp":"2026-02-11T10:30:00Z","data":{
			"receiptId":"0x8f3a","deltaIndex":1042,"status":"verified","verifiedAt":"2026-02-11T10:30:00Z","verificationId":"0xabc123",
			"delta":{"customerId":"customer_acme","amount":-42.50,"reason":"daily_usage_flush:2026-02-10","referenceId":"usage:customer_acme:2026-02-10","metadata":{"resource":"compute-minutes"},"submittedAt":"2026-02-11T10:29:58Z"},
			"proof":{"proofHash":"0xAA","contentHash":"0xbb","itemHashes":["0xbb","0xcc"],"previousProofHash":"0xdd"},
			"verification":{"verified":true,"latencyMs":1204,"discrepancies":[]},
			"period":{"id":"2026-02","deltaCount":1042,"netDelta":-1042.5},
			"usage":{"plan":"growth","periodId":"2026-02","includedDeltas":500000,"consumedDeltas":1042,"remainingDeltas":498958,"overageRate":"$0.010/delta"}}}`).DeltaVerified()
		require.NoError(t, err)
		require.Equal(t, "0x8f3a", d.ReceiptID)
		require.Equal(t, new(int64(1042)), d.Sequence)
		require.True(t, d.Status.Is("VERIFIED"))
		require.Equal(t, time.Date(2026, 2, 11, 10, 30, 0, 0, time.UTC), d.VerifiedAt)
		require.Equal(t, "0xabc123", d.VerificationReference)
		require.Equal(t, "customer_acme", d.CustomerID)
		require.Equal(t, "-42.5", d.Delta.String())
		require.Equal(t, "daily_usage_flush:2026-02-10", d.Reason)
		require.Equal(t, "usage:customer_acme:2026-02-10", d.ReferenceID)
		require.Equal(t, `{"resource":"compute-minutes"}`, string(d.Metadata))
		require.Equal(t, time.Date(2026, 2, 11, 10, 29, 58, 0, time.UTC), d.SubmittedAt)
		require.Equal(t, "0xAA", d.ProofHash, "hashes are kept letter by letter")
		require.Equal(t, "0xbb", d.ContentHash)
		require.Equal(t, []string{"0xbb", "0xcc"}, d.ItemHashes)
		require.Equal(t, "0xdd", d.PreviousProofHash)
		require.True(t, d.Verification.Verified)
		require.EqualValues(t, 1204, d.Verification.LatencyMs)
		require.Empty(t, d.Verification.Discrepancies)
		require.Equal(t, "2026-02", d.Period.ID)
		require.EqualValues(t, 1042, d.Period.DeltaCount)
		require.Equal(t, "-1042.5", d.Period.NetDelta.String())
		require.Equal(t, &webhook.PlanUsage{Plan: "growth", PeriodID: "2026-02", IncludedDeltas: 500000, ConsumedDeltas: 1042, RemainingDeltas: 498958, OverageRate: "$0.010/delta"}, d.Plan)
	})

	t.Run("flat, as the official Python types have it", func(t *testing.T) {
		t.Parallel()
		d, err := deliver(t, `{"id":"evt_1","event":"delta.verified","data":{"recordId":"rec_1","receiptId":"0xab","verificationReference":"0xef","customerId":"customer_acme","delta":-50,"sequenceNumber":"17","referenceId":"usage:customer_acme:2026-02-01","blockTimestamp":1770806225}}`).DeltaVerified()
		require.NoError(t, err)
		require.Equal(t, "rec_1", d.RecordID)
		require.Equal(t, "0xab", d.ReceiptID)
		require.Equal(t, "0xef", d.VerificationReference)
		require.Equal(t, "customer_acme", d.CustomerID)
		require.Equal(t, "-50", d.Delta.String())
		require.Equal(t, new(int64(17)), d.Sequence)
		require.Equal(t, "usage:customer_acme:2026-02-01", d.ReferenceID)
		require.Equal(t, time.Unix(1770806225, 0).UTC(), d.VerifiedAt)
		require.Nil(t, d.Verification)
		require.Nil(t, d.Period)
		require.Nil(t, d.Plan)
		require.Nil(t, d.Metadata)
	})

	read := func(t *testing.T, data string) (*webhook.DeltaVerified, error) {
		return deliver(t, `{"event":"delta.verified","data":`+data+`}`).DeltaVerified()
	}

	t.Run("a number that is not assigned yet is nil", func(t *testing.T) {
		t.Parallel()
		d, err := read(t, `{"deltaIndex":null,"delta":{"customerId":"c","amount":-1}}`)
		require.NoError(t, err)
		require.Nil(t, d.Sequence)
	})

	t.Run("the group may call the amount delta", func(t *testing.T) {
		t.Parallel()
		d, err := read(t, `{"delta":{"customerId":"c","delta":-1}}`)
		require.NoError(t, err)
		require.Equal(t, "-1", d.Delta.String())
	})

	t.Run("an amount is read from its digits", func(t *testing.T) {
		t.Parallel()
		d, err := read(t, `{"customerId":"c","delta":-0.1000000000000000055511151231257827}`)
		require.NoError(t, err)
		require.Equal(t, "-0.1000000000000000055511151231257827", d.Delta.String())
	})

	t.Run("an overage rate may be a bare number", func(t *testing.T) {
		t.Parallel()
		d, err := read(t, `{"customerId":"c","delta":-1,"usage":{"overageRate":0.02}}`)
		require.NoError(t, err)
		require.Equal(t, "0.02", d.Plan.OverageRate)
	})

	t.Run("an empty metadata object stays one", func(t *testing.T) {
		t.Parallel()
		d, err := read(t, `{"delta":{"customerId":"c","amount":-1,"metadata":{}}}`)
		require.NoError(t, err)
		require.Equal(t, "{}", string(d.Metadata))
	})

	t.Run("discrepancies of any form are counted", func(t *testing.T) {
		t.Parallel()
		d, err := read(t, `{"customerId":"c","delta":-1,"verification":{"verified":false,"discrepancies":["x",{"y":1}]}}`)
		require.NoError(t, err)
		require.Len(t, d.Verification.Discrepancies, 2)
		d, err = read(t, `{"customerId":"c","delta":-1,"verification":{"discrepancies":{"y":1}}}`)
		require.NoError(t, err)
		require.Equal(t, []json.RawMessage{json.RawMessage(`{"y":1}`)}, d.Verification.Discrepancies)
	})

	t.Run("a status that this version does not know passes through", func(t *testing.T) {
		t.Parallel()
		d, err := read(t, `{"customerId":"c","delta":-1,"status":"Resting"}`)
		require.NoError(t, err)
		require.Equal(t, webhook.Status("Resting"), d.Status)
		require.True(t, d.Status.Is("RESTING"))
		require.False(t, d.Status.Is("VERIFIED"))
	})

	for _, c := range []struct{ name, data, field string }{
		{"no amount", `{"delta":{"customerId":"c"}}`, "delta.amount"},
		{"no customer", `{"delta":-1}`, "customerId"},
		{"an amount that is no number", `{"delta":{"customerId":"c","amount":"lots"}}`, "delta.amount"},
		{"hashes that are no list", `{"customerId":"c","delta":-1,"proof":{"itemHashes":"0xaa"}}`, "proof.itemHashes"},
		{"a hash that is no string", `{"customerId":"c","delta":-1,"proof":{"itemHashes":["0xaa",1]}}`, "proof.itemHashes[1]"},
		{"a number that is not whole", `{"customerId":"c","delta":-1,"deltaIndex":1.5}`, "deltaIndex"},
	} {
		t.Run("refused and named: "+c.name, func(t *testing.T) {
			t.Parallel()
			_, err := read(t, c.data)
			require.ErrorIs(t, err, webhook.ErrBody)
			require.ErrorContains(t, err, "field "+c.field+" ")
		})
	}

	t.Run("refused: no data", func(t *testing.T) {
		t.Parallel()
		_, err := deliver(t, `{"event":"delta.verified"}`).DeltaVerified()
		require.ErrorIs(t, err, webhook.ErrBody)
	})

	t.Run("refused: data that is no object", func(t *testing.T) {
		t.Parallel()
		_, err := read(t, `[1]`)
		require.ErrorIs(t, err, webhook.ErrBody)
	})
}

func TestOtherTypedEvents(t *testing.T) {
	t.Parallel()

	t.Run("delta.failed", func(t *testing.T) {
		t.Parallel()
		d, err := deliver(t, `{"event":"delta.failed","data":{"recordId":"rec_1","customerId":"customer_acme","delta":-50.25,"error":"not now","failedAt":"2026-02-11T10:30:00Z"}}`).DeltaFailed()
		require.NoError(t, err)
		require.Equal(t, "rec_1", d.RecordID)
		require.Equal(t, "customer_acme", d.CustomerID)
		require.Equal(t, "-50.25", d.Delta.String())
		require.Equal(t, "not now", d.Error)
		require.Equal(t, time.Date(2026, 2, 11, 10, 30, 0, 0, time.UTC), d.FailedAt)
	})

	t.Run("delta.failed with little in it", func(t *testing.T) {
		t.Parallel()
		d, err := deliver(t, `{"event":"delta.failed","data":{"recordId":"r","error":{"code":"X"}}}`).DeltaFailed()
		require.NoError(t, err)
		require.Nil(t, d.Delta)
		require.Equal(t, `{"code":"X"}`, d.Error)
	})

	t.Run("record.committed", func(t *testing.T) {
		t.Parallel()
		r, err := deliver(t, `{"event":"record.committed","data":{"receiptId":"0x1","status":"verified","verifiedAt":"2026-02-11T10:30:00Z","verificationId":"0x2","itemCount":2,"records":[{"a":1},{"b":2}],"verification":{"v":true}}}`).RecordCommitted()
		require.NoError(t, err)
		require.Equal(t, "0x1", r.ReceiptID)
		require.Equal(t, webhook.Status("verified"), r.Status)
		require.Equal(t, time.Date(2026, 2, 11, 10, 30, 0, 0, time.UTC), r.VerifiedAt)
		require.Equal(t, "0x2", r.VerificationReference)
		require.EqualValues(t, 2, r.ItemCount)
		require.Equal(t, []json.RawMessage{json.RawMessage(`{"a":1}`), json.RawMessage(`{"b":2}`)}, r.Records)
		require.Equal(t, `{"v":true}`, string(r.Verification))
	})

	t.Run("record.failed", func(t *testing.T) {
		t.Parallel()
		r, err := deliver(t, `{"event":"record.failed","data":{"recordType":"machine-action-record","entityId":"b","seq":0,"code":"C","sentence":"S."}}`).RecordFailed()
		require.NoError(t, err)
		require.Equal(t, "machine-action-record", r.RecordType)
		require.Equal(t, "b", r.EntityID)
		require.Zero(t, r.Seq)
		require.Equal(t, "C", r.Code)
		require.Equal(t, "S.", r.Sentence)
	})

	t.Run("a reader refuses an event of another type", func(t *testing.T) {
		t.Parallel()
		event := deliver(t, `{"event":"checkpoint.verified","data":{"customerId":"c","delta":-1}}`)
		_, err := event.DeltaVerified()
		require.ErrorIs(t, err, webhook.ErrOtherType)
		require.EqualError(t, err, `webhook: another type of event: asked for delta.verified, got "checkpoint.verified"; switch on Type first`)
		_, err = event.DeltaFailed()
		require.ErrorIs(t, err, webhook.ErrOtherType)
		_, err = event.RecordCommitted()
		require.ErrorIs(t, err, webhook.ErrOtherType)
		_, err = event.RecordFailed()
		require.ErrorIs(t, err, webhook.ErrOtherType)
	})
}

type rawJSON interface{ RawJSON() json.RawMessage }

func TestWhatAReaderReturnsKeepsTheFieldsThatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	const data = `{"customerId":"c", "delta":-1, "new":{"field":1e2}}`
	for what, read := range map[webhook.EventType]func(*webhook.Event) (rawJSON, error){
		webhook.EventDeltaVerified:      func(e *webhook.Event) (rawJSON, error) { return e.DeltaVerified() },
		webhook.EventDeltaFailed:        func(e *webhook.Event) (rawJSON, error) { return e.DeltaFailed() },
		webhook.EventCheckpointVerified: func(e *webhook.Event) (rawJSON, error) { return e.CheckpointVerified() },
		webhook.EventReceiptGenerated:   func(e *webhook.Event) (rawJSON, error) { return e.ReceiptGenerated() },
		webhook.EventCustomerCreated:    func(e *webhook.Event) (rawJSON, error) { return e.CustomerCreated() },
		webhook.EventRecordCommitted:    func(e *webhook.Event) (rawJSON, error) { return e.RecordCommitted() },
		webhook.EventRecordFailed:       func(e *webhook.Event) (rawJSON, error) { return e.RecordFailed() },
		webhook.EventCompareRun:         func(e *webhook.Event) (rawJSON, error) { return e.SharedRecordActivity() },
		webhook.EventDomainActivated:    func(e *webhook.Event) (rawJSON, error) { return e.TenantDomain() },
	} {
		t.Run(string(what), func(t *testing.T) {
			t.Parallel()
			got, err := read(deliver(t, `{"event":"`+string(what)+`","data":`+data+`}`))
			require.NoError(t, err)
			first := got.RawJSON()
			require.Equal(t, data, string(first))
			first[0] = 'x'
			require.Equal(t, data, string(got.RawJSON()), "each call returns a new copy")
		})
	}
	require.Nil(t, new(webhook.DeltaFailed).RawJSON(), "made by hand")
}

func TestEventMarshals(t *testing.T) {
	t.Parallel()
	event := deliver(t, `{"id":"evt_1","event":"delta.failed","createdAt":"2026-02-11T10:30:00Z","data":{"error":"no"}}`)
	text, err := json.Marshal(event)
	require.NoError(t, err)
	require.JSONEq(t, `{"id":"evt_1","event":"delta.failed","timestamp":"2026-02-11T10:30:00Z","signedAt":"2026-02-11T10:30:05Z","data":{"error":"no"}}`, string(text))
}
