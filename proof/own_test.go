package proof

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

func own(items iter.Seq2[Item, error]) (string, error) {
	var list []string
	for item, err := range items {
		if err != nil {
			return strings.Join(list, " "), err
		}
		text := item.ReferenceID + "=" + item.Delta.String()
		if item.CustomerID != "" {
			text += "@" + item.CustomerID
		}
		list = append(list, text)
	}
	return strings.Join(list, " "), nil
}

func TestReadCSV(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", MaxTextBytes)
	for _, tc := range []struct {
		name, text string
		columns    CSVColumns
		want       string
		err        string // what the error says; empty where there is none
	}{
		{"references and amounts", "referenceId,delta\na,-1\nb,2.50\n", CSVColumns{}, "a=-1 b=2.5", ""},
		{"columns in any order, others among them", "note,delta,customerId,referenceId\nx,-1,acme,a\ny,-2,,b\n", CSVColumns{}, "a=-1@acme b=-2", ""},
		{"columns by other names", "ref;x,amount\na,-1\n", CSVColumns{ReferenceID: "ref;x", Delta: "amount"}, "a=-1", ""},
		{"exponents, exactly", "referenceId,delta\na,-1.5e-7\nb,1E+3\n", CSVColumns{}, "a=-0.00000015 b=1000", ""},
		{"more digits than binary64 has", "referenceId,delta\na,-12345678901234567890.123456789\n", CSVColumns{}, "a=-12345678901234567890.123456789", ""},
		{"quotes, commas and line ends in a reference", "referenceId,delta\n\"a, \"\"b\"\"\nc\",-1\n", CSVColumns{}, "a, \"b\"\nc=-1", ""},
		{"a byte order mark and CR LF, as spreadsheets write", "\xef\xbb\xbfreferenceId,delta\r\na,-1\r\n", CSVColumns{}, "a=-1", ""},
		{"no rows", "referenceId,delta\n", CSVColumns{}, "", ""},
		{"the longest reference", "referenceId,delta\n" + long + ",1\n", CSVColumns{}, long + "=1", ""},
		{"one byte more", "referenceId,delta\n" + long + "x,1\n", CSVColumns{}, "", "line 2: proof: file: referenceId: more than 4096 bytes"},
		{"nothing", "", CSVColumns{}, "", "line 1: there is no row of names"},
		{"no column of amounts", "referenceId,amount\na,-1\n", CSVColumns{}, "", "line 1: no column is called delta"},
		{"no column of references", "ref,delta\na,-1\n", CSVColumns{}, "", "line 1: no column is called referenceId"},
		{"a column twice", "referenceId,delta,delta\na,-1,-2\n", CSVColumns{}, "", "line 1: two columns are called delta"},
		{"a column in another case", "ReferenceId,delta\na,-1\n", CSVColumns{}, "", "no column is called referenceId"},
		{"a row without a reference", "referenceId,delta\na,-1\n,-2\n", CSVColumns{}, "a=-1", "line 3: referenceId: it is empty"},
		{"a row without an amount", "referenceId,delta\na,\n", CSVColumns{}, "", "line 2: delta: "},
		{"an amount with a comma", "referenceId,delta\na,\"1,000\"\n", CSVColumns{}, "", "line 2: delta: "},
		{"an amount with a currency", "referenceId,delta\na,$5\n", CSVColumns{}, "", "line 2: delta: "},
		{"an amount with a space", "referenceId,delta\na, -1\n", CSVColumns{}, "", "line 2: delta: "},
		{"an amount that is none", "referenceId,delta\na,NaN\n", CSVColumns{}, "", "line 2: delta: "},
		{"a row that is too short", "referenceId,delta\na\n", CSVColumns{}, "", "line 2: wrong number of fields"},
		{"a quote inside of a field", "referenceId,delta\na\"b,-1\n", CSVColumns{}, "", "line 2: bare"},
		{"a reference that is no UTF-8", "referenceId,delta\n\xff,-1\n", CSVColumns{}, "", "line 2: referenceId: it is no UTF-8 text"},
		{"a NUL", "referenceId,delta\na\x00,-1\n", CSVColumns{}, "", "line 2: referenceId: it is no UTF-8 text"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			for name, r := range map[string]io.Reader{"whole": strings.NewReader(tc.text), "by bytes": iotest.OneByteReader(strings.NewReader(tc.text))} {
				got, err := own(ReadCSV(r, tc.columns))
				require.Equal(t, tc.want, got, name)
				if tc.err == "" {
					require.NoError(t, err, name)
					continue
				}
				require.ErrorIs(t, err, ErrOwn, name)
				require.ErrorContains(t, err, tc.err, name)
				require.NotContains(t, err.Error(), "\n", name)
			}
		})
	}
}

