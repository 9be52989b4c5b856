package main

import (
	"bufio"
	"debug/elf"
	"errors"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/spf13/pflag"
)

// packaged reads a file of the folder packaging.
func packaged(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "packaging", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// serveKnows returns the flags that `roster serve` has, and the variables by which they are set.
func serveKnows(t *testing.T) (flags, variables map[string]bool) {
	t.Helper()
	cmd, _, err := (&app{getenv: func(string) string { return "" }}).root().Find([]string{"serve"})
	if err != nil {
		t.Fatal(err)
	}
	flags, variables = map[string]bool{}, map[string]bool{}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		flags["--"+f.Name] = true
		for _, v := range f.Annotations[fromEnvironment] {
			variables[v] = true
		}
	})
	return flags, variables
}

// Every flag and every variable that is written anywhere in the folder is one of `roster serve`.
func TestPackagingFlags(t *testing.T) {
	t.Parallel()
	flags, variables := serveKnows(t)
	for _, name := range []string{
		"systemd/roster.service", "Dockerfile", "kubernetes/sqlite.yaml", "kubernetes/postgres.yaml",
	} {
		found := 0
		text := packaged(t, name)
		for _, v := range regexp.MustCompile(`\bROSTER_[A-Z_]+`).FindAllString(text, -1) {
			if found++; !variables[v] {
				t.Errorf("%s: `roster serve` does not know the variable %s", name, v)
			}
		}
		for _, line := range regexp.MustCompile(`(?m)(?:\bserve\b|args:).*`).FindAllString(text, -1) {
			for _, f := range regexp.MustCompile(`--[a-z][a-z-]*`).FindAllString(line, -1) {
				if found++; !flags[f] {
					t.Errorf("%s: `roster serve` has no flag %s", name, f)
				}
			}
		}
		if found < 2 {
			t.Errorf("%s has %d flags and variables, want more", name, found)
		}
	}
}

func TestSystemdUnit(t *testing.T) {
	t.Parallel()
	unit := packaged(t, "systemd/roster.service")
	settings := map[string]string{}
	for line := range strings.Lines(unit) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(name, "#") {
			settings[name+"="+strings.SplitN(value, "=", 2)[0]] = value
			settings[name] = value
		}
	}
	want := map[string]string{
		"Type": "notify", "DynamicUser": "yes", "StateDirectory": "roster", "ProtectSystem": "strict", "NoNewPrivileges": "yes",
		"CapabilityBoundingSet": "", "Environment=ROSTER_STORE": "ROSTER_STORE=sqlite:%S/roster/roster.db", "UMask": "0077",
	}
	for name, value := range want {
		if got, ok := settings[name]; !ok || got != value {
			t.Errorf("%s is %q, want %q", name, got, value)
		}
	}
	verifyUnit(t, unit)
}

// verifyUnit has systemd look at a unit where there is systemd, with the program where it is here.
func verifyUnit(t *testing.T, unit string) {
	t.Helper()
	analyze, err := exec.LookPath("systemd-analyze")
	if errors.Is(err, exec.ErrNotFound) {
		t.Log("systemd-analyze is not here: only the settings were looked at")
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "roster.service")
	unit = strings.ReplaceAll(unit, "/usr/local/bin/roster", self)
	if err := os.WriteFile(path, []byte(unit), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), analyze, "verify", "--man=no", path).CombinedOutput(); err != nil {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
}

// image is what a Dockerfile says about the image that it makes.
type image struct {
	build string // the command that makes the program
	env   map[string]string
	last  map[string]string // the last instruction of each kind
	all   string
}

func readImage(t *testing.T) image {
	t.Helper()
	text := regexp.MustCompile(`\\\n\s*`).ReplaceAllString(packaged(t, "Dockerfile"), "")
	i := image{env: map[string]string{}, last: map[string]string{}, all: text}
	for line := range strings.Lines(text) {
		instruction, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		i.last[instruction] = rest
		if instruction == "RUN" && strings.Contains(rest, "go build") {
			i.build = rest
		}
		if instruction == "ENV" {
			for pair := range strings.FieldsSeq(rest) {
				name, value, _ := strings.Cut(pair, "=")
				i.env[name] = value
			}
		}
	}
	return i
}

