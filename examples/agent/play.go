package main

import (
	"context"
	"fmt"
	"time"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/reconcile"
	"github.com/pacspace/pacspace-go/sandbox"
)

const february = pacspace.Period("2026-02")

var customers = []string{"customer_ash", "customer_birch", "customer_cedar", "customer_elm", "customer_fir"}

// The record that the books of one customer lack.
const (
	forgetful = "customer_cedar"
	forgotten = 14 // of February
)

// uses is how often a customer uses something on a day.
const uses = 4

// amount is what one use is, in minutes.
func amount(customer, day, use int) decimal.Decimal {
	tenths := int64(100 + (customer*37+day*11+use*53)%250)
	return decimal.New(tenths).Mul(tenth)
}

var tenth = func() decimal.Decimal {
	d, err := decimal.Parse("0.1")
	if err != nil {
		panic(err) // the text above
	}
	return d
}()

// month plays the days of February: usage is metered and written into the books, each day
// goes out as one delta a customer on the day after, and its webhooks arrive as they may.
func (s *stage) month(ctx context.Context) error {
	for day := range february.Days() {
		for u := range uses {
			s.clock.Set(day.Start().Add(time.Duration(4+5*u) * time.Hour))
			for c, id := range customers {
				n := amount(c, day.Start().Day(), u)
				_, err := s.meter.Record(ctx, metering.Event{
					ID: fmt.Sprintf("%s-%s-%d", day, id, u), CustomerID: id, Amount: n, Time: s.clock.Now(),
				})
				if err != nil {
					return err
				}
				if id == forgetful && day.Start().Day() == forgotten && u == 0 {
					continue
				}
				s.books.write(id, day, n)
			}
		}
		s.clock.Set(day.End().Add(90 * time.Minute))
		if _, err := s.meter.Flush(ctx); err != nil {
			return err
		}
		faults := sandbox.WebhookFault{Duplicate: 2, Reverse: true}
		if day.Start().Day()%5 == 0 {
			faults.Lose = 1 // never to come by itself
		}
		if day.Start().Day()%7 == 0 {
			faults.Drop = 1 // the service tries it again
		}
		if err := s.deliver(ctx, faults); err != nil {
			return err
		}
		if err := s.agent.Work(ctx); err != nil {
			return err
		}
	}
	return nil
}

// settle lets time go by until all that was late has come and all that is wrong was told.
func (s *stage) settle(ctx context.Context) error {
	s.clock.Set(february.RecordingWindow().End.Add(time.Hour))
	for range 4 {
		if err := s.agent.Seed(ctx); err != nil {
			return err
		}
		if err := s.agent.Work(ctx); err != nil {
			return err
		}
		s.clock.Advance(30 * time.Minute)
		if err := s.deliver(ctx, sandbox.WebhookFault{}); err != nil {
			return err
		}
	}
	return s.agent.Work(ctx)
}

// conclude prints how it came out and holds it against what was meant to.
func (s *stage) conclude(ctx context.Context) error {
	report, err := s.agent.Report(ctx, february)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "\nThe agent, from webhooks and what it asked for:\n%s\n", report.Text())
	audit, err := reconcile.Audit(ctx, s.client, s.books, february,
		reconcile.AuditClock(s.clock.Now), reconcile.AgainstAgent(s.agent))
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "The audit, from the record alone:\n%s\n", audit.Text())

	if len(s.alerts) != 1 {
		return fmt.Errorf("%w: %d alerts instead of one", errConclusion, len(s.alerts))
	}
	alert := s.alerts[0]
	switch day := pacspace.NewDate(2026, time.February, forgotten); {
	case alert.CustomerID != forgetful, alert.First == nil || alert.First.Day != day:
		return fmt.Errorf("%w: the alert is %s", errConclusion, alert.String())
	case report.Count(reconcile.Matched) != len(customers)-1:
		return fmt.Errorf("%w: %s", errConclusion, report)
	case audit.Count(reconcile.Matched) != len(customers)-1:
		return fmt.Errorf("%w: %s", errConclusion, audit)
	}
	found := audit.Account(forgetful)
	if len(found.Mismatches) != 1 || found.Mismatches[0].First.String() != alert.First.String() {
		return fmt.Errorf("%w: the audit of %s differs from the agent's alert", errConclusion, forgetful)
	}
	fmt.Fprintf(s.out, "The one alert: %s, %s\nAgent and audit agree; all other customers match.\n", alert.CustomerID, alert.First)
	return nil
}
