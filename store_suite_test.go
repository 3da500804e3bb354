package pacspace_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/reconcile"
)

// A method of a store that its suite does not call could do anything.
func TestEachMethodOfAStoreIsCalledByTheSuiteOfAllStores(t *testing.T) {
	t.Parallel()
	for suite, types := range map[string][]reflect.Type{
		"internal/storetest": {reflect.TypeFor[metering.Store](), reflect.TypeFor[metering.Tx]()},
		"internal/agenttest": {reflect.TypeFor[reconcile.Store](), reflect.TypeFor[reconcile.Tx]()},
	} {
		files, err := filepath.Glob(filepath.Join(filepath.FromSlash(suite), "*.go"))
		require.NoError(t, err)
		var text strings.Builder
		for _, file := range files {
			b, err := os.ReadFile(file)
			require.NoError(t, err)
			text.Write(b)
		}
		for _, typ := range types {
			receiver := map[string]string{"Store": "s.", "Tx": "tx."}[typ.Name()]
			for m := range typ.Methods() {
				require.Contains(t, text.String(), receiver+m.Name+"(", "%s calls no %v.%s", suite, typ, m.Name)
			}
		}
	}
}
