package interop

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/usage"
	"github.com/stretchr/testify/require"
)

// edgeSpecimens are files at a limit and one past it, and pairs of references of which the
// one may look like the other.
func edgeSpecimens(t *testing.T) (all []specimen) {
	t.Helper()
	for past := range 2 {
		all = append(all,
			fileOf(t, func(h *proof.Header, lines *[]proof.Line) {
				*lines = (*lines)[:0]
				for i := range 101 + past { // of one look, so one is the first
					*lines = append(*lines, plainLine("A"+strings.Repeat("\u00a0", i)))
				}
			}),
			fileOf(t, func(h *proof.Header, lines *[]proof.Line) {
				(*lines)[0].ItemHashes = make([]proof.Hash, 10_000)
			}),
			fileOf(t, func(h *proof.Header, lines *[]proof.Line) {
				(*lines)[0].Item.Reason = strings.Repeat("r", 4096)
			}),
			fileOf(t, func(h *proof.Header, lines *[]proof.Line) {
				(*lines)[0].Item.Metadata = []byte(`{"a":` + strings.Repeat("[", 510) + strings.Repeat("]", 510) + `}`)
			}),
			fileOf(t, func(h *proof.Header, lines *[]proof.Line) {
				w := usage.Window{Start: h.Window.Start.AddDate(0, -1, 0), End: h.Window.Start}
				*lines = (*lines)[:0]
				for i := range 1000 {
					line := plainLine(fmt.Sprint("late ", i))
					line.Carried = &w
					*lines = append(*lines, line)
					h.Carried = append(h.Carried, proof.CarriedLine{ReferenceID: line.Item.ReferenceID, Window: w})
				}
			}),
			fileOf(t, func(h *proof.Header, lines *[]proof.Line) {
				h.StartingBalance = decimalOf(t, strings.Repeat("9", 128))
				h.ClaimedBalance = decimalOf(t, "1"+strings.Repeat("0", 400))
			}),
		)
		if past == 0 {
			continue
		}
		// The writer refuses what is past the other limits, so they are passed by an editor.
		for i, change := range [][2]string{
			{}, {`"itemHashes":[`, `"itemHashes":["` + proof.Hash{}.String() + `",`}, {`rrrr`, `rrrrr`}, {`[[]]`, `[[[]]]`},
			{`"carried":[`, `"carried":[{"referenceId":"late 0","window":{"start":"2026-01-02T00:00:00Z","end":"2026-02-02T00:00:00Z"}},`},
			{`"1` + strings.Repeat("0", 400), `"1` + strings.Repeat("0", 401)},
		} {
			if change[0] != "" {
				s := &all[len(all)-6+i]
				text := strings.Replace(string(s.evidence), change[0], change[1], 1)
				require.NotEqual(t, string(s.evidence), text)
				s.evidence = []byte(text)
			}
		}
	}
	all = append(all, editedSpecimens(t)...)
	r := rand.New(rand.NewPCG(1, 1))
	for range 400 {
		all = append(all, fileOf(t, func(h *proof.Header, lines *[]proof.Line) {
			first := strangeText(r)
			if r.IntN(3) == 0 {
				first = usage.DailyReference("customer_acme", h.Days.First)
			}
			*lines = (*lines)[:0]
			for _, reference := range []string{first, disguise(r, otherCase(r, first)), shuffled(r, first)} {
				*lines = append(*lines, plainLine(reference))
			}
		}))
	}
	return all
}

