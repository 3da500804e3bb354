package pacspace_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/internal/agentstore"
	"github.com/pacspace/pacspace-go/internal/memstore"
	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/proof/sealed"
	"github.com/pacspace/pacspace-go/reconcile"
	"github.com/pacspace/pacspace-go/record"
	"github.com/pacspace/pacspace-go/sandbox"
	"github.com/pacspace/pacspace-go/usage"
	"github.com/pacspace/pacspace-go/webhook"
)

// keepers are the types that are given a secret to keep, or hold one that does, each with
// a secret in it: by the type's name, and by what more there is to say of it.
func keepers(t *testing.T) map[string]any {
	t.Helper()
	source := func(context.Context) (string, error) { return keptKey, nil }
	client, err := pacspace.New(keptKey, pacspace.WithHTTPClient(&http.Client{Transport: keepsKey{keptKey}}))
	require.NoError(t, err)
	rotating, err := pacspace.New("", pacspace.WithKeySource(source))
	require.NoError(t, err)
	verifier, err := webhook.NewVerifier([]string{keptWebhook, "whsec_second" + keptWord})
	require.NoError(t, err)
	value := []byte(keptWord + keptWord)
	blinding, err := record.NewBlinding(value, strings.Repeat("ab", 32), "5")
	require.NoError(t, err)
	held := record.HeldFile{Blinding: blinding}
	api, decode, lost, cadence := errorsWith(t)
	box, err := sandbox.New(sandbox.WithAPIKey(keptKey), sandbox.WithDashboardToken(keptToken))
	require.NoError(t, err)
	server, err := box.Listen("127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, server.Close())
	meter, err := metering.New(client, memstore.New(time.Now), metering.WithAccounts("minutes", "minute"))
	require.NoError(t, err)
	_, err = meter.Close(t.Context()) // printing one at work would be a race
	require.NoError(t, err)
	agent, err := reconcile.New(client, agentstore.New(time.Now))
	require.NoError(t, err)
	_, badKey := pacspace.New(keptKey + "\n")
	_, badURL := pacspace.New(keptKey, pacspace.WithBaseURL("https://user:"+keptWord+"@example.test"))
	_, badSecrets := webhook.NewVerifier([]string{keptWebhook, ""})
	_, badBlinding := record.ParseBlindingFile([]byte(keptWord))

	return map[string]any{
		"pacspace.Client":                           client,
		"pacspace.Client, with a source of keys":    rotating,
		"pacspace.Public":                           client.Public,
		"pacspace.BalanceService":                   client.Balance,
		"pacspace.CustomerService":                  client.Customers,
		"pacspace.ReceiptService":                   client.Receipts,
		"pacspace.RecordService":                    client.Records,
		"pacspace.RecordService, of another type":   client.Records.OfType("order"),
		"pacspace.WebhookService":                   client.Webhooks,
		"pacspace.Option":                           pacspace.WithKeySource(source),
		"pacspace.CallOption":                       pacspace.WithDashboardToken(keptToken),
		"pacspace.CallOption, a grant":              pacspace.WithGrant(keptGrant),
		"pacspace.SharedOption":                     pacspace.WithHeader("Cookie", keptWord),
		"webhook.Verifier":                          verifier,
		"webhook.Verifier, its handler":             verifier.Handler(nil),
		"webhook.SignOption":                        webhook.AlsoWith(keptWebhook),
		"record.Blinding":                           blinding,
		"record.FileFingerprint":                    &record.FileFingerprint{Blinding: blinding},
		"record.FingerprintParams":                  record.FingerprintParams{Blinding: blinding},
		"record.HeldFile":                           held,
		"record.Expectation":                        record.Expectation{Files: []record.HeldFile{held}},
		"pacspace.APIError":                         api,
		"pacspace.DecodeError":                      decode,
		"pacspace.TransportError":                   lost,
		"pacspace.CadenceLimitError":                cadence,
		"pacspace.ParamError":                       badKey,
		"pacspace.ParamError, of a URL":             badURL,
		"webhook.Verifier, refused for its secrets": badSecrets,
		"record.Error":                              badBlinding,
		"metering.Meter":                            meter,
		"reconcile.Agent":                           agent,
		"sealed.LinkKey":                            keptLinkKey(t),
		"sandbox.Sandbox":                           box,
		"sandbox.Server":                            server,
		"sandbox.Choice":                            sandbox.Choices()[0],
		"sandbox.Option":                            sandbox.WithAPIKey(keptKey),
		"sandbox.Option, the token of a dashboard":  sandbox.WithDashboardToken(keptToken),
	}
}

// keepsKey is a caller's Transport that has a key of its own.
type keepsKey struct{ key string }

func (keepsKey) RoundTrip(*http.Request) (*http.Response, error) { return nil, http.ErrServerClosed }

// interfaces says of those that no value of the tables stands for who implements them.
var interfaces = map[string]string{
	"webhook.Option":           "options without a secret: tolerance and clock",
	"proof.Anchor":             "PublicRecord, InvoiceRoot, OwnDeltas, Earlier and ProbeResult, which are data",
	"metering.Gate":            "the caller's",
	"metering.Option":          "options without a secret",
	"metering.Store":           "the stores of sqlstore, and the caller's",
	"metering.Tx":              "as Store",
	"reconcile.AccountLister":  "the caller's",
	"reconcile.Alert":          "the caller's",
	"reconcile.AuditOption":    "options without a secret",
	"reconcile.Option":         "options without a secret",
	"reconcile.SentDeltas":     "the caller's",
	"reconcile.Store":          "the stores of sqlstore, and the caller's",
	"reconcile.SystemOfRecord": "the caller's",
	"reconcile.Tx":             "as Store",
	"sandbox.TB":               "testing.TB, which is the caller's",
}

// dataTypes are the types that hold what a caller writes or what the service or a file
// says, and are never given a secret.
var dataTypes = []any{
	pacspace.Balance{}, pacspace.PageParams{}, pacspace.CompareParams{}, pacspace.Comparison{}, pacspace.Usage{},
	pacspace.Limits{}, pacspace.GapsParams{}, pacspace.Gaps{}, pacspace.Batch{}, pacspace.BatchItem{}, pacspace.Outcome(""),
	pacspace.CheckpointParams{}, pacspace.Checkpoint{}, pacspace.CheckpointsParams{}, pacspace.CheckpointPage{},
	pacspace.Change{}, pacspace.ClosePeriodParams{}, pacspace.Outstanding{}, pacspace.Closing{}, pacspace.ClosedWindow{},
	pacspace.ClosingLine{}, pacspace.Customer{}, pacspace.CustomersParams{}, pacspace.CustomerPage{},
	pacspace.CustomersSummary{}, pacspace.ActivityParams{}, pacspace.CustomerParams{}, pacspace.Delivery{},
	pacspace.DeliveriesParams{}, pacspace.DeliveryPage{}, pacspace.Metadata{}, pacspace.Adjusts{}, pacspace.DeltaParams{},
	pacspace.Delta{}, pacspace.ErrorKind(""), record.PayloadRef{}, pacspace.Attempt{}, pacspace.ProbeParams{},
	pacspace.InvoiceProof{}, pacspace.Receipt{}, pacspace.DocumentParams{}, pacspace.EntryParams{},
	pacspace.EntryRef{}, pacspace.QueuedEntry{}, pacspace.EntryStatus(""), record.HistoryCheck{}, record.CheckedEntry{},
	pacspace.GrantKind(""), pacspace.GrantParams{}, pacspace.Grant{}, record.Layout{}, record.StateField{},
	pacspace.OpenedLink{}, pacspace.EntryReceipt{}, pacspace.EntryRange{}, pacspace.RecordHistory{}, pacspace.RecordEntry{},
	pacspace.ResolveParams{}, pacspace.Response{}, pacspace.Raw{}, pacspace.Scope{}, pacspace.Granularity(""),
	pacspace.Status(""), pacspace.Source(""), pacspace.Verification{}, pacspace.VerifiedFile{}, webhook.EventType(""), webhook.Status(""),
	webhook.Event{}, webhook.EventHints{}, webhook.DeltaVerified{}, webhook.DeltaVerification{}, webhook.DeltaPeriod{},
	webhook.PlanUsage{}, webhook.DeltaFailed{}, webhook.RecordCommitted{}, webhook.RecordFailed{},
	webhook.ReceiptGenerated{}, webhook.Adjusts{}, webhook.CheckpointVerified{}, webhook.CustomerCreated{}, webhook.SharedRecordActivity{}, webhook.TenantDomain{},

	metering.AccountError{}, metering.Bucket{}, metering.BucketQuery{}, metering.Change{}, metering.ChangeKind(""),
	metering.ConflictError{}, metering.DeltaMismatchError{}, metering.DeltaQuery{}, metering.Dimensions{}, metering.DiscardParams{}, metering.Entry{}, metering.Event{},
	metering.EventError{}, metering.Imported{}, metering.OpenCount{}, metering.OutboxBatch{}, metering.OutboxDelta{},
	metering.Recorded(""), metering.RetryParams{}, metering.Section{}, metering.State(""), metering.StateCount{},
	metering.Status{}, metering.Submission{}, metering.Total{}, metering.TotalsError{}, metering.UnsentError{},
	metering.VanishedTotal{},

	reconcile.Account{}, reconcile.AccountReport{}, reconcile.Check{}, reconcile.Contradiction{}, reconcile.Delta{}, reconcile.DeltaQuery{},
	reconcile.DeltaState(""), reconcile.Differing{}, reconcile.EventCount{}, reconcile.EventState(""), reconcile.GateError{},
	reconcile.InboxEvent{}, reconcile.Kind(""), reconcile.Mismatch{}, reconcile.MismatchQuery{}, reconcile.MismatchState(""),
	reconcile.Outcome(""), reconcile.Report{}, reconcile.Status{},

	decimal.Decimal{}, usage.Date{}, usage.Period(""), usage.Reference{}, usage.Account{}, usage.Window{},

	proof.PublicRecord{}, proof.InvoiceRoot{}, proof.OwnDeltas{}, proof.Earlier{}, proof.ProbeResult{}, proof.LateDelta{},
	proof.DiffKind(""), proof.Difference{}, proof.DiffTotal{}, proof.DiffSummary{}, proof.ViewTotal{}, proof.Environment(""),
	proof.Header{}, proof.Days{}, proof.CarriedLine{}, proof.Checkpoint{}, proof.Line{}, proof.Expect{},
	proof.Hash{}, proof.Item{}, proof.Adjusts{}, proof.CSVColumns{}, proof.Reader{}, proof.Report{}, proof.Standing{},
	proof.SourceCount{}, proof.Completeness(""), proof.FormatError{}, proof.Source(""), proof.Sources{},
	proof.Variant(""), proof.Verdict(""), proof.Outcome(""), proof.Check{}, proof.Rest{}, proof.Divergence{}, proof.Writer{},
	proof.Progress{},

	sealed.Chain{}, sealed.Disclosure{}, sealed.DisclosedEntry{}, sealed.History{}, sealed.HistoryEntry{}, sealed.Hash{},
	sealed.Address{}, sealed.Item{}, sealed.Field{}, sealed.Leaf{}, sealed.Code(""),
	sealed.Commitment{}, sealed.Verdict(""), sealed.Result{}, sealed.Entry{}, sealed.WithheldMember{}, sealed.Refusal{},
	sealed.State{}, sealed.Word{}, sealed.LayoutRef{}, sealed.Version(0),

	&sandbox.Clock{}, sandbox.WebhookFault{}, sandbox.Endpoint{}, sandbox.Fault{}, sandbox.Level(""),
	sandbox.Recorded{}, sandbox.Delivery{}, sandbox.Share{}, sandbox.Shown{}, sandbox.Request{},
}
