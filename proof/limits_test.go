package proof

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/usage"
)

// The limits that are not the evidence file's own: TestLimitsHoldAtTheLimitAndNotPastIt has
// those, the ledger's tests the two of references.

func TestAnAnchorFileHoldsAtItsLimitAndNotPastIt(t *testing.T) {
	t.Parallel()
	var file bytes.Buffer
	require.NoError(t, WriteAnchor(&file, InvoiceRoot{Root: Hash{1}}))
	padded := func(size int) io.Reader {
		room := io.LimitReader(&endless{text: strings.Repeat(" ", 1024)}, int64(size-file.Len()))
		return io.MultiReader(room, bytes.NewReader(file.Bytes()))
	}
	got, err := ReadAnchor(padded(maxAnchorBytes))
	require.NoError(t, err, "at the limit")
	require.Equal(t, InvoiceRoot{Root: Hash{1}}, got)
	_, err = ReadAnchor(padded(maxAnchorBytes + 1))
	require.ErrorIs(t, err, ErrLimit, "one past it")
}

func TestNoAnchorIsWrittenThatIsTooLongToRead(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", MaxTextBytes-20)
	list := func(lengths int, last string) OwnDeltas {
		var own OwnDeltas
		for i := range lengths {
			own.Items = append(own.Items, Item{ReferenceID: fmt.Sprintf("%020d", i) + long})
		}
		own.Items = append(own.Items, Item{ReferenceID: last})
		return own
	}
	size := func(own OwnDeltas) int {
		var file bytes.Buffer
		require.NoError(t, WriteAnchor(&file, own))
		return file.Len()
	}
	least := size(list(0, "y"))
	each := size(list(1, "y")) - least
	n := (maxAnchorBytes - least) / each
	last := strings.Repeat("y", 1+maxAnchorBytes-least-n*each)
	require.Equal(t, maxAnchorBytes, size(list(n, last)), "at the limit")
	err := WriteAnchor(io.Discard, list(n, last+"y"))
	require.ErrorIs(t, err, ErrLimit, "one past it")
	require.ErrorIs(t, err, ErrAnchor)
}

func TestAVerificationTakesALimitedNumberOfAnchors(t *testing.T) {
	t.Parallel()
	b := february(t, 2)
	anchors := slices.Repeat([]Anchor{b.record()}, maxAnchors)
	require.Equal(t, Verified, verify(t, b.write(t), buyer(), anchors...).Verdict, "at the limit")
	_, err := Verify(bytes.NewReader(b.write(t)), buyer(), append(anchors, b.record())...)
	require.ErrorIs(t, err, ErrLimit, "one past it")
	require.ErrorIs(t, err, ErrAnchor)
}

func TestDuplicatesAreLookedForUpToTheStatedNumber(t *testing.T) {
	t.Parallel()
	v, err := newVerification(february(t, 1).header, buyer(), known{})
	require.NoError(t, err)
	require.Equal(t, maxReferences, v.ledger.limit)
}

// Late usage is listed up to a limit and counted beyond it.
func TestLateUsageIsCountedPastTheListedOnes(t *testing.T) {
	t.Parallel()
	for _, n := range []int{maxLate, maxLate + 1} {
		b := february(t, 1)
		day := month.First().AddDays(-1)
		for i := range n {
			item := b.lines[0].Item
			item.ReferenceID = usage.Reference{CustomerID: acme, Day: day, Part: i + 2}.String()
			b.add(t, item, day.End())
		}
		b.seal(t)
		report := verify(t, b.write(t), buyer(), b.record())
		require.Equal(t, n, report.LateCount)
		require.Len(t, report.Late, maxLate)
		require.Equal(t, n > maxLate, strings.Contains(report.Text(), "  late: 1 more\n"))
	}
}
