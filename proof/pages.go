package proof

// A pages is a list that grows without being copied, so that it never takes twice its size.
type pages[T any] struct {
	all [][]T
	n   int
}

const pageSize = 1 << 10

func (p *pages[T]) add(v T) {
	if p.n%pageSize == 0 {
		p.all = append(p.all, make([]T, 0, min(pageSize, max(16, p.n*pageSize))))
	}
	last := &p.all[len(p.all)-1]
	*last = append(*last, v)
	p.n++
}

func (p *pages[T]) at(i int) T { return p.all[i/pageSize][i%pageSize] }

// A runs is a list of numbers that mostly go up by one or stay the same, as line numbers do,
// and takes memory only where they do not.
type runs struct {
	all []run
	n   int
}

type run struct {
	from        uint32 // place of its first number in the list
	first, step int32
}

func (r *runs) add(v int32) {
	from := uint32(r.n)
	r.n++
	if len(r.all) > 0 {
		last := &r.all[len(r.all)-1]
		n := int32(from - last.from)
		if by := v - last.first; n == 1 && (by == 0 || by == 1) {
			last.step = by
			return
		} else if n > 1 && by == n*last.step {
			return
		}
	}
	r.all = append(r.all, run{from: from, first: v})
}

func (r *runs) at(i int) int32 {
	low, high := 0, len(r.all) // the run begins within [low, high)
	for high-low > 1 {
		if mid := (low + high) / 2; int(r.all[mid].from) <= i {
			low = mid
		} else {
			high = mid
		}
	}
	of := &r.all[low]
	return of.first + int32(i-int(of.from))*of.step
}

// An index finds the numbers of texts by a hash of what they are looked up by. Whether a
// found one is the right one is for its text to say: equal hashes are no equal texts.
type index struct {
	slots []slot // a power of two of them, at most 3/4 in use
	used  int
	// expected is how many there will be, by what the file says of itself.
	expected int
}

type slot struct{ tag, number uint32 } // number is one more than the text's; 0 is free

// find returns the number of the text with the tag that is the right one or, where there is
// none, the slot for it, which is good until the next call.
func (x *index) find(tag uint32, right func(number uint32) bool) (number uint32, there bool, free *slot) {
	if x.used >= len(x.slots)/4*3 {
		x.grow()
	}
	mask := uint32(len(x.slots) - 1)
	for i := tag & mask; ; i = (i + 1) & mask {
		s := &x.slots[i]
		if s.number == 0 {
			return 0, false, s
		}
		if s.tag == tag && right(s.number-1) {
			return s.number - 1, true, nil
		}
	}
}

// fill puts a number into the slot that find returned.
func (x *index) fill(free *slot, tag, number uint32) {
	*free = slot{tag, number + 1}
	x.used++
}

// grow makes room for what is expected, but not for more than some times what came: a file
// can say anything of itself.
func (x *index) grow() {
	const trust = 16
	old := x.slots
	size := max(16, 2*len(old))
	for size/4*3 <= min(x.expected, trust*x.used) {
		size *= 2
	}
	x.slots = make([]slot, size)
	mask := uint32(size - 1)
	for _, s := range old {
		if s.number == 0 {
			continue
		}
		i := s.tag & mask
		for x.slots[i].number != 0 {
			i = (i + 1) & mask
		}
		x.slots[i] = s
	}
}

// near reads the slot where a search for the tag begins. Reading several of them in a row
// makes the processor fetch them at once, and a search finds its slot in the cache then.
func (x *index) near(tag uint32) uint32 {
	if len(x.slots) == 0 {
		return 0
	}
	return x.slots[tag&uint32(len(x.slots)-1)].number
}
