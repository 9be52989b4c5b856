package index

import (
	"iter"
	"slices"

	"github.com/roster-dev/roster"
)

// Batch is records on their way into a [Builder]: see [Builder.Pack].
type Batch struct {
	pages  []*page
	firsts []uint32 // of its users, those whose role or access to apps none before has
	others []roster.Entity
}

// packer makes pages of users; it reuses its memory.
type packer struct {
	encoder    *encoder
	words      []uint64
	text       []byte
	word, byte []uint32
}

// Pack does most of what [Builder.Add] does for records, in their order, without adding them yet: that is for
// [Builder.AddBatch]. It suits 1,024 users at a time. It may be called by any number of goroutines at once, and while
// others use the builder; a user is copied, any other record is kept.
func (b *Builder) Pack(records iter.Seq[roster.Entity]) *Batch {
	p, _ := b.packers.Get().(*packer)
	if p == nil {
		p = &packer{encoder: newEncoder()}
	}
	defer b.packers.Put(p)
	batch, dict := &Batch{}, newDictionary()
	for e := range records {
		u, ok := e.(*roster.User)
		if !ok {
			batch.others = append(batch.others, e)
			continue
		}
		if len(p.word) == rowMax {
			batch.pages = append(batch.pages, p.page())
		}
		r := p.encoder.encode(u)
		if known := dict; known.with(r) != known {
			dict = known.with(r)
			//nolint:gosec // slots are 32 bits
			batch.firsts = append(batch.firsts, uint32(len(batch.pages)<<rowBits+len(p.word)))
		}
		p.put(r)
	}
	if len(p.word) > 0 {
		batch.pages = append(batch.pages, p.page())
	}
	return batch
}

func (p *packer) put(r rec) {
	p.word, p.byte = append(p.word, uint32(len(p.words))), append(p.byte, uint32(len(p.text))) //nolint:gosec // small
	p.words, p.text = append(p.words, r.words...), append(p.text, r.text...)
}

// page returns the page of what was put since the last one.
func (p *packer) page() *page {
	out := &page{
		word: slices.Clone(p.word), byte: slices.Clone(p.byte), n: len(p.word),
		words: arena[uint64]{base: slices.Clone(p.words)}, text: arena[byte]{base: slices.Clone(p.text)},
	}
	out.live.fill(out.n)
	p.word, p.byte, p.words, p.text = p.word[:0], p.byte[:0], p.words[:0], p.text[:0]
	return out
}

// AddBatch adds the records of a batch of this builder, as Add does one after the other. A batch is added once.
func (b *Builder) AddBatch(batch *Batch) {
	for _, e := range batch.others {
		b.Add(e)
	}
	v := b.view
	for _, i := range batch.firsts {
		v.dict = v.dict.with(batch.pages[i>>rowBits].rec(int(i & (rowMax - 1))))
	}
	for _, p := range batch.pages {
		if last := len(v.pages) - 1; last < 0 || len(v.pages[last].word) == rowMax {
			p.owner = b.edit
			v.pages = append(v.pages, p)
			v.users += p.n
			continue
		}
		for i := range p.word { // pages are full, but for the last one
			r := p.rec(i)
			words, text := r.size()
			v.append(b.edit, rec{r.words[:words], r.text[:text]})
		}
	}
}
