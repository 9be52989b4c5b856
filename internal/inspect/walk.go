package inspect

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// walk is how a client goes through the pages of one list.
type walk struct {
	page    *exchange // any of its pages
	began   bool      // the first page was asked for
	spans   []span    // what was received, in order, with a space between each two
	spoilt  []span    // what was received as a fault had it
	end     int64     // where the list ends at the latest, or unknown
	told    bool      // the client was told whether there are more pages
	past    int       // pages in a row past the end
	pages   int
	failed  bool    // the last page that was asked for did not come
	numbers []int64 // of the first requests
}

// span is the records from one on, up to and without another one; of pages whose size nobody says the pages.
type span struct{ from, to int64 }

const unknown = int64(-1)

func (s span) overlaps(other span) bool { return s.from < other.to && other.from < s.to }

// pages judges where the page that is asked for stands among those before it.
func (j *judge) pages() {
	e := j.endpoint
	if e == nil || e.Window == nil || e.Window.Start == "" || j.request == nil || j.method != http.MethodGet {
		return
	}
	if !j.request.Counts(e.Window.Start) {
		j.unpaged()
		return
	}
	s := j.span()
	if s.from >= s.to || j.status == http.StatusNotModified || j.refused(http.StatusBadRequest,
		http.StatusUnauthorized, http.StatusForbidden, http.StatusUnprocessableEntity) {
		return
	}
	key := e.ID + "?" + canonical(j.request.Query, e.Window.Start, e.Window.Size)
	w, known := j.client.walks.get(key)
	if !known || s.from == 0 && w.began && j.succeeded() {
		if known {
			w.settle(&j.state.found)
		}
		w = &walk{page: j.light(), end: unknown}
	}
	if dropped, drops := j.client.walks.put(key, w); drops {
		dropped.settle(&j.state.found)
	}
	j.step(w, s)
}

// unpaged finds a list that is asked for whole, and by the other contract has pages.
func (j *judge) unpaged() {
	for i := range j.endpoint.Params {
		p := &j.endpoint.Params[i]
		if p.Name == j.endpoint.Window.Start && p.Freed == roster.Live && j.status == http.StatusOK {
			j.find(unpagedList, "", "the whole list comes at once, without pages",
				j.api.Dialect.Title+"'s API as it was seen: this list has pages, and at most as many records as "+
					j.endpoint.Window.Size+" allows (the contract live)")
		}
	}
}

// span returns which records the page has.
func (j *judge) span() span {
	w := j.endpoint.Window
	at, size := w.First, j.request.Int(w.Size)
	if j.request.Given(w.Start) {
		at = j.request.Int(w.Start)
	}
	if w.First == 0 { // records to skip
		return span{at, at + size}
	}
	size = max(1, size)
	return span{(at - w.First) * size, (at - w.First + 1) * size}
}

// step takes a page into a walk.
func (j *judge) step(w *walk, s span) {
	w.failed = !j.succeeded()
	if w.failed {
		return
	}
	w.page = j.light()
	w.pages++
	if len(w.numbers) < mostRequests {
		w.numbers = append(w.numbers, j.number)
	}
	j.first(w, s)
	if w.end != unknown && s.from >= w.end && !j.more {
		j.pastEnd(w)
		return
	}
	w.past = 0
	repeated := slices.ContainsFunc(w.spans, s.overlaps) && !slices.ContainsFunc(w.spoilt, s.overlaps)
	if repeated {
		j.find(pageRepeated, j.endpoint.Window.Start, fmt.Sprintf("%s were received before in this walk", w.records(s)),
			j.sourceOf(j.endpoint.Window.Start))
	}
	if j.damage == OtherPage {
		w.spoilt = append(w.spoilt, s)
	}
	w.add(s)
	switch {
	case !j.paged:
	case !j.more:
		w.told, w.end = true, s.to
	case s.to > w.end:
		w.told, w.end = true, unknown
	}
}

// first notes first pages that have others after them, and that pages after them were asked for.
func (j *judge) first(w *walk, s span) {
	key := j.endpoint.ID
	f, known := j.client.firsts.get(key)
	if !known {
		f = &first{}
	}
	if s.from > 0 {
		f.goesOn = true
	} else {
		w.began = true
	}
	if s.from == 0 && j.more && j.many() {
		f.last = j.light()
		f.numbers = append(f.numbers[:min(len(f.numbers), mostRequests-1)], j.number)
	}
	j.client.firsts.put(key, f)
}

// many reports whether the client wants as many records as it can have: it does not say how many, or at least as many
// as come without saying.
func (j *judge) many() bool {
	size := j.endpoint.Window.Size
	if !j.request.Given(size) {
		return true
	}
	for i := range j.endpoint.Params {
		p := &j.endpoint.Params[i]
		if least, err := strconv.ParseInt(p.Default, 10, 64); p.Name == size && p.In == dialect.Query {
			return err == nil && j.request.Int(size) >= least || p.Max != nil && j.request.Int(size) >= *p.Max
		}
	}
	return false
}

// first is what a client does after first pages of an operation.
type first struct {
	goesOn  bool
	last    *exchange
	numbers []int64 // of first pages with others after them
}

// open notes first pages that no others were asked for after.
func (f *first) open(into *found) {
	if !f.goesOn && len(f.numbers) > 0 {
		start := f.last.endpoint.Window.Start
		into.add(f.last.finding(firstPageOnly, start, "no page after the first is ever asked for",
			f.last.sourceOf(start)), f.numbers...)
	}
}

// pastEnd finds a page after one that had nothing. One without anything is let pass: some clients know by it that they
// are done.
func (j *judge) pastEnd(w *walk) {
	if w.past++; w.past > 1 {
		j.find(pageAfterEnd, j.endpoint.Window.Start, "the page before was past the end of the list already",
			j.sourceOf(j.endpoint.Window.Start))
	}
}

// add notes that a span was received.
func (w *walk) add(s span) {
	at := 0
	for at < len(w.spans) && w.spans[at].to < s.from {
		at++
	}
	end := at
	for end < len(w.spans) && w.spans[end].from <= s.to {
		s.from, s.to = min(s.from, w.spans[end].from), max(s.to, w.spans[end].to)
		end++
	}
	w.spans = slices.Replace(w.spans, at, end, s)
	if len(w.spans) > mostSpans { // a client that jumps about: the oldest gap is as good as found
		w.spans = slices.Replace(w.spans, 0, 2, span{w.spans[0].from, w.spans[1].to})
	}
}

// mostSpans bounds the memory for a walk.
const mostSpans = 100

// settle notes what is wrong with a walk if it goes no further.
func (w *walk) settle(into *found) {
	if w.pages < 2 { // one page is no walk
		return
	}
	start := w.page.endpoint.Window.Start
	source := w.page.source(w.page.endpoint.Mark)
	for n, gap := 0, (span{}); n < len(w.spans); n++ {
		if gap.to = w.spans[n].from; gap.from < gap.to {
			into.add(w.page.finding(pageSkipped, start, w.records(gap)+" are never received", source), w.numbers...)
		}
		gap.from = w.spans[n].to
	}
	if w.end == unknown && !w.failed && w.told {
		last := w.spans[len(w.spans)-1]
		what := fmt.Sprintf("it ends after %d pages, and there are more after %s", w.pages, w.records(last))
		into.add(w.page.finding(walkUnfinished, start, what, source), w.page.number)
	}
}

// records names a span for people.
func (w *walk) records(s span) string {
	return fmt.Sprintf("the records %d to %d", s.from+1, s.to)
}
