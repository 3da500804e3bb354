package interop

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/internal/keccak"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/usage"
)

// specimen is one case for both verifiers: evidence with what the checker expects and
// brings, all as they would lie in files.
type specimen struct {
	evidence []byte
	expect   object
	anchors  [][]byte
}

// object is a JSON object whose numbers are json.Number once it was read.
type object = map[string]any

// vendor makes evidence at random, sealed by its own rules throughout: what is wrong with
// it is wrong before anything is hashed. Roughly half of it is sound.
type vendor struct {
	*rand.Rand
	t        *testing.T
	variant  proof.Variant // what the service hashes by
	account  usage.Account
	metaUnit bool
	days     proof.Days
	window   usage.Window
	start    decimal.Decimal
	lines    []proof.Line
	carried  []proof.CarriedLine
	foreign  bool    // the service hashes by rules that no variant has
	oddity   float64 // how likely something unusual is at each choice
	records  []object
	earlier  []object
}

var (
	customers = []string{"customer_acme", "customer_acme", "tenant:eu:7", "c", "usage:c:2026-02-01"}
	amounts   = []string{"-42.5", "-50", "-0.1", "-0.2", "-0.3", "7", "-1e+21", "-1e-7", "-9007199254740991", "0", "-123456789.123", "0.30000000000000004"}
)

// odd tells whether to do something unusual now.
func (v *vendor) odd() bool { return v.Float64() < v.oddity }

func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

func (v *vendor) hash() proof.Hash {
	return keccak.Sum256([]byte(fmt.Sprint(v.Uint64())))
}

// makeSpecimen makes evidence at random, with expectation and anchors that mostly fit.
func makeSpecimen(t *testing.T, r *rand.Rand) specimen {
	t.Helper()
	v := &vendor{Rand: r, t: t, variant: pick(r, proof.Variants()...), oddity: pick(r, 0, 0, 0.02, 0.05, 0.15)}
	v.account = usage.Account{CustomerID: pick(r, customers...)}
	if v.IntN(4) > 0 {
		v.account.Resource = "compute-minutes"
	}
	if v.metaUnit = v.IntN(3) == 0; v.metaUnit && v.IntN(2) == 0 {
		v.account.Unit = "minute"
	}
	period := usage.Period("2026-02")
	v.days = proof.DaysOf(period)
	v.window = period.RecordingWindow()
	header := proof.Header{Period: period}
	if v.IntN(4) == 0 {
		header.Period, v.days.First = "", v.days.First.AddDays(10)
		v.window.Start = v.days.First.Start().Add(time.Duration(v.IntN(1e9)))
	}
	if v.IntN(2) == 0 {
		v.start = v.number("-1000.5", "3", "0.1", "-0.7")
	}
	v.foreign = v.IntN(16) == 0
	v.makeEarlier()
	v.makeLines()
	v.seal()

	root := v.root(v.variant)
	header.Account, header.Days, header.Window = v.account, v.days, v.window
	header.Carried, header.StartingBalance, header.Count = v.carried, v.start, len(v.lines)
	header.Variant = pick(r, v.variant, v.variant, v.variant, pick(r, proof.Variants()...))
	if v.IntN(6) > 0 {
		header.Checkpoint = proof.Checkpoint{ID: pick(r, "", "chk_1"), Root: root}
	}
	if v.foreign && !header.Checkpoint.Root.IsZero() || v.odd() {
		root = v.hash()
		header.Checkpoint.Root = root
	}
	if v.IntN(8) == 0 {
		header.Environment = proof.EnvironmentTest
	}
	header.ClaimedBalance = v.claim()

	var file bytes.Buffer
	w, err := proof.NewWriter(&file, header)
	require.NoError(t, err)
	for _, line := range v.lines {
		require.NoError(t, w.Write(line))
	}
	require.NoError(t, w.Close())

	s := specimen{evidence: file.Bytes(), expect: v.expectation(header)}
	for _, anchor := range v.anchors(header, root) {
		s.anchors = append(s.anchors, marshal(t, anchor))
	}
	return s
}

func (v *vendor) number(of ...string) decimal.Decimal {
	d, err := decimal.Parse(pick(v.Rand, of...))
	require.NoError(v.t, err)
	return d
}

