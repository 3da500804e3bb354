package proof

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/decimal"
)

func TestAnchorsAreKept(t *testing.T) {
	t.Parallel()
	own := february(t, 3).own()
	own.Partial = true
	for _, tc := range []struct {
		name   string
		anchor Anchor
	}{
		{"the public record's answer", &PublicRecord{Root: Hash{1}, Verified: true, RecordCount: new(int64(28)), NetChange: new(decimal.New(-14)),
			Environment: EnvironmentTest, Source: "app.pacspace.io", FetchedAt: time.Date(2026, 3, 2, 8, 0, 0, 5, time.UTC)}},
		{"the public record's answer without a summary", &PublicRecord{Root: Hash{1}, Verified: true, Environment: EnvironmentLive}},
		{"the root on an invoice", InvoiceRoot{Hash{2}}},
		{"the buyer's own deltas", own},
		{"earlier evidence", verifiedMonth(t, "2026-01", 5)},
		{"a probe", &ProbeResult{Environment: EnvironmentTest, Item: []Variant{VariantHex0x, VariantHex}, Batch: []Variant{VariantRaw},
			ChainPerAccount: true, IndexPerAccount: true, FirstIndex: new(int64(0)), Source: "sandbox", At: time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)}},
		{"a probe that saw nothing", &ProbeResult{Environment: EnvironmentLive}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var file bytes.Buffer
			require.NoError(t, WriteAnchor(&file, tc.anchor))
			require.Equal(t, 1, strings.Count(file.String(), "\n"))
			back, err := ReadAnchor(strings.NewReader(file.String()))
			require.NoError(t, err)
			require.IsType(t, tc.anchor, back)
			var again bytes.Buffer
			require.NoError(t, WriteAnchor(&again, back))
			require.Equal(t, file.String(), again.String())
		})
	}
}

func TestAKeptAnchorBindsAsTheFirstOneDid(t *testing.T) {
	t.Parallel()
	january := verifiedMonth(t, "2026-01", 31)
	b := february(t, 28)
	b.header.StartingBalance = january.Balance()
	b.seal(t)
	keep := func(a Anchor) Anchor {
		var file bytes.Buffer
		require.NoError(t, WriteAnchor(&file, a))
		back, err := ReadAnchor(&file)
		require.NoError(t, err)
		return back
	}
	file := b.write(t)
	first := verify(t, file, buyer(), b.record(), january, b.own())
	later := verify(t, file, buyer(), keep(b.record()), keep(january), keep(b.own()))
	require.Equal(t, Verified, first.Verdict)
	require.Equal(t, first.Text(), later.Text())
}

func TestEarlierEvidenceSays(t *testing.T) {
	t.Parallel()
	e := verifiedMonth(t, "2026-01", 31)
	require.Equal(t, acme, e.Account().CustomerID)
	require.Equal(t, "-1550", e.Balance().String())
	require.True(t, e.Window().Equal(*carriedFrom("2026-01")))
}