func TestReadJSONLines(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, text, want, err string }{
		{"references and amounts", `{"referenceId":"a","delta":-1}` + "\n" + `{"delta":2,"referenceId":"b","customerId":"acme"}`, "a=-1 b=2@acme", ""},
		{"amounts in any spelling", `{"referenceId":"a","delta":-50.0}` + "\n" + `{"referenceId":"b","delta":"-5E1"}`, "a=-50 b=-50", ""},
		{"whole items", `{"referenceId":"a","delta":-1,"reason":"r","metadata":{"x":[1,{}]},"adjusts":{"recordId":"r"}}`, "a=-1", ""},
		{"white space and CR LF", " { \"referenceId\" : \"a\" , \"delta\" : -1 } \r\n", "a=-1", ""},
		{"escapes in a reference", `{"referenceId":"\u0061\n","delta":-1}`, "a\n=-1", ""},
		{"nothing", "", "", ""},
		{"no amount", `{"referenceId":"a"}`, "", "line 1: delta: the field is missing"},
		{"no reference", `{"delta":1}`, "", "line 1: referenceId: the field is missing"},
		{"an empty reference", `{"referenceId":"","delta":1}`, "", "line 1: referenceId: the text is empty"},
		{"a name in another case", `{"referenceid":"a","delta":1}`, "", "line 1: unknown name"},
		{"a name twice", `{"referenceId":"a","delta":1,"delta":2}`, "", "line 1: delta: the name stands there twice"},
		{"an amount that is a list", `{"referenceId":"a","delta":[1]}`, "", "line 1: delta: a number is expected"},
		{"an amount that is null", `{"referenceId":"a","delta":null}`, "", "line 1: delta: a number is expected"},
		{"an amount with an escape", `{"referenceId":"a","delta":"\u0031"}`, "", "line 1: delta: a number is expected"},
		{"an amount out of range", `{"referenceId":"a","delta":1e999}`, "", "line 1: delta: out of the range"},
		{"metadata that is no JSON", `{"referenceId":"a","delta":1,"metadata":{1}}`, "", "line 1: it is no JSON"},
		{"a second value", `{"referenceId":"a","delta":1}{}`, "", "line 1: data after"},
		{"an empty line", `{"referenceId":"a","delta":1}` + "\n\n", "a=1", "line 2: it is empty"},
		{"a byte order mark", "\xef\xbb\xbf" + `{"referenceId":"a","delta":1}`, "", "line 1: it begins with a byte order mark"},
		{"a lone surrogate", `{"referenceId":"\ud800","delta":1}`, "", "line 1: referenceId: "},
		{"a list", `[{"referenceId":"a","delta":1}]`, "", "line 1: a JSON object is expected"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := own(ReadJSONLines(strings.NewReader(tc.text)))
			require.Equal(t, tc.want, got)
			if tc.err == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, ErrOwn)
			require.ErrorContains(t, err, tc.err)
			require.NotContains(t, err.Error(), "\n")
		})
	}
}

// endlessly gives a beginning and then one text for ever.
type endlessly struct{ begin, text string }

func (e *endlessly) Read(p []byte) (int, error) {
	if e.begin != "" {
		n := copy(p, e.begin)
		e.begin = e.begin[n:]
		return n, nil
	}
	n := 0
	for n < len(p) {
		n += copy(p[n:], e.text)
	}
	return n, nil
}

