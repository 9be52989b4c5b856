package main

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/roster-dev/roster/internal/store"
)

func TestDoctorMemory(t *testing.T) {
	t.Parallel()
	const gib = 1 << 30
	for _, tt := range []struct {
		name                  string
		has, limit, all, most int64
		want                  store.Severity
		advice                string
	}{
		{"enough", 8 * gib, 0, gib, gib, store.OK, ""},
		{"not known", 0, 0, 100 * gib, gib, store.OK, ""},
		{"more than half", 8 * gib, 0, 5 * gib, gib, store.Warn, "set --memory"},
		{"a limit that fits", 8 * gib, 4 * gib, gib, gib, store.OK, ""},
		{"a limit that does not fit all", 8 * gib, 4 * gib, 5 * gib, gib, store.Warn, "forgotten and loaded again"},
		{"a limit that does not fit one", 8 * gib, 4 * gib, 5 * gib, 5 * gib, store.Fail, "give --memory more"},
		{"a limit beyond the machine", 8 * gib, 7 * gib, gib, gib, store.Warn, "three quarters"},
	} {
		got := machine{memory: tt.has}.foundMemory(tt.limit, tt.all, tt.most)
		if got.Severity != tt.want || (got.Advice == "") != (tt.want == store.OK) || !strings.Contains(got.Advice, tt.advice) {
			t.Errorf("%s: got %+v, want %s: %s", tt.name, got, tt.want, tt.advice)
		}
	}
}

func TestDoctorFiles(t *testing.T) {
	t.Parallel()
	for files, want := range map[uint64]store.Severity{0: store.OK, 1024: store.Warn, 65536: store.OK} {
		if got := (machine{files: files}).foundFiles(); got.Severity != want {
			t.Errorf("%d file descriptors: got %+v, want %s", files, got, want)
		}
	}
}

func TestDoctorKnowsMemory(t *testing.T) {
	t.Parallel()
	const meminfo = "MemTotal:       16384 kB\nMemFree:   1 kB\n"
	for _, tt := range []struct {
		meminfo, group string
		want           int64
	}{
		{meminfo, "", 16 << 20},
		{meminfo, "max\n", 16 << 20},
		{meminfo, "1048576\n", 1 << 20},
		{meminfo, "99999999999\n", 16 << 20},
		{"", "1048576\n", 1 << 20},
		{"", "", 0},
	} {
		got := memoryOf(func(name string) ([]byte, error) {
			text := tt.group
			if strings.HasPrefix(name, "/proc") {
				text = tt.meminfo
			}
			if text == "" {
				return nil, fs.ErrNotExist
			}
			return []byte(text), nil
		})
		if got != tt.want {
			t.Errorf("with %q and %q: got %d, want %d", tt.meminfo, tt.group, got, tt.want)
		}
	}
}
