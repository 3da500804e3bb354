package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/examples/internal/stage"
	"github.com/pacspace/pacspace-go/invoice"
	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/usage"
)

const (
	resource = "requests"
	unit     = "request"
)

var (
	customers = []string{"customer_acme", "customer_globex", "customer_initech"}
	plans     = []string{"growth", "basic", "growth"}

	firstDay = pacspace.NewDate(2026, time.February, 25)
	lastDay  = pacspace.NewDate(2026, time.March, 2)
)

// story is the service under load, and what its customers themselves counted.
type story struct {
	*stage.Stage
	out   io.Writer
	meter *stage.Meter
	srv   *http.Server
	url   string

	counted map[string]map[pacspace.Period]int64 // by customer and month of use
}

func openStory(ctx context.Context, dir string, out io.Writer) (*story, error) {
	st, err := stage.Open(dir, firstDay.Start())
	if err != nil {
		return nil, err
	}
	s := &story{Stage: st, out: out, counted: map[string]map[pacspace.Period]int64{}}
	for _, c := range customers {
		s.counted[c] = map[pacspace.Period]int64{}
	}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return s, nil
}

// start starts the service, as a program does when the machine comes up.
func (s *story) start(ctx context.Context) (err error) {
	if s.meter, err = s.Meter(ctx, metering.WithAccounts(resource, unit)); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return errors.Join(err, s.meter.Abandon())
	}
	s.url = "http://" + listener.Addr().String()
	s.srv = &http.Server{Handler: service(s.meter.Meter, s.Clock.Now)}
	go func() { _ = s.srv.Serve(listener) }() // ends with its error when the server is closed
	return nil
}

// crash lets the service die with everything that it had not stored.
func (s *story) crash() error { return errors.Join(s.srv.Close(), s.meter.Abandon()) }

func (s *story) abandon() { _ = errors.Join(s.crash(), s.Stage.Close()) }

func (s *story) close(ctx context.Context) error {
	return errors.Join(s.srv.Shutdown(ctx), s.meter.Close(ctx), s.Stage.Close())
}

// days lets customers call the service from day to day. Each day is sent once it is over.
func (s *story) days(ctx context.Context) error {
	fmt.Fprintf(s.out, "The service counts requests, %s to %s\n", firstDay, lastDay)
	for day := firstDay; !day.After(lastDay); day = day.AddDays(1) {
		requests := 0
		for hour := range 24 {
			s.Clock.Set(day.Start().Add(time.Duration(hour) * time.Hour))
			for i, customer := range customers {
				for n := range load(day, hour, i) {
					if err := s.call(ctx, day, customer, plans[i], fmt.Sprintf("%s-%02d-%d", day, hour, n)); err != nil {
						return err
					}
					requests++
				}
			}
			if hour == 15 && day == firstDay.AddDays(2) {
				if err := errors.Join(s.crash(), s.start(ctx)); err != nil {
					return err
				}
				fmt.Fprintf(s.out, "  %s 15:00: the service dies and is started again\n", day)
			}
		}
		// A program lets meter.Run(ctx) do this.
		s.Clock.Set(day.End().Add(metering.DefaultGrace + metering.DefaultSpread))
		if err := s.Settle(ctx, s.meter.Meter); err != nil {
			return err
		}
		fmt.Fprintf(s.out, "  %s: %d requests, sent as %d deltas on %s\n", day, requests, len(customers), usage.DateOf(s.Clock.Now()))
	}
	return nil
}

// load is how many requests a customer makes in an hour of a day.
func load(day pacspace.Date, hour, customer int) int {
	if hour < 8 || hour > 18 {
		return 0
	}
	return (day.Start().Day()*7 + hour*3 + customer*5) % (4 + customer)
}

// call makes one request, and every fourth time makes it twice, as a client does that had
// no answer in time.
func (s *story) call(ctx context.Context, day pacspace.Date, customer, plan, id string) error {
	times := 1
	if s.counted[customer][day.Period()]%4 == 3 {
		times = 2
	}
	for range times {
		q, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/double?n=21", nil)
		if err != nil {
			return err
		}
		q.Header.Set(headerCustomer, customer)
		q.Header.Set(headerPlan, plan)
		q.Header.Set(headerRequest, id)
		answer, err := http.DefaultClient.Do(q)
		if err != nil {
			return err
		}
		text, err := io.ReadAll(answer.Body)
		if err = errors.Join(err, answer.Body.Close()); err != nil {
			return err
		}
		if answer.StatusCode != http.StatusOK {
			return fmt.Errorf("request %s of %s: status %d: %s", id, customer, answer.StatusCode, text)
		}
		s.Clock.Advance(time.Second)
	}
	s.counted[customer][day.Period()]++
	return nil
}

// bill closes February for each customer. March is under way.
func (s *story) bill(ctx context.Context) error {
	const month = pacspace.Period("2026-02")
	fmt.Fprintf(s.out, "\nFebruary is closed; its window is %s\n", month.RecordingWindow())
	price, err := pacspace.ParseDecimal("0.002")
	if err != nil {
		return err
	}
	var first *invoice.Statement
	for _, customer := range customers {
		closing, err := s.CloseMonth(ctx, s.meter.Meter, customer, month, nil)
		if err != nil {
			return fmt.Errorf("closing %s of %s: %w", month, customer, err)
		}
		if want := pacspace.NewDecimal(-s.counted[customer][month]); !closing.Balance.Equal(want) {
			return fmt.Errorf("%s: the invoice says %s, the customer counted %s", customer, closing.Balance, want)
		}
		report, err := s.Check(ctx, closing, customer+"-2026-02.jsonl")
		if err != nil {
			return err
		}
		statement, err := invoice.New(closing, invoice.Details{
			Issued: s.Clock.Now(), Seller: invoice.Party{Name: "Example Doubling Ltd"},
			Prices: map[string]invoice.Price{resource: {PerUnit: price, Currency: "EUR"}},
		})
		if err != nil {
			return err
		}
		fmt.Fprintf(s.out, "  %s: %d requests in February, %s; %d in March so far, which are not on it\n",
			customer, s.counted[customer][month], report.Verdict, s.counted[customer][month.Next()])
		if first == nil {
			first = statement
		}
	}
	fmt.Fprintln(s.out)
	if err := first.WriteText(s.out); err != nil {
		return err
	}
	return s.total()
}

// total compares what the service recorded in all with what all customers counted.
func (s *story) total() error {
	deltas, all := 0, pacspace.Decimal{}
	for _, d := range s.Box.Recorded("test", "") {
		all = all.Sub(d.Delta)
		deltas++
	}
	want := pacspace.Decimal{}
	for _, months := range s.counted {
		for _, n := range months {
			want = want.Add(pacspace.NewDecimal(n))
		}
	}
	if !all.Equal(want) {
		return fmt.Errorf("the service recorded %s requests, the customers counted %s", all, want)
	}
	fmt.Fprintf(s.out, "\n%d deltas, %s requests in all: exactly what the customers counted\n", deltas, all)
	return nil
}
