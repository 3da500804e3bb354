package cli

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"time"

	"github.com/spf13/cobra"

	"github.com/pacspace/pacspace-go/webhook"
)

func (a *app) webhook() *cobra.Command {
	return group("webhook", "Check webhook deliveries, and see them arrive", a.webhookVerify(), a.webhookListen())
}

const secretHelp = `The webhook secret is in the environment as PACSPACE_WEBHOOK_SECRET, or in a file
(--secret-file), one a line where there are several.`

// delivery is what came with a body.
type delivery struct{ signature, timestamp, headers, at, secretFile string }

func (a *app) webhookVerify() *cobra.Command {
	var d delivery
	cmd := &cobra.Command{
		Use:   "verify body-file",
		Short: "Check the signature of a delivery that was kept",
		Long: `Verify checks that a delivery came from PacSpace: the body as it came, byte for byte, and
its two headers, either by --signature and --timestamp or in a file of headers.

A delivery counts for five minutes only, so give --at, the time of its arrival, for one
that was kept. It exits with 1 where the signature does not match or the time is off.

` + secretHelp,
		Example:     `  pacspace webhook verify event.json --headers event.headers --at 2026-02-15T12:00:05Z`,
		Annotations: jsonHelp("genuine, and where it is: id, event, timestamp, signedAt; where not: reason"),
		Args:        exactly("the file with the body"),
		RunE:        func(_ *cobra.Command, args []string) error { return a.verifyDelivery(args[0], &d) },
	}
	f := cmd.Flags()
	f.StringVar(&d.signature, "signature", "", "`value` of "+webhook.SignatureHeader)
	f.StringVar(&d.timestamp, "timestamp", "", "`value` of "+webhook.TimestampHeader)
	f.StringVar(&d.headers, "headers", "", "`file` with the headers, one name: value a line")
	f.StringVar(&d.at, "at", "", "`time` at which it arrived (default now)")
	f.StringVar(&d.secretFile, "secret-file", "", "`file` with the webhook secret")
	cmd.MarkFlagsRequiredTogether("signature", "timestamp")
	cmd.MarkFlagsMutuallyExclusive("signature", "headers")
	cmd.MarkFlagsOneRequired("signature", "headers")
	return cmd
}

// genuine says whether a delivery is.
type genuine struct {
	Genuine   bool              `json:"genuine"`
	ID        string            `json:"id,omitempty"`
	Event     webhook.EventType `json:"event,omitempty"`
	Timestamp time.Time         `json:"timestamp,omitzero"`
	SignedAt  time.Time         `json:"signedAt,omitzero"`
	Reason    string            `json:"reason,omitempty"`
}

func (a *app) verifyDelivery(file string, d *delivery) error {
	secrets, err := a.webhookSecrets(d.secretFile)
	if err != nil {
		return err
	}
	now := time.Now()
	if d.at != "" {
		if now, err = instant("at", d.at); err != nil {
			return err
		}
	}
	verifier, err := webhook.NewVerifier(secrets, webhook.WithClock(func() time.Time { return now }))
	if err != nil {
		return err
	}
	body, err := a.readWhole(file, webhook.DefaultMaxBody)
	if err != nil {
		return err
	}
	header, err := a.headersOf(d)
	if err != nil {
		return err
	}
	event, err := verifier.Verify(body, header)
	switch {
	case errors.Is(err, webhook.ErrSignature), errors.Is(err, webhook.ErrTooOld), errors.Is(err, webhook.ErrTooNew):
		if err := a.show(genuine{Reason: oneLine(err)}, a.coloured("not genuine", red)+": "+oneLine(err)+"\n"); err != nil {
			return err
		}
		return found(codeDoesNotMatch)
	case err != nil:
		return err
	}
	return a.show(
		genuine{Genuine: true, ID: event.ID, Event: event.Type, Timestamp: event.Timestamp, SignedAt: event.SignedAt},
		a.coloured("genuine", green)+": "+eventLine(event)+"\n")
}

func (a *app) headersOf(d *delivery) (http.Header, error) {
	if d.headers == "" {
		return http.Header{webhook.SignatureHeader: {d.signature}, webhook.TimestampHeader: {d.timestamp}}, nil
	}
	const maxHeaders = 1 << 20
	text, err := a.readWhole(d.headers, maxHeaders)
	if err != nil {
		return nil, err
	}
	text = append(bytes.TrimSpace(text), "\r\n\r\n"...)
	header, err := textproto.NewReader(bufio.NewReader(bytes.NewReader(text))).ReadMIMEHeader()
	if err != nil {
		return nil, fmt.Errorf("%s: %w; write one name: value a line", d.headers, err)
	}
	return http.Header(header), nil
}

// eventLine is an event for people: what it is, and of a delta whose and how much.
func eventLine(e *webhook.Event) string {
	line := string(e.Type) + "  " + e.ID
	if d, err := e.DeltaVerified(); err == nil {
		return line + "  " + d.CustomerID + "  " + d.Delta.String() + "  " + d.ReferenceID
	}
	if d, err := e.DeltaFailed(); err == nil {
		return line + "  " + d.CustomerID + "  " + d.ReferenceID + "  " + d.Error
	}
	return line
}
