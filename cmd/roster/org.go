package main

import (
	"strconv"

	"github.com/spf13/cobra"

	"github.com/roster-dev/roster"
	apiclient "github.com/roster-dev/roster/client"
)

// storeFlag adds the flag --store to a command.
func storeFlag(cmd *cobra.Command) *string {
	dsn := cmd.Flags().String("store", "sqlite:roster.db",
		"where the data is: sqlite:FILE, memory: or postgres://USER:PASSWORD@HOST/DATABASE")
	env(cmd.Flags(), "store")
	return dsn
}

// orgFlag adds the flag --org to a command, which must be given.
func orgFlag(cmd *cobra.Command) *string {
	slug := cmd.Flags().String("org", "",
		"slug of the organization; with --url the token names it, unless it is instance-wide")
	env(cmd.Flags(), "org")
	return slug
}

func (a *app) orgs() *cobra.Command {
	return group(&cobra.Command{Use: "org", Short: "Make, show, change, list and delete organizations"},
		a.orgCreate(), a.orgList(), a.orgGet(), a.orgUpdate(), a.orgDelete())
}

func orgColumns() []string { return []string{"number", "slug", "name", "version", "id", "created_at"} }

func orgRow(o *roster.Organization) row {
	shown := *o
	shown.Next = roster.Numbers{}
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
	write := writeFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := require(cmd, "slug"); err != nil {
			return err
		}
		wanted := roster.Organization{Slug: *slug, Name: *name}
		if wanted.Name == "" {
			wanted.Name = *slug
		}
		return a.withInstance(cmd.Context(), *dsn, func(api *apiclient.Client) error {
			made, err := api.CreateOrganization(cmd.Context(), &wanted, write.options()...)
			if err != nil {
				return doing("create organization "+*slug, err)
			}
			write.note(a)
			return out.one(a.out, orgColumns(), orgRow(made))
		})
	}
	return cmd
}

func (a *app) orgList() *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Short: "List the organizations by number", Args: exactly(),
		Long:    "List the organizations by number: with --url those that the token can reach.",
		Example: "  roster org list -o jsonl",
	}
	dsn, out := storeFlag(cmd), shownFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return a.withInstance(cmd.Context(), *dsn, func(api *apiclient.Client) error {
			orgs := api.Organizations(cmd.Context(), apiclient.ListOptions{})
			return doing("list the organizations", listOf(*out, a.out, orgColumns(), orgs, orgRow))
		})
	}
	return cmd
}

func (a *app) orgGet() *cobra.Command {
	cmd := &cobra.Command{
		Use: "get SLUG", Short: "Show an organization", Args: exactly("SLUG"),
		Example: "  roster org get acme -o json",
	}
	dsn, out, at := storeFlag(cmd), shownFlags(cmd), asOfFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return a.withAPI(cmd.Context(), *dsn, args[0], func(api *apiclient.Client) error {
			org, err := api.Organization(cmd.Context(), at.options()...)
			if err != nil {
				return doing("find organization "+args[0], err)
			}
			return out.one(a.out, orgColumns(), orgRow(org))
		})
	}
	return cmd
}

func (a *app) orgDelete() *cobra.Command {
	cmd := &cobra.Command{
		Use: "delete SLUG --yes", Short: "Delete an organization for good, with all that it has",
		Long: "Delete an organization for good, with its users, its history and its audit. The audit of the\n" +
			"instance says by whom. With --url it needs an instance-wide token.",
		Args: exactly("SLUG"), Example: "  roster org delete acme --yes --reason 'the contract ended'",
	}
	dsn := storeFlag(cmd)
	yes := cmd.Flags().Bool("yes", false, "really delete it")
	write := changeFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if !*yes && !write.dryRun {
			return usage(cmd, "nothing is deleted without --yes")
		}
		return a.withInstance(cmd.Context(), *dsn, func(api *apiclient.Client) error {
			if err := api.DeleteOrganization(cmd.Context(), args[0], write.options()...); err != nil {
				return hint(doing("delete organization "+args[0], err), "`roster org list` shows what there is")
			}
			write.note(a)
			return nil
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
