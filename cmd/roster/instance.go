package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/roster-dev/roster"
	apiclient "github.com/roster-dev/roster/client"
)

// owner is what tokens belong to: an organization, or the instance itself.
type owner struct {
	slug     string
	instance bool
}

// ownerFlags adds the flags --org and --instance to a command, of which one must be given.
func ownerFlags(cmd *cobra.Command) *owner {
	o := &owner{}
	cmd.Flags().StringVar(&o.slug, "org", "",
		"slug of the organization; with --url the token names it, unless it is instance-wide")
	cmd.Flags().BoolVar(&o.instance, "instance", false,
		"in the place of --org: the instance itself, whose tokens reach every organization")
	env(cmd.Flags(), "org")
	return o
}

// require fails where a flag is missing.
func (o *owner) require(cmd *cobra.Command, others ...string) error {
	if o.instance {
		if cmd.Flags().Changed("org") {
			return usage(cmd, "--org and --instance exclude each other")
		}
		o.slug = ""
		return require(cmd, others...)
	}
	return require(cmd, append([]string{"org"}, others...)...)
}

// String returns what follows a command that is about the same owner.
func (o *owner) String() string {
	switch {
	case o.instance:
		return " --instance"
	case o.slug != "":
		return " --org " + o.slug
	default:
		return ""
	}
}

// inOwner runs fn on the organization, or the instance itself, that the command's flags name.
func (a *app) inOwner(ctx context.Context, dsn string, o *owner, fn func(account) error) error {
	if !o.instance {
		return a.inAccount(ctx, dsn, o.slug, fn)
	}
	return a.inInstance(ctx, dsn, func(instance account) error {
		api, err := instance.API(ctx)
		if err != nil {
			return err
		}
		if org, err := api.Organization(ctx); a.url != "" && err == nil {
			return roster.Errorf(roster.Forbidden,
				"the token is for the organization %q, not instance-wide", org.Slug)
		}
		return fn(instance)
	})
}

// withOwner runs fn with a client of the API over what tokens belong to.
func (a *app) withOwner(ctx context.Context, dsn string, o *owner, fn func(*apiclient.Client) error) error {
	return a.inOwner(ctx, dsn, o, calling(ctx, fn))
}

// inInstance runs fn on the instance itself.
func (a *app) inInstance(ctx context.Context, dsn string, fn func(account) error) error {
	return a.within(ctx, dsn, func(b backend) error {
		instance, err := b.Instance(ctx)
		if err != nil {
			return err
		}
		return fn(instance)
	})
}

// withInstance runs fn with a client of the API over the instance itself.
func (a *app) withInstance(ctx context.Context, dsn string, fn func(*apiclient.Client) error) error {
	return a.inInstance(ctx, dsn, calling(ctx, fn))
}

// calling makes a function of a client of the API one of an account.
func calling(ctx context.Context, fn func(*apiclient.Client) error) func(account) error {
	return func(in account) error {
		api, err := in.API(ctx)
		if err != nil {
			return err
		}
		return fn(api)
	}
}
