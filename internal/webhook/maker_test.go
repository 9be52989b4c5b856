package webhook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/webhook"
)

// maker makes a token with permissions that acts as a user, who may be none, and returns it as a principal.
func (s *stand) maker(t *testing.T, acts roster.ID, ps ...roster.Permission) roster.Principal {
	t.Helper()
	s.users++
	token := &roster.Token{
		Name: "maker", Kind: roster.TokenAccount, Permissions: ps, ActsAs: acts,
		Hash: roster.HashSecret(fmt.Sprint(s.users)),
	}
	id := s.do(t, roster.Create{Record: token}).Ops[0].Key().ID
	return roster.Principal{
		Org: s.org, Token: id, Name: token.Name, Kind: token.Kind, Permissions: ps, ActsAs: acts,
	}
}

// hookOf makes a webhook as a principal.
func (s *stand) hookOf(t *testing.T, by roster.Principal, url string, ps ...roster.Permission) roster.ID {
	t.Helper()
	w := &roster.Webhook{
		Name: "w", URL: url, Enabled: true, Types: []roster.Type{roster.TypeUser}, Permissions: ps,
		Secrets: []roster.WebhookSecret{{Secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}},
	}
	return s.doAs(t, by, roster.Create{Record: w}).Ops[0].Key().ID
}

func (s *stand) doAs(t *testing.T, by roster.Principal, cmds ...roster.Command) roster.Change {
	t.Helper()
	change, err := s.directory.Do(t.Context(), s.org, by, cmds...)
	if err != nil {
		t.Fatal(err)
	}
	return change
}

func revoke(p roster.Principal) roster.Command { return roster.Revoke{Token: p.Token} }

func permit(p roster.Principal, permissions string) roster.Command {
	return roster.Update{
		Type: roster.TypeToken, Ref: roster.Ref{ID: p.Token},
		Patch: json.RawMessage(`{"permissions":` + permissions + `}`),
	}
}

func enable(hook roster.ID, enabled bool) roster.Command {
	return roster.Update{
		Type: roster.TypeWebhook, Ref: roster.Ref{ID: hook}, Patch: fmt.Appendf(nil, `{"enabled":%t}`, enabled),
	}
}

// A webhook whose maker does not count any more is disabled, and misses nothing once somebody else answers for it.
func TestMakerDoesNotCountAnyMore(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(by roster.Principal) roster.Command{
		"revoked":   revoke,
		"lost all":  func(by roster.Principal) roster.Command { return permit(by, `["tokens:write"]`) },
		"suspended": func(by roster.Principal) roster.Command { return roster.Suspend{Ref: roster.Ref{ID: by.ActsAs}} },
		"deleted": func(by roster.Principal) roster.Command {
			return roster.Delete{Type: roster.TypeUser, Ref: roster.Ref{ID: by.ActsAs}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, r := newStand(t), answering(t, nil)
			s.user(t)
			ops := s.do(t, roster.Create{Record: &roster.User{Name: "m", Email: "m@example.com"}}).Ops
			user := ops[slices.IndexFunc(ops, func(op roster.Op) bool { return op.Key().Type == roster.TypeUser })].Key().ID
			by := s.maker(t, user, roster.TokensWrite, roster.UsersRead)
			hook := s.hookOf(t, by, r.URL)
			s.user(t)
			s.deliver(t)
			if got := len(r.take()); got != 1 {
				t.Fatalf("got %d messages, want 1", got)
			}
			s.do(t, end(by))
			missed := s.user(t)
			s.deliver(t)
			if got := r.take(); len(got) != 0 || s.record(t, hook).Enabled {
				t.Fatalf("got %d messages, enabled: %t", len(got), s.record(t, hook).Enabled)
			}
			s.do(t, enable(hook, true))
			s.deliver(t)
			if got := versions(r.take()); len(got) == 0 || got[len(got)-1] != missed {
				t.Errorf("got versions %v, want them up to %d", got, missed)
			}
			if maker := s.record(t, hook).MadeBy; !maker.IsOperator() {
				t.Errorf("got maker %+v, want the operator", maker)
			}
		})
	}
}

