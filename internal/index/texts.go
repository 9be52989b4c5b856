package index

import (
	"context"
	"slices"
	"strings"
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

// fieldOfID is the first of the searched fields. Most needles have letters that no id has, so that it need not be
// indexed for them.
const fieldOfID = 0

// inID reports whether a folded needle has nothing but what the texts of ids are made of.
func inID(needle string) bool { return strings.Trim(needle, "0123456789abcdef-") == "" }

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

	trigrams   [1 + bareCount]making // of posts
	wordParts  [2]making             // of parts
	dictionary making                // of words
	begun      atomic.Bool           // somebody makes one of them
	left       atomic.Int32          // how many trigrams and parts are still to be made
	posts      [1 + bareCount]postings
	parts      [2]*wordPart // until words are made of them
	words      *words
	pages      []*page // what they are made from, until all are
}

func newTexts(pages []*page) *texts {
	size := 0
	for _, p := range pages {
		size += p.n
	}
	return &texts{segments: []*segment{newSegment(pages, nil, size)}}
}

func newSegment(pages []*page, slots []uint32, size int) *segment {
	s := &segment{pages: slices.Clone(pages), slots: slots, size: size}
	s.left.Store(int32(len(s.posts) + len(s.parts)))
	return s
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
	next.segments = append(segments, newSegment(v.pages, slots, len(slots)))
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

// postings returns the trigrams of a searchable field. While it makes them, it makes those of all fields but the ids,
// on all processors: who searches one searches others.
func (s *segment) postings(field int) *postings {
	if !s.trigrams[field].made.Load() {
		var jobs []func()
		for f := range s.posts {
			if f != fieldOfID || f == field {
				jobs = append(jobs, func() { s.makePostings(f) })
			}
		}
		parallel(jobs)
	}
	return &s.posts[field]
}

func (s *segment) makePostings(field int) {
	s.trigrams[field].do(func() {
		s.begun.Store(true)
		s.posts[field] = makePostings(s.each(field))
		s.finish()
	})
}

// dict returns the words of all searchable texts, which it makes on all processors.
func (s *segment) dict() *words {
	if !s.dictionary.made.Load() {
		jobs := make([]func(), len(s.parts))
		for i := range s.parts {
			jobs[i] = func() { s.makeWords(i) }
		}
		parallel(jobs)
		s.joinWords(parallel)
	}
	return s.words
}

func (s *segment) makeWords(part int) {
	s.wordParts[part].do(func() {
		s.begun.Store(true)
		s.parts[part] = makeWordPart(wordParts()[part], func(field int) eachText { return s.each(field + 1) })
		s.finish()
	})
}

// joinWords makes words of its parts, which must be made.
func (s *segment) joinWords(run func([]func())) {
	s.dictionary.do(func() {
		s.words = joinWords(s.parts[:], run)
		s.parts = [2]*wordPart{}
	})
}

// finish lets go of the pages once all is made from them.
func (s *segment) finish() {
	if s.left.Add(-1) == 0 {
		s.pages = nil
	}
}

// warm makes what is not made yet, a part after the other on one processor, until ctx is done.
func (s *segment) warm(ctx context.Context) error {
	var jobs []func()
	for f := range s.posts {
		if f != fieldOfID {
			jobs = append(jobs, func() { s.makePostings(f) })
		}
	}
	for i := range s.parts {
		jobs = append(jobs, func() { s.makeWords(i) })
	}
	jobs = append(jobs, func() { s.joinWords(inTurn) }, func() { s.makePostings(fieldOfID) })
	for _, job := range jobs {
		if err := ctx.Err(); err != nil {
			return err
		}
		job()
	}
	return nil
}

func inTurn(jobs []func()) {
	for _, job := range jobs {
		job()
	}
}

// contain adds the slots whose field may contain a folded needle, which is not empty; look returns the field's text.
func (t *texts) contain(field int, needle string, set *slotSets, look func(slot uint32) string) {
	if field == fieldOfID && !inID(needle) {
		return
	}
	for _, s := range t.segments {
		s.postings(field).find(needle, set, look)
	}
	set.add(t.tail...)
}

// size returns about how many slots contain looks at.
func (t *texts) size(field int, needle string) int {
	if field == fieldOfID && !inID(needle) {
		return 0
	}
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

// Warm makes what the first queries would have to wait for: the orders and the index over texts. It may be called while
// others use the view, and leaves them the other processors; it takes seconds for a million users. When ctx is done it
// stops after what it is at, at most about a second later, and returns the error of ctx; what is made then stays.
func (v *View) Warm(ctx context.Context) error {
	if v.orders == nil {
		return ctx.Err()
	}
	for _, o := range v.orders {
		if err := ctx.Err(); err != nil {
			return err
		}
		o.ready()
	}
	for _, s := range v.text.segments {
		if err := s.warm(ctx); err != nil {
			return err
		}
	}
	return nil
}
