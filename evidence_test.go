package pacspace_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/sandbox"
)

// The buyer's verdict on a closed February under each behaviour of the service that the
// API's documents leave open. Nothing is ever said to differ that does not.
func TestEvidenceOfAClosedPeriod(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		options []sandbox.Option
		unsent  bool // ClosePeriod is not given what was sent
		want    proof.Verdict
	}{
		{"as documented", nil, false, proof.Verified},
		{"as documented, from the service's rows alone", nil, true, proof.Incomplete},
		{"rows that carry metadata, from them alone", []sandbox.Option{sandbox.RowsWithMetadata()}, true, proof.Verified},
		{"rows without hashes", []sandbox.Option{sandbox.RowsWithoutHashes()}, false, proof.Verified},
		{"nodes over bare hex", []sandbox.Option{sandbox.Scheme(proof.VariantHex)}, false, proof.Verified},
		{"nodes over raw bytes", []sandbox.Option{sandbox.Scheme(proof.VariantRaw)}, false, proof.Verified},
		{"labels with a zero byte", []sandbox.Option{sandbox.Scheme(proof.VariantRawNul)}, false, proof.Verified},
		{"hashes that nobody can reproduce", []sandbox.Option{sandbox.UnknownScheme()}, false, proof.Incomplete},
		{"a checkpoint over proof hashes", []sandbox.Option{sandbox.CheckpointOverProofs()}, false, proof.Verified},
		{"a chain per tenant", []sandbox.Option{sandbox.ChainPerTenant()}, false, proof.Verified},
		{"a record without a count", []sandbox.Option{sandbox.RecordWithoutCount()}, false, proof.Consistent},
		{"a record without a net change", []sandbox.Option{sandbox.RecordWithoutNetChange()}, false, proof.Consistent},
		{"exact sums", []sandbox.Option{sandbox.ExactSums()}, false, proof.Verified},
		{"an enveloped record", []sandbox.Option{sandbox.VerifyEnveloped()}, false, proof.Verified},
		{"the names of old", []sandbox.Option{sandbox.LegacyNames()}, false, proof.Verified},
		{"no envelopes", []sandbox.Option{sandbox.DirectPayloads()}, false, proof.Verified},
		{"permanent links", []sandbox.Option{sandbox.Permalinks()}, false, proof.Verified},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			v := newVendor(t, c.options...)
			for day := range 28 {
				v.flush("other", february(1+day), "-3")
				v.flush("acme", february(1+day), "-0.1")
			}
			if c.unsent {
				v.sent = nil
			}
			v.clock.Set(time.Date(2026, time.March, 2, 0, 0, 0, 0, time.UTC))
			closing, err := v.close(closeFebruary())
			require.NoError(t, err)
			require.Equal(t, "-2.8", closing.Balance.String())

			report := v.check(closing)
			require.Equal(t, c.want, report.Verdict, report.Text())
		})
	}
}

// check is the buyer's: the evidence, his expectations and the public record.
func (v *vendor) check(c *pacspace.Closing) *proof.Report {
	v.t.Helper()
	var file bytes.Buffer
	require.NoError(v.t, c.WriteEvidence(&file))
	public, err := pacspace.NewPublic(pacspace.WithBaseURL(v.box.URL), pacspace.WithEnvironment(pacspace.EnvironmentTest))
	require.NoError(v.t, err)
	anchor, err := public.Anchor(v.t.Context(), c.ProofRoot)
	require.NoError(v.t, err)
	report, err := proof.Verify(&file, proof.Expect{
		CustomerID: "acme", Resource: "compute-minutes", Period: c.Period, Environment: proof.EnvironmentTest,
	}, anchor)
	require.NoError(v.t, err)
	return report
}

// Nobody sent anything but plain deltas: without metadata the rows tell all that was
// hashed, and the hashes show that they do.
func TestEvidenceOfDeltasWithoutMetadataNeedsNoSubmissions(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	p := daily(t, "acme", february(1), "-5")
	p.Metadata = nil
	v.clock.Set(february(2).Start())
	_, err := v.Balance.Emit(t.Context(), p)
	require.NoError(t, err)
	v.clock.Set(time.Date(2026, time.March, 2, 0, 0, 0, 0, time.UTC))
	params := closeFebruary()
	params.Resource, params.Unit = "", ""
	closing, err := v.close(params)
	require.NoError(t, err)
	var file bytes.Buffer
	require.NoError(t, closing.WriteEvidence(&file))
	report, err := proof.Verify(&file, proof.Expect{CustomerID: "acme", Period: "2026-02", Environment: proof.EnvironmentTest})
	require.NoError(t, err)
	require.Equal(t, proof.Consistent, report.Verdict, report.Text())
}

func TestEvidenceNeedsAHashOrTheDeltaItself(t *testing.T) {
	t.Parallel()
	v := newVendor(t, sandbox.RowsWithoutHashes())
	v.flush("acme", february(1), "-5")
	v.sent = nil
	v.clock.Set(time.Date(2026, time.March, 2, 0, 0, 0, 0, time.UTC))
	closing, err := v.close(closeFebruary())
	require.NoError(t, err)
	err = closing.WriteEvidence(&bytes.Buffer{})
	require.ErrorIs(t, err, proof.ErrWriter)
	require.ErrorContains(t, err, "contentHash")
}

func TestACarriedDeltaIsOnTheNextEvidence(t *testing.T) {
	t.Parallel()
	v := newVendor(t, sandbox.Delays(time.Hour, 100*time.Hour))
	v.flush("acme", february(1), "-50")
	v.flush("acme", february(28), "-8")
	v.clock.Set(time.Date(2026, time.March, 2, 1, 0, 0, 0, time.UTC))
	feb, err := v.closeSlowly(closeFebruary())
	require.NoError(t, err)
	v.flush("acme", pacspace.NewDate(2026, time.March, 1), "-3")
	v.clock.Set(time.Date(2026, time.April, 20, 1, 0, 0, 0, time.UTC))
	march := closeFebruary()
	march.Period, march.Previous, march.First = "2026-03", feb, false
	closing, err := v.closeSlowly(march)
	require.NoError(t, err)

	report := v.check(closing)
	require.Equal(t, proof.Consistent, report.Verdict, report.Text())
	require.Contains(t, report.Text(), "carried")
}

func TestSaveEvidenceLeavesAWholeFileOrNone(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	v.flush("acme", february(1), "-50")
	v.clock.Set(time.Date(2026, time.March, 2, 1, 0, 0, 0, time.UTC))
	closing, err := v.close(closeFebruary())
	require.NoError(t, err)
	dir := t.TempDir()
	path := filepath.Join(dir, "acme.jsonl")
	require.NoError(t, closing.SaveEvidence(path))
	var whole bytes.Buffer
	require.NoError(t, closing.WriteEvidence(&whole))
	saved, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, whole.String(), string(saved))

	t.Run("a closing that cannot be written leaves the older file", func(t *testing.T) {
		broken := *closing
		broken.ProofRoot = "0x12"
		require.Error(t, broken.SaveEvidence(path))
		again, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, saved, again)
	})
	t.Run("a closing read back from JSON has no lines", func(t *testing.T) {
		empty := *closing
		empty.Lines = nil
		require.ErrorIs(t, empty.SaveEvidence(path), pacspace.ErrNoEvidence)
	})
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, files, 1)
	require.Error(t, closing.SaveEvidence(filepath.Join(dir, "missing", "acme.jsonl")))
}
