package cli

import (
	"bytes"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// terminal is one end of a pseudo-terminal, which is a terminal to whoever asks.
func terminal(t *testing.T) *os.File {
	t.Helper()
	f, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		if os.Getenv("PACSPACE_INTEROP") == "required" {
			t.Fatal(err)
		}
		t.Skip("this system has no /dev/ptmx to take a terminal from")
	}
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	return f
}

func variables(pairs map[string]string) func(string) string {
	return func(name string) string { return pairs[name] }
}

func TestColoursAreForTerminals(t *testing.T) {
	t.Parallel()
	tty := terminal(t)
	for name, c := range map[string]struct {
		out  io.Writer
		env  map[string]string
		want string
	}{
		"a terminal":               {tty, nil, "\x1b[32mverified\x1b[0m"},
		"a terminal with NO_COLOR": {tty, map[string]string{"NO_COLOR": "1"}, "verified"},
		"a dumb terminal":          {tty, map[string]string{"TERM": "dumb"}, "verified"},
		"a pipe":                   {new(bytes.Buffer), nil, "verified"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := &app{Env: Env{Stdout: c.out, Getenv: variables(c.env)}}
			require.Equal(t, c.want, a.coloured("verified", colourOf(codeOK)))
		})
	}
}

func TestProgressIsForTerminals(t *testing.T) {
	t.Parallel()
	tty := terminal(t)
	for name, c := range map[string]struct {
		a    app
		told bool
	}{
		"a terminal":           {app{Env: Env{Stderr: tty, Getenv: variables(nil)}}, true},
		"a terminal with JSON": {app{Env: Env{Stderr: tty, Getenv: variables(nil)}, json: true}, false},
		"a dumb terminal":      {app{Env: Env{Stderr: tty, Getenv: variables(map[string]string{"TERM": "dumb"})}}, false},
		"a pipe":               {app{Env: Env{Stderr: new(bytes.Buffer), Getenv: variables(nil)}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.told, c.a.progress("file", 100).to != nil)
		})
	}
}

func TestProgressTellsEachPercentOnceAndLeavesTheLineEmpty(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	p := &progress{to: &out, name: "acme.jsonl", of: 1000, shown: -1}
	r := &watched{from: strings.NewReader(strings.Repeat("x", 1000)), p: p}
	for range 200 {
		_, err := r.Read(make([]byte, 5))
		require.NoError(t, err)
	}
	p.clear()
	require.Equal(t, 101, strings.Count(out.String(), "%"))
	require.True(t, strings.HasSuffix(out.String(), "\racme.jsonl: 100 %\r                 \r"), "%q", out.String())
}
