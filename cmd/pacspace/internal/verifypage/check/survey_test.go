package check_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/cmd/pacspace/internal/verifypage/check"
	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/usage"
)

func TestLookDrawsTheBalance(t *testing.T) {
	t.Parallel()
	t.Run("a few deltas have a point each", func(t *testing.T) {
		t.Parallel()
		v := look(t, evidence(t, 3, nil))
		require.True(t, v.Timed)
		require.Len(t, v.Points, 4)
		require.Equal(t, check.Point{Balance: "0", Low: "0", High: "0"}, v.Points[0])
		require.Equal(t, "-15", v.Points[3].Balance)
		require.Equal(t, "2026-02-03", v.Points[3].Day)
	})
	t.Run("many share their points, with the lowest and the highest balance between", func(t *testing.T) {
		t.Parallel()
		v := look(t, evidence(t, 1000, func(number int, l *proof.Line) {
			if number == 502 {
				l.Item.Delta = decimal.New(900)
			}
		}))
		require.Equal(t, 1000, v.Points[len(v.Points)-1].Number)
		require.LessOrEqual(t, len(v.Points), 241)
		require.Equal(t, check.Point{
			Number: 505, Day: v.Points[101].Day, At: v.Points[101].At, Balance: "-1620", Low: "-2505", High: "-1605",
		}, v.Points[101])
	})
	t.Run("times that go back make no picture over time", func(t *testing.T) {
		t.Parallel()
		require.False(t, look(t, evidence(t, 3, func(number int, l *proof.Line) {
			if number == 3 {
				l.VerifiedAt = l.VerifiedAt.Add(-50 * time.Hour)
			}
		})).Timed)
	})
	t.Run("no deltas are no picture", func(t *testing.T) {
		t.Parallel()
		require.False(t, look(t, evidence(t, 0, nil)).Timed)
	})
	t.Run("what has no report cannot be drawn", func(t *testing.T) {
		t.Parallel()
		_, err := check.Look(source{}, nil)
		require.Error(t, err)
	})
}

func TestEachPathReachesTheRoot(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 9; n++ {
		m := evidence(t, n, nil)
		v := look(t, m)
		for number := 1; number <= n; number++ {
			p, err := v.Path(fmt.Sprint(number))
			require.NoError(t, err)
			require.True(t, p.Reaches, "delta %d of %d", number, n)
			require.Equal(t, check.Reproduced, p.Origin)
			require.Equal(t, m.root, p.Root)
			top := p.Leaf
			if len(p.Steps) > 0 {
				top = p.Steps[len(p.Steps)-1].Node
			}
			require.Equal(t, m.root, top, "delta %d of %d", number, n)
		}
	}
}

func TestAPathSaysWhatItsLeafIs(t *testing.T) {
	t.Parallel()
	january := usage.Period("2026-01").RecordingWindow()
	v := look(t, evidence(t, 6, func(number int, l *proof.Line) {
		switch number {
		case 1:
			l.Carried = &january
		case 2:
			l.Item.Delta = decimal.New(-6)
		case 3:
			l.ContentHash = proof.Hash{}
		case 4:
			l.Item.Metadata, l.Sources.Metadata = nil, proof.SourceUnknown
		}
	}))
	for number, want := range map[int]check.Origin{1: "", 2: check.Differing, 3: check.Unstated, 4: check.PartlyKnown, 5: check.Reproduced} {
		p, err := v.Path(fmt.Sprint(number))
		require.NoError(t, err)
		require.Equal(t, want, p.Origin, "delta %d", number)
		require.Equal(t, number == 1, p.Carried)
		require.Equal(t, number != 1, p.Reaches, "each stands under the root by its hash")
	}
}

func TestADeltaIsChosenByNumberOrReference(t *testing.T) {
	t.Parallel()
	v := look(t, evidence(t, 3, nil))
	p, err := v.Path(" usage:customer_acme:2026-02-02 ")
	require.NoError(t, err)
	require.Equal(t, 2, p.Number)
	require.Equal(t, "-5", p.Delta)
	for _, choice := range []string{"", "0", "4", "-1", "usage:customer_acme:2026-02-04"} {
		_, err := v.Path(choice)
		require.Error(t, err, choice)
	}
}