// editedSpecimens are a file and anchors with one rule of the reader broken in each, and
// before them the file as it was.
func editedSpecimens(t *testing.T) []specimen {
	t.Helper()
	whole := fileOf(t, func(h *proof.Header, lines *[]proof.Line) {
		w := usage.Window{Start: h.Window.Start.AddDate(0, -1, 0), End: h.Window.Start}
		h.Carried = []proof.CarriedLine{{ReferenceID: "one", Window: w}}
		(*lines)[0].Carried = &w
		(*lines)[1].Item.Adjusts = &proof.Adjusts{ReferenceID: "fee"}
		(*lines)[1].RecordID = "rec_2"
		(*lines)[2].Item.Metadata = []byte(`{"n":12}`)
	})
	all := []specimen{whole}
	for _, edit := range [][2]string{
		{`"n":12`, `"n":` + strings.Repeat("1", 4301)},
		{`"n":12`, `"n":1` + strings.Repeat("0", 4299)},
		{`"n":12`, `"n":1` + strings.Repeat("0", 300) + "e0"},
		{`"n":12`, `"n":1.` + strings.Repeat("0", 4298)},
		{`"n":12`, `"n":1.` + strings.Repeat("0", 4299)},
		{`"n":12`, `"n":1e309`},
		{`"n":12`, `"n":-1e-330`},
		{`"n":12`, `"n":12,"N":13`},
		{`"n":12`, `"n":12,"n":12`},
		{`"n":12`, `"n":` + strings.Repeat("[", 600) + strings.Repeat("]", 600)},
		{`"n":12`, `"n":"` + "\x00" + `"`},
		{`"n":12`, `"n":` + strings.Repeat("[", 100_000)},
		{`{"sequence":1`, ` {"sequence":1`},
		{`{"sequence":2`, `{} {"sequence":2`},
		{`{"sequence":2`, `[{"sequence":2`},
		{`"sequence":2`, `"sequence":0`},
		{`"sequence":2`, `"sequence":02`},
		{`"sequence":2`, `"sequence":2.0`},
		{`"sequence":2`, `"sequence":10000001`},
		{`"start":"2026-02-02T00:00:00Z","end":"2026-03-02T00:00:00Z"`, `"start":"2026-03-02T00:00:00Z","end":"2026-03-02T00:00:00Z"`},
		{`"end":"2026-03-02T00:00:00Z"`, `"end":"2026-02-28T00:00:00Z"`},
		{`"end":"2026-03-02T00:00:00Z"`, `"end":"2026-02-28T00:00:00.000000001Z"`},
		{`"adjusts":{"referenceId":"fee"}`, `"adjusts":{}`},
		{`"adjusts":{"referenceId":"fee"}`, `"adjusts":{"recordId":"rec","referenceId":"fee"}`},
		{`"adjusts":{"referenceId":"fee"}`, `"adjusts":{"recordId":""}`},
		{`"period":"2026-02"`, `"period":"2026-03"`},
		{`"period":"2026-02"`, `"period":"2026-13"`},
		{`"first":"2026-02-01"`, `"first":"2026-02-02"`},
		{`"count":3`, `"count":0`},
		{`"count":3`, `"count":4`},
		{`"carried":[{"referenceId":"one",`, `"carried":[{`},
		{`"carried":[{"referenceId":"one","window":{"start":"2026-01-02T00:00:00Z","end":"2026-02-02T00:00:00Z"}}]`, `"carried":[]`},
		{`"end":"2026-02-02T00:00:00Z"}}]`, `"end":"2026-02-02T00:00:00.1Z"}}]`},
		{`,"referenceId":"three"`, ``},
		{`"referenceId":"three"`, `"referenceId":""`},
		{`,"reason":"usage"`, ``},
		{`"reason":"usage"`, `"reason":""`},
		{`"item":"submitted"`, `"item":"unknown"`},
		{`"item":"submitted",`, ``},
		{`"item":"submitted"`, `"item":"submitted","reason":"unknown"`},
		{`"item":"submitted"`, `"item":"submitted","reason":"status"`},
		{`"item":"submitted"`, `"item":"submitted","adjusts":"unknown"`},
		{`"item":"submitted"`, `"item":"submitted","adjusts":"status"`},
		{`"item":"submitted"`, `"item":"submitted","index":"unknown"`},
		{`"item":"submitted"`, `"item":"submitted","index":"derived"`},
		{`,"proof":"webhook"`, ``},
		{`,"record":"derived"`, ``},
		{`"item":"submitted"`, `"item":"submitted","record":"unknown"`},
	} {
		// In the last line that has it, so that a delta is meant where several have it.
		text := string(whole.evidence)
		at := strings.LastIndex(text, edit[0])
		require.GreaterOrEqual(t, at, 0, edit[0])
		all = append(all, specimen{evidence: []byte(text[:at] + edit[1] + text[at+len(edit[0]):]), expect: whole.expect})
	}
	unknown := strings.NewReplacer(`,"reason":"usage"`, ``, `"item":"submitted"`, `"item":"submitted","reason":"unknown"`).Replace(string(whole.evidence))
	emptied := strings.NewReplacer(`"reason":"usage"`, `"reason":""`, `"item":"submitted"`, `"item":"submitted","reason":"unknown"`).Replace(string(whole.evidence))
	hash := regexp.MustCompile(`"contentHash":"[^"]*",`)
	for _, text := range []string{unknown, emptied, hash.ReplaceAllString(string(whole.evidence), ""), hash.ReplaceAllString(unknown, "")} {
		all = append(all, specimen{evidence: []byte(text), expect: whole.expect})
	}
	const own, earlier = `{"format":"pacspace-anchor/v1","kind":"own-deltas","partial":false,"deltas":[{"referenceId":"one","delta":-1}]}`,
		`{"format":"pacspace-anchor/v1","kind":"earlier","verdict":"verified","account":{"customerId":"customer_acme"},"environment":"live",` +
			`"usageDays":{"first":"2026-01-01","last":"2026-01-31"},"window":{"start":"2026-01-02T00:00:00Z","end":"2026-02-02T00:00:00Z"},` +
			`"balance":"0","count":1,"confirmed":{"item":[],"batch":[],"checkpoint":[]},"billed":[{"recordId":"rec_1"}]}`
	edit := func(anchor, from, to string) string {
		require.Contains(t, anchor, from)
		return strings.Replace(anchor, from, to, 1)
	}
	for _, anchors := range [][]string{
		{own},
		{own, own},
		{edit(own, `false`, `0`)},
		{edit(own, `"partial":false,`, ``)},
		{edit(own, `[{"referenceId":"one","delta":-1}]`, `[]`)},
		{edit(own, `[{"referenceId":"one","delta":-1}]`, `{}`)},
		{edit(own, `"delta":-1`, `"delta":-1.0`)},
		{edit(own, `"delta":-1`, `"delta":-1,"reason":null`)},
		{edit(own, `"delta":-1`, `"delta":-1,"metadata":{"n":1e400}`)},
		{edit(own, `"delta":-1}`, `"delta":-1},{"referenceId":"one","delta":-1}`)},
		{edit(own, `"delta":-1`, `"delta":-1,"customerId":"another"`)},
		{edit(own, `"delta":-1`, `"delta":-1,"customerId":""`)},
		{earlier},
		{edit(earlier, `"count":1`, `"count":7`)},
		{edit(earlier, `"count":1`, `"count":10000001`)},
		{edit(earlier, `[{"recordId":"rec_1"}]`, `[]`)},
		{edit(earlier, `{"recordId":"rec_1"}`, `{}`)},
		{edit(earlier, `{"recordId":"rec_1"}`, `{"recordId":"rec_1","window":{}}`)},
		{edit(earlier, `"2026-02-02T00:00:00Z"`, `"2026-01-31T00:00:00Z"`)},
		{edit(earlier, `"last":"2026-01-31"`, `"last":"2025-12-31"`)},
		{edit(earlier, `"item":[]`, `"item":["hex","hex"]`)},
		{edit(earlier, `"item":[],`, ``)},
		{edit(earlier, `"verified"`, `"incomplete"`)},
		{edit(earlier, `"customerId":"customer_acme"`, `"customerId":".."`)},
		{earlier + "\n"},
		{earlier + "\n{}"},
		{"\n" + earlier},
		{strings.ReplaceAll(earlier, ",", ",\n ")},
		{"\ufeff" + earlier},
		{strings.Repeat(" ", 1<<26-len(earlier)) + earlier},
		{strings.Repeat(" ", 1<<26-len(earlier)+1) + earlier},
		slices.Repeat([]string{`{"format":"pacspace-anchor/v1","kind":"invoice-root","root":"` + proof.Hash{1}.String() + `"}`}, 1000),
		slices.Repeat([]string{`{"format":"pacspace-anchor/v1","kind":"invoice-root","root":"` + proof.Hash{1}.String() + `"}`}, 1001),
		{`{"format":"pacspace-anchor/v1","kind":"invoice-root","root":"` + proof.Hash{}.String() + `"}`},
		{`{"format":"pacspace-anchor/v1","kind":"public-record","environment":"live","verified":true,"root":"` + proof.Hash{}.String() + `"}`},
		{`{"format":"pacspace-anchor/v1","kind":"public-record","environment":"live","verified":false,"root":"` + proof.Hash{1}.String() + `"}`},
		{`{"format":"pacspace-anchor/v1","kind":"another"}`},
		{`{"kind":"invoice-root","root":"` + proof.Hash{1}.String() + `"}`},
		{`[]`}, {`null`}, {``},
	} {
		s := specimen{evidence: whole.evidence, expect: whole.expect}
		for _, anchor := range anchors {
			s.anchors = append(s.anchors, []byte(anchor))
		}
		all = append(all, s)
	}
	return all
}

