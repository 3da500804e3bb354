package docshell

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/interop/internal/modules"
	"github.com/pacspace/pacspace-go/sandbox"
)

// shell runs scripts with the command pacspace in its path.
type shell struct{ path string }

func newShell(t *testing.T) shell {
	t.Helper()
	for _, tool := range []string{"bash", "git"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("PACSPACE_INTEROP") == "required" {
				t.Fatalf("PACSPACE_INTEROP=required, and there is no %s: %v", tool, err)
			}
			t.Skipf("there is no %s: %v", tool, err)
		}
	}
	bin := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "./cmd/pacspace")
	build.Dir = root
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return shell{bin + string(os.PathListSeparator) + os.Getenv("PATH")}
}

// run runs a script that must succeed, in a folder and with further variables, and returns
// what it printed.
func (s shell) run(t *testing.T, dir, script string, env ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), append([]string{"PATH=" + s.path, "PACSPACE_API_KEY=", "PACSPACE_BASE_URL="}, env...)...)
	cmd.WaitDelay = 10 * time.Second // where something in the background outlives the script
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s\n%s", script, out)
	return string(out)
}

// invoice runs the example, whose files go elsewhere than to the reader's folder.
func invoice(t *testing.T, s shell, blocks []string) {
	out := t.TempDir()
	s.run(t, root, strings.TrimSpace(blocks[0])+" -out "+out)
	pdf, err := filepath.Glob(filepath.Join(out, "*.pdf"))
	require.NoError(t, err)
	require.NotEmpty(t, pdf)
}

// month is the vendor's terminal beside one with a sandbox, at any free port.
func month(t *testing.T, s shell, blocks []string) {
	sandbox, rest := strings.TrimSpace(blocks[0]), blocks[1]
	out := s.run(t, t.TempDir(), sandbox+` --address localhost:0 >sandbox.txt 2>&1 &
trap "kill $!; wait $! || true" EXIT
for _ in $(seq 200); do [ -s sandbox.env ] && break; sleep 0.1; done
`+rest)
	require.Contains(t, out, "VERIFIED")
}

// buyer is a customer with an invoice of the live environment, whose PacSpace is a sandbox.
func buyer(t *testing.T, s shell, blocks []string) {
	clock := sandbox.NewClock(time.Date(2026, time.February, 2, 1, 0, 0, 0, time.UTC))
	clock.Step(time.Second)
	srv := sandbox.Start(t, sandbox.WithClock(clock.Now))
	client, err := pacspace.New(srv.Sandbox.Key(sandbox.Live), pacspace.WithBaseURL(srv.URL), pacspace.WithClock(clock.Now))
	require.NoError(t, err)
	defer client.Close()
	var sent []pacspace.DeltaParams
	for n := range 3 {
		day := pacspace.NewDate(2026, time.February, 1+n)
		clock.Set(day.End().Add(time.Hour))
		delta := pacspace.DeltaParams{
			CustomerID: "customer_acme", Delta: pacspace.NewDecimal(-50), Reason: pacspace.DailyReason(day),
			ReferenceID: pacspace.DailyReference("customer_acme", day), Metadata: pacspace.Metadata{"resource": "compute-minutes"},
		}
		_, err := client.Balance.EmitAndWait(t.Context(), delta, pacspace.WithPollInterval(time.Millisecond))
		require.NoError(t, err)
		sent = append(sent, delta)
	}
	clock.Set(time.Date(2026, time.March, 2, 1, 0, 0, 0, time.UTC))
	closing, err := client.Balance.ClosePeriod(t.Context(), pacspace.ClosePeriodParams{
		CustomerID: "customer_acme", Resource: "compute-minutes", Period: "2026-02", First: true, Submissions: func(yield func(pacspace.DeltaParams, error) bool) {
			for _, delta := range sent {
				if !yield(delta, nil) {
					return
				}
			}
		},
	}, pacspace.WithPollInterval(time.Millisecond))
	require.NoError(t, err)

	dir := t.TempDir()
	require.NoError(t, closing.SaveEvidence(filepath.Join(dir, "acme-2026-02.jsonl")))
	write(t, filepath.Join(dir, "acme-2026-02.root"), closing.ProofRoot+"\n")
	online := "PACSPACE_BASE_URL=" + srv.URL
	s.run(t, dir, blocks[0], online)
	out := s.run(t, dir, blocks[1]) // offline
	require.True(t, strings.HasPrefix(out, "VERIFIED\n"), out)
}

// release tags a copy of the repository and pushes to another copy.
func release(t *testing.T, s shell, blocks []string) {
	dir, remote := t.TempDir(), t.TempDir()
	from, err := filepath.Abs(root)
	require.NoError(t, err)
	git := []string{
		"GIT_AUTHOR_NAME=docshell", "GIT_AUTHOR_EMAIL=docshell@example.com", "GIT_COMMITTER_NAME=docshell",
		"GIT_COMMITTER_EMAIL=docshell@example.com", "GIT_CONFIG_GLOBAL=" + os.DevNull, "FROM=" + from, "REMOTE=" + remote,
	}
	s.run(t, dir, `(cd "$FROM" && git ls-files -z --deduplicate | xargs -0 cp --parents -t "$OLDPWD")
git init -q --bare "$REMOTE"
git init -q -b main && git add . && git commit -q -m "What is released"
git remote add origin "$REMOTE" && git push -q -u origin main`, git...)
	s.run(t, dir, blocks[0], git...)

	all, err := modules.Installed(dir)
	require.NoError(t, err)
	var want []string
	for _, m := range all {
		want = append(want, "refs/tags/"+strings.TrimPrefix(m.Dir+"/", "./")+"v"+pacspace.Version)
	}
	slices.Sort(want)
	tags := s.run(t, dir, `git for-each-ref --format='%(refname)' refs/tags`, append(git, "GIT_DIR="+remote)...)
	require.Equal(t, want, strings.Fields(tags))
	commits := s.run(t, dir, `git for-each-ref --format='%(*objectname)' refs/tags | sort -u; git rev-parse main`, append(git, "GIT_DIR="+remote)...)
	require.Len(t, slices.Compact(strings.Fields(commits)), 1, "all tags are on the released commit")
}
