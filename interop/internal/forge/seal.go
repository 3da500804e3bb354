package forge

import (
	"github.com/pacspace/pacspace-go/proof"
)

// Seal makes everything that follows from the lines follow again: what an honest vendor
// does, and what an attacker does who controls the file. Content hashes and batches stay.
func (f *File) Seal() *File {
	f.SealCarried()
	f.SealTotals()
	f.SealRoot()
	return f
}

// SealContent makes the content hash of line i follow from its item, and puts it into the
// batch's hashes in the place of the old one.
func (f *File) SealContent(i int) {
	line := f.Lines[i]
	hash := f.Leaf(line["item"].(M)).String()
	if hashes, ok := line["itemHashes"].([]any); ok {
		hashes[1] = hash
	}
	line["contentHash"] = hash
}

// SealBatch makes the proof hash and the receipt of line i follow from its batch's hashes.
func (f *File) SealBatch(i int) {
	line := f.Lines[i]
	root := f.Variant.Root(hashes(line["itemHashes"].([]any))).String()
	line["proofHash"], line["receiptId"] = root, root
}

// SealChain makes each line name the batch of the one before it.
func (f *File) SealChain() {
	previous := proof.Hash{}.String()
	for _, l := range f.Lines {
		l["previousProofHash"], previous = previous, l["proofHash"].(string)
	}
}

// SealNumbers numbers the lines.
func (f *File) SealNumbers() {
	for i, l := range f.Lines {
		l["sequence"] = Number(i + 1)
	}
}

// SealCarried makes the header list the carried deltas.
func (f *File) SealCarried() {
	delete(f.Header, "carried")
	var carried []any
	for _, l := range f.Lines {
		if Under(l) {
			continue
		}
		entry := M{"window": clone(l["carried"])}
		if id, ok := l["recordId"]; ok {
			entry["recordId"] = id
		}
		carried = append(carried, entry)
	}
	if carried != nil {
		f.Header["carried"] = carried
	}
}

// SealTotals makes counts, sum and claim follow from the lines and the starting balance.
func (f *File) SealTotals() {
	sum := f.Sum(every)
	f.Header["count"], f.Trailer["count"] = Number(len(f.Lines)), Number(len(f.Lines))
	f.Trailer["sum"] = sum.String()
	f.Header["claimedBalance"] = exact(f.Header["startingBalance"].(string)).Add(sum).String()
}

// SealTrailer makes the trailer's root follow from the lines.
func (f *File) SealTrailer() { f.Trailer["root"] = f.RootOf().String() }

// SealRoot makes the trailer's and the checkpoint's root follow from the lines: an
// attacker can print any root, and only the public record knows which one is recorded.
func (f *File) SealRoot() {
	f.SealTrailer()
	if c, ok := f.Header["checkpoint"].(M); ok {
		c["proofRoot"] = f.Trailer["root"]
	}
}

// RootOf returns the root over what is under the checkpoint.
func (f *File) RootOf() proof.Hash { return f.Variant.Root(f.Leaves()) }

// Leaves returns what stands for the lines under the checkpoint: their content hashes, else
// the hashes of their items.
func (f *File) Leaves() []proof.Hash {
	var leaves []proof.Hash
	for _, l := range f.Lines {
		if !Under(l) {
			continue
		}
		if text, ok := l["contentHash"].(string); ok {
			leaves = append(leaves, Hash(text))
		} else {
			leaves = append(leaves, f.Leaf(l["item"].(M)))
		}
	}
	return leaves
}

// Hash reads a hash.
func Hash(text string) proof.Hash {
	h, err := proof.ParseHash(text)
	must(err)
	return h
}

func hashes(list []any) []proof.Hash {
	var all []proof.Hash
	for _, h := range list {
		all = append(all, Hash(h.(string)))
	}
	return all
}

// Stranger is a hash of nothing that is in any file.
func Stranger(name string) string { return keccakOf("a stranger: " + name).String() }
