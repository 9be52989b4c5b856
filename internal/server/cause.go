package server

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// because has what a request writes carry what is known of the request, where its endpoint takes [dialect.CauseParams].
// It fails with a [*roster.RepeatedError] where the request was carried out before: that comes first, for a record may
// be gone since.
func (x *exchange) because(ctx context.Context, req *dialect.Request) error {
	w, ok := req.Writer.(writing)
	if !ok || !x.endpoint.Takes(dialect.Header, dialect.IdempotencyKey) {
		return nil
	}
	id, err := roster.ParseID(req.ID)
	if err != nil {
		return fmt.Errorf("read the request's own id: %w", errors.Unwrap(err))
	}
	w.by.Cause.Request = id
	if x.endpoint.IsWrite() {
		if w.by.Cause.Reason, err = x.reason(); err != nil {
			return err
		}
	}
	if w.by.Cause.Once, err = x.once(ctx, req, w.by); err != nil {
		return err
	}
	req.Writer, req.Jobs, req.Hooks = w, jobbing{x, w.by, req}, hooking{x, w.by, req}
	if w.by.Cause.Once == nil || w.Writer == nil || req.Stream != nil { // of which nobody knows yet what it says
		return nil
	}
	if x.endpoint.Aside {
		if x.leave, err = x.queues.enter(ctx, w.by.Cause.Once.Key); err != nil {
			return err
		}
	}
	org := w.by.Org
	if x.endpoint.NewOrg {
		org = keyedID(w.by.Cause.Once)
	}
	return w.Writer.Repeated(ctx, org, w.by.Cause.Once)
}

// reason returns what the client says that it does this for.
func (x *exchange) reason() (string, error) {
	reason, err := roster.ParseReason(x.r.Header.Get(dialect.Reason))
	if err != nil {
		e := *roster.AsError(err)
		e.Field = dialect.Reason
		return "", &e
	}
	return reason, nil
}

// once returns how a request is recognized when it is repeated, nil where it has no key.
func (x *exchange) once(ctx context.Context, req *dialect.Request, by roster.Principal) (*roster.Once, error) {
	values := x.r.Header.Values(dialect.IdempotencyKey)
	if len(values) == 0 {
		return nil, nil //nolint:nilnil // a request need not have a key
	}
	if len(values) > 1 {
		return nil, roster.FieldErrorf(dialect.IdempotencyKey, "must be given once")
	}
	key, err := dialect.ParseIdempotencyKey(values[0])
	if err != nil {
		return nil, err
	}
	actor := by.Actor()
	return &roster.Once{
		Key:     digest(x.dialect.Name, string(actor[:]), key),
		Request: x.requestDigest(req),
		Answer: func(change roster.Change, outcomes []roster.Outcome) ([]byte, error) {
			outcomes = slices.Clone(outcomes)
			for i := range outcomes {
				outcomes[i].Version = change.Version
			}
			return x.prepareAnswer(ctx, req, told{change, outcomes, req.View})
		},
	}, nil
}

// requestDigest returns the digest of all that a request asks for.
func (x *exchange) requestDigest(req *dialect.Request) roster.Digest {
	parts := []string{x.endpoint.ID, x.r.URL.EscapedPath(), canonicalQuery(x.r.URL.RawQuery), string(req.Body)}
	for i := range x.endpoint.Params {
		if p := &x.endpoint.Params[i]; p.In == dialect.Header && !p.Everywhere {
			parts = append(append(parts, p.Name), x.r.Header.Values(p.Name)...)
		}
	}
	return digest(parts...)
}

// digest returns the digest of texts that can't be mistaken for others.
func digest(parts ...string) (d roster.Digest) {
	hash := sha256.New()
	for _, part := range parts {
		_, _ = hash.Write(appendPart(nil, part)) // a hash does not fail
	}
	hash.Sum(d[:0])
	return d
}

// kept is a response in the form in which it is kept for who repeats the request.
type kept struct {
	Status  int            `json:"status"`
	Type    string         `json:"type,omitempty"`
	Tag     string         `json:"tag,omitempty"`
	Header  http.Header    `json:"header,omitempty"`
	Body    string         `json:"body,omitempty"` // in clear, so that a person who is erased is found in it
	HasBody bool           `json:"has_body"`
	Version roster.Version `json:"version"`
}

// prepareAnswer returns the response to a request whose write is about to be committed. The endpoint makes it as it
// makes the one that the client gets, out of what the write is told to have done; only there is no secret in it.
func (x *exchange) prepareAnswer(ctx context.Context, req *dialect.Request, t told) ([]byte, error) {
	again := *req
	again.Writer, again.NewSecret = t, func() (string, error) { return "", nil }
	again.NewSigningSecret = again.NewSecret
	response, err := x.endpoint.Serve(ctx, &again)
	if err != nil {
		return nil, err
	}
	k := kept{
		Status: response.Status, Type: response.ContentType, Tag: response.Tag, Header: response.Header,
		HasBody: response.Body != nil, Version: t.change.Version,
	}
	if response.Body != nil {
		var body bytes.Buffer
		if err := response.Body(&body); err != nil {
			return nil, err
		}
		k.Body = body.String()
	}
	return json.Marshal(k)
}

// answerAgain returns the response that a request got the first time.
func (x *exchange) answerAgain(a roster.Answer) (dialect.Response, error) {
	var k kept
	if err := json.Unmarshal(a.Content, &k); err != nil {
		return dialect.Response{}, fmt.Errorf("read an answer that was given before: %w", err)
	}
	x.written.Store(int64(k.Version))
	header := http.Header{dialect.Replayed: {"true"}}
	maps.Copy(header, k.Header)
	response := dialect.Response{Status: k.Status, ContentType: k.Type, Tag: k.Tag, Header: header}
	if k.HasBody {
		response.Body = dialect.Text(k.Body)
	}
	return response, nil
}

// queues have requests with one key that are not carried out by a commit follow one another. It is safe for concurrent
// use.
type queues struct {
	mu   sync.Mutex
	busy map[roster.Digest]chan struct{} // closed when the request that is under way has ended; guarded by mu
}

// enter waits until no other request with a key is under way, which the caller's is until leave is called.
func (q *queues) enter(ctx context.Context, key roster.Digest) (leave func(), err error) {
	for {
		before, ended := q.take(key)
		if before == nil {
			return func() {
				q.mu.Lock()
				defer q.mu.Unlock()
				delete(q.busy, key)
				close(ended)
			}, nil
		}
		select {
		case <-before:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// take takes the place of a key, or returns what whoever has it closes when it is free.
func (q *queues) take(key roster.Digest) (before <-chan struct{}, ended chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if before, taken := q.busy[key]; taken {
		return before, nil
	}
	if q.busy == nil {
		q.busy = map[roster.Digest]chan struct{}{}
	}
	ended = make(chan struct{})
	q.busy[key] = ended
	return nil, ended
}
