package metering

import (
	"strings"
	"unicode"
)

// Bounds of what the service says and a store keeps, in bytes.
const (
	maxCode       = 128
	maxStoredNote = 2048
	maxServiceID  = 512
)

// plain is a text of the service as every database takes it: a note that cannot be stored
// would keep the answer that it belongs to from being stored.
func plain(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "")
	}
	return s
}

// adopt keeps the ids that the service gave, where it gave some. What no index takes is
// none.
func (d *OutboxDelta) adopt(it item) {
	for to, from := range map[*string]string{&d.RecordID: it.recordID, &d.ReceiptID: it.receiptID, &d.ContentHash: it.contentHash} {
		if from != "" && len(from) <= maxServiceID && printable(from) {
			*to = from
		}
	}
}
