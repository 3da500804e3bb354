package usagecsv_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/examples/internal/usagecsv"
	"github.com/pacspace/pacspace-go/usage"
)

// plain fits the header time,customer,amount.
var plain = usagecsv.Options{TimeColumn: "time", AmountColumns: []string{"amount"}, CustomerColumn: "customer"}

func ignored(usagecsv.Call) {}

func read(t *testing.T, text string, o usagecsv.Options) *usagecsv.Usage {
	t.Helper()
	u, err := usagecsv.Read(strings.NewReader(text), "use.csv", o)
	require.NoError(t, err)
	return u
}

// line is a total in one line, for tables.
func line(total usagecsv.Total) string {
	return fmt.Sprintf("%s %s late %d: %s in %d", total.CustomerID, total.Day, total.Late, total.Amount, total.Calls)
}

func lines(u *usagecsv.Usage) (all []string) {
	for _, total := range u.Totals {
		all = append(all, line(total))
	}
	return all
}

func TestUsageIsAddedUpPerCustomerAndDay(t *testing.T) {
	t.Parallel()
	u := read(t, `time,customer,amount
2026-02-02T08:00:00Z,b,1
2026-02-01T23:59:59.999Z,a,10
2026-02-01T09:00:00Z,a,0.1
2026-02-01T10:00:00Z,b,5
2026-02-01T11:00:00Z,a,0.2
`, plain)
	require.Equal(t, []string{
		"a 2026-02-01 late 0: 10.3 in 3",
		"b 2026-02-01 late 0: 5 in 1",
		"b 2026-02-02 late 0: 1 in 1",
	}, lines(u))
	require.Equal(t, []string{"a", "b"}, u.Customers)
	require.Equal(t, 5, u.Calls)
	require.Equal(t, "16.3", u.Sum.String())
	require.Equal(t, time.Date(2026, 2, 1, 9, 0, 0, 0, time.UTC), u.Totals[0].First)
	require.Equal(t, time.Date(2026, 2, 1, 23, 59, 59, 999e6, time.UTC), u.Totals[0].Last)
	require.Equal(t, time.Date(2026, 2, 1, 9, 0, 0, 0, time.UTC), u.First)
	require.Equal(t, time.Date(2026, 2, 2, 8, 0, 0, 0, time.UTC), u.Last)
}

func TestUsageIsReadInEveryUsualForm(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, text string }{
		{"lines end in CR LF", "time,customer,amount\r\n2026-02-01,a,3\r\n2026-02-01,a,4\r\n"},
		{"no line end after the last line", "time,customer,amount\n2026-02-01,a,3\n2026-02-01,a,4"},
		{"a byte order mark", "\ufefftime,customer,amount\n2026-02-01,a,3\n2026-02-01,a,4\n"},
		{"a byte order mark before a quoted name", "\ufeff\"time\",customer,amount\n2026-02-01,a,3\n2026-02-01,a,4\n"},
		{"quoted fields", "\"time\",\"customer\",\"amount\"\n\"2026-02-01\",\"a\",\"3\"\n2026-02-01,a,\"4\"\n"},
		{"space around cells and names", "time , customer,amount\n2026-02-01 , a, 3 \n2026-02-01,a,4\n"},
		{"blank lines", "time,customer,amount\n\n2026-02-01,a,3\n\r\n2026-02-01,a,4\n\n"},
		{"other columns, in another order", "x,amount,note,customer,time\n1,3,\"a, b\nand \"\"c\"\"\",a,2026-02-01\n1,4,,a,2026-02-01\n"},
		{"decimals and exponents", "time,customer,amount\n2026-02-01,a,2.75\n2026-02-01,a,425e-2\n"},
		{"amounts that are taken back", "time,customer,amount\n2026-02-01,a,17\n2026-02-01,a,-10\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, []string{"a 2026-02-01 late 0: 7 in 2"}, lines(read(t, c.text, plain)))
		})
	}

	t.Run("a reader that gives one byte at a time", func(t *testing.T) {
		t.Parallel()
		text := "\ufefftime,customer,amount\r\n2026-02-01,a,3\r\n2026-02-01,a,4\r\n"
		u, err := usagecsv.Read(iotest.OneByteReader(strings.NewReader(text)), "use.csv", plain)
		require.NoError(t, err)
		require.Equal(t, []string{"a 2026-02-01 late 0: 7 in 2"}, lines(u))
	})
}

