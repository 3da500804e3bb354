package proof

import (
	"testing"
)

// openRulings end with incomplete: nothing failed, and a needed check could not be made.
var openRulings = []ruling{
	{"metadata that is not known", func(t testing.TB, h *hearing) {
		h.lines[3].Item.Metadata, h.lines[3].Sources.Metadata = nil, SourceUnknown
	}, Incomplete, "content hashes"},
	{"a scheme that reproduces nothing", func(t testing.TB, h *hearing) {
		for i := range h.lines {
			h.lines[i].ContentHash = keccakOf([]byte{3, byte(i)})
			h.lines[i].ItemHashes[1] = h.lines[i].ContentHash
		}
		h.header.Checkpoint.Root = keccakOf([]byte("sha256 for all we know"))
		h.anchors[0].(*PublicRecord).Root = h.header.Checkpoint.Root
	}, Incomplete, "content hashes checkpoint root"},
	{"a scheme that reproduces items and not the root", func(t testing.TB, h *hearing) {
		h.header.Checkpoint.Root = Hash{7}
		h.anchors[0].(*PublicRecord).Root = Hash{7}
	}, Incomplete, "checkpoint root"},
	{"another variant than the one that is named", func(t testing.TB, h *hearing) { h.expect.Variant = VariantRaw },
		Incomplete, "checkpoint root"},
	{"a probe that found another scheme than this one confirms nothing", func(t testing.TB, h *hearing) {
		h.header.Checkpoint.Root = Hash{7}
		h.anchors[0].(*PublicRecord).Root = Hash{7}
		h.anchors = append(h.anchors, &ProbeResult{Environment: EnvironmentTest, Checkpoint: []Variant{VariantHex0x}})
	}, Incomplete, "checkpoint root"},
	{"no hash of an item from the service, and a root that is not reproduced", func(t testing.TB, h *hearing) {
		h.lines[4].ContentHash, h.lines[4].ItemHashes, h.lines[4].ProofHash = Hash{}, nil, nil
		h.lines[4].PreviousProofHash, h.lines[4].Sources.Proof = nil, ""
		h.header.Checkpoint.Root = Hash{7}
		h.anchors[0].(*PublicRecord).Root = Hash{7}
	}, Incomplete, "content hashes checkpoint root"},
	{"no checkpoint", func(t testing.TB, h *hearing) {
		h.header.Checkpoint = Checkpoint{}
		h.anchors = nil
	}, Incomplete, "checkpoint root"},
	{"a doubled tail without a count from outside", func(t testing.TB, h *hearing) {
		h.lines = h.lines[:0]
		for _, id := range []string{"a", "b", "c", "c"} {
			unnamed := item(t, "", "-5")
			unnamed.Reason = id
			h.add(t, unnamed, march2)
		}
		h.reseal(t)
		record := h.record()
		record.RecordCount = nil
		h.anchors = []Anchor{record}
	}, Incomplete, "count"},
	{"a tail that could be doubled, with no reference against it, without a count", func(t testing.TB, h *hearing) {
		h.lines = h.lines[:2]
		h.add(t, item(t, "", "-5"), march2)
		h.reseal(t)
		record := h.record()
		record.RecordCount = nil
		h.anchors = []Anchor{record}
	}, Incomplete, "count"},
	{"references that differ by case", func(t testing.TB, h *hearing) {
		h.add(t, item(t, "Usage:customer_acme:2026-02-05", "-50"), march2)
		h.rerecord(t)
	}, Incomplete, "references"},
	{"a repeat in another case than the one before it", func(t testing.TB, h *hearing) {
		h.lines[4].Item.ReferenceID += ":again-1"
		h.rehash(t, 4)
		h.add(t, item(t, "Usage:customer_acme:2026-02-05:AGAIN-1", "-50"), march2)
		h.rerecord(t)
	}, Incomplete, "references"},
	{"a repeat in another case than its base", func(t testing.TB, h *hearing) {
		h.add(t, item(t, "Usage:customer_acme:2026-02-05:again-1", "-50"), march2)
		h.rerecord(t)
	}, Incomplete, "references"},
	{"references that differ by a space", func(t testing.TB, h *hearing) {
		h.add(t, item(t, "usage:customer_acme:2026-02-05 ", "-50"), march2)
		h.rerecord(t)
	}, Incomplete, "references"},
	{"references that differ by normalisation", func(t testing.TB, h *hearing) {
		h.add(t, item(t, "caf\u00e9", "-50"), march2)
		h.add(t, item(t, "cafe\u0301", "-50"), march2)
		h.rerecord(t)
	}, Incomplete, "references"},
}
