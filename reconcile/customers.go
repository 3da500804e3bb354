package reconcile

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"strings"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/usage"
)

// customersPage is the largest page of the list of customers. Source: API contract, section
// 2.13.
const customersPage = 100

// eachCustomerPage reads the service's list of customers from a page on, until do says that
// it has enough, and returns the page to go on with, 0 after the last.
func eachCustomerPage(ctx context.Context, client *pacspace.Client, from int, do func([]pacspace.Customer) (more bool, err error)) (next int, err error) {
	first := ""
	for n := from; ; n++ {
		page, err := client.Customers.Page(ctx, pacspace.CustomersParams{Page: n, Limit: customersPage})
		if err != nil {
			return n, wrap("list of customers", err)
		}
		if page.Page != 0 && page.Page != n || len(page.Customers) > 0 && page.Customers[0].CustomerID == first {
			return n, wrap("list of customers", pacspace.ErrListMoved)
		}
		more, err := do(page.Customers)
		if err != nil {
			return n, err
		}
		if len(page.Customers) == 0 || page.TotalPages > 0 && n >= page.TotalPages {
			return 0, nil
		}
		if !more {
			return n + 1, nil
		}
		first = page.Customers[0].CustomerID
	}
}

const (
	// discoverPages and discoverChecks bound what one round takes from the list, so that a
	// service with very many customers keeps no event and no alert waiting.
	discoverPages  = 10
	discoverChecks = 200
	// mostPages ends a list that never ends.
	mostPages = 100_000
)

// settingCustomers is the page at which the list of customers is read on, "" while it is not
// read. It is in the store, so that a process that ends in the middle goes on there.
const settingCustomers = "customers"

// beginDiscovery has the list of customers read by the rounds that follow; one that is being
// read already is read on.
func (a *Agent) beginDiscovery(ctx context.Context) error {
	return wrap("seed", a.store.Update(ctx, func(tx Tx) error {
		at, err := tx.Setting(ctx, settingCustomers)
		if err != nil || at != "" {
			return err
		}
		return tx.SetSetting(ctx, settingCustomers, "1")
	}))
}

// discover reads some of the service's list of customers and has the current and the previous
// periods compared of those that nobody knows of: their webhooks may never have come, and no
// books name them. The list may move while it is read; what is passed over then is found at
// the next interval.
func (a *Agent) discover(ctx context.Context) error {
	var at string
	err := a.store.View(ctx, func(tx Tx) (err error) {
		at, err = tx.Setting(ctx, settingCustomers)
		return err
	})
	if err != nil || at == "" {
		return wrap("customers", err)
	}
	from, err := strconv.Atoi(at)
	if err != nil || from < 1 {
		from = 1
	}
	pages, fresh := 0, 0
	next, err := eachCustomerPage(ctx, a.client, from, func(list []pacspace.Customer) (bool, error) {
		n, err := a.expectCustomers(ctx, list)
		pages, fresh = pages+1, fresh+n
		return pages < discoverPages && fresh < discoverChecks && from+pages < mostPages, err
	})
	switch {
	case errors.Is(err, pacspace.ErrListMoved), errors.Is(err, pacspace.ErrNotFound):
		next = 0 // the next interval begins anew
	case err != nil && next == from:
		return err
	}
	text := ""
	if next > 0 && next < mostPages {
		text = strconv.Itoa(next)
	}
	return errors.Join(err, wrap("customers", a.store.Update(ctx, func(tx Tx) error {
		return tx.SetSetting(ctx, settingCustomers, text)
	})))
}

// expectCustomers has customers of the list compared, and returns how many comparisons are
// new. A period that began after the last delta of a customer has none.
func (a *Agent) expectCustomers(ctx context.Context, list []pacspace.Customer) (fresh int, err error) {
	now, err := a.store.Now(ctx)
	if err != nil {
		return 0, wrap("customers", err)
	}
	current := usage.PeriodOf(now)
	for _, period := range []usage.Period{current.Previous(), current} {
		var ids []string
		for i := range list {
			c := &list[i]
			if usage.ValidateCustomerID(c.CustomerID) != nil {
				a.set.logger.LogAttrs(ctx, levelWarn, "reconcile: the service lists a customer whose id is none; it is left out", slog.Int("length", len(c.CustomerID)))
				continue
			}
			if c.LastDeltaAt.IsZero() || !c.LastDeltaAt.Before(period.Start()) {
				ids = append(ids, c.CustomerID)
			}
		}
		// In one order in every replica, so that none waits for another in a circle.
		slices.SortFunc(ids, strings.Compare)
		n, err := a.expect(ctx, slices.Compact(ids), period, true)
		if fresh += n; err != nil {
			return fresh, err
		}
	}
	return fresh, nil
}
