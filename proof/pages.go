package proof

// A pages is a list that grows without being copied, so that it never takes twice its size.
type pages[T any] struct {
	all [][]T
	n   int
}

const pageSize = 1 << 13

func (p *pages[T]) add(v T) {
	if p.n%pageSize == 0 {
		p.all = append(p.all, make([]T, 0, min(pageSize, max(16, p.n*pageSize))))
	}
	last := &p.all[len(p.all)-1]
	*last = append(*last, v)
	p.n++
}

func (p *pages[T]) at(i int) T { return p.all[i/pageSize][i%pageSize] }

// A texts keeps short texts one behind the other, each with a place.
type texts struct {
	blocks [][]byte
	all    pages[textAt]
}

type textAt struct {
	block, from, size uint32
	place             place
}

const textBlock = 1 << 18

// add keeps a text and returns its number.
func (t *texts) add(text string, at place) uint32 {
	last := len(t.blocks) - 1
	if last < 0 || cap(t.blocks[last])-len(t.blocks[last]) < len(text) {
		size := textBlock
		if last < 0 {
			size = 1 << 10 // most files are small
		}
		t.blocks = append(t.blocks, make([]byte, 0, max(size, len(text))))
		last++
	}
	from := len(t.blocks[last])
	t.blocks[last] = append(t.blocks[last], text...)
	t.all.add(textAt{uint32(last), uint32(from), uint32(len(text)), at})
	return uint32(t.all.n - 1)
}

func (t *texts) bytes(i uint32) []byte {
	e := t.all.at(int(i))
	return t.blocks[e.block][e.from : e.from+e.size]
}

func (t *texts) entry(i uint32) entry {
	return entry{string(t.bytes(i)), t.all.at(int(i)).place}
}

// An index finds the numbers of texts by a hash of what they are looked up by. Whether a
// found one is the right one is for its text to say: equal hashes are no equal texts.
type index struct {
	slots []slot // a power of two of them, at most 3/4 in use
	used  int
}

type slot struct{ tag, number uint32 } // number is one more than the text's; 0 is free

// find returns the number of the text with the tag that is the right one.
func (x *index) find(tag uint32, right func(number uint32) bool) (uint32, bool) {
	if len(x.slots) == 0 {
		return 0, false
	}
	mask := uint32(len(x.slots) - 1)
	for i := tag & mask; x.slots[i].number != 0; i = (i + 1) & mask {
		if s := x.slots[i]; s.tag == tag && right(s.number-1) {
			return s.number - 1, true
		}
	}
	return 0, false
}

// add puts in a number that find did not find.
func (x *index) add(tag, number uint32) {
	if x.used >= len(x.slots)/4*3 {
		old := x.slots
		x.slots = make([]slot, max(16, 2*len(old)))
		for _, s := range old {
			if s.number != 0 {
				x.put(s)
			}
		}
	}
	x.put(slot{tag, number + 1})
	x.used++
}

func (x *index) put(s slot) {
	mask := uint32(len(x.slots) - 1)
	i := s.tag & mask
	for x.slots[i].number != 0 {
		i = (i + 1) & mask
	}
	x.slots[i] = s
}
