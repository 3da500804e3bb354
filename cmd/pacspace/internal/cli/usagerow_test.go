package cli

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/proof"
)

var plainNames = usageColumns{"id", "customerId", "amount", "time"}

func eventsOf(text string, i *importing) (events []metering.Event, err error) {
	for row, err := range usageRows(strings.NewReader(text), plainNames) {
		if err != nil {
			return events, err
		}
		e, err := row.event(i)
		if err != nil {
			return events, err
		}
		events = append(events, e)
	}
	return events, nil
}

func TestCSVAndJSONLinesSayTheSame(t *testing.T) {
	t.Parallel()
	fromCSV, err := eventsOf("\ufeffid,customerId,amount,time,plan,model\na-1, acme ,2.50,2026-02-01T12:00:00.5+01:00,growth,\na-2,acme,1e-7,2026-02-01 12:00:00,,m\n", &importing{})
	require.NoError(t, err)
	fromJSON, err := eventsOf(`{"id":"a-1","customerId":"acme","amount":2.50,"time":"2026-02-01T11:00:00.5Z","dimensions":{"plan":"growth"}}

{"id":"a-2","customerId":"acme","amount":"1e-7","time":"2026-02-01T12:00:00","dimensions":{"model":"m"}}
`, &importing{})
	require.NoError(t, err)
	require.Equal(t, fromJSON, fromCSV)
	require.Equal(t, "2.5", fromCSV[0].Amount.String())
}

func TestFilesOfUsageAreRefusedByLineAndRule(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"an empty file":                {"", "the file is empty; it begins with a row of names"},
		"two columns of one name":      {"id,id\na,b\n", `two columns are named "id"; rename one`},
		"a row with too many cells":    {"id,amount\na,1,2\n", "wrong number of fields"},
		"a row without an id":          {"amount\n1\n", "the id is missing; name its --column, or give --id-prefix"},
		"a row without a customer":     {"id,amount\na,1\n", "the customerId is missing; name its --column, or give --customer"},
		"a row without an amount":      {"id,customerId\na,acme\n", "the amount is missing; name its --column"},
		"an amount that is none":       {"id,customerId,amount\na,acme,1O\n", "amount: "},
		"a time that is none":          {"id,customerId,amount,time\na,acme,1,noon\n", `time: "noon" is not a time`},
		"a quote that is left open":    {"id,plan\na,\"" + strings.Repeat("x\n", proof.MaxLineBytes), "is a quote left open?"},
		"JSON of an unknown name":      {`{"id":"a","amnt":1}`, `line 1: the name "amnt" is not known`},
		"JSON dimensions of numbers":   {`{"id":"a","dimensions":{"n":1}}`, "line 1: dimensions: "},
		"a line that is no JSON":       {"{\"id\":\"a\"}\n{", "the customerId is missing"},
		"a line longer than the limit": {`{"id":"` + strings.Repeat("x", proof.MaxLineBytes) + `"}`, "token too long"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := eventsOf(c.text, &importing{})
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestRowsWithoutAnIDAreNumbered(t *testing.T) {
	t.Parallel()
	events, err := eventsOf("amount,time\n1,2026-02-01T00:00:00Z\n2,2026-02-01T00:00:00Z\n", &importing{customer: "acme", idPrefix: "trace"})
	require.NoError(t, err)
	require.Equal(t, []string{"trace:1", "trace:2"}, []string{events[0].ID, events[1].ID})
	require.Equal(t, "acme", events[1].CustomerID)
}

func TestOneColumnMayBeTwoFields(t *testing.T) {
	t.Parallel()
	for row, err := range usageRows(strings.NewReader("amount,time\n1,2026-02-01T00:00:00Z\n"), usageColumns{"time", "customerId", "amount", "time"}) {
		require.NoError(t, err)
		require.Equal(t, row.time, row.id)
		require.Empty(t, row.others)
	}
}

// Whatever a file holds, it is read to an event or refused, and read to the same again.
func FuzzUsageRows(f *testing.F) {
	f.Add("id,customerId,amount,time\na,acme,1,2026-02-01T00:00:00Z\n")
	f.Add(`{"id":"a","customerId":"acme","amount":"1","time":"2026-02-01T00:00:00Z"}`)
	f.Add("\ufeff{}")
	f.Fuzz(func(t *testing.T, text string) {
		first, err := eventsOf(text, &importing{})
		again, errAgain := eventsOf(text, &importing{})
		require.Equal(t, err == nil, errAgain == nil)
		require.Equal(t, first, again)
		for _, e := range first {
			require.NotEmpty(t, e.ID)
			require.NotEmpty(t, e.CustomerID)
		}
	})
}
