package interop

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/sandbox"
	"github.com/pacspace/pacspace-go/webhook"
)

// lab is the sandboxes that the Python SDK is shown, each in another of the states and
// forms that the API has or is documented to have.
type lab struct {
	boxes  map[string]*sandbox.Server
	agreed int
	more   map[string]func(context.Context, json.RawMessage) reply // what else may be asked
}

// forms are the sandboxes by the names that agree.py knows them by.
var forms = map[string][]sandbox.Option{
	"main":          nil,
	"customers":     nil,
	"hooks":         nil,
	"plan":          {sandbox.PlanLimit(1)},
	"full":          {sandbox.MaxDeltas(1)},
	"testonly":      {sandbox.TestOnlyHost()},
	"unprovisioned": {sandbox.Unprovisioned(sandbox.Test)},
	"slow":          {sandbox.Delays(time.Hour, time.Hour)},
	"pending":       {sandbox.PendingInError()},
	"repeats":       {sandbox.ReferencesRepeat()},
	"strict":        {sandbox.UnknownCustomerRefused()},
	"verify":        {sandbox.VerifyEnveloped(), sandbox.ChainUnavailable(), sandbox.UnknownRootIsFalse()},
	"flat":          {sandbox.FlatErrors(), sandbox.MessageLists()},
	"coded":         {sandbox.ValidationCode()},
	"statuscode":    {sandbox.StatusCodeEnvelopes(), sandbox.StatusCodeErrors()},
	"direct":        {sandbox.DirectPayloads()},
	"hooks_python":  {sandbox.EventsAsPython(), sandbox.WebhookMilliseconds()},
	"hooks_docs":    {sandbox.EventsAsDocumented()},
}

func newLab(t *testing.T) *lab {
	l := &lab{boxes: map[string]*sandbox.Server{}}
	for name, opts := range forms {
		l.boxes[name] = sandbox.Start(t, opts...)
	}
	return l
}

// greeting tells where the sandboxes are and what opens them.
func (l *lab) greeting() any {
	type box struct {
		URL  string `json:"url"`
		Test string `json:"test"`
		Live string `json:"live"`
	}
	boxes := map[string]box{}
	for name, srv := range l.boxes {
		boxes[name] = box{srv.URL, srv.Key, srv.Sandbox.Key(sandbox.Live)}
	}
	return map[string]any{"boxes": boxes, "dashboardToken": l.boxes["main"].DashboardToken()}
}

// in names the sandbox that is meant.
type in struct{ Box string }

// do answers one request of the other side.
func (l *lab) do(ctx context.Context, what string, with json.RawMessage) reply {
	switch what {
	case "fault":
		return as(with, l.fault)
	case "cadence":
		return as(with, l.cadence)
	case "fail_deltas":
		return as(with, l.failDeltas)
	case "attempts":
		return as(with, func(a in) (any, error) { return len(l.boxes[a.Box].Requests()), nil })
	case "recorded":
		return as(with, l.recorded)
	case "webhook":
		return as(with, func(a address) (any, error) { return l.boxes[a.Box].AddWebhook(sandbox.Test, a.URL) })
	case "rotate":
		return as(with, func(a address) (any, error) {
			return l.boxes[a.Box].RotateWebhookSecret(sandbox.Test, a.URL, true)
		})
	case "deliver":
		return as(with, func(a in) (any, error) { return l.boxes[a.Box].Deliver(ctx) })
	case "go_verify_webhook":
		return as(with, verifyWebhook)
	case "go_summary_reference":
		return as(with, nameSummary)
	case "go_derive":
		return as(with, func(a reading) (any, error) { return l.derive(ctx, a) })
	case "go_invoice_proof":
		return as(with, func(a reading) (any, error) { return l.invoiceProof(ctx, a) })
	default:
		if answer, ok := l.more[what]; ok {
			return answer(ctx, with)
		}
		return reply{Error: fmt.Sprintf("%q: not known", what)}
	}
}

type (
	address struct{ Box, URL string }
	reading struct{ Box, Customer, Period string }
)

// fault is [sandbox.Fault] as JSON has it.
func (l *lab) fault(a struct {
	Box   string
	Fault struct {
		Method, Path, Code, Message, Body string
		Status, Times, RetryAfter         int
		LatencySeconds                    int
		AfterWrite, Pending, Drop         bool
		Cut                               *int
		Header                            http.Header
	}
}) (any, error) {
	f := a.Fault
	fault := sandbox.Fault{
		Method: f.Method, Path: f.Path, Times: f.Times, Latency: time.Duration(f.LatencySeconds) * time.Second, AfterWrite: f.AfterWrite,
		Status: f.Status, Code: f.Code, Message: f.Message, RetryAfter: f.RetryAfter, Header: f.Header, Pending: f.Pending, Drop: f.Drop, Cut: f.Cut,
	}
	if f.Body != "" {
		fault.Body = []byte(f.Body)
	}
	l.boxes[a.Box].Inject(fault)
	return nil, nil
}