// makeLines makes the deltas without their hashes.
func (v *vendor) makeLines() {
	many := pick(v.Rand, 0, 1, 2, 3, 3, 4, 5, 6, 7, 8, 9, 12)
	adjusting := v.IntN(4) == 0
	source := proof.Sources{Item: proof.SourceSubmitted, Record: proof.SourceDerived, Proof: proof.SourceWebhook}
	for i := range many {
		day := v.days.First.AddDays(i % 12)
		reference := usage.DailyReference(v.account.CustomerID, day)
		late := i == 0 && v.IntN(4) == 0
		carried := v.IntN(10) == 0
		switch {
		case late, carried:
			day = v.days.First.AddDays(-1 - v.IntN(5))
			reference = usage.DailyReference(v.account.CustomerID, day) + fmt.Sprintf(":late-%d", i+1)
		case v.IntN(12) == 0:
			reference += ":part-2"
		case v.IntN(15) == 0:
			reference = fmt.Sprintf("fee %d", i)
		case v.odd():
			reference = usage.DailyReference(v.account.CustomerID, v.days.Last.AddDays(v.IntN(3)))
		case v.odd():
			reference = ""
		case v.odd() && i > 0 && v.lines[i-1].Item.ReferenceID != "":
			reference = disguise(v.Rand, v.lines[v.IntN(i)].Item.ReferenceID)
		case v.odd() && len(v.earlier) > 0:
			reference = disguise(v.Rand, usage.DailyReference(v.account.CustomerID, v.days.First.AddDays(-1)))
		}
		line := proof.Line{
			Item: proof.Item{
				CustomerID: v.account.CustomerID, Delta: v.number(amounts...), ReferenceID: reference,
				Reason: pick(v.Rand, "daily flush", "daily flush", ""), Metadata: v.metadata(i),
			},
			RecordID: fmt.Sprintf("rec_%d", i), Index: new(int64(100 + i)), Sources: source,
		}
		if v.odd() {
			line.Item.CustomerID = pick(v.Rand, "", "another", strings.ToUpper(v.account.CustomerID))
		}
		if v.odd() && reference != "" {
			line.RecordID = ""
		}
		if v.odd() {
			line.RecordID = pick(v.Rand, "rec_0", "rec_1", "rec_old_0")
		}
		switch {
		case v.odd():
			line.Index = nil
		case v.odd():
			line.Index = new(v.Int64N(1000))
		}
		if line.RecordID == "" && reference == "" {
			line.RecordID = fmt.Sprintf("rec_late_%d", i)
		}
		if adjusting && v.IntN(3) == 0 || v.odd() {
			line.Item.Adjusts = v.adjusts(i)
		}
		if carried {
			v.carry(&line)
		}
		if v.odd() {
			line.Sources.Item = pick(v.Rand, proof.SourceStatus, proof.SourceEmitted)
		}
		v.lines = append(v.lines, line)
	}
}

// metadata is that of the delta at place i; nil for none.
func (v *vendor) metadata(i int) json.RawMessage {
	m := object{"events": i, "resource": "compute-minutes"}
	if v.metaUnit {
		m["unit"] = "minute"
	}
	switch {
	case v.odd():
		return nil
	case v.odd():
		delete(m, "resource")
	case v.odd():
		m[pick(v.Rand, "resource", "unit")] = pick[any](v.Rand, "", "second", "other", nil, 7, object{}, []any{"minute"}, true)
	case v.odd():
		m["nested"] = []any{object{"é": 1.5, "\U0001F600": nil, "ﬁ": "\u2028\u0007\\\""}, "a\u0000b", 1e300, -0.5, 1e-9}
	}
	return marshal(v.t, m)
}

func (v *vendor) adjusts(i int) *proof.Adjusts {
	switch v.IntN(8) {
	case 0, 1, 2:
		if i > 0 {
			return &proof.Adjusts{RecordID: fmt.Sprintf("rec_%d", v.IntN(i+1))}
		}
	case 3:
		if i > 0 && v.lines[i-1].Item.ReferenceID != "" {
			return &proof.Adjusts{ReferenceID: v.lines[i-1].Item.ReferenceID}
		}
	case 4:
		return &proof.Adjusts{ReferenceID: usage.DailyReference(v.account.CustomerID, v.days.First.AddDays(v.IntN(70)-50))}
	case 5:
		return &proof.Adjusts{ReferenceID: pick(v.Rand, "fee 3", "fee:2026-01-31", usage.DailyReference("another", v.days.First))}
	case 6:
		return &proof.Adjusts{RecordID: pick(v.Rand, "rec_old_0", "rec_1", "rec_2")}
	}
	return &proof.Adjusts{ReferenceID: usage.DailyReference(v.account.CustomerID, v.days.First.AddDays(-1))}
}

