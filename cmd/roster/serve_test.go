package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// result is how a command line ended.
type result struct {
	stdout, stderr string
	code           int
}

// roster runs a command line to its end.
func execute(t *testing.T, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	err := run(t.Context(), args, func(string) string { return "" }, streams{strings.NewReader(""), &stdout, &stderr})
	if err != nil {
		stderr.WriteString("roster: " + explain(err) + "\n")
	}
	return result{stdout.String(), stderr.String(), exitCode(err)}
}

// background is a command line that runs until stop.
type background struct {
	// urls are where it listens, by what is served there.
	urls   map[string]string
	stdout *bufio.Reader
	log    *bytes.Buffer
	first  []string // lines of the log until it listens
	stop   func() error
}

// start runs a command that serves at so many addresses, with its log in JSON, and returns once it listens.
func start(t *testing.T, listeners int, args ...string) *background {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	stdout, out := io.Pipe()
	stderr, errs := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		args = append(args, "--log-format", "json")
		err := run(ctx, args, func(string) string { return "" }, streams{strings.NewReader(""), out, errs})
		out.Close()
		errs.Close()
		ended <- err
	}()
	b := &background{urls: map[string]string{}, stdout: bufio.NewReader(stdout), log: &bytes.Buffer{}}
	lines := bufio.NewScanner(stderr)
	for len(b.urls) < listeners && lines.Scan() {
		var line struct{ Msg, Serves, URL string }
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatalf("log line %q: %v", lines.Text(), err)
		}
		b.first = append(b.first, lines.Text())
		if line.Msg == "listening" {
			b.urls[line.Serves] = line.URL
		}
	}
	rest := make(chan struct{})
	go func() {
		defer close(rest)
		for lines.Scan() {
			b.log.WriteString(lines.Text() + "\n")
		}
	}()
	b.stop = func() error {
		cancel()
		go func() { _, _ = io.Copy(io.Discard, b.stdout) }()
		err := <-ended
		<-rest
		return err
	}
	t.Cleanup(func() {
		cancel()
		stdout.Close()
		<-rest
	})
	if len(b.urls) < listeners {
		t.Fatalf("it ended before it listened: %v", <-ended)
	}
	return b
}

func get(t *testing.T, client *http.Client, url, secret string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+secret)
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// newAcme makes an organization with one user and a token, and returns the store's name and the secret.
func newAcme(t *testing.T) (dsn, secret string) {
	t.Helper()
	dsn = "sqlite:" + filepath.Join(t.TempDir(), "roster.db")
	for _, line := range []string{
		"org create --slug acme",
		"user create --org acme --email ada@example.com --name Ada",
		"token create --org acme --name t -o csv",
	} {
		r := execute(t, append(strings.Fields(line), "--store", dsn)...)
		if r.code != 0 {
			t.Fatalf("%s: %s", line, r.stderr)
		}
		secret, _, _ = strings.Cut(r.stdout[strings.LastIndex(r.stdout, "\nrst_")+1:], ",")
	}
	return dsn, secret
}

