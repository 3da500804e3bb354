package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pacspace/pacspace-go/sandbox"
)

// serving is what was asked of sandbox.
type serving struct {
	address, state, webhook, now, envFile string
	choices, faults                       []string
	listChoices                           bool
	forTime                               time.Duration
}

func (a *app) sandbox() *cobra.Command {
	var s serving
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "Serve a stand-in of the whole API on this machine",
		Long: `Sandbox serves the PacSpace API in one process, without an account and without a network:
real hashes and proof roots, idempotency, signed webhooks. It prints its address, its
keys and its webhook secret, which open nothing else, and serves until it is interrupted.

--env-file writes what the other commands need from the environment; in a shell:

  . ./sandbox.env

--now lets its clock begin at another time, so that a month can be recorded and closed
at once: start with --now 2026-02-15T12:00:00Z, record, and close 2026-02.

--choice takes an answer to something that the API's documents leave open; --choices
lists them. --fault makes requests go wrong. It is a list of name=value, with commas
between: method, path (such as /api/v1/balance/delta), skip, times (-1 is for ever),
status, code, retry-after (seconds), latency, stall, cut (bytes), and without a value
drop, pending, after-write.`,
		Example: `  pacspace sandbox --address localhost:8080 --state sandbox.json --env-file sandbox.env
  pacspace sandbox --now 2026-02-15T12:00:00Z --choice RowsWithMetadata --fault method=POST,path=/api/v1/balance/delta,status=503,times=2 --env-file sandbox.env
  pacspace sandbox --webhook http://localhost:9000/ --env-file sandbox.env
  pacspace sandbox --choices`,
		Annotations: jsonHelp("one object once it serves: baseUrl, testKey, liveKey, dashboardToken, webhookSecret, state; with --choices a list with name, source, default, instead"),
		Args:        exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if s.listChoices {
				return a.listChoices()
			}
			return a.serveSandbox(cmd.Context(), &s)
		},
	}
	f := cmd.Flags()
	f.StringVar(&s.address, "address", "localhost:8080", "`host:port` to serve at; port 0 is any free one")
	f.StringVar(&s.state, "state", "", "`file` that keeps the state from one run to the next")
	f.StringVar(&s.webhook, "webhook", "", "`address` that gets the test environment's events")
	f.StringVar(&s.envFile, "env-file", "", "`file` to write keys and address to, as shell variables; it is replaced")
	f.StringVar(&s.now, "now", "", "`time` at which its clock begins (default the machine's)")
	f.StringArrayVar(&s.choices, "choice", nil, "`name` of a choice; may be given again")
	f.StringArrayVar(&s.faults, "fault", nil, "a fault, as `name=value,...`; may be given again")
	f.BoolVar(&s.listChoices, "choices", false, "list the choices and end")
	f.DurationVar(&s.forTime, "for", 0, "end after this `time` (default when it is interrupted)")
	return cmd
}

func (a *app) serveSandbox(ctx context.Context, s *serving) (err error) {
	opts, err := s.options()
	if err != nil {
		return err
	}
	var faults []sandbox.Fault
	for _, text := range s.faults {
		f, err := parseFault(text)
		if err != nil {
			return err
		}
		faults = append(faults, f)
	}
	box, err := sandbox.New(opts...)
	if err != nil {
		return err
	}
	for _, f := range faults {
		box.Inject(f)
	}
	secret := ""
	if s.webhook != "" {
		if secret, err = box.AddWebhook(sandbox.Test, s.webhook); err != nil {
			return err
		}
	}
	srv, err := box.Listen(s.address)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, srv.Close()) }() // saves the state
	if err := a.introduce(srv, s, secret); err != nil {
		return err
	}
	if s.forTime > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.forTime)
		defer cancel()
	}
	const interval = time.Second // how late a webhook may be, and how much a crash may forget
	if err := box.Run(ctx, interval); ctx.Err() == nil {
		return err // the state cannot be saved
	}
	return nil
}

func (s *serving) options() ([]sandbox.Option, error) {
	var opts []sandbox.Option
	if s.state != "" {
		opts = append(opts, sandbox.StateFile(s.state))
	}
	if s.now != "" {
		begin, err := instant("now", s.now)
		if err != nil {
			return nil, err
		}
		shift := time.Until(begin)
		opts = append(opts, sandbox.WithClock(func() time.Time { return time.Now().Add(shift) }))
	}
	for _, name := range s.choices {
		option, err := choice(name)
		if err != nil {
			return nil, err
		}
		opts = append(opts, option)
	}
	return opts, nil
}

func choice(name string) (sandbox.Option, error) {
	for _, c := range sandbox.Choices() {
		if strings.EqualFold(c.Name, name) {
			return c.Option, nil
		}
	}
	return nil, fmt.Errorf("--choice: there is no %q; pacspace sandbox --choices lists them", name)
}

// introduce prints the keys in full, which no program should do with real ones: these were
// made up by the sandbox, open nothing else, and are of no use unless they are seen.
func (a *app) introduce(srv *sandbox.Server, s *serving, secret string) error {
	if s.envFile != "" {
		err := save(s.envFile, secretMode, true, func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "export PACSPACE_BASE_URL='%s'\nexport PACSPACE_API_KEY='%s'\n", srv.URL, srv.Key)
			if err == nil && secret != "" {
				_, err = fmt.Fprintf(w, "export PACSPACE_WEBHOOK_SECRET='%s'\n", secret)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	if a.json {
		return a.line(struct {
			BaseURL        string `json:"baseUrl"`
			TestKey        string `json:"testKey"`
			LiveKey        string `json:"liveKey"`
			DashboardToken string `json:"dashboardToken"`
			WebhookSecret  string `json:"webhookSecret"`
			State          string `json:"state"`
		}{srv.URL, srv.Key, srv.Sandbox.Key(sandbox.Live), srv.DashboardToken(), secret, s.state}, "")
	}
	or := func(value, without string) string {
		if value == "" {
			return without
		}
		return value
	}
	_, err := io.WriteString(a.Stdout, rows(
		[]string{"base URL", srv.URL},
		[]string{"test key", srv.Key},
		[]string{"live key", srv.Sandbox.Key(sandbox.Live)},
		[]string{"dashboard token", srv.DashboardToken()},
		[]string{"webhook secret", or(secret, "none: --webhook ADDRESS gets events")},
		[]string{"state", or(s.state, "forgotten at the end: --state FILE keeps it")},
		[]string{"environment", or(s.envFile, "--env-file FILE writes this as shell variables")},
	)+"serving until it is interrupted\n")
	return err
}

func (a *app) listChoices() error {
	type row struct {
		Name    string `json:"name"`
		Source  string `json:"source"`
		Default string `json:"default"`
		Instead string `json:"instead"`
	}
	var list []row
	var table [][]string
	for _, c := range sandbox.Choices() {
		list = append(list, row{c.Name, c.Source, c.Default, c.Instead})
		table = append(table, []string{c.Name, "instead of: " + c.Default, "then: " + c.Instead})
	}
	return a.show(list, rows(table...))
}
