package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect/all"
	"github.com/roster-dev/roster/internal/server"
)

// newWalkStand returns a server of all dialects over six users, and a secret that may do everything.
func newWalkStand(t *testing.T, configure func(*server.Config)) (s *stand, secret string) {
	t.Helper()
	s = newStand(t, configure, all.Dialects()...)
	s.Writer = s.service
	for _, name := range []string{"bob", "cid", "dan", "eve", "fay"} {
		s.create(t, &roster.User{Name: name, Email: name + "@example.com"})
	}
	secret = s.token(t, "walker", func(token *roster.Token) {
		token.Permissions = roster.Permissions{roster.Everything}
	})
	return s, secret
}

// listing is a page of the native list.
type listing struct {
	Items         []roster.User  `json:"items"`
	Total         int            `json:"total"`
	Version       roster.Version `json:"version"`
	NextPageToken string         `json:"next_page_token"`
}

// page asks for a page of the native list.
func (s *stand) page(t *testing.T, secret, query string) listing {
	t.Helper()
	w := s.get(t, "/api/v1/users?"+query, secret)
	wantStatus(t, query, w, http.StatusOK)
	var l listing
	if err := json.Unmarshal(w.Body.Bytes(), &l); err != nil {
		t.Fatal(err)
	}
	if got := w.Header().Get("Roster-Version"); got != strconv.FormatInt(int64(l.Version), 10) {
		t.Errorf("%s: the header says version %q, the body %d", query, got, l.Version)
	}
	return l
}

func (s *stand) remove(t *testing.T, name string) {
	t.Helper()
	s.do(t, roster.Delete{Type: roster.TypeUser, Ref: roster.Ref{Email: name + "@example.com"}})
}

func TestAWalkByTokenShowsOneVersion(t *testing.T) {
	for name, configure := range map[string]func(*server.Config){"uncached": nil, "cached": withCache} {
		t.Run(name, func(t *testing.T) {
			s, secret := newWalkStand(t, configure)
			for range 3 { // the third time, the first page comes from the cache
				s.page(t, secret, "page_size=2")
			}
			first := s.page(t, secret, "page_size=2")
			s.remove(t, "ann")
			s.remove(t, "eve")
			s.create(t, &roster.User{Name: "ann", Email: "ann@example.com"})
			var got []string
			for l := first; ; l = s.page(t, secret, "page_size=3&page_token="+l.NextPageToken) {
				if l.Total != 6 || l.Version != first.Version {
					t.Errorf("a page shows version %d with %d users, want %d with 6", l.Version, l.Total, first.Version)
				}
				for _, u := range l.Items {
					got = append(got, u.Name)
				}
				if l.NextPageToken == "" {
					break
				}
			}
			if want := "[Ann bob cid dan eve fay]"; fmt.Sprint(got) != want {
				t.Errorf("the walk shows %v, want %s", got, want)
			}
		})
	}
}

// What ago() means is settled when a walk begins: users who come to match while it lasts are on no page.
func TestAgoMeansTheSameOnEveryPage(t *testing.T) {
	for _, filter := range []string{"created_at+%3E+ago(5m)", "created_at+%3E+%61go(5m)"} {
		s, secret := newWalkStand(t, nil)
		s.clock.advance(time.Minute)
		first := s.page(t, secret, "page_size=4&filter="+filter)
		if first.Total != 6 {
			t.Fatalf("%s finds %d users, want 6", filter, first.Total)
		}
		s.clock.advance(5 * time.Minute)
		next := s.page(t, secret, "page_size=4&filter="+filter+"&page_token="+first.NextPageToken)
		if next.Total != 6 || len(next.Items) != 2 {
			t.Errorf("the next page has %d users of %d, want 2 of 6", len(next.Items), next.Total)
		}
		if again := s.page(t, secret, "page_size=4&filter="+filter); again.Total != 0 {
			t.Errorf("a new list finds %d users, want none", again.Total)
		}
	}
}