func TestAmountColumnsAreSummedExactly(t *testing.T) {
	t.Parallel()
	o := plain
	o.AmountColumns = []string{"in", "out"}
	u := read(t, "time,customer,in,out\n2026-02-01,a,0.1,0.2\n2026-02-01,a,9007199254740993,0.0000000001\n", o)
	require.Equal(t, "9007199254740993.3000000001", u.Sum.String())
}

func TestLinesAreSpreadOverCustomers(t *testing.T) {
	t.Parallel()
	o := usagecsv.Options{TimeColumn: "time", AmountColumns: []string{"amount"}, Customers: 3}

	t.Run("by the call's number, from 1 on, modulo their number", func(t *testing.T) {
		t.Parallel()
		u := read(t, "time,amount\n2026-02-01,1\n2026-02-01,10\n2026-02-01,100\n2026-02-01,1000\n", o)
		require.Equal(t, []string{
			"customer_0 2026-02-01 late 0: 100 in 1",
			"customer_1 2026-02-01 late 0: 1001 in 2",
			"customer_2 2026-02-01 late 0: 10 in 1",
		}, lines(u))
	})

	t.Run("with names that sort by number", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, "customer_7", usagecsv.CustomerOf(7, 10))
		require.Equal(t, "customer_07", usagecsv.CustomerOf(7, 11))
		require.Equal(t, "customer_0", usagecsv.CustomerOf(8, 1))
	})
}

func TestLateUsageIsATotalOfItsOwn(t *testing.T) {
	t.Parallel()
	o := plain
	o.ArrivalColumn, o.Grace = "arrived", time.Hour
	u := read(t, `time,customer,amount,arrived
2026-02-01T12:00:00Z,a,1,2026-02-01T12:00:01Z
2026-02-01T23:59:00Z,a,2,2026-02-02T00:59:59.999Z
2026-02-01T12:00:00Z,a,4,2026-02-02T01:00:00Z
2026-02-01T12:00:00Z,a,8,2026-02-03T00:30:00Z
2026-02-01T12:00:00Z,a,16,2026-02-05T00:00:00Z
2026-02-02T12:00:00Z,a,32,
2026-02-02T12:00:00Z,a,64,2026-02-01T00:00:00Z
2026-02-01T12:00:00Z,b,128,2026-02-04T12:00:00Z
`, o)
	require.Equal(t, []string{
		"a 2026-02-01 late 0: 3 in 2",  // in time, within the grace of an hour
		"a 2026-02-01 late 1: 12 in 2", // both due with 2 February
		"a 2026-02-02 late 0: 96 in 2", // an empty arrival, and one before the usage itself
		"a 2026-02-01 late 2: 16 in 1",
		"b 2026-02-01 late 0: 128 in 1", // the first total of its day, however late
	}, lines(u))
	require.Equal(t, []usage.Date{
		usage.NewDate(2026, 2, 1), usage.NewDate(2026, 2, 2), usage.NewDate(2026, 2, 2), usage.NewDate(2026, 2, 4), usage.NewDate(2026, 2, 4),
	}, []usage.Date{u.Totals[0].Due, u.Totals[1].Due, u.Totals[2].Due, u.Totals[3].Due, u.Totals[4].Due})
}

