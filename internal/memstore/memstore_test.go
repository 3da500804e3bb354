package memstore_test

import (
	"testing"
	"time"

	"github.com/pacspace/pacspace-go/internal/memstore"
	"github.com/pacspace/pacspace-go/internal/storetest"
	"github.com/pacspace/pacspace-go/metering"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T) metering.Store { return memstore.New(time.Now) })
}