func TestReadersOfOwnDeltasEnd(t *testing.T) {
	t.Parallel()
	broken := errors.New("the disk is gone")
	for name, items := range map[string]iter.Seq2[Item, error]{
		"a CSV row of quoted lines":    ReadCSV(&endlessly{"referenceId,delta\n\"", "x\n"}, CSVColumns{}),
		"a CSV row without an end":     ReadCSV(&endlessly{"referenceId,delta\n", "x"}, CSVColumns{}),
		"CSV names without an end":     ReadCSV(&endlessly{"", ","}, CSVColumns{}),
		"a JSON line without an end":   ReadJSONLines(&endlessly{"{", " "}),
		"metadata that nests for ever": ReadJSONLines(&endlessly{`{"metadata":`, "["}),
	} {
		_, err := own(items)
		require.ErrorIs(t, err, ErrLimit, name)
		require.ErrorIs(t, err, ErrOwn, name)
	}
	for name, items := range map[string]iter.Seq2[Item, error]{
		"CSV":        ReadCSV(io.MultiReader(strings.NewReader("referenceId,delta\na,1\nb,"), iotest.ErrReader(broken)), CSVColumns{}),
		"JSON Lines": ReadJSONLines(io.MultiReader(strings.NewReader(`{"referenceId":"a","delta":1}`+"\n{"), iotest.ErrReader(broken))),
	} {
		got, err := own(items)
		require.ErrorIs(t, err, broken, name)
		require.Equal(t, "a=1", got, name)
	}
}

// Rows of the greatest length that is allowed are read, one after the other.
func TestReadCSVCountsEachRowByItself(t *testing.T) {
	t.Parallel()
	note := strings.Repeat("n", MaxLineBytes-100)
	text := "referenceId,delta,note\n"
	for i := range 4 {
		text += fmt.Sprintf("r%d,1,%s\n", i, note)
	}
	got, err := own(ReadCSV(strings.NewReader(text), CSVColumns{}))
	require.NoError(t, err)
	require.Equal(t, "r0=1 r1=1 r2=1 r3=1", got)
}

func TestCollectOwn(t *testing.T) {
	t.Parallel()
	b := february(t, 3)
	anchor, err := CollectOwn(ReadCSV(strings.NewReader("referenceId,delta\nusage:customer_acme:2026-02-01,-50\n"+
		"usage:customer_acme:2026-02-02,-50\nusage:customer_acme:2026-02-03,-50.0\n"), CSVColumns{}))
	require.NoError(t, err)
	report := verify(t, b.write(t), buyer(), b.record(), anchor)
	require.Equal(t, CompleteByOwn, report.Completeness)
	_, err = CollectOwn(ReadJSONLines(strings.NewReader("{}")))
	require.ErrorIs(t, err, ErrOwn)
}

// FuzzReadCSV: no input makes the reader panic or run on, and what it takes can be written
// and read again.
func FuzzReadCSV(f *testing.F) {
	f.Add([]byte("referenceId,delta,customerId\na,-1,acme\n\"b\n\",2.5e3,\n"))
	f.Add([]byte("\xef\xbb\xbfreferenceId,delta\r\na,-1\r\n"))
	f.Fuzz(func(t *testing.T, text []byte) { fuzzOwn(t, ReadCSV(strings.NewReader(string(text)), CSVColumns{})) })
}

// FuzzReadJSONLines: the same of JSON Lines.
func FuzzReadJSONLines(f *testing.F) {
	f.Add([]byte(`{"referenceId":"a","delta":"-1.50","metadata":{"a":[1]}}` + "\n" + `{"delta":1e-7,"referenceId":"\u0061"}`))
	f.Fuzz(func(t *testing.T, text []byte) { fuzzOwn(t, ReadJSONLines(strings.NewReader(string(text)))) })
}

func fuzzOwn(t *testing.T, items iter.Seq2[Item, error]) {
	t.Helper()
	var list []Item
	for item, err := range items {
		if err != nil {
			require.ErrorIs(t, err, ErrOwn)
			require.NotContains(t, err.Error(), "\n")
			break
		}
		require.NotEmpty(t, item.ReferenceID)
		list = append(list, item)
	}
	var summary DiffSummary
	for _, err := range Diff(itemsOf(list), itemsOf(list), &summary) {
		require.NoError(t, err)
	}
	require.True(t, summary.By.IsZero())
	require.Equal(t, len(list), summary.Own.Count)
}
