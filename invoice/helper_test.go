package invoice_test

import (
	"bytes"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/invoice"
	"github.com/pacspace/pacspace-go/sandbox"
)

// seller is a billing service with the sandbox as its service, one clock for both.
type seller struct {
	t      *testing.T
	clock  *sandbox.Clock
	box    *sandbox.Server
	client *pacspace.Client
	sent   []pacspace.DeltaParams
}

func newSeller(t *testing.T) *seller {
	t.Helper()
	clock := sandbox.NewClock(time.Date(2026, time.February, 1, 0, 0, 0, 0, time.UTC))
	box := sandbox.Start(t, sandbox.WithClock(clock.Now))
	client, err := pacspace.New(box.Key, pacspace.WithBaseURL(box.URL), pacspace.WithClock(clock.Now))
	require.NoError(t, err)
	t.Cleanup(func() { client.Close() })
	return &seller{t: t, clock: clock, box: box, client: client}
}

// use records an amount of a day of February and a resource, on the day after.
func (s *seller) use(day int, resource, amount string) {
	s.t.Helper()
	d := pacspace.NewDate(2026, time.February, day)
	s.clock.Set(d.End().Add(time.Hour))
	quantity, err := pacspace.ParseDecimal(amount)
	require.NoError(s.t, err)
	p := pacspace.DeltaParams{
		CustomerID: "customer_acme", Delta: quantity.Neg(), Reason: pacspace.DailyReason(d),
		ReferenceID: pacspace.DailyReference("customer_acme", d),
		Metadata:    pacspace.Metadata{"resource": resource},
	}
	_, err = s.client.Balance.Emit(s.t.Context(), p)
	require.NoError(s.t, err)
	s.sent = append(s.sent, p)
}

func submissions(sent []pacspace.DeltaParams) iter.Seq2[pacspace.DeltaParams, error] {
	return func(yield func(pacspace.DeltaParams, error) bool) {
		for _, d := range sent {
			if !yield(d, nil) {
				return
			}
		}
	}
}

func (s *seller) close() *pacspace.Closing {
	s.t.Helper()
	s.clock.Set(time.Date(2026, time.March, 3, 0, 0, 0, 0, time.UTC))
	s.clock.Step(time.Second)
	defer s.clock.Step(0)
	c, err := s.client.Balance.ClosePeriod(s.t.Context(), pacspace.ClosePeriodParams{
		CustomerID: "customer_acme", Resource: "compute-minutes", Unit: "minutes", Period: "2026-02", First: true,
		Submissions: submissions(s.sent),
	}, pacspace.WithPollInterval(time.Millisecond))
	require.NoError(s.t, err)
	return c
}

// february is a closing of three days of 50, 62.5 and 40.25 minutes.
func february(t *testing.T) *pacspace.Closing {
	t.Helper()
	s := newSeller(t)
	s.use(1, "compute-minutes", "50")
	s.use(2, "compute-minutes", "62.5")
	s.use(3, "compute-minutes", "40.25")
	return s.close()
}

// details are complete ones, without prices.
func details() invoice.Details {
	return invoice.Details{
		Number:   "INV-2026-0042",
		Issued:   time.Date(2026, time.March, 3, 9, 30, 0, 0, time.UTC),
		Seller:   invoice.Party{Name: "Example Compute Ltd", Address: []string{"1 Sample Street", "Sampletown"}},
		Customer: invoice.Party{Name: "Acme GmbH", Address: []string{"Beispielweg 2", "10115 Berlin"}},
	}
}

func price(t *testing.T, amount, code string) invoice.Price {
	t.Helper()
	return invoice.Price{PerUnit: number(t, amount), Currency: code}
}

func number(t *testing.T, text string) pacspace.Decimal {
	t.Helper()
	d, err := pacspace.ParseDecimal(text)
	require.NoError(t, err)
	return d
}

func statement(t *testing.T, c *pacspace.Closing, d invoice.Details) *invoice.Statement {
	t.Helper()
	s, err := invoice.New(c, d)
	require.NoError(t, err)
	return s
}

func textOf(t *testing.T, s *invoice.Statement) string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, s.WriteText(&b))
	return b.String()
}

func htmlOf(t *testing.T, s *invoice.Statement) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, s.WriteHTML(&b, nil))
	return b.String()
}

// madeUp is a closing as hostile or as large as a test needs, made of lines alone: what the
// sandbox would not take, or would take long to.
func madeUp(lines ...pacspace.ClosingLine) *pacspace.Closing {
	c := &pacspace.Closing{
		Account:     pacspace.Account{CustomerID: "customer_acme", Resource: "compute-minutes", Unit: "minutes"},
		Environment: pacspace.EnvironmentLive, Period: "2026-02", Window: pacspace.Period("2026-02").RecordingWindow(),
		Lines: lines,
	}
	for _, l := range lines {
		c.Balance = c.Balance.Add(l.Delta.Delta)
		if l.Carried == nil {
			c.NetChange = c.NetChange.Add(l.Delta.Delta)
			c.DeltaCount++
		}
	}
	if c.DeltaCount > 0 {
		c.CheckpointID = "cp_1"
		c.ProofRoot = "0x" + strings.Repeat("ab", 32)
		c.Proof = &pacspace.InvoiceProof{VerifyURL: "https://verify.example.com/r/1", AccessHint: "A1B2C3"}
	}
	return c
}

// delta is a line that was sent as it stands on record.
func delta(t *testing.T, reference, amount string) pacspace.ClosingLine {
	t.Helper()
	return of("compute-minutes", reference, number(t, amount))
}

func of(resource, reference string, amount pacspace.Decimal) pacspace.ClosingLine {
	return pacspace.ClosingLine{
		Delta: pacspace.Delta{ReferenceID: reference, RecordID: "rec:" + reference, Delta: amount},
		Submitted: &pacspace.DeltaParams{
			CustomerID: "customer_acme", Delta: amount, Reason: "usage", ReferenceID: reference,
			Metadata: pacspace.Metadata{"resource": resource},
		},
	}
}