// An instance-wide token is looked up where it belongs.
func TestInstanceWideMaker(t *testing.T) {
	t.Parallel()
	s, r := newStand(t), answering(t, nil)
	if err := s.directory.EnsureInstance(t.Context()); err != nil {
		t.Fatal(err)
	}
	token := &roster.Token{
		Name: "all", Kind: roster.TokenAccount, Permissions: roster.Permissions{roster.Everything},
		Hash: roster.HashSecret("all"),
	}
	change, err := s.directory.Do(t.Context(), roster.InstanceID(), roster.Operator(), roster.Create{Record: token})
	if err != nil {
		t.Fatal(err)
	}
	token = change.Ops[0].After.(*roster.Token)
	by := roster.Principal{
		Org: s.org, Token: token.ID, Name: token.Name, Kind: token.Kind, Permissions: token.Permissions, Instance: token,
	}
	hook := s.hookOf(t, by, r.URL)
	s.user(t)
	s.deliver(t)
	if got := len(r.take()); got != 1 || !s.record(t, hook).MadeBy.Instance {
		t.Fatalf("got %d messages, made by %+v", got, s.record(t, hook).MadeBy)
	}
	if _, err := s.directory.Do(t.Context(), roster.InstanceID(), roster.Operator(), revoke(by)); err != nil {
		t.Fatal(err)
	}
	s.user(t)
	s.deliver(t)
	if got := len(r.take()); got != 0 || s.record(t, hook).Enabled {
		t.Errorf("got %d messages after the token was revoked", got)
	}
}

// A webhook shows no more than its maker may see at the time.
func TestMakerMaySeeLess(t *testing.T) {
	t.Parallel()
	s, r := newStand(t), answering(t, nil)
	by := s.maker(t, roster.ID{}, roster.TokensWrite, roster.UsersWrite, roster.MetadataRead)
	s.hookOf(t, by, r.URL, roster.UsersRead, roster.MetadataRead)
	create := func(name string) {
		s.doAs(t, by, roster.Create{Record: &roster.User{Name: name, Email: name + "@example.com"}})
		s.deliver(t)
	}
	create("a")
	s.do(t, permit(by, `["tokens:write","users:write"]`))
	create("b")
	s.do(t, permit(by, `["tokens:write","users:write","metadata:read"]`))
	create("c")
	var got []bool
	for _, m := range r.take() {
		got = append(got, strings.Contains(string(m.Body), `"created_by"`))
	}
	if diff := cmp.Diff([]bool{true, false, true}, got); diff != "" {
		t.Errorf("messages with what needs metadata:read (-want +got):\n%s", diff)
	}
}

// What was already read is not sent once the maker may not see it, in the middle of a turn, either.
func TestMakerEndsDuringATurn(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	by := s.maker(t, roster.ID{}, roster.TokensWrite, roster.UsersRead)
	r := answering(t, func(_ http.ResponseWriter, req *http.Request) {
		ctx := context.WithoutCancel(req.Context())
		if _, err := s.directory.Do(ctx, s.org, roster.Operator(), revoke(by)); err != nil {
			t.Error(err)
		}
	})
	hook := s.hookOf(t, by, r.URL)
	first := s.user(t)
	s.user(t)
	s.user(t)
	s.deliver(t)
	if got := versions(r.take()); len(got) != 1 || got[0] != first || s.record(t, hook).Enabled {
		t.Errorf("got versions %v, want only %d", got, first)
	}
}

// A filter over what the maker may not see any more would tell it.
func TestMakerMayNotFilterAnyMore(t *testing.T) {
	t.Parallel()
	s, r := newStand(t), answering(t, nil)
	by := s.maker(t, roster.ID{}, roster.TokensWrite, roster.MetadataRead)
	hook := s.hookOf(t, by, r.URL, roster.MetadataRead)
	s.doAs(t, by, roster.Update{
		Type: roster.TypeWebhook, Ref: roster.Ref{ID: hook}, Patch: json.RawMessage(`{"filter":"created_by != null"}`),
	})
	s.do(t, permit(by, `["tokens:write","users:read"]`))
	s.user(t)
	s.deliver(t)
	if got := r.take(); len(got) != 0 || s.record(t, hook).Enabled {
		t.Errorf("got %d messages, enabled: %t", len(got), s.record(t, hook).Enabled)
	}
}

