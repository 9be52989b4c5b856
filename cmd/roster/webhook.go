package main

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/roster-dev/roster"
	apiclient "github.com/roster-dev/roster/client"
)

func (a *app) webhookCommands() *cobra.Command {
	return group(&cobra.Command{
		Use: "webhook", Short: "Have changes sent to a URL, and see what becomes of that",
		Long: "Each change of the organization is a message to the URL of each webhook, signed by the Standard\n" +
			"Webhooks specification, in order and at least once. A server delivers them, and goes on where it was\n" +
			"when it is started again. Webhooks are named by a UUID.",
	}, a.webhookCreate(), a.webhookShow(), a.webhookUpdate(), a.webhookRotate(), a.webhookDelete(), a.webhookList(),
		a.webhookTest(), a.webhookReplay(), a.webhookDeliveries(), a.webhookRetry())
}

// textsMember is a member with several texts.
type textsMember struct{}

func (textsMember) add(flags *pflag.FlagSet, name, doc string) { flags.StringSlice(name, nil, doc) }

func (textsMember) get(flags *pflag.FlagSet, name string) any {
	value, _ := flags.GetStringSlice(name)
	return value
}

// webhookFlagList are the flags for members of a webhook.
func webhookFlagList() []memberFlag {
	return []memberFlag{
		{name: "name", doc: "what the webhook is for"},
		{name: "url", flag: "to", doc: "where messages go: an absolute http or https URL"},
		{
			name: "types", flag: "type", value: textsMember{},
			doc: "type of the records whose changes are told; may be repeated (default: all that it may hear of)",
		},
		{name: "filter", doc: "what a user must match, as in user list --filter (default: every user)"},
		{
			name: "permissions", flag: "permission", value: textsMember{},
			doc: "what it may hear of, as a token with it may read it; may be repeated (default: users:read)",
		},
		{
			name: "enabled", value: boolMember{},
			doc: "with =false nothing is sent; what happens meanwhile is sent later",
		},
	}
}

// shownWebhook is a webhook as it is shown, with the secret only when that is made.
type shownWebhook struct {
	Secret string `json:"secret,omitempty"`
	apiclient.Webhook
}

func webhookColumns() []string {
	return []string{"id", "name", "url", "enabled", "lag", "last_success_at", "failing_since"}
}

func webhookRow(f format, w *apiclient.Webhook, secret string) row {
	lag, success, failing := "", "", ""
	if d := w.Delivery; d != nil {
		lag, success = strconv.FormatInt(d.Lag, 10), d.LastSuccessAt.String()
		failing = d.FailingSince.String()
	}
	return row{&shownWebhook{secret, *w}, dashes(f,
		w.ID.String(), w.Name, w.URL, strconv.FormatBool(w.Enabled), lag, success, failing,
	)}
}

// showSecret shows a webhook with a secret that was just made.
func (a *app) showSecret(out format, w *apiclient.Webhook, secret string) error {
	r := webhookRow(out, w, secret)
	r.cells = append([]string{secret}, r.cells...)
	return out.one(a.out, append([]string{"secret"}, webhookColumns()...), r)
}

func (a *app) webhookCreate() *cobra.Command {
	cmd := &cobra.Command{
		Use: "create --org SLUG --name NAME --to URL", Short: "Make a webhook and show its secret, once",
		Args:    exactly(),
		Example: "  roster webhook create --org acme --name billing --to https://billing.example/roster --type user",
	}
	dsn, org, out := storeFlag(cmd), orgFlag(cmd), outputFlag(cmd)
	members, write := memberFlags(cmd, webhookFlagList()), writeFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := require(cmd, "org"); err != nil {
			return err
		}
		doc, err := a.document(cmd, members)
		if err != nil {
			return doing("create the webhook", err)
		}
		var wanted apiclient.NewWebhook
		if err := json.Unmarshal(doc, &wanted); err != nil {
			return usage(cmd, "the members of a webhook: %w", err)
		}
		return a.withAPI(cmd.Context(), *dsn, *org, func(api *apiclient.Client) error {
			made, secret, err := api.CreateWebhook(cmd.Context(), wanted, write.options()...)
			if err != nil {
				return doing("create the webhook", err)
			}
			write.note(a)
			return a.showSecret(*out, made, secret)
		})
	}
	return cmd
}

// onWebhook returns a command on one webhook, whose arguments after the id have names.
func (a *app) onWebhook(
	cmd *cobra.Command, names []string,
	call func(cmd *cobra.Command, api *apiclient.Client, id roster.ID, args []string) error,
) *cobra.Command {
	return a.onID(cmd, roster.TypeWebhook, names, call)
}