func (l *lab) cadence(a struct {
	Box, Customer string
	Seconds       int
}) (any, error) {
	l.boxes[a.Box].SetCadence(sandbox.Test, a.Customer, time.Duration(a.Seconds)*time.Second)
	return nil, nil
}

// failDeltas lets every delta with that reason fail from now on.
func (l *lab) failDeltas(a struct{ Box, Reason string }) (any, error) {
	l.boxes[a.Box].FailDeltas(func(r sandbox.Recorded) (string, bool) { return "refused by the ledger", r.Reason == a.Reason })
	return nil, nil
}

// recorded is what the service holds of a customer, whatever its answers were.
func (l *lab) recorded(a reading) (any, error) {
	type delta struct {
		Delta       string          `json:"delta"`
		Reason      string          `json:"reason"`
		ReferenceID string          `json:"referenceId"`
		Metadata    json.RawMessage `json:"metadata,omitempty"`
	}
	list := []delta{}
	for _, r := range l.boxes[a.Box].Recorded(sandbox.Test, a.Customer) {
		list = append(list, delta{Delta: r.Delta.String(), Reason: r.Reason, ReferenceID: r.ReferenceID, Metadata: r.Metadata})
	}
	return list, nil
}

// verifyWebhook is what the Go SDK says of a delivery.
func verifyWebhook(a struct {
	Secrets []string
	Headers map[string]string
	Body    string
}) (any, error) {
	v, err := webhook.NewVerifier(a.Secrets)
	if err != nil {
		return nil, err
	}
	h := http.Header{}
	for name, value := range a.Headers {
		h.Set(name, value)
	}
	event, err := v.Verify([]byte(a.Body), h)
	if err != nil {
		return map[string]any{"accepted": false, "why": err.Error()}, nil
	}
	return map[string]any{"accepted": true, "type": event.Type, "id": event.ID}, nil
}

// nameSummary is how the Go SDK names a summary.
func nameSummary(a struct{ Customer, Delta, Start, End string }) (any, error) {
	delta, err := pacspace.ParseDecimal(a.Delta)
	if err != nil {
		return nil, err
	}
	var w pacspace.Window
	if w.Start, err = time.Parse(time.RFC3339Nano, a.Start); err != nil {
		return nil, err
	}
	if w.End, err = time.Parse(time.RFC3339Nano, a.End); err != nil {
		return nil, err
	}
	return pacspace.SummaryReference(a.Customer, delta, w)
}

func (l *lab) client(box string) (*pacspace.Client, error) {
	return pacspace.New(l.boxes[box].Key, pacspace.WithBaseURL(l.boxes[box].URL))
}

func (l *lab) derive(ctx context.Context, a reading) (any, error) {
	client, err := l.client(a.Box)
	if err != nil {
		return nil, err
	}
	b, err := client.Balance.Derive(ctx, a.Customer, pacspace.CurrentMonth())
	if err != nil {
		return nil, err
	}
	return map[string]any{"computedBalance": b.ComputedBalance.String(), "deltaCount": b.DeltaCount}, nil
}

func (l *lab) invoiceProof(ctx context.Context, a reading) (any, error) {
	client, err := l.client(a.Box)
	if err != nil {
		return nil, err
	}
	p, err := client.Receipts.InvoiceProof(ctx, a.Customer, pacspace.InPeriod(pacspace.Period(a.Period)))
	if err != nil {
		return nil, err
	}
	return map[string]any{"proofRoot": p.ProofRoot}, nil
}

func TestTheLabAnswersWithoutPython(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	require.Equal(t, reply{Error: `"dance": not known`}, l.do(t.Context(), "dance", nil))
	require.Contains(t, l.do(t.Context(), "fault", json.RawMessage(`{"box":"main","fault":{"statsu":503}}`)).Error, "statsu")
	require.Empty(t, l.do(t.Context(), "fault", json.RawMessage(`{"box":"main","fault":{"status":503}}`)).Error)
	require.Contains(t, l.do(t.Context(), "go_derive", json.RawMessage(`{"box":"statuscode","customer":""}`)).Error, "customerId")
}
