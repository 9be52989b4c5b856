package native

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// Webhook is a webhook on the wire, without its secrets.
type Webhook struct {
	ID          roster.ID          `json:"id" required:"yes"`
	Name        string             `json:"name" required:"yes"`
	URL         string             `json:"url" required:"yes"`
	Types       []roster.Type      `json:"types,omitempty" doc:"The types of records it hears of; absent: all it may."`
	Filter      string             `json:"filter,omitempty" doc:"What users must match; hidden if it may name authors."`
	Permissions roster.Permissions `json:"permissions" required:"yes" doc:"What it may hear of."`
	Enabled     bool               `json:"enabled" required:"yes"`
	// DisabledReason is absent where somebody has disabled it.
	DisabledReason string `json:"disabled_reason,omitempty" readonly:"yes" doc:"Why the server has disabled it."`

	Since     roster.Version `json:"since" required:"yes" readonly:"yes" doc:"It hears of later changes."`
	MadeBy    *Maker         `json:"made_by,omitempty" readonly:"yes" doc:"Who answers for it, if no operator."`
	CreatedAt roster.Time    `json:"created_at,omitzero" readonly:"yes"`
	UpdatedAt roster.Time    `json:"updated_at,omitzero" readonly:"yes"`
	Delivery  *Standing      `json:"delivery,omitempty" doc:"Where the delivery stands; only in answers to GET."`
}

// Maker is who made a webhook, or changed it last other than to disable it. It hears of no more than they may read.
type Maker struct {
	Token    roster.ID `json:"token,omitzero"`
	User     roster.ID `json:"user,omitzero" doc:"Whom the token acts as."`
	Name     string    `json:"name" required:"yes" doc:"That of the token then."`
	Instance bool      `json:"instance,omitempty" doc:"Whether it is an instance-wide token."`
}

// NewWebhook is a webhook that was just made, or given another secret.
type NewWebhook struct {
	Webhook
	Secret string `json:"secret,omitempty" doc:"What messages are signed with. It is shown only here."`
}

// WebhookRequest is what a webhook is made from.
type WebhookRequest struct {
	Name        string             `json:"name" required:"yes"`
	URL         string             `json:"url" required:"yes" doc:"Where messages go: an absolute http or https URL."`
	Types       []roster.Type      `json:"types,omitempty" doc:"All that the permissions allow by default."`
	Filter      string             `json:"filter,omitempty" doc:"Every user by default."`
	Permissions roster.Permissions `json:"permissions,omitempty" doc:"users:read by default."`
	Enabled     *bool              `json:"enabled,omitempty" doc:"true by default."`
}

// RotateRequest says what becomes of the secrets that a webhook has.
type RotateRequest struct {
	Until roster.Time `json:"until,omitzero" expect:"a time (RFC 3339)" doc:"When they sign no more; a day from now."`
}

// WebhookList is all webhooks.
type WebhookList list[Webhook]

func wireWebhook(w *roster.Webhook) Webhook {
	var maker *Maker
	if m := w.MadeBy; !m.IsOperator() {
		maker = &Maker{Token: m.Token, User: m.User, Name: m.Name, Instance: m.Instance}
	}
	return Webhook{
		ID: w.ID, Name: w.Name, URL: w.URL, Types: w.Types, Filter: w.Filter, Permissions: w.Permissions,
		Enabled: w.Enabled, DisabledReason: w.DisabledReason, Since: w.Since, MadeBy: maker,
		CreatedAt: w.CreatedAt, UpdatedAt: w.UpdatedAt,
	}
}

func webhooks() *resource {
	return &resource{
		typ: roster.TypeWebhook, path: "/webhooks", one: "webhook", many: "webhooks", One: "Webhook", Many: "Webhooks",
		refs: "its id", example: "0190a000-0000-7000-8000-000000000001", wire: Webhook{}, writes: roster.TokensWrite,
		table:     webhookColumns(),
		change:    `{"types":["user"],"enabled":false}`,
		deleteDoc: "Its secrets go with it.",
	}
}

func webhookEndpoints() []dialect.Endpoint {
	k := webhooks()
	all, get, update := k.listEndpoint(WebhookList{}), k.getEndpoint(), k.updateEndpoint()
	all.Needs, all.Volatile, all.Serve = k.writes, true, k.listWebhooks // delivering is no change
	get.Needs, get.Volatile, get.Serve = k.writes, true, k.getWebhook
	update.Description = "Who changes a webhook must have all of its permissions."
	update.Body.Body, update.Serve = WebhookRequest{}, k.updateWebhook
	return []dialect.Endpoint{
		all,
		{
			Method: http.MethodPost, Path: k.path, ID: "createWebhook", Summary: "Create a webhook",
			Description: "It is for the changes after the version that makes it: each is a message to its URL, by " +
				"the Standard Webhooks specification, in order and at least once.",
			Needs: k.writes, Params: []dialect.Param{dryRunParam()},
			Body: &dialect.RequestBody{
				Doc: "What the webhook is to be like.", Body: WebhookRequest{},
				Example: `{"name":"billing","url":"https://billing.example/roster","types":["user"]}`,
			},
			Returns: append([]dialect.Return{wouldBe(NewWebhook{}), tooManyWebhooks()},
				returns(created(NewWebhook{}), badRequest, tooLarge, tooMany)...), Serve: k.createWebhook,
		},
		get, update, k.deleteEndpoint(),
		{
			Method: http.MethodPost, Path: k.recordPath() + ":rotate", ID: "rotateWebhookSecret",
			Summary: "Give a webhook another secret",
			Description: "Messages are signed with the new secret, and with the ones before it as well until their " +
				"time is over.",
			Needs: k.writes, Params: []dialect.Param{k.refParam(), ifMatchParam(), dryRunParam()},
			Body: &dialect.RequestBody{
				Doc: "Until when the present secrets sign along.", Body: RotateRequest{},
				Example: `{"until":"2026-11-30T00:00:00Z"}`,
			},
			Returns: append(returns(ok(NewWebhook{}), badRequest, notFound, notExpected, tooLarge, tooMany),
				tooManySecrets()),
			Serve: k.rotateWebhook,
		},
	}
}