func TestDockerfile(t *testing.T) {
	t.Parallel()
	i := readImage(t)
	ports := strings.TrimPrefix(i.env["ROSTER_ADDR"], ":") + " " + strings.TrimPrefix(i.env["ROSTER_METRICS_ADDR"], ":")
	for instruction, want := range map[string]string{
		"FROM": "scratch", "USER": "65532:65532", "VOLUME": "/data", "EXPOSE": ports, "ENTRYPOINT": `["/roster"]`, "CMD": `["serve"]`,
	} {
		if got := i.last[instruction]; got != want {
			t.Errorf("%s is %q, want %q", instruction, got, want)
		}
	}
	if !strings.HasPrefix(i.env["ROSTER_STORE"], "sqlite:"+i.last["VOLUME"]+"/") {
		t.Errorf("the store is %s, want one on the volume %s", i.env["ROSTER_STORE"], i.last["VOLUME"])
	}
	if !strings.HasPrefix(i.build, "CGO_ENABLED=0 go build ") || !strings.HasSuffix(i.build, " ./cmd/roster") {
		t.Errorf("the program is made by %q", i.build)
	}
	module, err := os.ReadFile(filepath.Join("..", "..", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindSubmatch(module)
	if want := "FROM golang:" + string(version[1]) + " AS build\n"; !strings.Contains(i.all, want) {
		t.Errorf("the Dockerfile lacks %q", want)
	}
}

// The program needs nothing but itself and a folder to write to: it serves from an empty root folder, with the variables
// of the image and no others, as nobody in particular.
func TestImageContent(t *testing.T) {
	t.Parallel()
	p := build(t)
	wantStatic(t, p.path)
	root := t.TempDir()
	i := readImage(t)
	for _, name := range slices.Sorted(maps.Keys(i.env)) {
		value := i.env[name]
		if strings.HasSuffix(name, "_ADDR") {
			value = "127.0.0.1:0"
		}
		p.env = append(p.env, name+"="+value)
	}
	attributes := &syscall.SysProcAttr{}
	i.makeFolders(t, root)
	data := filepath.Join(root, i.last["VOLUME"])
	path := "/roster"
	if os.Geteuid() == 0 {
		copyFile(t, p.path, filepath.Join(root, path))
		attributes.Chroot = root
		attributes.Credential = &syscall.Credential{Uid: 65532, Gid: 65532}
		if err := os.Chmod(root, 0o755); err != nil {
			t.Fatal(err)
		}
	} else { // the folder of the volume can't be where it is in the image
		path, p.env = p.path, append(p.env, "ROSTER_STORE=sqlite:"+filepath.Join(data, "roster.db"))
	}
	s := startIn(t, path, root, p.env, attributes)
	if got, body := get(t, http.DefaultClient, s.url+"/readyz", ""); got != http.StatusOK {
		t.Errorf("/readyz answers %d: %s", got, body)
	}
	if code := s.end(t, syscall.SIGTERM); code != 0 {
		t.Errorf("it ends with %d", code)
	}
	if _, err := os.Stat(filepath.Join(data, "roster.db")); err != nil {
		t.Errorf("the store: %v", err)
	}
	emulates := exec.CommandContext(t.Context(), path, "emulate", "fipto", "--users", "5", "-o", "json", "--until-eof")
	emulates.Env, emulates.SysProcAttr, emulates.Dir = p.env, attributes, "/"
	wantEmulation(t, emulates)
}

// wantEmulation has a command that emulates until its input ends start and end.
func wantEmulation(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	var said strings.Builder
	cmd.Stderr = &said
	in, inErr := cmd.StdinPipe()
	out, outErr := cmd.StdoutPipe()
	if err := errors.Join(inErr, outErr); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	if first, _ := lines.ReadString('\n'); !strings.Contains(first, `"base_url":"http://127.0.0.1:`) {
		t.Errorf("it starts with %q", first)
	}
	_ = in.Close()
	_, readErr := io.Copy(io.Discard, lines)
	if err := errors.Join(readErr, cmd.Wait()); err != nil {
		t.Errorf("%v\n%s", err, said.String())
	}
}

// makeFolders makes the folders of the image that the program may write to.
func (i image) makeFolders(t *testing.T, root string) {
	t.Helper()
	copies := regexp.MustCompile(`(?m)^COPY .*--chown=65532:65532 \S+ (\S+)$`)
	for _, copied := range copies.FindAllStringSubmatch(i.all, -1) {
		folder := filepath.Join(root, copied[1])
		err := os.Mkdir(folder, 0o700)
		if err == nil && os.Geteuid() == 0 {
			err = os.Chown(folder, 65532, 65532)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// startIn starts the program at a path of its own root folder, with nothing in its environment but env.
func startIn(t *testing.T, path, dir string, env []string, attributes *syscall.SysProcAttr) *serving {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), path, "serve", "--demo", "10")
	cmd.Env, cmd.SysProcAttr, cmd.Dir = env, attributes, dir
	if attributes.Chroot != "" {
		cmd.Dir = "/"
	}
	return listening(t, cmd)
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	program, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, program, 0o755); err != nil {
		t.Fatal(err)
	}
}

// wantStatic checks that a program needs no libraries.
func wantStatic(t *testing.T, path string) {
	t.Helper()
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	libraries, err := f.ImportedLibraries()
	if err != nil || len(libraries) > 0 {
		t.Errorf("the program needs the libraries %v, %v", libraries, err)
	}
	for _, part := range f.Progs {
		if part.Type == elf.PT_INTERP {
			t.Error("the program needs an interpreter")
		}
	}
}
