package proof

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/internal/canonical"
)

// readAll reads evidence to its end.
func readAll(r io.Reader) ([]Line, error) {
	reader, err := NewReader(r)
	if err != nil {
		return nil, err
	}
	var lines []Line
	for line, err := range reader.Lines() {
		if err != nil {
			return lines, err
		}
		lines = append(lines, line)
	}
	return lines, nil
}

func TestReaderGivesBackWhatTheWriterWrote(t *testing.T) {
	t.Parallel()
	b := february(t, 28)
	b.header.Account.Unit = "minute"
	b.lines[5].Carried = carriedFrom("2026-01")
	b.lines[6].Item.Adjusts = &Adjusts{ReferenceID: b.lines[0].Item.ReferenceID}
	b.lines[7].Item.Metadata, b.lines[7].Sources.Metadata = nil, SourceUnknown
	b.lines[8].Item.Reason, b.lines[8].Sources.Reason = "", SourceUnknown
	b.seal(t)
	file := b.write(t)

	reader, err := NewReader(iotest.OneByteReader(bytes.NewReader(file)))
	require.NoError(t, err)
	header := reader.Header()
	require.Equal(t, b.header.ClaimedBalance.String(), header.ClaimedBalance.String())
	require.Equal(t, b.header.StartingBalance.String(), header.StartingBalance.String())
	header.ClaimedBalance, header.StartingBalance = b.header.ClaimedBalance, b.header.StartingBalance
	require.Equal(t, b.header, header)

	again := &bill{header: reader.Header()}
	for line, err := range reader.Lines() {
		require.NoError(t, err)
		want := b.lines[line.Sequence-1]
		require.True(t, want.Item.Delta.Equal(line.Item.Delta))
		line.Item.Delta = want.Item.Delta
		require.Equal(t, want.Item, line.Item)
		require.Equal(t, want.ContentHash, line.ContentHash)
		require.Equal(t, want.ItemHashes, line.ItemHashes)
		require.Equal(t, want.ProofHash, line.ProofHash)
		require.Equal(t, want.PreviousProofHash, line.PreviousProofHash)
		require.Equal(t, want.Index, line.Index)
		require.Equal(t, want.VerifiedAt, line.VerifiedAt)
		require.Equal(t, want.Carried, line.Carried)
		require.Equal(t, want.Sources, line.Sources)
		again.lines = append(again.lines, line)
	}
	require.Equal(t, string(file), string(again.write(t)), "writing what was read gives the same bytes")
}

func TestLinesCanBeReadInPieces(t *testing.T) {
	t.Parallel()
	reader, err := NewReader(bytes.NewReader(february(t, 3).write(t)))
	require.NoError(t, err)
	for line, err := range reader.Lines() {
		require.NoError(t, err)
		require.Equal(t, 1, line.Sequence)
		break
	}
	var rest []int
	for line, err := range reader.Lines() {
		require.NoError(t, err)
		rest = append(rest, line.Sequence)
	}
	require.Equal(t, []int{2, 3}, rest)
}

func TestLineEnds(t *testing.T) {
	t.Parallel()
	b := february(t, 3)
	file := string(b.write(t))
	for _, tc := range []struct{ name, file string }{
		{"CR LF, as some mail programs make of LF", strings.ReplaceAll(file, "\n", "\r\n")},
		{"no line end after the trailer", strings.TrimSuffix(file, "\n")},
		{"white space between JSON's tokens", strings.ReplaceAll(strings.ReplaceAll(file, ",\"", " , \""), "{", "{ ")},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, Verified, verify(t, []byte(tc.file), buyer(), b.record()).Verdict)
		})
	}
}

// hostileFile is a short file as text, for cases that change it.
func hostileFile(t testing.TB) string { return string(february(t, 2).write(t)) }