// fileOf makes evidence of a few plain deltas after a change, with the root that follows.
func fileOf(t *testing.T, change func(*proof.Header, *[]proof.Line)) specimen {
	t.Helper()
	period := usage.Period("2026-02")
	h := proof.Header{
		Account: usage.Account{CustomerID: "customer_acme"}, Period: period, Days: proof.DaysOf(period),
		Window: period.RecordingWindow(), Variant: proof.VariantHex0x,
	}
	lines := []proof.Line{plainLine("one"), plainLine("two"), plainLine("three")}
	change(&h, &lines)
	h.Count = len(lines)
	if h.ClaimedBalance.IsZero() {
		h.ClaimedBalance = decimal.New(-int64(len(lines)))
	}
	var leaves []proof.Hash
	for i := range lines {
		lines[i].ContentHash = leafOf(t, h.Variant, lines[i].Item)
		if lines[i].Carried == nil {
			leaves = append(leaves, lines[i].ContentHash)
		}
	}
	h.Checkpoint.Root = h.Variant.Root(leaves)
	var file strings.Builder
	w, err := proof.NewWriter(&file, h)
	require.NoError(t, err)
	for _, line := range lines {
		require.NoError(t, w.Write(line))
	}
	require.NoError(t, w.Close())
	return specimen{evidence: []byte(file.String()), expect: object{"customerId": "customer_acme"}}
}