func TestBadLinesAreNamed(t *testing.T) {
	t.Parallel()
	const header = "time,customer,amount\n2026-02-01,a,1\n"
	for _, c := range []struct{ name, text, want string }{
		{"an amount that is no number", header + "2026-02-01,a,x1\n", `use.csv line 3, column amount: "x1" is not a number; write it as 1234 or 1234.5`},
		{"an empty amount", header + "2026-02-01,a,\n", `use.csv line 3, column amount: "" is not a number; write it as 1234 or 1234.5`},
		{"an amount with separators", header + "2026-02-01,a,\"1,234\"\n", `use.csv line 3, column amount: "1,234" is not a number; write it as 1234 or 1234.5`},
		{"not a number at all", header + "2026-02-01,a,NaN\n", `use.csv line 3, column amount: "NaN" is not a number; write it as 1234 or 1234.5`},
		{"an amount that would fill the memory", header + "2026-02-01,a,1e1000000000\n", `use.csv line 3, column amount: "1e1000000000" has too many digits or too large an exponent for an amount`},
		{"a time that is none", header + "yesterday,a,1\n", `use.csv line 3, column time: "yesterday" is not a time; write it as 2026-02-01T09:30:00Z, 2026-02-01 09:30:00 (UTC) or Unix seconds`},
		{"a customer id that is none", header + "2026-02-01,a b,1\n", `use.csv line 3, column customer: "a b" is not a customer id; it has 1 to 128 letters, digits, _ - . and :`},
		{"no customer", header + "2026-02-01,,1\n", `use.csv line 3, column customer: "" is not a customer id; it has 1 to 128 letters, digits, _ - . and :`},
		{"a field too few", header + "2026-02-01,a\n", "use.csv line 3: 2 fields where the header has 3; quote a field that holds a comma"},
		{"a field too many", header + "2026-02-01,a,1,2\n", "use.csv line 3: 4 fields where the header has 3; quote a field that holds a comma"},
		{"a quote inside a field", header + "2026-02-01,a\"b,1\n", "use.csv line 3: a quote is out of place; a quoted field ends with one, and holds others doubled"},
		{"a quote that is left open in the last line", header + "2026-02-01,\"a,1\n", "use.csv line 3: a quote is out of place; a quoted field ends with one, and holds others doubled"},
		{"a quote that is left open and found far below", header + "2026-02-01,\"a,1\n2026-02-01,a,1\n2026-02-01,\"a\",1\n", "use.csv line 3: a quote is out of place; a quoted field ends with one, and holds others doubled (this record was followed to line 5)"},
		{"the line is right after CR LF, blank lines and a field of two lines", "time,customer,amount\r\n\r\n2026-02-01,a,\"1\r\n\"\r\n\r\n2026-02-01,a,x\r\n", `use.csv line 6, column amount: "x" is not a number; write it as 1234 or 1234.5`},
		{"a long cell is cut", header + "2026-02-01,a," + strings.Repeat("x", 1000) + "\n", `use.csv line 3, column amount: "` + strings.Repeat("x", 40) + `"... is not a number; write it as 1234 or 1234.5`},
		{"a cell of several lines is one line in the error", header + "2026-02-01,a,\"1\n2\"\n", `use.csv line 3, column amount: "1\n2" is not a number; write it as 1234 or 1234.5`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			u, err := usagecsv.Read(strings.NewReader(c.text), "use.csv", plain)
			require.EqualError(t, err, c.want)
			require.Nil(t, u, "nothing is half read")
			_, ok := errors.AsType[*usagecsv.LineError](err)
			require.True(t, ok)
		})
	}

	t.Run("an arrival that is no time", func(t *testing.T) {
		t.Parallel()
		o := plain
		o.ArrivalColumn = "arrived"
		_, err := usagecsv.Read(strings.NewReader("time,customer,amount,arrived\n2026-02-01,a,1,soon\n"), "use.csv", o)
		require.ErrorContains(t, err, `use.csv line 2, column arrived: "soon" is not a time`)
	})
}

func TestFilesThatAreNoUsage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", "use.csv is empty; its first line must name the columns"},
		{"a header alone", "time,customer,amount\n", "use.csv has a header and no line of usage"},
		{"UTF-16", "\xff\xfet\x00i\x00", "use.csv is UTF-16 text; save it as UTF-8"},
		{"no text", "\x1f\x8b\x08\x00\n", "use.csv does not begin with the names of columns; it must be CSV text in UTF-8"},
		{"a missing column", "time,client,amount\n2026-02-01,a,1\n", `use.csv has no column "customer"; its columns are time, client, amount`},
		{"a column in another case", "Time,customer,amount\n2026-02-01,a,1\n", `use.csv has no column "time"; its columns are Time, customer, amount`},
		{"another separator", "time;customer;amount\n2026-02-01;a;1\n", `use.csv has no column "time"; its columns are time;customer;amount`},
		{"a column that stands twice", "time,customer,amount,amount\n2026-02-01,a,1,2\n", `use.csv has the column "amount" twice; which one counts is not known`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := usagecsv.Read(strings.NewReader(c.text), "use.csv", plain)
			require.EqualError(t, err, c.want)
		})
	}

	t.Run("a header of many columns names the first ones", func(t *testing.T) {
		t.Parallel()
		_, err := usagecsv.Read(strings.NewReader(strings.Repeat("c,", 29)+"c\n"), "use.csv", plain)
		require.EqualError(t, err, `use.csv has no column "time"; its columns are `+strings.Repeat("c, ", 19)+"c and 10 more")
	})

	t.Run("a line without an end takes no more memory than a line may", func(t *testing.T) {
		t.Parallel()
		endless := &endlessReader{start: []byte("time,customer,amount\n2026-02-01,a,1\n2026-02-01,\"")}
		_, err := usagecsv.Read(endless, "use.csv", plain)
		require.EqualError(t, err, "use.csv after line 2: a line is longer than 1048576 bytes; is a quote left open?")
		require.Less(t, endless.given, 2*usagecsv.MaxLine)
	})

	t.Run("a line as long as a line may be is read", func(t *testing.T) {
		t.Parallel()
		text := "time,customer,amount,note\n2026-02-01,a,1," + strings.Repeat("x", usagecsv.MaxLine-20) + "\n2026-02-01,a,1,\n"
		require.Equal(t, 2, read(t, text, plain).Calls)
	})

	t.Run("a file that breaks off", func(t *testing.T) {
		t.Parallel()
		broken := errors.New("disk gone")
		r := &endlessReader{start: []byte("time,customer,amount\n2026-02-01,a,1\n"), fail: broken}
		_, err := usagecsv.Read(r, "use.csv", plain)
		require.ErrorIs(t, err, broken)
		require.EqualError(t, err, "use.csv after line 2: disk gone")
	})
}

