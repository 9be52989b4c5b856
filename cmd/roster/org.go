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
	return group(&cobra.Command{Use: "org", Short: "Make, show, change, list, delete and restore organizations"},
		a.orgCreate(), a.orgList(), a.orgGet(), a.orgUpdate(), a.orgDelete(), a.orgUndelete())
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

func deletedOrgRow(o *roster.Organization) row {
	r := orgRow(o)
	r.cells = append(r.cells, o.DeletedAt.String(), o.PurgeAt.String())
	return r
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
		Long: "List the organizations by number: with --url those that the token can reach. With --deleted list\n" +
			"those that were deleted and can be restored, for which --url needs an instance-wide token.",
		Example: "  roster org list -o jsonl\n  roster org list --deleted",
	}
	dsn, out, which := storeFlag(cmd), shownFlags(cmd), choiceFlags(cmd, "organizations")
	deleted := cmd.Flags().Bool("deleted", false, "those that were deleted and can be restored")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return a.withInstance(cmd.Context(), *dsn, func(api *apiclient.Client) error {
			if o := which.options(asOf{}); len(o.Facets) > 0 {
				list := "orgs"
				if *deleted {
					list = "deleted-orgs"
				}
				return doing("count the organizations", a.showCounts(cmd.Context(), api, []string{list}, o, *out))
			}
			if *deleted {
				orgs := api.DeletedOrganizations(cmd.Context(), which.options(asOf{}))
				columns := append(orgColumns(), "deleted_at", "purge_at")
				return doing("list the deleted organizations", listOf(*out, a.out, columns, orgs, deletedOrgRow))
			}
			orgs := api.Organizations(cmd.Context(), which.options(asOf{}))
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
		Use: "delete SLUG --yes", Short: "Delete an organization, with all that it has",
		Long: "Delete an organization: nothing of it is found, and its tokens do not count. `roster org undelete`\n" +
			"restores all of it. After the server's --deleted-kept it is removed for good, with its history and its\n" +
			"audit; the audit of the instance says so. With --url it needs an instance-wide token.",
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

func (a *app) orgUndelete() *cobra.Command {
	cmd := &cobra.Command{
		Use: "undelete SLUG", Short: "Restore a deleted organization, with all that it has",
		Long: "Restore a deleted organization: its users, its tokens and all else are as they were. With --url it\n" +
			"needs an instance-wide token.",
		Args: exactly("SLUG"), Example: "  roster org undelete acme",
	}
	dsn, out := storeFlag(cmd), outputFlag(cmd)
	write := changeFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return a.withInstance(cmd.Context(), *dsn, func(api *apiclient.Client) error {
			org, err := api.UndeleteOrganization(cmd.Context(), args[0], write.options()...)
			if err != nil {
				err = doing("restore organization "+args[0], err)
				return hint(err, "`roster org list --deleted` shows what can be restored")
			}
			write.note(a)
			return out.one(a.out, orgColumns(), orgRow(org))
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
