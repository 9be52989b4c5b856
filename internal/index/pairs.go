package index

import (
	"maps"
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

// members are pairs whose slots ascend.
type members struct {
	numbers []int64
	slots   []uint32
}

func (m *members) add(number int64, slot uint32) {
	m.numbers, m.slots = push(m.numbers, number), push(m.slots, slot)
}

// makePairs builds the set from its pairs.
func makePairs(m members) *pairs {
	count := map[int64]int{}
	for _, n := range m.numbers {
		count[n]++
	}
	place, at := make(map[int64]*int, len(count)), 0
	places := make([]int, len(count))
	for i, n := range slices.Sorted(maps.Keys(count)) {
		places[i] = at
		place[n] = &places[i]
		at += count[n]
	}
	sorted := members{make([]int64, len(m.numbers)), make([]uint32, len(m.slots))}
	for i, n := range m.numbers {
		at := place[n]
		sorted.numbers[*at], sorted.slots[*at] = n, m.slots[i]
		*at++
	}
	p := &pairs{}
	for from := 0; from < len(m.slots); from += chunkFill {
		to := min(from+chunkFill, len(m.slots))
		numbers, slots := slices.Clone(sorted.numbers[from:to]), slices.Clone(sorted.slots[from:to])
		p.blocks = append(p.blocks, &block{numbers: numbers, slots: slots})
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
