package server

import (
	"bytes"
	"cmp"
	"context"
	"hash/maphash"
	"maps"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// defaultWaitTime is the default of Config.WaitTime.
const defaultWaitTime = 2 * time.Second

func (s *Server) prepareWalks() (err error) {
	s.WaitTime = cmp.Or(s.WaitTime, defaultWaitTime)
	if s.PinPages > 0 && s.Versions != nil {
		s.begun = newBegun(s.PinPages)
	}
	switch {
	case s.PageSecret != nil:
		s.pageKey, err = dialect.NewPageKey(bytes.NewReader(s.PageSecret))
	case s.Random != nil:
		s.pageKey, err = dialect.NewPageKey(s.Random)
	}
	return err
}

// walk is where a request stands in a walk by numbers of pages; its zero value for one that has no part in any.
type walk struct {
	key   uint64 // the same for all pages of the walk
	first bool
	on    bool
}

// choose sets the version that the request is answered from.
func (x *exchange) choose(ctx context.Context, req *dialect.Request) error {
	least, err := x.catchUp(ctx, req)
	if err != nil {
		return err
	}
	past, err := x.goBack(ctx, req, least)
	if err != nil {
		return err
	}
	w := x.endpoint.Window
	switch {
	case w == nil:
	case w.Log:
		if err := openLog(req); err != nil {
			return err
		}
		x.tellVersion(req.Until)
		return nil
	case w.Token != "":
		if err := x.openToken(ctx, req, least, past); err != nil {
			return err
		}
	case x.begun != nil:
		if err := x.goOn(ctx, req); err != nil {
			return err
		}
	}
	x.tellVersion(req.View.Version())
	return nil
}

// openLog goes on with the walk of a page token over a list that is a log, or begins one.
func openLog(req *dialect.Request) error {
	token, found, err := req.OpenPageToken()
	if err != nil {
		return err
	}
	req.Until = req.View.Version()
	if found {
		req.Until = token.Version
		goTo(req, token)
	}
	return nil
}

// openToken goes on with the walk of a page token, which shows the version at which it began, and no other one; past
// says that the request's view is of a version that the client has named.
func (x *exchange) openToken(
	ctx context.Context, req *dialect.Request, least roster.Version, past bool,
) error {
	token, found, err := req.OpenPageToken()
	if err != nil || !found {
		return err
	}
	if past {
		return x.openPast(req, token)
	}
	if token.Version < least {
		return roster.FieldErrorf(dialect.MinVersion,
			"must not be later than %d, the version at which the walk of %s began",
			token.Version, x.endpoint.Window.Token)
	}
	view, err := req.Versions.At(ctx, token.Version)
	if roster.CodeOf(err) == roster.Gone {
		name := x.endpoint.Window.Token
		return &roster.Error{
			Code: roster.Gone, Field: name, Err: err,
			Message: "is of version " + strconv.FormatInt(int64(token.Version), 10) +
				", which is no longer kept: start again without " + name,
		}
	}
	if err != nil {
		return err
	}
	req.View = view
	goTo(req, token)
	return nil
}

// goTo has a request go on where a page token says.
func goTo(req *dialect.Request, token dialect.PageToken) {
	req.Position, req.After = token.Position, token.After
	if req.Now != 0 && token.Now != 0 {
		req.Now = token.Now // ago() means the same on every page
	}
}

// goOn serves a page after the first of a walk by numbers of pages from the version of the first, where that is known
// and still kept.
func (x *exchange) goOn(ctx context.Context, req *dialect.Request) error {
	req.URL.RawQuery = canonicalQuery(req.URL.RawQuery) // which settle need not do again
	x.walk = x.begun.walk(x, req)
	if x.walk.first {
		return nil
	}
	version, known := x.begun.at(x.walk.key, x.record.began)
	if !known {
		return nil
	}
	view, err := x.Versions.At(ctx, req.Principal.Org, version)
	if roster.CodeOf(err) == roster.Gone {
		return nil
	}
	if err != nil {
		return err
	}
	req.View = view
	return nil
}

// follow prepares for the pages that come after the one that is about to be answered, if there are more.
func (x *exchange) follow(ctx context.Context, req *dialect.Request, more bool) {
	w := x.endpoint.Window
	if w != nil && x.Paged != nil {
		x.Paged(ctx, more)
	}
	switch {
	case w == nil || w.Log || !more || x.Versions == nil:
	case w.Token != "":
		req.Versions.Keep(req.View)
	case x.walk.on && x.walk.first && x.begun.begin(x.walk.key, req.View.Version(), x.record.began):
		x.Versions.Keep(req.Principal.Org, req.View, x.PinPages)
	}
}

// begun remembers at which version walks by numbers of pages began. It is safe for concurrent use.
type begun struct {
	keep   time.Duration
	seed   maphash.Seed
	shards [16]struct {
		mu    sync.Mutex
		byKey map[uint64]beginning // guarded by mu
	}
}

// beginning is the first page of a walk.
type beginning struct {
	version roster.Version
	until   time.Time
}

// mostBegun is how many walks a shard remembers.
const mostBegun = 4096

func newBegun(keep time.Duration) *begun {
	b := &begun{keep: keep, seed: maphash.MakeSeed()}
	for i := range b.shards {
		b.shards[i].byKey = map[uint64]beginning{}
	}
	return b
}

// begin notes the version of a first page. It reports false where that is known, and as good as new.
func (b *begun) begin(key uint64, version roster.Version, now time.Time) bool {
	s := &b.shards[key%uint64(len(b.shards))]
	s.mu.Lock()
	defer s.mu.Unlock()
	old, known := s.byKey[key]
	until := now.Add(b.keep)
	if known && old.version == version && until.Sub(old.until) < b.keep/8 {
		return false
	}
	if !known && len(s.byKey) >= mostBegun {
		shrink(s.byKey, now)
	}
	s.byKey[key] = beginning{version, until}
	return true
}

// shrink makes room: it forgets the walks that have ended, and others where these are few.
func shrink(byKey map[uint64]beginning, now time.Time) {
	maps.DeleteFunc(byKey, func(_ uint64, b beginning) bool { return !b.until.After(now) })
	for key := range byKey {
		if len(byKey) <= mostBegun*3/4 {
			return
		}
		delete(byKey, key)
	}
}

// at returns the version at which a walk began, and keeps it in mind for longer.
func (b *begun) at(key uint64, now time.Time) (version roster.Version, known bool) {
	s := &b.shards[key%uint64(len(b.shards))]
	s.mu.Lock()
	defer s.mu.Unlock()
	found, known := s.byKey[key]
	if !known || !found.until.After(now) {
		delete(s.byKey, key)
		return 0, false
	}
	s.byKey[key] = beginning{found.version, now.Add(b.keep)}
	return found.version, true
}

// walk returns where a request stands, whose query is canonical. Walks are told apart by who asks, by the dialect and
// the path, and by the query but for the number of the page.
func (b *begun) walk(x *exchange, req *dialect.Request) walk {
	var h maphash.Hash
	h.SetSeed(b.seed)
	actor := req.Principal.Actor()
	_, _ = h.Write(req.Principal.Org[:]) // a hash does not fail
	_, _ = h.Write(actor[:])
	for _, text := range [...]string{x.dialect.Name, x.endpoint.ID, req.URL.EscapedPath()} {
		_, _ = h.WriteString(text)
		_ = h.WriteByte(0)
	}
	w, start := x.endpoint.Window, ""
	for part := range strings.SplitSeq(req.URL.RawQuery, "&") {
		if nameOf(part) != w.Start {
			_, _ = h.WriteString(part)
			_ = h.WriteByte('&')
		} else if _, value, _ := strings.Cut(part, "="); start == "" {
			start = value
		}
	}
	return walk{key: h.Sum64(), first: isFirst(start, w.First), on: true}
}

// isFirst reports whether a raw value of the parameter that chooses a page is that of the first.
func isFirst(raw string, first int64) bool {
	value, err := url.QueryUnescape(raw)
	if err != nil {
		return false // the request is going to fail
	}
	value = strings.TrimSpace(value)
	n, err := strconv.ParseInt(value, 10, 64)
	return value == "" || err == nil && n <= first
}
