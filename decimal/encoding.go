package decimal

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"

	"github.com/pacspace/pacspace-go/internal/canonical"
)

// Binary64 tells whether d survives a reader that computes in binary64: whether the
// shortest text of the binary64 next to it is d again. Numbers of up to 15 digits do, some
// of 16 and 17, none of more. The service is such a reader, so a delta must pass.
func (d Decimal) Binary64() bool {
	_, err := d.AppendJSON(nil)
	return err == nil
}

// AppendJSON appends d as RFC 8785 writes it, with an exponent from 1e+21 and below 1e-6
// on. It answers ErrInexact, and dst as it was, unless Binary64.
func (d Decimal) AppendJSON(dst []byte) ([]byte, error) {
	var room [64]byte
	out, err := canonical.AppendNumber(dst, d.append(room[:0]), canonical.Strict)
	if err != nil {
		return dst, fmt.Errorf("decimal: %w: %s; round it, or split it into parts of at most 15 digits", ErrInexact, quote(d.String()))
	}
	return out, nil
}

// MarshalText returns String. The error is always nil.
func (d Decimal) MarshalText() ([]byte, error) { return d.append(nil), nil }

// UnmarshalText reads what Parse reads.
func (d *Decimal) UnmarshalText(text []byte) error {
	parsed, err := parse(text)
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

// MarshalJSON returns d as a JSON number in plain digits, exactly, whether or not binary64
// holds it. The error is always nil.
func (d Decimal) MarshalJSON() ([]byte, error) { return d.append(nil), nil }

// UnmarshalJSON reads a JSON number, or a JSON string that holds one, from its characters,
// by the rules of Parse. null is an error: a field that may be absent is a *Decimal.
func (d *Decimal) UnmarshalJSON(data []byte) error {
	if len(data) == 0 || data[0] != '"' {
		return d.UnmarshalText(data)
	}
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return fmt.Errorf("decimal: %w: %s", ErrSyntax, quote(data))
	}
	return d.UnmarshalText([]byte(text))
}

// Scan reads a database column: text as Parse does, or an integer. A floating point
// column is refused, since it has lost what was written into it, and so is NULL: scan that
// into a sql.Null[Decimal].
func (d *Decimal) Scan(src any) error {
	switch src := src.(type) {
	case string:
		return d.UnmarshalText([]byte(src))
	case []byte:
		return d.UnmarshalText(src)
	case int64:
		*d = New(src)
		return nil
	case nil:
		return fmt.Errorf("decimal: cannot scan NULL; use sql.Null[decimal.Decimal]")
	case float64:
		return fmt.Errorf("decimal: cannot scan a floating point column, which is not exact; make it text or numeric")
	default:
		return fmt.Errorf("decimal: cannot scan %T; make the column text or numeric", src)
	}
}

// Value stores d as text, for columns of type text or numeric. The error is always nil.
func (d Decimal) Value() (driver.Value, error) { return d.String(), nil }
