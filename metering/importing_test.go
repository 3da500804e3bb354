package metering_test

import (
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/metering"
)

const csvFile = "\xef\xbb\xbf" + `time,id,customerId,plan,amount
2026-02-03T12:00:00Z,a,acme,growth,12.5
2026-02-03T17:30:00+05:30,b,acme,,1e1
2026-02-03T12:00:00.5Z,"c",globex,"with ""quotes"", and
a line break",3
`

const jsonFile = `{"id":"a","customerId":"acme","amount":12.5,"time":"2026-02-03T12:00:00Z","dimensions":{"plan":"growth"}}

{"time":"2026-02-03T17:30:00+05:30","id":"b","customerId":"acme","amount":"10.000000000000000000001"}
`

func TestAFileIsCountedOnceHoweverOftenItIsImported(t *testing.T) {
	t.Parallel()
	// The line break of the CSV file is no dimension that the meter takes.
	csv := strings.Replace(csvFile, "\na line", " a line", 1)
	for name, c := range map[string]struct {
		read   func() iter.Seq2[metering.Event, error]
		counts int
		acme   string
	}{
		"CSV":        {func() iter.Seq2[metering.Event, error] { return metering.ReadCSV(strings.NewReader(csv)) }, 3, "22.5"},
		"JSON Lines": {func() iter.Seq2[metering.Event, error] { return metering.ReadJSONLines(strings.NewReader(jsonFile)) }, 2, "22.500000000000000000001"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.clock.Advance(time.Hour)
			got, err := r.meter.Import(t.Context(), c.read())
			require.NoError(t, err)
			require.Equal(t, &metering.Imported{Counted: c.counts}, got)
			got, err = r.meter.Import(t.Context(), c.read())
			require.NoError(t, err)
			require.Equal(t, &metering.Imported{Duplicates: c.counts}, got)
			require.Equal(t, c.acme, r.open("acme", day))
			for b, err := range r.meter.Days(t.Context(), metering.BucketQuery{CustomerID: "acme"}) {
				require.NoError(t, err)
				require.Equal(t, metering.Dimensions{"plan": {"growth"}}, b.Dimensions)
				require.Equal(t, noon, b.First)
				require.Equal(t, noon, b.Last)
			}
		})
	}
}

func TestALongFileIsCountedInPages(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var file strings.Builder
	file.WriteString("id,customerId,amount,time\n")
	for i := range 2500 {
		fmt.Fprintf(&file, "e%d,acme,1,2026-02-03T11:00:00Z\n", i)
	}
	_, err := r.meter.Record(t.Context(), event("e7", "acme", "9", noon), event("e2400", "acme", "9", noon))
	require.NoError(t, err)
	got, err := r.meter.Import(t.Context(), metering.ReadCSV(strings.NewReader(file.String())))
	require.Equal(t, &metering.Imported{Counted: 2498, Conflicts: 2}, got)
	conflict := new(metering.ConflictError)
	require.ErrorAs(t, err, &conflict)
	require.Equal(t, []string{"e7", "e2400"}, conflict.IDs)
	require.Equal(t, "2516", r.open("acme", day))
}

