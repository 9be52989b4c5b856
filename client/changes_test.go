package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/client"
	"github.com/roster-dev/roster/internal/dialect/dialecttest"
)

func TestChanges(t *testing.T) {
	t.Parallel()
	c, ctx := serve(t)("everything"), t.Context()
	begin, err := c.Organization(ctx)
	if err != nil {
		t.Fatal(err)
	}
	made, err := c.CreateUser(ctx, &roster.User{Name: "Cleo", Email: "cleo@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.UpdateUser(ctx, roster.Ref{ID: made.ID}, []byte(`{"status":"suspended"}`)); err != nil {
		t.Fatal(err)
	}
	if err := c.DeleteUser(ctx, roster.Ref{ID: made.ID}); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		o    client.ChangeOptions
		want []string
	}{
		{client.ChangeOptions{}, []string{"create Cleo", "update Cleo", "create deleted_user", "delete"}},
		{client.ChangeOptions{Types: []roster.Type{roster.TypeUser}}, []string{"create Cleo", "update Cleo", "delete"}},
		{client.ChangeOptions{Diff: true}, []string{
			"create Cleo", `update status "active" "suspended"`, "create deleted_user", "delete",
		}},
		{client.ChangeOptions{Filter: "status = suspended"}, []string{
			"create Cleo entered", "create deleted_user", "delete",
		}},
		{client.ChangeOptions{Types: []roster.Type{roster.TypeGroup, roster.TypeRole}}, nil},
	} {
		tc.o.Since = begin.Version
		var got []string
		for change, err := range c.Changes(ctx, tc.o) {
			if err != nil {
				t.Fatal(err)
			}
			for _, op := range change.Ops {
				got = append(got, describe(t, op))
			}
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", tc.o, diff)
		}
	}
	for range c.Changes(ctx, client.ChangeOptions{}) {
		break // must not ask on
	}
}

func describe(t *testing.T, op client.Op) string {
	t.Helper()
	text := op.Op
	record, err := op.Record()
	if err != nil {
		t.Fatal(err)
	}
	switch e := record.(type) {
	case nil:
	case *roster.User:
		text += " " + e.Name
	default:
		text += " " + string(op.Type)
	}
	if d, ok := op.Diff["status"]; ok {
		text += fmt.Sprintf(" status %s %s", d.From, d.To)
	}
	return strings.TrimSpace(text + " " + op.Filter)
}

func TestChangesThatAreNotKept(t *testing.T) {
	t.Parallel()
	c := serve(t)("other")
	for _, changes := range []func(context.Context, client.ChangeOptions) func(func(client.Change, error) bool){
		func(ctx context.Context, o client.ChangeOptions) func(func(client.Change, error) bool) {
			return c.Changes(ctx, o)
		},
		func(ctx context.Context, o client.ChangeOptions) func(func(client.Change, error) bool) {
			return c.Follow(ctx, o)
		},
	} {
		n := 0
		for change, err := range changes(t.Context(), client.ChangeOptions{}) {
			trimmed, ok := errors.AsType[*roster.TrimmedError](err)
			if roster.CodeOf(err) != roster.Gone || !ok || trimmed.Since != dialecttest.OtherSince || change.Version != 0 {
				t.Errorf("got %v, %v, want %s because of what was trimmed up to version %d", change, err, roster.Gone, dialecttest.OtherSince)
			}
			n++
		}
		if n != 1 {
			t.Errorf("%d are yielded, want one error", n)
		}
	}
}

