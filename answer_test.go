package pacspace_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
)

// everyCall is one call of each method that reads an answer.
var everyCall = map[string]func(context.Context, *pacspace.Client) error{
	"Balance.Emit": func(ctx context.Context, c *pacspace.Client) error {
		_, err := c.Balance.Emit(ctx, pacspace.DeltaParams{CustomerID: "acme", Delta: pacspace.NewDecimal(-1), Reason: "r", ReferenceID: "x"})
		return err
	},
	"Balance.EmitBatch": func(ctx context.Context, c *pacspace.Client) error {
		_, err := c.Balance.EmitBatch(ctx, []pacspace.DeltaParams{{CustomerID: "acme", Delta: pacspace.NewDecimal(-1), Reason: "r", ReferenceID: "x"}})
		return err
	},
	"Balance.Status": func(ctx context.Context, c *pacspace.Client) error {
		_, err := c.Balance.Status(ctx, "rec_1")
		return err
	},
	"Balance.Derive": func(ctx context.Context, c *pacspace.Client) error {
		_, err := c.Balance.Derive(ctx, "acme", pacspace.Scope{})
		return err
	},
	"Balance.Compare": func(ctx context.Context, c *pacspace.Client) error {
		_, err := c.Balance.Compare(ctx, pacspace.CompareParams{CustomerID: "acme"})
		return err
	},
	"Balance.Checkpoint": func(ctx context.Context, c *pacspace.Client) error {
		_, err := c.Balance.Checkpoint(ctx, pacspace.CheckpointParams{})
		return err
	},
	"Balance.CheckpointsPage": func(ctx context.Context, c *pacspace.Client) error {
		_, err := c.Balance.CheckpointsPage(ctx, pacspace.CheckpointsParams{}, pacspace.PageParams{})
		return err
	},
	"Balance.Usage":  func(ctx context.Context, c *pacspace.Client) error { _, err := c.Balance.Usage(ctx); return err },
	"Balance.Limits": func(ctx context.Context, c *pacspace.Client) error { _, err := c.Balance.Limits(ctx); return err },
	"Balance.Gaps": func(ctx context.Context, c *pacspace.Client) error {
		_, err := c.Balance.Gaps(ctx, "acme", pacspace.GapsParams{})
		return err
	},
	"Receipts.InvoiceProof": func(ctx context.Context, c *pacspace.Client) error {
		_, err := c.Receipts.InvoiceProof(ctx, "acme", pacspace.Scope{})
		return err
	},
	"Receipts.Document": func(ctx context.Context, c *pacspace.Client) error {
		_, err := c.Receipts.Document(ctx, "chk_1", pacspace.DocumentParams{})
		return err
	},
	"Receipts.List": func(ctx context.Context, c *pacspace.Client) error {
		_, err := c.Receipts.List(ctx, "acme", 0)
		return err
	},
	"Customers.Page": func(ctx context.Context, c *pacspace.Client) error {
		_, err := c.Customers.Page(ctx, pacspace.CustomersParams{})
		return err
	},
	"Customers.Summary": func(ctx context.Context, c *pacspace.Client) error { _, err := c.Customers.Summary(ctx); return err },
	"Customers.Get": func(ctx context.Context, c *pacspace.Client) error {
		_, err := c.Customers.Get(ctx, "acme", pacspace.ActivityParams{})
		return err
	},
	"Customers.Create": func(ctx context.Context, c *pacspace.Client) error {
		_, err := c.Customers.Create(ctx, pacspace.CustomerParams{DisplayName: "Acme"})
		return err
	},
	"Webhooks.DeliveriesPage": func(ctx context.Context, c *pacspace.Client) error {
		_, err := c.Webhooks.DeliveriesPage(ctx, pacspace.DeliveriesParams{}, pacspace.PageParams{})
		return err
	},
	"Webhooks.Retry": func(ctx context.Context, c *pacspace.Client) error {
		_, err := c.Webhooks.Retry(ctx, "evt_1")
		return err
	},
	"Public.Verify": func(ctx context.Context, c *pacspace.Client) error {
		_, err := c.Public.Verify(ctx, "0xaa", "")
		return err
	},
	"Public.ReceiptDocument": func(ctx context.Context, c *pacspace.Client) error {
		_, err := c.Public.ReceiptDocument(ctx, "chk_1")
		return err
	},
}

// writes are the calls after whose odd answer nobody can say what came of them.
var writes = []string{"Balance.Emit", "Balance.EmitBatch", "Balance.Checkpoint", "Customers.Create", "Webhooks.Retry"}

