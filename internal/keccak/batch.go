package keccak

import "encoding/binary"

const (
	rate      = 136 // bytes of a block
	maxBlocks = 8   // of a message that is hashed with others at once
)

// A Batch hashes many messages. Where the processor has the instructions (AVX2 on amd64,
// the SHA3 extensions on arm64) it hashes several of equal block count at once, elsewhere
// one after the other; the digests are the same. The zero Batch is ready for use. It
// allocates a little at first and nothing later, and is not safe for concurrent use.
type Batch struct {
	kernel kernel
	groups [maxBlocks]group
	full   *group // has all its messages, and the last one is still being written
	// single and its out are a message that goes alone.
	single []byte
	alone  *state
	out    *[Size]byte
}

// A group collects messages of one block count, each padded in room of its own.
type group struct {
	blocks int
	n      int
	size   [lanes]int
	out    [lanes]*[Size]byte
	room   []byte // lanes messages of blocks blocks each
}

func (g *group) lane(i int) []byte {
	n := g.blocks * rate
	return g.room[i*n : (i+1)*n]
}

// Next returns room for a message of n bytes, which the caller fills before he calls Next
// or Flush again. Its digest is in out after Flush, or before.
func (b *Batch) Next(n int, out *[Size]byte) []byte {
	b.settle()
	blocks := n/rate + 1
	if blocks > maxBlocks || !several {
		if cap(b.single) < n {
			b.single = make([]byte, n)
		}
		b.single, b.out = b.single[:n], out
		return b.single
	}
	g := &b.groups[blocks-1]
	if g.room == nil {
		g.blocks, g.room = blocks, make([]byte, lanes*blocks*rate)
	}
	message := g.lane(g.n)
	clear(message[n:])
	message[n] = 1
	message[len(message)-1] |= 0x80
	g.size[g.n], g.out[g.n] = n, out
	if g.n++; g.n == lanes {
		b.full = g
	}
	return message[:n]
}

// Flush brings every digest into its place.
func (b *Batch) Flush() {
	b.settle()
	if !several {
		return
	}
	for i := range b.groups {
		if b.groups[i].n > 0 {
			b.hash(&b.groups[i])
		}
	}
}

// settle hashes what has become whole.
func (b *Batch) settle() {
	if b.full != nil {
		b.hash(b.full)
		b.full = nil
	}
	if b.out != nil {
		*b.out = b.sum(b.single)
		b.out = nil
	}
}

func (b *Batch) sum(message []byte) [Size]byte {
	if b.alone == nil {
		b.alone = newState()
	}
	b.alone.h.Reset()
	b.alone.h.Write(message)
	b.alone.h.Read(b.alone.sum[:])
	return b.alone.sum
}

func (b *Batch) hash(g *group) {
	if g.n == 1 { // it costs less alone
		*g.out[0] = b.sum(g.lane(0)[:g.size[0]])
	} else {
		b.together(g)
	}
	g.n = 0
}

// together absorbs the messages of a group into interleaved states: word i of lane l is
// words[i*lanes+l].
func (b *Batch) together(g *group) {
	words := b.kernel.Initialize(false)
	clear(words)
	for block := range g.blocks {
		for l := range g.n {
			part := g.lane(l)[block*rate:][:rate]
			for i := range rate / 8 {
				words[i*lanes+l] ^= binary.LittleEndian.Uint64(part[8*i:])
			}
		}
		b.kernel.Permute()
	}
	for l := range g.n {
		for i := range Size / 8 {
			binary.LittleEndian.PutUint64(g.out[l][8*i:], words[i*lanes+l])
		}
	}
}