func tooManyWebhooks() dialect.Return {
	return dialect.Return{
		Status: conflict, Body: problem{}, ContentType: problemType, Mark: dialect.Ours, Everywhere: true,
		Doc: "The organization has 100 webhooks, which is the most.",
	}
}

func tooManySecrets() dialect.Return {
	return dialect.Return{
		Status: conflict, Body: problem{}, ContentType: problemType, Mark: dialect.Ours, Everywhere: true,
		Doc: "Five secrets sign, which is the most.",
	}
}

// checkWebhook fails where a webhook could not hear of what it asks for.
func checkWebhook(w *roster.Webhook) error {
	if err := roster.Validate(w); err != nil {
		return err
	}
	_, err := followed(w)
	if e := roster.AsError(err); err != nil && e.Code == roster.Forbidden {
		return roster.FieldErrorf(e.Field, "%s, which the webhook does not have", e.Message)
	}
	return err
}

func (k *resource) createWebhook(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	w, err := parseWebhook(r.Body)
	if err != nil {
		return dialect.Response{}, inBody(err)
	}
	secret, err := r.NewSigningSecret()
	if err != nil {
		return dialect.Response{}, err
	}
	w.Secrets = []roster.WebhookSecret{{Secret: secret}}
	change, err := do(ctx, r, roster.Create{Record: w})
	if err != nil {
		return dialect.Response{}, inBody(err)
	}
	e := createdBy(change.Ops, k.typ)
	return made(r, e, withSecret(e, secret, r)), nil
}

// parseWebhook reads a [WebhookRequest].
func parseWebhook(body []byte) (*roster.Webhook, error) {
	if err := isObject(body); err != nil {
		return nil, err
	}
	record, err := roster.ParseEntity(roster.TypeWebhook, body)
	if err != nil {
		return nil, err
	}
	w := record.(*roster.Webhook) //nolint:forcetypeassert // by its type
	if !w.ID.IsZero() || w.CreatedAt != 0 || w.UpdatedAt != 0 {
		return nil, roster.Errorf(roster.Invalid, "id, created_at and updated_at are set by the server")
	}
	return w, checkWebhook(w)
}

// withSecret answers with a webhook and its newest secret.
func withSecret(e roster.Entity, secret string, r *dialect.Request) dialect.Response {
	response := show(e, r)
	shown, _ := roster.Shown(e, r.Principal.Permissions).(*roster.Webhook)
	w := NewWebhook{Webhook: wireWebhook(shown)}
	if !isDryRun(r) {
		w.Secret = secret
		response.Header = http.Header{"Cache-Control": {"no-store"}}
	}
	response.Body = dialect.JSON(w)
	return response
}

func (k *resource) updateWebhook(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	if err := isObject(r.Body); err != nil {
		return dialect.Response{}, inBody(err)
	}
	e, tags, err := k.named(r)
	if err != nil {
		return dialect.Response{}, err
	}
	if err := changeable(e.(*roster.Webhook), r); err != nil { //nolint:forcetypeassert // by its type
		return dialect.Response{}, err
	}
	patched, err := roster.MergePatch(e, r.Body)
	if err == nil {
		err = checkWebhook(patched.(*roster.Webhook)) //nolint:forcetypeassert // as e
	}
	if err != nil {
		return dialect.Response{}, inBody(err)
	}
	ref := roster.Ref{ID: e.Key().ID}
	return k.changed(ctx, r, roster.Update{Type: k.typ, Ref: ref, Patch: r.Body, IfMatch: tags})
}

// changeable fails with [roster.Forbidden] where a principal does not see the filter of a webhook and asks for more
// than to disable it: that nothing changes, or what is wrong with the whole, would tell of the filter.
func changeable(w *roster.Webhook, r *dialect.Request) error {
	if w.ShowsFilter(r.Principal.Permissions) {
		return nil
	}
	patch := map[string]json.RawMessage{}
	if err := json.Unmarshal(r.Body, &patch); err != nil {
		return roster.Errorf(roster.Invalid, "is not an object: %s", err)
	}
	for name := range patch {
		if name != "enabled" {
			return roster.Errorf(roster.Forbidden, "a webhook with the permission %s can only be disabled by one that "+
				"lacks it", roster.MetadataRead)
		}
	}
	return nil
}

// named returns the record that the path names, and the tags that the request expects it to have.
func (k *resource) named(r *dialect.Request) (roster.Entity, []string, error) {
	ref, tags, err := k.target(r)
	if err != nil {
		return nil, nil, err
	}
	e, err := find(r.View, k.typ, ref)
	return e, tags, err
}

func (k *resource) rotateWebhook(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	e, tags, err := k.named(r)
	if err != nil {
		return dialect.Response{}, err
	}
	body, err := parseBody[RotateRequest](r.Body)
	if err != nil {
		return dialect.Response{}, inBody(err)
	}
	secret, err := r.NewSigningSecret()
	if err != nil {
		return dialect.Response{}, err
	}
	change, err := do(ctx, r, roster.RotateSecret{
		Webhook: e.Key().ID, Secret: secret, Until: body.Until, IfMatch: tags,
	})
	if err != nil {
		return dialect.Response{}, inBody(err)
	}
	return withSecret(leftBy(change.Ops, k.typ), secret, r), nil
}
