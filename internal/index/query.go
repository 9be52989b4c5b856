package index

import (
	"cmp"
	"iter"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/roster-dev/roster"
)

// Users answers q: the page equals that of [roster.Query.Scan] over all users with Permissions filled, and so does
// the total. It fails with [roster.Invalid] where q is not valid. The users of the page are decoded while they are
// ranged over, into one User that is used again and again.
func (v *View) Users(q roster.Query) (roster.Page, error) {
	if err := q.Validate(); err != nil {
		return roster.Page{}, err
	}
	limit := q.Limit
	if limit == 0 {
		limit = math.MaxInt
	}
	by := ordering{sortKeys(q.Sort), len(q.Sort) > 0 && q.Sort[0].Desc}
	own := *v
	own.lease = &lease{pool: v.pool}
	slots, total := own.answer(q, by, limit)
	own.lease.giveBack()
	return roster.Page{Version: v.version, Total: total, Users: v.materialise(slots), Written: v.written(slots)}, nil
}

func (v *View) answer(q roster.Query, by ordering, limit int) (slots []uint32, total int) {
	searching := !q.Search.IsZero()
	if searching && len(q.Sort) == 0 {
		return v.ranked(v.candidates(q), q.Search, q.Offset, limit)
	}
	if v.orders == nil {
		list := v.matching(v.found(q))
		return v.sorted(list, by, q.Offset, limit), len(list)
	}
	return v.window(v.found(q), by, q.Offset, limit)
}

// found returns the users whom q asks for.
func (v *View) found(q roster.Query) *node {
	n := v.candidates(q)
	if v.orders == nil || q.Search.IsZero() {
		return n
	}
	return setNode(v.verified(n, q.Search))
}

// candidates returns the users who match the filter of q, among whom are all that its search finds.
func (v *View) candidates(q roster.Query) *node {
	if v.orders == nil {
		return setNode(v.scanSmall(q))
	}
	c := &compiler{View: v}
	n := c.where(q.Where)
	if q.Search.IsZero() {
		return n
	}
	return and(n, c.search(q.Search))
}

// materialise yields the users in slots.
func (v *View) materialise(slots []uint32) iter.Seq[*roster.User] {
	return func(yield func(*roster.User) bool) {
		if len(slots) == 0 {
			return
		}
		c := newCell()
		var recs [ahead]rec
		for some := range slices.Chunk(slots, ahead) {
			c.read(v, some, &recs)
			for i := range some {
				if !yield(v.fill(c.decode(recs[i], allBits))) {
					return
				}
			}
		}
	}
}

// read sets the first of recs to the records in slots, and reads a little of each, so that the processor waits for the
// memory of many at the same time.
func (c *cell) read(v *View, slots []uint32, recs *[ahead]rec) {
	for i, slot := range slots {
		recs[i] = v.rec(slot)
	}
	for i := range slots {
		c.touch(recs[i])
	}
}

// touch reads a little of each line of memory in which what is shown of a user most often lies.
func (c *cell) touch(r rec) {
	const line = 64
	c.ahead += r.words[0] + r.words[min(line/8, len(r.words)-1)]
	for at := 0; at < 3*line && at < len(r.text); at += line {
		c.ahead += uint64(r.text[at])
	}
}

// scanSmall finds the users that match q by looking at all of them.
func (v *View) scanSmall(q roster.Query) *slotSet {
	set := v.newSet()
	mask := uint64(0)
	if q.Where != nil {
		mask = exprMask(q.Where)
	}
	for _, f := range q.Search.Fields {
		mask |= maskOf(f)
	}
	u := newCell()
	for slot := range v.slots() {
		if q.Match(v.fill(u.decode(v.rec(slot), mask))) {
			set.add(slot)
		}
	}
	return set.done()
}

// matching returns the slots of all users that match a tree, ascending.
func (v *View) matching(n *node) []uint32 {
	if few := n.few(); few != nil {
		var slots []uint32
		for _, slot := range few.list {
			if v.live(slot) && v.holds(n, slot) {
				slots = append(slots, slot)
			}
		}
		return slots
	}
	return v.hits((&compiler{View: v}).paged(n)).slots()
}

// search returns the users among whom are all that match s. Once a term leaves few, the others are not asked for:
// whoever scores what is left looks at them anyway.
func (c *compiler) search(s roster.Search) *node {
	terms := s.Terms()
	if len(terms) == 0 {
		return constant(false)
	}
	fields := searched()
	sizes := make(map[string]int, len(terms))
	for _, term := range terms {
		for _, f := range s.Fields {
			sizes[term] += c.text.size(slices.Index(fields[:], f), term)
		}
	}
	slices.SortFunc(terms, func(a, b string) int { return sizes[a] - sizes[b] })
	all, few := constant(true), c.users+1
	for _, term := range terms {
		if lookCost*few < sizes[term] {
			break
		}
		set := c.term(s, term)
		few = min(few, set.n)
		all = and(all, setNode(set))
	}
	return all
}

