package webhook_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/webhook"
)

// A message is sent ten times, each time a while later, and then given up: the next one has its turn.
func TestSchedule(t *testing.T) {
	t.Parallel()
	about := []time.Duration{
		5 * time.Second, 15 * time.Second, time.Minute, 3 * time.Minute, 10 * time.Minute, 30 * time.Minute, 2 * time.Hour,
		6 * time.Hour, 18 * time.Hour,
	}
	for _, tc := range []struct{ jitter, times float64 }{{0, 0.5}, {0.5, 1}, {0.999, 1.499}} {
		s := newStand(t, func(c *webhook.Config) { c.Jitter = func() float64 { return tc.jitter } })
		r := answering(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
		hook, _ := s.webhook(t, r.URL)
		first, second := s.user(t), s.user(t)
		for i, about := range about {
			s.deliver(t)
			st := s.standing(t, hook)
			if got := r.take(); len(got) != 1 || st.Attempts != i+1 || got[0].Version != first {
				t.Fatalf("attempt %d: got %v, standing %+v", i+1, versions(got), st)
			}
			wait, want := st.NextAt.Std().Sub(s.Now()), time.Duration(float64(about)*tc.times)
			if (wait - want).Abs() > time.Millisecond {
				t.Errorf("after attempt %d: it waits for %s, want %s", i+1, wait, want)
			}
			retrying := s.deliveries(t, hook, roster.Retrying)
			if len(retrying) != 1 || retrying[0].Version != first || retrying[0].Attempts != i+1 {
				t.Errorf("got retrying %+v", retrying)
			}
			s.advance(wait - time.Millisecond)
			if i%2 == 0 {
				s.restart(t)
			}
			s.deliver(t)
			if got := r.take(); len(got) != 0 {
				t.Errorf("attempt %d comes too early", i+2)
			}
			s.advance(time.Millisecond)
		}
		s.deliver(t)
		if diff := cmp.Diff([]roster.Version{first, second}, versions(r.take())); diff != "" {
			t.Errorf("the last attempt, and the next message (-want +got):\n%s", diff)
		}
		dead := s.deliveries(t, hook, roster.Dead)
		if len(dead) != 1 || dead[0].Version != first || dead[0].Attempts != 10 || dead[0].Last.Status != 500 {
			t.Errorf("got dead letters %+v", dead)
		}
		outcomes, lag, backlog := s.hooks.Stats()
		if outcomes["dead"] != 1 || lag != 1 || backlog != 1 {
			t.Errorf("got stats %v, %d, %d", outcomes, lag, backlog)
		}
	}
}

// A dead letter can be sent again, out of order, with the id that it had.
func TestRetry(t *testing.T) {
	t.Parallel()
	status := http.StatusInternalServerError
	s := newStand(t, func(c *webhook.Config) { c.Attempts = 1 })
	r := answering(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
	hook, secret := s.webhook(t, r.URL)
	version := s.user(t)
	s.deliver(t)
	id := r.take()[0].ID
	d, err := s.hooks.Retry(t.Context(), s.org, hook, id, nil)
	if err != nil || d.State != roster.Dead || d.Attempts != 2 {
		t.Errorf("got %+v, %v, want one that is still dead", d, err)
	}
	status = http.StatusNoContent
	if d, err = s.hooks.Retry(t.Context(), s.org, hook, id, nil); err != nil || d.State != roster.Delivered {
		t.Errorf("got %+v, %v, want one that is delivered", d, err)
	}
	for _, m := range r.take() {
		verify(t, m, secret)
		if m.ID != id || m.Version != version {
			t.Errorf("got %s about version %d, want %s about %d", m.ID, m.Version, id, version)
		}
	}
	s.restart(t)
	if got := s.deliveries(t, hook, roster.Delivered); len(got) != 1 || got[0].Attempts != 3 {
		t.Errorf("got %+v", got)
	}
	for _, tc := range []struct {
		id   string
		code roster.Code
	}{
		{id, roster.Conflict}, {id + "_1", roster.NotFound}, {"msg_x", roster.NotFound}, {strings.Replace(id, "_", "_0", 2), roster.NotFound},
	} {
		if _, err := s.hooks.Retry(t.Context(), s.org, hook, tc.id, nil); roster.CodeOf(err) != tc.code {
			t.Errorf("%s: got %v, want %s", tc.id, err, tc.code)
		}
	}
}

// A receiver that asks for time gets it, up to a day, but no attempt comes earlier than it would.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		header string
		want   time.Duration
	}{
		{"", 5 * time.Second},
		{"120", 2 * time.Minute},
		{"1", 5 * time.Second},
		{"-5", 5 * time.Second},
		{"soon", 5 * time.Second},
		{"99999999999", 24 * time.Hour},
		{"date", time.Hour},
	} {
		var s *stand
		r := answering(t, func(w http.ResponseWriter, _ *http.Request) {
			header := tc.header
			if header == "date" {
				header = s.Now().Add(time.Hour).UTC().Format(http.TimeFormat)
			}
			w.Header().Set("Retry-After", header)
			w.WriteHeader(http.StatusServiceUnavailable)
		})
		s = newStand(t)
		hook, _ := s.webhook(t, r.URL)
		s.user(t)
		s.deliver(t)
		if got := s.standing(t, hook).NextAt.Std().Sub(s.Now()); got != tc.want {
			t.Errorf("Retry-After: %s: it waits for %s, want %s", tc.header, got, tc.want)
		}
	}
}