// endlessReader gives a start and then, without end, the letter x, or an error.
type endlessReader struct {
	start []byte
	fail  error
	given int
}

func (r *endlessReader) Read(p []byte) (int, error) {
	n := copy(p, r.start)
	r.start = r.start[n:]
	if n == 0 && r.fail != nil {
		return 0, r.fail
	}
	for ; n < len(p) && r.fail == nil; n++ {
		p[n] = 'x'
	}
	r.given += n
	return n, nil
}

func TestReadFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	path := write("a.csv", "time,customer,amount\n2026-02-01,a,1\n")
	write("b.CSV", "")
	write("c.txt", "")

	t.Run("a file", func(t *testing.T) {
		t.Parallel()
		u, err := usagecsv.ReadFile(path, plain, ignored)
		require.NoError(t, err)
		require.Equal(t, 1, u.Calls)
	})

	t.Run("a missing file, with what is there instead", func(t *testing.T) {
		t.Parallel()
		missing := filepath.Join(dir, "no.csv")
		_, err := usagecsv.ReadFile(missing, plain, ignored)
		require.EqualError(t, err, missing+": there is no such file; the folder "+dir+" holds a.csv, b.CSV")
	})

	t.Run("a missing file in a folder without any", func(t *testing.T) {
		t.Parallel()
		empty := t.TempDir()
		missing := filepath.Join(empty, "no.csv")
		_, err := usagecsv.ReadFile(missing, plain, ignored)
		require.EqualError(t, err, missing+": there is no such file; the folder "+empty+" holds no .csv file")
	})

	t.Run("a missing folder", func(t *testing.T) {
		t.Parallel()
		missing := filepath.Join(dir, "no", "no.csv")
		_, err := usagecsv.ReadFile(missing, plain, ignored)
		require.EqualError(t, err, missing+": there is no such file; nor can its folder be read")
	})

	t.Run("a folder", func(t *testing.T) {
		t.Parallel()
		_, err := usagecsv.ReadFile(dir, plain, ignored)
		require.EqualError(t, err, dir+" is a folder; the folder "+dir+" holds a.csv, b.CSV")
	})
}

