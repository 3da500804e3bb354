package invoice

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

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
	const anyCode = "USD" // the library writes no number without one; it is not shown
	return s.format.number(d, anyCode, 0, currency.DisplayNone)
}

// Money writes an amount with the digits of its currency, as the statement's locale does.
func (s *Statement) Money(m Money) string {
	return s.format.money(m.Amount, m.Currency)
}

// UnitPrice writes a price in all its digits, as the statement's locale does.
func (s *Statement) UnitPrice(p Price) string {
	return s.format.money(p.PerUnit, p.Currency)
}

func (f format) money(d pacspace.Decimal, code string) string {
	least, _ := currency.GetDigits(code)
	return f.number(d, code, least, currency.DisplaySymbol)
}

// libraryDigits is how many digits the currency library counts in, those after the point
// that it adds included; of more it makes NaN.
const libraryDigits = 39

// number writes d with at least least digits after the point and never fewer than it has.
func (f format) number(d pacspace.Decimal, code string, least uint8, show currency.Display) string {
	whole, fraction, _ := strings.Cut(d.Abs().String(), ".")
	if f.locale == "" || len(whole)+max(len(fraction), int(least)) > libraryDigits {
		return plain(d, code, int(least), show)
	}
	tiny := !d.IsZero() && d.Abs().Mul(pacspace.NewDecimal(1_000_000)).Cmp(pacspace.NewDecimal(1)) < 0
	if tiny {
		// The library turns to exponents here. One more before the point is taken off below.
		one := pacspace.NewDecimal(int64(d.Sign()))
		d = d.Add(one)
	}
	amount, err := currency.NewAmount(d.String(), code)
	if err != nil { // no currency; it is one of the caller's own making, since New refuses it
		return plain(d, code, int(least), show)
	}
	w := currency.NewFormatter(currency.NewLocale(f.locale))
	w.MinDigits, w.MaxDigits, w.CurrencyDisplay = least, max(least, uint8(len(fraction))), show
	text := w.Format(amount)
	if tiny {
		at := strings.IndexFunc(text, unicode.IsDigit)
		one, size := utf8.DecodeRuneInString(text[at:])
		text = text[:at] + string(one-1) + text[at+size:] // digits follow each other in every script
	}
	return text
}

// plain writes the digits as they are, and the currency's code.
func plain(d pacspace.Decimal, code string, least int, show currency.Display) string {
	text := d.String()
	_, fraction, point := strings.Cut(text, ".")
	if missing := least - len(fraction); missing > 0 {
		if !point {
			text += "."
		}
		text += strings.Repeat("0", missing)
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
