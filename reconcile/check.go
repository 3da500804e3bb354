package reconcile

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/internal/pages"
	"github.com/pacspace/pacspace-go/usage"
)

// duePage is how many comparisons are taken at a time.
const duePage = 50

// retryAfter is when a comparison that failed is tried again.
const retryAfter = time.Minute

// checkDue compares what is due. One that fails does not keep the others waiting and, since
// there may be very many, events are applied and alerts are told in between.
func (a *Agent) checkDue(ctx context.Context) error {
	var failed error
	for {
		var due []Check
		err := a.store.Update(ctx, func(tx Tx) (err error) {
			if due, err = tx.DueChecks(ctx, tx.Now(), duePage); err != nil {
				return err
			}
			for i := range due {
				// Pushed on before it is made, so that replicas do not make it twice.
				due[i].Due = tx.Now().Add(retryAfter)
				if err := tx.PutCheck(ctx, &due[i]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return errors.Join(failed, wrap("comparisons", err))
		}
		for _, c := range due {
			_, err := a.Check(ctx, c.CustomerID, c.Period)
			failed = errors.Join(failed, err)
			// The rest is due again in a minute.
			if ctx.Err() != nil || errors.Is(err, pacspace.ErrRateLimited) || errors.Is(err, pacspace.ErrUnauthorized) {
				return failed
			}
		}
		if len(due) < duePage {
			return failed
		}
		_, applied := a.apply(ctx)
		failed = errors.Join(failed, applied, a.tell(ctx))
	}
}

// Check compares a period of an account now: it asks the service for what is missing,
// compares, and keeps the report and the mismatches for [Agent.Work] to tell.
func (a *Agent) Check(ctx context.Context, customerID string, period usage.Period) (*AccountReport, error) {
	if err := validAccount(customerID, period); err != nil {
		return nil, err
	}
	now, err := a.store.Now(ctx)
	if err != nil {
		return nil, wrap("check", err)
	}
	pulled, err := pull(ctx, a.client, customerID, period, now, a.set.lateness)
	if err != nil {
		return nil, err
	}
	if err := a.fill(ctx, customerID, pulled); err != nil {
		return nil, err
	}
	taken, err := a.take(ctx, customerID, period)
	if err != nil {
		return nil, err
	}
	v, err := a.view(ctx, customerID, period, now, pulled)
	if err != nil {
		return nil, err
	}
	if err := a.compareAtService(ctx, v); err != nil {
		return nil, err
	}
	report, err := v.examine(ctx)
	if err != nil {
		return nil, err
	}
	return report, a.keep(ctx, report, v.scheme, taken)
}

// take marks a comparison that begins, and returns its mark: what is told of the period from
// now on may not be in it, and moves the mark.
func (a *Agent) take(ctx context.Context, customerID string, period usage.Period) (mark time.Time, err error) {
	err = a.store.Update(ctx, func(tx Tx) error {
		c, err := tx.Check(ctx, customerID, period)
		if errors.Is(err, ErrNotFound) {
			c, err = &Check{CustomerID: customerID, Period: period}, nil
		}
		if err != nil {
			return err
		}
		mark = tx.Now().Add(retryAfter)
		c.Due = mark
		return tx.PutCheck(ctx, c)
	})
	return mark, wrap("check", err)
}

// view reads what the store knows of a period.
func (a *Agent) view(ctx context.Context, customerID string, period usage.Period, now time.Time, pulled *pulled) (*view, error) {
	v := &view{
		customerID: customerID, period: period, now: now, due: a.set.due, dayOf: a.set.dayOf,
		books: a.set.books, service: pulled.listing(), recorded: map[string]bool{},
	}
	byName := map[string][]*Delta{}
	for _, row := range pulled.all() {
		d := ofListed(customerID, &row)
		a.name(d)
		byName[d.Name] = append(byName[d.Name], d)
	}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		if rows := distinct(byName[name], period); len(rows) > 1 {
			v.listed = append(v.listed, rows)
		}
	}
	listed := func(d *Delta) bool {
		return slices.ContainsFunc(byName[d.Name], func(row *Delta) bool { return sameDelta(row, d) })
	}
	known := map[string]bool{}
	err := a.store.View(ctx, func(tx Tx) (err error) {
		if v.deltas, err = periodDeltas(ctx, tx, customerID, period); err != nil {
			return err
		}
		clear(known)
		for i := range v.deltas {
			hash := v.deltas[i].PreviousProofHash
			if _, looked := known[hash]; hash == "" || looked {
				continue
			}
			if known[hash], err = tx.ProofKnown(ctx, hash); err != nil {
				return err
			}
		}
		// A delta that was received and verified within the window must be listed in it.
		window := period.RecordingWindow()
		inWindow, err := allDeltas(ctx, tx, DeltaQuery{CustomerID: customerID, Window: window})
		if err != nil {
			return err
		}
		v.know(inWindow)
		v.unlisted = slices.DeleteFunc(inWindow, func(d Delta) bool {
			return d.State != DeltaVerified || d.placeholder() || d.VerifiedAt.IsZero() || !window.Contains(d.VerifiedAt) || listed(&d)
		})
		account, err := tx.Account(ctx, customerID)
		switch {
		case err == nil:
			v.firstAt = account.FirstAt
		case !errors.Is(err, ErrNotFound):
			return err
		}
		text, err := tx.Setting(ctx, settingScheme)
		v.scheme = parseScheme(text)
		return err
	})
	v.known = func(hash string) bool { return known[hash] }
	return v, wrap("check", err)
}

// distinct are a period's rows of a list under one name, a record that is listed twice left
// out: a list may move while it is read.
func distinct(rows []*Delta, period usage.Period) (out []*Delta) {
	for _, row := range rows {
		again := row.RecordID != "" && slices.ContainsFunc(out, func(o *Delta) bool { return o.RecordID == row.RecordID })
		if !again && periodOf(row) == period && row.State == DeltaVerified {
			out = append(out, row)
		}
	}
	return out
}

// periodDeltas are a period's: by usage day, and those without one by recording window.
func periodDeltas(ctx context.Context, tx Tx, customerID string, period usage.Period) ([]Delta, error) {
	dated, err := allDeltas(ctx, tx, DeltaQuery{CustomerID: customerID, From: period.First(), To: period.Last()})
	if err != nil {
		return nil, err
	}
	recorded, err := allDeltas(ctx, tx, DeltaQuery{CustomerID: customerID, Window: period.RecordingWindow()})
	if err != nil {
		return nil, err
	}
	for _, d := range recorded {
		if d.Day.IsZero() {
			dated = append(dated, d)
		}
	}
	return dated, nil
}

// compareAtService asks compare about the sum of what the service listed.
func (a *Agent) compareAtService(ctx context.Context, v *view) error {
	if v.service == nil || v.service.count == 0 || v.service.untold > 0 {
		return nil
	}
	yours, err := v.service.sum.Nearest64()
	if err != nil {
		return wrap("compare", err)
	}
	theirs := yours
	if days := v.dueDays(); v.books != nil && !days.IsZero() {
		if books, err := v.books.Balance(ctx, v.customerID, days); err == nil {
			if near, err := books.Nearest64(); err == nil {
				theirs = near
			}
		}
	}
	v.yours = yours
	v.compared, err = a.client.Balance.Compare(ctx, pacspace.CompareParams{
		CustomerID: v.customerID, Scope: pacspace.RecordingWindow(v.period), Yours: yours, Theirs: theirs,
	})
	return wrap("compare "+v.customerID, err)
}

// keep stores how a comparison came out, and when the next one is.
func (a *Agent) keep(ctx context.Context, r *AccountReport, s *scheme, taken time.Time) error {
	return wrap("check", a.store.Update(ctx, func(tx Tx) error {
		if s.grew {
			if err := tx.SetSetting(ctx, settingScheme, s.text()); err != nil {
				return err
			}
		}
		wait, err := a.book(ctx, tx, r)
		if err != nil {
			return err
		}
		c := &Check{CustomerID: r.CustomerID, Period: r.Period, Report: r}
		stored, err := tx.Check(ctx, r.CustomerID, r.Period)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		over := r.Period.RecordingWindow().End.Add(a.set.lateness)
		switch {
		case wait > 0 && wait < a.set.interval:
			c.Due = tx.Now().Add(wait)
		case tx.Now().Before(over) || r.Outcome != Matched:
			c.Due = tx.Now().Add(a.set.interval)
		}
		if err == nil && !stored.Due.IsZero() && !stored.Due.Equal(taken) && (c.Due.IsZero() || stored.Due.Before(c.Due)) {
			c.Due = stored.Due // something was told meanwhile
		}
		return tx.PutCheck(ctx, c)
	}))
}

// book compares the mismatches of a report with those that are known, and returns for how
// long the first waiting one still has to wait, 0 without any.
func (a *Agent) book(ctx context.Context, tx Tx, r *AccountReport) (wait time.Duration, err error) {
	known := map[string]Mismatch{}
	for m, err := range pages.All(func(last *Mismatch) ([]Mismatch, error) {
		q := MismatchQuery{CustomerID: r.CustomerID, Period: r.Period}
		if last != nil {
			q.AfterID = last.ID()
		}
		return tx.Mismatches(ctx, q, pages.Size)
	}) {
		if err != nil {
			return 0, err
		}
		known[m.ID()] = m
	}
	now := tx.Now()
	for i := range r.Mismatches {
		m := &r.Mismatches[i]
		old, was := known[m.ID()]
		delete(known, m.ID())
		left := a.advance(m, &old, was, now)
		if left > 0 && (wait == 0 || left < wait) {
			wait = left
		}
		if err := tx.PutMismatch(ctx, m); err != nil {
			return 0, err
		}
	}
	for _, m := range known {
		if m.State == MismatchClosed {
			continue
		}
		if m.State == MismatchOpen {
			m.Revision, m.NotBefore, m.Attempts = m.Revision+1, time.Time{}, 0
		}
		m.State, m.ChangedAt = MismatchClosed, now
		if err := tx.PutMismatch(ctx, &m); err != nil {
			return 0, err
		}
	}
	return wait, nil
}

// advance carries a mismatch on from what was known of it, and returns for how long it still
// has to wait before it is told.
func (a *Agent) advance(m, old *Mismatch, was bool, now time.Time) time.Duration {
	m.FirstSeen, m.ChangedAt = now, now
	if was {
		m.Revision, m.Told, m.Attempts, m.NotBefore, m.TellError = old.Revision, old.Told, old.Attempts, old.NotBefore, old.TellError
	}
	switch {
	case was && old.State == MismatchOpen && m.sameAs(old):
		m.State, m.FirstSeen, m.ChangedAt = MismatchOpen, old.FirstSeen, old.ChangedAt
		return 0
	case was && old.State == MismatchOpen:
		m.State, m.FirstSeen = MismatchOpen, old.FirstSeen
	default:
		if was && old.State == MismatchWaiting {
			m.FirstSeen = old.FirstSeen
		}
		if left := a.set.patience - now.Sub(m.FirstSeen); m.Kind.passing() && left > 0 {
			m.State = MismatchWaiting
			return left
		}
		m.State = MismatchOpen
	}
	m.Revision, m.NotBefore, m.Attempts = m.Revision+1, time.Time{}, 0
	return 0
}

func validAccount(customerID string, period usage.Period) error {
	if err := usage.ValidateCustomerID(customerID); err != nil {
		return fmt.Errorf("reconcile: %w: %w", pacspace.ErrInvalid, err)
	}
	if err := period.Validate(); err != nil {
		return fmt.Errorf("reconcile: %w: %w", pacspace.ErrInvalid, err)
	}
	return nil
}

// sumOf adds up what a list has, and its magnitudes.
func sumOf(rows []pacspace.Delta) (sum, abs decimal.Decimal) {
	for i := range rows {
		sum, abs = sum.Add(rows[i].Delta), abs.Add(rows[i].Delta.Abs())
	}
	return sum, abs
}
