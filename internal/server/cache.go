package server

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/roster-dev/roster/internal/dialect"
)

// answers keeps answers to stable requests by all that they depend on, the version among it, so that none is ever out
// of date: nobody asks for those of old versions any more, and what is not asked for goes first. It is safe for
// concurrent use.
type answers struct {
	most         int64 // in bytes
	hits, misses atomic.Uint64

	// asked has the hashes of keys that were asked for lately, each in the place that it chooses. There are fewer
	// places than answers that the cache can hold: a walk through more pages is forgotten before it begins again.
	asked []atomic.Uint64
	seed  maphash.Seed

	zstd  *zstd.Encoder
	gzips sync.Pool // of *gzip.Writer

	mu    sync.Mutex
	byKey map[string]*answer // guarded by mu
	ends  answer             // of the ring of all, the latest used first; guarded by mu
	bytes int64              // guarded by mu
}

// answer is a response with status 200. Nothing but its place in the cache and its encoded forms changes.
type answer struct {
	key    string
	header http.Header
	tag    string
	// body is cut in two where the request's id stands, if it does.
	body   [2][]byte
	hasID  bool
	more   bool     // as dialect.Response.More
	length []string // the value of Content-Length, without an encoding
	forms  [2]atomic.Pointer[[]byte]

	// guarded by the cache's mu; next is nil once the answer is out.
	prev, next *answer
	size       int64
}

// encoding is how a body goes out.
type encoding int

const (
	gzipped encoding = iota
	zstandard
	plain
)

// name returns the value of Content-Encoding.
func (e encoding) name() string { return [...]string{"gzip", "zstd"}[e] }

// newAnswers returns a cache of so many bytes.
func newAnswers(most int64) (*answers, error) {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(2))
	if err != nil {
		return nil, fmt.Errorf("make the cache of answers: %w", err)
	}
	const ofAnswer = 64 << 10 // bytes: of a long one with its forms
	c := &answers{
		most: most, asked: make([]atomic.Uint64, 1+most/ofAnswer), seed: maphash.MakeSeed(),
		zstd: encoder, byKey: map[string]*answer{},
	}
	c.ends.prev, c.ends.next = &c.ends, &c.ends
	return c, nil
}

// get returns the answer with a key, or nil. A nil cache has none.
func (c *answers) get(key string) *answer {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	a := c.byKey[key]
	if a != nil {
		a.unlink()
		c.link(a)
	}
	c.mu.Unlock()
	if a == nil {
		c.misses.Add(1)
	} else {
		c.hits.Add(1)
	}
	return a
}

// again reports whether a key was asked for before, lately. Answers are kept from the second time on: most pages of a
// walk are never asked for again, and would drive out those that are.
func (c *answers) again(key string) bool {
	hash := maphash.String(c.seed, key)
	return c.asked[hash%uint64(len(c.asked))].Swap(hash) == hash
}

// put keeps an answer in the place of any with its key. A nil cache keeps none.
func (c *answers) put(a *answer) {
	if c == nil {
		return
	}
	const overhead = 1 << 10 // of the maps and headers, about
	a.size = int64(len(a.key) + len(a.body[0]) + len(a.body[1]) + overhead)
	c.mu.Lock()
	defer c.mu.Unlock()
	if old := c.byKey[a.key]; old != nil {
		c.remove(old)
	}
	c.byKey[a.key] = a
	c.link(a)
	c.bytes += a.size
	c.shrink()
}

// shrink removes what was not used for longest until the rest fits. It is called with mu held.
func (c *answers) shrink() {
	for c.bytes > c.most {
		c.remove(c.ends.prev)
	}
}

// remove is called with mu held.
func (c *answers) remove(a *answer) {
	a.unlink()
	delete(c.byKey, a.key)
	c.bytes -= a.size
}

// link puts an answer before all others. It is called with mu held.
func (c *answers) link(a *answer) {
	a.prev, a.next = &c.ends, c.ends.next
	a.prev.next, a.next.prev = a, a
}

// unlink is called with the cache's mu held.
func (a *answer) unlink() {
	a.prev.next, a.next.prev = a.next, a.prev
	a.prev, a.next = nil, nil
}

// form returns an answer's body in an encoding, which is made when it is first asked for.
func (c *answers) form(a *answer, e encoding) []byte {
	if known := a.forms[e].Load(); known != nil {
		return *known
	}
	made := c.encode(a.body[0], e)
	if !a.forms[e].CompareAndSwap(nil, &made) {
		return made // somebody else was faster
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if a.next != nil {
		a.size += int64(len(made))
		c.bytes += int64(len(made))
		c.shrink()
	}
	return made
}

func (c *answers) encode(body []byte, e encoding) []byte {
	if e == zstandard {
		return bytes.Clone(c.zstd.EncodeAll(body, make([]byte, 0, len(body)/2)))
	}
	w, ok := c.gzips.Get().(*gzip.Writer)
	if !ok {
		w, _ = gzip.NewWriterLevel(nil, compressionLevel) // the level is one of those that there are
	}
	defer c.gzips.Put(w)
	var out bytes.Buffer
	w.Reset(&out)
	_, _ = w.Write(body) // a buffer does not fail
	_ = w.Close()
	return bytes.Clone(out.Bytes())
}

// size returns how many bytes are kept, and as how many answers. A nil cache has none.
func (c *answers) size() (used int64, count int) {
	if c == nil {
		return 0, 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.bytes, len(c.byKey)
}

// keep puts a response with status 200, whose headers are set, into the cache where it is worth it.
func (x *exchange) keep(body []byte, response dialect.Response) {
	if x.answers == nil || x.stable.key == "" || !x.answers.again(x.stable.key) {
		return
	}
	a := &answer{key: x.stable.key, tag: x.stable.tag, hasID: x.endpoint.TellsID, header: x.kept(response)}
	a.more = response.More
	a.length = []string{strconv.Itoa(len(body))}
	before, after := body, []byte(nil)
	if a.hasID {
		var found bool
		if before, after, found = bytes.Cut(body, []byte(x.record.id)); !found {
			return
		}
	}
	a.body = [2][]byte{bytes.Clone(before), bytes.Clone(after)}
	x.answers.put(a)
}

// repeat sends an answer that is known.
func (x *exchange) repeat(a *answer) {
	if x.hasAny() {
		x.notModified()
		return
	}
	header := x.w.Header()
	maps.Copy(header, a.header)
	x.vary()
	if e := x.encoding(a); e != plain {
		form := x.answers.form(a, e)
		header["Content-Encoding"] = []string{e.name()}
		header["Content-Length"] = []string{strconv.Itoa(len(form))}
		x.head(http.StatusOK)
		_, _ = x.w.Write(form)
		return
	}
	header["Content-Length"] = a.length
	x.head(http.StatusOK)
	_, _ = x.w.Write(a.body[0])
	if a.hasID {
		_, _ = x.w.Write([]byte(x.record.id))
		_, _ = x.w.Write(a.body[1])
	}
}

// encoding returns in which form to send a known answer. A body that differs from request to request, and a client
// that weighs its preferences, is left to those who encode all others.
func (x *exchange) encoding(a *answer) encoding {
	accept := x.r.Header.Get("Accept-Encoding")
	if a.hasID || len(a.body[0]) < leastEncoded || x.r.Method == http.MethodHead || strings.Contains(accept, ";") {
		return plain
	}
	e := plain
	for name := range strings.SplitSeq(accept, ",") {
		switch strings.TrimSpace(name) {
		case zstandard.name():
			return zstandard
		case gzipped.name():
			e = gzipped
		}
	}
	return e
}
