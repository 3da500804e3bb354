package main

import (
	"context"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"
	"time"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/examples/internal/trace"
	"github.com/pacspace/pacspace-go/invoice"
	"github.com/pacspace/pacspace-go/sandbox"
)

// seller is a billing service, with the sandbox as its service and one simulated clock for
// both.
type seller struct {
	clock  *sandbox.Clock
	box    *sandbox.Server
	client *pacspace.Client
	sent   []pacspace.DeltaParams
}

func openSeller() (*seller, error) {
	clock := sandbox.NewClock(time.Date(2026, time.February, 1, 0, 0, 0, 0, time.UTC))
	box, err := sandbox.New(sandbox.WithClock(clock.Now), sandbox.WithPublicURL("https://verify.example.com"))
	if err != nil {
		return nil, err
	}
	server, err := box.Listen("127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	client, err := pacspace.New(server.Key, pacspace.WithBaseURL(server.URL), pacspace.WithClock(clock.Now))
	if err != nil {
		server.Close()
		return nil, err
	}
	return &seller{clock: clock, box: server, client: client}, nil
}

func (s *seller) close() error {
	s.client.Close()
	return s.box.Close()
}

func (s *seller) url() string { return s.box.URL }

// record sends the customer's usage, a delta an hour after the end of each day.
func (s *seller) record(ctx context.Context) error {
	used, err := trace.Read()
	if err != nil {
		return err
	}
	for _, total := range used.Totals { // in the order of the days after which they are complete
		if total.CustomerID != customer {
			continue
		}
		s.clock.Set(total.Due.End().Add(time.Hour))
		deltas, err := pacspace.UsageDeltas(
			pacspace.Reference{CustomerID: customer, Day: total.Day, Late: total.Late},
			total.Amount, pacspace.Metadata{"resource": trace.Resource, "unit": unit, "events": total.Calls})
		if err != nil {
			return err
		}
		for _, d := range deltas {
			if _, err := s.client.Balance.Emit(ctx, d); err != nil {
				return fmt.Errorf("emitting %s: %w", d.ReferenceID, err)
			}
			s.sent = append(s.sent, d)
		}
	}
	return nil
}

// submissions are the deltas as they were sent, which the evidence is made from.
func (s *seller) submissions() iter.Seq2[pacspace.DeltaParams, error] {
	return func(yield func(pacspace.DeltaParams, error) bool) {
		for _, d := range s.sent {
			if !yield(d, nil) {
				return
			}
		}
	}
}

// bill closes the period and puts it on a statement.
func (s *seller) bill(ctx context.Context) (*invoice.Statement, error) {
	s.clock.Set(time.Date(2026, time.March, 2, 8, 0, 0, 0, time.UTC))
	s.clock.Step(time.Second) // the public record is written while the client waits for it
	defer s.clock.Step(0)
	closing, err := s.client.Balance.ClosePeriod(ctx, pacspace.ClosePeriodParams{
		CustomerID: customer, Resource: trace.Resource, Unit: unit, Period: "2026-02", First: true,
		Submissions: s.submissions(),
	}, pacspace.WithPollInterval(time.Millisecond))
	if err != nil {
		return nil, err
	}
	price, err := pacspace.ParseDecimal("0.0125")
	if err != nil {
		return nil, err
	}
	return invoice.New(closing, invoice.Details{
		Number:   "2026-0042",
		Issued:   time.Date(2026, time.March, 2, 8, 0, 0, 0, time.UTC),
		Seller:   invoice.Party{Name: "Example Compute Ltd", Address: []string{"1 Example Street", "Example Town"}},
		Customer: invoice.Party{Name: "Acme GmbH", Address: []string{"Musterstraße 2", "12345 Musterstadt"}},
		Prices:   map[string]invoice.Price{trace.Resource: {PerUnit: price, Currency: "EUR"}},
		Locale:   "en-IE",
	})
}

// write writes the invoice as a PDF and as a page.
func write(base string, s *invoice.Statement) error {
	for path, render := range map[string]func(io.Writer) error{
		base + ".pdf":  func(w io.Writer) error { return s.WritePDF(w, invoice.PDFOptions{}) },
		base + ".html": func(w io.Writer) error { return s.WriteHTML(w, nil) },
	} {
		f, err := os.Create(path)
		if err != nil {
			return err
		}
		if err := render(f); err != nil {
			f.Close()
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return nil
}

func indent(text string) string {
	return "    " + strings.ReplaceAll(text, "\n", "\n    ")
}
