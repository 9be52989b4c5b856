package main

import (
	"context"

	"github.com/spf13/pflag"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/auth"
	"github.com/roster-dev/roster/internal/directory"
)

// docsFlags say what browsers get to read.
type docsFlags struct {
	on bool
	// try is the slug of the organization that whoever reads can ask about; "" for none.
	try string
}

func (f *docsFlags) add(flags *pflag.FlagSet) {
	flags.BoolVar(&f.on, "docs", true, "serve the documentation to browsers, below /docs/")
	env(flags, "docs")
}

// addTry is for servers whose data may be anybody's.
func (f *docsFlags) addTry(flags *pflag.FlagSet) {
	flags.StringVar(&f.try, "docs-try", "",
		"slug of an organization that everybody who reaches /docs/ can read, without a token of their own:\n"+
			"the pages get tokens that count for 15 minutes and write nothing (default: none)")
	env(flags, "docs-try")
}

// visitors returns whom pages ask for, nil for nobody. It fails with [roster.Invalid] where there is no such
// organization.
func (s *service) visitors(ctx context.Context, d *directory.Service) (*auth.Visitors, error) {
	if s.docs.try == "" || !s.docs.on {
		return nil, nil
	}
	org, err := d.OrgBySlug(ctx, s.docs.try)
	if roster.CodeOf(err) == roster.NotFound {
		return nil, roster.FieldErrorf("--docs-try", "there is no organization %q", s.docs.try)
	}
	if err != nil {
		return nil, err
	}
	key, err := s.sharedSecret(ctx, d, "tokens of visitors")
	if err != nil {
		return nil, err
	}
	return auth.NewVisitors(org.ID, key, s.time), nil
}
