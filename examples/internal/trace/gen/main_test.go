package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/examples/internal/trace"
)

// The trace in the repository is the one that this program makes.
func TestTheTraceIsWhatIsGenerated(t *testing.T) {
	t.Parallel()
	require.Equal(t, string(trace.CSV()), string(generate()), "run: go generate ./internal/trace")
}
