package invoice

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/usage"
)

// Why there is no statement, for errors.Is.
var (
	// ErrClosing: the closing cannot be put on a statement. What to do: give the closing as
	// ClosePeriod returned it; the text says which part of it does not hold together.
	ErrClosing = errors.New("invoice: closing")
	// ErrDetails: a field of the details cannot be used. What to do: correct the field that
	// the text names.
	ErrDetails = errors.New("invoice: details")
	// ErrFont: no font has a sign of a name or an address, or a font cannot be read. What to
	// do: give a font that has the sign among the options of the PDF.
	ErrFont = errors.New("invoice: font")
)

// Limits of a statement. What is longer is an error, since an invoice that nobody can read
// or that no invoicing system takes helps nobody.
const (
	MaxLines  = 100_000 // deltas
	MaxText   = 200     // characters of a name, an address line, a number, a resource
	MaxDigits = 38      // digits of a quantity, a price or an amount
	maxLink   = 500     // characters of a link: what a field elsewhere and a QR code hold
	maxLines  = 10      // of an address
	maxPrices = 1_000
)

func closingError(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrClosing, fmt.Sprintf(format, args...))
}

func detailsError(field, format string, args ...any) error {
	return fmt.Errorf("%w: %s: %s", ErrDetails, field, fmt.Sprintf(format, args...))
}

func checkClosing(c *pacspace.Closing) error {
	if c == nil {
		return closingError("there is none; give the result of ClosePeriod")
	}
	if err := usage.ValidateCustomerID(c.Account.CustomerID); err != nil {
		return closingError("customer id: %v", err)
	}
	if err := c.Period.Validate(); err != nil {
		return closingError("period: %v", err)
	}
	if len(c.Lines) > MaxLines {
		return closingError("%d lines; at most %d fit a statement, so send the evidence alone", len(c.Lines), MaxLines)
	}
	own, sum := 0, c.StartingBalance
	for _, l := range c.Lines {
		if l.Carried == nil {
			own++
		}
		if !short(l.Delta.Delta) {
			return closingError("delta %.100q: has more than %d digits; it cannot be shown whole", l.Delta.ReferenceID, MaxDigits)
		}
		sum = sum.Add(l.Delta.Delta)
	}
	if own != c.DeltaCount {
		return closingError("has %d lines and counts %d; lines are not kept in JSON, so call ClosePeriod again", own, c.DeltaCount)
	}
	if !sum.Equal(c.Balance) {
		return closingError("its lines do not add up to its balance; lines are not kept in JSON, so call ClosePeriod again")
	}
	if !short(c.StartingBalance) || !short(c.Balance) {
		return closingError("the balance has more than %d digits; it cannot be shown whole", MaxDigits)
	}
	for field, text := range map[string]string{"resource": c.Account.Resource, "unit": c.Account.Unit, "checkpoint id": c.CheckpointID} {
		if utf8.RuneCountInString(text) > MaxText {
			return closingError("%s: is longer than %d characters", field, MaxText)
		}
	}
	return checkProof(c)
}

// checkProof refuses a link that is not for a browser: it becomes a link in HTML and PDF.
// No error shows the link or the root, since both give access.
func checkProof(c *pacspace.Closing) error {
	if c.ProofRoot == "" {
		if own := c.DeltaCount; own > 0 {
			return closingError("has %d deltas and no proof root; call ClosePeriod again", own)
		}
		return nil
	}
	if _, err := proof.ParseHash(c.ProofRoot); err != nil {
		return closingError("proof root: is not 0x and 64 hexadecimal digits; call ClosePeriod again")
	}
	if c.Proof == nil {
		return nil
	}
	if link := c.Proof.VerifyURL; link != "" {
		u, err := url.Parse(link)
		if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil || !printable(link) {
			return closingError("verify link: is not an http or https address; take Closing.Proof out to go without")
		}
		if len(link) > maxLink {
			return closingError("verify link: is longer than %d characters; take Closing.Proof out to go without", maxLink)
		}
	}
	if code := c.Proof.AccessHint; len(code) > 32 || !printable(code) {
		return closingError("access code: is not at most 32 printable characters; take Closing.Proof out to go without")
	}
	return nil
}

// printable tells whether a text is of visible ASCII only.
func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

func checkDetails(d Details) error {
	switch {
	case d.Issued.IsZero():
		return detailsError("issued", "is missing; give the date of the invoice")
	case d.Issued.Year() < 1 || d.Issued.Year() > 9999:
		return detailsError("issued", "is not in the years 1 to 9999")
	case d.Seller.Name == "":
		return detailsError("seller.name", "is missing; say who the invoice is from")
	}
	if err := checkText("number", d.Number); err != nil {
		return err
	}
	for name, p := range map[string]Party{"seller": d.Seller, "customer": d.Customer} {
		if err := checkText(name+".name", p.Name); err != nil {
			return err
		}
		if len(p.Address) > maxLines {
			return detailsError(name+".address", "has %d lines; at most %d fit", len(p.Address), maxLines)
		}
		for _, line := range p.Address {
			if err := checkText(name+".address", line); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkText refuses what a reader does not see or sees otherwise than it is: control
// characters, and marks that turn the direction of the text around them.
func checkText(field, s string) error {
	switch {
	case !utf8.ValidString(s):
		return detailsError(field, "is not valid UTF-8")
	case utf8.RuneCountInString(s) > MaxText:
		return detailsError(field, "is longer than %d characters", MaxText)
	}
	for _, r := range s {
		if !visible(r) {
			return detailsError(field, "holds %U, which cannot be shown; leave it out", r)
		}
	}
	return nil
}

// clean shows what cannot be shown in a text of the record as U+FFFD.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if visible(r) {
			return r
		}
		return unicode.ReplacementChar
	}, s)
}

// visible tells whether a character is shown as itself: a printing one, a space, or one of
// the two joiners that some scripts are written with.
func visible(r rune) bool {
	const joiner, nonJoiner = '\u200d', '\u200c'
	return unicode.IsPrint(r) || unicode.Is(unicode.Zs, r) || r == joiner || r == nonJoiner
}

// short tells whether a number can be shown whole.
func short(d pacspace.Decimal) bool {
	digits := strings.TrimLeft(d.Abs().String(), "0.")
	whole := strings.NewReplacer(".", "").Replace(d.Abs().String())
	return max(len(digits), len(whole)) <= MaxDigits
}
