package main

import (
	"context"
	"errors"
	"iter"
	"slices"

	"github.com/roster-dev/roster"
	apiclient "github.com/roster-dev/roster/client"
	"github.com/roster-dev/roster/internal/directory"
	"github.com/roster-dev/roster/internal/ingest"
	"github.com/roster-dev/roster/internal/store"
	"github.com/roster-dev/roster/internal/store/open"
)

// backend is where the organizations are that a command is about.
type backend interface {
	// Instance returns the instance itself, whose API knows all organizations and the instance-wide tokens. On a server
	// it is what the token belongs to.
	Instance(ctx context.Context) (account, error)
	// Account returns the organization with a slug, or fails with [roster.NotFound].
	Account(ctx context.Context, slug string) (account, error)
	Close() error
}

// account is one organization.
type account interface {
	// API returns a client of Roster's own API over the organization: the way to whatever is not below, the same for a
	// store as for a server.
	API(ctx context.Context) (*apiclient.Client, error)
	// RunJobs sees to it that jobs are carried out until ctx ends or the backend is closed.
	RunJobs(ctx context.Context)
	// Export returns the organization at one version: as it was at a moment, or as it is now where that is zero.
	Export(ctx context.Context, at roster.Moment) (exported, error)
	// Trim gives up the history before a moment, and says how much is kept then.
	Trim(ctx context.Context, before roster.Moment) (roster.HistoryInfo, error)

	recorded
}

// recorded is the part of an account that is about what was written, and by whom.
type recorded interface {
	// Tail yields changes in order, and ends with the first error.
	Tail(ctx context.Context, t tail) iter.Seq2[apiclient.Change, error]
	// AuditEntries yields what was written and by whom, newest first; the first error comes last.
	AuditEntries(ctx context.Context, q roster.EntryQuery) iter.Seq2[apiclient.AuditEntry, error]
	// AuditEntry returns the entry at a place, or fails with [roster.NotFound].
	AuditEntry(ctx context.Context, seq int64) (apiclient.AuditEntry, error)
	// VerifyAudit reports whether the audit is as it was written.
	VerifyAudit(ctx context.Context) (roster.AuditReport, error)
}

// exported is an organization at one version, whose users can be ranged over once.
type exported interface {
	ingest.View
	// Close fails where not all of the organization could be read.
	Close() error
}

// local is a backend in this process, over a store of its own. Whoever runs the command is the operator.
type local struct {
	*directory.Service
	*app

	store store.Store
	// closers end what else was started over the store, in the reverse order.
	closers []func() error
}

// whenClosed has fn called before the store is closed.
func (l *local) whenClosed(fn func() error) { l.closers = append(l.closers, fn) }

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
	return &local{Service: directory.New(s, options), app: a, store: s}, nil
}

func (l *local) Close() error {
	var err error
	for _, fn := range slices.Backward(l.closers) {
		err = errors.Join(err, fn())
	}
	l.Service.Close()
	return errors.Join(err, l.store.Close())
}

func (l *local) Instance(ctx context.Context) (account, error) {
	if err := l.EnsureInstance(ctx); err != nil {
		return nil, err
	}
	return &localAccount{l, roster.InstanceID()}, nil
}

func (l *local) Account(ctx context.Context, slug string) (account, error) {
	org, err := l.OrgBySlug(ctx, slug)
	if err != nil {
		return nil, hint(doing("find the organization", err), "`roster org list` shows what there is")
	}
	return &localAccount{l, org.ID}, nil
}

type localAccount struct {
	*local

	org roster.ID
}

// Importer returns what carries out imports or, with dryRun, only says what they would do.
func (l *localAccount) Importer(ctx context.Context, reason string, dryRun bool) (ingest.Importer, error) {
	operator := roster.Operator()
	operator.Cause.Reason = reason
	if dryRun {
		rehearsal, err := l.Service.Rehearse(ctx, l.org, operator)
		if err != nil {
			return ingest.Importer{}, err
		}
		return ingest.Importer{Apply: func(_ context.Context, imports []roster.Import) ([]ingest.Result, error) {
			outcomes, err := rehearsal.DoEach(commands(imports))
			return results(imports, outcomes), err
		}}, nil
	}
	// No view is loaded: the store answers a batch about as fast, and memory does not grow with the organization.
	service := l.Service.Imports(l.org, operator)
	return ingest.Importer{Prepare: func(
		ctx context.Context, imports []roster.Import,
	) func(context.Context) ([]ingest.Result, error) {
		carryOut := service.Begin(ctx, commands(imports))
		return func(ctx context.Context) ([]ingest.Result, error) {
			outcomes, err := carryOut(ctx)
			return results(imports, outcomes), err
		}
	}}, nil
}

func commands(imports []roster.Import) []roster.Command {
	cmds := make([]roster.Command, len(imports))
	for i, c := range imports {
		cmds[i] = c
	}
	return cmds
}

func results(imports []roster.Import, outcomes []roster.Outcome) []ingest.Result {
	list := make([]ingest.Result, len(outcomes))
	for i, o := range outcomes {
		list[i] = ingest.Result{Effect: ingest.EffectOf(imports[i], o.Ops), Err: o.Err}
	}
	return list
}

func (l *localAccount) Export(ctx context.Context, at roster.Moment) (exported, error) {
	if at == (roster.Moment{}) {
		view, err := l.Service.View(ctx, l.org)
		return localExport{view}, err
	}
	version, err := l.Service.Resolve(ctx, l.org, at)
	if err != nil {
		return nil, err
	}
	view, err := l.Service.At(ctx, l.org, version)
	return localExport{view}, err
}

func (l *localAccount) Trim(ctx context.Context, before roster.Moment) (roster.HistoryInfo, error) {
	return l.Service.Trim(ctx, l.org, before)
}

type localExport struct{ ingest.View }

func (localExport) Close() error { return nil }

// missing fails where a command is about what a store has and the store is a file that is not there: a name that was
// mistyped must not become an empty store.
func (a *app) missing(dsn string) error {
	if a.url != "" || a.token != "" || !open.IsMissing(dsn) {
		return nil
	}
	return hint(roster.Errorf(roster.NotFound, "there is no store %s", dsn),
		"--store (or $ROSTER_STORE) names it; `roster org create` and `roster serve` make a new one")
}

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
