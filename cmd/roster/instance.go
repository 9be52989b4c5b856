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

// String returns the flag that names the owner.
func (o *owner) String() string {
	if o.instance {
		return "--instance"
	}
	return "--org " + o.slug
}

// withOwner runs fn with a client of the API over what tokens belong to.
func (a *app) withOwner(ctx context.Context, dsn string, o *owner, fn func(*apiclient.Client) error) error {
	if o.instance {
		return a.withInstance(ctx, dsn, func(api *apiclient.Client) error {
			if org, err := api.Organization(ctx); a.url != "" && err == nil {
				return roster.Errorf(roster.Forbidden,
					"the token is for the organization %q, not instance-wide", org.Slug)
			}
			return fn(api)
		})
	}
	return a.withAPI(ctx, dsn, o.slug, fn)
}

// withInstance runs fn with a client of the API over the instance itself.
func (a *app) withInstance(ctx context.Context, dsn string, fn func(*apiclient.Client) error) error {
	return a.within(ctx, dsn, func(b backend) error {
		instance, err := b.Instance(ctx)
		if err != nil {
			return err
		}
		api, err := instance.API(ctx)
		if err != nil {
			return err
		}
		return fn(api)
	})
}
