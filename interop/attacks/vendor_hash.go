package attacks

import (
	"github.com/pacspace/pacspace-go/interop/internal/forge"
	"github.com/pacspace/pacspace-go/proof"
)

func hashes() []attack {
	return []attack{
		{"changes-an-amount-and-no-hash", "the file", "a delta of -500, everything sealed but its content hash",
			forge.Fails(proof.CheckContent, forge.Line(4)), func(s *scene) {
				s.Item(4)["delta"] = forge.Amount("-500")
				s.Seal()
			}},
		{"changes-an-amount-and-every-hash", "the file", "a delta of -500 with new hashes up to the root, while the record has the old root",
			forge.Fails(proof.CheckRoot, 0), func(s *scene) {
				s.Item(4)["delta"] = forge.Amount("-500")
				s.rehash(4)
				s.Seal()
			}},
		{"changes-an-amount-under-the-true-root", "the file", "the same with the recorded root in the header",
			forge.Fails(proof.CheckNetChange, 0), func(s *scene) {
				s.Item(4)["delta"] = forge.Amount("-500")
				s.rehash(4)
				s.underTrueRoot()
			}},
		{"moves-an-amount-between-two-days", "the file", "-40 and -60 for -50 and -50, hashes made anew, under the true root: the sum is right",
			forge.Open(proof.CheckRoot), func(s *scene) {
				s.Item(4)["delta"], s.Item(5)["delta"] = forge.Amount("-40"), forge.Amount("-60")
				s.rehash(4)
				s.rehash(5)
				s.underTrueRoot()
			}},
		{"moves-an-amount-between-two-days-of-a-known-scheme", "the file", "the same where a probe has shown how the service makes its roots",
			forge.Fails(proof.CheckRoot, 0), func(s *scene) {
				s.Item(4)["delta"], s.Item(5)["delta"] = forge.Amount("-40"), forge.Amount("-60")
				s.rehash(4)
				s.rehash(5)
				s.underTrueRoot()
				s.bring(forge.Probe(s.Variant, false, false))
			}},
		{"drops-what-the-hashes-were-made-from", "the file", "real content hashes, and the metadata of every delta is called unknown",
			forge.Open(proof.CheckContent), func(s *scene) {
				for i := range s.Lines {
					s.hide(i)
				}
			}},
		{"drops-what-one-hash-was-made-from", "the file", "the metadata of one delta is called unknown",
			forge.Open(proof.CheckContent), func(s *scene) { s.hide(4) }},
		{"changes-an-amount-whose-metadata-he-drops", "the file", "-500 beside a real content hash that nobody can recompute",
			forge.Fails(proof.CheckNetChange, 0), func(s *scene) {
				s.hide(4)
				s.Item(4)["delta"] = forge.Amount("-500")
				s.SealTotals()
			}},
		{"changes-two-amounts-whose-metadata-he-drops", "the file", "the same with two amounts, so that the sum is right",
			forge.Open(proof.CheckContent), func(s *scene) {
				s.hide(4)
				s.hide(5)
				s.Item(4)["delta"], s.Item(5)["delta"] = forge.Amount("-500"), forge.Amount("400")
				s.SealTotals()
			}},
		{"leaves-out-the-content-hashes", "the file", "no content hash, two amounts changed under the true root, the sum right",
			forge.Open(proof.CheckContent, proof.CheckRoot), func(s *scene) {
				s.Item(4)["delta"], s.Item(5)["delta"] = forge.Amount("-500"), forge.Amount("400")
				for _, l := range s.Lines {
					for _, name := range []string{"contentHash", "itemHashes", "proofHash", "receiptId", "previousProofHash"} {
						delete(l, name)
					}
				}
				s.underTrueRoot()
			}},
		{"claims-a-scheme-of-his-own", "the file, the checkpoint", "hashes that no variant reproduces, at every level",
			forge.Open(proof.CheckContent, proof.CheckRoot), func(s *scene) {
				for i, l := range s.Lines {
					l["contentHash"] = forge.Stranger(l["recordId"].(string))
					l["itemHashes"].([]any)[1] = l["contentHash"]
					l["proofHash"] = forge.Stranger("batch" + l["recordId"].(string))
					l["receiptId"] = l["proofHash"]
					s.Item(i)["delta"] = forge.Amount("-51")
				}
				s.SealChain()
				s.SealTotals()
				s.SealTrailer()
				s.Header["checkpoint"].(forge.M)["proofRoot"] = forge.Stranger("root")
				s.anchors = []forge.M{forge.With(s.Record(), forge.M{"root": forge.Stranger("root")})}
			}},
		{"names-another-variant", "header", "the file is of a service that hashes raw children, and the header says hex0x",
			forge.Verified(), func(s *scene) {
				s.File = forge.Month(forge.February, days, proof.VariantRaw)
				s.Header["variant"] = string(proof.VariantHex0x)
				s.anchors = []forge.M{s.Record()}
				s.Trailer["root"] = proof.VariantHex0x.Root(s.Leaves()).String()
			}},
		{"puts-a-delta-into-a-batch-that-lacks-it", "the batch's hashes", "the content hash is not among those of its batch",
			forge.Fails(proof.CheckMembership, forge.Line(4)), func(s *scene) {
				s.Lines[4]["itemHashes"].([]any)[1] = forge.Stranger("instead")
				s.SealBatch(4)
				s.SealChain()
			}},
		{"changes-a-batch", "the batch's hashes", "another delta's hash in a batch whose root stays",
			forge.Fails(proof.CheckBatches, forge.Line(4)), func(s *scene) {
				s.Lines[4]["itemHashes"].([]any)[0] = forge.Stranger("instead")
			}},
		{"shows-the-receipt-of-another-batch", "receipts", "one delta has the receipt of another batch",
			forge.Fails(proof.CheckBatches, forge.Line(4)), func(s *scene) { s.Lines[4]["receiptId"] = s.Lines[5]["receiptId"] }},
		{"breaks-the-chain", "previous hashes", "a batch between two others is gone, where the chain was seen to go by customer",
			forge.Fails(proof.CheckChain, forge.Line(9)), func(s *scene) {
				s.Lines[9]["previousProofHash"] = forge.Stranger("the batch that is gone")
				s.bring(forge.Probe(s.Variant, true, false))
			}},
		{"breaks-a-chain-of-nobody-knows-what", "previous hashes", "the same, and nothing says by what the chain goes: it shows nothing",
			forge.Verified(), func(s *scene) { s.Lines[9]["previousProofHash"] = forge.Stranger("another customer's batch") }},
		{"leaves-a-gap", "which deltas he checkpoints", "an index is missing where it was seen to go by customer",
			forge.Fails(proof.CheckGaps, forge.Line(9)), func(s *scene) {
				for i := 9; i < days; i++ {
					s.Lines[i]["index"] = forge.Number(101 + i)
				}
				s.bring(forge.Probe(s.Variant, false, true))
			}},
		{"leaves-a-gap-between-two-months", "which deltas he checkpoints", "the indices do not go on where January's ended",
			forge.Fails(proof.CheckGaps, 0), func(s *scene) {
				s.bring(forge.Probe(s.Variant, false, true), january().Earlier(proof.Verified))
			}},
	}
}

