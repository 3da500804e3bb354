package cli

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/record"
	"github.com/pacspace/pacspace-go/sandbox"
	"github.com/pacspace/pacspace-go/usage"
	"github.com/pacspace/pacspace-go/webhook"
)

// The program under test is this test binary under another name, so a script runs it as a
// user does: in a process of its own, with its own environment.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"pacspace": func() {
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
			defer stop()
			os.Exit(Run(ctx, os.Args[1:], Env{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv}))
		},
	})
}

func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       os.Getenv("PACSPACE_UPDATE") != "",
		Setup: func(env *testscript.Env) error {
			env.Setenv("TERM", "xterm")
			env.Values[rigKey] = new(rig)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":   exits,
			"serve":   serve,
			"clock":   setClock,
			"fault":   addFault,
			"share":   share,
			"deliver": deliver,
			"source":  source,
			"without": without,
			"record":  writeRecord,
			"port":    freePort,
			"opens":   opens,
			"fails":   fails,
			"dated":   dated,
		},
	})
}

// exits runs a program that must end with a code: exits CODE PROGRAM ARG...
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits code program args...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		ended, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = ended.ExitCode()
	}
	if got != want {
		ts.Fatalf("it exited with %d, it must be %d\n%s%s", got, want, ts.ReadFile("stdout"), ts.ReadFile("stderr"))
	}
}

// rig is the sandbox of a script.
type rig struct {
	*sandbox.Server
	clock *sandbox.Clock
}

// rigKey is where a script keeps its sandbox.
const rigKey = "PACSPACE_RIG"

// rigOf is that sandbox.
func rigOf(ts *testscript.TestScript) *rig {
	r, ok := ts.Value(rigKey).(*rig)
	if !ok {
		ts.Fatalf("serve first")
	}
	return r
}

// serve starts a sandbox whose clock stands still, or is the machine's, and sets the environment as its user
// does: serve TIME|now CHOICE...
func serve(ts *testscript.TestScript, _ bool, args []string) {
	opts := []sandbox.Option{sandbox.Delays(0, 0)}
	var clock *sandbox.Clock
	if args[0] != "now" {
		start, err := time.Parse(time.RFC3339, args[0])
		ts.Check(err)
		clock = sandbox.NewClock(start)
		opts = append(opts, sandbox.WithClock(clock.Now))
	}
	for _, name := range args[1:] {
		option, err := choice(name)
		ts.Check(err)
		opts = append(opts, option)
	}
	box, err := sandbox.New(opts...)
	ts.Check(err)
	srv, err := box.Listen("127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { ts.Check(srv.Close()) })
	*rigOf(ts) = rig{srv, clock}
	ts.Setenv("PACSPACE_BASE_URL", srv.URL)
	ts.Setenv("PACSPACE_API_KEY", srv.Key)
}

func setClock(ts *testscript.TestScript, _ bool, args []string) {
	at, err := time.Parse(time.RFC3339, args[0])
	ts.Check(err)
	rigOf(ts).clock.Set(at)
}

func addFault(ts *testscript.TestScript, _ bool, args []string) {
	f, err := parseFault(args[0])
	ts.Check(err)
	rigOf(ts).Inject(f)
}

// share makes a link to a record as the dashboard does: share RECORD LINK-FILE FIELD...
func share(ts *testscript.TestScript, _ bool, args []string) {
	link, err := rigOf(ts).ShareRecord(sandbox.Test, sandbox.Share{
		Record: args[0], AccessCode: "A1B2C3", Shown: []sandbox.Shown{{Entry: 1, Fields: args[2:]}},
	})
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(link+"\n"), 0o600))
}

// deliver writes a signed delivery of a delta.verified event, and puts its secret into the
// environment: deliver BODY-FILE HEADER-FILE TIME
func deliver(ts *testscript.TestScript, _ bool, args []string) {
	const secret = "whsec_of_this_script"
	at, err := time.Parse(time.RFC3339, args[2])
	ts.Check(err)
	body := []byte(ts.ReadFile(args[0]))
	var text strings.Builder
	ts.Check(webhook.Sign(secret, at, body).Write(&text))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text.String()), 0o600))
	ts.Setenv("PACSPACE_WEBHOOK_SECRET", secret)
}