func TestEarlierEvidenceIsHeldToTheRulesOfItsHeader(t *testing.T) {
	t.Parallel()
	var file bytes.Buffer
	require.NoError(t, WriteAnchor(&file, verifiedMonth(t, "2026-01", 5)))
	for name, change := range map[string][2]string{
		"usage days that end before they begin":           {`"last":"2026-01-31"`, `"last":"2025-12-31"`},
		"a window that ends as the last usage day begins": {`"end":"2026-02-02T00:00:00Z"`, `"end":"2026-01-31T00:00:00Z"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := strings.Replace(file.String(), change[0], change[1], 1)
			require.NotEqual(t, file.String(), text)
			_, err := ReadAnchor(strings.NewReader(text))
			require.ErrorIs(t, err, ErrAnchor)
			require.ErrorContains(t, err, "take it from Report.Anchor")
		})
	}
}

func TestVerifiedFalseMakesNoAnchor(t *testing.T) {
	t.Parallel()
	p, err := NewPublicRecord(PublicRecord{Root: Hash{1}})
	require.Nil(t, p)
	require.ErrorIs(t, err, ErrAnchor)
	require.ErrorIs(t, err, ErrNotVerified)
	require.ErrorContains(t, err, "it is not known whether it was unavailable or does not have it")
	require.ErrorIs(t, WriteAnchor(&bytes.Buffer{}, &PublicRecord{Root: Hash{1}}), ErrNotVerified)
	b := february(t, 1)
	_, err = Verify(bytes.NewReader(b.write(t)), buyer(), &PublicRecord{Root: b.header.Checkpoint.Root})
	require.ErrorIs(t, err, ErrNotVerified)

	p, err = NewPublicRecord(PublicRecord{Root: Hash{1}, Verified: true})
	require.NoError(t, err)
	require.Equal(t, EnvironmentLive, p.Environment)
}

func TestAnchorsThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	b := february(t, 1)
	for _, tc := range []struct {
		name    string
		anchors []Anchor
	}{
		{"nil", []Anchor{nil}},
		{"a nil public record", []Anchor{(*PublicRecord)(nil)}},
		{"nil earlier evidence", []Anchor{(*Earlier)(nil)}},
		{"a nil probe", []Anchor{(*ProbeResult)(nil)}},
		{"earlier evidence that no report made", []Anchor{&Earlier{}}},
		{"a negative count", []Anchor{&PublicRecord{Verified: true, RecordCount: new(int64(-1))}}},
		{"an environment that does not exist", []Anchor{&PublicRecord{Verified: true, Environment: "staging"}}},
		{"a probe with a variant that does not exist", []Anchor{&ProbeResult{Item: []Variant{"base64"}}}},
		{"a probe with a negative index", []Anchor{&ProbeResult{FirstIndex: new(int64(-1))}}},
		{"an own delta without a reference", []Anchor{OwnDeltas{Items: []Item{{Delta: decimal.New(1)}}}}},
		{"an own delta twice", []Anchor{OwnDeltas{Items: []Item{{ReferenceID: "r"}, {ReferenceID: "r"}}}}},
		{"own deltas of another customer", []Anchor{OwnDeltas{Items: []Item{{CustomerID: "customer_bolt", ReferenceID: "r"}}}}},
		{"own deltas twice", []Anchor{OwnDeltas{}, OwnDeltas{}}},
		{"too many", make([]Anchor, maxAnchors+1)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := Verify(bytes.NewReader(b.write(t)), buyer(), tc.anchors...)
			require.ErrorIs(t, err, ErrAnchor)
			require.NotContains(t, err.Error(), "\n")
		})
	}
	for name, expect := range map[string]Expect{
		"customer":    {CustomerID: "customer_bolt"},
		"resource":    {Resource: "requests"},
		"environment": {Environment: EnvironmentTest},
	} {
		t.Run("earlier evidence of another "+name, func(t *testing.T) {
			t.Parallel()
			_, err := Verify(bytes.NewReader(b.write(t)), expect, verifiedMonth(t, "2026-01", 1))
			require.ErrorIs(t, err, ErrAnchor)
			require.ErrorContains(t, err, name)
		})
	}
}

func TestExpectationsThatCannotBe(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		expect Expect
	}{
		{"a customer id with a space", Expect{CustomerID: "customer acme"}},
		{"a month that does not exist", Expect{Period: "2026-13"}},
		{"days that are not the period's", Expect{Period: month, Days: DaysOf("2026-03")}},
		{"days that end before they begin", Expect{Days: Days{First: month.Last(), Last: month.First()}}},
		{"days without a first one", Expect{Days: Days{Last: month.First()}}},
		{"an environment that does not exist", Expect{Environment: "staging"}},
		{"a variant that does not exist", Expect{Variant: "base64"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := Verify(strings.NewReader(""), tc.expect)
			require.ErrorIs(t, err, ErrExpect)
			require.NotContains(t, err.Error(), "\n")
		})
	}
}

func TestAnchorFilesThatAreRefused(t *testing.T) {
	t.Parallel()
	var file bytes.Buffer
	require.NoError(t, WriteAnchor(&file, &PublicRecord{Root: Hash{1}, Verified: true, RecordCount: new(int64(1)), NetChange: new(decimal.New(-5))}))
	good := file.String()
	for _, tc := range []struct{ name, old, new, says string }{
		{"another format", "pacspace-anchor/v1", "pacspace-anchor/v2", "format"},
		{"a kind that does not exist", "public-record", "hearsay", "kind"},
		{"no kind", `"kind":"public-record",`, ``, "kind"},
		{"a field of another kind", `"verified":true`, `"verified":true,"partial":false`, "partial"},
		{"a field that is missing", `"verified":true,`, ``, "verified"},
		{"a name in another case", `"verified"`, `"Verified"`, "unknown name"},
		{"a name twice", `"verified":true`, `"verified":true,"verified":true`, "verified"},
		{"verified as text", `"verified":true`, `"verified":"true"`, "verified"},
		{"a sum as a number", `"netChange":"-5"`, `"netChange":-5`, "netChange"},
		{"a second value", "}\n", "}{}\n", "data after"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, good, tc.old)
			a, err := ReadAnchor(strings.NewReader(strings.Replace(good, tc.old, tc.new, 1)))
			require.Nil(t, a)
			require.ErrorIs(t, err, ErrFormat)
			require.ErrorContains(t, err, tc.says)
		})
	}
	_, err := ReadAnchor(strings.NewReader(strings.Replace(good, `"verified":true`, `"verified":false`, 1)))
	require.ErrorIs(t, err, ErrNotVerified)
	_, err = ReadAnchor(strings.NewReader(""))
	require.ErrorIs(t, err, ErrFormat)
	_, err = ReadAnchor(&endless{text: strings.Repeat(" ", 1024)})
	require.ErrorIs(t, err, ErrLimit)
}

func TestAnAnchorThatCannotBeReadIsNotWritten(t *testing.T) {
	t.Parallel()
	for name, a := range map[string]Anchor{
		"an amount that binary64 rounds": OwnDeltas{Items: []Item{{ReferenceID: "r", Delta: number(t, "0.12345678901234567891")}}},
		"text that is not UTF-8":         &PublicRecord{Root: Hash{1}, Verified: true, Source: "\xff"},
		"a text that is too long":        &PublicRecord{Root: Hash{1}, Verified: true, Source: strings.Repeat("x", MaxTextBytes+1)},
		"a record of no deltas":          &PublicRecord{Verified: true},
		"an index past 2^53":             &PublicRecord{Root: Hash{1}, Verified: true, RecordCount: new(int64(1 << 53))},
		"nil":                            nil,
	} {
		var file bytes.Buffer
		require.ErrorIs(t, WriteAnchor(&file, a), ErrAnchor, name)
		require.Zero(t, file.Len(), name)
	}
	require.ErrorIs(t, WriteAnchor(&full{}, InvoiceRoot{}), errFull)
}

func TestWhereTheSequenceShowsCompleteness(t *testing.T) {
	t.Parallel()
	january := billOf(t, "2026-01", 31, VariantHex0x)
	for i := range january.lines {
		january.lines[i].Index = new(int64(i))
	}
	probe := &ProbeResult{IndexPerAccount: true, FirstIndex: new(int64(0))}
	expect := buyer()
	expect.Period = "2026-01"
	report := verify(t, january.write(t), expect, january.record(), probe)
	require.Equal(t, CompleteBySequence, report.Completeness, "a new account's first window")
	earlier, err := report.Anchor()
	require.NoError(t, err)

	b := february(t, 28)
	for i := range b.lines {
		b.lines[i].Index = new(int64(31 + i))
	}
	report = verify(t, b.write(t), buyer(), b.record(), probe, earlier)
	require.Equal(t, CompleteBySequence, report.Completeness, "it goes on where January ended")
	require.Equal(t, "verified: 28 deltas of compute-minutes, balance -1400, root "+b.header.Checkpoint.Root.Short()+", complete as far as the vendor's sequence numbers say", report.String())

	report = verify(t, b.write(t), buyer(), b.record(), probe)
	require.Equal(t, Verified, report.Verdict)
	require.Equal(t, CompleteNotShown, report.Completeness, "what came before 31 is not known")

	report = verify(t, b.write(t), buyer(), b.record(), b.own())
	require.Equal(t, CompleteByOwn, report.Completeness)
	own := b.own()
	own.Partial = true
	report = verify(t, b.write(t), buyer(), b.record(), own)
	require.Equal(t, CompleteNotShown, report.Completeness)
}

func TestReportsAsJSON(t *testing.T) {
	t.Parallel()
	b := february(t, 28)
	report := verify(t, b.write(t), buyer(), b.record())
	text, err := json.Marshal(report)
	require.NoError(t, err)
	var back Report
	require.NoError(t, json.Unmarshal(text, &back))
	again, err := json.Marshal(&back)
	require.NoError(t, err)
	require.JSONEq(t, string(text), string(again))
	for range 20 {
		same, err := json.Marshal(verify(t, b.write(t), buyer(), b.record()))
		require.NoError(t, err)
		require.Equal(t, string(text), string(same))
	}
	require.Equal(t, Check{}, report.Check("no such check"))
	require.Equal(t, Passed, report.Check(CheckRoot).Outcome)
}
