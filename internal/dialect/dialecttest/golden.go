package dialecttest

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/auth"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/dialect/golden"
)

var update = flag.Bool("update", false, "rewrite the responses of golden cases")

// Run runs the golden cases in testdata/*.txtar against a dialect at the root of a listener. A case is a section
// NAME/request and a section NAME/response; files named live*.txtar run against the contract live, and each file
// named write*.txtar against a world of its own, which its cases change one after the other. With -update the responses
// are rewritten.
//
// In requests, {NAME} is the secret of a token of the world, {company} and {other_company} the ids of the
// organizations, {jobN} the id of Company's N-th job from the oldest. Jobs are carried out after each request that has
// no header Roster-Hold. The header Roster-Repeat: N sends a request N times and records the last response;
// Roster-Pad: N makes the body N bytes long with spaces at its end; Roster-Sign: USER signs it as that user.
//
// Run also fails for a parameter, an allowed value or a documented status without a case, for an example in the tables
// that the wire types do not write, and for a failure whose response shows its cause.
func Run(t *testing.T, d *dialect.Dialect) {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden cases in testdata: %v", err)
	}
	worlds := map[roster.Contract]*World{
		roster.Documented: NewWorld(t, roster.Documented, d),
		roster.Live:       NewWorld(t, roster.Live, d),
	}
	docs := map[roster.Contract]schemas{
		roster.Documented: documented(t, d, roster.Documented), roster.Live: documented(t, d, roster.Live),
	}
	seen := newCoverage(d)
	for _, file := range files {
		contract := roster.Documented
		if strings.HasPrefix(filepath.Base(file), "live") {
			contract = roster.Live
		}
		world := worlds[contract]
		if strings.HasPrefix(filepath.Base(file), "write") {
			world = NewWorld(t, contract, d)
		}
		t.Run(filepath.Base(file), func(t *testing.T) { runFile(t, world, docs[contract], file, seen) })
	}
	seen.check(t)
	checkExamples(t, d)
	checkFailures(t, d)
}

func runFile(t *testing.T, w *World, doc schemas, file string, seen *coverage) {
	t.Helper()
	d := doc.Dialect
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	out := &txtar.Archive{Comment: archive.Comment}
	responses := map[string]string{}
	for _, f := range archive.Files {
		if name, ok := strings.CutSuffix(f.Name, "/response"); ok {
			responses[name] = string(f.Data)
		} else if !strings.HasSuffix(f.Name, "/request") {
			t.Errorf("%s: the section %s is neither a request nor a response", file, f.Name)
		}
	}
	for _, f := range archive.Files {
		name, ok := strings.CutSuffix(f.Name, "/request")
		if !ok {
			continue
		}
		t.Run(name, func(t *testing.T) {
			request, response := w.roundTrip(t, d, f.Data)
			defer func() { _ = response.Body.Close() }() // it is in memory
			seen.note(request, response, w.contract)
			got := render(response, d)
			_, body, _ := strings.Cut(got, "\n\n")
			doc.check(t, request, response, body)
			out.Files = append(out.Files, f, txtar.File{Name: name + "/response", Data: []byte(got)})
			if want := responses[name]; !*update && got != want {
				t.Errorf("%s %s (-want +got):\n%s", request.Method, request.URL, cmp.Diff(want, got))
			}
		})
	}
	if *update {
		if err := os.WriteFile(file, txtar.Format(out), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// roundTrip sends a request of a golden case.
func (w *World) roundTrip(t *testing.T, d *dialect.Dialect, data []byte) (*http.Request, *http.Response) {
	t.Helper()
	server, handler := w.server(t, d)
	server.Drain() // so that nobody waits for a change that never comes
	repeat := 1
	if n := w.parse(t, data).Header.Get("Roster-Repeat"); n != "" {
		var err error
		if repeat, err = strconv.Atoi(n); err != nil {
			t.Fatal(err)
		}
	}
	var request *http.Request
	var recorder *httptest.ResponseRecorder
	for range repeat {
		request, recorder = w.parse(t, data), httptest.NewRecorder()
		held := request.Header.Get("Roster-Hold") != ""
		request.Header.Del("Roster-Repeat")
		request.Header.Del("Roster-Hold")
		request.Header.Del("Roster-Pad")
		if user := request.Header.Get("Roster-Sign"); user != "" {
			request.Header.Del("Roster-Sign")
			w.sign(t, request, user)
		}
		handler.ServeHTTP(recorder, request)
		if held {
			continue
		}
		if err := w.Jobs.RunAll(t.Context()); err != nil { // as if there were time until the next case
			t.Fatal(err)
		}
		if err := w.Webhooks.Deliver(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return request, recorder.Result()
}

func (w *World) sign(t *testing.T, r *http.Request, user string) {
	t.Helper()
	target := r.URL
	r.URL.Scheme, r.URL.Host = "http", r.Host
	if err := auth.Sign(r, roster.MustParseID(user), signingKey(t, user), roster.TimeOf(Now())); err != nil {
		t.Fatal(err)
	}
	r.URL = target
}

func (w *World) parse(t *testing.T, data []byte) *http.Request {
	t.Helper()
	pairs := []string{"{company}", Company.String(), "{other_company}", Other.String()}
	for name, secret := range w.Secrets {
		pairs = append(pairs, "{"+name+"}", secret)
	}
	jobs, err := w.Jobs.Jobs(t.Context(), Company)
	if err != nil {
		t.Fatal(err)
	}
	for i, job := range jobs {
		pairs = append(pairs, fmt.Sprintf("{job%d}", len(jobs)-i), job.ID.String())
	}
	text := strings.NewReplacer(pairs...).Replace(string(data))
	head, body := golden.Cut(text)
	r, err := golden.Request(head, pad(t, head, body))
	if err != nil {
		t.Fatal(err)
	}
	r.RemoteAddr = "192.0.2.1:1234"
	return r.WithContext(t.Context())
}

// pad returns the body as long as the header Roster-Pad says, if it is there.
func pad(t *testing.T, head, body string) string {
	t.Helper()
	_, value, ok := strings.Cut(head, "Roster-Pad: ")
	if !ok {
		return body
	}
	value, _, _ = strings.Cut(value, "\n")
	length, err := strconv.Atoi(strings.TrimSpace(value))
	if err != nil {
		t.Fatal(err)
	}
	return body + strings.Repeat(" ", length-len(body))
}

// render writes a response as golden files have it.
func render(response *http.Response, d *dialect.Dialect) string {
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err.Error()
	}
	return golden.Response(d, response.StatusCode, response.Header, body)
}