func (a *app) webhookShow() *cobra.Command {
	cmd := &cobra.Command{
		Use: "show --org SLUG ID", Short: "Show a webhook and where its delivery stands",
		Example: "  roster webhook show --org acme 0190a000-0000-7000-8000-000000000001",
	}
	out, at, show := shownFlags(cmd), asOfFlag(cmd), etagFlag(cmd)
	return a.onWebhook(cmd, nil, func(cmd *cobra.Command, api *apiclient.Client, id roster.ID, _ []string) error {
		w, err := api.Webhook(cmd.Context(), id, append(at.options(), show.tell())...)
		if err != nil {
			return doing("find the webhook", err)
		}
		return show.one(a, out, webhookColumns(), webhookRow(*out, w, ""))
	})
}

func (a *app) webhookUpdate() *cobra.Command {
	cmd := &cobra.Command{
		Use: "update --org SLUG ID", Short: "Change a webhook; what failed before is tried again at once",
		Example: "  roster webhook update --org acme 0190a000-0000-7000-8000-000000000001 --enabled",
	}
	out, members, write := outputFlag(cmd), memberFlags(cmd, webhookFlagList()), changeFlag(cmd)
	return a.onWebhook(cmd, nil, func(cmd *cobra.Command, api *apiclient.Client, id roster.ID, _ []string) error {
		patch, err := a.patch(cmd, members)
		if err != nil {
			return err
		}
		w, err := api.UpdateWebhook(cmd.Context(), id, patch, write.options()...)
		if err != nil {
			return doing("change the webhook", err)
		}
		write.note(a)
		return out.one(a.out, webhookColumns(), webhookRow(*out, w, ""))
	})
}

func (a *app) webhookRotate() *cobra.Command {
	cmd := &cobra.Command{
		Use: "rotate --org SLUG ID", Short: "Give a webhook another secret, and show it, once",
		Long: "Give a webhook another secret. Messages are signed with the one before it as well until its time\n" +
			"is over, so that the receiver can change to the new one meanwhile.",
		Example: "  roster webhook rotate --org acme 0190a000-0000-7000-8000-000000000001 --keep 48h",
	}
	out, write := outputFlag(cmd), changeFlag(cmd)
	keep := cmd.Flags().Duration("keep", 0, "for how long the old secret signs along (default: a day)")
	return a.onWebhook(cmd, nil, func(cmd *cobra.Command, api *apiclient.Client, id roster.ID, _ []string) error {
		until := roster.Time(0)
		if *keep != 0 {
			until = a.time().Add(*keep)
		}
		w, secret, err := api.RotateWebhook(cmd.Context(), id, until, write.options()...)
		if err != nil {
			return doing("rotate the secret", err)
		}
		write.note(a)
		return a.showSecret(*out, w, secret)
	})
}

func (a *app) webhookDelete() *cobra.Command {
	cmd := &cobra.Command{
		Use: "delete --org SLUG ID", Short: "Delete a webhook: nothing is sent to it any more",
		Example: "  roster webhook delete --org acme 0190a000-0000-7000-8000-000000000001",
	}
	write := changeFlag(cmd)
	return a.onWebhook(cmd, nil, func(cmd *cobra.Command, api *apiclient.Client, id roster.ID, _ []string) error {
		if err := api.DeleteWebhook(cmd.Context(), id, write.options()...); err != nil {
			return doing("delete the webhook", err)
		}
		write.note(a)
		return nil
	})
}

func (a *app) webhookList() *cobra.Command {
	return listing[apiclient.Webhook]{
		many: "webhooks", columns: webhookColumns(), all: (*apiclient.Client).Webhooks,
		row: func(f format, w *apiclient.Webhook) row { return webhookRow(f, w, "") },
	}.command(a, &cobra.Command{
		Use: "list --org SLUG", Short: "List the webhooks and where their delivery stands",
		Example: "  roster webhook list --org acme -o jsonl",
	})
}

func (a *app) webhookReplay() *cobra.Command {
	cmd := &cobra.Command{
		Use: "replay --org SLUG ID --since VERSION", Short: "Send again what happened after a version",
		Long: "Send the messages about the changes after a version, in order, with other ids than before. A server\n" +
			"that is running begins at once, and otherwise the next one that is started.",
		Example: "  roster webhook replay --org acme 0190a000-0000-7000-8000-000000000001 --since 17",
	}
	out, write := outputFlag(cmd), asideFlag(cmd)
	write.dryRunFlag(cmd)
	since := cmd.Flags().Int64("since", -1, "the version after which to begin; 0 for everything")
	without(cmd.Flags(), "since")
	return a.onWebhook(cmd, nil, func(cmd *cobra.Command, api *apiclient.Client, id roster.ID, _ []string) error {
		if !cmd.Flags().Changed("since") {
			return usage(cmd, "the flag --since is required")
		}
		w, err := api.ReplayWebhook(cmd.Context(), id, roster.Version(*since), write.options()...)
		if err != nil {
			return doing("replay the webhook", err)
		}
		write.note(a)
		return out.one(a.out, webhookColumns(), webhookRow(*out, w, ""))
	})
}

