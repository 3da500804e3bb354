package invoice_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/invoice"
)

func TestAmountsAreExactAndRoundedOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, used, price, code, want string }{
		{"no rounding", "10", "0.25", "EUR", "2.5"},
		{"half away from zero", "1", "0.125", "EUR", "0.13"},
		{"half away from zero below zero", "-1", "0.125", "EUR", "-0.13"},
		{"just under half", "1", "0.124999999999999999", "EUR", "0.12"},
		{"what binary64 would round down", "1", "1.005", "USD", "1.01"},
		{"nines that carry", "1", "0.999", "USD", "1"},
		{"a currency without minor units", "3", "0.5", "JPY", "2"},
		{"a currency with three digits", "1", "0.0005", "KWD", "0.001"},
		{"a price per token", "123456789", "0.0000002", "USD", "24.69"},
		{"less than a cent", "1", "0.0000002", "USD", "0"},
		{"nothing below a rounded zero is minus zero", "-1", "0.0000002", "USD", "0"},
		{"a free resource", "7", "0", "EUR", "0"},
		{"more digits than binary64 has", "9007199254740993", "1.01", "EUR", "9097271247288402.93"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := details()
			d.Prices = map[string]invoice.Price{"compute-minutes": price(t, c.price, c.code)}
			line := delta(t, "usage:customer_acme:2026-02-01", number(t, c.used).Neg().String())
			s := statement(t, madeUp(line), d)
			require.Len(t, s.Charges, 1)
			require.Equal(t, c.want, s.Charges[0].Amount.Amount.String())
			require.Equal(t, c.want, s.Totals[0].Amount.String())
		})
	}
}

func TestEachResourceIsChargedOnceAndEachCurrencyAddedUpForItself(t *testing.T) {
	t.Parallel()
	s := newSeller(t)
	s.use(1, "gpu", "1")
	s.use(2, "cpu", "1")
	s.use(3, "gpu", "1")
	s.use(4, "disk", "1")
	d := details()
	d.Prices = map[string]invoice.Price{
		"gpu": price(t, "0.0025", "EUR"), "cpu": price(t, "0.005", "EUR"), "disk": price(t, "3", "USD"),
		"unused": price(t, "9", "CHF"),
	}
	got := statement(t, s.close(), d)
	var charges []string
	for _, c := range got.Charges {
		charges = append(charges, c.Resource+" "+c.Used.String()+" "+c.Amount.Amount.String()+" "+c.Amount.Currency)
	}
	require.Equal(t, []string{"cpu 1 0.01 EUR", "disk 1 3 USD", "gpu 2 0.01 EUR"}, charges, "gpu: 2 x 0.0025, not 0.0025 rounded twice")
	require.Equal(t, []invoice.Money{{Amount: number(t, "0.02"), Currency: "EUR"}, {Amount: number(t, "3"), Currency: "USD"}}, got.Totals)
	require.True(t, got.HasResources())
}

func TestACreditIsATotalInTheCustomersFavour(t *testing.T) {
	t.Parallel()
	d := details()
	d.Prices = map[string]invoice.Price{"compute-minutes": price(t, "0.5", "EUR")}
	s := statement(t, madeUp(delta(t, "usage:customer_acme:2026-02-01", "-10"), delta(t, "topup", "25")), d)
	require.Equal(t, "-7.5", s.Totals[0].Amount.String())
	require.Contains(t, textOf(t, s), "Total in your favour: -7.50 EUR")
	require.Contains(t, htmlOf(t, s), "Total in your favour")
}

func TestLocalesWriteTheDigitsOfTheirReaders(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ locale, quantity, money string }{
		{"", "1234567.125", "1234567.50 EUR"},
		{"en-US", "1,234,567.125", "€1,234,567.50"},
		{"de-DE", "1.234.567,125", "1.234.567,50\u00a0€"},
		{"de-CH", "1'234'567.125", "€\u00a01'234'567.50"},
		{"fr-FR", "1\u202f234\u202f567,125", "1\u202f234\u202f567,50\u00a0€"},
		{"hi-IN", "12,34,567.125", "€12,34,567.50"},
	} {
		d := details()
		d.Locale = c.locale
		s := statement(t, madeUp(), d)
		require.Equal(t, c.quantity, s.Quantity(number(t, "1234567.125")), c.locale)
		require.Equal(t, c.money, s.Money(invoice.Money{Amount: number(t, "1234567.5"), Currency: "EUR"}), c.locale)
	}
}

