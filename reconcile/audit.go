package reconcile

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/usage"
)

// AuditOption changes an [Audit].
type AuditOption func(*audit) error

type audit struct {
	set      settings
	now      func() time.Time
	accounts []string
	agent    *Agent
}

// AuditAccounts audits these customer ids and no others. Without it those that the service
// lists and, where the system of record lists its accounts, those.
func AuditAccounts(customerIDs ...string) AuditOption {
	return func(a *audit) error {
		for _, id := range customerIDs {
			if err := usage.ValidateCustomerID(id); err != nil {
				return fmt.Errorf("reconcile: AuditAccounts: %w: %w", pacspace.ErrInvalid, err)
			}
		}
		a.accounts = customerIDs
		return nil
	}
}

// AuditClock sets the time of the audit; the process clock without it.
func AuditClock(now func() time.Time) AuditOption {
	return func(a *audit) error {
		if now == nil {
			return fmt.Errorf("reconcile: AuditClock: the clock is nil; give a function")
		}
		a.now = now
		return nil
	}
}

// AuditSettings audits by an agent's options, such as [WithDue] and [WithDayOf]; what is not
// of a comparison has no effect.
func AuditSettings(options ...Option) AuditOption {
	return func(a *audit) (err error) {
		a.set, err = newSettings(options)
		return err
	}
}

// AgainstAgent also compares the agent's store with the record: where the two differ, the
// report has a mismatch of [KindAgent].
func AgainstAgent(agent *Agent) AuditOption {
	return func(a *audit) error {
		if agent == nil {
			return fmt.Errorf("reconcile: AgainstAgent: the agent is nil; give one")
		}
		a.agent = agent
		return nil
	}
}

// Audit compares a period of all accounts with one's own books from the record alone: it
// asks the service and the books, and trusts no agent and no store. It changes nothing.
// What differs is in the report; an error means that there is none.
func Audit(ctx context.Context, client *pacspace.Client, books SystemOfRecord, period usage.Period, options ...AuditOption) (*Report, error) {
	if client == nil || books == nil {
		return nil, fmt.Errorf("reconcile: Audit: needs a client and a system of record: %w", pacspace.ErrInvalid)
	}
	if err := period.Validate(); err != nil {
		return nil, fmt.Errorf("reconcile: Audit: %w: %w", pacspace.ErrInvalid, err)
	}
	set, err := newSettings(nil)
	if err != nil {
		return nil, err
	}
	a := &audit{set: set, now: time.Now}
	for _, o := range options {
		if o == nil {
			return nil, fmt.Errorf("reconcile: Audit: an option is nil; leave it out")
		}
		if err := o(a); err != nil {
			return nil, err
		}
	}
	ids, err := a.customers(ctx, client, books, period)
	if err != nil {
		return nil, err
	}
	r := &Report{Period: period, At: a.now().UTC(), Source: "audit"}
	for _, id := range ids {
		account, err := a.account(ctx, client, books, id, period, r.At)
		if err != nil {
			return nil, err
		}
		if account != nil {
			r.Accounts = append(r.Accounts, *account)
		}
	}
	return r, nil
}

