package index

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/roster-dev/roster"
)

// Forms keeps what users look like in the forms in which they were asked for, so that a user who has not changed is not
// encoded again. Many views share one, which bounds the memory of all of them together. It is safe for concurrent use.
type Forms struct {
	most         atomic.Int64 // in bytes
	hits, misses atomic.Uint64

	// held is bytes, to be read without mu; refused counts the texts that there was no room for.
	held    atomic.Int64
	refused atomic.Uint64

	mu    sync.Mutex
	bytes int64       // guarded by mu
	pages []*formPage // all that count in bytes, in no order; guarded by mu
	hand  int         // of the clock that finds a page to forget; guarded by mu
}

// NewForms returns a Forms of at most so many bytes, about; it forgets by pages of users, those first that were not
// asked for lately.
func NewForms(most int64) *Forms {
	f := &Forms{}
	f.Resize(most)
	return f
}

// Resize has f keep at most so many bytes from now on. What is beyond is forgotten when something is to be kept next.
func (f *Forms) Resize(most int64) { f.most.Store(most) }

// FormStats says what a [Forms] holds, and how often it had what was looked for.
type FormStats struct {
	Bytes        int64
	Hits, Misses uint64
}

// Stats returns the present figures. A nil Forms has none.
func (f *Forms) Stats() FormStats {
	if f == nil {
		return FormStats{}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return FormStats{Bytes: f.bytes, Hits: f.hits.Load(), Misses: f.misses.Load()}
}

// formPage holds the users of a page in one form.
type formPage struct {
	generation uint32
	home       *atomic.Pointer[formPage]
	// at says where a slot's text lies, and of which record it was made (see place); 0 where there is none.
	at *[rowMax]atomic.Uint64
	// text is as long as it may grow in place. What at points to never changes.
	text atomic.Pointer[[]byte]
	used atomic.Bool // since the hand of the clock last passed

	mu   sync.Mutex // guards what follows, and the writing of at and text; taken inside that of Forms
	n    int        // how many texts there are
	end  int        // of what is taken of text
	gone bool

	bytes int64 // guarded by Forms.mu
}

// What an entry of a formPage is made of: the place of the record in its page's words, of the text, and the length of
// the text. What does not fit is not kept.
const (
	placeBits  = 24
	lengthBits = 16
)

func newFormPage(home *atomic.Pointer[formPage], generation uint32) *formPage {
	p := &formPage{generation: generation, home: home, at: new([rowMax]atomic.Uint64)}
	p.text.Store(new([]byte))
	return p
}

// find returns the text that was made of the record at word, or nil.
func (p *formPage) find(i int, word uint32) []byte {
	e := p.at[i].Load()
	if e == 0 || uint32(e>>(placeBits+lengthBits)) != word {
		return nil
	}
	from, length := int(e>>lengthBits&(1<<placeBits-1)), int(e&(1<<lengthBits-1))
	return (*p.text.Load())[from : from+length]
}

// admits reports whether a page may be made or grow. Where the memory is full it looks, once for many who ask, at one
// page, and forgets it if nobody has asked for it since it was looked at last: where everything that is kept is wanted
// and more would not fit, nothing goes and nothing comes, instead of each text driving out one that is as good.
func (f *Forms) admits() bool {
	const largest, many = 512 << 10, 64 // bytes that a page may grow by at once, about
	if most := f.most.Load(); f.held.Load()+min(largest, most/2) <= most {
		return true
	}
	if f.refused.Add(1)%many != 0 {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.pages) > 0 && f.forget()
}

// keep keeps the text that was made of the record at word, if there is room.
func (f *Forms) keep(p *formPage, i int, word uint32, text []byte) {
	if word >= 1<<placeBits || len(text) == 0 || len(text) >= 1<<lengthBits {
		return
	}
	if !p.fits(text) && !f.admits() {
		return
	}
	if grown := p.put(i, word, text); grown != 0 {
		f.charge(p, grown)
	}
}

// fits reports whether the page need not grow to hold a text.
func (p *formPage) fits(text []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.end+len(text) <= len(*p.text.Load())
}

// put returns how many bytes of memory the page has more than before.
func (p *formPage) put(i int, word uint32, text []byte) (grown int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gone || p.end+len(text) >= 1<<placeBits {
		return 0
	}
	room := *p.text.Load()
	if p.end+len(text) > len(room) {
		larger := make([]byte, p.capacity(len(text)))
		copy(larger, room[:p.end])
		grown = len(larger) - len(room)
		room = larger
		p.text.Store(&room)
	}
	copy(room[p.end:], text)
	from, length := uint64(p.end), uint64(len(text)) //nolint:gosec // neither is negative
	p.at[i].Store(uint64(word)<<(placeBits+lengthBits) | from<<lengthBits | length)
	p.n++
	p.end += len(text)
	return grown
}

// capacity returns how large text should become to hold more: what all users of the page need, as soon as that can be
// told from some of them. It is called with mu held.
func (p *formPage) capacity(more int) int {
	const enough = rowMax / 8
	needs := p.end + more
	if p.n < enough || p.n > rowMax {
		return max(4<<10, needs+needs/2)
	}
	return max(needs+needs/8, p.end/p.n*(rowMax+rowMax/32))
}

// charge counts what a page has grown by, and forgets pages until all of them fit.
func (f *Forms) charge(p *formPage, grown int) {
	const fixed = 8*rowMax + 128
	f.mu.Lock()
	defer f.mu.Unlock()
	if p.gone {
		return
	}
	if p.bytes == 0 {
		f.pages = append(f.pages, p)
		grown += fixed
	}
	p.bytes += int64(grown)
	f.bytes += int64(grown)
	for f.bytes > f.most.Load() && len(f.pages) > 0 {
		f.forget()
	}
	f.held.Store(f.bytes)
}

// forget moves the hand of the clock on, and forgets the page there unless it was asked for since the hand passed it
// last. It is called with mu held.
func (f *Forms) forget() bool {
	f.hand %= len(f.pages)
	p := f.pages[f.hand]
	if p.used.Swap(false) {
		f.hand++
		return false
	}
	p.mu.Lock()
	p.gone = true
	p.mu.Unlock()
	p.home.CompareAndSwap(p, nil)
	f.bytes -= p.bytes
	last := len(f.pages) - 1
	f.pages[f.hand], f.pages[last] = f.pages[last], nil
	f.pages = f.pages[:last]
	f.held.Store(f.bytes)
	return true
}

// formKey is what a text depends on besides the user: the form, and the version of everything else in the view.
type formKey struct {
	form    string // its name
	context roster.Version
}

// formTable has the texts of a form by page. A page is made when the first user of it is kept.
type formTable []*atomic.Pointer[formPage]

// lineage holds the texts of a view and of those that come from it, one after the other.
type lineage struct {
	mu     sync.Mutex
	tables map[formKey]formTable // guarded by mu
}

// mostForms bounds the tables of a lineage: beyond it none is remembered, as clients choose some parts of a form.
const mostForms = 64

func newLineage() *lineage { return &lineage{tables: map[formKey]formTable{}} }

// table returns the texts of a form for so many pages, or nil where there are too many forms.
func (l *lineage) table(key formKey, pages int) formTable {
	l.mu.Lock()
	defer l.mu.Unlock()
	t, known := l.tables[key]
	if !known {
		l.dropBefore(key.context)
		if len(l.tables) >= mostForms {
			return nil
		}
	}
	if len(t) < pages {
		t = slices.Clone(t) // others read the shorter one
		for len(t) < pages {
			t = append(t, new(atomic.Pointer[formPage]))
		}
		l.tables[key] = t
	}
	return t
}

// dropBefore drops what was made in contexts that have changed since. The clock forgets their pages. It is called with
// mu held.
func (l *lineage) dropBefore(context roster.Version) {
	for key := range l.tables {
		if key.context < context {
			delete(l.tables, key)
		}
	}
}