func TestServe(t *testing.T) {
	t.Parallel()
	dsn, secret := newAcme(t)
	before := execute(t, "org", "list", "--store", dsn, "-o", "json")
	b := start(t, 3, "serve", "--store", dsn, "--addr", "127.0.0.1:0", "--listen", "sixeye=127.0.0.1:0",
		"--host", "d3lay=D3lay.example", "--metrics-addr", "127.0.0.1:0")
	for url, want := range map[string]int{
		b.urls["everything"] + "/d3lay/users":   200,
		b.urls["everything"] + "/healthz":       200,
		b.urls["sixeye"] + "/users":             200,
		b.urls["everything"] + "/users":         404,
		b.urls["sixeye"] + "/d3lay/users":       404,
		b.urls["everything"] + "/fipto/healthz": 404,
		b.urls["everything"] + "/metrics":       404,
		b.urls["metrics"] + "/users":            404,
	} {
		if got, body := get(t, http.DefaultClient, url, secret); got != want {
			t.Errorf("GET %s answers %d, want %d: %s", url, got, want, body)
		}
	}
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, b.urls["everything"]+"/users", nil)
	req.Host = "d3lay.example"
	req.Header.Set("Authorization", "Bearer "+secret)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 200 || resp.Header.Get("X-Total-Count") != "1" {
		t.Errorf("the dialect at a host name answers %d with total %q, want 200 with 1",
			resp.StatusCode, resp.Header.Get("X-Total-Count"))
	}

	status, metrics := get(t, http.DefaultClient, b.urls["metrics"]+"/metrics", "")
	for _, want := range []string{
		`roster_requests_total{dialect="d3lay",status="2xx"} 2`, "roster_cache_misses_total 3", "roster_loaded_organizations 1",
		`roster_webhook_deliveries_total{outcome="delivered"} 0`, "roster_webhook_lag_versions 0",
		`roster_store_duration_seconds_count{operation="load"} 1`,
		`roster_request_duration_seconds_count{dialect="sixeye",route="GET /users",status="2xx"} 1`, "roster_write_queue 0",
	} {
		if status != 200 || !strings.Contains(metrics, want) {
			t.Errorf("GET /metrics answers %d without %s:\n%s", status, want, metrics)
		}
	}

	held := execute(t, "org", "list", "--store", dsn)
	if held.code != exitFailed || !strings.Contains(held.stderr, "roster.db is in use by another roster process (pid ") ||
		!strings.Contains(held.stderr, "--url URL --token TOKEN") {
		t.Errorf("a second process ends with %d: %s", held.code, held.stderr)
	}

	if err := b.stop(); err != nil {
		t.Errorf("serve ends with %v", err)
	}
	list := execute(t, "token", "list", "--org", "acme", "--store", dsn, "-o", "json")
	if !strings.Contains(list.stdout, `"last_used_at"`) {
		t.Errorf("the last use is not stored when the server ends: %s", list.stdout)
	}
	if after := execute(t, "org", "list", "--store", dsn, "-o", "json"); after.stdout != before.stdout {
		t.Errorf("serving reads changes an organization from %s to %s", before.stdout, after.stdout)
	}
	if !strings.Contains(b.log.String(), `"path":"/users"`) {
		t.Errorf("the log has no line of a request:\n%s", b.log)
	}
}

func TestServeTLS(t *testing.T) {
	t.Parallel()
	dsn, secret := newAcme(t)
	cert, key, pool := certificate(t)
	b := start(t, 1, "serve", "--store", dsn, "--addr", "127.0.0.1:0", "--tls-cert", cert, "--tls-key", key)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	defer client.CloseIdleConnections()
	if !strings.HasPrefix(b.urls["everything"], "https://") {
		t.Errorf("listens at %s, want https", b.urls["everything"])
	}
	if got, body := get(t, client, b.urls["everything"]+"/d3lay/users", secret); got != 200 {
		t.Errorf("answers %d: %s", got, body)
	}
	client.CloseIdleConnections()
	if err := b.stop(); err != nil {
		t.Errorf("serve ends with %v", err)
	}
}

func certificate(t *testing.T) (certFile, keyFile string, pool *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool = x509.NewCertPool()
	pool.AddCert(parsed)
	return write("cert.pem", "CERTIFICATE", der), write("key.pem", "PRIVATE KEY", private), pool
}

func TestServeDemoOnce(t *testing.T) {
	t.Parallel()
	dsn := "sqlite:" + filepath.Join(t.TempDir(), "roster.db")
	for _, users := range []string{"7", "9"} { // the second time there is one already
		b := start(t, 1, "serve", "--store", dsn, "--addr", "127.0.0.1:0", "--demo", users)
		if err := b.stop(); err != nil {
			t.Fatalf("serve ends with %v", err)
		}
	}
	list := execute(t, "user", "list", "--org", "demo", "--store", dsn, "-o", "jsonl")
	if got := strings.Count(list.stdout, "\n"); got != 7 {
		t.Errorf("the demo organization has %d users, want 7: %s", got, list.stderr)
	}
}

