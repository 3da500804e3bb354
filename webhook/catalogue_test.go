package webhook_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/webhook"
)

func TestEventsDocumentedByNameOnly(t *testing.T) {
	t.Parallel()

	t.Run("checkpoint.verified is a checkpoint as lists have it", func(t *testing.T) {
		t.Parallel()
		c, err := deliver(t, `{"event":"checkpoint.verified","data":{"checkpointId":"chk_1","customerId":"customer_acme","merkleRoot":"0xab","deltasCount":28,"netChange":-1400.5}}`).CheckpointVerified()
		require.NoError(t, err)
		require.Equal(t, "chk_1", c.CheckpointID)
		require.Equal(t, "0xab", c.ProofRoot)
		require.EqualValues(t, 28, *c.DeltaCount)
		require.Equal(t, "-1400.5", c.NetChange.String())
	})

	t.Run("receipt.generated", func(t *testing.T) {
		t.Parallel()
		r, err := deliver(t, `{"event":"receipt.generated","data":{"receiptId":"rcpt_1","customerId":"customer_acme","proofRoot":"0xab","generatedAt":"2026-02-11T10:30:00Z","pages":2}}`).ReceiptGenerated()
		require.NoError(t, err)
		require.Equal(t, "rcpt_1", r.ReceiptID)
		require.Equal(t, "customer_acme", r.CustomerID)
		require.Equal(t, "0xab", r.ProofRoot)
		require.Equal(t, time.Date(2026, 2, 11, 10, 30, 0, 0, time.UTC), r.GeneratedAt)
	})

	t.Run("customer.created", func(t *testing.T) {
		t.Parallel()
		c, err := deliver(t, `{"event":"customer.created","data":{"customerId":"customer_acme","customerReference":"0xA1"}}`).CustomerCreated()
		require.NoError(t, err)
		require.Equal(t, "customer_acme", c.CustomerID)
		require.Equal(t, "0xA1", c.CustomerReference)
	})

	for _, what := range []webhook.EventType{webhook.EventSharedRecordViewed, webhook.EventExportDownloaded, webhook.EventCompareRun, webhook.EventStepUpFailed} {
		t.Run(string(what), func(t *testing.T) {
			t.Parallel()
			a, err := deliver(t, `{"event":"`+string(what)+`","data":{"customerId":"customer_acme"}}`).SharedRecordActivity()
			require.NoError(t, err)
			require.Equal(t, "customer_acme", a.CustomerID)
		})
	}

	for _, what := range []webhook.EventType{webhook.EventDomainActivated, webhook.EventDomainCertRenewalFailed} {
		t.Run(string(what), func(t *testing.T) {
			t.Parallel()
			d, err := deliver(t, `{"event":"`+string(what)+`","data":{"domain":"records.example.com"}}`).TenantDomain()
			require.NoError(t, err)
			require.Equal(t, "records.example.com", d.Domain)
		})
	}

	t.Run("a reader of several types names them all", func(t *testing.T) {
		t.Parallel()
		_, err := deliver(t, `{"event":"moon.full","data":{}}`).TenantDomain()
		require.ErrorIs(t, err, webhook.ErrOtherType)
		require.ErrorContains(t, err, "tenant_domain.activated or tenant_domain.cert_renewal_failed")
	})

	t.Run("delta.verified keeps what it adjusts", func(t *testing.T) {
		t.Parallel()
		d, err := deliver(t, `{"event":"delta.verified","data":{"delta":{"customerId":"c","amount":-1,"adjusts":{"referenceId":"usage:c:2026-02-01"}}}}`).DeltaVerified()
		require.NoError(t, err)
		require.Equal(t, &webhook.Adjusts{ReferenceID: "usage:c:2026-02-01"}, d.Adjusts)
	})
}

// Whatever a genuine body holds, reading it ends in a value or in one line.
func FuzzEvent(f *testing.F) {
	for _, seed := range []string{
		`{"id":"evt_1","event":"delta.verified","data":{"delta":{"customerId":"c","amount":-50,"metadata":{"a":1}},"proof":{"itemHashes":["0xaa"]},"verification":{"verified":true,"discrepancies":[]},"period":{"id":"2026-02","netDelta":0},"usage":{"overageRate":0.02}}}`,
		`{"event":"delta.verified","data":{"customerId":"c","delta":"-5e1","sequenceNumber":"17"}}`,
		`{"event":"delta.failed","data":{"recordId":1,"error":{"code":"X"}}}`,
		`{"event":"record.committed","data":{"records":{}}}`,
		`{"event":"checkpoint.verified","data":{"deltasCount":1.5}}`,
		`{"event":"customer.created","data":{"recentActivity":{"items":[{"delta":1}]}}}`,
		`{"event":null,"data":[]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		event, err := webhook.ParseEvent(body)
		if err != nil {
			require.ErrorIs(t, err, webhook.ErrBody)
			require.False(t, strings.ContainsAny(err.Error(), "\r\n"), "more than one line: %q", err)
			return
		}
		require.NotEmpty(t, event.ID)
		again, err := webhook.ParseEvent(event.RawJSON())
		require.NoError(t, err)
		require.Equal(t, event, again)

		read := 0
		for _, reader := range []func() error{
			func() error { _, err := event.DeltaVerified(); return err },
			func() error { _, err := event.DeltaFailed(); return err },
			func() error { _, err := event.CheckpointVerified(); return err },
			func() error { _, err := event.ReceiptGenerated(); return err },
			func() error { _, err := event.CustomerCreated(); return err },
			func() error { _, err := event.RecordCommitted(); return err },
			func() error { _, err := event.RecordFailed(); return err },
			func() error { _, err := event.SharedRecordActivity(); return err },
			func() error { _, err := event.TenantDomain(); return err },
		} {
			err := reader()
			if err == nil {
				read++
				continue
			}
			require.False(t, strings.ContainsAny(err.Error(), "\r\n"), "more than one line: %q", err)
		}
		require.LessOrEqual(t, read, 1, "an event has one reader")
	})
}
