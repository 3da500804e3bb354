package interop

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestPythonSDK lets the official Python SDK be a client of the sandbox. python/agree.py
// makes the calls and knows what that SDK's users expect of them; this side holds the
// sandboxes and does what a client cannot: faults, deliveries, a look at what was really
// recorded, and the Go SDK's own answer to the same question. Each check is a subtest.
//
// It is skipped where Python or the SDK cannot be had, unless PACSPACE_INTEROP=required.
func TestPythonSDK(t *testing.T) {
	python := pythonWithSDK(t)
	newLab(t).run(t, python, "agree.py", "the official Python SDK %s and the sandbox")
}

// run lets a script of python/ work through its scenes against the lab, and requires that
// every call agreed. what is a format for the SDK's version: what the count is a count of.
func (l *lab) run(t *testing.T, python, script, what string) {
	t.Helper()
	const enough = 5 * time.Minute // it takes seconds
	ctx, cancel := context.WithTimeout(t.Context(), enough)
	defer cancel()
	cmd := exec.CommandContext(ctx, python, "-B", "-X", "utf8", filepath.Join("python", script))
	var trouble bytes.Buffer
	cmd.Stderr = &trouble
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	count := l.serve(t, in, out)
	in.Close()
	ended := cmd.Wait()

	require.NotNil(t, count, "%s ended without its count: %v\n%s", script, ended, &trouble)
	t.Logf(what+": %d calls agreed, %d disagreed", pythonSDKVersion(t), count.Agreed, count.Disagreed)
	require.Equal(t, l.agreed, count.Agreed, "both sides count the same")
	require.Zero(t, count.Disagreed)
	require.NoError(t, ended, "%s", &trouble)
}

// count is what a script says last.
type count struct{ Agreed, Disagreed int }

// serve answers what is asked until the other side ends. Checks become subtests.
func (l *lab) serve(t *testing.T, in io.Writer, out io.Reader) (end *count) {
	t.Helper()
	say := func(v any) {
		t.Helper()
		text, err := json.Marshal(v)
		require.NoError(t, err)
		_, err = in.Write(append(text, '\n'))
		require.NoError(t, err, "the script has gone")
	}
	say(l.greeting())
	lines := bufio.NewScanner(out)
	const longest = 16 << 20
	lines.Buffer(nil, longest)
	for lines.Scan() {
		var message struct {
			Do      string
			With    json.RawMessage
			Check   string
			Problem *string
			Agreed  *int
		}
		require.NoError(t, json.Unmarshal(lines.Bytes(), &message), "%s", lines.Bytes())
		switch {
		case message.Do != "":
			say(l.do(t.Context(), message.Do, message.With))
		case message.Check != "":
			t.Run(message.Check, func(t *testing.T) {
				if message.Problem != nil {
					t.Error(*message.Problem)
					return
				}
				l.agreed++
			})
		case message.Agreed != nil:
			require.NoError(t, json.Unmarshal(lines.Bytes(), &end))
		default:
			require.Fail(t, "agree.py said something that is nothing", "%s", lines.Bytes())
		}
	}
	require.NoError(t, lines.Err())
	return end
}

// reply is one side of the line protocol: a result or an error.
type reply struct {
	Result any    `json:"result"`
	Error  string `json:"error,omitempty"`
}

// as reads the arguments of what is asked and answers it.
func as[In any](with json.RawMessage, f func(In) (any, error)) reply {
	var in In
	d := json.NewDecoder(bytes.NewReader(with))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return reply{Error: fmt.Sprintf("arguments: %v", err)}
	}
	result, err := f(in)
	if err != nil {
		return reply{Error: err.Error()}
	}
	return reply{Result: result}
}
