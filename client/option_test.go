package client_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/client"
)

func TestAWriteGoesToTheRecordThatWasRead(t *testing.T) {
	t.Parallel()
	c, ctx := serve(t)("everything"), t.Context()
	ref := roster.Ref{Number: 1}
	var read, written, refused client.Info
	if _, err := c.User(ctx, ref, client.Tell(&read)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.UpdateUser(ctx, ref, []byte(`{"phone":"1"}`), client.IfMatch(read.Tag), client.Tell(&written)); err != nil {
		t.Fatal(err)
	}
	if written.Tag == read.Tag || written.Version != read.Version+1 || written.RequestID == "" || written.Replayed {
		t.Errorf("after %+v the write tells %+v, want another tag and the next version", read, written)
	}
	for name, call := range map[string]func() error{
		"update": func() error {
			_, err := c.UpdateUser(ctx, ref, []byte(`{"phone":"2"}`), client.IfMatch(read.Tag), client.Tell(&refused))
			return err
		},
		"suspend": func() error {
			_, err := c.SuspendUser(ctx, ref, client.IfMatch(read.Tag), client.Tell(&refused))
			return err
		},
		"delete": func() error { return c.DeleteUser(ctx, ref, client.IfMatch(read.Tag), client.Tell(&refused)) },
	} {
		e, _ := errors.AsType[*roster.Error](call())
		if e == nil || e.Code != roster.PreconditionFailed || refused.Tag != written.Tag {
			t.Fatalf("%s = %v and tells %+v, want %s and the tag %s", name, e, refused, roster.PreconditionFailed, written.Tag)
		}
		if u, ok := e.Record.(*roster.User); !ok || u.Phone != "1" {
			t.Errorf("%s shows %+v, want the user as it is", name, e.Record)
		}
	}
	if _, err := c.UpdateUser(ctx, ref, []byte(`{"phone":"3"}`), client.IfMatch(read.Tag, written.Tag)); err != nil {
		t.Errorf("with the present tag among others = %v", err)
	}
	if _, err := c.UpdateUser(ctx, ref, []byte(`{"phone":"4"}`), client.IfMatch(client.AnyTag)); err != nil {
		t.Errorf("with any tag = %v", err)
	}
}

func TestADryRunChangesNothing(t *testing.T) {
	t.Parallel()
	c, ctx := serve(t)("everything"), t.Context()
	before, err := c.Organization(ctx)
	if err != nil {
		t.Fatal(err)
	}
	made, err := c.CreateUser(ctx, &roster.User{Email: "x@example.com", Name: "X"}, client.DryRun())
	if err != nil || made.Name != "X" {
		t.Errorf("made %+v, %v, want what it would be", made, err)
	}
	if err := c.DeleteUser(ctx, roster.Ref{Number: 2}, client.DryRun()); err != nil {
		t.Error(err)
	}
	if err := c.DeleteUser(ctx, roster.Ref{Number: 4711}, client.DryRun()); roster.CodeOf(err) != roster.NotFound {
		t.Errorf("deleting nobody = %v, want %s", err, roster.NotFound)
	}
	if after, err := c.Organization(ctx); err != nil || after.Version != before.Version {
		t.Errorf("the organization is at version %d, %v, want %d", after.Version, err, before.Version)
	}
}

func TestAReasonIsInTheAudit(t *testing.T) {
	t.Parallel()
	c, ctx := serve(t)("everything"), t.Context()
	const why = "asked for in ticket 4711, naïvely"
	if _, err := c.SuspendUser(ctx, roster.Ref{Number: 1}, client.Reason(why)); err != nil {
		t.Fatal(err)
	}
	for e, err := range c.AuditEntries(ctx, roster.EntryQuery{Limit: 1}) {
		if err != nil || e.Reason != why {
			t.Errorf("the last entry is %+v, %v, want the reason %q", e, err, why)
		}
	}
	for name, bad := range map[string]client.Option{
		"a reason of two lines": client.Reason("a\nb"), "no key": client.IdempotencyKey(""),
		"a key of two lines": client.IdempotencyKey("a\nb"),
	} {
		if err := c.DeleteUser(ctx, roster.Ref{Number: 1}, bad); roster.CodeOf(err) != roster.Invalid {
			t.Errorf("%s = %v, want %s", name, err, roster.Invalid)
		}
	}
}

func TestTheSameWriteIsDoneOnce(t *testing.T) {
	t.Parallel()
	as, ctx := serve(t), t.Context()
	var first, again client.Info
	made, err := as("everything").CreateUser(ctx, &roster.User{Email: "x@example.com", Name: "X"},
		client.IdempotencyKey(`a "key" \ with all`), client.Tell(&first))
	if err != nil {
		t.Fatal(err)
	}
	same, err := as("everything").CreateUser(ctx, &roster.User{Email: "x@example.com", Name: "X"},
		client.IdempotencyKey(`a "key" \ with all`), client.Tell(&again))
	if diff := cmp.Diff(made, same); diff != "" || err != nil {
		t.Errorf("%v (-first +again):\n%s", err, diff)
	}
	if first.Replayed || !again.Replayed || again.Version != first.Version || again.Tag != first.Tag {
		t.Errorf("they tell %+v and %+v, want the second one replayed", first, again)
	}
	_, err = as("everything").CreateUser(ctx, &roster.User{Email: "y@example.com", Name: "Y"},
		client.IdempotencyKey(`a "key" \ with all`))
	if roster.CodeOf(err) != roster.KeyReused {
		t.Errorf("another write with the key = %v, want %s", err, roster.KeyReused)
	}
}

func TestAReadIsNotOlderThanTheClientsWrites(t *testing.T) {
	t.Parallel()
	ok := answer{status: http.StatusOK, kind: "application/json", body: `{"next_page_token":""}`, version: "12"}
	for name, tc := range map[string]struct {
		settings []client.Setting
		options  []client.Option
		want     string
	}{
		"usually":             {want: "12"},
		"where it is told":    {options: []client.Option{client.MinVersion(15)}, want: "15"},
		"where it may be old": {settings: []client.Setting{client.StaleReads()}},
	} {
		a := &answers{list: []answer{ok}}
		c, err := client.New("http://roster.example", "secret", &http.Client{Transport: a}, tc.settings...)
		if err != nil {
			t.Fatal(err)
		}
		ref := roster.Ref{Number: 1}
		_, first := c.User(t.Context(), ref)
		_, second := c.UpdateUser(t.Context(), ref, []byte(`{}`))
		_, third := c.User(t.Context(), ref, tc.options...)
		_, fourth := c.UserPage(t.Context(), client.ListOptions{PageToken: "t"})
		if err := errors.Join(first, second, third, fourth); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, h := range a.headers {
			got = append(got, h.Get("If-Roster-Version-At-Least"))
		}
		if diff := cmp.Diff([]string{"", "", tc.want, ""}, got); diff != "" {
			t.Errorf("%s reads ask for (-want +got):\n%s", name, diff)
		}
	}
}

// What fails in passing is sent again, with the same key, and later each time.
func TestRequestsAreSentAgain(t *testing.T) {
	t.Parallel()
	away := answer{}
	busy := problem(http.StatusServiceUnavailable, roster.Unavailable)
	limited := problem(http.StatusTooManyRequests, roster.RateLimited)
	limited.after = "7"
	never := limited
	never.after = "31"
	ok := answer{status: http.StatusOK, kind: "application/json", body: `{}`}
	for _, tc := range []struct {
		name string
		list []answer
		want []float64 // seconds
		code roster.Code
	}{
		{"busy", []answer{busy, limited, ok}, []float64{0, 0.5, 7.5}, ""},
		{"gone after an answer", []answer{busy, away, away, ok}, []float64{0, 0.5, 1.5, 3.5}, ""},
		{"busy for too often", []answer{busy, busy, busy, busy, ok}, []float64{0, 0.5, 1.5, 3.5}, roster.Unavailable},
		{"busy for too long", []answer{never, ok}, []float64{0}, roster.RateLimited},
		{"never there", []answer{away, ok}, []float64{0}, roster.Unavailable},
		{"refused", []answer{problem(http.StatusConflict, roster.Conflict), ok}, []float64{0}, roster.Conflict},
		{"our fault", []answer{problem(http.StatusInternalServerError, roster.Internal), ok}, []float64{0}, roster.Internal},
	} {
		synctest.Test(t, func(t *testing.T) {
			a := &answers{start: time.Now(), list: tc.list}
			c, err := client.New("http://roster.example", "secret", &http.Client{Transport: a}, client.WholePauses())
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.UpdateUser(t.Context(), roster.Ref{Number: 1}, []byte(`{}`))
			if roster.CodeOf(err) != tc.code {
				t.Errorf("%s ends with %v, want %q", tc.name, err, tc.code)
			}
			if late, is := errors.AsType[*client.RetryError](err); is != (tc.name == "busy for too long") || is && late.After != 31*time.Second {
				t.Errorf("%s ends with %#v", tc.name, err)
			}
			var seconds []float64
			var keys []string
			for i, at := range a.at {
				seconds, keys = append(seconds, at.Seconds()), append(keys, a.headers[i].Get("Idempotency-Key"))
			}
			if diff := cmp.Diff(tc.want, seconds); diff != "" {
				t.Errorf("%s is sent at (-want +got):\n%s", tc.name, diff)
			}
			if keys = slices.Compact(keys); len(keys) != 1 || len(keys[0]) < 20 {
				t.Errorf("%s is sent with the keys %q, want one", tc.name, keys)
			}
		})
	}
}

func TestAPauseEndsWithTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := &answers{start: time.Now(), list: []answer{problem(http.StatusServiceUnavailable, roster.Unavailable)}}
		a.list[0].after = "20"
		c, err := client.New("http://roster.example", "secret", &http.Client{Transport: a}, client.Attempts(2))
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
		defer stop()
		if _, err := c.User(ctx, roster.Ref{Number: 1}); err == nil || time.Since(a.start) != 5*time.Second {
			t.Errorf("it ends with %v after %v, want an error after 5s", err, time.Since(a.start))
		}
		if len(a.at) != 1 {
			t.Errorf("it was sent %d times, want once", len(a.at))
		}
	})
}
