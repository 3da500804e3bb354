package sqlstore_test

import (
	"testing"

	"github.com/pacspace/pacspace-go/internal/storetest"
	"github.com/pacspace/pacspace-go/metering"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b backend) {
		storetest.Run(t, func(t *testing.T) metering.Store { return newStore(t, b) })
	})
}