// Whatever the locale does to a number, its digits stay the same.
func TestNoLocaleChangesANumber(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	numbers := []string{"0", "1", "-1", "0.000001", "0.0000001", "-0.0000001", "0.00000010", "-0.000000000000000000000000000000000001", strings.Repeat("9", 37), strings.Repeat("9", 38)}
	for range 200 {
		text := make([]byte, 1+random.IntN(20))
		for i := range text {
			text[i] = '0' + byte(random.IntN(10))
		}
		numbers = append(numbers, "1"+string(text), "0."+string(text), "-1"+string(text)+"."+string(text[:min(len(text), 18)]))
	}
	for _, locale := range []string{"", "en", "de", "de-AT", "de-CH", "fr", "hi", "bn", "ar-EG", "fa", "mr", "my", "ja", "sv", "es-PY", "nl"} {
		d := details()
		d.Locale = locale
		s := statement(t, madeUp(), d)
		for _, text := range numbers {
			n := number(t, text)
			for form, got := range map[string]string{
				"quantity": s.Quantity(n), "price": s.UnitPrice(invoice.Price{PerUnit: n, Currency: "EUR"}),
			} {
				want := digits(n.String())
				if form == "price" {
					_, fraction, _ := strings.Cut(n.String(), ".")
					want += strings.Repeat("0", max(0, 2-len(fraction)))
				}
				require.Equal(t, want, digits(got), "%s in %q: %s", form, locale, got)
				require.Equal(t, n.Sign() < 0, strings.ContainsAny(got, "-\u2212"), "%s in %q: %s", form, locale, got)
			}
		}
	}
}

// digits are the digits of a text, of whatever script, as 0 to 9.
func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsDigit(r) {
			return -1
		}
		zero := r
		for unicode.IsDigit(zero-1) && r-zero < 9 {
			zero--
		}
		return '0' + r - zero
	}, s)
}

func TestPricesThatCannotBeUsedAreNamed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		prices map[string]invoice.Price
		says   string
	}{
		{"none for a resource that was used", map[string]invoice.Price{"other": price(t, "1", "EUR")}, `none for resource "compute-minutes"`},
		{"no currency", map[string]invoice.Price{"compute-minutes": price(t, "1", "")}, `"" is no currency`},
		{"a currency that is none", map[string]invoice.Price{"compute-minutes": price(t, "1", "EURO")}, `"EURO" is no currency`},
		{"a price of too many digits", map[string]invoice.Price{"compute-minutes": price(t, "0."+strings.Repeat("1", 39), "EUR")}, "more than 38 digits"},
		{"an amount of too many digits", map[string]invoice.Price{"compute-minutes": price(t, strings.Repeat("9", 38), "EUR")}, "more than 38 digits"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := details()
			d.Prices = c.prices
			_, err := invoice.New(madeUp(delta(t, "usage:customer_acme:2026-02-01", "-11")), d)
			require.ErrorIs(t, err, invoice.ErrDetails)
			require.ErrorContains(t, err, "invoice: details: prices: ")
			require.ErrorContains(t, err, c.says)
		})
	}
}

func TestNothingUsedCostsNothing(t *testing.T) {
	t.Parallel()
	d := details()
	d.Prices = map[string]invoice.Price{"compute-minutes": price(t, "1", "EUR")}
	s := statement(t, madeUp(), d)
	require.Len(t, s.Totals, 1)
	require.True(t, s.Totals[0].Amount.IsZero())
	require.Contains(t, textOf(t, s), "Total: 0.00 EUR")
}
