package pgtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// servers is how many servers a [Replicated] has: one can be lost, and then there are still two that have everything.
const servers = 3

// How long Patroni lets a leader be silent, how often it looks, and how long it is patient with etcd. What is lost is
// found to be lost after silence.
const (
	silence    = 10 * time.Second
	look       = time.Second
	retries    = 3 * time.Second
	startLimit = 2 * time.Minute
)

// Replicated is a database on several servers, each of which has every transaction that was acknowledged by one that
// was the leader, and one of which Patroni has take its place when it is lost. Methods are for one goroutine.
type Replicated struct {
	// URL names all servers, and asks for the one that writes.
	URL string

	bin, folder string
	as          *syscall.Credential
	etcd        *process
	members     [servers]*member
}

// member is a server, with the Patroni that looks after it, at an address of the loopback device that is its own: no
// port can be taken by anybody else.
type member struct {
	name, address, data string
	patroni             *process // nil where it was killed
}

// The ports at each address. Nothing gets one of them by chance.
const (
	postgresPort = 25432
	patroniPort  = 28008
	etcdPort     = 22379
	peerPort     = 22380
)

// StartReplicated starts a replicated database for a test, and returns when a leader and the one that would take its
// place are up. It fails where Patroni or etcd is not installed, and says what to do.
func StartReplicated(tb testing.TB) *Replicated {
	tb.Helper()
	r, err := newReplicated()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(r.folder) })
	tb.Cleanup(r.stop)
	if err := r.start(); err != nil {
		tb.Fatalf("start a replicated PostgreSQL: %v\n%s", err, r.log())
	}
	r.WaitForStandby(tb)
	return r
}

func newReplicated() (*Replicated, error) {
	bin, err := installed()
	if err != nil {
		return nil, err
	}
	for _, program := range []string{"patroni", "etcd"} {
		if _, err := exec.LookPath(program); err != nil {
			return nil, fmt.Errorf("this test needs %s: install it (Debian: apt-get install --no-install-recommends "+
				"postgresql patroni etcd-server): %w", program, err)
		}
	}
	r := &Replicated{bin: bin}
	if r.as, err = credential(); err != nil {
		return nil, err
	}
	if r.folder, err = os.MkdirTemp("", "roster-replicated-"); err != nil {
		return nil, err
	}
	network := fmt.Sprintf("127.%d.%d.", 1+rand.IntN(254), 1+rand.IntN(254)) //nolint:gosec // not a secret
	var hosts []string
	for i := range r.members {
		m := &member{name: fmt.Sprintf("pg%d", i+1), address: network + strconv.Itoa(i+1)}
		m.data = filepath.Join(r.folder, m.name)
		hosts = append(hosts, fmt.Sprintf("%s:%d", m.address, postgresPort))
		r.members[i] = m
	}
	r.URL = "postgres://roster@" + strings.Join(hosts, ",") +
		"/postgres?sslmode=disable&target_session_attrs=read-write"
	return r, r.own(r.folder)
}

// own gives a file or folder to whom the servers run as.
func (r *Replicated) own(path string) error {
	if r.as == nil {
		return nil
	}
	return os.Chown(path, int(r.as.Uid), int(r.as.Gid))
}

func (r *Replicated) start() (err error) {
	client, peer := r.url(etcdPort), r.url(peerPort)
	etcd := exec.Command("etcd", //nolint:gosec // found above
		"--name=etcd", "--data-dir="+filepath.Join(r.folder, "etcd"),
		"--listen-client-urls="+client, "--advertise-client-urls="+client, "--listen-peer-urls="+peer,
		"--initial-advertise-peer-urls="+peer, "--initial-cluster=etcd="+peer, "--log-level=error",
		"--heartbeat-interval=200", "--election-timeout=2000")
	if r.etcd, err = r.launch(etcd, "etcd.log"); err != nil {
		return err
	}
	if err := r.waitFor(func() bool { return answersOK(client + "/health") }); err != nil {
		return fmt.Errorf("etcd does not answer: %w", err)
	}
	for i, m := range r.members {
		if err := r.startMember(m); err != nil {
			return err
		}
		if i > 0 {
			continue
		}
		// The others are copies of the first one.
		if err := r.waitFor(func() bool { return m.is("leader") }); err != nil {
			return fmt.Errorf("there is no leader: %w", err)
		}
	}
	return nil
}

// url returns the URL of a port of etcd, which is at the address of the first member.
func (r *Replicated) url(port int) string {
	return fmt.Sprintf("http://%s:%d", r.members[0].address, port)
}

// startMember starts a member that does not run.
func (r *Replicated) startMember(m *member) (err error) {
	file := m.data + ".yml"
	if err := os.WriteFile(file, []byte(r.config(m)), 0o600); err != nil {
		return err
	}
	if err := r.own(file); err != nil {
		return err
	}
	m.patroni, err = r.launch(exec.Command("patroni", file), m.name+".log") //nolint:gosec // found above
	return err
}

