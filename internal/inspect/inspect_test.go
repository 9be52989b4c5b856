package inspect_test

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/inspect"
)

// vendor is a small dialect: a list with pages, and a note that is written.
func vendor() *dialect.Dialect {
	return &dialect.Dialect{
		Name: "vendor", Title: "Vendor",
		Schemes: []dialect.Scheme{
			{Kind: dialect.HeaderKey, Header: "X-Key", Mark: dialect.Seed},
			{Kind: dialect.Bearer, Mark: dialect.Seed},
		},
		Endpoints: []dialect.Endpoint{
			{
				Method: http.MethodGet, Path: "/things", ID: "list", Mark: dialect.Seed,
				Window: &dialect.Window{Start: "page", First: 1, Size: "size"},
				Params: []dialect.Param{
					{Name: "page", Type: dialect.Integer, Default: "1", Min: dialect.N(1), Mark: dialect.Seed},
					{Name: "size", Type: dialect.Integer, Default: "10", Mark: dialect.Seed},
					{Name: "q", Mark: dialect.Seed},
				},
			},
			{Method: http.MethodPost, Path: "/notes", ID: "note", Mark: dialect.Seed, Body: &dialect.RequestBody{}},
		},
	}
}

// api returns what an inspector needs to know of a dialect.
func api(d *dialect.Dialect) inspect.API {
	return inspect.API{Dialect: d, Contract: roster.Documented, Endpoint: func(r *http.Request) *dialect.Endpoint {
		for i := range d.Endpoints {
			if e := &d.Endpoints[i]; e.Method == r.Method && e.Path == r.URL.Path {
				return e
			}
		}
		return nil
	}}
}

// serve has an inspector stand around a handler on a real connection.
func serve(t interface{ Cleanup(func()) }, o inspect.Options, h http.HandlerFunc) (*inspect.Inspector, string) {
	if o.Now == nil {
		o.Now = time.Now
	}
	i := inspect.New(o)
	s := httptest.NewServer(i.Handler(api(vendor()), h))
	t.Cleanup(s.Close)
	return i, s.URL
}

