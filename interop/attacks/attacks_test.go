package attacks

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/interop/internal/forge"
	"github.com/pacspace/pacspace-go/proof"
)

func TestAttacks(t *testing.T) {
	t.Parallel()
	for _, a := range All() {
		t.Run(a.ID, func(t *testing.T) {
			t.Parallel()
			got, report, err := a.Verify()
			if report == nil {
				require.Error(t, err)
				require.NotContains(t, err.Error(), "\n")
			}
			require.Equal(t, a.Want, got, "%s\n%v\n%v", a.How, err, report)
		})
	}
}

// Whatever an attacker does, the report of what is verified claims no completeness that
// only he states.
func TestNoAttackShowsCompleteness(t *testing.T) {
	t.Parallel()
	for _, a := range All() {
		_, report, _ := a.Verify()
		if report != nil {
			require.NotEqual(t, proof.CompleteByOwn, report.Completeness, a.ID)
		}
	}
}

// Each check is needed: some attack is noticed by that check alone, so that a verifier
// without it would give a better verdict.
func TestEachCheckIsNeeded(t *testing.T) {
	t.Parallel()
	honest := forge.Month(forge.February, days, proof.VariantHex0x)
	c := forge.Case{Expect: forge.Buyer(), Anchors: []forge.M{honest.Record()}, Bytes: honest.Bytes()}
	got, report, err := c.Verify()
	require.NoError(t, err)
	require.Equal(t, forge.Verified(), got)

	alone, refused := map[string][]string{}, 0
	for _, a := range All() {
		_, report, err := a.Verify()
		if err != nil {
			refused++
			continue
		}
		if objections := forge.Objections(report); len(objections) == 1 {
			alone[objections[0]] = append(alone[objections[0]], a.ID)
		}
	}
	for _, check := range report.Checks {
		if check.Name == proof.CheckFormat {
			require.NotZero(t, refused, "a malformed file is refused before any check")
			continue
		}
		require.NotEmpty(t, alone[check.Name], "no attack is noticed by the check %q alone", check.Name)
	}
}

func TestTheListIsWhole(t *testing.T) {
	t.Parallel()
	all := All()
	require.GreaterOrEqual(t, len(all), 60)
	seen, by := map[string]bool{}, map[string]int{}
	for _, a := range all {
		require.False(t, seen[a.ID], "%s stands there twice", a.ID)
		seen[a.ID] = true
		by[a.Attacker]++
		require.NotEmpty(t, a.Controls, a.ID)
		require.NotEmpty(t, a.How, a.ID)
	}
	for _, who := range []string{vendor, buyer, middleman, service} {
		require.NotZero(t, by[who], who)
	}
	require.Equal(t, all, All(), "the attacks are the same each time")
}

func TestTheIndexHoldsEveryAttack(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	all := All()
	require.NoError(t, forge.Write(folder, all, func(a *Attack) *forge.Case { return &a.Case }))
	text, err := os.ReadFile(filepath.Join(folder, "index.jsonl"))
	require.NoError(t, err)
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	require.Len(t, lines, len(all))
	for i, line := range lines {
		var entry Attack
		require.NoError(t, json.Unmarshal(line, &entry))
		entry.Bytes, err = os.ReadFile(filepath.Join(folder, entry.File))
		require.NoError(t, err)
		require.Equal(t, all[i].Want, entry.Want)
		got, _, _ := entry.Verify()
		require.Equal(t, entry.Want, got, "%s as it is read back", entry.ID)
	}
	text, err = os.ReadFile(filepath.Join(folder, "index.json"))
	require.NoError(t, err)
	var array []Attack
	require.NoError(t, json.Unmarshal(text, &array))
	require.Len(t, array, len(all))
}
