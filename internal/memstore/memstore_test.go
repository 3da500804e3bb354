package memstore_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/internal/memstore"
	"github.com/pacspace/pacspace-go/internal/storetest"
	"github.com/pacspace/pacspace-go/metering"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T) metering.Store { return memstore.New(time.Now) })
}

func TestTheClockDoesNotGoBack(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.February, 3, 12, 0, 0, 0, time.UTC)
	s := memstore.New(func() time.Time { return now })
	first, err := s.Now(t.Context())
	require.NoError(t, err)
	now = now.Add(-2 * time.Hour)
	second, err := s.Now(t.Context())
	require.NoError(t, err)
	require.Equal(t, first, second)
}