func send(t interface{ Fatal(...any) }, r *http.Request) string {
	if r.Header.Get("X-Key") == "" {
		r.Header.Set("X-Key", "the key of a test")
	}
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	body, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func request(t *testing.T, method, url, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestWhatIsRecorded(t *testing.T) {
	t.Parallel()
	i, url := serve(t, inspect.Options{}, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(http.StatusCreated)
		z := gzip.NewWriter(w)
		_, _ = z.Write(append([]byte("noted: "), body...))
		_ = z.Close()
	})
	if got := send(t, request(t, http.MethodPost, url+"/notes?a=1&b=%C3%A4", "hello")); got != "noted: hello" {
		t.Errorf("the client gets %q", got)
	}
	list := i.Requests(0)
	if len(list) != 1 {
		t.Fatalf("%d requests are recorded, want 1", len(list))
	}
	got := list[0]
	if got.At.IsZero() || got.Milliseconds <= 0 || got.Response.Bytes < 30 {
		t.Errorf("it was at %s, took %f ms and had %d bytes", got.At, got.Milliseconds, got.Response.Bytes)
	}
	want := inspect.Request{
		Number: 1, Dialect: "vendor", Client: "unknown token", At: got.At, Milliseconds: got.Milliseconds,
		Method: "POST", URL: "/notes?a=1&b=%C3%A4", Operation: "/notes", Body: "hello",
		Header: http.Header{
			"X-Key": {"***"}, "Content-Length": {"5"}, "User-Agent": {"Go-http-client/1.1"}, "Accept-Encoding": {"gzip"},
		},
		Response: inspect.Response{
			Status: 201, Header: http.Header{"Content-Encoding": {"gzip"}, "Content-Type": {"text/plain"}},
			Body: "noted: hello", Bytes: got.Response.Bytes,
		},
		Findings: []string{"parameter-unknown"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// What is kept is bounded in requests, in bytes, and in bytes of each body; the latest stay, and numbers go on.
func TestBounds(t *testing.T) {
	t.Parallel()
	answer := strings.Repeat("x", 3000)
	echo := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, answer)
	}
	for _, bounds := range []struct {
		requests, bytes, body int
		want                  []int64
	}{
		{3, 0, 0, []int64{8, 9, 10}},
		{0, 9000, 1000, []int64{9, 10}},
		{0, 100, 0, nil},
		{5, 1, 1, nil},
		{2, 1 << 20, 0, []int64{9, 10}},
		{1, 1 << 20, 1, []int64{10}},
	} {
		o, want := inspect.Options{Requests: bounds.requests, Bytes: bounds.bytes, Body: bounds.body}, bounds.want
		i, url := serve(t, o, echo)
		for range 10 {
			if got := send(t, request(t, http.MethodPost, url+"/notes", answer)); got != answer {
				t.Fatalf("%+v: the client gets %q", o, got)
			}
		}
		var got []int64
		for _, r := range i.Requests(0) {
			got = append(got, r.Number)
			if most := max(o.Body, 1); o.Body > 0 && (len(r.Body) > most || len(r.Response.Body) > most) {
				t.Errorf("%+v: %d and %d bytes are kept of bodies", o, len(r.Body), len(r.Response.Body))
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", o, diff)
		}
		if counts := i.Counts(); len(counts) != 1 || counts[0].Requests != 10 {
			t.Errorf("%+v: counted are %v", o, counts)
		}
	}
}

// Who has read an answer finds it recorded, however it was written.
func TestAnAnswerIsRecordedBeforeItIsRead(t *testing.T) {
	t.Parallel()
	i, url := serve(t, inspect.Options{Requests: 1}, func(w http.ResponseWriter, r *http.Request) {
		size, _ := strconv.Atoi(r.URL.Query().Get("size"))
		if r.URL.Query().Has("length") {
			w.Header().Set("Content-Length", strconv.Itoa(size))
		}
		for size > 0 {
			n := min(size, 1000)
			_, _ = w.Write(make([]byte, n))
			_ = http.NewResponseController(w).Flush()
			size -= n
		}
	})
	for n := range int64(300) {
		query := fmt.Sprintf("/things?length&size=%d", n*37)
		if got := len(send(t, request(t, http.MethodGet, url+query, ""))); got != int(n*37) {
			t.Fatalf("%s: got %d bytes", query, got)
		}
		if list := i.Requests(0); len(list) != 1 || list[0].Number != n+1 || list[0].Response.Bytes != n*37 {
			t.Fatalf("%s: recorded is %+v", query, list)
		}
	}
}

// A connection that is taken over, or ends in the middle of an answer, is recorded as what it was.
func TestBrokenAnswers(t *testing.T) {
	t.Parallel()
	i, url := serve(t, inspect.Options{}, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("q") == "reset" {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
			}
			_ = conn.Close()
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Content-Length", "10")
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	var read []string
	for _, q := range []string{"reset", "half"} {
		r := request(t, http.MethodGet, url+"/things?q="+q, "")
		r.Close = true
		got, err := http.DefaultClient.Do(r)
		if err != nil {
			read = append(read, "")
			continue
		}
		body, _ := io.ReadAll(got.Body)
		_ = got.Body.Close()
		read = append(read, string(body))
	}
	if diff := cmp.Diff([]string{"", "half"}, read); diff != "" {
		t.Errorf("the client (-want +got):\n%s", diff)
	}
	list := i.Requests(0)
	if len(list) != 2 || list[0].Response.Status != 0 || list[1].Response.Status != 200 || list[1].Response.Body != "half" ||
		!list[0].Response.Broken || !list[1].Response.Broken {
		t.Errorf("recorded is %+v", list)
	}
}

func TestReset(t *testing.T) {
	t.Parallel()
	i, url := serve(t, inspect.Options{}, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/things" {
			w.WriteHeader(http.StatusNotFound)
		}
	})
	send(t, request(t, http.MethodGet, url+"/thing", ""))
	send(t, request(t, http.MethodGet, url+"/thing", ""))
	if got := i.Findings(); len(got) != 1 || got[0].Count != 2 || !cmp.Equal(got[0].Requests, []int64{1, 2}) {
		t.Errorf("found is %+v", got)
	}
	i.Reset()
	if got := len(i.Requests(0)) + len(i.Findings()) + len(i.Counts()); got != 0 {
		t.Errorf("%d things are left", got)
	}
	send(t, request(t, http.MethodGet, url+"/things", ""))
	if got := i.Requests(0); len(got) != 1 || got[0].Number != 1 || len(i.Requests(1)) != 0 {
		t.Errorf("recorded is %+v", got)
	}
}

// Clients at the same time are all recorded and counted.
func TestClientsAtTheSameTime(t *testing.T) {
	t.Parallel()
	i, url := serve(t, inspect.Options{}, func(w http.ResponseWriter, r *http.Request) {
		inspect.Paged(r.Context(), r.URL.Query().Get("page") != "20")
		_, _ = io.WriteString(w, "[]")
	})
	var all sync.WaitGroup
	for n := range 4 {
		all.Go(func() {
			for page := range 20 {
				r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("%s/things?page=%d", url, page+1), nil)
				if err != nil {
					t.Error(err)
					return
				}
				r.Header.Set("X-Key", fmt.Sprintf("the key of client %d", n))
				got, err := http.DefaultClient.Do(r)
				if err != nil {
					t.Error(err)
					return
				}
				_ = got.Body.Close()
				i.Requests(0)
			}
		})
	}
	all.Wait()
	if got := i.Counts(); len(got) != 1 || got[0].Requests != 80 || len(i.Requests(0)) != 80 {
		t.Errorf("counted are %v", got)
	}
	if got := i.Findings(); len(got) > 0 {
		t.Errorf("found is %+v", got)
	}
}

// Findings can be read by a program: they have what is promised.
func TestFindingsInJSON(t *testing.T) {
	t.Parallel()
	i, url := serve(t, inspect.Options{}, func(http.ResponseWriter, *http.Request) {})
	send(t, request(t, http.MethodGet, url+"/things?sise=3", ""))
	text, err := json.Marshal(i.Findings())
	if err != nil {
		t.Fatal(err)
	}
	const want = `[{"rule":"parameter-unknown","severity":"warning","dialect":"vendor","operation":"GET /things",` +
		`"client":"unknown token","where":"sise","what":"\"sise\" is no parameter and is ignored; size is much like it",` +
		`"source":"Vendor's page of GET /things does not have it","fix":"correct or drop its name","count":1,"requests":[1]}]`
	if string(text) != want {
		t.Errorf("got %s, want %s", text, want)
	}
}
