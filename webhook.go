package roster

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
)

// Webhook is a wish to be told of the changes of an organization: each is sent to a URL, signed.
type Webhook struct {
	ID   ID     `json:"id"`
	Name string `json:"name"`
	// URL is an absolute http or https URL without a user and a fragment.
	URL string `json:"url"`
	// Types are the types of the records whose changes are told; empty means all that Permissions allow.
	Types []Type `json:"types,omitempty"`
	// Filter is what a user must match for changes of it to be told, in the language of lists; "" means every user.
	Filter string `json:"filter,omitempty"`
	// Permissions say what the URL may be told, as a token with them might read it. They are never more than those of
	// who made or changed the webhook; without any a webhook has users:read.
	Permissions Permissions `json:"permissions"`
	// MadeBy is who made the webhook, or changed it last other than to disable it. The URL is told no more than they
	// may read at the time, and nothing once they may not read anything: see [Webhook.Entitled]. None is the operator.
	MadeBy Sponsor `json:"made_by,omitzero" input:"ignore"`
	// Enabled is false for a webhook that is told nothing for the time being; it misses nothing thereby.
	Enabled bool `json:"enabled"`
	// DisabledReason is why [Disable] has disabled it, "" for one that is enabled or was disabled by an update.
	DisabledReason string `json:"disabled_reason,omitempty" input:"ignore"`
	// Since is the version after which changes are told: that of the webhook's creation.
	Since     Version `json:"since" input:"ignore"`
	CreatedAt Time    `json:"created_at,omitzero" readonly:"yes"`
	UpdatedAt Time    `json:"updated_at,omitzero" readonly:"yes"`
	// Secrets are what messages are signed with, the newest first. They are kept in clear because signing needs them,
	// and stay inside: no API shows one again.
	Secrets []WebhookSecret `json:"signing_secrets,omitempty" input:"refuse"`
}

// WebhookSecret is a secret that messages are signed with.
type WebhookSecret struct {
	Secret string `json:"secret"`
	// Until is the first instant at which it signs no more; none means that it signs on.
	Until Time `json:"until,omitzero"`
}

// Key implements [Entity].
func (w *Webhook) Key() Key { return Key{TypeWebhook, w.ID} }

// Keys implements [Entity].
func (w *Webhook) Keys() Keys { return Keys{} }

// ShowsFilter reports whether those with some permissions see the filter of the webhook, which may name authors where
// the webhook may hear of them.
func (w *Webhook) ShowsFilter(by Permissions) bool {
	return by.Has(MetadataRead) || !w.Permissions.Has(MetadataRead)
}

// Signing returns the secrets that sign at an instant, the newest first.
func (w *Webhook) Signing(now Time) []string {
	var secrets []string
	for _, s := range w.Secrets {
		if s.Until == 0 || now < s.Until {
			secrets = append(secrets, s.Secret)
		}
	}
	return secrets
}

// webhookSecretPrefix marks the secrets of webhooks by the Standard Webhooks specification.
const webhookSecretPrefix = "whsec_"

// NewWebhookSecret returns a secret for a webhook: "whsec_" and 32 bytes read from random in base64. It fails only when
// random does.
func NewWebhookSecret(random io.Reader) (string, error) {
	var b [32]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", fmt.Errorf("make a secret: %w", err)
	}
	return webhookSecretPrefix + base64.StdEncoding.EncodeToString(b[:]), nil
}

// wellFormedWebhookSecret reports whether s is of the form of the specification: 24 to 64 bytes after the prefix.
func wellFormedWebhookSecret(s string) bool {
	encoded, ok := strings.CutPrefix(s, webhookSecretPrefix)
	key, err := base64.StdEncoding.DecodeString(encoded)
	return ok && err == nil && len(key) >= 24 && len(key) <= 64
}

// RotateSecret gives a webhook a new secret. The ones before it sign along until an instant, a day from now where none
// is given, but no longer than they did already; [Decide] forgets those whose time is over.
type RotateSecret struct {
	Webhook ID
	Secret  string
	Until   Time
	// IfMatch is as that of [Update].
	IfMatch []string
}

// Disable disables a webhook for a reason that its record then has. For one that is disabled it does nothing.
type Disable struct {
	Webhook ID
	Reason  string
}

func (RotateSecret) command() {}
func (Disable) command()      {}

func (v *validator) webhook(w *Webhook) {
	v.required("name", w.Name)
	v.required("url", w.URL)
	if w.URL != "" {
		v.check(isEndpoint(w.URL), "url",
			"must be an absolute http or https URL without a user and a fragment, not %s", quote(w.URL))
	}
	for i, t := range w.Types {
		if !slices.Contains(Types(), t) {
			known := strings.Split(typeNames(), ", ")
			v.faults = append(v.faults, NotOneOf(fmt.Sprintf("types[%d]", i), string(t), known))
		}
	}
	v.check(w.Filter == "" || len(w.Types) == 0 || slices.Contains(w.Types, TypeUser), "filter",
		"is about users, whom types leaves out")
	v.permissions(w.Permissions)
	for i, s := range w.Secrets {
		v.check(wellFormedWebhookSecret(s.Secret), fmt.Sprintf("signing_secrets[%d]", i), "must be whsec_ and base64")
	}
}

func isEndpoint(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && u.User == nil &&
		u.Fragment == ""
}