// A walk goes on where the version that it began at is not kept, for as long as the history has that.
func TestAWalkByTokenGoesOnFromTheHistory(t *testing.T) {
	s, secret := newWalkStand(t, nil)
	first := s.page(t, secret, "page_size=2")
	target := "/api/v1/users?page_size=2&page_token=" + first.NextPageToken
	s.remove(t, "ann")
	want := s.get(t, target, secret)
	wantStatus(t, "a page in time", want, http.StatusOK)
	again := func(when string) {
		t.Helper()
		got := s.get(t, target, secret)
		wantStatus(t, when, got, http.StatusOK)
		if got.Body.String() != want.Body.String() || got.Header().Get("ETag") != want.Header().Get("ETag") {
			t.Errorf("%s: got %s (%s), want %s (%s)", when, got.Body, got.Header().Get("ETag"), want.Body, want.Header().Get("ETag"))
		}
	}
	s.clock.advance(time.Hour)
	again("after an hour")
	for i := range 65 {
		s.page(t, secret, "page_size=2")
		s.create(t, &roster.User{Name: "x", Email: fmt.Sprintf("x%d@example.com", i)})
	}
	again("after many walks at other versions")
	if _, err := s.service.Trim(t.Context(), s.org, roster.Moment{Version: first.Version + 2}); err != nil {
		t.Fatal(err)
	}
	s.clock.advance(time.Hour)
	w := s.get(t, target, secret)
	wantStatus(t, "a version that is not kept", w, http.StatusGone)
	if got := w.Header().Get("ETag"); got != "" {
		t.Errorf("a failure has the tag %s", got)
	}
}

// A page of a walk keeps its tag, whatever is written.
func TestPinnedPagesKeepTheirTags(t *testing.T) {
	for name, next := range map[string]func(s *stand, secret string) (first, second string){
		"by token": func(s *stand, secret string) (first, second string) {
			token := s.page(t, secret, "page_size=2").NextPageToken
			return "/api/v1/users?page_size=2", "/api/v1/users?page_size=2&page_token=" + token
		},
		"by number": func(*stand, string) (first, second string) {
			return "/fipto/companies/{org}/users?page_size=2", "/fipto/companies/{org}/users?page_size=2&page_number=2"
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, secret := newWalkStand(t, nil)
			first, second := next(s, secret)
			first, second = s.named(first), s.named(second)
			wantStatus(t, "the first page", s.get(t, first, secret), http.StatusOK)
			tag := s.get(t, second, secret).Header().Get("ETag")
			s.remove(t, "ann")
			wantStatus(t, "the second page", s.get(t, second, secret, header("If-None-Match", tag)),
				http.StatusNotModified)
			// A client that has the first page still begins a walk as well.
			tag = s.get(t, first, secret).Header().Get("ETag")
			wantStatus(t, "the first page again", s.get(t, first, secret, header("If-None-Match", tag)),
				http.StatusNotModified)
		})
	}
}

// named puts the organization's id into a path.
func (s *stand) named(target string) string {
	return strings.ReplaceAll(target, "{org}", s.org.String())
}

// numbered are the lists that are paged by numbers, each with its pages of two users.
func numbered(page int) map[string]string {
	n := strconv.Itoa(page)
	return map[string]string{
		"kaiten": "/kaiten/api/latest/company/users?for_members_section=true&limit=2&offset=" + strconv.Itoa(2*page-2),
		"sixeye": "/sixeye/users?" + url.Values{"page[number]": {n}, "page[size]": {"2"}}.Encode(),
		"d3lay":  "/d3lay/users?page_size=2&page=" + n + "&sort_by=email",
		"fipto":  "/fipto/companies/{org}/users?page_number=" + n + "&page_size=2",
	}
}

// emails returns the e-mails in a body, in order.
func emails(body string) string {
	return fmt.Sprint(regexp.MustCompile(`[a-z0-9]+@example\.com`).FindAllString(body, -1))
}

// With ids as they are made here, all of them list in the order of creation.
func TestAWalkByNumbersShowsOneVersion(t *testing.T) {
	for name := range numbered(1) {
		t.Run(name, func(t *testing.T) {
			s, secret := newWalkStand(t, nil)
			ask := func(page int) string {
				w := s.get(t, s.named(numbered(page)[name]), secret)
				wantStatus(t, name, w, http.StatusOK)
				return emails(w.Body.String())
			}
			page1, page2, page3 := ask(1), ask(2), ask(3)
			if page2 == page3 || page1 == page2 {
				t.Fatalf("the pages are %s, %s and %s", page1, page2, page3)
			}
			s.remove(t, "ann")
			if got := ask(2); got != page2 {
				t.Errorf("page 2 shows %s after a change, want %s", got, page2)
			}
			s.clock.advance(time.Minute - time.Second)
			if got := ask(3); got != page3 {
				t.Errorf("page 3 shows %s after a change, want %s", got, page3)
			}
			s.clock.advance(time.Minute)
			if got := ask(2); got == page2 {
				t.Errorf("page 2 is as it was a minute ago: %s", got)
			}
			now2 := ask(2)
			if ask(1); ask(2) != now2 {
				t.Errorf("page 2 shows %s after page 1 was asked for again, want %s", ask(2), now2)
			}
		})
	}
}
