package source

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadFindsWhatEachMethodReaches(t *testing.T) {
	t.Parallel()
	api, err := Read("../../..")
	require.NoError(t, err)
	method := func(name string) Method {
		i := slices.IndexFunc(api.Methods, func(m Method) bool { return m.Name == name })
		require.GreaterOrEqual(t, i, 0, name)
		return api.Methods[i]
	}
	for _, c := range []struct {
		name          string
		direct, calls []string
		key           string
	}{
		{"Balance.Emit", []string{"routeEmit"}, nil, "Reference"},    // through an unexported method
		{"Balance.Deltas", nil, []string{"Balance.DerivePage"}, ""},  // in a function literal
		{"Receipts.Scoped", []string{"routeScopedReceipt"}, nil, ""}, // as an argument
		{"Public.WaitVerified", nil, []string{"Public.Verify"}, ""},  // given to a generic function
		{"Balance.EmitAndWait", nil, []string{"Balance.Emit", "Balance.Wait"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := method(c.name)
			require.Equal(t, c.direct, m.Direct)
			require.Equal(t, c.calls, m.Calls)
			require.Equal(t, c.key, m.Key)
			require.NotEmpty(t, m.Doc)
		})
	}
	require.Empty(t, method(EscapeHatch).Direct)
	var reached []string
	for _, r := range api.Reaches("Balance.ClosePeriod") {
		reached = append(reached, r.Var)
	}
	require.Subset(t, reached, []string{"routeDerive", "routeCheckpoint", "routeVerify"})
	require.False(t, slices.ContainsFunc(api.Methods, func(m Method) bool { return m.Name == "Close" || m.Name == "String" }))
}

func TestPackagesLeavesOtherModulesOut(t *testing.T) {
	t.Parallel()
	packages, err := Packages("../../..")
	require.NoError(t, err)
	require.Contains(t, packages, "../../..")
	require.Contains(t, packages, "../../../proof/sealed")
	for _, p := range packages {
		require.NotContains(t, p, "interop")
		require.NotContains(t, p, "testdata")
	}
}
