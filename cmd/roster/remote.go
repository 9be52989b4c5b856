package main

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/roster-dev/roster"
	apiclient "github.com/roster-dev/roster/client"
	"github.com/roster-dev/roster/internal/ingest"
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

// Importer sends as few requests as the limits of one allow. Each is atomic by itself: where a later one fails, the
// earlier ones stay, as the batches of an import do. In a dry run a request knows nothing of what those before it would
// have made.
func (r remoteAccount) Importer(_ context.Context, dryRun bool) (ingest.Importer, error) {
	return ingest.Importer{Apply: func(ctx context.Context, imports []roster.Import) ([]ingest.Result, error) {
		results := make([]ingest.Result, 0, len(imports))
		for len(results) < len(imports) {
			lines, n, err := body(imports[len(results):])
			if err != nil {
				return nil, err
			}
			o := apiclient.ImportOptions{OnConflict: imports[len(results)].OnConflict, DryRun: dryRun}
			answer, err := r.Import(ctx, lines, o)
			if err != nil {
				return nil, err
			}
			if len(answer.Lines) != n {
				return nil, fmt.Errorf("the server answered %d of %d lines", len(answer.Lines), n)
			}
			for _, line := range answer.Lines {
				results = append(results, remoteResult(line))
			}
		}
		return results, nil
	}}, nil
}

// body returns the lines of the first n imports: as many as there are with one OnConflict and as a request can have.
func body(imports []roster.Import) (lines []byte, n int, err error) {
	for _, c := range imports[:min(len(imports), apiclient.MaxImportLines)] {
		doc := c.Patch
		if doc == nil {
			if doc, err = roster.EncodeEntity(c.Record); err != nil {
				return nil, 0, err
			}
		}
		line, err := typedLine(c.Record.Key().Type, doc)
		if err != nil {
			return nil, 0, err
		}
		if n > 0 && (c.OnConflict != imports[0].OnConflict || len(lines)+len(line) > apiclient.MaxImportBytes) {
			break
		}
		lines = append(lines, line...)
		n++
	}
	return lines, n, nil
}

// typedLine returns the document of a record as a line of JSON Lines.
func typedLine(t roster.Type, doc []byte) ([]byte, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(doc, &members); err != nil {
		return nil, fmt.Errorf("read a record again: %w", err)
	}
	members["type"] = []byte(`"` + t + `"`)
	line, err := json.Marshal(members)
	return append(line, '\n'), err
}

func remoteResult(line apiclient.ImportedLine) ingest.Result {
	if line.Err != nil {
		return ingest.Result{Err: line.Err}
	}
	switch line.Outcome {
	case "created":
		return ingest.Result{Effect: ingest.Created}
	case "updated":
		return ingest.Result{Effect: ingest.Updated}
	case "skipped":
		return ingest.Result{Effect: ingest.Skipped}
	default:
		return ingest.Result{Effect: ingest.Unchanged}
	}
}

func (r remoteAccount) AuditEntries(
	ctx context.Context, q roster.EntryQuery,
) iter.Seq2[apiclient.AuditEntry, error] {
	return r.Client.AuditEntries(ctx, q)
}

func (r remoteAccount) AuditEntry(ctx context.Context, seq int64) (apiclient.AuditEntry, error) {
	return r.Client.AuditEntry(ctx, seq)
}
