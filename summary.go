package pacspace

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/pacspace/pacspace-go/internal/jsonview"
)

// SummaryReference is the referenceId that the official Python SDK gives by itself to the
// summary of a customer's usage of a window: "sum_" and 48 hex digits. A fleet in which
// Go and Python programs submit the same summaries so names each of them once. For new
// programs prefer [DailyReference], which people can read.
//
// customerID is any text with something in it, white space around it cut off as there;
// whether the service takes it is checked when it is sent. delta must not be zero. It
// stands in the name as the nearest binary64, which is what Python computes in, so two
// amounts beyond its 15 to 17 digits can share a name; [BalanceService.Emit] sends
// neither. window goes in with microseconds, further digits cut off, and must still end
// after it starts; its years in UTC are 1 to 9999. Errors match [ErrInvalid].
//
// Source: API contract, section 2.3.
func SummaryReference(customerID string, delta Decimal, window Window) (string, error) {
	customerID = strings.TrimFunc(customerID, isPythonSpace)
	switch {
	case customerID == "":
		return "", &ParamError{Field: "customerId", Rule: "must not be empty"}
	case !utf8.ValidString(customerID):
		return "", &ParamError{Field: "customerId", Rule: "must be valid UTF-8"}
	}
	amount, err := strconv.ParseFloat(delta.String(), 64)
	if err != nil || amount == 0 {
		return "", &ParamError{Field: "delta", Rule: "must not be zero and must be within the range of binary64"}
	}
	window.Start, window.End = window.Start.Truncate(time.Microsecond), window.End.Truncate(time.Microsecond)
	if err := window.Validate(); err != nil {
		return "", paramError("window", err)
	}
	start, end := window.Start.UTC(), window.End.UTC()
	if start.Year() < 1 || end.Year() > 9999 {
		return "", &ParamError{Field: "window", Rule: "must be within the years 1 to 9999 in UTC"}
	}
	hashed := make([]byte, 0, 192)
	hashed = append(hashed, `{"customerId":`...)
	hashed = appendPythonString(hashed, customerID)
	hashed = append(hashed, `,"delta":`...)
	hashed = append(hashed, jsonview.PythonFloat(amount)...)
	hashed = append(hashed, `,"windowEnd":"`...)
	hashed = append(hashed, pythonTime(end)...)
	hashed = append(hashed, `","windowStart":"`...)
	hashed = append(hashed, pythonTime(start)...)
	hashed = append(hashed, `"}`...)
	sum := sha256.Sum256(hashed)
	return "sum_" + hex.EncodeToString(sum[:summaryDigest]), nil
}

// summaryDigest is how much of the hash is kept, in bytes.
const summaryDigest = 24

// isPythonSpace is what Python's str.strip cuts off: Unicode's white space and four
// separators of ASCII.
func isPythonSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }

// appendPythonString writes a string as Python's json.dumps does, in ASCII alone.
func appendPythonString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r >= ' ' && r <= '~':
			dst = append(dst, byte(r))
		case r == '\n':
			dst = append(dst, `\n`...)
		case r == '\r':
			dst = append(dst, `\r`...)
		case r == '\t':
			dst = append(dst, `\t`...)
		case r == '\b':
			dst = append(dst, `\b`...)
		case r == '\f':
			dst = append(dst, `\f`...)
		case r >= 0x10000:
			r -= 0x10000
			dst = fmt.Appendf(dst, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			dst = fmt.Appendf(dst, `\u%04x`, r)
		}
	}
	return append(dst, '"')
}

// pythonTime writes an instant in UTC as Python's isoformat does: six digits behind the
// second, or none.
func pythonTime(t time.Time) string {
	if t.Nanosecond() == 0 {
		return t.Format("2006-01-02T15:04:05Z")
	}
	return t.Format("2006-01-02T15:04:05.000000Z")
}
