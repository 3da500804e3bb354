package pacspace

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/internal/canonical"
)

// A retry after an upgrade must send the same bytes, so it is of no matter which way a
// body was written.
func TestADeltaIsWrittenTheSameByBothWays(t *testing.T) {
	t.Parallel()
	sound := DeltaParams{CustomerID: "customer_acme", Delta: NewDecimal(-50), Reason: "daily_usage_flush:2026-02-01", ReferenceID: "usage:customer_acme:2026-02-01"}
	parse := func(text string) Decimal {
		d, err := ParseDecimal(text)
		require.NoError(t, err)
		return d
	}
	for name, c := range map[string]struct {
		change func(*DeltaParams)
		plain  bool
	}{
		"as the README has it":  {func(p *DeltaParams) { p.Metadata = Metadata{"resource": "minutes", "plan": "growth"} }, true},
		"no metadata":           {func(*DeltaParams) {}, true},
		"empty metadata":        {func(p *DeltaParams) { p.Metadata = Metadata{} }, true},
		"nested metadata":       {func(p *DeltaParams) { p.Metadata = Metadata{"b": map[string]any{"z": true, "a": nil}} }, true},
		"signs of markup":       {func(p *DeltaParams) { p.Reason = "<a> & \u2028 \"b\"\n\\" }, true},
		"a fraction":            {func(p *DeltaParams) { p.Delta = parse("-0.0000015") }, true},
		"trailing zeros":        {func(p *DeltaParams) { p.Delta = parse("1.500") }, true},
		"numbers in metadata":   {func(p *DeltaParams) { p.Metadata = Metadata{"n": 1, "d": parse("1.50")} }, false},
		"a list in metadata":    {func(p *DeltaParams) { p.Metadata = Metadata{"l": []string{"b", "a"}} }, false},
		"JSON in metadata":      {func(p *DeltaParams) { p.Metadata = Metadata{"j": json.RawMessage(`{"b":1,"a":2}`)} }, false},
		"an adjustment":         {func(p *DeltaParams) { p.Adjusts = &Adjusts{RecordID: "rec_1"} }, false},
		"no reference":          {func(p *DeltaParams) { p.ReferenceID = "" }, false},
		"a vendor's account":    {func(p *DeltaParams) { p.VendorAccountID = "v" }, false},
		"invalid UTF-8":         {func(p *DeltaParams) { p.Reason = "\xff" }, false},
		"invalid metadata":      {func(p *DeltaParams) { p.Metadata = Metadata{"a": "\xff"} }, false},
		"more than binary64":    {func(p *DeltaParams) { p.Delta = parse("0.1234567890123456789") }, false},
		"a name as UTF-16 sees": {func(p *DeltaParams) { p.Metadata = Metadata{"\U0001f600": "a", "\uffff": "b"} }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := sound
			c.change(&p)
			_, plain := p.plainBody()
			require.Equal(t, c.plain, plain)
			want, wrong := canonical.Marshal(p)
			got, err := p.body()
			require.Equal(t, wrong, err)
			require.Equal(t, string(want), string(got))
		})
	}
}