// source waits for a file of shell variables and takes them, as a shell's own does.
func source(ts *testscript.TestScript, _ bool, args []string) {
	const patience = 20 * time.Second
	var text []byte
	for end := time.Now().Add(patience); ; {
		var err error
		if text, err = os.ReadFile(ts.MkAbs(args[0])); err == nil {
			break
		}
		if time.Now().After(end) {
			ts.Fatalf("%v", err)
		}
		time.Sleep(10 * time.Millisecond)
	}
	for line := range strings.Lines(string(text)) {
		name, value, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "export "), "=")
		if ok {
			ts.Setenv(name, strings.Trim(value, "'"))
		}
	}
}

// without fails where what was printed last holds the value of a variable: without NAME...
func without(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		value := strings.TrimSpace(ts.Getenv(name))
		if value == "" {
			value = strings.TrimSpace(ts.ReadFile(name))
		}
		for _, stream := range []string{"stdout", "stderr"} {
			if strings.Contains(ts.ReadFile(stream), value) {
				ts.Fatalf("%s shows %s", stream, name)
			}
		}
	}
}

// writeRecord writes an entry about a file, as the agent does whom the record is about, and keeps
// its history: record NAME FILE HISTORY-FILE
func writeRecord(ts *testscript.TestScript, _ bool, args []string) {
	r := rigOf(ts)
	client, err := pacspace.New(r.Key, pacspace.WithBaseURL(r.URL))
	ts.Check(err)
	defer client.Close()
	path := ts.MkAbs(args[1])
	fingerprint, err := record.Fingerprint(strings.NewReader(ts.ReadFile(args[1])), record.FingerprintParams{})
	ts.Check(err)
	_, err = record.WriteBlindingFile(path, fingerprint.Blinding)
	ts.Check(err)
	ctx := context.Background()
	_, err = client.Records.Emit(ctx, args[0], pacspace.EntryParams{
		Title: "Press paused", OccurredAt: time.Date(2026, time.February, 10, 11, 59, 0, 0, time.UTC), ActorID: "agent-7",
		Note: "guard open", Payloads: []record.PayloadRef{fingerprint.Ref}, ReferenceID: "pause-1",
	})
	ts.Check(err)
	page, err := client.Records.BundlePage(ctx, args[0], pacspace.EntryRange{})
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), page.RawJSON(), 0o600))
}

// fails lets deltas fail from now on, all or those of one customer: fails REASON [CUSTOMER]
func fails(ts *testscript.TestScript, _ bool, args []string) {
	rigOf(ts).FailDeltas(func(d sandbox.Recorded) (string, bool) {
		return args[0], len(args) == 1 || d.CustomerID == args[1]
	})
}

// freePort finds a port that nobody listens at: port NAME
func freePort(ts *testscript.TestScript, _ bool, args []string) {
	l, err := net.Listen("tcp", "localhost:0")
	ts.Check(err)
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	ts.Check(err)
	ts.Setenv(args[0], port)
}

// opens waits until somebody listens at a port of this machine.
func opens(ts *testscript.TestScript, _ bool, args []string) {
	const patience = 20 * time.Second
	for end := time.Now().Add(patience); ; {
		c, err := net.Dial("tcp", "localhost:"+args[0])
		if err == nil {
			c.Close()
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("%v", err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// dated writes days into files that name them by how long ago they are: dated FILE...
func dated(ts *testscript.TestScript, _ bool, files []string) {
	today := usage.DateOf(time.Now())
	month := today.Period().Previous().Previous() // its window has ended on every day of this month
	days := strings.NewReplacer("{month}", string(month), "{today}", today.String(), "{yesterday}", today.AddDays(-1).String(), "{before}", today.AddDays(-2).String())
	for _, name := range files {
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(days.Replace(ts.ReadFile(name))), 0o600))
	}
	ts.Setenv("YESTERDAY", today.AddDays(-1).String())
	ts.Setenv("MONTH", string(month))
}
