package sealed

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	wholeMember = -1    // the index of a pointer that names a member and no element of it
	maxIndexV2  = 99999 // five digits
	maxIndexV3  = 65534 // 65535 as a slot stands for the whole member
)

// A pointer names one leaf: "/name" a member, "/name/3" an element of a member that is a
// list. "~" and "/" in a name are written "~0" and "~1"; an index has no leading zero.

var (
	escaper   = strings.NewReplacer("~", "~0", "/", "~1")
	unescaper = strings.NewReplacer("~1", "/", "~0", "~") // one pass, so "~01" is "~1"
)

// pointerTo returns the pointer to a member, or to an element of it.
func pointerTo(name string, index int) string {
	pointer := "/" + escaper.Replace(name)
	if index == wholeMember {
		return pointer
	}
	return pointer + "/" + strconv.Itoa(index)
}

// splitPointer returns the member's name and the element's index, or false where the
// pointer is not in its one canonical form or its index passes the version's limit.
func splitPointer(pointer string, v Version) (name string, index int, ok bool) {
	if !strings.HasPrefix(pointer, "/") || !utf8.ValidString(pointer) {
		return "", 0, false
	}
	segment, digits, hasIndex := strings.Cut(pointer[1:], "/")
	if !canonicalSegment(segment) {
		return "", 0, false
	}
	name = unescaper.Replace(segment)
	if !hasIndex {
		return name, wholeMember, true
	}
	limit := maxIndexV2
	if v == V3 {
		limit = maxIndexV3
	}
	index, ok = parseIndex(digits)
	return name, index, ok && index <= limit
}

// quoted shows a pointer, which may be anything and as long as a file, in an error.
func quoted(pointer string) string {
	const limit = 80
	if len(pointer) > limit {
		return strconv.QuoteToASCII(pointer[:limit]) + "..."
	}
	return strconv.QuoteToASCII(pointer)
}

// canonicalSegment reports whether every "~" begins an escape.
func canonicalSegment(segment string) bool {
	for i := 0; i < len(segment); i++ {
		if segment[i] != '~' {
			continue
		}
		if i++; i == len(segment) || segment[i] != '0' && segment[i] != '1' {
			return false
		}
	}
	return true
}

// parseIndex reads 1 to 5 digits without a leading zero.
func parseIndex(digits string) (int, bool) {
	if len(digits) == 0 || len(digits) > 5 || len(digits) > 1 && digits[0] == '0' {
		return 0, false
	}
	index := 0
	for _, c := range []byte(digits) {
		if c < '0' || c > '9' {
			return 0, false
		}
		index = 10*index + int(c-'0')
	}
	return index, true
}
