package main

import (
	"context"
	"errors"
	"io"
	"iter"

	"github.com/roster-dev/roster"
	apiclient "github.com/roster-dev/roster/client"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/directory"
	"github.com/roster-dev/roster/internal/filter"
	"github.com/roster-dev/roster/internal/ingest"
	"github.com/roster-dev/roster/internal/store"
	"github.com/roster-dev/roster/internal/store/open"
)

// backend is where the organizations are that a command is about.
type backend interface {
	// Orgs returns the organizations by number.
	Orgs(ctx context.Context) ([]*roster.Organization, error)
	// CreateOrg makes an organization and returns it complete.
	CreateOrg(ctx context.Context, org roster.Organization) (*roster.Organization, error)
	// Account returns the organization with a slug, or fails with [roster.NotFound].
	Account(ctx context.Context, slug string) (account, error)
	Close() error
}

// account is one organization.
type account interface {
	// User returns a user, or fails with [roster.NotFound].
	User(ctx context.Context, ref roster.Ref) (*roster.User, error)
	Users(ctx context.Context, q userQuery) (roster.Page, error)
	// Tokens returns the tokens, without any secret, LastUsedAt as it is known.
	Tokens(ctx context.Context) ([]*roster.Token, error)
	// CreateToken makes a token and returns it with its secret.
	CreateToken(ctx context.Context, t roster.Token) (made *roster.Token, secret string, err error)
	// Do carries out a command on a user, or a [roster.Revoke], and returns what it did.
	Do(ctx context.Context, cmd roster.Command) ([]roster.Op, error)
	// Importer returns what carries out imports or, with dryRun, only says what they would do.
	Importer(ctx context.Context, dryRun bool) (ingest.Apply, error)
	// Export returns the organization at one version.
	Export(ctx context.Context) (exported, error)

	recorded
}

// recorded is the part of an account that is about what was written, and by whom.
type recorded interface {
	// Tail yields changes in order, and ends with the first error.
	Tail(ctx context.Context, t tail) iter.Seq2[apiclient.Change, error]
	// AuditEntries yields what was written and by whom, newest first; the first error comes last.
	AuditEntries(ctx context.Context, q roster.EntryQuery) iter.Seq2[apiclient.AuditEntry, error]
	// VerifyAudit reports whether the audit is as it was written.
	VerifyAudit(ctx context.Context) (roster.AuditReport, error)
}

// exported is an organization at one version, whose users can be ranged over once.
type exported interface {
	ingest.View
	// Close fails where not all of the organization could be read.
	Close() error
}

// userQuery asks for users in the few ways that the command line knows.
type userQuery struct {
	Filter, Search, OrderBy string
	// Limit is how many users a page has, 0 for all users, and Page the number of the page, from 1.
	Limit, Page int
}

// skip returns how many users stand before the page.
func (q userQuery) skip() int { return dialect.Offset(int64(q.Page), int64(q.Limit)) }

// query fails as the parameters of the API with the same names do.
func (q userQuery) query(now roster.Time) (roster.Query, error) {
	where, err := filter.Parse(q.Filter, nil, now)
	if err != nil {
		return roster.Query{}, err
	}
	order, err := filter.ParseOrder(q.OrderBy, nil)
	if err != nil {
		return roster.Query{}, err
	}
	rq := roster.Query{Where: where, Sort: order, Offset: q.skip(), Limit: q.Limit}
	rq.Search = roster.Search{Text: q.Search}
	for _, f := range roster.Fields() {
		if f.Searchable {
			rq.Search.Fields = append(rq.Search.Fields, f.Field)
		}
	}
	return rq, nil
}

// local is a backend in this process, over a store of its own. Whoever runs the command is the operator.
type local struct {
	*directory.Service

	store  store.Store
	random io.Reader
	now    func() roster.Time
}

// openStore opens a store, and a directory over it with the options that tune changes.
func (a *app) openStore(ctx context.Context, dsn string, tune ...func(*directory.Options)) (*local, error) {
	s, err := open.Store(ctx, dsn)
	if err != nil {
		return nil, inUse(doing("open the store", err))
	}
	options := directory.Options{Now: a.time, NewID: a.newID}
	for _, fn := range tune {
		fn(&options)
	}
	return &local{directory.New(s, options), s, a.random, a.time}, nil
}

