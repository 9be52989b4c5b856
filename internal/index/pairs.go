package index

import (
	"slices"
	"sort"
)

// pairs is a sorted set of (number, slot): who is in which group, who is invited to which space.
type pairs struct {
	owner  *edit
	blocks []*block
}

// block is a run of pairs.
type block struct {
	owner   *edit
	numbers []int64
	slots   []uint32
}

func (b *block) less(i int, number int64, slot uint32) bool {
	return b.numbers[i] < number || b.numbers[i] == number && b.slots[i] < slot
}

func (p *pairs) clone(owner *edit) *pairs { return &pairs{owner, slices.Clone(p.blocks)} }

// seek returns the place of the first pair that is not before (number, slot).
func (p *pairs) seek(number int64, slot uint32) loc {
	i := sort.Search(len(p.blocks), func(i int) bool {
		b := p.blocks[i]
		return !b.less(len(b.slots)-1, number, slot)
	})
	if i == len(p.blocks) {
		return loc{i, 0}
	}
	b := p.blocks[i]
	return loc{i, sort.Search(len(b.slots), func(j int) bool { return !b.less(j, number, slot) })}
}

// each calls fn with the slots of a number in ascending order, a part of a block at a time.
func (p *pairs) each(number int64, fn func(slots []uint32)) {
	at := p.seek(number, 0)
	for ; at.chunk < len(p.blocks); at = (loc{at.chunk + 1, 0}) {
		b := p.blocks[at.chunk]
		end := at.pos + sort.Search(len(b.numbers)-at.pos, func(i int) bool { return b.numbers[at.pos+i] > number })
		if end > at.pos {
			fn(b.slots[at.pos:end])
		}
		if end < len(b.numbers) {
			return
		}
	}
}

func (p *pairs) blockAt(i int) *block {
	b := p.blocks[i]
	if b.owner != p.owner {
		b = &block{p.owner, slices.Clone(b.numbers), slices.Clone(b.slots)}
		p.blocks[i] = b
	}
	return b
}

func (p *pairs) insert(number int64, slot uint32) {
	at := p.seek(number, slot)
	if len(p.blocks) == 0 {
		p.blocks = []*block{{owner: p.owner}}
	} else if at.chunk == len(p.blocks) {
		at = loc{at.chunk - 1, len(p.blocks[at.chunk-1].slots)}
	}
	b := p.blockAt(at.chunk)
	b.numbers = slices.Insert(b.numbers, at.pos, number)
	b.slots = slices.Insert(b.slots, at.pos, slot)
	if n := len(b.slots); n > rowMax {
		more := &block{p.owner, slices.Clone(b.numbers[n/2:]), slices.Clone(b.slots[n/2:])}
		b.numbers, b.slots = b.numbers[:n/2], b.slots[:n/2]
		p.blocks = slices.Insert(p.blocks, at.chunk+1, more)
	}
}

func (p *pairs) remove(number int64, slot uint32) {
	at := p.seek(number, slot)
	b := p.blockAt(at.chunk)
	b.numbers = slices.Delete(b.numbers, at.pos, at.pos+1)
	b.slots = slices.Delete(b.slots, at.pos, at.pos+1)
	if len(b.slots) == 0 {
		p.blocks = slices.Delete(p.blocks, at.chunk, at.chunk+1)
	}
}

// makePairs builds the set from its pairs in any order.
func makePairs(numbers []int64, slots []uint32) *pairs {
	perm := make([]int32, len(numbers))
	for i := range perm {
		perm[i] = int32(i)
	}
	slices.SortFunc(perm, func(i, j int32) int {
		if numbers[i] != numbers[j] {
			if numbers[i] < numbers[j] {
				return -1
			}
			return 1
		}
		return int(slots[i]) - int(slots[j])
	})
	p := &pairs{}
	for part := range slices.Chunk(perm, chunkFill) {
		b := &block{numbers: make([]int64, len(part)), slots: make([]uint32, len(part))}
		for i, j := range part {
			b.numbers[i], b.slots[i] = numbers[j], slots[j]
		}
		p.blocks = append(p.blocks, b)
	}
	return p
}

func (p *pairs) bytes() int {
	n := 8 * cap(p.blocks)
	for _, b := range p.blocks {
		n += 80 + 8*cap(b.numbers) + 4*cap(b.slots)
	}
	return n
}
