package main

import (
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/roster-dev/roster"
	apiclient "github.com/roster-dev/roster/client"
)

// storeFlag adds the flag --store to a command.
func storeFlag(cmd *cobra.Command) *string {
	dsn := cmd.Flags().String("store", "sqlite:roster.db", "where the data is: sqlite:FILE or memory:")
	env(cmd.Flags(), "store")
	return dsn
}

// orgFlag adds the flag --org to a command, which must be given.
func orgFlag(cmd *cobra.Command) *string {
	slug := cmd.Flags().String("org", "", "slug of the organization; with --url the token names it")
	env(cmd.Flags(), "org")
	return slug
}

func (a *app) orgs() *cobra.Command {
	return group(&cobra.Command{Use: "org", Short: "Make, show, change and list organizations"},
		a.orgCreate(), a.orgList(), a.orgShow(), a.orgUpdate())
}

func orgColumns() []string { return []string{"number", "slug", "name", "version", "id", "created_at"} }

func orgRow(o *roster.Organization) row {
	shown := *o
	shown.Next = nil
	return row{&shown, []string{
		strconv.FormatInt(o.Number, 10), o.Slug, o.Name, strconv.FormatInt(int64(o.Version), 10), o.ID.String(),
		o.CreatedAt.String(),
	}}
}

func (a *app) orgCreate() *cobra.Command {
	cmd := &cobra.Command{
		Use: "create --slug SLUG", Short: "Make an organization", Args: exactly(),
		Example: "  roster org create --slug acme --name 'Acme Inc.'",
	}
	dsn, out := storeFlag(cmd), outputFlag(cmd)
	slug := cmd.Flags().String("slug", "", "short name, a DNS label, unique in the store")
	name := cmd.Flags().String("name", "", "name (default: the slug)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := require(cmd, "slug"); err != nil {
			return err
		}
		wanted := roster.Organization{Slug: *slug, Name: *name}
		if wanted.Name == "" {
			wanted.Name = *slug
		}
		return a.within(cmd.Context(), *dsn, func(b backend) error {
			made, err := b.CreateOrg(cmd.Context(), wanted)
			if err != nil {
				return doing("create organization "+*slug, err)
			}
			return out.one(a.out, orgColumns(), orgRow(made))
		})
	}
	return cmd
}

func (a *app) orgList() *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List the organizations by number", Args: exactly()}
	dsn, out := storeFlag(cmd), outputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return a.within(cmd.Context(), *dsn, func(b backend) error {
			orgs, err := b.Orgs(cmd.Context())
			if err != nil {
				return doing("list the organizations", err)
			}
			return out.list(a.out, orgColumns(), func(yield func(row) bool) {
				for _, o := range orgs {
					if !yield(orgRow(o)) {
						return
					}
				}
			})
		})
	}
	return cmd
}

func (a *app) orgShow() *cobra.Command {
	cmd := &cobra.Command{Use: "show SLUG", Short: "Show an organization", Args: exactly("SLUG")}
	dsn, out := storeFlag(cmd), outputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return a.within(cmd.Context(), *dsn, func(b backend) error {
			orgs, err := b.Orgs(cmd.Context())
			if err != nil {
				return doing("find organization "+args[0], err)
			}
			i := slices.IndexFunc(orgs, func(o *roster.Organization) bool { return o.Slug == args[0] })
			if i < 0 {
				return unknownOrg(args[0])
			}
			return out.one(a.out, orgColumns(), orgRow(orgs[i]))
		})
	}
	return cmd
}

func (a *app) orgUpdate() *cobra.Command {
	cmd := &cobra.Command{
		Use: "update --org SLUG", Short: "Change members of an organization; the others stay as they are",
		Args:    exactly(),
		Example: "  roster org update --org acme --brand-name Acme --set 'contracts={\"kaiten\":\"live\"}'",
	}
	dsn, org, out := storeFlag(cmd), orgFlag(cmd), outputFlag(cmd)
	members := memberFlags(cmd, []memberFlag{
		{name: "name", doc: "name"}, {name: "brand_name", doc: "name of the brand"},
	})
	write := changeFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := require(cmd, "org"); err != nil {
			return err
		}
		patch, err := a.patch(cmd, members)
		if err != nil {
			return doing("update the organization", err)
		}
		return a.withAPI(cmd.Context(), *dsn, *org, func(api *apiclient.Client) error {
			changed, err := api.UpdateOrganization(cmd.Context(), patch, write.options()...)
			if err != nil {
				return doing("update the organization", err)
			}
			write.note(a)
			return out.one(a.out, orgColumns(), orgRow(changed))
		})
	}
	return cmd
}

func unknownOrg(slug string) error {
	err := roster.Errorf(roster.NotFound, "there is no organization %q", slug)
	return hint(err, "`roster org list` shows what there is")
}
