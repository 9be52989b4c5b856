package linear

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/roster-dev/roster/internal/dialect"
)

// fault is something that a server does wrong now and then.
type fault struct {
	wrong    wrong
	happened atomic.Int64
	requests atomic.Int64

	mu sync.Mutex
	// kept are answers of before, by request, and tags entity tags of before, by path; guarded by mu.
	kept map[string]*httptest.ResponseRecorder
	tags map[string]string
}

// wrong answers a request wrongly where it can, or returns nil to have it answered rightly. It counts what happened.
type wrong func(f *fault, h http.Handler, r *http.Request) *httptest.ResponseRecorder

// often is how many requests there are for one that is answered wrongly, if it can be.
const often = 3

// behind returns a handler that is wrong now and then.
func (f *fault) behind(h http.Handler) http.Handler {
	f.kept, f.tags = map[string]*httptest.ResponseRecorder{}, map[string]string{}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("Accept-Encoding") // bodies are looked at
		var answer *httptest.ResponseRecorder
		if f.requests.Add(1)%often == 0 && !strings.Contains(r.URL.Path, "/changes") {
			answer = f.wrong(f, h, r)
		}
		if answer == nil {
			answer = handled(h, r)
		}
		f.keep(r, answer)
		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	})
}

// handled has a request answered.
func handled(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// keep remembers the first answer to each question, and the first tag of each record.
func (f *fault) keep(r *http.Request, answer *httptest.ResponseRecorder) {
	if r.Method != http.MethodGet || answer.Code != http.StatusOK {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.kept[question(r)] == nil {
		f.kept[question(r)] = answer
	}
	if f.tags[r.URL.Path] == "" {
		f.tags[r.URL.Path] = answer.Header().Get("ETag")
	}
}

// before returns the first answer to a question, nil where there was none.
func (f *fault) before(r *http.Request) *httptest.ResponseRecorder {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.kept[question(r)]
}

// question is what a request asks, but for how fresh the answer must be.
func question(r *http.Request) string {
	query := r.URL.Query()
	query.Del(dialect.MinVersion)
	return r.URL.Path + "?" + query.Encode()
}

// with returns a request with a changed query.
func with(r *http.Request, change func(url.Values)) *http.Request {
	r = r.Clone(r.Context())
	query := r.URL.Query()
	change(query)
	r.URL.RawQuery = query.Encode()
	return r
}

// faults returns the servers that are wrong.
func faults() map[string]wrong {
	return map[string]wrong{
		"a stale view":                      stale,
		"a stale view that passes for new":  staleAsNew,
		"a write that is dropped":           dropped,
		"a write that is done twice":        keyless,
		"an old entity tag":                 oldTag,
		"If-Match that is ignored":          unconditional,
		"If-None-Match that always matches": alwaysMatches,
		"a version that is told twice":      oldVersion,
		"a total that is wrong":             wrongTotal,
		"half a batch":                      halfABatch,
	}
}

func stale(f *fault, h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	if r.Method != http.MethodGet {
		return nil
	}
	old := f.before(r)
	if old != nil && old.Header().Get(dialect.VersionHeader) != handled(h, r).Header().Get(dialect.VersionHeader) {
		f.happened.Add(1)
	}
	return old
}

func staleAsNew(f *fault, h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	old := f.before(r)
	if r.Method != http.MethodGet || old == nil || !strings.Contains(r.URL.Path, "/users/") {
		return nil
	}
	answer := handled(h, r)
	if answer.Code != http.StatusOK || bytes.Equal(answer.Body.Bytes(), old.Body.Bytes()) {
		return nil
	}
	answer.Body = bytes.NewBuffer(old.Body.Bytes())
	answer.Header().Set("ETag", old.Header().Get("ETag"))
	answer.Header().Del("Content-Length")
	f.happened.Add(1)
	return answer
}

func dropped(f *fault, h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	if r.Method == http.MethodGet || strings.HasSuffix(r.URL.Path, ":batch") {
		return nil
	}
	answer := handled(h, with(r, func(q url.Values) { q.Set("dry_run", "true") }))
	if answer.Code == http.StatusOK && r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/users") {
		answer.Code = http.StatusCreated
		f.happened.Add(1)
	}
	return answer
}

func keyless(f *fault, h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	if r.Header.Get(dialect.IdempotencyKey) == "" || r.Method != http.MethodPatch {
		return nil
	}
	r.Header.Del(dialect.IdempotencyKey)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil // the client has gone
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	again := r.Clone(r.Context())
	again.Body = io.NopCloser(bytes.NewReader(bytes.ReplaceAll(body, []byte(`"}`), []byte(` again"}`))))
	answer := handled(h, r)
	if handled(h, again).Code == http.StatusOK {
		f.happened.Add(1)
	}
	return answer
}

func oldTag(f *fault, h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	answer := handled(h, r)
	f.mu.Lock()
	old := f.tags[r.URL.Path]
	f.mu.Unlock()
	if r.Method == http.MethodGet && answer.Code == http.StatusOK && old != "" && old != answer.Header().Get("ETag") {
		answer.Header().Set("ETag", old)
		f.happened.Add(1)
	}
	return answer
}

func unconditional(f *fault, h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	if r.Header.Get("If-Match") == "" {
		return nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil // the client has gone
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	answer := handled(h, r)
	if answer.Code != http.StatusPreconditionFailed {
		return answer
	}
	r.Header.Del("If-Match")
	r.Body = io.NopCloser(bytes.NewReader(body))
	if answer = handled(h, r); answer.Code < http.StatusBadRequest {
		f.happened.Add(1)
	}
	return answer
}

func alwaysMatches(f *fault, h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	if r.Header.Get("If-None-Match") == "" {
		return nil
	}
	answer := handled(h, r)
	if answer.Code != http.StatusOK {
		return answer
	}
	f.happened.Add(1)
	answer.Code, answer.Body = http.StatusNotModified, &bytes.Buffer{}
	answer.Header().Del("Content-Length")
	return answer
}

func oldVersion(f *fault, h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	answer := handled(h, r)
	version, err := strconv.ParseInt(answer.Header().Get(dialect.VersionHeader), 10, 64)
	if err == nil && r.Method != http.MethodGet && !strings.HasSuffix(r.URL.Path, ":batch") {
		answer.Header().Set(dialect.VersionHeader, strconv.FormatInt(version-1, 10))
		f.happened.Add(1)
	}
	return answer
}

func wrongTotal(f *fault, h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	if !strings.HasSuffix(r.URL.Path, "/users") || r.Method != http.MethodGet {
		return nil
	}
	answer := handled(h, r)
	if answer.Code != http.StatusOK {
		return answer
	}
	f.happened.Add(1)
	answer.Body = bytes.NewBuffer(bytes.Replace(answer.Body.Bytes(), []byte(`"total":`), []byte(`"total":1`), 1))
	answer.Header().Del("Content-Length")
	return answer
}

func halfABatch(f *fault, h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	if !strings.HasSuffix(r.URL.Path, ":batch") {
		return nil
	}
	answer := handled(h, with(r, func(q url.Values) { q.Set("atomic", "false") }))
	if answer.Code == http.StatusMultiStatus {
		f.happened.Add(1)
		answer.Code = http.StatusConflict
		answer.Header().Del(dialect.VersionHeader)
	}
	return answer
}
