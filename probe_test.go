package pacspace_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/sandbox"
)

// probe tries the service while its clock goes on.
func (v *vendor) probe(p pacspace.ProbeParams) (*proof.ProbeResult, error) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.t.Context(), 10*time.Second)
	defer cancel()
	v.clock.Step(time.Second)
	defer v.clock.Step(0)
	return v.Balance.Probe(ctx, p, pacspace.WithPollInterval(time.Millisecond))
}

// sameLabel are the variants that an item's hash cannot tell apart.
func sameLabel(v proof.Variant) []proof.Variant {
	var same []proof.Variant
	for _, of := range proof.Variants() {
		if strings.HasSuffix(string(of), "-nul") == strings.HasSuffix(string(v), "-nul") {
			same = append(same, of)
		}
	}
	return same
}

func TestProbeFindsTheVariant(t *testing.T) {
	t.Parallel()
	for _, variant := range proof.Variants() {
		t.Run(string(variant), func(t *testing.T) {
			t.Parallel()
			v := newVendor(t, sandbox.Scheme(variant))
			result, err := v.probe(pacspace.ProbeParams{})
			require.NoError(t, err)
			require.Equal(t, proof.EnvironmentTest, result.Environment)
			require.Equal(t, sameLabel(variant), result.Item)
			require.Equal(t, []proof.Variant{variant}, result.Batch)
			require.Equal(t, []proof.Variant{variant}, result.Checkpoint)
			require.NotEmpty(t, result.Source)
			require.False(t, result.At.IsZero())

			var file bytes.Buffer
			require.NoError(t, proof.WriteAnchor(&file, result), "it can be kept")
			_, err = proof.ReadAnchor(&file)
			require.NoError(t, err)
		})
	}
}

func TestProbeSaysPerLevelWhatNoVariantReproduces(t *testing.T) {
	t.Parallel()
	hex0x := []proof.Variant{proof.VariantHex0x}
	for _, tc := range []struct {
		name                    string
		choice                  sandbox.Option
		item, batch, checkpoint []proof.Variant
	}{
		{"a scheme of its own at every level", sandbox.UnknownScheme(), nil, nil, nil},
		{"items of its own, whose hashes are then put into trees as usual", sandbox.UnknownScheme(sandbox.LevelItem), nil, hex0x, hex0x},
		{"batches of its own", sandbox.UnknownScheme(sandbox.LevelBatch), sameLabel(proof.VariantHex0x), nil, hex0x},
		{"checkpoints of its own", sandbox.UnknownScheme(sandbox.LevelCheckpoint), sameLabel(proof.VariantHex0x), hex0x, nil},
		{"checkpoints over proof hashes", sandbox.CheckpointOverProofs(), sameLabel(proof.VariantHex0x), hex0x, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			result, err := newVendor(t, tc.choice).probe(pacspace.ProbeParams{})
			require.NoError(t, err)
			require.Equal(t, tc.item, result.Item)
			require.Equal(t, tc.batch, result.Batch)
			require.Equal(t, tc.checkpoint, result.Checkpoint)
		})
	}
}

func TestProbeSeesByWhatChainAndNumbersGo(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name         string
		choices      []sandbox.Option
		chain, index bool
		first        *int64
	}{
		{"a chain by customer and numbers by vendor", nil, true, false, nil},
		{"a chain by vendor", []sandbox.Option{sandbox.ChainPerTenant()}, false, false, nil},
		{"a chain that begins with the zero hash", []sandbox.Option{sandbox.ChainFromZero()}, true, false, nil},
		{"no chain", []sandbox.Option{sandbox.NoChain()}, false, false, nil},
		{"numbers by customer", []sandbox.Option{sandbox.IndexPerCustomer()}, true, true, new(int64(1))},
		{"no numbers", []sandbox.Option{sandbox.IndexMissing()}, true, false, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			result, err := newVendor(t, tc.choices...).probe(pacspace.ProbeParams{})
			require.NoError(t, err)
			require.Equal(t, tc.chain, result.ChainPerAccount)
			require.Equal(t, tc.index, result.IndexPerAccount)
			require.Equal(t, tc.first, result.FirstIndex)
		})
	}
}