// An answer that is none gives an error of ours to each method: never a panic, and never a
// result that was not told.
func TestAnAnswerThatIsNoneIsAnError(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"HTML":                      "<!DOCTYPE html><title>Sign in</title>",
		"nothing":                   "",
		"white space":               " \n",
		"half an object":            `{"success":true,"data":{"recordId":"rec_1"`,
		"two objects":               `{"success":true,"data":{}}{"success":true,"data":{}}`,
		"not UTF-8 outside strings": "{\"success\":true,\xff}",
		"null":                      `null`,
		"a number":                  `5`,
		"a string":                  `"ok"`,
		"null in the envelope":      `{"success":true,"data":null}`,
		"a string in the envelope":  `{"success":true,"data":"ok"}`,
		"a failure in the envelope": `{"success":false,"data":{"recordId":"rec_1"},"message":"no"}`,
		"a status of failure":       `{"statusCode":500,"data":{"computedBalance":1},"message":"no"}`,
		"an error and nothing else": `{"error":{"code":"X","message":"no"}}`,
		"nesting without end":       `{"success":true,"data":` + strings.Repeat(`[`, 100_000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, _ := answered(t, 200, body)
			for method, call := range everyCall {
				err := call(t.Context(), client)
				var odd *pacspace.DecodeError
				require.ErrorAs(t, err, &odd, method)
				require.NotContains(t, err.Error(), "\n", method)
				for _, w := range writes {
					if w == method {
						require.ErrorIs(t, err, pacspace.ErrOutcomeUnknown, method)
					}
				}
			}
		})
	}
}

// A field of another type than it should have is named; it is never read as a zero.
func TestAFieldOfAnotherTypeIsNamed(t *testing.T) {
	t.Parallel()
	for body, c := range map[string]struct{ method, field string }{
		`{"computedBalance":"many"}`:                                     {"Balance.Derive", "computedBalance"},
		`{"computedBalance":1,"deltaCount":"five"}`:                      {"Balance.Derive", "deltaCount"},
		`{"computedBalance":1,"deltas":[{"delta":1},{"delta":[]}]}`:      {"Balance.Derive", "deltas[1].delta"},
		`{"computedBalance":1,"deltas":{}}`:                              {"Balance.Derive", "deltas"},
		`{"neutralBalance":1,"matchesYours":"yes","matchesTheirs":true}`: {"Balance.Compare", "matchesYours"},
		`{"neutralBalance":1,"matchesYours":true}`:                       {"Balance.Compare", "matchesTheirs"},
		`{"recordId":5}`: {"Balance.Emit", "recordId"},
		`{"recordId":"rec_1","createdAt":"yesterday"}`: {"Balance.Status", "createdAt"},
		`{"checkpoints":[5]}`:                          {"Balance.CheckpointsPage", "checkpoints[0]"},
		`{"totalQueued":1.5}`:                          {"Balance.EmitBatch", "totalQueued"},
		`{"verified":1}`:                               {"Public.Verify", "verified"},
		`{"verified":true,"summary":[]}`:               {"Public.Verify", "summary"},
		`{"customers":{"a":1}}`:                        {"Customers.Page", "customers"},
		`{"customerId":["acme"]}`:                      {"Customers.Get", "customerId"},
	} {
		t.Run(c.method+" "+c.field, func(t *testing.T) {
			t.Parallel()
			client, _ := answered(t, 200, data(body))
			err := everyCall[c.method](t.Context(), client)
			var odd *pacspace.DecodeError
			require.ErrorAs(t, err, &odd)
			require.ErrorContains(t, err, "field "+c.field+" must")
		})
	}
}

// unending is a body without an end.
type unending struct{}

func (unending) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}
func (unending) Close() error { return nil }

func TestABodyWithoutAnEndIsCutAtItsLimit(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 500} {
		mock := httpmock.NewMockTransport()
		mock.RegisterNoResponder(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.ReadCloser(unending{}), ContentLength: -1}, nil
		})
		_, err := scripted(t, mock).Balance.Usage(t.Context())
		require.Error(t, err)
		require.Less(t, len(err.Error()), 500)
	}
}

// Whatever a service answers, each method gives a result or an error of ours.
func FuzzAnswer(f *testing.F) {
	for _, body := range []string{
		`{"success":true,"data":{"computedBalance":-1,"deltas":[{"delta":-1,"metadata":{"a":[1]}}]}}`,
		`{"statusCode":200,"data":{"results":[{"index":0,"status":"QUEUED"}]}}`, `{"verified":true,"summary":{"netChange":1e3}}`,
		`{"error":{"message":["a","b"],"code":"X","retryAfterSeconds":"7"}}`, `[]`, `{"data":{"customers":[{}],"pagination":{"total":"9"}}}`,
	} {
		f.Add(200, body)
		f.Add(429, body)
	}
	f.Add(202, "")
	f.Fuzz(func(t *testing.T, status int, body string) {
		status = 200 + (status%400+400)%400
		// A write that is told to be in progress is asked for again, in the bubble's time.
		synctest.Test(t, func(t *testing.T) {
			client, _ := answered(t, status, body)
			for method, call := range everyCall {
				err := call(t.Context(), client)
				if err == nil {
					require.Less(t, status, 300, method)
					continue
				}
				require.True(t, strings.HasPrefix(err.Error(), "pacspace: "), "%s: %v", method, err)
				require.NotContains(t, err.Error(), "\n")
			}
		})
	})
}