// A dead letter is not sent again for a maker who does not count any more.
func TestRetryForALostMaker(t *testing.T) {
	t.Parallel()
	s := newStand(t, func(c *webhook.Config) { c.Attempts = 1 })
	r := answering(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	by := s.maker(t, roster.ID{}, roster.TokensWrite, roster.UsersRead)
	hook := s.hookOf(t, by, r.URL)
	version := s.user(t)
	s.deliver(t)
	s.do(t, revoke(by))
	r.take()
	_, err := s.hooks.Retry(t.Context(), s.org, hook, roster.MessageID(hook, version, 0), nil)
	if got := r.take(); roster.CodeOf(err) != roster.Conflict || len(got) != 0 {
		t.Errorf("got %v and %d messages, want a conflict", err, len(got))
	}
}

// A webhook that is disabled while it waits for its turn is sent nothing.
func TestDisabledWhileItWaits(t *testing.T) {
	t.Parallel()
	s := newStand(t, func(c *webhook.Config) { c.Workers = 1 })
	var hooks [2]roster.ID
	var first atomic.Bool
	var receivers [2]*receiver
	for i := range receivers {
		receivers[i] = answering(t, func(_ http.ResponseWriter, req *http.Request) {
			if !first.CompareAndSwap(false, true) {
				return
			}
			ctx := context.WithoutCancel(req.Context())
			if _, err := s.directory.Do(ctx, s.org, roster.Operator(), enable(hooks[1-i], false)); err != nil {
				t.Error(err)
			}
		})
		hooks[i] = s.hookOf(t, roster.Operator(), receivers[i].URL)
	}
	s.user(t)
	s.deliver(t)
	if a, b := len(receivers[0].take()), len(receivers[1].take()); a+b != 1 {
		t.Errorf("got %d and %d messages, want one in all", a, b)
	}
}

// The operator is told that a webhook fails, and why, and nothing of secrets and people.
func TestFailuresAreLogged(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer // the test is over before anything else reads it
	s := newStand(t, func(c *webhook.Config) {
		c.Attempts, c.Logger = 2, slog.New(slog.NewJSONHandler(&out, nil))
	})
	status := http.StatusBadGateway
	r := answering(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
	hook, secret := s.webhook(t, r.URL+"/private-path", func(w *roster.Webhook) { w.Filter = `email = "u1@example.com"` })
	s.user(t)
	s.deliver(t)
	s.advance(time.Hour)
	s.deliver(t) // given up
	s.update(t, hook, `{"filter":""}`)
	status = http.StatusNoContent
	s.user(t)
	s.deliver(t)
	status = http.StatusGone
	s.user(t)
	s.deliver(t)
	var got []string
	for line := range bytes.Lines(out.Bytes()) {
		var entry struct{ Msg, Org, Webhook, Reason string }
		if err := json.Unmarshal(line, &entry); err != nil {
			t.Fatal(err)
		}
		if entry.Org != s.org.String() || entry.Webhook != hook.String() {
			t.Errorf("it is not said of what: %s", line)
		}
		got = append(got, entry.Msg+": "+entry.Reason)
	}
	want := []string{
		"a webhook has begun to fail: the receiver answered 502 Bad Gateway",
		"a message to a webhook was given up: the receiver answered 502 Bad Gateway",
		"a webhook has recovered: ",
		"a webhook has begun to fail: the receiver answered 410 Gone",
		"a webhook was disabled: the receiver answered 410 Gone",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
	for _, private := range []string{secret, "private-path", "example.com"} {
		if strings.Contains(out.String(), private) {
			t.Errorf("the log says %q:\n%s", private, &out)
		}
	}
}

// panicking is a form of messages with a mistake in it.
type panicking struct{ webhook.Form }

func (panicking) Changes(*roster.Webhook) (func(roster.Change) ([]byte, error), error) {
	panic("a mistake")
}

// A message that can't be written for a mistake of ours ends no process.
func TestAPanicIsNoEnd(t *testing.T) {
	t.Parallel()
	s, r := newStand(t), answering(t, nil)
	hook, _ := s.webhook(t, r.URL)
	good := s.config.Form
	s.config.Form = panicking{good}
	s.restart(t)
	version := s.user(t)
	s.deliver(t)
	if got := s.standing(t, hook); got.Position >= version {
		t.Errorf("got standing %+v, want it before %d", got, version)
	}
	s.config.Form = good
	s.restart(t)
	s.deliver(t)
	if got := versions(r.take()); len(got) != 1 || got[0] != version {
		t.Errorf("got versions %v, want %d", got, version)
	}
}
