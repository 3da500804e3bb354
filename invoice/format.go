package invoice

import (
	"strings"
	"time"

	"github.com/bojanz/currency"
	"golang.org/x/text/language"

	"github.com/pacspace/pacspace-go"
)

// format writes numbers as a locale does, exactly. The zero format writes plain digits.
type format struct {
	locale string
}

func newFormat(locale string) (format, error) {
	if len(locale) > 35 {
		return format{}, detailsError("locale", "is longer than 35 characters; give one such as en-US")
	}
	if locale == "" {
		return format{}, nil
	}
	if _, err := language.Parse(locale); err != nil {
		return format{}, detailsError("locale", "%q is none; give one such as en-US", locale)
	}
	return format{locale}, nil
}

// Quantity writes a quantity in all its digits, as the statement's locale does.
func (s *Statement) Quantity(d pacspace.Decimal) string {
	return s.format.number(d, "XXX", 0, currency.DisplayNone)
}

// Money writes an amount with the digits of its currency, as the statement's locale does.
func (s *Statement) Money(m Money) string {
	return s.format.number(m.Amount, m.Currency, currency.DefaultDigits, currency.DisplaySymbol)
}

// UnitPrice writes a price in all its digits, as the statement's locale does.
func (s *Statement) UnitPrice(p Price) string {
	return s.format.number(p.PerUnit, p.Currency, currency.DefaultDigits, currency.DisplaySymbol)
}

// number writes d with at least min digits after the point and never fewer than it has.
// The currency library counts in 39 digits, which is why no statement has more than 38.
func (f format) number(d pacspace.Decimal, code string, min uint8, show currency.Display) string {
	text := d.String()
	if min == currency.DefaultDigits {
		min, _ = currency.GetDigits(code)
	}
	_, fraction, _ := strings.Cut(text, ".")
	if f.locale == "" {
		return plain(text, len(fraction), int(min), code, show)
	}
	amount, err := currency.NewAmount(text, code)
	if err != nil || len(text) > MaxDigits+2 { // a number of the caller's own
		return plain(text, len(fraction), int(min), code, show)
	}
	w := currency.NewFormatter(currency.NewLocale(f.locale))
	w.MinDigits, w.MaxDigits, w.CurrencyDisplay = min, max(min, uint8(len(fraction))), show
	return w.Format(amount)
}

func plain(text string, has, min int, code string, show currency.Display) string {
	if has < min {
		if has == 0 {
			text += "."
		}
		text += strings.Repeat("0", min-has)
	}
	if show != currency.DisplayNone {
		text += " " + code
	}
	return text
}

// day writes a usage day; a line without one has a dash.
func day(d pacspace.Date) string {
	if d.IsZero() {
		return "–"
	}
	return d.String()
}

// instant writes a time in UTC, to the minute where that is exact.
func instant(t time.Time) string {
	t = t.UTC()
	if t.Second() == 0 && t.Nanosecond() == 0 {
		return t.Format("2006-01-02 15:04 UTC")
	}
	return t.Format("2006-01-02 15:04:05 UTC")
}
