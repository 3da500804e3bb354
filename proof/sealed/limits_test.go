package sealed

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Each limit of the package, at the limit and one past it. TestLimits has the others, whose
// limit depends on the form of a text.
func TestLimitsHoldAtTheLimitAndNotPastIt(t *testing.T) {
	t.Parallel()
	r := sealRecord(t, V2)
	history := r.historyText(t)
	disclosure := r.disclose(t, map[int][]string{0: nil})
	padded := func(text []byte, size int) []byte {
		return append(bytes.Repeat([]byte{' '}, size-len(text)), text...)
	}
	ascending := func(n int) []Hash {
		hashes := make([]Hash, n)
		for i := range hashes {
			binary.BigEndian.PutUint32(hashes[i][:], uint32(i))
		}
		return hashes
	}
	members := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `,"m%d":0`, i)
		}
		return "{" + b.String()[1:] + "}"
	}
	refusal := func(r *Result, code Code) error {
		if r.Code == code {
			return errors.New(string(code))
		}
		return nil
	}
	for _, tc := range []struct {
		name  string
		limit int
		past  string
		read  func(n int) error
	}{
		{"the leaves of a record hash v2", MaxLeaves, "65535", func(n int) error { _, err := RecordHashV2(ascending(n)); return err }},
		{"the items of a record hash v3", MaxLeaves, "65535", func(n int) error {
			items := make([]Item, n)
			for i, tag := range ascending(n) {
				items[i] = Item{Tag: tag, Slot: slotWhole}
			}
			_, err := RecordHashV3(items)
			return err
		}},
		{"the members of a content", MaxLeaves, "65535", func(n int) error { _, err := Leaves([]byte(members(n))); return err }},
		{"the elements of a list in a content", MaxLeaves, "65535", func(n int) error {
			_, err := Leaves([]byte(`{"list":[0` + strings.Repeat(",0", n-1) + `]}`))
			return err
		}},
		{"the bytes of a disclosure", maxTextBytes, string(CodeTooLarge), func(n int) error {
			return refusal(VerifyDisclosure(history, padded(disclosure, n)), CodeTooLarge)
		}},
		{"the bytes of a history", MaxHistoryBytes, string(CodeMalformed), func(n int) error {
			return refusal(VerifyDisclosure(padded(history, n), disclosure), CodeMalformed)
		}},
		{"the levels of a file", maxDepth, "nested more than 900", func(n int) error {
			_, err := parse([]byte(strings.Repeat("[", n)+strings.Repeat("]", n)), "file", maxTextBytes, maxDepth)
			return err
		}},
		{"the hashes of a Merkle path", maxProof, string(CodeMalformed), func(n int) error {
			text := edit(t, history, false, func(m map[string]any) { entryOf(m, 0)["merkleProof"] = ascending(n) })
			return refusal(VerifyDisclosure(text, disclosure), CodeMalformed)
		}},
		{"the characters of an envelope", maxEnvelope, "large", func(n int) error {
			_, err := OpenEnvelope(strings.Repeat("A", n), "h", NewLinkKey())
			if refused, ok := errors.AsType[*Refusal](err); ok && refused.Code != CodeEnvelopeTooLarge {
				return nil // these are not an envelope, and were read
			}
			return err
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			require.NoError(t, tc.read(tc.limit), "at the limit")
			require.ErrorContains(t, tc.read(tc.limit+1), tc.past, "one past it")
		})
	}
}
