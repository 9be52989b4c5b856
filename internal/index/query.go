package index

import (
	"cmp"
	"iter"
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
	return roster.Page{Version: v.version, Total: total, Users: v.materialise(slots)}, nil
}

func (v *View) answer(q roster.Query, by ordering, limit int) (slots []uint32, total int) {
	searching := !q.Search.IsZero()
	var n *node
	if v.orders == nil {
		n = setNode(v.scanSmall(q))
	} else {
		c := &compiler{View: v}
		if len(by.keys) == 0 || !searching {
			c.base = v.newWalk(by).order
		}
		n = c.expr(q.Where)
		if searching {
			n = and(n, c.search(q.Search))
		}
	}
	if searching && len(q.Sort) == 0 {
		return v.ranked(n, q.Search, q.Offset, limit)
	}
	if searching && v.orders != nil {
		n = setNode(v.verified(n, newScorer(q.Search)))
	}
	if v.orders == nil {
		list := v.matching(n)
		return v.sorted(list, by, q.Offset, limit), len(list)
	}
	return v.window(n, by, q.Offset, limit)
}

// materialise yields the users in slots.
func (v *View) materialise(slots []uint32) iter.Seq[*roster.User] {
	return func(yield func(*roster.User) bool) {
		if len(slots) == 0 {
			return
		}
		c := newCell()
		for _, slot := range slots {
			if !yield(v.fill(c.decode(v.rec(slot), allBits))) {
				return
			}
		}
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
		c.text.contain(field, term, set, c.containing(field, term))
		if s.Fuzzy && field > 0 {
			c.text.similar(field, term, set)
		}
	}
	return set.done()
}

// contains returns the users whose text contains another.
func (c *compiler) contains(e roster.Contains) *node {
	needle := roster.FoldSearch(e.Text)
	if needle == "" {
		return constant(true)
	}
	fields := searched()
	field := slices.Index(fields[:], e.Field)
	maybe := c.newSet()
	check := c.containing(field, needle)
	c.text.contain(field, needle, maybe, check)
	set := c.newSet()
	maybe.done().each(func(slot uint32) {
		if check(slot) {
			set.add(slot)
		}
	})
	return setNode(set.done())
}

// containing returns the test of whether the user in a slot has a needle in a searchable field. It is for one
// goroutine.
func (v *View) containing(field int, needle string) func(slot uint32) bool {
	buf := make([]byte, len(roster.ID{}.String()))
	return func(slot uint32) bool {
		return v.live(slot) && strings.Contains(bareText(v.rec(slot), field, buf), needle)
	}
}

// verified returns the users among those that match n who have a score.
func (v *View) verified(n *node, s *scorer) *slotSet {
	set := v.newSet()
	for _, slot := range v.matching(n) {
		if s.score(v.rec(slot)) > 0 {
			set.add(slot)
		}
	}
	return set.done()
}

// ranked orders the users that match n and a search: best first, and by number among equals.
func (v *View) ranked(n *node, search roster.Search, offset, limit int) ([]uint32, int) {
	type hit struct {
		slot   uint32
		score  int32
		number int64
	}
	var hits []hit
	s := newScorer(search)
	for _, slot := range v.matching(n) {
		r := v.rec(slot)
		if score := s.score(r); score > 0 {
			hits = append(hits, hit{slot, int32(score), r.word(wordNumber)}) //nolint:gosec // a few for each term
		}
	}
	slices.SortFunc(hits, func(a, b hit) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.number, b.number))
	})
	slots := make([]uint32, len(hits))
	for i, h := range hits {
		slots[i] = h.slot
	}
	return cut(slots, offset, limit), len(hits)
}
