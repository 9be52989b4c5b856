package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/demo"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/dialect/all"
	"github.com/roster-dev/roster/internal/emulate"
	"github.com/roster-dev/roster/internal/store"
	"github.com/roster-dev/roster/internal/web"
)

func (a *app) demo() *cobra.Command {
	cmd := &cobra.Command{
		Use: "demo", Short: "Serve made-up users from memory, with tokens and curl lines to try", Args: exactly(),
		Long: "Serve a made-up organization from memory until Ctrl-C. Standard output has a token and a curl\n" +
			"line for each dialect, to paste into another terminal. Nothing is kept.",
	}
	f := &serveFlags{}
	f.add(cmd)
	users := cmd.Flags().Int("users", 10_000, "how many users to make up")
	seed := cmd.Flags().Uint64("seed", 1, "what the data follows from: the same seed makes the same users")
	env(cmd.Flags(), "users", "seed")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		f.docs.try = demo.Organization().Slug
		s, err := a.newService(f)
		if err != nil {
			return misused(cmd, err)
		}
		return s.runDemo(cmd.Context(), demo.New(*seed, *users))
	}
	return cmd
}

func (s *service) runDemo(ctx context.Context, g *demo.Generator) (err error) {
	l, err := s.openStore(ctx, "memory:", s.keep)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	if err := s.seed(ctx, l.store, g); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "roster-demo-")
	if err != nil {
		return fmt.Errorf("make a folder for the signing key: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	intro := demoIntro{org: demo.Organization(), keyFile: filepath.Join(dir, "client.pem")}
	key, client := g.SigningKey()
	intro.client = client
	if err := emulate.WriteKey(intro.keyFile, key); err != nil {
		return err
	}
	api, err := (&localAccount{l, intro.org.ID}).API(ctx)
	if err != nil {
		return err
	}
	token, err := s.makeToken(ctx, api, intro.org.Slug, &tokenFlags{
		name: "demo", kind: string(roster.TokenAccount), permissions: []string{
			string(roster.UsersRead), string(roster.MetadataRead), string(roster.MembersAdmin),
		},
	})
	if err != nil {
		return doing("create a token", err)
	}
	intro.secret = token.Secret
	return s.run(ctx, l.Service, func(baseURL string) error {
		intro.baseURL, intro.docs = baseURL, s.docs.on
		return intro.print(s.out)
	})
}

// seed puts the records of a generator into an empty store.
func (s *service) seed(ctx context.Context, into store.Store, g *demo.Generator) error {
	return emulate.Fill(ctx, into, s.random, g.Entities())
}

// seedOnce makes the demo organization unless the store has it.
func (s *service) seedOnce(ctx context.Context, l *local, g *demo.Generator) error {
	_, err := l.OrgBySlug(ctx, demo.Organization().Slug)
	if roster.CodeOf(err) != roster.NotFound {
		return err
	}
	if err := s.seed(ctx, l.store, g); err != nil {
		return err
	}
	s.log.InfoContext(ctx, "made the demo organization", "slug", demo.Organization().Slug)
	return nil
}

// demoIntro is what a demo tells its user.
type demoIntro struct {
	baseURL, secret, keyFile string
	docs                     bool // whether there are pages for browsers
	org                      *roster.Organization
	client                   roster.ID
}

func (i *demoIntro) print(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Serving %s on %s until Ctrl-C.\n", i.org.Name, i.baseURL)
	if i.docs {
		fmt.Fprintf(&b, "Open %s%s to read and try them, or paste a line into another terminal:\n", i.baseURL, web.Root)
	} else {
		b.WriteString("Paste a line into another terminal:\n")
	}
	for _, d := range all.Dialects() {
		path := d.Mount() + emulate.FirstPath(d)
		fmt.Fprintf(&b, "\n# %s\n", d.Title)
		for _, scheme := range d.Schemes {
			fmt.Fprintln(&b, i.line(scheme, path))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// line returns a shell line that sends a request with a credential.
func (i *demoIntro) line(s dialect.Scheme, path string) string {
	switch s.Kind {
	case dialect.HeaderKey:
		return fmt.Sprintf("curl -sS -H '%s: %s' '%s%s'", s.Header, i.secret, i.baseURL, path)
	case dialect.HTTPSignature:
		return emulate.Signed(i.client.String(), i.keyFile, i.baseURL, path)
	default:
		return fmt.Sprintf("curl -sS -H 'Authorization: Bearer %s' '%s%s'", i.secret, i.baseURL, path)
	}
}