// customers are those to audit, in order.
func (a *audit) customers(ctx context.Context, client *pacspace.Client, books SystemOfRecord, period usage.Period) ([]string, error) {
	ids := map[string]bool{}
	for _, id := range a.accounts {
		ids[id] = true
	}
	if len(ids) == 0 {
		_, err := eachCustomerPage(ctx, client, 1, func(list []pacspace.Customer) (bool, error) {
			for i := range list {
				ids[list[i].CustomerID] = true
			}
			return true, nil
		})
		if err != nil {
			return nil, err
		}
		if lister, ok := books.(AccountLister); ok {
			for id, err := range lister.Accounts(ctx, proof.DaysOf(period)) {
				if err != nil {
					return nil, wrap("accounts of the system of record", err)
				}
				ids[id] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(ids)), nil
}

// account audits one, nil where neither side has anything of the period.
func (a *audit) account(ctx context.Context, client *pacspace.Client, books SystemOfRecord, id string, period usage.Period, now time.Time) (*AccountReport, error) {
	p, err := pull(ctx, client, id, period, now, a.set.lateness)
	if err != nil {
		return nil, err
	}
	namer := &Agent{set: a.set}
	v := &view{
		customerID: id, period: period, now: now, due: a.set.due, dayOf: a.set.dayOf, books: books,
		scheme: &scheme{}, service: p.listing(),
	}
	count := map[string]int{}
	for _, row := range p.all() {
		d := ofListed(id, &row)
		namer.name(d)
		if periodOf(d) != period || d.State != DeltaVerified {
			continue
		}
		count[d.Name]++
		d.N = count[d.Name]
		v.deltas = append(v.deltas, *d)
	}
	r, err := v.examine(ctx)
	if err != nil {
		return nil, err
	}
	others := strays(namer, id, period, p.in)
	if others != "" {
		findings{r}.note(others)
	}
	if a.agent != nil {
		if err := a.againstAgent(ctx, v, findings{r}); err != nil {
			return nil, err
		}
	}
	if len(v.deltas) == 0 && len(r.Mismatches) == 0 && r.Pending == 0 && others == "" {
		return nil, nil
	}
	return r, nil
}

// strays says what a window recorded for days of other periods, "" for nothing. It is on the
// window's invoice, and nobody might ever audit the period of a day that is far away.
func strays(namer *Agent, id string, period usage.Period, rows []pacspace.Delta) string {
	var sum decimal.Decimal
	count, first := 0, ""
	for i := range rows {
		d := ofListed(id, &rows[i])
		namer.name(d)
		if d.State != DeltaVerified || periodOf(d) == period {
			continue
		}
		if count++; count == 1 {
			first = d.Name
		}
		sum = sum.Add(d.Delta)
	}
	if count == 0 {
		return ""
	}
	deltas := "deltas"
	if count == 1 {
		deltas = "delta"
	}
	return fmt.Sprintf("the recording window also holds %d %s of other periods' days, first %s, which add up to %s: audit those periods, too", count, deltas, first, sum)
}

// againstAgent holds what the agent's store says against the record.
func (a *audit) againstAgent(ctx context.Context, v *view, f findings) error {
	type known struct{ agent, record []Delta }
	names := map[string]*known{}
	at := func(name string) *known {
		if names[name] == nil {
			names[name] = &known{}
		}
		return names[name]
	}
	for d, err := range a.agent.Deltas(ctx, v.customerID, v.period) {
		if err != nil {
			return err
		}
		if d.State == DeltaVerified {
			at(d.Name).agent = append(at(d.Name).agent, d)
		}
	}
	for _, d := range v.deltas {
		at(d.Name).record = append(at(d.Name).record, d)
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		both := names[name]
		for i := range max(len(both.agent), len(both.record)) {
			var one Differing
			var agent, record *Delta
			if i < len(both.agent) {
				agent = &both.agent[i]
				one = Differing{ReferenceID: agent.ReferenceID, RecordID: agent.RecordID, Day: agent.Day, Found: agent.Delta.String()}
			}
			if i < len(both.record) {
				record = &both.record[i]
				one = Differing{ReferenceID: record.ReferenceID, RecordID: record.RecordID, Day: record.Day, Expected: record.Delta.String(), Found: one.Found}
			}
			switch {
			case agent == nil:
				one.What = "is in the record and not in the agent's store"
			case record == nil:
				one.What = "is in the agent's store and not in the record"
			case !agent.Delta.Equal(record.Delta):
				one.What = "has another amount in the agent's store"
			case agent.ContentHash != "" && record.ContentHash != "" && agent.ContentHash != record.ContentHash:
				one.What, one.Expected, one.Found = "has another content hash in the agent's store", record.ContentHash, agent.ContentHash
			default:
				continue
			}
			f.add(KindAgent, cmp.Or(one.Expected, "nothing"), cmp.Or(one.Found, "nothing"), one, "the agent's store; compare the period again with Check, or give the agent a new store")
			f.report.Outcome = Differs
		}
	}
	return nil
}
