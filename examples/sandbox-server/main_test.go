package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/webhook"
)

// started is the program at work.
type started struct {
	said map[string]string // what it printed, by the first words of each line
	stop func() (code int, rest string)
}

// start runs the program until it serves.
func start(t *testing.T, args ...string) started {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	var errs bytes.Buffer
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, append([]string{"-address", "127.0.0.1:0"}, args...), in, &errs)
		in.Close()
	}()
	said := map[string]string{}
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatalf("it ended with %d before it served: %s", <-ended, &errs)
		}
		if strings.HasPrefix(line, "serving") {
			break
		}
		name, value, _ := strings.Cut(line, "  ")
		said[name] = strings.TrimSpace(value)
	}
	return started{said: said, stop: func() (int, string) {
		cancel()
		rest, err := io.ReadAll(lines)
		require.NoError(t, err)
		code := <-ended
		require.Empty(t, errs.String())
		return code, string(rest)
	}}
}

func (s started) client(t *testing.T) *pacspace.Client {
	t.Helper()
	client, err := pacspace.New(s.said["test key"], pacspace.WithBaseURL(s.said["base URL"]))
	require.NoError(t, err)
	return client
}

func TestItServesUntilItIsInterruptedAndKeepsItsState(t *testing.T) {
	t.Parallel()
	state := filepath.Join(t.TempDir(), "sandbox.json")
	params := pacspace.DeltaParams{CustomerID: "customer_acme", Delta: pacspace.NewDecimal(-50), Reason: "usage", ReferenceID: "usage:1"}

	first := start(t, "-state", state)
	require.Equal(t, state, first.said["state"])
	require.Contains(t, first.said["webhook secret"], "none")
	delta, err := first.client(t).Balance.EmitAndWait(t.Context(), params)
	require.NoError(t, err)
	code, rest := first.stop()
	require.Equal(t, 0, code)
	require.Equal(t, "stopped\n", rest)

	second := start(t, "-state", state)
	again, err := second.client(t).Balance.Emit(t.Context(), params)
	require.NoError(t, err)
	require.Equal(t, delta.RecordID, again.RecordID, "the record of the run before")
	balance, err := second.client(t).Balance.Derive(t.Context(), "customer_acme", pacspace.MonthsBack(2, delta.VerifiedAt))
	require.NoError(t, err)
	require.Equal(t, "-50", balance.ComputedBalance.String())
	code, _ = second.stop()
	require.Equal(t, 0, code)
}

func TestItDeliversWebhooksSignedWithTheSecretItPrints(t *testing.T) {
	t.Parallel()
	type delivery struct {
		header http.Header
		body   []byte
	}
	came := make(chan delivery, 1)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		came <- delivery{r.Header, body}
	}))
	t.Cleanup(receiver.Close)

	s := start(t, "-webhook", receiver.URL)
	secret, address, _ := strings.Cut(s.said["webhook secret"], ", for ")
	require.Equal(t, receiver.URL, address)
	_, err := s.client(t).Balance.Emit(t.Context(), pacspace.DeltaParams{CustomerID: "customer_acme", Delta: pacspace.NewDecimal(-50), Reason: "usage", ReferenceID: "usage:1"})
	require.NoError(t, err)
	d := <-came
	verifier, err := webhook.NewVerifier([]string{secret})
	require.NoError(t, err)
	event, err := verifier.Verify(d.body, d.header)
	require.NoError(t, err)
	require.Equal(t, webhook.EventDeltaVerified, event.Type)
	code, _ := s.stop()
	require.Equal(t, 0, code)
}

func TestWhatCannotBeServedIsSaid(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { taken.Close() })
	for _, c := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"an address that is taken", []string{"-address", taken.Addr().String()}, 1, "choose another address"},
		{"a state file that is a folder", []string{"-address", "127.0.0.1:0", "-state", t.TempDir()}, 1, "state file"},
		{"a folder of the state file that is not there", []string{"-address", "127.0.0.1:0", "-state", filepath.Join(t.TempDir(), "none", "state.json")}, 1, "not saved"},
		{"a webhook address that is none", []string{"-webhook", "localhost"}, 1, "webhook address"},
		{"an argument", []string{"8080"}, 2, `"8080"`},
		{"a flag that is not there", []string{"-port", "8080"}, 2, "-port"},
		{"a question", []string{"-help"}, 0, "-address"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var out, errs bytes.Buffer
			require.Equal(t, c.code, run(t.Context(), c.args, &out, &errs), errs.String())
			require.Contains(t, errs.String(), c.says)
		})
	}
}
