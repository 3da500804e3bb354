package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheAgentFindsTheOneRecordThatIsMissing(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out))
	text := out.String()
	require.Equal(t, 1, strings.Count(text, "ALERT"), text)
	require.Contains(t, text, "ALERT (open)  books: customer_cedar, 2026-02: expected ")
	require.Contains(t, text, "first: 2026-02-14 differs as a day")
	require.Contains(t, text, "agent of 2026-02: 4 matched, 0 pending, 1 differ")
	require.Contains(t, text, "audit of 2026-02: 4 matched, 0 pending, 1 differ")
	require.True(t, strings.HasSuffix(text, "The one alert: customer_cedar, 2026-02-14 differs as a day, expected -55.2, found -88\nAgent and audit agree; all other customers match.\n"))

	var again bytes.Buffer
	require.NoError(t, run(t.Context(), &again))
	require.Equal(t, text, again.String(), "the same each time")
}

// An alert that nobody saw is no alert.
func TestItFailsWhereItCannotTell(t *testing.T) {
	t.Parallel()
	require.ErrorIs(t, run(t.Context(), broken{}), errConclusion)
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("the screen is off") }
