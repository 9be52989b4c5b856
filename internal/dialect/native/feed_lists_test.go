package native_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// walkList returns the records of a list by id, page by page, without what is computed. It fails where the total is
// another one.
func (s *site) walkList(t *testing.T, path string, query url.Values) map[string]record {
	t.Helper()
	records := map[string]record{}
	query = maps.Clone(query)
	query.Set("page_size", "7")
	for {
		var page struct {
			userList
			NextPageToken string `json:"next_page_token"`
		}
		s.get(t, path+"?"+query.Encode(), "everything", &page)
		for _, item := range page.Items {
			if path == "/users" {
				delete(item, "permissions")
			}
			records[fmt.Sprint(item["id"])] = item
		}
		if page.NextPageToken == "" {
			if len(records) != page.Total {
				t.Errorf("%s %s has %d records of %d", path, query, len(records), page.Total)
			}
			return records
		}
		query.Set("page_token", page.NextPageToken)
	}
}

// writeAll changes users, groups, spaces and roles at random, one after the other, and returns the versions that were
// made.
func (s *site) writeAll(t *testing.T, random *rand.Rand, writes int) (versions []int64) {
	t.Helper()
	made := map[string][]string{}
	bodies := map[string]string{
		"/users": `{"email":"f%[1]d@example.com","name":"F %[1]d","groups":[1],"status":"active"}`, "/groups": `{"name":"G %d"}`,
		"/spaces": `{"title":"S %d"}`, "/roles": `{"handle":"r%[1]d","name":"R %[1]d","counts_as":"support"}`,
	}
	patches := map[string]string{
		"/users": `{"status":%q}`, "/groups": `{"name":"G %s"}`, "/spaces": `{"title":"S %s"}`, "/roles": `{"name":"R %s"}`,
	}
	paths := []string{"/users", "/groups", "/spaces", "/roles"}
	for n := range writes {
		path := paths[random.IntN(len(paths))]
		one := func(path string) string {
			return path + "/" + made[path][random.IntN(len(made[path]))]
		}
		switch k := random.IntN(8); {
		case k < 3 || len(made[path]) == 0:
			var answer record
			s.send(t, call{http.MethodPost, path, "everything", fmt.Sprintf(bodies[path], n)}, func(body io.Reader) error {
				return json.NewDecoder(body).Decode(&answer)
			})
			made[path] = append(made[path], fmt.Sprint(answer["id"]))
		case k < 5:
			value := []string{"active", "suspended"}[random.IntN(2)]
			s.do(t, http.MethodPatch, one(path), fmt.Sprintf(patches[path], value))
		case k < 7 && len(made["/users"]) > 0 && len(made["/groups"]) > 0 && len(made["/spaces"]) > 0:
			user := made["/users"][random.IntN(len(made["/users"]))]
			s.do(t, http.MethodPut, one("/groups")+"/members/"+user, "")
			s.do(t, http.MethodPut, one("/spaces")+"/members/"+user, `{"role":"reader"}`)
		default:
			last := len(made[path]) - 1
			s.do(t, http.MethodDelete, path+"/"+made[path][last], "")
			made[path] = made[path][:last]
		}
		versions = append(versions, s.users(t, "everything").Version)
	}
	return versions
}

// For users, groups, spaces and roles: a list as of a version and the changes since are exactly the list at a later
// version, under the same filter.
func TestListsAsOfAndTheChangesBetween(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2) {
		s := newSite(t)
		random := rand.New(rand.NewPCG(seed, 4))
		versions := s.writeAll(t, random, 60)
		told := map[string]int{}
		for range 12 {
			i := random.IntN(len(versions) - 1)
			from, to := versions[i], versions[i+1+random.IntN(len(versions)-i-1)]
			for _, list := range []struct{ path, types, filter string }{
				{"/users", "user", ""},
				{"/users", "user", "status = active"},
				{"/users", "user", `name = "f 1*" OR groups:2`},
				{"/groups", "group", ""},
				{"/spaces", "space", ""},
				{"/roles", "role", ""},
			} {
				query := url.Values{}
				if list.filter != "" {
					query.Set("filter", list.filter)
				}
				for _, diff := range []string{"false", "true"} {
					r := &replica{name: list.path, version: from, sparse: true, records: s.asOf(t, list.path, query, from)}
					feed := maps.Clone(query)
					feed.Set("types", list.types)
					feed.Set("diff", diff)
					told[list.path] += s.followTo(t, r, feed, to)
					if diff := cmp.Diff(s.asOf(t, list.path, query, to), r.records); diff != "" || len(r.faults) > 0 {
						t.Fatalf("seed %d: %s %q from version %d to %d: %v (-list +followed):\n%s",
							seed, list.path, list.filter, from, to, r.faults, diff)
					}
				}
			}
		}
		for path, changes := range told {
			if changes < 10 {
				t.Errorf("seed %d: only %d changes of %s were told, too few to tell", seed, changes, path)
			}
		}
	}
}

// asOf returns the records of a list as they were at a version, by type and id as a replica has them.
func (s *site) asOf(t *testing.T, path string, query url.Values, version int64) map[string]record {
	t.Helper()
	query = maps.Clone(query)
	query.Set("as_of", fmt.Sprint(version))
	records := map[string]record{}
	for id, item := range s.walkList(t, path, query) {
		records[strings.TrimSuffix(strings.TrimPrefix(path, "/"), "s")+" "+id] = item
	}
	return records
}

// followTo applies the changes up to a version that a query asks for to a replica and returns how many there were.
func (s *site) followTo(t *testing.T, r *replica, query url.Values, to int64) (changes int) {
	t.Helper()
	query.Set("limit", "5")
	for since := r.version; since < to; {
		var page struct {
			Items   []change
			Version int64
		}
		query.Set("since", fmt.Sprint(since))
		s.get(t, "/changes?"+query.Encode(), "everything", &page)
		for _, c := range page.Items {
			if c.Version <= to {
				r.apply(c)
				changes++
			}
		}
		if page.Version <= since {
			t.Fatalf("a page after version %d ends at %d", since, page.Version)
		}
		since = page.Version
	}
	return changes
}