// term returns the slots among which are all that a term of s hits.
func (c *compiler) term(s roster.Search, term string) *slotSet {
	fields := searched()
	set := c.newSet()
	for _, f := range s.Fields {
		field := slices.Index(fields[:], f)
		c.text.contain(field, term, set, c.looking(field))
		if s.Fuzzy && field > 0 {
			c.text.similar(field, term, set)
		}
	}
	return set.done()
}

// manyParts is the part of all users from which on all are asked for a part of a text, in one pass: that takes about as
// long as to look at so many one by one, and next to nothing more for more such conditions.
const manyParts = 8

// fieldIndex returns the place of a searchable field among those.
func fieldIndex(f roster.Field) int {
	fields := searched()
	return slices.Index(fields[:], f)
}

// contains returns the users whose text contains another.
func (c *compiler) contains(e roster.Contains) *node {
	needle := roster.FoldSearch(e.Text)
	if needle == "" {
		return constant(true)
	}
	field := fieldIndex(e.Field)
	if c.text.size(field, needle) > c.users/manyParts {
		return c.scan(e)
	}
	if known := c.found[e]; known != nil {
		return known
	}
	maybe := c.newSet()
	look := c.looking(field)
	c.text.contain(field, needle, maybe, look)
	set := c.newSet()
	maybe.done().each(func(slot uint32) {
		if strings.Contains(look(slot), needle) {
			set.add(slot)
		}
	})
	if c.found == nil {
		c.found = map[roster.Contains]*node{}
	}
	c.found[e] = setNode(set.done())
	return c.found[e]
}

// looking returns what returns the text of a searchable field by slot, "" where there is no user. It is for one
// goroutine, and the text of an id is valid until the next call.
func (v *View) looking(field int) func(slot uint32) string {
	buf := make([]byte, len(roster.ID{}.String()))
	return func(slot uint32) string {
		if !v.live(slot) {
			return ""
		}
		return bareText(v.rec(slot), field, buf)
	}
}

// verified returns the users among those that match n who have a score.
func (v *View) verified(n *node, search roster.Search) *slotSet {
	set := v.newSet()
	for _, part := range v.scored(n, search) {
		for _, h := range part {
			set.add(h.slot)
		}
	}
	return set.done()
}

// hit is a user whom a search finds.
type hit struct {
	slot   uint32
	score  int32
	number int64
}

// scored returns the hits of a search among the users that match n, in parts. Many users are scored on all processors.
func (v *View) scored(n *node, search roster.Search) [][]hit {
	const partSize = 1 << 11
	slots := v.matching(n)
	parts := make([][]hit, (len(slots)+partSize-1)/partSize)
	jobs := make([]func(), 0, len(parts))
	for part := range slices.Chunk(slots, partSize) {
		i := len(jobs)
		jobs = append(jobs, func() { parts[i] = v.scorePart(newScorer(search), part) })
	}
	parallel(jobs)
	return parts
}

func (v *View) scorePart(s *scorer, slots []uint32) []hit {
	hits := make([]hit, 0, len(slots))
	for _, slot := range slots {
		r := v.rec(slot)
		if score := s.score(r); score > 0 {
			hits = append(hits, hit{slot, int32(score), r.word(wordNumber)}) //nolint:gosec // a few for each term
		}
	}
	return hits
}

// ranked orders the users that match n and a search: best first, and by number among equals. Only scores that the
// window shows are put in order.
func (v *View) ranked(n *node, search roster.Search, offset, limit int) ([]uint32, int) {
	parts := v.scored(n, search)
	byScore := map[int32]int{}
	total := 0
	for _, part := range parts {
		total += len(part)
		for _, h := range part {
			byScore[h.score]++
		}
	}
	var out []uint32
	before := 0
	for _, score := range slices.Backward(slices.Sorted(maps.Keys(byScore))) {
		if n := byScore[score]; before+n > offset && len(out) < limit {
			hits := withScore(parts, score, n)
			out = append(out, cut(hits, max(offset-before, 0), limit-len(out))...)
		}
		before += byScore[score]
	}
	return out, total
}

// withScore returns the n hits that have a score, by number.
func withScore(parts [][]hit, score int32, n int) []uint32 {
	hits := make([]hit, 0, n)
	for _, part := range parts {
		for _, h := range part {
			if h.score == score {
				hits = append(hits, h)
			}
		}
	}
	slices.SortFunc(hits, func(a, b hit) int { return cmp.Compare(a.number, b.number) })
	slots := make([]uint32, n)
	for i, h := range hits {
		slots[i] = h.slot
	}
	return slots
}