// config returns what Patroni is told about a member.
func (r *Replicated) config(m *member) string {
	return fmt.Sprintf(`
scope: roster
name: %[1]s
restapi: {listen: "%[2]s:%[3]d", connect_address: "%[2]s:%[3]d"}
etcd3: {host: "%[4]s:%[5]d"}
bootstrap:
  dcs:
    ttl: %[6]d
    loop_wait: %[7]d
    retry_timeout: %[8]d
    synchronous_mode: true
    postgresql:
      use_pg_rewind: true
      parameters: {max_connections: 100, shared_buffers: 32MB, fsync: "off"}
  initdb: [{encoding: UTF8}, {locale: C}, {auth: trust}, no-sync]
  pg_hba: [host all all 127.0.0.0/8 trust, host replication all 127.0.0.0/8 trust]
postgresql:
  listen: %[2]s:%[9]d
  connect_address: %[2]s:%[9]d
  data_dir: %[10]s
  bin_dir: %[11]s
  pgpass: %[10]s.pass
  authentication: {superuser: {username: roster}, replication: {username: roster}}
  parameters: {unix_socket_directories: ""}
`, m.name, m.address, patroniPort, r.members[0].address, etcdPort, seconds(silence), seconds(look), seconds(retries),
		postgresPort, m.data, r.bin)
}

func seconds(d time.Duration) int { return int(d / time.Second) }

// WaitForStandby waits until there is a leader, one that would take its place and has all that it has acknowledged, and
// the third where it runs.
func (r *Replicated) WaitForStandby(tb testing.TB) {
	tb.Helper()
	err := r.waitFor(func() bool {
		leaders, standbys, up := 0, 0, 0
		for _, m := range r.members {
			leader, standby := m.is("leader"), m.is("sync")
			if leader {
				leaders++
			}
			if standby {
				standbys++
			}
			if m.patroni == nil || leader || m.is("replica") {
				up++
			}
		}
		return leaders == 1 && standbys == 1 && up == servers
	})
	if err != nil {
		tb.Fatalf("the replicated PostgreSQL is not up: %v\n%s", err, r.log())
	}
}

// KillLeader kills the leader and its Patroni, with SIGKILL.
func (r *Replicated) KillLeader(tb testing.TB) {
	tb.Helper()
	for _, m := range r.members {
		if !m.is("leader") {
			continue
		}
		m.patroni.kill()
		m.patroni = nil
		if err := m.killServer(); err != nil {
			tb.Fatal(err)
		}
		return
	}
	tb.Fatal("there is no leader to kill")
}

// Rejoin starts what was killed again, and waits until it could take the leader's place.
func (r *Replicated) Rejoin(tb testing.TB) {
	tb.Helper()
	for _, m := range r.members {
		if m.patroni != nil {
			continue
		}
		if err := r.startMember(m); err != nil {
			tb.Fatal(err)
		}
	}
	r.WaitForStandby(tb)
}

// stop ends everything.
func (r *Replicated) stop() {
	for _, m := range r.members {
		if m.patroni != nil {
			m.patroni.kill()
		}
		_ = m.killServer() // it may never have been up
	}
	if r.etcd != nil {
		r.etcd.kill()
	}
}

// is reports whether a member says that it has a role.
func (m *member) is(role string) bool {
	return answersOK(fmt.Sprintf("http://%s:%d/%s", m.address, patroniPort, role))
}

// killServer kills a member's server, all of whose processes end with the first of them.
func (m *member) killServer() error {
	text, err := os.ReadFile(filepath.Join(m.data, "postmaster.pid"))
	if err != nil {
		return err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(line)
	if err != nil {
		return err
	}
	return syscall.Kill(pid, syscall.SIGKILL)
}

func answersOK(url string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	return response.Body.Close() == nil && response.StatusCode == http.StatusOK
}

// waitFor waits until something is so.
func (r *Replicated) waitFor(is func() bool) error {
	for end := time.Now().Add(startLimit); !is(); {
		if time.Now().After(end) {
			return errors.New("it takes too long")
		}
		time.Sleep(100 * time.Millisecond)
	}
	return nil
}

// log returns the ends of what the programs say.
func (r *Replicated) log() string {
	const most = 3000
	var b strings.Builder
	files, _ := filepath.Glob(filepath.Join(r.folder, "*.log"))
	for _, file := range files {
		text, err := os.ReadFile(file) //nolint:gosec // listed above
		if err != nil {
			text = []byte(err.Error())
		}
		fmt.Fprintf(&b, "%s:\n%s\n", filepath.Base(file), text[max(0, len(text)-most):])
	}
	return b.String()
}

// launch starts a program in the folder, which says what it says in a file there.
func (r *Replicated) launch(cmd *exec.Cmd, file string) (*process, error) {
	file = filepath.Join(r.folder, file)
	log, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600) //nolint:gosec // named by its callers
	if err != nil {
		return nil, err
	}
	defer log.Close() //nolint:errcheck // the program has it
	cmd.Dir, cmd.Stdout, cmd.Stderr = r.folder, log, log
	cmd.SysProcAttr = attributes(r.as)
	cmd.SysProcAttr.Pdeathsig = syscall.SIGTERM // on which Patroni ends its server
	return launch(cmd)
}
