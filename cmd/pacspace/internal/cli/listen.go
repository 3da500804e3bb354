package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/pacspace/pacspace-go/webhook"
)

// listening is what was asked of webhook listen.
type listening struct {
	address, forward, secretFile string
	tolerance                    time.Duration
	count                        int
}

func (a *app) webhookListen() *cobra.Command {
	var l listening
	cmd := &cobra.Command{
		Use:   "listen",
		Short: "Print verified events as they arrive, and pass them on",
		Long: `Listen receives webhook deliveries, checks their signatures, and prints the genuine ones.
With --forward it passes each on as it came, headers and all, to an address on this
machine, and answers the service as that did, so that what is not taken comes again.

` + secretHelp + `

A sandbox whose clock was set with --now signs with that time: give --tolerance then.`,
		Example: `  pacspace webhook listen --address localhost:9000 --count 1
  pacspace webhook listen --address localhost:9000 --forward http://localhost:5000/webhooks --count 1`,
		Annotations: jsonHelp("one object with listening, the address; then one for each event: id, event, timestamp, signedAt, data, and forwarded, the status of the answer, with --forward"),
		Args:        exactly(),
		RunE:        func(cmd *cobra.Command, _ []string) error { return a.listen(cmd.Context(), &l) },
	}
	f := cmd.Flags()
	f.StringVar(&l.address, "address", "localhost:9000", "`host:port` to listen at; port 0 is any free one")
	f.StringVar(&l.forward, "forward", "", "`address` on this machine to pass events on to")
	f.StringVar(&l.secretFile, "secret-file", "", "`file` with the webhook secret")
	f.DurationVar(&l.tolerance, "tolerance", webhook.DefaultTolerance, "how far the time of a delivery may be off")
	f.IntVar(&l.count, "count", 0, "end after so `many` events (default when it is interrupted)")
	return cmd
}

// heard is an event as JSON.
type heard struct {
	*webhook.Event
	Forwarded int `json:"forwarded,omitempty"`
}

func (a *app) listen(ctx context.Context, l *listening) error {
	secrets, err := a.webhookSecrets(l.secretFile)
	if err != nil {
		return err
	}
	forward, err := localAddress(l.forward)
	if err != nil {
		return err
	}
	verifier, err := webhook.NewVerifier(secrets, webhook.WithTolerance(l.tolerance))
	if err != nil {
		return err
	}
	socket, err := net.Listen("tcp", l.address)
	if err != nil {
		return fmt.Errorf("listening: %w; choose another --address", err)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	r := receiver{app: a, forward: forward, left: l.count, done: stop, client: &http.Client{
		Timeout:       30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	srv := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			verifier.Handler(func(ctx context.Context, e *webhook.Event) error { return r.take(ctx, q.Header, e) }).ServeHTTP(w, q)
		}),
		ReadTimeout: 30 * time.Second,
	}
	address := "http://" + socket.Addr().String()
	if err := a.line(map[string]string{"listening": address}, "listening at "+address); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(socket) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	const patience = 5 * time.Second // for answers that are on their way
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	return srv.Shutdown(last)
}

// receiver prints and passes on one event at a time.
type receiver struct {
	*app
	forward string
	client  *http.Client
	done    func()

	mu   sync.Mutex
	left int
}

func (r *receiver) take(ctx context.Context, header http.Header, e *webhook.Event) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	out, line := heard{Event: e}, eventLine(e)
	if r.forward != "" {
		status, err := r.pass(ctx, header, e.RawJSON())
		if err != nil {
			fmt.Fprintln(r.Stderr, oneLine(fmt.Errorf("forwarding %s: %w; it will come again", e.ID, err)))
			return err
		}
		out.Forwarded = status
		line += fmt.Sprintf("  -> %d", status)
	}
	if err := r.line(out, line); err != nil {
		return err
	}
	if r.left--; r.left == 0 {
		r.done()
	}
	return nil
}

// pass gives a delivery to the local program as it came, so that it can check the signature
// itself.
func (r *receiver) pass(ctx context.Context, header http.Header, body []byte) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.forward, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	for _, name := range []string{"Content-Type", webhook.SignatureHeader, webhook.TimestampHeader, webhook.EventHeader, webhook.IDHeader} {
		if values := header.Values(name); len(values) > 0 {
			req.Header[http.CanonicalHeaderKey(name)] = values
		}
	}
	res, err := r.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	const enough = 64 << 10 // to use the connection again
	if _, err := io.Copy(io.Discard, io.LimitReader(res.Body, enough)); err != nil {
		return 0, err
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return 0, fmt.Errorf("it answered %d", res.StatusCode)
	}
	return res.StatusCode, nil
}

// localAddress refuses an address elsewhere: events are nobody else's.
func localAddress(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.User != nil {
		return "", errors.New("--forward: it must be an address such as http://localhost:5000/webhooks")
	}
	if ip, err := netip.ParseAddr(u.Hostname()); u.Hostname() != "localhost" && (err != nil || !ip.IsLoopback()) {
		return "", fmt.Errorf("--forward: %q is not this machine; use localhost", u.Hostname())
	}
	return text, nil
}