// Whatever else the service does where its documents are silent, a probe gives an answer,
// and never one by a variant that is not the service's.
func TestProbeUnderEveryChoice(t *testing.T) {
	t.Parallel()
	for _, choice := range sandbox.Choices() {
		t.Run(choice.Name, func(t *testing.T) {
			t.Parallel()
			result, err := newVendor(t, choice.Option).probe(pacspace.ProbeParams{})
			require.NoError(t, err)
			want := proof.VariantHex0x
			if choice.Name == "Scheme" {
				want = proof.VariantRaw
			}
			if choice.Name == "UnknownScheme" {
				want = ""
			}
			for level, variants := range map[string][]proof.Variant{"batch": result.Batch, "checkpoint": result.Checkpoint} {
				if len(variants) > 0 {
					require.Equal(t, []proof.Variant{want}, variants, level)
				}
			}
			if want != "" {
				require.Equal(t, sameLabel(want), result.Item)
				require.Equal(t, []proof.Variant{want}, result.Batch)
			}
		})
	}
}

// What a probe is for: the same change of a bill is an open question without it, and a
// difference with it.
func TestProbeTurnsAnOpenSchemeIntoADifference(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	probed, err := v.probe(pacspace.ProbeParams{})
	require.NoError(t, err)
	v.clock.Set(february(1).Start())
	for day := 1; day <= 3; day++ {
		v.flush("acme", february(day), "-50")
	}
	v.clock.Set(pacspace.Period("2026-02").RecordingWindow().End)
	closing, err := v.close(pacspace.ClosePeriodParams{CustomerID: "acme", Resource: "compute-minutes", Period: "2026-02", First: true})
	require.NoError(t, err)
	closing.Lines[0], closing.Lines[1] = closing.Lines[1], closing.Lines[0]
	var file bytes.Buffer
	require.NoError(t, closing.WriteEvidence(&file))

	expect := proof.Expect{CustomerID: "acme", Resource: "compute-minutes", Period: "2026-02", Environment: proof.EnvironmentTest}
	report, err := proof.Verify(bytes.NewReader(file.Bytes()), expect)
	require.NoError(t, err)
	require.Equal(t, proof.Incomplete, report.Verdict)
	report, err = proof.Verify(bytes.NewReader(file.Bytes()), expect, probed)
	require.NoError(t, err)
	require.Equal(t, proof.DoesNotMatch, report.Verdict)
	require.Equal(t, proof.CheckRoot, report.First.Check)
}

func TestProbeRefusesALiveKeyUnlessToldOtherwise(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	live, err := pacspace.New(v.box.Sandbox.Key(sandbox.Live), pacspace.WithBaseURL(v.box.URL), pacspace.WithClock(v.clock.Now))
	require.NoError(t, err)
	v.Client = live
	_, err = v.probe(pacspace.ProbeParams{})
	param, ok := errors.AsType[*pacspace.ParamError](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, "apiKey", param.Field)

	result, err := v.probe(pacspace.ProbeParams{LiveUnsafe: true})
	require.NoError(t, err)
	require.Equal(t, proof.EnvironmentLive, result.Environment)

	_, err = v.Balance.Probe(t.Context(), pacspace.ProbeParams{LiveUnsafe: true}, pacspace.WithIdempotencyKey("k"))
	param, ok = errors.AsType[*pacspace.ParamError](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, "idempotencyKey", param.Field)
}

func TestProbeEndsWithTheServicesError(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	v.box.FailDeltas(func(d sandbox.Recorded) (string, bool) { return "broken", strings.HasSuffix(d.ReferenceID, ":3") })
	_, err := v.probe(pacspace.ProbeParams{})
	require.ErrorContains(t, err, "is FAILED now; probe again")
	require.NotContains(t, err.Error(), "\n")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = v.Balance.Probe(ctx, pacspace.ProbeParams{})
	require.ErrorIs(t, err, context.Canceled)
}
