package main

import (
	"runtime"
	"testing"
)

func TestGarbagePercent(t *testing.T) {
	const mib = 1 << 20
	for _, tc := range []struct {
		live int64
		want int
	}{{0, 50}, {mib, 50}, {128 * mib, 50}, {256 * mib, 25}, {512 * mib, 12}, {640 * mib, 10}, {1 << 40, 10}} {
		if got := garbagePercent(tc.live); got != tc.want {
			t.Errorf("garbagePercent(%d MiB) = %d, want %d", tc.live/mib, got, tc.want)
		}
	}
}

func TestFormBytes(t *testing.T) {
	const mib = 1 << 20
	for _, tc := range []struct{ others, least, want int64 }{
		{0, 48 * mib, 48 * mib}, {64 * mib, 48 * mib, 48 * mib}, {512 * mib, 48 * mib, 384 * mib}, {-mib, 0, 0},
	} {
		if got := formBytes(tc.others, tc.least); got != tc.want {
			t.Errorf("formBytes(%d, %d) = %d, want %d", tc.others, tc.least, got, tc.want)
		}
	}
}

func TestLiveBytes(t *testing.T) {
	const large = 32 << 20
	much := make([]byte, large)
	runtime.GC()
	if got := liveBytes(); got < large {
		t.Errorf("liveBytes() = %d with %d in use", got, large)
	}
	runtime.KeepAlive(much)
}

func TestCacheSize(t *testing.T) {
	var c cacheSize
	if c.bytes() != 64<<20 || c.String() != "" {
		t.Errorf("a cache whose size is not given has %d bytes and is shown as %q", c.bytes(), c.String())
	}
	for _, text := range []string{"", "-1", "x", "1.5", "99999999999"} {
		if err := c.Set(text); err == nil || c.given {
			t.Errorf("Set(%q) = %v, want an error", text, err)
		}
	}
	if err := c.Set("0"); err != nil || !c.given || c.bytes() != 0 || c.String() != "0" {
		t.Errorf("got %v, %d bytes and %q for 0", err, c.bytes(), c.String())
	}
}

func TestMakingPercent(t *testing.T) {
	for users, want := range map[int]int{0: 1000, 10_000: 436, 100_000: mostGarbage, 10_000_000: mostGarbage} {
		if got := makingPercent(users); got != want {
			t.Errorf("makingPercent(%d) = %d, want %d", users, got, want)
		}
	}
}