func plainLine(reference string) proof.Line {
	return proof.Line{
		Item:    proof.Item{CustomerID: "customer_acme", Delta: decimal.New(-1), Reason: "usage", ReferenceID: reference},
		Sources: proof.Sources{Item: proof.SourceSubmitted, Record: proof.SourceDerived, Proof: proof.SourceWebhook},
	}
}

func decimalOf(t *testing.T, text string) decimal.Decimal {
	t.Helper()
	d, err := decimal.Parse(text)
	require.NoError(t, err)
	return d
}

// strange are characters that fold, decompose, reorder or vanish. All are older than
// Unicode 14.
var strange = []rune("aAzZıİſßẞςΣσΑάᾳͅͅ\u0301\u0323\u0327\u0f71\u0f72\u0f73\u0344\u0e33ﬁﬀﷺ①²½ªµÅÅK가각가ㄱ𝔘Ａｱ゙が\u3000\u2028\u200b\u00ad\u180e\ufe0f\u115f\u0000\t\u2003\ufeff\U000E0041\u061c\u1e9bǆǅᏠꭰꮞӀӏʼn\u1d2c¨´΄˙﹀～\u034f\u05b0\u064b\u0670\u093c\u09cb\u0b94𑂚𝅗𝅥ΐΰﬗᾷᾼ№℡㎏㍿ǰẖևÿŸ")

func strangeText(r *rand.Rand) string {
	out := []rune{'x'}
	for range 1 + r.IntN(5) {
		out = append(out, strange[r.IntN(len(strange))])
	}
	return string(out)
}

// shuffled puts the characters of a text behind the first into another order.
func shuffled(r *rand.Rand, s string) string {
	runes := []rune(s)
	r.Shuffle(len(runes)-1, func(i, j int) { runes[i+1], runes[j+1] = runes[j+1], runes[i+1] })
	return string(runes)
}

// otherCase puts characters into another case by the rules of one character each.
func otherCase(r *rand.Rand, s string) string {
	return strings.Map(func(c rune) rune {
		return pick(r, c, unicode.ToUpper(c), unicode.ToLower(c), unicode.ToTitle(c), unicode.SimpleFold(c))
	}, s)
}
