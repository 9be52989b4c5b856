package roster

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const hookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" // from the specification's test vectors

func hook(change func(*Webhook)) Create {
	w := &Webhook{
		Name: "billing", URL: "https://billing.example/roster", Enabled: true,
		Secrets: []WebhookSecret{{Secret: hookSecret}},
	}
	change(w)
	return Create{Record: w}
}

func TestWebhooks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for field, change := range map[string]func(*Webhook){
		"secret":             func(h *Webhook) { h.Secrets = nil },
		"signing_secrets[0]": func(h *Webhook) { h.Secrets[0].Secret = "whsec_c2hvcnQ=" },
		"name":               func(h *Webhook) { h.Name = "" },
		"types[1]":           func(h *Webhook) { h.Types = []Type{TypeUser, "usr"} },
		"filter":             func(h *Webhook) { h.Types, h.Filter = []Type{TypeGroup}, "status = active" },
		"permissions[0]":     func(h *Webhook) { h.Permissions = Permissions{"users:fly"} },
	} {
		w.refused(hook(change), Invalid, field)
	}
	for _, url := range []string{"", "/x", "ftp://a.example", "https://", "https://u:p@a.example", "https://a.example#b"} {
		w.refused(hook(func(h *Webhook) { h.URL = url }), Invalid, "url")
	}
	before := w.state.Version()
	made := w.do(hook(func(*Webhook) {}))[0].After.(*Webhook)
	if made.Since != before+1 || !cmp.Equal(made.Permissions, Permissions{UsersRead}) || made.CreatedAt == 0 {
		t.Errorf("made %+v, want users:read, a time, and since %d", made, before+1)
	}
	update := func(patch string) Update {
		return Update{Type: TypeWebhook, Ref: Ref{ID: made.ID}, Patch: []byte(patch)}
	}
	w.refused(update(`{"signing_secrets":[]}`), Invalid, "signing_secrets")
	w.do(update(`{"enabled":false,"since":99}`))
	if got := get(w, made); got.Enabled || got.Since != made.Since || !cmp.Equal(got.Secrets, made.Secrets) {
		t.Errorf("patched to %+v, want only enabled changed", got)
	}
	if !made.MadeBy.IsOperator() {
		t.Errorf("made by %+v, want the operator", made.MadeBy)
	}
	other := w.as(TokensWrite, UsersRead)
	other.do(update(`{"enabled":true}`))
	mine := get(w, made).MadeBy
	if mine.Token != other.env.By.Token || mine.Name != other.env.By.Name || mine.Permissions != nil {
		t.Errorf("enabled by another one: made by %+v, want %s", mine, other.env.By.Token)
	}
	w.do(update(`{"enabled":false,"made_by":{"name":"x"}}`))
	if got := get(w, made).MadeBy; !cmp.Equal(got, mine) {
		t.Errorf("disabled by the operator: made by %+v, want %+v", got, mine)
	}
	w.refused(Import{Record: made}, Invalid, "type")
	w.do(Delete{Type: TypeWebhook, Ref: Ref{ID: made.ID}})
}

// TestWebhookHearsNoMoreThanItsMaker is for webhooks what decision 9 is for tokens.
func TestWebhookHearsNoMoreThanItsMaker(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rich := w.do(hook(func(h *Webhook) { h.Permissions = Permissions{UsersRead, MetadataRead} }))[0].After.(*Webhook)
	limited := w.as(TokensWrite, UsersRead)
	limited.do(hook(func(*Webhook) {}))
	limited.refused(hook(func(h *Webhook) { h.Permissions = Permissions{MetadataRead} }), Forbidden, "")
	limited.refused(Update{
		Type: TypeWebhook, Ref: Ref{ID: rich.ID}, Patch: []byte(`{"url":"https://elsewhere.example/"}`),
	}, Forbidden, "")
	w.as(UsersRead).refused(hook(func(*Webhook) {}), Forbidden, "")
	w.instanceWide(Token{Kind: TokenAccount, Permissions: Permissions{Everything}}).do(hook(func(*Webhook) {}))
	for name, change := range map[string]func(*Token){
		"expires": func(t *Token) { t.ExpiresAt = tuesday + 10 },
		"kind":    func(t *Token) { t.Kind = TokenSource },
		"dialect": func(t *Token) { t.Dialects = []string{"native"} },
		"address": func(t *Token) { t.AllowedIPs = []string{"192.0.2.0/24"} },
	} {
		token := &Token{Name: name, Kind: TokenAccount, Hash: name, Permissions: Permissions{Everything}}
		change(token)
		w.instanceWide(*token).refused(hook(func(*Webhook) {}), Forbidden, "")
		token = w.do(Create{Record: token})[0].After.(*Token)
		by := w.env.By
		w.env.By = Principal{Org: w.env.Org, Token: token.ID, Permissions: token.Permissions}
		w.refused(hook(func(*Webhook) {}), Forbidden, "")
		w.env.By = by
	}
}

func TestRotateSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.do(hook(func(*Webhook) {}))[0].After.(*Webhook)
	secret := func(n byte) string {
		s, err := NewWebhookSecret(bytes.NewReader(bytes.Repeat([]byte{n}, 32)))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	rotate := func(n byte, until Time) RotateSecret {
		return RotateSecret{Webhook: made.ID, Secret: secret(n), Until: until}
	}
	w.do(rotate(1, tuesday+100))
	w.do(rotate(2, 0))
	got := get(w, made)
	want := []WebhookSecret{{secret(2), 0}, {secret(1), tuesday + alongFor}, {hookSecret, tuesday + 100}}
	if diff := cmp.Diff(want, got.Secrets); diff != "" {
		t.Errorf("rotated twice (-want +got):\n%s", diff)
	}
	for now, count := range map[Time]int{tuesday: 3, tuesday + 99: 3, tuesday + 100: 2, tuesday + alongFor: 1} {
		if got := got.Signing(now); len(got) != count || got[0] != secret(2) {
			t.Errorf("at %s %d secrets sign, want %d, the newest first", now, len(got), count)
		}
	}
	w.do(rotate(3, tuesday)) // at once: the old ones are known to others
	if got := get(w, made); len(got.Secrets) != 1 || got.Secrets[0].Secret != secret(3) {
		t.Errorf("the secrets are %v, want the new one only", got.Secrets)
	}
	for n := range byte(maxSecrets - 1) {
		w.do(rotate(10+n, 0))
	}
	w.refused(rotate(20, 0), Conflict, "") // instead of forgetting one that should sign along
	w.do(rotate(21, tuesday))
	w.refused(RotateSecret{Webhook: made.ID, Secret: "rst_x"}, Invalid, "signing_secrets[0]")
	w.refused(RotateSecret{Webhook: testID(9), Secret: secret(1)}, NotFound, "")
	w.as(UsersRead).refused(rotate(4, 0), Forbidden, "")
	if shown, _ := EncodeEntity(Shown(get(w, made), Permissions{Everything})); strings.Contains(string(shown), "whsec") {
		t.Errorf("a secret is shown: %s", shown)
	}
}

// Whoever may change webhooks may stop one that is told what they may not see.
func TestAnybodyMayDisableAWebhook(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rich := w.do(hook(func(h *Webhook) { h.Permissions, h.Enabled = Permissions{MetadataRead}, true }))[0].After.(*Webhook)
	patch := func(doc string) Update {
		return Update{Type: TypeWebhook, Ref: Ref{ID: rich.ID}, Patch: []byte(doc)}
	}
	limited := w.as(TokensWrite, UsersRead)
	limited.refused(patch(`{"enabled":false,"url":"https://elsewhere.example/"}`), Forbidden, "")
	limited.do(patch(`{"enabled":false}`))
	limited.refused(patch(`{"enabled":true}`), Forbidden, "")
}

// An organization has so many webhooks, and no more until one is deleted.
func TestMaxWebhooks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var last *Webhook
	for range MaxWebhooks {
		last = w.do(hook(func(*Webhook) {}))[0].After.(*Webhook)
	}
	w.refused(hook(func(*Webhook) {}), Conflict, "")
	w.do(Delete{Type: TypeWebhook, Ref: Ref{ID: last.ID}})
	w.do(hook(func(*Webhook) {}))
}

// What a webhook may be told is what both it and its maker may at the time.
func TestEntitled(t *testing.T) {
	t.Parallel()
	by := Sponsor{Token: testID(1), Name: "t"}
	for name, test := range map[string]struct {
		webhook, token, want Permissions
	}{
		"all of it":       {Permissions{UsersRead}, Permissions{Everything}, Permissions{UsersRead, OrgsRead}},
		"none given":      {nil, Permissions{UsersRead}, Permissions{UsersRead, OrgsRead}},
		"less":            {Permissions{Everything}, Permissions{MetadataRead}, Permissions{UsersRead, MetadataRead, OrgsRead}},
		"something else":  {Permissions{GroupsWrite}, Permissions{UsersRead}, nil},
		"nothing is left": {Permissions{UsersRead}, nil, nil},
	} {
		find := func(ID, Type, ID) (Entity, error) { return &Token{ID: by.Token, Permissions: test.token}, nil }
		got, err := (&Webhook{Permissions: test.webhook, MadeBy: by}).Entitled(testID(2), tuesday, find)
		if diff := cmp.Diff(test.want, got); diff != "" || (err == nil) != (test.want != nil) ||
			err != nil && CodeOf(err) != Conflict {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
}
