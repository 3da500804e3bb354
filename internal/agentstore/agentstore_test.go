package agentstore_test

import (
	"testing"
	"time"

	"github.com/pacspace/pacspace-go/internal/agentstore"
	"github.com/pacspace/pacspace-go/internal/agenttest"
	"github.com/pacspace/pacspace-go/reconcile"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	agenttest.Run(t, func(*testing.T) reconcile.Store { return agentstore.New(time.Now) })
}
