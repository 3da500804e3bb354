package proof

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzReadForm: an item in canonical form that is read at once is read as one that is read
// member by member, and one that is not taken at once is not in canonical form or refused.
func FuzzReadForm(f *testing.F) {
	for _, text := range []string{
		`{"customerId":"c","delta":-1,"metadata":{"a":[1,"é",{}],"resource":"r","unit":"u"},"reason":"","referenceId":"usage:c:2026-02-01"}`,
		`{"adjusts":{"referenceId":"r"},"customerId":"c\n","delta":1e-7,"reason":"é"}`,
		`{"adjusts":{"recordId":"r"},"delta":12345678901234567000,"metadata":{"resource":7,"unit":"\""}}`,
		`{"customerId":"c","reason":"r","delta":-1}`,
		`{"delta":-1.0}`, `{"delta":"1"}`, `{"metadata":[]}`, `{"referenceId":""}`, `{}`, `{"a":1}`, `{"delta":1,}`,
		`{"adjusts":{},"delta":0}`, `{"adjusts":{"recordId":"a","referenceId":"b"}}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		at := func() scanner { return scanner{src: text, whole: string(text)} }
		var fast, slow row
		one := at()
		there, taken := fast.readForm(&one)

		two := at()
		two.peek()
		start := two.pos
		raw, err := two.raw()
		var form []byte
		var members fieldSet
		if err == nil {
			inside := two.sub(start, two.pos)
			members, err = slow.readMembers(&inside)
		}
		if err == nil {
			form, err = formOf(raw, nil)
		}
		if !taken {
			require.False(t, err == nil && members != 0 && start == 0 && string(form) == string(raw), "it is in canonical form: %s", form)
			return
		}
		require.Nil(t, err)
		require.Equal(t, one.pos, two.pos)
		require.Equal(t, string(text[:one.pos]), string(form))
		require.Equal(t, members, there)
		require.Equal(t, slow.line.Item, fast.line.Item)
		require.Equal(t, slow.amount, fast.amount)
		resource, unit := tagsOf(form)
		require.Equal(t, resource, fast.d.resource)
		require.Equal(t, unit, fast.d.unit)
	})
}