func TestServePreload(t *testing.T) {
	t.Parallel()
	dsn := "sqlite:" + filepath.Join(t.TempDir(), "roster.db")
	for _, slug := range []string{"one", "two", "three"} {
		execute(t, "org", "create", "--store", dsn, "--slug", slug)
	}
	for preload, want := range map[string]int{"all": 3, "one,three": 2, "": 0} {
		b := start(t, 1, "serve", "--store", dsn, "--addr", "127.0.0.1:0", "--preload", preload)
		if err := b.stop(); err != nil {
			t.Fatalf("serve ends with %v", err)
		}
		first := strings.Join(b.first, "\n")
		if got := strings.Count(first, `"msg":"loaded","organization":`); got != want {
			t.Errorf("--preload %q: %d organizations were loaded, want %d:\n%s", preload, got, want, first)
		}
	}
	got := execute(t, "serve", "--store", dsn, "--preload", "one,four")
	if want := `--preload: there is no organization "four"`; got.code == 0 || !strings.Contains(got.stderr, want) {
		t.Errorf("got exit code %d and %q, want %q", got.code, got.stderr, want)
	}
}

// An organization that does not fit into the memory is refused, and the others are served.
func TestServeMemory(t *testing.T) {
	t.Parallel()
	dsn := "sqlite:" + filepath.Join(t.TempDir(), "roster.db")
	secrets := map[string]string{}
	for _, org := range []string{"large", "small"} {
		execute(t, "org", "create", "--store", dsn, "--slug", org)
		made := execute(t, "token", "create", "--store", dsn, "--org", org, "--name", "t", "-o", "json")
		var token struct{ Secret string }
		if err := json.Unmarshal([]byte(made.stdout), &token); err != nil {
			t.Fatalf("%v: %s", err, made.stderr)
		}
		secrets[org] = token.Secret
	}
	users := filepath.Join(t.TempDir(), "users.csv")
	text := strings.Builder{}
	text.WriteString("name,email\n")
	for i := range 2000 {
		fmt.Fprintf(&text, "User %d,user-%d@example.com\n", i, i)
	}
	if err := os.WriteFile(users, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := execute(t, "import", "csv", "--store", dsn, "--org", "large", users); got.code != 0 {
		t.Fatal(got.stderr)
	}
	b := start(t, 1, "serve", "--store", dsn, "--addr", "127.0.0.1:0", "--memory", "100KiB")
	for org, want := range map[string]int{"large": http.StatusServiceUnavailable, "small": http.StatusOK} {
		if got := status(t, b.urls["everything"]+"/api/v1/users", secrets[org]); got != want {
			t.Errorf("the users of the %s organization: got %d, want %d", org, got, want)
		}
	}
	if err := b.stop(); err != nil {
		t.Fatalf("serve ends with %v", err)
	}
}

// status returns the status of a request with a token.
func status(t *testing.T, url, secret string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+secret)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Error(err)
	}
	return response.StatusCode
}

func TestServeRefusesBadFlags(t *testing.T) {
	t.Parallel()
	var config net.ListenConfig
	taken, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	tests := []struct {
		flags string
		code  int
		want  string
	}{
		{"--host d3lay", 2, `--host: must be DIALECT=NAME, not "d3lay"`},
		{"--host klingon=x", 2, `--host: there is no dialect "klingon"; dialects are flxpoint, `},
		{"--listen d3lay=", 2, `--listen: must be DIALECT=ADDRESS, not "d3lay="`},
		{"--limits all", 2, "must be node or shared"},
		{"--limits shared", 2, "--limits: shared needs a store that several servers can have"},
		{"--trusted-proxy x", 2, `--trusted-proxy: "x" is neither an IP address nor a CIDR prefix`},
		{"--log-format xml", 2, `--log-format: must be text or json, not "xml"`},
		{"--tls-cert x", 2, `--tls-cert and --tls-key need each other`},
		{"--tls-cert missing --tls-key missing", 1, `load the certificate: open missing: `},
		{"--addr " + taken.Addr().String(), 1, `address already in use; stop what listens there, or choose another address (port 0`},
		{"--addr 127.0.0.1:0 --listen d3lay=" + taken.Addr().String(), 1, `serve d3lay: listen tcp `},
		{"--addr nowhere", 1, `serve everything: listen tcp: address nowhere: missing port`},
		{"--memory 2GB", 2, `must be a number of bytes such as 512MiB or 2GiB, not "2GB"`},
		{"--walk-time 0", 2, `--walk-time: must be more than 0, such as 10m, not 0s`},
		{"--walk-versions -1", 2, `--walk-versions: must not be negative, but is -1`},
		{"--pin-pages 1h", 2, `--pin-pages: must be from 0 to --walk-time, which is 10m0s, not 1h0m0s`},
		{"--history-reach 0", 2, `--history-reach: must be at least 1, but is 0`},
		{"--history-retention -1h", 2, `--history-retention: must not be negative, but is -1h0m0s`},
		{"--demo many", 2, `invalid argument "many" for "--demo" flag`},
	}
	for _, tt := range tests {
		got := execute(t, append([]string{"serve", "--store", "memory:"}, strings.Fields(tt.flags)...)...)
		if got.code != tt.code || !strings.Contains(got.stderr, tt.want) {
			t.Errorf("serve %s ends with %d, want %d and %q: %s", tt.flags, got.code, tt.code, tt.want, got.stderr)
		}
	}
}

