package invoice_test

import (
	"bytes"
	"context"
	"fmt"
	"html/template"
	"log"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/invoice"
	"github.com/pacspace/pacspace-go/sandbox"
)

// From a closed period to a PDF that carries its evidence.
func ExampleStatement_WritePDF() {
	closing := closedFebruary()
	price, err := pacspace.ParseDecimal("0.0125")
	if err != nil {
		log.Fatal(err)
	}

	statement, err := invoice.New(closing, invoice.Details{
		Number:   "2026-0042",
		Issued:   time.Date(2026, time.March, 2, 0, 0, 0, 0, time.UTC),
		Seller:   invoice.Party{Name: "Example Compute Ltd", Address: []string{"1 Example Street", "Example Town"}},
		Customer: invoice.Party{Name: "Acme GmbH"},
		Prices:   map[string]invoice.Price{"compute-minutes": {PerUnit: price, Currency: "EUR"}},
		Locale:   "de-DE",
	})
	if err != nil {
		log.Fatal(err)
	}
	file, err := os.Create(filepath.Join(os.TempDir(), "invoice-2026-0042.pdf"))
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()
	if err := statement.WritePDF(file, invoice.PDFOptions{}); err != nil {
		log.Fatal(err)
	}

	fmt.Println(statement)
	fmt.Println(statement.Totals[0].Amount, statement.Totals[0].Currency)
	fmt.Println(statement.EvidenceName(), "is attached")
	os.Remove(file.Name())
	// Output:
	// statement of customer_acme, 2026-02: 3 deltas, balance -152.75
	// 1.91 EUR
	// customer_acme-2026-02.jsonl is attached
}

// The fields to set on an invoice that another system makes.
func ExampleStatement_Memo() {
	statement := usageStatement()

	memo := statement.Memo()         // the memo, footer or description
	metadata := statement.Metadata() // custom fields, if it has any
	evidence, err := statement.Evidence()
	if err != nil {
		log.Fatal(err)
	}
	name := statement.EvidenceName() // the attachment, of type invoice.EvidenceType

	fmt.Println(strings.Split(memo, "\n")[0])
	fmt.Println(metadata["pacspace_balance"], metadata["pacspace_deltas"])
	fmt.Println(name, invoice.EvidenceType, bytes.Count(evidence, []byte("\n")), "lines")
	// Output:
	// Usage 2026-02, account customer_acme, recorded 2026-02-02 00:00 UTC to 2026-03-02 00:00 UTC: balance on record -152.75 compute-minutes.
	// -152.75 3
	// customer_acme-2026-02.jsonl application/jsonl 5 lines
}

// An own head over the page's other blocks.
func ExampleTemplate() {
	statement := usageStatement()

	own, err := invoice.Template().Parse(`{{define "head"}}<h1>Example Compute</h1><p>{{.Title}} for {{.Period}}</p>{{end}}`)
	if err != nil {
		log.Fatal(err)
	}
	var page bytes.Buffer
	if err := statement.WriteHTML(&page, own); err != nil {
		log.Fatal(err)
	}

	fmt.Println(strings.Contains(page.String(), "<h1>Example Compute</h1><p>Usage statement for 2026-02</p>"))
	// Output: true
}

// A page of one's own is any html/template over a Statement.
func ExampleStatement_WriteHTML() {
	statement := usageStatement()

	own := template.Must(template.New("usage").Parse(`{{range .Lines}}{{.Day}}: {{$.Quantity .Used}}
{{end}}{{.Limits}}
`))
	if err := statement.WriteHTML(os.Stdout, own); err != nil {
		log.Fatal(err)
	}
	// Output:
	// 2026-02-01: 50
	// 2026-02-02: 62.5
	// 2026-02-03: 40.25
	// The proof shows quantities, not prices. It does not show that no delta was left out.
}

func usageStatement() *invoice.Statement {
	statement, err := invoice.New(closedFebruary(), invoice.Details{
		Issued: time.Date(2026, time.March, 2, 0, 0, 0, 0, time.UTC),
		Seller: invoice.Party{Name: "Example Compute Ltd"},
	})
	if err != nil {
		log.Fatal(err)
	}
	return statement
}

// closedFebruary records three days of usage in the sandbox and closes their period.
func closedFebruary() *pacspace.Closing {
	ctx := context.Background()
	clock := sandbox.NewClock(time.Date(2026, time.February, 1, 0, 0, 0, 0, time.UTC))
	box, err := sandbox.New(sandbox.WithClock(clock.Now))
	if err != nil {
		log.Fatal(err)
	}
	server, err := box.Listen("127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	client, err := pacspace.New(server.Key, pacspace.WithBaseURL(server.URL), pacspace.WithClock(clock.Now))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	var sent []pacspace.DeltaParams
	for i, amount := range []string{"50", "62.5", "40.25"} {
		day := pacspace.NewDate(2026, time.February, 1+i)
		clock.Set(day.End().Add(time.Hour))
		used, err := pacspace.ParseDecimal(amount)
		if err != nil {
			log.Fatal(err)
		}
		deltas, err := pacspace.UsageDeltas(pacspace.Reference{CustomerID: "customer_acme", Day: day}, used,
			pacspace.Metadata{"resource": "compute-minutes", "unit": "minutes"})
		if err != nil {
			log.Fatal(err)
		}
		for _, d := range deltas {
			if _, err := client.Balance.Emit(ctx, d); err != nil {
				log.Fatal(err)
			}
		}
		sent = append(sent, deltas...)
	}
	clock.Set(time.Date(2026, time.March, 2, 0, 0, 0, 0, time.UTC))
	clock.Step(time.Second)
	closing, err := client.Balance.ClosePeriod(ctx, pacspace.ClosePeriodParams{
		CustomerID: "customer_acme", Resource: "compute-minutes", Unit: "minutes", Period: "2026-02", First: true,
		Submissions: submissions(sent),
	}, pacspace.WithPollInterval(time.Millisecond))
	if err != nil {
		log.Fatal(err)
	}
	return closing
}
