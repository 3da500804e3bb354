package metering

import (
	"bytes"
	"context"
	"encoding/json"
	"html/template"
	"net/http"
	"time"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/usage"
)

// Section is a further part of the admin page, of another package or of the service itself.
type Section struct {
	Name string
	// Read returns what is shown: any value that encoding/json writes.
	Read func(ctx context.Context) (any, error)
}

// adminRows is how many rows one answer lists.
const adminRows = 200

// Admin is a page for a person and the same as JSON, both of which only read:
//
//	/             the page
//	/status.json  counts by state, lag, pause, and the sections
//	/days.json    accounts' days: what is open and what was closed; ?customer= ?from= ?to=
//	/deltas.json  deltas of the outbox; ?state= ?customer= ?from= ?to= ?after=
//
// A list has at most 200 rows; next, where it is there, is the query of the following ones.
// Mount it behind a login, with [http.StripPrefix] where it is not at the root: it shows
// who used how much. Metadata, keys of the service and proof roots are not shown.
func (m *Meter) Admin(sections ...Section) http.Handler {
	a := &admin{m: m, sections: sections}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", a.page)
	mux.HandleFunc("GET /status.json", serveJSON(a.status))
	mux.HandleFunc("GET /days.json", serveJSON(a.days))
	mux.HandleFunc("GET /deltas.json", serveJSON(a.deltas))
	return mux
}

type admin struct {
	m        *Meter
	sections []Section
}

// adminStatus is what status.json says.
type adminStatus struct {
	*Status
	LagSeconds int64          `json:"lagSeconds"`
	Sections   map[string]any `json:"sections,omitempty"`
}

func (a *admin) status(r *http.Request) (any, error) {
	s, err := a.m.Status(r.Context())
	if err != nil {
		return nil, err
	}
	out := adminStatus{Status: s, LagSeconds: int64(s.Lag() / time.Second)}
	for _, section := range a.sections {
		v, err := section.Read(r.Context())
		if err != nil {
			v = map[string]string{"error": err.Error()}
		}
		if out.Sections == nil {
			out.Sections = map[string]any{}
		}
		out.Sections[section.Name] = v
	}
	return out, nil
}

// adminDay is a bucket as it is shown.
type adminDay struct {
	CustomerID string          `json:"customerId"`
	Day        usage.Date      `json:"day"`
	FedBy      string          `json:"fedBy"`
	Open       decimal.Decimal `json:"open"`
	Events     int64           `json:"events"`
	Due        time.Time       `json:"due,omitzero"`
	Closed     int             `json:"closed"` // how often
	Frozen     decimal.Decimal `json:"frozen"`
}

func dayOf(b Bucket) adminDay {
	d := adminDay{
		CustomerID: b.CustomerID, Day: b.Day, FedBy: "events", Open: b.Open, Events: b.Count,
		Due: b.Due, Closed: b.Generation, Frozen: b.Frozen,
	}
	if b.Totals {
		d.FedBy = "totals"
	}
	return d
}

func (a *admin) days(r *http.Request) (any, error) {
	var q BucketQuery
	var err error
	form := r.URL.Query()
	q.CustomerID, q.AfterCustomerID = form.Get("customer"), form.Get("afterCustomer")
	if err = readDays(form, map[string]*usage.Date{"from": &q.From, "to": &q.To, "afterDay": &q.AfterDay}); err != nil {
		return nil, err
	}
	out := struct {
		Days []adminDay `json:"days"`
		Next string     `json:"next,omitempty"`
	}{Days: []adminDay{}}
	for b, err := range a.m.Days(r.Context(), q) {
		if err != nil {
			return nil, err
		}
		if len(out.Days) == adminRows {
			last := out.Days[adminRows-1]
			form.Set("afterDay", last.Day.String())
			form.Set("afterCustomer", last.CustomerID)
			out.Next = "?" + form.Encode()
			break
		}
		out.Days = append(out.Days, dayOf(b))
	}
	return out, nil
}

// adminDelta is a delta of the outbox as it is shown.
type adminDelta struct {
	ReferenceID string          `json:"referenceId"`
	CustomerID  string          `json:"customerId"`
	Day         usage.Date      `json:"day"`
	Amount      decimal.Decimal `json:"amount"`
	Adjusts     string          `json:"adjusts,omitempty"`
	State       State           `json:"state"`
	Attempts    int             `json:"attempts"`
	NotBefore   time.Time       `json:"notBefore,omitzero"`
	Code        string          `json:"code,omitempty"`
	Note        string          `json:"note,omitempty"`
	RecordID    string          `json:"recordId,omitempty"`
	CreatedAt   time.Time       `json:"createdAt"`
	UpdatedAt   time.Time       `json:"updatedAt"`
}

func deltaOf(d OutboxDelta) adminDelta {
	return adminDelta{
		ReferenceID: d.ReferenceID, CustomerID: d.CustomerID, Day: d.Day, Amount: d.Amount, Adjusts: d.Adjusts,
		State: d.State, Attempts: d.Attempts, NotBefore: d.NotBefore, Code: d.ErrorCode, Note: d.Note,
		RecordID: d.RecordID, CreatedAt: d.CreatedAt, UpdatedAt: d.UpdatedAt,
	}
}

