package sqlstore

import (
	"context"
	"database/sql"

	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/usage"
)

func (t *meterTx) Setting(ctx context.Context, name string) (value string, err error) {
	_, err = t.one(ctx, "meter_setting", []string{name},
		"SELECT value FROM meter_setting WHERE name = ?", []any{name}, &value)
	return value, err
}

func (t *meterTx) SetSetting(ctx context.Context, name, value string) error {
	return t.put(ctx, "meter_setting", []string{name}, 1, []string{"name", "value"}, name, value)
}

func (t *meterTx) BindAccount(ctx context.Context, a usage.Account) (usage.Account, error) {
	stored, found, err := t.account(ctx, a.CustomerID)
	if err != nil || found {
		return stored, err
	}
	if _, err := t.exec(ctx, "write meter_account", insertNew("meter_account", "customer_id", "resource", "unit"),
		a.CustomerID, a.Resource, a.Unit); err != nil {
		return usage.Account{}, err
	}
	// Another replica may have been first.
	stored, _, err = t.account(ctx, a.CustomerID)
	return stored, err
}

func (t *meterTx) Account(ctx context.Context, customerID string) (usage.Account, error) {
	a, found, err := t.account(ctx, customerID)
	if err == nil && !found {
		err = metering.ErrNotFound
	}
	return a, err
}

// account locks nothing, since an account never changes.
func (t *meterTx) account(ctx context.Context, customerID string) (a usage.Account, found bool, err error) {
	err = t.query(ctx, "read meter_account", func(rows *sql.Rows) error {
		found = true
		return rows.Scan(&a.CustomerID, &a.Resource, &a.Unit)
	}, "SELECT customer_id, resource, unit FROM meter_account WHERE customer_id = ?", customerID)
	return a, found, err
}
