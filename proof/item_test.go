package proof

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/decimal"
)

func number(t testing.TB, s string) decimal.Decimal {
	t.Helper()
	d, err := decimal.Parse(s)
	require.NoError(t, err)
	return d
}

func sampleItem() Item {
	return Item{
		CustomerID:  "customer_acme",
		Delta:       decimal.New(-50),
		Reason:      "daily_usage_flush:2026-02-01",
		ReferenceID: "usage:customer_acme:2026-02-01",
		Metadata:    json.RawMessage(`{"resource":"compute-minutes","events":12}`),
	}
}

func TestItemCanonical(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		change func(*Item)
		want   string
	}{
		{"all that a daily delta has", func(*Item) {},
			`{"customerId":"customer_acme","delta":-50,"metadata":{"events":12,"resource":"compute-minutes"},"reason":"daily_usage_flush:2026-02-01","referenceId":"usage:customer_acme:2026-02-01"}`},
		{"reason stays when it is empty, the others go", func(i *Item) { *i = Item{CustomerID: "c"} },
			`{"customerId":"c","delta":0,"reason":""}`},
		{"an empty metadata object stays one", func(i *Item) { *i = Item{CustomerID: "c", Metadata: json.RawMessage(` { } `)} },
			`{"customerId":"c","delta":0,"metadata":{},"reason":""}`},
		{"an adjustment by reference", func(i *Item) { *i = Item{CustomerID: "c", Adjusts: &Adjusts{ReferenceID: "r"}} },
			`{"adjusts":{"referenceId":"r"},"customerId":"c","delta":0,"reason":""}`},
		{"an adjustment by record", func(i *Item) { *i = Item{CustomerID: "c", Adjusts: &Adjusts{RecordID: "rec_1"}} },
			`{"adjusts":{"recordId":"rec_1"},"customerId":"c","delta":0,"reason":""}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			item := sampleItem()
			tc.change(&item)
			text, err := item.Canonical()
			require.NoError(t, err)
			require.Equal(t, tc.want, string(text))

			var back Item
			require.NoError(t, back.UnmarshalJSON(text))
			again, err := back.Canonical()
			require.NoError(t, err)
			require.Equal(t, tc.want, string(again))
		})
	}
}

func TestItemsThatCannotBeHashed(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		change func(*Item)
		field  string
	}{
		{"an amount that binary64 does not hold", func(i *Item) { i.Delta = number(t, "0.12345678901234567891") }, "delta"},
		{"a reason that is not UTF-8", func(i *Item) { i.Reason = "\xff" }, "reason"},
		{"a reference that is not UTF-8", func(i *Item) { i.ReferenceID = "\xff" }, "referenceId"},
		{"metadata that is no object", func(i *Item) { i.Metadata = json.RawMessage(`[]`) }, "metadata"},
		{"metadata with a name twice", func(i *Item) { i.Metadata = json.RawMessage(`{"a":1,"a":1}`) }, "metadata"},
		{"metadata with a number that another reader rounds", func(i *Item) { i.Metadata = json.RawMessage(`{"n":9007199254740993}`) }, "metadata"},
		{"metadata of no bytes", func(i *Item) { i.Metadata = json.RawMessage{} }, "metadata"},
		{"an adjustment of nothing", func(i *Item) { i.Adjusts = &Adjusts{} }, "adjusts"},
		{"an adjustment of two things", func(i *Item) { i.Adjusts = &Adjusts{ReferenceID: "r", RecordID: "rec_1"} }, "adjusts"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			item := sampleItem()
			tc.change(&item)
			_, err := item.Canonical()
			require.ErrorIs(t, err, ErrItem)
			require.ErrorContains(t, err, "proof: item: "+tc.field+": ")
		})
	}
}

func TestItemsAreReadStrictly(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, text string }{
		{"another case", `{"customerId":"c","Delta":-1,"reason":""}`},
		{"an unknown name", `{"customerId":"c","delta":-1,"reason":"","note":1}`},
		{"a name written with an escape", `{"customerId":"c","delt\u0061":-1,"reason":""}`},
		{"a name twice", `{"customerId":"c","delta":-1,"delta":-1,"reason":""}`},
		{"an amount of another spelling", `{"customerId":"c","delta":-1.0,"reason":""}`},
		{"an amount with an exponent", `{"customerId":"c","delta":1e3,"reason":""}`},
		{"an amount as text", `{"customerId":"c","delta":"-1","reason":""}`},
		{"no amount", `{"customerId":"c","reason":""}`},
		{"no reason", `{"customerId":"c","delta":-1}`},
		{"null for nothing", `{"customerId":"c","delta":-1,"reason":"","metadata":null}`},
		{"an empty reference", `{"customerId":"c","delta":-1,"reason":"","referenceId":""}`},
		{"an adjustment of two things", `{"customerId":"c","delta":-1,"reason":"","adjusts":{"referenceId":"r","recordId":"i"}}`},
		{"an adjustment of nothing", `{"customerId":"c","delta":-1,"reason":"","adjusts":{}}`},
		{"a lone surrogate", `{"customerId":"c","delta":-1,"reason":"\ud800"}`},
		{"text that is not UTF-8", "{\"customerId\":\"c\",\"delta\":-1,\"reason\":\"\xff\"}"},
		{"a control character", "{\"customerId\":\"c\",\"delta\":-1,\"reason\":\"a\x00b\"}"},
		{"crossed brackets", `{"customerId":"c","delta":-1,"reason":"","metadata":{"a":[}]}`},
		{"a second value", `{"customerId":"c","delta":-1,"reason":""}{}`},
		{"an array", `[]`},
		{"nothing", ``},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var item Item
			err := item.UnmarshalJSON([]byte(tc.text))
			require.ErrorIs(t, err, ErrFormat)
			_, isFormat := errors.AsType[*FormatError](err)
			require.True(t, isFormat)
			if json.Valid([]byte(tc.text)) {
				require.Error(t, json.Unmarshal([]byte(tc.text), &item))
			}
		})
	}
}