func TestHostileFiles(t *testing.T) {
	t.Parallel()
	replace := func(old, new string) func(testing.TB, string) string {
		return func(t testing.TB, s string) string {
			require.Contains(t, s, old)
			return strings.Replace(s, old, new, 1)
		}
	}
	whole := func(s string) func(testing.TB, string) string {
		return func(testing.TB, string) string { return s }
	}
	for _, tc := range []struct {
		name   string
		change func(testing.TB, string) string
		err    error
		says   string
	}{
		{"nothing", whole(""), ErrFormat, "proof: file: it is empty"},
		{"a byte order mark", func(_ testing.TB, s string) string { return "\xef\xbb\xbf" + s }, ErrFormat, "line 1: it begins with a byte order mark"},
		{"UTF-16", whole("\xff\xfe{\x00}\x00"), ErrFormat, "line 1: it holds a NUL byte"},
		{"a NUL byte inside a string", replace("daily_usage_flush:2026-02-02", "daily\x00"), ErrFormat, "line 3: it holds a NUL byte"},
		{"an empty line", replace("\n", "\n\n"), ErrFormat, "line 2: it is empty"},
		{"an empty line behind the trailer", func(_ testing.TB, s string) string { return s + "\n" }, ErrFormat, "line 5: it is empty"},
		{"a line behind the trailer", func(_ testing.TB, s string) string { return s + "{}\n" }, ErrFormat, "line 5: there is a line behind the trailer"},
		{"a file that was cut between lines", func(_ testing.TB, s string) string {
			return s[:strings.LastIndex(strings.TrimSpace(s), "\n")+1]
		}, ErrFormat, "the file ends without its trailer"},
		{"a file that was cut inside a line", func(_ testing.TB, s string) string { return s[:len(s)-9] }, ErrFormat, "line 4: root: "},
		{"a second value on a line", replace("}\n", "}{}\n"), ErrFormat, "line 1: data after the JSON value"},
		{"another format", replace("pacspace-evidence/v1", "pacspace-evidence/v2"), ErrFormat, "line 1: format: "},
		{"another scheme", replace("pacspace-merkle-v1", "pacspace-merkle-v2"), ErrFormat, "line 1: scheme: "},
		{"a variant that does not exist", replace(`"variant":"hex0x"`, `"variant":"base64"`), ErrFormat, "line 1: variant: "},
		{"an environment that does not exist", replace(`"live"`, `"LIVE"`), ErrFormat, "line 1: environment: "},
		{"a header without its count", replace(`"count":2,`, ``), ErrFormat, "line 1: count: the field is missing"},
		{"a name in another case", replace(`"count":2`, `"Count":2`), ErrFormat, `line 1: unknown name "Count"`},
		{"a name twice", replace(`"count":2`, `"count":2,"count":2`), ErrFormat, "line 1: count: the name stands there twice"},
		{"a name twice, the second in another case", replace(`"count":2`, `"count":2,"COUNT":2`), ErrFormat, "line 1: unknown name"},
		{"a name written with an escape", replace(`"count":2`, `"coun\u0074":2`), ErrFormat, "line 1: unknown name"},
		{"an unknown name", replace(`"count":2`, `"count":2,"note":"x"`), ErrFormat, `line 1: unknown name "note"`},
		{"a name twice in metadata", replace(`"events":12`, `"events":12,"events":12`), ErrFormat, "line 2: item."},
		{"null for a missing field", replace(`"period":"2026-02"`, `"period":null`), ErrFormat, "line 1: period: "},
		{"a count as text", replace(`"count":2`, `"count":"2"`), ErrFormat, "line 1: count: "},
		{"a count with a fraction", replace(`"count":2`, `"count":2.0`), ErrFormat, "line 1: count: "},
		{"a negative count", replace(`"count":2`, `"count":-2`), ErrFormat, "line 1: count: "},
		{"a count with a leading zero", replace(`"count":2`, `"count":02`), ErrFormat, "line 1: count: "},
		{"more deltas than the header announces", replace(`"count":2`, `"count":1`), ErrLimit, "line 3: the file has more deltas than the 1"},
		{"a balance as a number", replace(`"startingBalance":"0"`, `"startingBalance":0`), ErrFormat, "line 1: startingBalance: "},
		{"a balance in another spelling", replace(`"startingBalance":"0"`, `"startingBalance":"0.0"`), ErrFormat, "line 1: startingBalance: "},
		{"a balance of minus zero", replace(`"startingBalance":"0"`, `"startingBalance":"-0"`), ErrFormat, "line 1: startingBalance: "},
		{"a balance with an exponent", replace(`"startingBalance":"0"`, `"startingBalance":"1e2"`), ErrFormat, "line 1: startingBalance: "},
		{"days that are not the period's", replace(`"last":"2026-02-28"`, `"last":"2026-02-27"`), ErrFormat, "line 1: usageDays: "},
		{"days that end before they begin", replace(`"period":"2026-02","usageDays":{"first":"2026-02-01"`, `"usageDays":{"first":"2026-03-01"`), ErrFormat, "line 1: usageDays: "},
		{"a day that does not exist", replace(`"last":"2026-02-28"`, `"last":"2026-02-30"`), ErrFormat, "line 1: usageDays.last: "},
		{"a window that ends before it starts", replace(`"end":"2026-03-02`, `"end":"2026-01-02`), ErrFormat, "line 1: window: "},
		{"a window before the usage", replace(`"start":"2026-02-02T00:00:00Z","end":"2026-03-02T00:00:00Z"`, `"start":"2026-01-02T00:00:00Z","end":"2026-02-02T00:00:00Z"`), ErrFormat, "line 1: window: "},
		{"a time in another zone", replace(`"end":"2026-03-02T00:00:00Z"`, `"end":"2026-03-02T00:00:00+00:00"`), ErrFormat, "line 1: window.end: "},
		{"a time with zeros behind the second", replace(`"end":"2026-03-02T00:00:00Z"`, `"end":"2026-03-02T00:00:00.000Z"`), ErrFormat, "line 1: window.end: "},
		{"a customer id with a space", replace(`"customerId":"customer_acme"`, `"customerId":"customer acme"`), ErrFormat, "line 1: account.customerId: "},
		{"an amount in another spelling", replace(`"delta":-50`, `"delta":-50.0`), ErrFormat, "line 2: item.delta: an amount is written in its canonical form; here that is -50"},
		{"an amount with an exponent that it does not need", replace(`"delta":-50`, `"delta":-5e1`), ErrFormat, "line 2: item.delta: "},
		{"an amount as text", replace(`"delta":-50`, `"delta":"-50"`), ErrFormat, "line 2: item.delta: "},
		{"an amount that binary64 rounds", replace(`"delta":-50`, `"delta":-9007199254740993`), ErrFormat, "line 2: item.delta: "},
		{"an amount that is no number", replace(`"delta":-50`, `"delta":NaN`), ErrFormat, "line 2: item"},
		{"an item that is no object", replace(`"item":{`, `"item":[],"x":{`), ErrFormat, "line 2: item: "},
		{"crossed brackets", replace(`{"events":12,`, `{"events":[12},`), ErrFormat, "line 2: "},
		{"text that is not UTF-8", replace("daily_usage_flush", "daily\xff"), ErrFormat, "line 2: item.reason: "},
		{"a lone surrogate", replace("daily_usage_flush", `daily\ud800`), ErrFormat, "line 2: item.reason: "},
		{"a hash in upper case", func(_ testing.TB, s string) string {
			i := strings.Index(s, `"contentHash":"0x`) + len(`"contentHash":"0x`)
			return s[:i] + strings.ToUpper(s[i:i+64]) + s[i+64:]
		}, ErrFormat, "line 2: contentHash: a hash has its digits in lower case"},
		{"a hash that is too short", replace(`"root":"0x`, `"root":"0`), ErrFormat, "line 4: root: "},
		{"a content hash of zeros", func(_ testing.TB, s string) string {
			i := strings.Index(s, `"contentHash":"0x`) + len(`"contentHash":"0x`)
			return s[:i] + strings.Repeat("0", 64) + s[i+64:]
		}, ErrFormat, "line 2: contentHash: no content has the zero hash"},
		{"an empty list of hashes", replace(`"itemHashes":[`, `"itemHashes":[],"x":[`), ErrFormat, "line 2: itemHashes: the list is empty"},
		{"a sequence of 0", replace(`"sequence":1`, `"sequence":0`), ErrFormat, "line 2: sequence: "},
		{"a delta and the trailer at once", replace(`"end":"pacspace`, `"sequence":3,"end":"pacspace`), ErrFormat, "line 4: it is a delta and the trailer at once"},
		{"a trailer without its root", replace(`,"root":"0x`, `,"x":"0x`), ErrFormat, "line 4: unknown name"},
		{"a trailer without its end", replace(`"end":"pacspace-evidence/v1",`, ``), ErrFormat, "line 4: end: the field is missing"},
		{"a source that does not exist", replace(`"submitted"`, `"guessed"`), ErrFormat, "line 2: sources.item: "},
		{"an unknown amount", replace(`"item":"submitted"`, `"item":"unknown"`), ErrFormat, "line 2: sources.item: only reason"},
		{"a field without its source", replace(`"record":"derived",`, ``), ErrFormat, "line 2: sources.recordId: "},
		{"a source of a field that is not there", replace(`"record":"derived"`, `"record":"derived","adjusts":"derived"`), ErrFormat, "line 2: sources.adjusts: "},
		{"a field that is there and called unknown", replace(`"record":"derived"`, `"record":"derived","metadata":"unknown"`), ErrFormat, "line 2: item.metadata: "},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			file := tc.change(t, hostileFile(t))
			_, err := readAll(strings.NewReader(file))
			require.ErrorIs(t, err, tc.err)
			require.ErrorContains(t, err, tc.says)
			require.NotContains(t, err.Error(), "\n")
			report, err := Verify(strings.NewReader(file), buyer())
			require.Nil(t, report)
			require.ErrorIs(t, err, tc.err)
			require.ErrorContains(t, err, tc.says)
			requireSameInChunks(t, []byte(file), buyer())
		})
	}
}

