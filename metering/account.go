package metering

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/usage"
)

// maxAccountWord is the longest resource or unit, in bytes.
const maxAccountWord = 64

// AccountError is an account that is bound to another resource or unit, or to none. It
// matches [pacspace.ErrInvalid]. What to do: bind the account with Bind or WithAccounts
// before its first event, and give another resource or unit a customer id of its own.
type AccountError struct {
	CustomerID string
	Bound      usage.Account // what is stored; zero where nothing is
	Asked      usage.Account // what was asked for
}

func (e *AccountError) Error() string {
	if e.Bound.CustomerID == "" {
		return fmt.Sprintf("metering: customer %s: is not bound to a resource and a unit: call Bind, or give WithAccounts", e.CustomerID)
	}
	return fmt.Sprintf("metering: customer %s: is bound to %s in %s, not %s in %s: a balance has one unit; use a customer id of its own, such as %s:%s",
		e.CustomerID, e.Bound.Resource, e.Bound.Unit, e.Asked.Resource, e.Asked.Unit, e.CustomerID, e.Asked.Resource)
}

// Is matches [pacspace.ErrInvalid].
func (e *AccountError) Is(target error) bool { return target == pacspace.ErrInvalid }

func checkAccountWords(resource, unit string) error {
	for name, word := range map[string]string{"resource": resource, "unit": unit} {
		if word == "" || len(word) > maxAccountWord || !printable(word) {
			return fmt.Errorf("metering: %s: must be 1 to %d bytes of UTF-8 without control characters: %w", name, maxAccountWord, pacspace.ErrInvalid)
		}
	}
	return nil
}

// Bind says for ever what accounts count: one resource in one unit under each customer id,
// since the service sums whatever stands under it. Binding the same again does nothing;
// another resource or unit is an [*AccountError]. All are bound, or none.
func (m *Meter) Bind(ctx context.Context, accounts ...usage.Account) error {
	for _, a := range accounts {
		if err := usage.ValidateCustomerID(a.CustomerID); err != nil {
			return fmt.Errorf("metering: Bind: %w", err)
		}
		if err := checkAccountWords(a.Resource, a.Unit); err != nil {
			return err
		}
	}
	err := m.store.Update(ctx, func(tx Tx) error {
		for _, a := range accounts {
			bound, err := tx.BindAccount(ctx, a)
			if err != nil {
				return err
			}
			if bound != a {
				return &AccountError{CustomerID: a.CustomerID, Bound: bound, Asked: a}
			}
		}
		return nil
	})
	if err != nil {
		return wrap("bind", err)
	}
	m.accounts.add(accounts...)
	return nil
}

// bind makes sure that each customer has a resource and a unit.
func (m *Meter) bind(ctx context.Context, customers []string) error {
	var missing []string
	for _, id := range customers {
		if !m.accounts.has(id) {
			missing = append(missing, id)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	var known []usage.Account
	find := func(tx Tx) error {
		known = known[:0]
		for _, id := range missing {
			a, err := m.boundIn(ctx, tx, id)
			if err != nil {
				return err
			}
			known = append(known, a)
		}
		return nil
	}
	err := m.store.View(ctx, find)
	if errors.Is(err, ErrNotFound) {
		err = m.store.Update(ctx, func(tx Tx) error {
			for _, id := range missing {
				if m.set.resource == "" {
					continue
				}
				if _, err := tx.BindAccount(ctx, usage.Account{CustomerID: id, Resource: m.set.resource, Unit: m.set.unit}); err != nil {
					return err
				}
			}
			return find(tx)
		})
	}
	if err != nil {
		return err
	}
	m.accounts.add(known...)
	return nil
}

// boundIn reads an account; where it is not bound, the error matches ErrNotFound and is an
// *AccountError.
func (m *Meter) boundIn(ctx context.Context, tx Tx, id string) (usage.Account, error) {
	a, err := tx.Account(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return a, fmt.Errorf("%w: %w", &AccountError{CustomerID: id}, err)
	}
	return a, err
}

// accountCache remembers accounts that are bound, which never changes.
type accountCache struct {
	mu    sync.RWMutex
	known map[string]bool
}

// maxCachedAccounts bounds the memory of the cache; past it, it starts afresh.
const maxCachedAccounts = 200_000

func (c *accountCache) has(id string) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.known[id]
}

func (c *accountCache) add(accounts ...usage.Account) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil || len(c.known)+len(accounts) > maxCachedAccounts {
		c.known = make(map[string]bool)
	}
	for _, a := range accounts {
		c.known[a.CustomerID] = true
	}
}
