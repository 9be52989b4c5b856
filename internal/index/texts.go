package index

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/roster-dev/roster"
)

// texts find users by what their searchable texts contain: an index over the texts as they were, in segments, oldest
// and largest first, and a short list of the slots whose texts changed since. What a segment finds may be out of
// date, so whoever asks looks at the texts again.
type texts struct {
	segments []*segment
	tail     []uint32
}

// tailMax is how many changed slots are looked at one by one.
const tailMax = 1024

// searched are the searchable fields; all but the first are texts, in the order of the records.
func searched() [1 + bareCount]roster.Field {
	return [...]roster.Field{
		roster.FieldID, roster.FieldIdentifier, roster.FieldEmail, roster.FieldName, roster.FieldDescription,
	}
}

// segment indexes the texts of some slots. It is made when it is first needed, from the pages as they were when it
// was planned.
type segment struct {
	slots []uint32 // ascending; nil for all that are live in pages
	size  int

	trigrams, dictionary sync.Once
	begun                atomic.Bool  // somebody makes one of the two
	done                 atomic.Int32 // how many of the two are made
	hasPosts, hasWords   atomic.Bool  // which of them
	posts                [1 + bareCount]postings
	words                *words
	pages                []*page // what both are made from
}

func newTexts(pages []*page) *texts {
	size := 0
	for _, p := range pages {
		size += p.n
	}
	return &texts{segments: []*segment{{pages: slices.Clone(pages), size: size}}}
}

// with returns the texts after the slots in changed have got other ones in v.
func (t *texts) with(changed []uint32, v *View) *texts {
	next := &texts{t.segments, append(slices.Clip(t.tail), changed...)}
	if len(next.tail) <= v.tail {
		return next
	}
	slots := slices.Clone(next.tail)
	segments := slices.Clone(t.segments)
	next.tail = nil
	// A segment takes in those behind it that are not much smaller, and so each slot is indexed a few times only.
	for len(segments) > 1 && segments[len(segments)-1].size < 4*len(slots) {
		slots = append(slots, segments[len(segments)-1].slots...)
		segments = segments[:len(segments)-1]
	}
	// As long as nobody has begun to index everything, everything is planned anew instead; what is under way is kept.
	if len(segments) == 0 || segments[0].size < 4*len(slots) || !segments[0].begun.Load() {
		return newTexts(v.pages)
	}
	slots = sortedLive(slots, v)
	next.segments = append(segments, &segment{pages: slices.Clone(v.pages), slots: slots, size: len(slots)})
	return next
}

func sortedLive(slots []uint32, v *View) []uint32 {
	slices.Sort(slots)
	return slices.DeleteFunc(slices.Compact(slots), func(slot uint32) bool { return !v.live(slot) })
}

// bareText returns the text of a searchable field, as it is searched. buf is used for the text of an id.
func bareText(r rec, field int, buf []byte) string {
	if field > 0 {
		return r.bare(textIdentifier + field - 1)
	}
	var id roster.ID
	copy(id[:], r.textAt(textID))
	return view(id.AppendText(buf[:0]))
}

// each returns the texts of a searchable field.
func (s *segment) each(field int) eachText {
	return func(fn func(slot uint32, text string)) {
		v := &View{pages: s.pages}
		var buf [36]byte
		if s.slots == nil {
			for slot := range v.slots() {
				fn(slot, bareText(v.rec(slot), field, buf[:]))
			}
			return
		}
		for _, slot := range s.slots {
			fn(slot, bareText(v.rec(slot), field, buf[:]))
		}
	}
}

// postings returns the trigrams of a searchable field.
func (s *segment) postings(field int) *postings {
	s.trigrams.Do(func() {
		s.begun.Store(true)
		jobs := make([]func(), 0, len(s.posts))
		for f := range s.posts {
			jobs = append(jobs, func() { s.posts[f] = makePostings(s.each(f)) })
		}
		parallel(jobs)
		s.hasPosts.Store(true)
		s.finish()
	})
	return &s.posts[field]
}

// dict returns the words of all searchable texts.
func (s *segment) dict() *words {
	s.dictionary.Do(func() {
		s.begun.Store(true)
		var fields [bareCount]eachText
		for f := range fields {
			fields[f] = s.each(f + 1)
		}
		s.words = makeWords(fields)
		s.hasWords.Store(true)
		s.finish()
	})
	return s.words
}

// finish lets go of the pages once both are made from them.
func (s *segment) finish() {
	if s.done.Add(1) == 2 {
		s.pages = nil
	}
}

// contain adds the slots whose field may contain a folded needle, which is not empty; look returns the field's text.
func (t *texts) contain(field int, needle string, set *slotSets, look func(slot uint32) string) {
	for _, s := range t.segments {
		s.postings(field).find(needle, set, look)
	}
	set.add(t.tail...)
}

// size returns about how many slots contain looks at.
func (t *texts) size(field int, needle string) int {
	n := len(t.tail)
	for _, s := range t.segments {
		n += s.postings(field).size(needle)
	}
	return n
}

// similar adds the slots whose field may have the words of a folded term but for typing errors.
func (t *texts) similar(field int, term string, set *slotSets) {
	for _, s := range t.segments {
		s.dict().find(term, field-1, set)
	}
	set.add(t.tail...)
}

// Warm makes the index over texts, which the first search would have to wait for. It may be called while others use
// the view; it takes seconds for a million users.
func (v *View) Warm() {
	if v.orders == nil {
		return
	}
	v.readyOrders()
	for _, s := range v.text.segments {
		s.postings(0)
		s.dict()
	}
}