// Every line that the demo prints works in a shell as it stands.
func TestDemo(t *testing.T) {
	t.Parallel()
	b := start(t, 1, "demo", "--users", "40", "--addr", "127.0.0.1:0")
	var title, keyFile string
	answers := map[string][]bool{}
	for {
		line, err := b.stdout.ReadString('\n')
		if err != nil {
			t.Fatalf("output ended: %v", err)
		}
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "# "); ok {
			title = name
		}
		if !strings.Contains(line, "curl ") {
			continue
		}
		if _, after, ok := strings.Cut(line, "-sign '"); ok {
			keyFile, _, _ = strings.Cut(after, "'")
		}
		out, err := exec.CommandContext(t.Context(), "bash", "-c", line).CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v: %s", line, err, out)
		}
		answers[title] = append(answers[title], strings.Contains(string(out), "Grace"))
		if title == "Fipto" && len(answers[title]) == 2 {
			break
		}
	}
	want := map[string][]bool{
		"Flxpoint": {true, true}, "Kaiten (FlowFast)": {true}, "sixEye": {true}, "d3lay identity": {true}, "Fipto": {true, true},
	}
	if diff := cmp.Diff(want, answers); diff != "" {
		t.Errorf("lines that show the first user (-want +got):\n%s", diff)
	}
	if info, err := os.Stat(keyFile); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key file %q has mode %v: %v", keyFile, info.Mode(), err)
	}
	if err := b.stop(); err != nil {
		t.Errorf("demo ends with %v", err)
	}
	if _, err := os.Stat(keyFile); !os.IsNotExist(err) {
		t.Errorf("the key file is still there: %v", err)
	}
}

// An import that is interrupted stops after the batch under way, and can be repeated.
func TestImportInterrupted(t *testing.T) {
	t.Parallel()
	dsn, _ := newAcme(t)
	ctx, cancel := context.WithCancel(t.Context())
	var in strings.Builder
	for range 3500 {
		in.WriteString(`{"kind":"virtual","name":"x"}` + strings.Repeat(" ", 100) + "\n")
	}
	// Whoever reads what comes after the 2,700th line has handed on the second batch, so that the first is finished.
	input := &cancelling{Reader: strings.NewReader(in.String()), after: in.Len() / 3500 * 2700, cancel: cancel}
	var stderr bytes.Buffer
	err := run(ctx, []string{"import", "jsonl", "-", "--org", "acme", "--store", dsn},
		func(string) string { return "" }, streams{input, io.Discard, &stderr})
	list := execute(t, "user", "list", "--org", "acme", "--store", dsn, "--limit", "0", "-o", "jsonl")
	made := strings.Count(list.stdout, "\n") - 1
	if made != 1000 && made != 2000 {
		t.Errorf("%d users are made, want 1000 or 2000: whole batches", made)
	}
	stopped := fmt.Sprintf("import -: stopped after line %d; the same file can be", made)
	if exitCode(err) != exitFailed || !strings.Contains(explain(err), stopped) {
		t.Errorf("ends with %d: %v; want %d: %s", exitCode(err), err, exitFailed, stopped)
	}
	want := fmt.Sprintf("%d read: %[1]d created, 0 updated, 0 unchanged, 0 skipped, 0 rejected\n", made)
	if stderr.String() != want {
		t.Errorf("reports %q, want %q", stderr.String(), want)
	}
}

// cancelling cancels once it has been read so far.
type cancelling struct {
	io.Reader

	after  int
	cancel func()
}

func (c *cancelling) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p[:min(len(p), 1024)])
	if c.after -= n; c.after <= 0 {
		c.cancel()
	}
	return n, err
}