// padded returns the file with metadata that makes the first delta's line n bytes long.
func padded(t testing.TB, n int) string {
	t.Helper()
	file := hostileFile(t)
	lines := strings.SplitAfter(file, "\n")
	const pad = `"events":12`
	grown := strings.Replace(lines[1], pad, `"events":""`, 1)
	grown = strings.Replace(grown, `"events":""`, `"events":"`+strings.Repeat("x", n+1-len(grown))+`"`, 1)
	require.Len(t, grown, n+1)
	lines[1] = grown
	return strings.Join(lines, "")
}

func TestLimitsHoldAtTheLimitAndNotPastIt(t *testing.T) {
	t.Parallel()
	swap := func(old, format string) func(t testing.TB, n int) string {
		return func(t testing.TB, n int) string {
			file := hostileFile(t)
			require.Contains(t, file, old)
			return strings.Replace(file, old, fmt.Sprintf(format, n), 1)
		}
	}
	repeat := func(old, before, unit, after string) func(t testing.TB, n int) string {
		return func(t testing.TB, n int) string {
			file := hostileFile(t)
			require.Contains(t, file, old)
			return strings.Replace(file, old, before+strings.Repeat(unit, n)+after, 1)
		}
	}
	for _, tc := range []struct {
		name  string
		limit int
		file  func(t testing.TB, n int) string
	}{
		{"the length of a line", MaxLineBytes, padded},
		{"the number of deltas", MaxDeltas, swap(`"count":2`, `"count":%d`)},
		{"the length of a text", MaxTextBytes, repeat(`"reason":"daily_usage_flush:2026-02-01"`, `"reason":"`, "x", `"`)},
		{"the length of a text with escapes", MaxTextBytes, repeat(`"reason":"daily_usage_flush:2026-02-01"`, `"reason":"`, `\n`, `"`)},
		{"the hashes of a batch", MaxItemHashes, func(t testing.TB, n int) string {
			file := hostileFile(t)
			i := strings.Index(file, `"itemHashes":[`) + len(`"itemHashes":[`)
			end := i + strings.Index(file[i:], "]")
			one := `"` + Hash{1}.String() + `"`
			return file[:i] + strings.Repeat(one+",", n-1) + one + file[end:]
		}},
		{"the depth of metadata, which is inside an item", canonical.MaxDepth - 2, func(t testing.TB, n int) string {
			return strings.Replace(hostileFile(t), `"events":12`, `"events":`+strings.Repeat("[", n)+strings.Repeat("]", n), 1)
		}},
		{"the length of a number", canonical.MaxNumberLength, func(t testing.TB, n int) string {
			return strings.Replace(hostileFile(t), `"events":12`, `"events":0.5`+strings.Repeat("0", n-3), 1)
		}},
		{"the digits of a balance", decimalDigits, func(t testing.TB, n int) string {
			return strings.Replace(hostileFile(t), `"startingBalance":"0"`, `"startingBalance":"`+strings.Repeat("9", n)+`"`, 1)
		}},
		{"the list of carried deltas", MaxCarried, func(t testing.TB, n int) string {
			one := `{"referenceId":"r","window":{"start":"2026-01-02T00:00:00Z","end":"2026-02-02T00:00:00Z"}}`
			list := `"carried":[` + strings.Repeat(one+",", n-1) + one + `],`
			return strings.Replace(hostileFile(t), `"count":2`, list+`"count":2000`, 1)
		}},
		{"an index", maxInteger, swap(`"index":100`, `"index":%d`)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := readAll(strings.NewReader(tc.file(t, tc.limit)))
			require.NoError(t, err, "at the limit")
			_, err = readAll(strings.NewReader(tc.file(t, tc.limit+1)))
			require.ErrorIs(t, err, ErrLimit, "one past it")
		})
	}
}