// carry makes a line a carried one and lists it.
func (v *vendor) carry(line *proof.Line) {
	w := usage.Window{Start: v.window.Start.AddDate(0, -1, 0), End: v.window.Start.AddDate(0, 0, -v.IntN(2))}
	if v.odd() {
		w.End = w.Start.Add(time.Hour)
	}
	line.Carried = &w
	entry := proof.CarriedLine{ReferenceID: line.Item.ReferenceID, RecordID: line.RecordID, Window: w}
	switch {
	case v.IntN(3) == 0 && entry.RecordID != "":
		entry.ReferenceID = ""
	case v.IntN(3) == 0 && entry.ReferenceID != "":
		entry.RecordID = ""
	}
	v.carried = append(v.carried, entry)
}

// seal gives the lines the service's hashes, in batches with other customers' deltas.
func (v *vendor) seal() {
	previous := proof.Hash{}
	bare := v.IntN(6) == 0 // nothing but content hashes
	for i := 0; i < len(v.lines); {
		size := min(1+v.IntN(3), len(v.lines)-i)
		batch := v.lines[i : i+size]
		var hashes []proof.Hash
		for j := range batch {
			batch[j].ContentHash = v.contentHash(&batch[j])
			if v.IntN(3) == 0 {
				hashes = append(hashes, v.hash())
			}
			hashes = append(hashes, batch[j].ContentHash)
			if v.odd() {
				hashes[len(hashes)-1] = v.hash()
			}
		}
		root := pick(v.Rand, v.variant, v.variant, pick(v.Rand, proof.Variants()...)).Root(hashes)
		if v.foreign || v.odd() {
			root = v.hash()
		}
		for j := range batch {
			line := &batch[j]
			if !bare {
				line.ItemHashes, line.ProofHash, line.PreviousProofHash = hashes, new(root), new(previous)
				line.ReceiptID = pick(v.Rand, root.String(), root.String(), strings.ToUpper(root.String()), "receipt 1")
			}
			switch {
			case v.odd():
				line.ItemHashes = nil
			case v.odd():
				line.ProofHash = nil
			case v.odd():
				line.PreviousProofHash = nil
			case v.odd():
				line.PreviousProofHash = new(v.hash())
			case v.odd():
				line.ReceiptID = v.hash().String()
			case v.odd() && line.Sources.Metadata+line.Sources.Reason+line.Sources.ReferenceID == "":
				line.ContentHash = proof.Hash{}
			}
			if line.Carried != nil && line.ProofHash != nil && v.IntN(2) == 0 {
				v.records = append(v.records, v.record(*line.ProofHash))
			}
		}
		previous, i = root, i+size
	}
}

// contentHash is the service's for a line, of whose item something may then get unknown.
func (v *vendor) contentHash(line *proof.Line) proof.Hash {
	if v.foreign || v.odd() {
		return v.hash()
	}
	hash := leafOf(v.t, v.variant, line.Item)
	switch {
	case v.odd():
		line.Item.Metadata, line.Sources.Metadata = nil, proof.SourceUnknown
	case v.odd():
		line.Item.Reason, line.Sources.Reason = "", proof.SourceUnknown
	case v.odd() && line.RecordID != "" && line.Carried == nil:
		line.Item.ReferenceID, line.Sources.ReferenceID = "", proof.SourceUnknown
	case v.odd():
		line.Item.Delta = line.Item.Delta.Neg()
	}
	return hash
}

func leafOf(t *testing.T, variant proof.Variant, item proof.Item) proof.Hash {
	t.Helper()
	text, err := item.Canonical()
	require.NoError(t, err)
	return keccak.Sum256([]byte(itemLabel(variant)), text)
}

func itemLabel(variant proof.Variant) string {
	if strings.HasSuffix(string(variant), "-nul") {
		return "pacspace:item:v1\x00"
	}
	return "pacspace:item:v1:"
}

// root is the checkpoint's, which knows the hashes that the vendor left out.
func (v *vendor) root(variant proof.Variant) proof.Hash {
	var leaves []proof.Hash
	for _, line := range v.lines {
		switch {
		case line.Carried != nil:
		case line.ContentHash.IsZero():
			leaves = append(leaves, leafOf(v.t, variant, line.Item))
		default:
			leaves = append(leaves, line.ContentHash)
		}
	}
	return variant.Root(leaves)
}

// claim is the balance that follows, exactly or in binary64, or another one.
func (v *vendor) claim() decimal.Decimal {
	sum := v.start
	for _, line := range v.lines {
		sum = sum.Add(line.Item.Delta)
	}
	if v.odd() {
		return sum.Add(v.number("1", "-0.5", "1e-20"))
	}
	if v.IntN(4) == 0 {
		near, err := sum.Nearest64()
		require.NoError(v.t, err)
		return near
	}
	return sum
}

func marshal(t *testing.T, value any) []byte {
	t.Helper()
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	require.NoError(t, e.Encode(value))
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}