func TestFollow(t *testing.T) {
	t.Parallel()
	c := serve(t)("everything")
	org, err := c.Organization(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	create := func(n int) {
		u := &roster.User{Name: "U", Email: fmt.Sprintf("u%d@example.com", n)}
		if _, err := c.CreateUser(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
	const wanted = 5
	create(0)
	create(1)
	got := 0
	for change, err := range c.Follow(ctx, client.ChangeOptions{Since: org.Version}) {
		if got == wanted {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("after the end: %v, want %v", err, context.Canceled)
			}
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got++
		if want := org.Version + roster.Version(got); change.Version != want {
			t.Fatalf("got version %d, want %d", change.Version, want)
		}
		if got >= 2 {
			create(got) // which the feed has been at the end without
		}
		if got == wanted {
			stop()
		}
	}
	if got != wanted {
		t.Errorf("%d changes, want %d", got, wanted)
	}
}

// answers is a server that gives each answer once, in order, and the last one again and again.
type answers struct {
	list    []answer
	asked   []string
	headers []http.Header
	at      []time.Duration
	start   time.Time
}

func (a *answers) RoundTrip(r *http.Request) (*http.Response, error) {
	a.asked, a.at = append(a.asked, r.URL.RawQuery), append(a.at, time.Since(a.start))
	a.headers = append(a.headers, r.Header)
	next := a.list[0]
	if len(a.list) > 1 {
		a.list = a.list[1:]
	}
	if next.status == 0 {
		return nil, errors.New("connection refused")
	}
	w := httptest.NewRecorder()
	w.Header().Set("Content-Type", next.kind)
	if next.version != "" {
		w.Header().Set("Roster-Version", next.version)
	}
	if next.after != "" {
		w.Header().Set("Retry-After", next.after)
	}
	w.WriteHeader(next.status)
	_, _ = io.WriteString(w, next.body)
	return w.Result(), nil
}

// answer is what a server answers; the zero answer is that of one that is not there.
type answer struct {
	status            int
	kind, body, after string
	version           string
}

func problem(status int, code roster.Code) answer {
	return answer{status: status, kind: "application/problem+json", body: `{"code":"` + string(code) + `","detail":"so it is"}`}
}

// What fails in passing is tried again from where it was, later and later; what can't be mended ends it.
func TestFollowOutlastsAnAbsence(t *testing.T) {
	t.Parallel()
	away := answer{}
	page := func(from, to int) answer {
		var items []string
		for v := from; v <= to; v++ {
			items = append(items, fmt.Sprintf(`{"version":%d,"at":"2026-11-01T12:00:00.000Z","ops":[]}`, v))
		}
		body := fmt.Sprintf(`{"items":[%s],"version":%d}`, strings.Join(items, ","), to)
		return answer{status: http.StatusOK, kind: "application/json", body: body}
	}
	synctest.Test(t, func(t *testing.T) {
		a := &answers{start: time.Now(), list: []answer{
			page(8, 9), away, away, problem(http.StatusServiceUnavailable, roster.Unavailable),
			{status: http.StatusBadGateway, kind: "text/html", body: "<h1>no"},
			away, away, away,
			page(10, 10), problem(http.StatusTooManyRequests, roster.RateLimited),
			{status: http.StatusOK, kind: "application/json", body: `{"items":[{"version":11`},
			page(11, 12),
			problem(http.StatusUnauthorized, roster.Unauthenticated),
		}}
		c, err := client.New("http://roster.example", "secret", &http.Client{Transport: a, Timeout: 20 * time.Second},
			client.WholePauses())
		if err != nil {
			t.Fatal(err)
		}
		var got []roster.Version
		for change, err := range c.Follow(t.Context(), client.ChangeOptions{Since: 7}) {
			if err != nil {
				if roster.CodeOf(err) != roster.Unauthenticated {
					t.Errorf("ends with %v, want %s", err, roster.Unauthenticated)
				}
				continue
			}
			got = append(got, change.Version)
		}
		if want := []roster.Version{8, 9, 10, 11, 12}; !slices.Equal(got, want) {
			t.Errorf("got the versions %v, want %v", got, want)
		}
		var seconds []float64
		for _, at := range a.at {
			seconds = append(seconds, at.Seconds())
		}
		if diff := cmp.Diff([]float64{0, 0, 1, 3, 7, 15, 31, 61, 91, 91, 92, 94, 94}, seconds); diff != "" {
			t.Errorf("asked at (-want +got):\n%s", diff)
		}
		for i, since := range []int{7, 9, 9, 9, 9, 9, 9, 9, 9, 10, 10, 10, 12} {
			if want := fmt.Sprintf("since=%d&wait=10s", since); a.asked[i] != want {
				t.Errorf("request %d asks for %s, want %s", i, a.asked[i], want)
			}
		}
	})
}

// A server that never was there shows at once.
func TestFollowDoesNotWaitForAServerThatNeverWas(t *testing.T) {
	t.Parallel()
	a := &answers{list: []answer{{status: http.StatusOK, kind: "text/html", body: "<h1>elsewhere"}}}
	c, err := client.New("http://roster.example", "secret", &http.Client{Transport: a})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range c.Follow(t.Context(), client.ChangeOptions{}) {
		if roster.CodeOf(err) != roster.Unavailable {
			t.Errorf("got %v, want %s", err, roster.Unavailable)
		}
	}
	if len(a.asked) != 1 {
		t.Errorf("asked %d times, want once", len(a.asked))
	}
}