func TestOptions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(*usagecsv.Options)
		want   string
	}{
		{"no time column", func(o *usagecsv.Options) { o.TimeColumn = "" }, "no time column"},
		{"no amount column", func(o *usagecsv.Options) { o.AmountColumns = nil }, "no amount column"},
		{"an amount column without a name", func(o *usagecsv.Options) { o.AmountColumns = []string{"a", ""} }, "without a name"},
		{"an amount column twice", func(o *usagecsv.Options) { o.AmountColumns = []string{"a", "b", "a"} }, `"a" twice`},
		{"neither a customer column nor customers", func(o *usagecsv.Options) { o.CustomerColumn = "" }, "0 customers"},
		{"too many customers", func(o *usagecsv.Options) { o.CustomerColumn, o.Customers = "", usagecsv.MaxCustomers+1 }, "100001 customers"},
		{"a grace below zero", func(o *usagecsv.Options) { o.Grace = -1 }, "grace"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := plain
			c.change(&o)
			_, err := usagecsv.Read(strings.NewReader(""), "use.csv", o)
			require.ErrorIs(t, err, usagecsv.ErrOptions)
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestParseTime(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"2026-02-01T09:30:00Z", "2026-02-01T09:30:00Z"},
		{"2026-02-01T09:30:00.123456789Z", "2026-02-01T09:30:00.123456789Z"},
		{"2026-02-01T01:30:00+02:00", "2026-01-31T23:30:00Z"},
		{"2026-02-01 09:30:00", "2026-02-01T09:30:00Z"},
		{"2023-11-16 18:17:03.9799600", "2023-11-16T18:17:03.97996Z"},
		{"2023-11-16 18:17:03.9999999", "2023-11-16T18:17:03.9999999Z"},
		{"2026-02-01T09:30:00", "2026-02-01T09:30:00Z"},
		{"2026-02-01 09:30:00+02:00", "2026-02-01T07:30:00Z"},
		{"2026-02-01 09:30:00.5-03", "2026-02-01T12:30:00.5Z"},
		{"2026-02-01 09:30:00+0200", "2026-02-01T07:30:00Z"},
		{"2026-02-01 09:30:00 UTC", "2026-02-01T09:30:00Z"},
		{"2026-02-01 09:30:00.25 +0000 UTC", "2026-02-01T09:30:00.25Z"},
		{"2026-02-01 09:30", "2026-02-01T09:30:00Z"},
		{"2026-02-01T09:30", "2026-02-01T09:30:00Z"},
		{"2026-02-01", "2026-02-01T00:00:00Z"},
		{"1769938200", "2026-02-01T09:30:00Z"},
		{"1769938200.5", "2026-02-01T09:30:00.5Z"},
		{"1769938200123", "2026-02-01T09:30:00.123Z"},
		{"1769938200123456", "2026-02-01T09:30:00.123456Z"},
		{"1769938200123456789", "2026-02-01T09:30:00.123456789Z"},
	} {
		t.Run(c.text, func(t *testing.T) {
			t.Parallel()
			got, ok := usagecsv.ParseTime(c.text)
			require.True(t, ok)
			require.Equal(t, c.want, got.Format(time.RFC3339Nano))
			require.Equal(t, time.UTC, got.Location())
		})
	}
	for _, text := range []string{
		"", "yesterday", "2026-02-30", "2026-13-01", "01/02/2026", "2026-02-01T25:00:00Z", "2026-02-01T09:30:60Z",
		"20260201", "-1769938200", "+1769938200", "1.7e9", "1769938200.", ".5", "1769938200123.5",
		"99999999999999999999", "0000-01-01", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "١٧٦٩٩٣٨٢٠٠",
	} {
		t.Run("not a time: "+text, func(t *testing.T) {
			t.Parallel()
			_, ok := usagecsv.ParseTime(text)
			require.False(t, ok)
		})
	}
}

// The Azure LLM inference trace of 2023 is not part of this repository; its file is named
// by PACSPACE_AZURE_TRACE.
func TestAzureTrace(t *testing.T) {
	t.Parallel()
	path := os.Getenv("PACSPACE_AZURE_TRACE")
	if path == "" {
		t.Skip("skipped: PACSPACE_AZURE_TRACE does not name the Azure LLM inference trace (code, 2023)")
	}
	u, err := usagecsv.ReadFile(path, usagecsv.Options{
		TimeColumn:    "TIMESTAMP",
		AmountColumns: []string{"ContextTokens", "GeneratedTokens"},
		Customers:     10,
	}, ignored)
	require.NoError(t, err)
	require.Equal(t, 8819, u.Calls)
	require.Equal(t, "-18305870", u.Sum.Neg().String())
	require.Len(t, u.Totals, 10, "one day of ten customers")
	for _, total := range u.Totals {
		require.Equal(t, usage.NewDate(2023, time.November, 16), total.Day)
		require.Zero(t, total.Late)
	}
	require.Equal(t, "2023-11-16T18:17:03.97996Z", u.First.Format(time.RFC3339Nano))
}

func FuzzRead(f *testing.F) {
	f.Add("time,customer,amount\n2026-02-01,a,1\n")
	f.Fuzz(func(t *testing.T, text string) {
		u, err := usagecsv.Read(strings.NewReader(text), "use.csv", plain)
		if (u == nil) == (err == nil) {
			t.Fatalf("%v and %v", u, err)
		}
		if err != nil {
			if strings.ContainsAny(err.Error(), "\r\n") {
				t.Fatalf("more than one line: %q", err)
			}
			return
		}
		calls := 0
		sum := u.Sum.Sub(u.Sum)
		for _, total := range u.Totals {
			calls += total.Calls
			sum = sum.Add(total.Amount)
			if total.Day != usage.DateOf(total.First) || total.Day != usage.DateOf(total.Last) || total.Last.Before(total.First) {
				t.Fatalf("%+v", total)
			}
		}
		if calls != u.Calls || !sum.Equal(u.Sum) {
			t.Fatalf("%d calls of %d, %s of %s", calls, u.Calls, sum, u.Sum)
		}
	})
}
