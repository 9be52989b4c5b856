//go:build unix

// Package pgtest gives tests a PostgreSQL server: the one that ROSTER_TEST_DSN names, or else one of their own, with a
// new cluster in a temporary folder that is gone when they end. It must not know any store.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// DSN is the environment variable that names a server for tests: the URL of a database in which they may make schemas.
const DSN = "ROSTER_TEST_DSN"

// Folder is the environment variable that names the folder of a PostgreSQL to start, with its bin, lib and share. It is
// for another version than the one that is installed.
const Folder = "ROSTER_TEST_POSTGRES"

// Main runs the tests of a package over one server, and returns the code to exit with. The tests find it with [Server].
func Main(m *testing.M) int {
	if os.Getenv(DSN) != "" {
		return m.Run()
	}
	c, err := Start(false)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer c.Stop()
	if err := os.Setenv(DSN, c.URL); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// Server returns the URL of a database on a server that may forget what it has acknowledged when the machine, but not
// when a process, ends. Without [Main] it is the test's own.
func Server(tb testing.TB) string {
	tb.Helper()
	if dsn := os.Getenv(DSN); dsn != "" {
		return dsn
	}
	c, err := Start(false)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(c.Stop)
	return c.URL
}

// Schema makes a schema in the database of a server, which is dropped when the test ends, and returns the URL that
// leads into it.
func Schema(tb testing.TB, server string) string {
	tb.Helper()
	name := fmt.Sprintf("test_%d_%d", os.Getpid(), time.Now().UnixNano())
	execute(tb, server, `CREATE SCHEMA `+name)
	tb.Cleanup(func() { execute(tb, server, `DROP SCHEMA `+name+` CASCADE`) })
	return With(tb, server, "search_path", name)
}

// With returns a URL with a parameter.
func With(tb testing.TB, dsn, name, value string) string {
	tb.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		tb.Fatal("the URL of the server can't be read")
	}
	query := u.Query()
	query.Set(name, value)
	u.RawQuery = query.Encode()
	return u.String()
}

// execute runs a statement on a connection of its own, also when the test's context has ended.
func execute(tb testing.TB, dsn, statement string) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(tb.Context()), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, statement); err != nil {
		tb.Fatal(err)
	}
}

// Cluster is a server that runs.
type Cluster struct {
	// URL names its database.
	URL string

	folder string
	end    context.CancelFunc // asks the server to end
	ended  <-chan struct{}    // closed when it has
}

// Start makes a cluster and starts its server on a free port of the loopback device, durable as in production or
// without waiting for the disk. It fails where PostgreSQL is not installed, and says what to do. Root starts it as the
// user postgres, since the server refuses to run as root.
func Start(durable bool) (*Cluster, error) {
	as, err := credential()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "roster-postgres-")
	if err != nil {
		return nil, err
	}
	c := &Cluster{folder: folder}
	bin, err := c.binaries()
	if err == nil {
		err = c.start(bin, as, durable)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start PostgreSQL for tests: %w", err), os.RemoveAll(folder))
	}
	return c, nil
}

// binaries returns the folder with the server's programs. Those that [Folder] names are copied into the cluster's: the
// user postgres may not reach where they are.
func (c *Cluster) binaries() (string, error) {
	from := os.Getenv(Folder)
	if from == "" {
		return installed()
	}
	to := filepath.Join(c.folder, "postgres")
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		return "", fmt.Errorf("%s: %w", Folder, err)
	}
	return filepath.Join(to, "bin"), nil
}

// Stop ends the server and removes the cluster.
func (c *Cluster) Stop() {
	c.end()
	<-c.ended
	_ = os.RemoveAll(c.folder)
}

func (c *Cluster) start(bin string, as *syscall.Credential, durable bool) error {
	if as != nil {
		if err := os.Chown(c.folder, int(as.Uid), int(as.Gid)); err != nil {
			return err
		}
	}
	data := filepath.Join(c.folder, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), //nolint:gosec // found above
		"--pgdata="+data, "--username=roster", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync",
		"--no-instructions")
	initdb.SysProcAttr, initdb.Dir = attributes(as), c.folder
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	// A port that was free a moment ago may not be: then the server ends at once, and another one is tried.
	var err error
	for range 5 {
		if err = c.serve(bin, data, as, durable); err == nil {
			return nil
		}
	}
	return err
}

// serve starts the server and waits until it answers.
func (c *Cluster) serve(bin, data string, as *syscall.Credential, durable bool) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	args := []string{
		"-D", data, "-p", strconv.Itoa(port), "-c", "listen_addresses=127.0.0.1",
		"-c", "unix_socket_directories=" + c.folder, "-c", "max_connections=200",
	}
	if !durable {
		args = append(args, "-c", "fsync=off", "-c", "full_page_writes=off")
	}
	ctx, end := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "postgres"), args...) //nolint:gosec // found above
	cmd.SysProcAttr, cmd.Dir = attributes(as), c.folder
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) } // fast: sessions are ended
	cmd.WaitDelay = 20 * time.Second
	var log strings.Builder
	cmd.Stderr = &log
	server, err := launch(cmd)
	if err != nil {
		end()
		return err
	}
	dsn := fmt.Sprintf("postgres://roster@127.0.0.1:%d/postgres?sslmode=disable", port)
	if err := answers(dsn, data, server.ended); err != nil {
		end()
		<-server.ended
		return fmt.Errorf("%w\n%s", err, log.String())
	}
	c.URL, c.end, c.ended = dsn, end, server.ended
	return nil
}

// answers waits until the server of a cluster does, and not another one that got the port.
func answers(dsn, data string, ended <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		err := isServed(ctx, dsn, data)
		if err == nil {
			return nil
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ended:
			return errors.New("the server has ended")
		case <-ctx.Done():
			return err
		}
	}
}

// isServed fails unless the server at a URL has the data in a folder.
func isServed(ctx context.Context, dsn, data string) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	var folder string
	err = errors.Join(conn.QueryRow(ctx, "SHOW data_directory").Scan(&folder), conn.Close(ctx))
	if err == nil && folder != data {
		err = fmt.Errorf("the server has %s, not %s", folder, data)
	}
	return err
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	port := l.Addr().(*net.TCPAddr).Port //nolint:forcetypeassert // by its network
	return port, l.Close()
}

// installed returns the folder with the server's programs, of the latest version that is installed.
func installed() (string, error) {
	places, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres") // where Debian has them
	if err != nil {
		return "", err
	}
	version := func(place string) int {
		n, _ := strconv.Atoi(strings.Split(place, "/")[4])
		return n
	}
	slices.SortFunc(places, func(a, b string) int { return version(a) - version(b) })
	if len(places) > 0 {
		return filepath.Dir(places[len(places)-1]), nil
	}
	if place, err := exec.LookPath("postgres"); err == nil {
		return filepath.Dir(place), nil
	}
	return "", fmt.Errorf("these tests need a PostgreSQL server: install it (Debian: apt-get install "+
		"--no-install-recommends postgresql), or name one with %s=postgres://USER:PASSWORD@HOST:PORT/DATABASE, "+
		"in which they make schemas", DSN)
}

// credential returns whom the server is to run as, nil for whoever runs the test.
func credential() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil //nolint:nilnil // as it says
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL does not run as root: %w", err)
	}
	uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
	gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
	if err := errors.Join(uidErr, gidErr); err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}