// disabledFor returns the reasons for which webhooks were disabled, from the audit.
func (s *stand) disabledFor(t *testing.T) (reasons []string) {
	t.Helper()
	q := roster.EntryQuery{Type: roster.TypeWebhook, Limit: 100}
	err := s.directory.Entries(t.Context(), s.org, q, func(e roster.Entry, _ []roster.Op) error {
		if e.Name == webhook.Disabler {
			reasons = append(reasons, e.Reason)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return reasons
}

// A receiver that says that it is gone is left alone, and the message stays.
func TestGone(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	status := http.StatusGone
	r := answering(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
	hook, _ := s.webhook(t, r.URL)
	want := s.user(t)
	s.user(t)
	s.deliver(t)
	if s.record(t, hook).Enabled || len(r.take()) != 1 {
		t.Error("a webhook is enabled whose receiver is gone")
	}
	if got, want := s.record(t, hook).DisabledReason, "the receiver answered 410 Gone"; got != want {
		t.Errorf("its record says that it is disabled because %q, want %q", got, want)
	}
	if diff := cmp.Diff([]string{"the receiver answered 410 Gone"}, s.disabledFor(t)); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
	status = http.StatusOK
	s.update(t, hook, `{"enabled":true}`)
	s.deliver(t)
	if got := versions(r.take()); len(got) != 2 || got[0] != want {
		t.Errorf("got %v after it was enabled again, want what was not accepted", got)
	}
	if got := s.record(t, hook).DisabledReason; got != "" {
		t.Errorf("its record says that it is disabled because %q, and it is enabled", got)
	}
}

// A webhook of which nothing was accepted for five days is disabled; one that is accepted now and then is not.
func TestPatience(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	status := http.StatusNotFound
	r := answering(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
	hook, _ := s.webhook(t, r.URL)
	for range 20 {
		s.user(t)
	}
	begun := s.Now()
	attempt := func() {
		s.deliver(t)
		s.advance(max(0, s.standing(t, hook).NextAt.Std().Sub(s.Now())))
	}
	for s.Now().Before(begun.Add(4 * 24 * time.Hour)) {
		attempt()
	}
	status = http.StatusOK
	s.deliver(t)
	if st := s.standing(t, hook); st.FailingSince != 0 || !s.record(t, hook).Enabled {
		t.Errorf("got %+v after messages were accepted", st)
	}
	status = http.StatusNotFound
	for range 20 {
		s.user(t)
	}
	begun = s.Now()
	for s.record(t, hook).Enabled {
		attempt()
	}
	if took := s.Now().Sub(begun); took < 5*24*time.Hour || took > 6*24*time.Hour {
		t.Errorf("it was disabled after %s, want five days", took)
	}
	want := []string{"no message was accepted since " + roster.TimeOf(begun).String()}
	if diff := cmp.Diff(want, s.disabledFor(t)); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
}

// A webhook that is changed is tried at once.
func TestRepaired(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	down := answering(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	up := answering(t, nil)
	hook, _ := s.webhook(t, down.URL)
	version := s.user(t)
	s.deliver(t)
	s.update(t, hook, `{"url":"`+up.URL+`"}`)
	s.deliver(t)
	if diff := cmp.Diff([]roster.Version{version}, versions(up.take())); diff != "" {
		t.Errorf("versions (-want +got):\n%s", diff)
	}
}

// What an attempt that fails is said to have failed for, and that the receiver gets nothing it should not.
func TestFailures(t *testing.T) {
	t.Parallel()
	elsewhere := answering(t, nil)
	hang := make(chan struct{})
	t.Cleanup(func() { close(hang) })
	plain := answering(t, nil)
	for name, tc := range map[string]struct {
		serve http.HandlerFunc
		url   string
		tune  func(*webhook.Config)
		want  string
	}{
		"a redirect": {
			serve: func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
			},
			want: "the receiver answered 307 Temporary Redirect: redirects are not followed",
		},
		"no answer": {
			serve: func(_ http.ResponseWriter, r *http.Request) {
				select {
				case <-hang:
				case <-r.Context().Done():
				}
			},
			tune: func(c *webhook.Config) { c.Timeout = 20 * time.Millisecond },
			want: "the receiver did not answer in time",
		},
		"no name": {url: "http://no-such-name.invalid", want: "the name no-such-name.invalid has no address"},
		"a broken connection": {
			serve: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
			want:  "the connection to the receiver failed",
		},
		"a loopback address": {
			url: plain.URL, tune: public, want: refused,
		},
		"a name of a loopback address": {
			url: strings.Replace(plain.URL, "127.0.0.1", "localhost", 1), tune: public, want: refused,
		},
		"a mapped address": {
			url: strings.Replace(plain.URL, "127.0.0.1", "[::ffff:127.0.0.1]", 1), tune: public, want: refused,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tune := tc.tune
			if tune == nil {
				tune = func(*webhook.Config) {}
			}
			s := newStand(t, tune)
			url := tc.url
			if url == "" {
				url = answering(t, tc.serve).URL
			}
			hook, _ := s.webhook(t, url)
			s.user(t)
			s.deliver(t)
			if got := s.standing(t, hook); got.Last.Error != tc.want || got.Attempts != 1 {
				t.Errorf("got %+v, want %q", got.Last, tc.want)
			}
		})
	}
	t.Cleanup(func() {
		if slices.Concat(elsewhere.take(), plain.take()) != nil {
			t.Error("a message came where none should")
		}
	})
}

const refused = "the receiver is at an address that is not public, to which this server sends nothing without --webhook-allow-private"

func public(c *webhook.Config) { c.Transport = webhook.NewTransport(false) }

// A certificate that nobody knows does not count.
func TestCertificate(t *testing.T) {
	t.Parallel()
	s, r := newStand(t), answering(t, nil)
	r.Close()
	r.Server = newTLSServer(t, r.Config.Handler)
	hook, _ := s.webhook(t, r.URL)
	s.user(t)
	s.deliver(t)
	if got := s.standing(t, hook).Last.Error; !strings.HasPrefix(got, "the certificate of the receiver does not count") {
		t.Errorf("got %q", got)
	}
}

// A receiver that answers without an end is not listened to.
func TestLongAnswer(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	r := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := io.WriteString(w, strings.Repeat("x", 1<<16)); err != nil {
				return
			}
		}
	})
	hook, _ := s.webhook(t, r.URL)
	version := s.user(t)
	s.deliver(t)
	if got := s.standing(t, hook); got.Position != version || !got.Last.Succeeded() {
		t.Errorf("got %+v", got)
	}
}
