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
	if a.url == "" || a.token == "" {
		return nil, usageError{message: "--url and --token need each other"}
	}
	c, err := apiclient.New(a.url, a.token, &http.Client{})
	return &remote{c}, err
}

func (r *remote) Close() error { return nil }

// Orgs returns the one organization that the token can reach.
func (r *remote) Orgs(ctx context.Context) ([]*roster.Organization, error) {
	org, err := r.Organization(ctx)
	if err != nil {
		return nil, err
	}
	return []*roster.Organization{org}, nil
}

func (r *remote) CreateOrg(context.Context, roster.Organization) (*roster.Organization, error) {
	return nil, roster.Errorf(roster.Forbidden, "a token belongs to one organization and can't make others; "+
		"stop the server and make the organization with --store")
}

func (r *remote) Account(ctx context.Context, slug string) (account, error) {
	org, err := r.Organization(ctx)
	if err != nil {
		return nil, doing("find the organization", err)
	}
	if slug != "" && org.Slug != slug {
		return nil, roster.Errorf(roster.NotFound, "the token is for the organization %q, not %q", org.Slug, slug)
	}
	return remoteAccount{r.Client}, nil
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
