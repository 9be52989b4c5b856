package index

import "slices"

// edit marks what a change has already copied, so that the rest of the change may write to it.
type edit struct{ _ byte }

// page holds the records of rowMax slots.
type page struct {
	owner *edit
	word  []uint32 // where in words a record starts, for each slot in use so far
	byte  []uint32 // where in text it starts
	live  bitmap   // the slots that hold a user
	n     int      // how many do
	rows  rows     // their classes, by slot
	words arena[uint64]
	text  arena[byte]
	// The words and bytes that belong to no record of this page any more.
	deadWords, deadBytes int
	// generation counts how often the records were copied together: until then a place in words is that of one record.
	generation uint32
}

func (p *page) rec(i int) rec { return rec{p.words.from(int(p.word[i])), p.text.from(int(p.byte[i]))} }

// size returns how many words and bytes r takes.
func (r rec) size() (words, text int) {
	words = headWords
	for i := range wordCount {
		if r.has(i) {
			words++
		}
	}
	if r.has(bitGroups) {
		words += 1 + len(r.groups())
	}
	at, text := 0, int(r.words[1]>>flagLengths&0xffff)
	for i := range textCount {
		if r.has(bitTexts + i) {
			n, size := length(r.text[at:])
			at, text = at+size, text+n
		}
	}
	return words, text
}

func (p *page) clone(owner *edit) *page {
	c := *p
	c.owner = owner
	c.word, c.byte = slices.Clone(p.word), slices.Clone(p.byte)
	return &c
}

// put writes a record to slot i, which is the next one or one in use so far.
func (p *page) put(i int, r rec) {
	if i == len(p.word) {
		p.word, p.byte = append(p.word, 0), append(p.byte, 0)
	} else if p.live.has(i) {
		p.drop(i)
	}
	p.word[i], p.byte[i] = uint32(p.words.size()), uint32(p.text.size()) //nolint:gosec // a page is small
	p.words, p.text = p.words.add(r.words), p.text.add(r.text)
	p.live.set(i, true)
	p.n++
	p.tidy()
}

// drop forgets the record in slot i.
func (p *page) drop(i int) {
	words, text := p.rec(i).size()
	p.deadWords, p.deadBytes = p.deadWords+words, p.deadBytes+text
	p.live.set(i, false)
	p.n--
}

// tidy copies the live records together once the dead ones take a third.
func (p *page) tidy() {
	if 3*p.deadWords <= p.words.size() && 3*p.deadBytes <= p.text.size() || p.deadWords < rowMax {
		return
	}
	words := make([]uint64, 0, p.words.size()-p.deadWords)
	text := make([]byte, 0, p.text.size()-p.deadBytes)
	for i := range p.word {
		if !p.live.has(i) {
			continue
		}
		r := p.rec(i)
		w, b := r.size()
		p.word[i], p.byte[i] = uint32(len(words)), uint32(len(text)) //nolint:gosec // a page is small
		words, text = append(words, r.words[:w]...), append(text, r.text[:b]...)
	}
	p.words, p.text = arena[uint64]{base: words}, arena[byte]{base: text}
	p.deadWords, p.deadBytes = 0, 0
	p.generation++
}

// trim gives back the memory that adding records left over.
func (p *page) trim() {
	p.words, p.text = p.words.packed(), p.text.packed()
	p.word, p.byte = slices.Clone(p.word), slices.Clone(p.byte)
}

func (p *page) bytes() int {
	const fixed = 512
	words := cap(p.words.base) + cap(p.words.more) + cap(p.rows.words) + len(p.word)
	return fixed + 8*words + cap(p.text.base) + cap(p.text.more) + 2*cap(p.rows.count)
}
