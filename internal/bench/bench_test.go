package bench

import (
	"bytes"
	"math"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
)

// canned answers the bytes of an answer to whatever comes over a connection.
func canned(t *testing.T, answer string) string {
	t.Helper()
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for c, err := l.Accept(); err == nil; c, err = l.Accept() {
			_, _ = c.Read(make([]byte, 1024))
			_, _ = c.Write([]byte(answer))
			c.Close()
		}
	}()
	return l.Addr().String()
}

func TestAsk(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, answer string
		want         response
		fails        string
	}{
		{
			name: "length", answer: "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nETag: W/\"7\"\r\nX-Total-Count: 42\r\n\r\nhello",
			want: response{Status: 200, Length: 5, ETag: `W/"7"`, Total: 42, Body: []byte("hello")},
		},
		{
			name: "chunks", answer: "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
			want: response{Status: 201, Length: 5, Total: -1, Body: []byte("hello")},
		},
		{name: "no body", answer: "HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n", want: response{Status: 304, ETag: "x", Total: -1}},
		{name: "not HTTP", answer: "SSH-2.0-OpenSSH_9\r\n", fails: "is not a status line"},
		{name: "short", answer: "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", fails: "unexpected EOF"},
		{name: "bad length", answer: "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", fails: `parsing "many"`},
		{name: "cut off", answer: "HTTP/1.1 200 OK\r\n", fails: "EOF"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := &runner{Config: Config{Now: time.Now}}
			got, err := r.ask(t.Context(), canned(t, tt.answer), get(nil, "/", "secret"))
			if tt.fails != "" {
				if err == nil || !strings.Contains(err.Error(), tt.fails) {
					t.Errorf("fails with %v, want %q", err, tt.fails)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got.Body = bytes.TrimSpace(got.Body); len(got.Body) == 0 {
				got.Body = nil
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("reads another response (-want +got):\n%s", diff)
			}
		})
	}
}

// Load goes nowhere but to this machine.
func TestDialRefusesOthers(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{"192.0.2.1:80", "example.com:80", "127.0.0.1", ""} {
		_, err := dial(t.Context(), addr, time.Now().Add(time.Second))
		if roster.CodeOf(err) != roster.Invalid {
			t.Errorf("dialling %q fails with %v, want %s", addr, err, roster.Invalid)
		}
	}
}

