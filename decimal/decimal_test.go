package decimal

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParsePrintsTheCanonicalText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"0": "0", "-0": "0", "0.000": "0", "1": "1", "-12.50": "-12.5", "1e3": "1000", "1.5e-3": "0.0015",
		"100": "100", "0e99999999999": "0", "12345678901234567890.10": "12345678901234567890.1",
	} {
		d, err := Parse(text)
		require.NoError(t, err, text)
		require.Equal(t, want, d.String(), text)
	}
}
