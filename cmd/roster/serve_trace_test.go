package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	"google.golang.org/protobuf/proto"
)

// spans is a collector of OpenTelemetry that keeps what it gets.
type spans struct {
	mu      sync.Mutex
	service string
	all     []span // guarded by mu
}

// span is what was collected of a span.
type span struct {
	name, id, parent, trace string
	kind                    string
	has                     map[string]any
}

func (s *spans) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var sent collector.ExportTraceServiceRequest
	if err == nil {
		err = proto.Unmarshal(body, &sent)
	}
	if err != nil || r.URL.Path != "/v1/traces" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, resource := range sent.GetResourceSpans() {
		s.service, _ = attributes(resource.GetResource().GetAttributes())["service.name"].(string)
		for _, scope := range resource.GetScopeSpans() {
			for _, got := range scope.GetSpans() {
				s.all = append(s.all, span{
					got.GetName(), hex.EncodeToString(got.GetSpanId()), hex.EncodeToString(got.GetParentSpanId()),
					hex.EncodeToString(got.GetTraceId()), got.GetKind().String(), attributes(got.GetAttributes()),
				})
			}
		}
	}
}

func attributes(list []*common.KeyValue) map[string]any {
	has := map[string]any{}
	for _, a := range list {
		switch v := a.GetValue().GetValue().(type) {
		case *common.AnyValue_StringValue:
			has[a.GetKey()] = v.StringValue
		case *common.AnyValue_IntValue:
			has[a.GetKey()] = v.IntValue
		}
	}
	return has
}

// traceID is the trace that TestTraces continues.
const traceID = "4bf92f3577b34da6a3ce929d0e0e4736"

// find returns the one span with a name in the trace of the test.
func (s *spans) find(t *testing.T, name string) span {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.all, func(got span) bool { return got.trace == traceID && got.name == name })
	if i < 0 {
		t.Fatalf("there is no span %q among %+v", name, s.all)
	}
	return s.all[i]
}

// A trace goes from whoever asks through the request, the commit and the store to the receiver of a webhook.
func TestTraces(t *testing.T) {
	t.Parallel()
	collected := &spans{}
	to := httptest.NewServer(collected)
	defer to.Close()
	handed := make(chan string, 1)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		handed <- r.Header.Get("Traceparent")
	}))
	defer receiver.Close()
	dsn, _ := newAcme(t)
	secret := tokenOf(t, dsn)
	made := execute(t, "webhook", "create", "--org", "acme", "--store", dsn, "--name", "w", "--to", receiver.URL)
	if made.code != 0 {
		t.Fatal(made.stderr)
	}
	b := start(t, 1, "serve", "--store", dsn, "--addr", "127.0.0.1:0", "--trace", to.URL, "--webhook-allow-private")
	const parent = "00f067aa0ba902b7"
	requestID := createTraced(t, b.urls["everything"], secret, "00-"+traceID+"-"+parent+"-01")
	message := <-handed
	if err := b.stop(); err != nil {
		t.Fatal(err)
	}

	request := collected.find(t, "POST /users")
	commit, update := collected.find(t, "commit"), collected.find(t, "store.update")
	decide, delivery := collected.find(t, "decide"), collected.find(t, "deliver to a webhook")
	got := [][2]string{
		{request.parent, request.kind},
		{commit.parent, commit.kind},
		{update.parent, update.kind},
		{decide.parent, decide.kind},
		{message, delivery.kind},
	}
	want := [][2]string{
		{parent, "SPAN_KIND_SERVER"},
		{request.id, "SPAN_KIND_INTERNAL"},
		{commit.id, "SPAN_KIND_INTERNAL"},
		{update.id, "SPAN_KIND_INTERNAL"},
		{"00-" + traceID + "-" + delivery.id + "-01", "SPAN_KIND_CLIENT"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the parents and kinds of the spans (-want +got):\n%s", diff)
	}
	org := request.has["roster.organization"]
	wantHas := map[string]any{
		"roster.request_id": requestID, "roster.dialect": "native", "roster.organization": org, "http.request.method": "POST",
		"http.route": "/users", "http.response.status_code": int64(http.StatusCreated), "roster.version": commit.has["roster.version"],
	}
	if diff := cmp.Diff(wantHas, request.has); diff != "" || org == nil || commit.has["roster.version"] == nil {
		t.Errorf("the span of the request (-want +got):\n%s", diff)
	}
	if collected.service != "roster" {
		t.Errorf("the service is %q", collected.service)
	}
	if !bytes.Contains(b.log.Bytes(), []byte(`"trace_id":"`+traceID+`"`)) {
		t.Errorf("the log does not name the trace:\n%s", b.log)
	}
}

// tokenOf makes a token that may do everything.
func tokenOf(t *testing.T, dsn string) string {
	t.Helper()
	made := execute(t, "token", "create", "--org", "acme", "--store", dsn, "--name", "all", "--permission", "*", "-o", "json")
	var token struct{ Secret string }
	if err := json.Unmarshal([]byte(made.stdout), &token); err != nil {
		t.Fatalf("%v: %s", err, made.stderr)
	}
	return token.Secret
}

// createTraced makes a user within a span, and returns the id of the request.
func createTraced(t *testing.T, url, secret, traceparent string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/api/v1/users",
		strings.NewReader(`{"name":"Grace","email":"grace@example.com"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+secret)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Traceparent", traceparent)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusCreated {
		t.Fatalf("the user is not made: %s", response.Status)
	}
	return response.Header.Get("X-Request-Id")
}

// Where nobody takes traces, requests are served all the same, and the log says so once.
func TestTracesNowhere(t *testing.T) {
	t.Parallel()
	refusing := httptest.NewServer(http.NotFoundHandler())
	defer refusing.Close()
	dsn, secret := newAcme(t)
	b := start(t, 1, "serve", "--store", dsn, "--addr", "127.0.0.1:0", "--trace", refusing.URL)
	if got, body := get(t, http.DefaultClient, b.urls["everything"]+"/d3lay/users", secret); got != http.StatusOK {
		t.Errorf("answers %d: %s", got, body)
	}
	if err := b.stop(); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(b.log.String(), `"msg":"traces were not sent"`); got != 1 {
		t.Errorf("the log says %d times that traces were not sent, want once:\n%s", got, b.log)
	}
}