func (a *admin) deltas(r *http.Request) (any, error) {
	form := r.URL.Query()
	q := DeltaQuery{CustomerID: form.Get("customer"), AfterReferenceID: form.Get("after")}
	for _, s := range form["state"] {
		q.States = append(q.States, State(s))
	}
	if err := readDays(form, map[string]*usage.Date{"from": &q.From, "to": &q.To}); err != nil {
		return nil, err
	}
	out := struct {
		Deltas []adminDelta `json:"deltas"`
		Next   string       `json:"next,omitempty"`
	}{Deltas: []adminDelta{}}
	for d, err := range a.m.Deltas(r.Context(), q) {
		if err != nil {
			return nil, err
		}
		if len(out.Deltas) == adminRows {
			form.Set("after", out.Deltas[adminRows-1].ReferenceID)
			out.Next = "?" + form.Encode()
			break
		}
		out.Deltas = append(out.Deltas, deltaOf(d))
	}
	return out, nil
}

// errQuery is a query that cannot be read.
type errQuery struct{ name string }

func (e *errQuery) Error() string {
	return "metering: " + e.name + ": must be a day such as 2026-02-01"
}

func readDays(form map[string][]string, days map[string]*usage.Date) error {
	for name, to := range days {
		for _, text := range form[name] {
			var err error
			if *to, err = usage.ParseDate(text); err != nil {
				return &errQuery{name}
			}
		}
	}
	return nil
}

func header(w http.ResponseWriter, contentType string) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
}

func serveJSON(read func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := read(r)
		var text []byte
		if err == nil {
			text, err = json.MarshalIndent(v, "", "  ")
		}
		header(w, "application/json")
		if err != nil {
			code := http.StatusServiceUnavailable
			if _, ok := err.(*errQuery); ok {
				code = http.StatusBadRequest
			}
			w.WriteHeader(code)
			text, _ = json.Marshal(map[string]string{"error": err.Error()})
		}
		_, _ = w.Write(append(text, '\n'))
	}
}

// adminPage is what the page shows.
type adminPage struct {
	adminStatus
	Lag      time.Duration
	Parked   []adminDelta
	Days     []adminDay
	Sections map[string]string
}

// recentDays is how many days back the page goes.
const recentDays = 3

func (a *admin) page(w http.ResponseWriter, r *http.Request) {
	text, err := a.render(r)
	header(w, "text/html; charset=utf-8")
	if err != nil {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(http.StatusServiceUnavailable)
		text = []byte(err.Error() + "\n")
	}
	_, _ = w.Write(text)
}

func (a *admin) render(r *http.Request) ([]byte, error) {
	status, err := a.status(r)
	if err != nil {
		return nil, err
	}
	p := adminPage{adminStatus: status.(adminStatus), Sections: map[string]string{}}
	p.Lag = p.Status.Lag().Round(time.Second)
	for name, v := range p.adminStatus.Sections {
		text, err := json.MarshalIndent(v, "", "  ")
		if err != nil {
			text = []byte(err.Error())
		}
		p.Sections[name] = string(text)
	}
	for d, err := range a.m.Parked(r.Context()) {
		if err != nil {
			return nil, err
		}
		if p.Parked = append(p.Parked, deltaOf(d)); len(p.Parked) == adminRows {
			break
		}
	}
	for b, err := range a.m.Days(r.Context(), BucketQuery{From: usage.DateOf(p.Now).AddDays(-recentDays)}) {
		if err != nil {
			return nil, err
		}
		if p.Days = append(p.Days, dayOf(b)); len(p.Days) == adminRows {
			break
		}
	}
	var out bytes.Buffer
	err = adminTemplate().Execute(&out, p)
	return out.Bytes(), err
}

func adminTemplate() *template.Template {
	return template.Must(template.New("admin").Parse(adminHTML))
}

const adminHTML = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Metering</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem }
table { border-collapse: collapse; margin: .5rem 0 2rem }
th, td { border-bottom: 1px solid #ccc; padding: .2rem .8rem .2rem 0; text-align: left; vertical-align: top }
td.n { text-align: right; font-variant-numeric: tabular-nums }
.alert { color: #a00; font-weight: bold }
</style>
<h1>Metering</h1>
<p>As of {{.Now.Format "2006-01-02 15:04:05"}} UTC. The oldest delivery waits for {{.Lag}}.</p>
{{with .PauseCode}}<p class="alert">Sending is paused: {{.}}{{if not $.PausedUntil.IsZero}}, until {{$.PausedUntil.Format "2006-01-02 15:04:05"}} UTC{{end}}.</p>{{end}}
<h2>Deliveries</h2>
<table>
<tr><th>state<th>deltas<th>oldest</tr>
<tr><td>open days<td class="n">{{.Open}}<td></tr>
<tr><td>days due<td class="n">{{.Due}}<td>{{if .Due}}{{.OldestDue.Format "2006-01-02 15:04"}}{{end}}</tr>
{{range .States}}<tr><td>{{.State}}<td class="n">{{.Count}}<td>{{.Oldest.Format "2006-01-02 15:04"}}</tr>
{{end}}</table>
<h2>Parked: these wait for a person</h2>
{{if .Parked}}<table>
<tr><th>reference<th>amount<th>code<th>note</tr>
{{range .Parked}}<tr><td>{{.ReferenceID}}<td class="n">{{.Amount}}<td>{{.Code}}<td>{{.Note}}</tr>
{{end}}</table>{{else}}<p>None.</p>{{end}}
<h2>Recent days</h2>
{{if .Days}}<table>
<tr><th>day<th>account<th>fed by<th>open<th>events<th>closed<th>frozen</tr>
{{range .Days}}<tr><td>{{.Day}}<td>{{.CustomerID}}<td>{{.FedBy}}<td class="n">{{.Open}}<td class="n">{{.Events}}<td class="n">{{.Closed}}<td class="n">{{.Frozen}}</tr>
{{end}}</table>{{else}}<p>None.</p>{{end}}
{{range $name, $text := .Sections}}<h2>{{$name}}</h2>
<pre>{{$text}}</pre>
{{end}}</html>
`