func (l *local) Close() error {
	l.Service.Close()
	return l.store.Close()
}

func (l *local) CreateOrg(ctx context.Context, org roster.Organization) (*roster.Organization, error) {
	return l.Service.CreateOrg(ctx, roster.Operator(), org)
}

func (l *local) Account(ctx context.Context, slug string) (account, error) {
	org, err := l.OrgBySlug(ctx, slug)
	if err != nil {
		return nil, hint(doing("find the organization", err), "`roster org list` shows what there is")
	}
	return &localAccount{l.Service, org.ID, l.random, l.now}, nil
}

type localAccount struct {
	service *directory.Service
	org     roster.ID
	random  io.Reader
	now     func() roster.Time
}

func (l *localAccount) User(ctx context.Context, ref roster.Ref) (*roster.User, error) {
	view, err := l.service.View(ctx, l.org)
	if err != nil {
		return nil, err
	}
	return view.User(ref)
}

func (l *localAccount) Users(ctx context.Context, q userQuery) (roster.Page, error) {
	view, err := l.service.View(ctx, l.org)
	if err != nil {
		return roster.Page{}, err
	}
	query, err := q.query(l.now())
	if err != nil {
		return roster.Page{}, err
	}
	return view.Users(query)
}

func (l *localAccount) Tokens(ctx context.Context) ([]*roster.Token, error) {
	view, err := l.service.View(ctx, l.org)
	if err != nil {
		return nil, err
	}
	uses, err := l.service.TokenUses(ctx, l.org)
	if err != nil {
		return nil, err
	}
	tokens := make([]*roster.Token, 0, len(uses))
	for _, t := range view.Tokens() {
		shown := *t
		shown.LastUsedAt = uses[t.ID]
		tokens = append(tokens, &shown)
	}
	return tokens, nil
}

func (l *localAccount) CreateToken(ctx context.Context, t roster.Token) (*roster.Token, string, error) {
	secret, err := roster.NewSecret(l.random)
	if err != nil {
		return nil, "", err
	}
	t.Hash = roster.HashSecret(secret)
	ops, err := l.Do(ctx, roster.Create{Record: &t})
	if err != nil {
		return nil, "", err
	}
	return after(ops, func(*roster.Token) bool { return true }), secret, nil
}

func (l *localAccount) Do(ctx context.Context, cmd roster.Command) ([]roster.Op, error) {
	change, err := l.service.Do(ctx, l.org, roster.Operator(), cmd)
	return change.Ops, err
}

func (l *localAccount) Importer(ctx context.Context, dryRun bool) (ingest.Apply, error) {
	// No view is loaded: the store answers a batch about as fast, and memory does not grow with the organization.
	do := func(ctx context.Context, cmds []roster.Command) ([]roster.Outcome, error) {
		return l.service.DoEach(ctx, l.org, roster.Operator(), cmds)
	}
	if dryRun {
		rehearsal, err := l.service.Rehearse(ctx, l.org, roster.Operator())
		if err != nil {
			return nil, err
		}
		do = func(_ context.Context, cmds []roster.Command) ([]roster.Outcome, error) {
			return rehearsal.DoEach(cmds)
		}
	}
	return func(ctx context.Context, imports []roster.Import) ([]ingest.Result, error) {
		cmds := make([]roster.Command, len(imports))
		for i, c := range imports {
			cmds[i] = c
		}
		outcomes, err := do(ctx, cmds)
		results := make([]ingest.Result, len(outcomes))
		for i, o := range outcomes {
			results[i] = ingest.Result{Effect: ingest.EffectOf(imports[i], o.Ops), Err: o.Err}
		}
		return results, err
	}, nil
}

func (l *localAccount) Export(ctx context.Context) (exported, error) {
	view, err := l.service.View(ctx, l.org)
	return localExport{view}, err
}

type localExport struct{ ingest.View }

func (localExport) Close() error { return nil }

// within runs fn on the server or the store that the command's flags name.
func (a *app) within(ctx context.Context, dsn string, fn func(backend) error) error {
	if a.url != "" || a.token != "" {
		r, err := a.openRemote()
		if err != nil {
			return err
		}
		return fn(r)
	}
	b, err := a.openStore(ctx, dsn)
	if err != nil {
		return err
	}
	return errors.Join(fn(b), b.Close())
}
