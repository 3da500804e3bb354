package usage_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/usage"
)

func TestReferencesAreReadFromTheRight(t *testing.T) {
	t.Parallel()
	day := usage.NewDate(2026, time.February, 1)
	for _, r := range []usage.Reference{
		{CustomerID: "acme", Day: day},
		{CustomerID: "acme:2026-01-01:late-1", Day: day, Part: 2},
		{CustomerID: "a", Day: day, Late: 1, Part: 2, Again: 3},
	} {
		got, err := usage.ParseReference(r.String())
		require.NoError(t, err)
		require.Equal(t, r, got)
	}
}
