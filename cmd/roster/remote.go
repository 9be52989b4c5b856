package main

import (
	"context"
	"iter"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/roster-dev/roster"
	apiclient "github.com/roster-dev/roster/client"
)

// remoteFlags adds --url and --token to every command.
func (a *app) remoteFlags(root *cobra.Command) {
	flags := root.PersistentFlags()
	flags.StringVar(&a.url, "url", "", "URL of a server that the command is for, instead of --store")
	flags.StringVar(&a.token, "token", "", "secret of the token to use with --url; better given by the variable")
	env(flags, "url", "token")
}

// remote is a backend on a server, which lets a command do what its token may.
type remote struct{ *apiclient.Client }

func (a *app) openRemote() (*remote, error) {
	switch {
	case a.url == "":
		return nil, usageError{message: "--token (or $ROSTER_TOKEN) is for a server, but none is named: " +
			"give --url (or $ROSTER_URL), or leave the token out to use --store"}
	case a.token == "":
		return nil, usageError{message: "the server at --url (or $ROSTER_URL) needs a token: " +
			"give --token (or $ROSTER_TOKEN)"}
	}
	c, err := apiclient.New(a.url, a.token, &http.Client{})
	return &remote{c}, err
}

func (r *remote) Close() error { return nil }

func (r *remote) Instance(context.Context) (account, error) { return remoteAccount{r.Client}, nil }

// Account asks below the name of the organization, if there is one; otherwise the token names it.
func (r *remote) Account(ctx context.Context, slug string) (account, error) {
	in := r.Client
	if slug != "" {
		in = r.In(slug)
	}
	_, err := in.Organization(ctx)
	if slug == "" && roster.CodeOf(err) == roster.Forbidden {
		err = hint(doing("find the organization", err), "with an instance-wide token --org SLUG names it")
		return nil, err
	}
	if slug == "" || roster.CodeOf(err) != roster.NotFound {
		return remoteAccount{in}, doing("find the organization", err)
	}
	if own, other := r.Organization(ctx); other == nil {
		return nil, roster.Errorf(roster.NotFound, "the token is for the organization %q, not %q", own.Slug, slug)
	}
	return nil, unknownOrg(slug)
}

type remoteAccount struct{ *apiclient.Client }

func (r remoteAccount) API(context.Context) (*apiclient.Client, error) { return r.Client, nil }

// RunJobs implements account: the server carries its jobs out.
func (r remoteAccount) RunJobs(context.Context) {}

func (r remoteAccount) AuditEntries(
	ctx context.Context, q roster.EntryQuery,
) iter.Seq2[apiclient.AuditEntry, error] {
	return r.Client.AuditEntries(ctx, q)
}

func (r remoteAccount) AuditEntry(ctx context.Context, seq int64) (apiclient.AuditEntry, error) {
	return r.Client.AuditEntry(ctx, seq)
}