func TestAnImportStopsAtWhatItCannotCount(t *testing.T) {
	t.Parallel()
	const head = "id,customerId,amount,time\n"
	const good = "a,acme,1,2026-02-03T11:00:00Z\n"
	object := func(s string) string {
		return `{"id":"a","customerId":"acme","amount":1,"time":"2026-02-03T11:00:00Z"}` + "\n" + s
	}
	for name, c := range map[string]struct {
		csv, json, rule string
		counted         int
	}{
		"an empty file":            {csv: " ", rule: "column id is missing"},
		"no time column":           {csv: "id,customerId,amount\n", rule: "csv: line 1: column time is missing"},
		"a column twice":           {csv: "id,id,customerId,amount,time\n", rule: `csv: line 1: column "id" stands twice`},
		"a cell too few":           {csv: head + good + "b,acme,1\n", rule: "csv: record on line 3", counted: 1},
		"a float that is no JSON":  {csv: head + good + "b,acme,0x1p3,2026-02-03T11:00:00Z\n", rule: "csv: line 3: amount: ", counted: 1},
		"a local time":             {csv: head + good + "b,acme,1,2026-02-03 11:00:00\n", rule: "csv: line 3: time: must be as in", counted: 1},
		"no id":                    {csv: head + good + ",acme,1,2026-02-03T11:00:00Z\n", rule: "csv: line 3: id must be", counted: 1},
		"an open quote":            {csv: head + good + `"b` + strings.Repeat("x", 100_000), rule: "is a quote not closed?", counted: 1},
		"an event of next week":    {csv: head + good + "b,acme,1,2026-02-10T11:00:00Z\n", rule: `after 0 events: event 2, id "b": time`},
		"an unknown field":         {json: object(`{"Id":"b"}`), rule: `json lines: line 2: "Id" is no field of an event`, counted: 1},
		"a field twice":            {json: object(`{"id":"b","id":"c"}`), rule: "json lines: line 2: ", counted: 1},
		"a list":                   {json: object(`[]`), rule: "json lines: line 2: must be one JSON object", counted: 1},
		"two objects on a line":    {json: object(`{} {}`), rule: "json lines: line 2: ", counted: 1},
		"no amount":                {json: object(`{"id":"b","customerId":"acme","time":"2026-02-03T11:00:00Z"}`), rule: "json lines: line 2: amount: must be given", counted: 1},
		"a null amount":            {json: object(`{"id":"b","customerId":"acme","amount":null,"time":"2026-02-03T11:00:00Z"}`), rule: "amount: must be given", counted: 1},
		"a number that is a float": {json: object(`{"id":"b","customerId":"acme","amount":1.00000000000000000001,"time":"2026-02-03T11:00:00Z"}`), rule: "json lines: line 2: ", counted: 1},
		"a dimension of a number":  {json: object(`{"id":"b","dimensions":{"x":1}}`), rule: "line 2: dimensions", counted: 1},
		"a line that never ends":   {json: object(strings.Repeat("x", 100_000)), rule: "json lines: line 2: must have at most 65536 bytes", counted: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			events := metering.ReadCSV(strings.NewReader(c.csv))
			if c.json != "" {
				events = metering.ReadJSONLines(strings.NewReader(c.json))
			}
			got, err := r.meter.Import(t.Context(), events)
			require.ErrorContains(t, err, c.rule)
			require.NotContains(t, err.Error(), "\n")
			require.Equal(t, c.counted, got.Counted)
		})
	}
}

// Whatever a file holds, it is read without a panic, and every event that is read keeps the
// rules of an event and means the same when it is written again.
func FuzzReadCSV(f *testing.F) {
	f.Add([]byte(csvFile))
	f.Add([]byte("id,customerId,amount,time\n\"a\nb\",acme,-0,0001-01-01T00:00:00Z\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		checkRead(t, metering.ReadCSV(strings.NewReader(string(file))))
	})
}

func FuzzReadJSONLines(f *testing.F) {
	f.Add([]byte(jsonFile))
	f.Add([]byte(`{"id":"\ud800","amount":1e999}`))
	f.Fuzz(func(t *testing.T, file []byte) {
		checkRead(t, metering.ReadJSONLines(strings.NewReader(string(file))))
	})
}

func checkRead(t *testing.T, events iter.Seq2[metering.Event, error]) {
	failed := false
	for e, err := range events {
		require.False(t, failed, "an error is the last thing that is yielded")
		if failed = err != nil; failed {
			require.NotContains(t, err.Error(), "\n")
			continue
		}
		require.NotEmpty(t, e.ID)
		require.NotEmpty(t, e.CustomerID)
		require.False(t, e.Time.IsZero())
		line := fmt.Sprintf(`{"id":%s,"customerId":%s,"amount":%q,"time":%q}`, quoted(e.ID), quoted(e.CustomerID), e.Amount.String(), e.Time.Format(time.RFC3339Nano))
		n := 0
		for again, err := range metering.ReadJSONLines(strings.NewReader(line)) {
			require.NoError(t, err, line)
			require.Equal(t, e.ID, again.ID)
			require.True(t, e.Amount.Equal(again.Amount))
			require.True(t, e.Time.Equal(again.Time))
			n++
		}
		require.Equal(t, 1, n)
	}
}

func quoted(s string) string {
	item, err := pacspace.DeltaParams{Metadata: pacspace.Metadata{"s": s}}.Item()
	if err != nil {
		panic(err)
	}
	return strings.TrimSuffix(strings.TrimPrefix(string(item.Metadata), `{"s":`), "}")
}
