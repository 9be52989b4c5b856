package server

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// Writer carries out the commands that requests lead to. It is safe for concurrent use.
type Writer interface {
	// Do carries out commands of a principal on an organization as one change, all or none.
	Do(ctx context.Context, org roster.ID, by roster.Principal, cmds ...roster.Command) (roster.Change, error)
	// DoAll is Do that returns what became of each command.
	DoAll(
		ctx context.Context, org roster.ID, by roster.Principal, cmds []roster.Command,
	) ([]roster.Outcome, error)
	// DoEach carries out commands as one change, without those that are refused, and returns what became of each.
	DoEach(
		ctx context.Context, org roster.ID, by roster.Principal, cmds []roster.Command,
	) ([]roster.Outcome, error)
	// DryRun returns what DoEach would, and changes nothing.
	DryRun(
		ctx context.Context, org roster.ID, by roster.Principal, cmds []roster.Command,
	) ([]roster.Outcome, error)
	// Repeated fails with a [*roster.RepeatedError] for a request that was carried out before, and with
	// [roster.KeyReused] where another one was that has its key.
	Repeated(ctx context.Context, org roster.ID, once *roster.Once) error
	// TokenUses returns when the tokens of an organization were last used, by id, as far as that is stored.
	TokenUses(ctx context.Context, org roster.ID) (map[roster.ID]roster.Time, error)
}

// writing is what an endpoint can change: the principal's own organization, as the principal.
type writing struct {
	*exchange
	by roster.Principal
}

// wrote notes a version that the request has led to.
func (w writing) wrote(version roster.Version) {
	for {
		last := w.written.Load()
		if int64(version) <= last || w.written.CompareAndSwap(last, int64(version)) {
			return
		}
	}
}

// Do implements [dialect.Writer].
func (w writing) Do(ctx context.Context, cmds ...roster.Command) (roster.Change, error) {
	if err := w.checkNames(cmds); err != nil {
		return roster.Change{}, err
	}
	change, err := w.carryOut(ctx, cmds)
	if err == nil {
		w.wrote(change.Version)
	}
	return change, err
}

func (w writing) carryOut(ctx context.Context, cmds []roster.Command) (roster.Change, error) {
	made := newOrg(cmds)
	switch {
	case made != nil:
		return w.make(ctx, made, false)
	case w.Writer == nil:
		return roster.Change{}, readOnly()
	default:
		return w.Writer.Do(ctx, w.by.Org, w.by, cmds...)
	}
}

// DoAll implements [dialect.Writer].
func (w writing) DoAll(ctx context.Context, cmds []roster.Command) ([]roster.Outcome, error) {
	if err := w.mayWrite(cmds); err != nil {
		return nil, err
	}
	return w.seen(w.Writer.DoAll(ctx, w.by.Org, w.by, cmds))
}

// DoEach implements [dialect.Writer].
func (w writing) DoEach(ctx context.Context, cmds []roster.Command) ([]roster.Outcome, error) {
	if err := w.mayWrite(cmds); err != nil {
		return nil, err
	}
	return w.seen(w.Writer.DoEach(ctx, w.by.Org, w.by, cmds))
}

// mayWrite refuses commands that no writer is asked to carry out.
func (w writing) mayWrite(cmds []roster.Command) error {
	if w.Writer == nil {
		return readOnly()
	}
	return w.checkNames(cmds)
}

// seen notes the version that commands have led to.
func (w writing) seen(outcomes []roster.Outcome, err error) ([]roster.Outcome, error) {
	for _, o := range outcomes {
		w.wrote(o.Version)
	}
	return outcomes, err
}

// DryRun implements [dialect.Writer].
func (w writing) DryRun(ctx context.Context, cmds []roster.Command) ([]roster.Outcome, error) {
	if err := w.mayWrite(cmds); err != nil {
		return nil, err
	}
	if made := newOrg(cmds); made != nil {
		change, err := w.make(ctx, made, true)
		return []roster.Outcome{{Ops: change.Ops, Err: err}}, nil
	}
	return w.Writer.DryRun(ctx, w.by.Org, w.by, cmds)
}

// TokenUses implements [dialect.Writer]. What is not stored yet, the use by this very request among it, is remembered.
func (w writing) TokenUses(ctx context.Context) (map[roster.ID]roster.Time, error) {
	view, err := w.View(ctx)
	if err != nil {
		return nil, err
	}
	uses := map[roster.ID]roster.Time{}
	if w.Writer != nil {
		if uses, err = w.Writer.TokenUses(ctx, w.by.Org); err != nil {
			return nil, err
		}
	}
	for _, token := range view.Tokens() {
		at := token.LastUsedAt
		if w.Tokens.LastUse != nil {
			at = w.Tokens.LastUse.At(w.by.Org, token)
		}
		if at > uses[token.ID] {
			uses[token.ID] = at
		}
	}
	return uses, nil
}

// View implements [dialect.Writer].
func (w writing) View(ctx context.Context) (dialect.View, error) {
	return w.Directory.View(ctx, w.by.Org)
}

func readOnly() error {
	return roster.Errorf(roster.Unavailable, "this server does not take changes")
}

// secret makes the secret of a new token.
func (s *Server) secret() (string, error) {
	if s.Random == nil {
		return "", readOnly()
	}
	return roster.NewSecret(s.Random)
}

// signingSecret makes a secret of a webhook.
func (s *Server) signingSecret() (string, error) {
	if s.Random == nil {
		return "", readOnly()
	}
	return roster.NewWebhookSecret(s.Random)
}

// body reads the body that the endpoint takes, nil where it takes none.
func (x *exchange) body() ([]byte, error) {
	if x.endpoint.Body == nil {
		return nil, x.noBody()
	}
	if x.endpoint.Body.Stream {
		return nil, nil
	}
	most := x.endpoint.Body.MaxBytes()
	if n := x.r.ContentLength; n >= 0 && n <= pieceBytes {
		return x.readBody(most) // which anybody sends in time
	}
	body, err := io.ReadAll(x.newGiver(most))
	if err != nil {
		return nil, broken(err, most)
	}
	return body, nil
}

// noBody fails where a request to a strict endpoint that takes no body has one that says something: whoever sent it
// expects it to count.
func (x *exchange) noBody() error {
	if !x.endpoint.Strict || x.endpoint.Method == http.MethodGet || x.r.ContentLength == 0 {
		return nil
	}
	const enough = 64 // bytes to see that it is not empty
	body, err := io.ReadAll(io.LimitReader(x.r.Body, enough))
	if err != nil {
		return broken(err, enough)
	}
	if said := strings.TrimSpace(string(body)); said != "" && said != "{}" || len(body) == enough {
		return roster.Errorf(roster.Invalid, "the endpoint takes no body: leave it out")
	}
	return nil
}

// readBody fails with [roster.TooLarge] for a body longer than most.
func (x *exchange) readBody(most int64) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(x.w, x.r.Body, most))
	if err == nil {
		return body, nil
	}
	return nil, broken(err, most)
}

// broken returns the error about a body of at most so many bytes that could not be read.
func broken(err error, most int64) error {
	if _, tooLong := errors.AsType[*http.MaxBytesError](err); tooLong {
		return roster.Errorf(roster.TooLarge, "the body must have at most %d bytes", most)
	}
	return &roster.Error{Code: roster.Invalid, Message: "the body did not arrive in full", Err: err}
}