func attemptCells(t *apiclient.WebhookAttempt) []string {
	status := ""
	if t.Status != 0 {
		status = strconv.Itoa(t.Status)
	}
	return []string{t.At.String(), strconv.FormatBool(t.Succeeded), status, strconv.FormatInt(t.LatencyMS, 10), t.Error}
}

func (a *app) webhookTest() *cobra.Command {
	cmd := &cobra.Command{
		Use: "test --org SLUG ID", Short: "Send a test message to a webhook, and show how that went",
		Long:    "Send a message of the type test, once and now. It fails where the receiver does not accept it.",
		Example: "  roster webhook test --org acme 0190a000-0000-7000-8000-000000000001",
	}
	out, write := outputFlag(cmd), asideFlag(cmd)
	return a.onWebhook(cmd, nil, func(cmd *cobra.Command, api *apiclient.Client, id roster.ID, _ []string) error {
		attempt, err := api.TestWebhook(cmd.Context(), id, write.options()...)
		if err != nil {
			return doing("test the webhook", err)
		}
		columns := []string{"at", "succeeded", "status", "latency_ms", "error"}
		err = out.one(a.out, columns, row{attempt, dashes(*out, attemptCells(attempt)...)})
		if err == nil && !attempt.Succeeded {
			err = fmt.Errorf("test the webhook: %s", attempt.Error)
		}
		return err
	})
}

func deliveryColumns() []string {
	return []string{"id", "version", "state", "attempts", "at", "status", "error"}
}

func deliveryRow(f format, d *apiclient.WebhookDelivery) row {
	last := attemptCells(&d.LastAttempt)
	return row{d, dashes(f, d.ID, strconv.FormatInt(int64(d.Version), 10), string(d.State), strconv.Itoa(d.Attempts),
		last[0], last[2], last[4])}
}

func (a *app) webhookDeliveries() *cobra.Command {
	cmd := &cobra.Command{
		Use: "deliveries --org SLUG ID", Short: "Show what has become of the last messages to a webhook",
		Long: "Show the message that is being retried, the last 100 that were delivered, and the last 1000 that\n" +
			"were given up (dead), the last message first.",
		Example: "  roster webhook deliveries --org acme 0190a000-0000-7000-8000-000000000001 --state dead",
	}
	out := shownFlags(cmd)
	state := cmd.Flags().String("state", "", "only those that are delivered, retrying or dead (default: all)")
	limit := cmd.Flags().Int("limit", 100, "how many to show at the most; 0 for all")
	return a.onWebhook(cmd, nil, func(cmd *cobra.Command, api *apiclient.Client, id roster.ID, _ []string) error {
		o := apiclient.DeliveryOptions{State: roster.DeliveryState(*state), PageSize: min(*limit, 1000)}
		all := only(*limit, api.WebhookDeliveries(cmd.Context(), id, o))
		err := listOf(*out, a.out, deliveryColumns(), all, func(d *apiclient.WebhookDelivery) row {
			return deliveryRow(*out, d)
		})
		return doing("list the deliveries", err)
	})
}

func (a *app) webhookRetry() *cobra.Command {
	cmd := &cobra.Command{
		Use: "retry --org SLUG ID MESSAGE", Short: "Send a message again that was given up, once and now",
		Example: "  roster webhook retry --org acme 0190a000-0000-7000-8000-000000000001 \\\n" +
			"    msg_0190a000-0000-7000-8000-000000000001_17",
	}
	out, write := outputFlag(cmd), asideFlag(cmd)
	write.dryRunFlag(cmd)
	return a.onWebhook(cmd, []string{"MESSAGE"}, func(
		cmd *cobra.Command, api *apiclient.Client, id roster.ID, args []string,
	) error {
		d, err := api.RetryDelivery(cmd.Context(), id, args[0], write.options()...)
		if err != nil {
			err = doing("send the message again", err)
			if roster.CodeOf(err) == roster.NotFound {
				err = hint(err, "`roster webhook deliveries %s` shows the messages", id)
			}
			return err
		}
		err = out.one(a.out, deliveryColumns(), deliveryRow(*out, d))
		write.note(a)
		if err == nil && d.State != roster.Delivered && !write.dryRun {
			err = fmt.Errorf("send the message again: %s", d.LastAttempt.Error)
		}
		return err
	})
}
