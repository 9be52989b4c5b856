package server_test

import (
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"

	"github.com/roster-dev/roster/internal/demo"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/dialect/all"
	"github.com/roster-dev/roster/internal/server"
)

// lists are the lists of users by dialect, each with pages of a hundred.
func lists() map[string]string {
	return map[string]string{
		"native":   "/api/v1/users?page_size=100",
		"flxpoint": "/flxpoint/account/users",
		"kaiten":   "/kaiten/api/latest/company/users?for_members_section=true&limit=100",
		"sixeye":   "/sixeye/users?page%5Bsize%5D=100",
		"d3lay":    "/d3lay/users?page_size=100",
		"fipto":    "/fipto/companies/" + demo.Organization().ID.String() + "/users?page_size=100",
	}
}

// listRequest returns a request for the list of a dialect.
func listRequest(t *testing.T, d *dialect.Dialect, secret string) *http.Request {
	t.Helper()
	path, ok := lists()[d.Name]
	if !ok {
		t.Fatalf("no list of %s is known here", d.Name)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody)
	credential(d, secret)(r)
	return r
}

// Of what a page of users allocates nothing is for one user: neither where users are encoded, nor where they are taken
// from where they are kept as they were asked for.
func TestAPageAllocatesNothingForAUser(t *testing.T) {
	const few, many = 20, 100
	for name, forms := range map[string]int64{"encoded": 0, "kept": 64 << 20} {
		allocations, bytes := map[string][2]float64{}, map[string][2]int{}
		for i, users := range []int{few, many} {
			service, secret := populatedWith(t, users, forms)
			h := unlimited(t, service, nil)
			for _, d := range all.Dialects() {
				r := listRequest(t, d, secret)
				w := &sink{header: http.Header{}}
				allocated, sent := allocations[d.Name], bytes[d.Name]
				allocated[i] = testing.AllocsPerRun(5, func() {
					clear(w.header)
					w.bytes = 0
					h.ServeHTTP(w, r)
				})
				sent[i] = w.bytes
				allocations[d.Name], bytes[d.Name] = allocated, sent
				if w.status != http.StatusOK || w.bytes < 50*users {
					t.Fatalf("%s answers %d with %d bytes for %d users", d.Name, w.status, w.bytes, users)
				}
			}
		}
		for list, of := range allocations {
			// Each buffer of 32 KiB grows in a few steps, and what users have in common is made once.
			others := (many-few)/2 + 7*float64(bytes[list][1]-bytes[list][0])/(32<<10)
			if more := of[1] - of[0]; more > others {
				t.Errorf("%s, %s: %d users are %g allocations more than %d, of which %g can be others",
					list, name, many, more, few, others)
			}
		}
	}
}

// weighing is a http.ResponseWriter that looks now and then how much memory is in use.
type weighing struct {
	sink

	every, next int // bytes
	most        uint64
}

func (w *weighing) Write(p []byte) (int, error) {
	if w.every > 0 && w.bytes >= w.next {
		w.next += w.every
		w.most = max(w.most, inUse())
	}
	return w.sink.Write(p)
}

// inUse returns how many bytes of the heap are in use.
func inUse() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// While users are exported no more memory is in use for many of them than for few, but for a number of each that says
// in what order they come.
func TestExportsTakeConstantMemory(t *testing.T) {
	const few, many, slack = 400, 4000, 128 << 10
	took := map[string]int64{}
	for _, users := range []int{few, many} {
		service, secret := populatedWith(t, users, 0)
		h := unlimited(t, service, func(c *server.Config) { c.CacheBytes = 16 << 20 })
		for _, target := range []string{
			"/api/v1/users:export", "/api/v1/users:export?format=csv",
			"/api/v1/users:export?filter=-status%3Dinvited&order_by=name+desc", "/api/v1/export",
		} {
			sent, grown := exported(t, h, target, secret)
			if users == many && sent < 8*slack {
				t.Errorf("%s has only %d bytes, which is too little to tell", target, sent)
			}
			if users == many && grown > took[target]+slack {
				t.Errorf("%s takes %d bytes for %d users and %d for %d", target, grown, many, took[target], few)
			}
			took[target] = grown
		}
		runtime.KeepAlive(service)
	}
}

// exported asks for an export and returns how long it is, and how much more memory than before is in use meanwhile.
func exported(t *testing.T, h http.Handler, target, secret string) (bytes int, grown int64) {
	t.Helper()
	const looks = 4
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, http.NoBody)
	bearer(secret)(r)
	first := &weighing{sink: sink{header: http.Header{}}}
	h.ServeHTTP(first, r) // which makes the orders that it needs
	w := &weighing{sink: sink{header: http.Header{}}, every: first.bytes / looks}
	before := inUse()
	h.ServeHTTP(w, r)
	if w.status != http.StatusOK || w.bytes != first.bytes || w.most == 0 {
		t.Fatalf("%s answers %d with %d bytes and then %d", target, first.status, first.bytes, w.bytes)
	}
	return w.bytes, int64(w.most) - int64(before)
}