const decimalDigits = 128

// An endless reader repeats a text for ever.
type endless struct {
	text string
	at   int
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.text[e.at%len(e.text):])
	for ; n < len(p); n += copy(p[n:], e.text) {
	}
	e.at += n
	return n, nil
}

func TestReadersThatDoNotEnd(t *testing.T) {
	t.Parallel()
	file := hostileFile(t)
	header, rest, _ := strings.Cut(file, "\n")
	line, _, _ := strings.Cut(rest, "\n")
	t.Run("a line that never ends", func(t *testing.T) {
		t.Parallel()
		in := &endless{text: strings.Repeat("x", 1024)}
		_, err := NewReader(in)
		require.ErrorIs(t, err, ErrLimit)
		require.Less(t, in.at, 2*MaxLineBytes, "it stops soon after the limit")
	})
	t.Run("white space that never ends", func(t *testing.T) {
		t.Parallel()
		_, err := NewReader(&endless{text: strings.Repeat(" ", 1024)})
		require.ErrorIs(t, err, ErrLimit)
	})
	t.Run("deltas that never end", func(t *testing.T) {
		t.Parallel()
		_, err := readAll(io.MultiReader(strings.NewReader(header+"\n"), &endless{text: line + "\n"}))
		require.ErrorIs(t, err, ErrLimit)
	})
	t.Run("a reader that gives nothing and no error", func(t *testing.T) {
		t.Parallel()
		_, err := NewReader(stuck{})
		require.ErrorIs(t, err, io.ErrNoProgress)
	})
	t.Run("a reader that fails midway", func(t *testing.T) {
		t.Parallel()
		broken := errors.New("the disk is gone")
		_, err := readAll(io.MultiReader(strings.NewReader(header+"\n"+line[:100]), iotest.ErrReader(broken)))
		require.ErrorIs(t, err, broken)
		require.NotErrorIs(t, err, ErrFormat)
		_, err = Verify(iotest.ErrReader(broken), buyer())
		require.ErrorIs(t, err, broken)
	})
	t.Run("an error stays", func(t *testing.T) {
		t.Parallel()
		reader, err := NewReader(strings.NewReader(header + "\n"))
		require.NoError(t, err)
		for range 2 {
			for _, err := range reader.Lines() {
				require.ErrorContains(t, err, "the file ends without its trailer")
			}
		}
	})
}

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

func TestTheLengthOfAFile(t *testing.T) {
	t.Parallel()
	l := lineReader{bytes: MaxFileBytes - 5}
	l.in = newBuffered(strings.NewReader("1234\n"))
	_, err := l.next()
	require.NoError(t, err, "at the limit")
	l = lineReader{bytes: MaxFileBytes - 4}
	l.in = newBuffered(strings.NewReader("1234\n"))
	_, err = l.next()
	require.ErrorIs(t, err, ErrLimit, "one past it")
}