// A measure that gets another answer than it asked for ends the benchmark.
func TestDriveRefusesWrongAnswers(t *testing.T) {
	t.Parallel()
	r := &runner{Config: Config{Now: time.Now, Round: time.Second}}
	server := &process{addr: canned(t, "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n")}
	m := newMeasure("hot", server, the(get(nil, "/", "")))
	m.clients = 2
	if _, err := r.drive(t.Context(), m); err == nil || !strings.Contains(err.Error(), "hot answers 500, want 200") {
		t.Errorf("fails with %v", err)
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	figures := map[string]float64{"a.cpu": 10, "b.cpu": 20, "a.rate": 300, "b.rate": 90, "c.rate": 30, "size": 5}
	figure := func(name string) float64 {
		if v, ok := figures[name]; ok {
			return v
		}
		return math.NaN()
	}
	of := func(x float64) *float64 { return &x }
	tests := []struct {
		goal Goal
		want Verdict
	}{
		{Goal{Of: "a.cpu", Per: "b.cpu", Must: 0.4, Stretch: 0.6}, Verdict{Value: of(0.5), ByRate: of(0.3), Result: "must"}},
		{Goal{Of: "a.cpu", Per: "b.cpu", Must: 0.4, Stretch: 0.5}, Verdict{Value: of(0.5), ByRate: of(0.3), Result: "stretch"}},
		{Goal{Of: "a.cpu", Per: "b.cpu", Must: 0.6, Stretch: 0.7}, Verdict{Value: of(0.5), ByRate: of(0.3), Result: "missed"}},
		{Goal{Of: "a.cpu", Per: "c.cpu", Must: 0.1, Stretch: 0.2}, Verdict{Value: of(0.1), ByRate: of(0.1), Result: "must"}},
		{Goal{Of: "size", Must: 6, Stretch: 4, AtMost: true}, Verdict{Value: of(5), Result: "must"}},
		{Goal{Of: "size", Must: 4, Stretch: 3, AtMost: true}, Verdict{Value: of(5), Result: "missed"}},
		{Goal{Of: "d.p99", Per: "d.p50", Must: 5, Stretch: 5, AtMost: true}, Verdict{Result: "not measured"}},
	}
	for _, tt := range tests {
		tt.want.Goal = tt.goal
		if diff := cmp.Diff(tt.want, tt.goal.judge(figure)); diff != "" {
			t.Errorf("judges otherwise (-want +got):\n%s", diff)
		}
	}
}

func TestGoals(t *testing.T) {
	t.Parallel()
	numbers := map[int]bool{}
	for _, g := range Goals() {
		numbers[g.Number] = true
		if harder := g.Stretch >= g.Must; g.Stretch != g.Must && harder == g.AtMost {
			t.Errorf("%q: the stretch goal %g is easier than %g", g.What, g.Stretch, g.Must)
		}
	}
	if len(numbers) != 8 {
		t.Errorf("there are goals of %d numbers, want 8", len(numbers))
	}
}

func TestStatistics(t *testing.T) {
	t.Parallel()
	if got := []float64{median([]float64{9, 1, 5}), median([]float64{4, 2})}; got[0] != 5 || got[1] != 3 {
		t.Errorf("medians are %v, want 5 and 3", got)
	}
	if got := median(nil); !math.IsNaN(got) {
		t.Errorf("the median of nothing is %g", got)
	}
	var hundred []time.Duration
	for i := range 100 {
		hundred = append(hundred, time.Duration(i))
	}
	if got := percentile(hundred, 0.5); got != 50 {
		t.Errorf("p50 = %d, want 50", got)
	}
	if got := percentile(hundred, 1); got != 99 {
		t.Errorf("p100 = %d, want 99", got)
	}
	if got := percentile(nil, 0.5); got != 0 {
		t.Errorf("p50 of nothing = %d", got)
	}
}

// Pages and filters are not repeated before all were asked for.
func TestRequestsDiffer(t *testing.T) {
	t.Parallel()
	for name, ask := range map[string]struct {
		request func([]byte, uint64) []byte
		n       uint64
	}{
		"pages":         {pages("s", "&status=active", 2000, 1), 20 * uint64(len(sorts()))},
		"three filters": {deepFilters("s", 40_000, 1), 20_000},
		"counts":        {counts("s", 1), 20_000},
		"creates":       {creates("s", "x"), 1000},
	} {
		seen := map[string]uint64{}
		for n := range ask.n {
			line := string(ask.request(nil, n))
			if before, again := seen[line]; again {
				t.Fatalf("%s: request %d is that of %d:\n%s", name, n, before, line)
			}
			seen[line] = n
		}
	}
	if first, again := pages("s", "", 300, 1)(nil, 0), pages("s", "", 300, 1)(nil, 3*uint64(len(sorts()))); !bytes.Equal(first, again) {
		t.Errorf("after all pages comes %q, want %q", again, first)
	}
}

func TestParsePeer(t *testing.T) {
	t.Parallel()
	got, err := ParsePeer("pocketbase=http://127.0.0.1:8090,pid=77")
	if want := (Peer{Name: "pocketbase", Addr: "127.0.0.1:8090", PID: 77}); err != nil || got != want {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	for _, bad := range []string{
		"", "pocketbase", "kratos=http://127.0.0.1:1", "pocketbase=https://127.0.0.1:1", "pocketbase=http://192.0.2.1:80",
		"pocketbase=http://127.0.0.1:1,pid=x", "pocketbase=http://127.0.0.1:1,pid=0",
	} {
		if _, err := ParsePeer(bad); roster.CodeOf(err) != roster.Invalid {
			t.Errorf("ParsePeer(%q) fails with %v, want %s", bad, err, roster.Invalid)
		}
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	r := &runner{Config: Config{Users: []int{100_000}, Round: time.Second, Rounds: 3}, counts: map[string]int{"hot@100000": 7}}
	r.samples = map[string][]float64{
		"fixed.p50": {1}, "fixed.cpu": {30}, "fixed.rate": {33_000},
		"hot@100000.p50": {100, 300, 200}, "hot@100000.cpu": {40, 60, 50}, "hot@100000.rate": {20_000},
		"import@100000": {2.5},
	}
	var out strings.Builder
	if err := r.report().WriteTable(&out); err != nil {
		t.Fatal(err)
	}
	lines := map[string]bool{}
	for line := range strings.Lines(out.String()) {
		lines[strings.Join(strings.Fields(line), " ")] = true
	}
	for _, want := range []string{
		"MEASURE USERS REQUESTS CPU US SHARE PER SECOND SHARE P50 US P99 US",
		"fixed - - 30 - 33000 - 1 -",
		"hot 100000 7 50 0.6 20000 0.606 200 -",
		"import 100000 2.5 s",
		"1 hot list of 100,000, to fixed bytes 0.6 0.606 >= 0.7 >= 0.95 missed",
		"7 import, 1,000,000, s - - <= 30 <= 30 not measured",
	} {
		if !lines[want] {
			t.Errorf("the table lacks %q:\n%s", want, out.String())
		}
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	good := Config{Users: []int{1}, Round: time.Second, Rounds: 1}
	if err := good.Validate(); err != nil {
		t.Errorf("refuses a good configuration: %v", err)
	}
	for name, c := range map[string]Config{
		"--users":   {Round: time.Second, Rounds: 1},
		"--seconds": {Users: []int{1}, Round: time.Hour, Rounds: 1},
		"--rounds":  {Users: []int{1}, Round: time.Second},
	} {
		if _, err := Run(t.Context(), c); roster.AsError(err).Field != name {
			t.Errorf("fails with %v, want a fault of %s", err, name)
		}
	}
}
