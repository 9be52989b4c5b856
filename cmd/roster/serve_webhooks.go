package main

import (
	"log/slog"
	"strconv"

	"github.com/spf13/pflag"

	"github.com/roster-dev/roster/internal/dialect/native"
	"github.com/roster-dev/roster/internal/directory"
	"github.com/roster-dev/roster/internal/trace"
	"github.com/roster-dev/roster/internal/webhook"
)

// webhookFlags say where messages to webhooks may go.
type webhookFlags struct {
	allowPrivate bool
	tracer       trace.Tracer // nil for none
}

func (f *webhookFlags) add(flags *pflag.FlagSet) {
	flags.BoolVar(&f.allowPrivate, "webhook-allow-private", false,
		"send messages to webhooks at private and loopback addresses, too: whoever may make one can then reach\n"+
			"what only this machine should")
	env(flags, "webhook-allow-private")
}

// webhookFlags returns what the environment says to a command that has no flags about webhooks.
func (a *app) webhookFlags() webhookFlags {
	allow, _ := strconv.ParseBool(a.getenv("ROSTER_WEBHOOK_ALLOW_PRIVATE"))
	return webhookFlags{allowPrivate: allow}
}

// newWebhooks returns what delivers the changes of a directory once it is run.
func (a *app) newWebhooks(d *directory.Service, f webhookFlags, log *slog.Logger) *webhook.Node {
	return webhook.NewNode(webhook.Config{
		Log: d, Keeper: d, Form: native.Messages{}, Transport: webhook.NewTransport(f.allowPrivate),
		Now: a.now, NewID: a.newID, Agent: "Roster/" + software(), Logger: log, Tracer: f.tracer, Poll: pollOf(d),
	})
}
