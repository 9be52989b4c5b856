package server_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/server"
)

// asked are the questions that are asked again about the past.
func asked() []string {
	return []string{
		"/users?page_size=3", "/users?page_size=2&page=2&order_by=name+desc&facets=status,role",
		"/users?filter=status+%3D+suspended&fields=number,name,updated_at", "/users?search=e&page_size=2",
		"/users/number:2", "/groups?page_size=1", "/groups/number:1/members?page_size=2", "/roles", "/tokens?page_size=2",
		"/organization", "/export",
	}
}

// heard is the answer to a question, with what stands beside the body.
func heard(t *testing.T, s *stand, secret, path string) string {
	t.Helper()
	w := s.get(t, "/api/v1"+path, secret)
	tag := w.Header().Get("ETag")
	if strings.HasPrefix(tag, "W/") {
		tag = "" // that of a list is another one
	}
	body, _, _ := strings.Cut(w.Body.String(), `"request_id"`) // which only failures have, at their end
	return fmt.Sprintf("%d %s %s %s", w.Code, w.Header().Get("Roster-Version"), tag, body)
}

// scramble writes something at random.
func scramble(t *testing.T, s *stand, rnd *rand.Rand, n int) {
	t.Helper()
	ref := roster.Ref{Number: 1 + rnd.Int64N(6)}
	cmds := []roster.Command{
		roster.Create{Record: &roster.User{Name: "New", Email: fmt.Sprintf("new%d@example.com", n)}},
		roster.Suspend{Ref: ref},
		roster.Restore{Ref: ref},
		roster.Delete{Type: roster.TypeUser, Ref: ref},
		roster.Update{Type: roster.TypeUser, Ref: ref, Patch: fmt.Appendf(nil, `{"name":"Name %d","groups":[1]}`, n)},
		roster.Create{Record: &roster.Group{Name: fmt.Sprint("Group ", n), Permissions: 4}},
		roster.Update{
			Type: roster.TypeGroup, Ref: roster.Ref{Number: 1}, Patch: fmt.Appendf(nil, `{"permissions":%d}`, n),
		},
		roster.Update{Type: roster.TypeOrganization, Patch: fmt.Appendf(nil, `{"brand_name":"Brand %d"}`, n)},
	}
	_, err := s.service.Do(t.Context(), s.org, roster.Operator(), cmds[rnd.IntN(len(cmds))])
	if code := roster.CodeOf(err); code != "" && code != roster.NotFound && code != roster.Conflict && code != roster.Invalid {
		t.Fatal(err)
	}
}

// What was answered at a version is answered as of it, to the byte: to whoever may see everything and who may not.
func TestAsOfIsWhatItWas(t *testing.T) {
	for name, configure := range map[string]func(*server.Config){"uncached": nil, "cached": withCache} {
		t.Run(name, func(t *testing.T) {
			s, secret := newWalkStand(t, configure)
			few := s.token(t, "few", func(token *roster.Token) {
				token.Permissions = roster.Permissions{roster.UsersRead}
			})
			type answer struct {
				version      roster.Version
				path, secret string
				body         string
			}
			var then []answer
			rnd := rand.New(rand.NewPCG(1, 2))
			for n := range 40 {
				scramble(t, s, rnd, n)
				view, err := s.service.View(t.Context(), s.org)
				if err != nil {
					t.Fatal(err)
				}
				for _, path := range asked() {
					for _, who := range []string{secret, few} {
						if who == few && (strings.HasPrefix(path, "/tokens") || path == "/export") {
							continue
						}
						then = append(then, answer{view.Version(), path, who, heard(t, s, who, path)})
					}
				}
			}
			rnd.Shuffle(len(then), func(i, j int) { then[i], then[j] = then[j], then[i] })
			for i, a := range then {
				if i%97 == 0 {
					s.service.Evict(s.org)
				}
				path := a.path + "?"
				if strings.Contains(a.path, "?") {
					path = a.path + "&"
				}
				path += fmt.Sprint("as_of=", a.version)
				if got := heard(t, s, a.secret, path); got != a.body {
					t.Fatalf("%s:\n%s\nand was:\n%s", path, got, a.body)
				}
			}
		})
	}
}

// A walk through the past does not end, however much time passes and however much is written.
func TestAWalkThroughThePast(t *testing.T) {
	s, secret := newWalkStand(t, nil)
	version := s.page(t, secret, "").Version
	s.clock.advance(time.Minute)
	at := s.clock.Now().Format(time.RFC3339)
	s.clock.advance(time.Second)
	s.remove(t, "ann")
	s.remove(t, "eve")
	for _, asOf := range []string{fmt.Sprint(version), strings.ReplaceAll(at, "+", "%2B")} {
		var got []string
		for token := ""; ; {
			l := s.page(t, secret, "page_size=2&as_of="+asOf+"&page_token="+token)
			if l.Version != version || l.Total != 6 {
				t.Errorf("as of %s: version %d with %d users, want %d with 6", asOf, l.Version, l.Total, version)
			}
			for _, u := range l.Items {
				got = append(got, u.Name)
			}
			if token = l.NextPageToken; token == "" {
				break
			}
			s.clock.advance(time.Hour)
			s.create(t, &roster.User{Name: "x", Email: fmt.Sprintf("x%d@example.com", s.clock.Now().Unix())})
		}
		if want := "[Ann bob cid dan eve fay]"; fmt.Sprint(got) != want {
			t.Errorf("as of %s the walk shows %v, want %s", asOf, got, want)
		}
	}
}

// ago() counts back from the instant that as_of names.
func TestAgoInThePast(t *testing.T) {
	s, secret := newWalkStand(t, nil)
	s.clock.advance(time.Minute)
	then := s.clock.Now().UTC().Format(time.RFC3339)
	s.clock.advance(time.Hour)
	for query, want := range map[string]int{
		"filter=created_at+%3E+ago(5m)":                0,
		"filter=created_at+%3E+ago(5m)&as_of=" + then:  6,
		"filter=created_at+%3E+ago(30s)&as_of=" + then: 0,
	} {
		if got := s.page(t, secret, query).Total; got != want {
			t.Errorf("%s finds %d users, want %d", query, got, want)
		}
	}
}

func TestNoPast(t *testing.T) {
	s, secret := newWalkStand(t, func(c *server.Config) { c.Past = nil })
	wantStatus(t, "as of 1", s.get(t, "/api/v1/users?as_of=1", secret), http.StatusServiceUnavailable)
}