// hide calls the metadata of delta i unknown.
func (s *scene) hide(i int) {
	delete(s.Item(i), "metadata")
	s.Lines[i]["sources"].(forge.M)["metadata"] = "unknown"
}

func trees() []attack {
	hidden := func(s *scene) {
		// Four deltas, two of them under each of the nodes that stand in the file as if they
		// were content hashes.
		leaves := s.Leaves()[:4]
		left, right := s.Variant.Node(leaves[0], leaves[1]), s.Variant.Node(leaves[2], leaves[3])
		s.Lines = s.Lines[:4]
		s.recorded()
		record := s.anchors[0]
		s.Lines = s.Lines[:2]
		for i, node := range []proof.Hash{left, right} {
			s.Item(i)["delta"] = forge.Amount("-100")
			s.hide(i)
			s.Lines[i]["contentHash"] = node.String()
			for _, name := range []string{"itemHashes", "proofHash", "receiptId", "previousProofHash"} {
				delete(s.Lines[i], name)
			}
		}
		s.Seal()
		s.anchors = []forge.M{record}
	}
	// doubled has n deltas without references and its last ones once more, as many as the
	// tree pairs with themselves.
	doubled := func(s *scene, n, tail int, outside func(honest forge.M) forge.M) {
		s.unnamed(n)
		s.recorded()
		honest := s.anchors[0]
		for i := range tail {
			s.again(n - tail + i)
		}
		s.Seal()
		s.anchors = []forge.M{outside(honest)}
	}
	silent := func(honest forge.M) forge.M { return forge.Without(honest, "recordCount", "netChange") }
	told := func(honest forge.M) forge.M { return forge.Without(honest, "netChange") }
	var list []attack
	for _, of := range []struct {
		level   string
		n, tail int
	}{{"a-leaf", 3, 1}, {"a-pair", 6, 2}, {"four", 12, 4}} {
		list = append(list,
			attack{"repeats-" + of.level, "the file", "the last deltas once more, which the root cannot tell, and a record without a count",
				forge.Open(proof.CheckCount), func(s *scene) { doubled(s, of.n, of.tail, silent) }},
			attack{"repeats-" + of.level + "-against-a-count", "the file", "the same where the record has a count",
				forge.Fails(proof.CheckCount, 0), func(s *scene) { doubled(s, of.n, of.tail, told) }},
			attack{"drops-a-repeat-of-" + of.level, "the file", "a list that was recorded with its tail twice, shown with it once, and a record without a count",
				forge.Open(proof.CheckCount), func(s *scene) {
					s.unnamed(of.n)
					s.recorded()
					s.anchors = []forge.M{silent(s.anchors[0])}
				}},
		)
	}
	return append(list,
		attack{"repeats-a-named-tail", "the file", "27 deltas and the last one again, which the root cannot tell: its reference can",
			forge.Fails(proof.CheckReferences, forge.Line(27)), func(s *scene) {
				s.drop(27)
				s.recorded()
				s.again(26)
				s.Seal()
			}},
		attack{"hides-deltas-in-nodes", "the file", "two lines whose content hashes are inner nodes over two deltas each",
			forge.Fails(proof.CheckCount, 0), hidden},
		attack{"hides-deltas-in-nodes-before-a-silent-record", "the file", "the same where the record has no count",
			forge.Open(proof.CheckContent), func(s *scene) {
				hidden(s)
				s.anchors[0] = forge.Without(s.anchors[0], "recordCount")
			}},
		attack{"shows-the-root-as-a-delta", "the file", "one line of -1400 whose content hash is the checkpoint's root",
			forge.Fails(proof.CheckCount, 0), func(s *scene) {
				root := s.RootOf().String()
				s.Lines = s.Lines[:1]
				s.hide(0)
				s.Item(0)["delta"] = forge.Amount("-1400")
				for _, name := range []string{"itemHashes", "proofHash", "receiptId", "previousProofHash"} {
					delete(s.Lines[0], name)
				}
				s.Lines[0]["contentHash"] = root
				s.Seal()
			}},
		attack{"orders-deltas-differently", "the file", "two deltas change places under the true root",
			forge.Open(proof.CheckRoot), func(s *scene) {
				s.Lines[2], s.Lines[3] = s.Lines[3], s.Lines[2]
				s.SealChain()
				s.underTrueRoot()
			}},
		attack{"orders-deltas-differently-in-a-known-scheme", "the file", "the same where a probe has shown how the service makes its roots",
			forge.Fails(proof.CheckRoot, 0), func(s *scene) {
				s.Lines[2], s.Lines[3] = s.Lines[3], s.Lines[2]
				s.SealChain()
				s.underTrueRoot()
				s.bring(forge.Probe(s.Variant, false, false))
			}},
		attack{"leaves-out-a-delta-under-the-true-root", "the file", "27 of the 28 deltas of the recorded root",
			forge.Fails(proof.CheckCount, 0), func(s *scene) {
				s.drop(4)
				s.underTrueRoot()
			}},
	)
}