// settleWebhook checks that a webhook is told nothing that its maker may not read.
func (d *decider) settleWebhook(before Entity, w *Webhook) error {
	if before == nil {
		if len(w.Secrets) == 0 {
			return FieldErrorf("secret", "is required")
		}
		w.Since = d.Version() + 1
		if err := d.roomForWebhook(); err != nil {
			return err
		}
	}
	if len(w.Permissions) == 0 {
		w.Permissions = Permissions{UsersRead}
	}
	if w.Enabled {
		w.DisabledReason = ""
	}
	if before != nil && onlyDisables(before.(*Webhook), w) {
		return nil // whoever may change webhooks at all may stop one
	}
	for _, p := range w.Permissions {
		if !d.By.Permissions.Has(p) {
			return Errorf(Forbidden, "a webhook can't be given the permission %s by one that lacks it", p)
		}
	}
	w.MadeBy = d.By.Sponsor()
	w.MadeBy.Request, w.MadeBy.Reason = ID{}, ""
	if !w.MadeBy.Token.IsZero() || w.MadeBy.IsOperator() {
		w.MadeBy.Permissions = nil // those that it has at the time count
	}
	if w.MadeBy.IsOperator() {
		w.MadeBy = Sponsor{}
	}
	return d.unlimited()
}

// onlyDisables reports whether a change of a webhook does nothing but disable it.
func onlyDisables(before, after *Webhook) bool {
	disabled := *before
	disabled.Enabled, disabled.DisabledReason = false, after.DisabledReason
	return before.Enabled && sameRecord(&disabled, after)
}

// Entitled returns the permissions that the webhook has at a time: those that its maker has then, too. It fails with
// [Conflict] where that leaves nothing, because the maker does not count any more or has lost them, and with [NotFound]
// where the organization was deleted.
func (w *Webhook) Entitled(org ID, now Time, find Lookup) (Permissions, error) {
	e, err := find(org, TypeOrganization, org)
	if err != nil {
		return nil, err
	}
	if o, ok := e.(*Organization); ok && o.IsDeleted() {
		return nil, noOrganization()
	}
	has := w.Permissions
	if len(has) == 0 {
		has = Permissions{UsersRead}
	}
	if w.MadeBy.IsOperator() {
		return has, nil
	}
	by, err := w.MadeBy.Present(org, now, find)
	if CodeOf(err) == Unauthenticated {
		return nil, Errorf(Conflict, "%s", AsError(err).Message)
	}
	if err != nil {
		return nil, err
	}
	var both Permissions
	for _, p := range AllPermissions() {
		if has.Has(p) && by.Permissions.Has(p) {
			both = append(both, p)
		}
	}
	if len(both) == 0 {
		return nil, Errorf(Conflict, "the token that asked for it has none of its permissions any more")
	}
	return both, nil
}

// MaxWebhooks is how many webhooks an organization has at the most: each is sent every change.
const MaxWebhooks = 100

func (d *decider) roomForWebhook() error {
	n := 0
	err := d.Each(TypeWebhook, func(Entity) error { n++; return nil })
	if err == nil && n >= MaxWebhooks {
		err = Errorf(Conflict, "the organization has %d webhooks, which is the most: delete one that is not needed", n)
	}
	return err
}

// unlimited fails with Forbidden for a token with limits that a webhook, which hears of everything from anywhere and
// for ever, would not have.
func (d *decider) unlimited() error {
	maker, err := d.maker()
	if err != nil || maker == nil {
		return err // the operator and those who sign their requests have no token's limits
	}
	if maker.Kind != TokenAccount || maker.ExpiresAt != 0 || len(maker.Dialects) > 0 || len(maker.AllowedIPs) > 0 {
		return Errorf(Forbidden, "a token that expires, or is only for a source, a channel, some dialects or "+
			"addresses, can't make or change a webhook")
	}
	return nil
}

// disable disables a webhook.
func (d *decider) disable(c Disable) error {
	if err := d.allow(TypeWebhook); err != nil {
		return err
	}
	e, err := d.find(TypeWebhook, Ref{ID: c.Webhook})
	if err != nil {
		return err
	}
	before := e.(*Webhook)
	if !before.Enabled {
		return nil
	}
	after := clone(before).(*Webhook)
	after.Enabled, after.DisabledReason = false, c.Reason
	return d.replace(before, after, stamps{updated: d.Now, by: d.By.Author()})
}

// alongFor is how long the old secrets sign along where nobody says otherwise, in milliseconds.
const alongFor Time = 24 * 60 * 60 * 1000

// maxSecrets is how many secrets a webhook has at the most: each lengthens the signature.
const maxSecrets = 5

func (d *decider) rotate(c RotateSecret) error {
	if err := d.allow(TypeWebhook); err != nil {
		return err
	}
	e, err := d.find(TypeWebhook, Ref{ID: c.Webhook})
	if err != nil {
		return err
	}
	if err := d.expect(e, c.IfMatch); err != nil {
		return err
	}
	before := e.(*Webhook)
	after := *before
	after.Secrets = []WebhookSecret{{Secret: c.Secret}}
	if c.Until == 0 {
		c.Until = d.Now + alongFor
	}
	for _, s := range before.Secrets {
		if s.Until == 0 || c.Until < s.Until {
			s.Until = c.Until
		}
		if s.Until > d.Now {
			after.Secrets = append(after.Secrets, s)
		}
	}
	if len(after.Secrets) > maxSecrets {
		soon := slices.MinFunc(after.Secrets[1:], func(a, b WebhookSecret) int { return cmp.Compare(a.Until, b.Until) })
		return Errorf(Conflict, "the webhook has %d secrets that sign, which is the most: the next one ends at %s; "+
			"with until in the past all old ones end at once", maxSecrets, soon.Until)
	}
	return d.replace(before, &after, stamps{updated: d.Now, by: d.By.Author()})
}
