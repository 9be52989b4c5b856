package main

import "testing"

func TestSize(t *testing.T) {
	for text, want := range map[string]struct {
		bytes size
		shown string
	}{
		"0": {0, "0"}, "1": {1, "1B"}, "1023": {1023, "1023B"}, "2048B": {2048, "2KiB"}, "512MiB": {512 << 20, "512MiB"},
		"1.5GiB": {3 << 29, "1.5GiB"}, "2 GiB": {2 << 30, "2GiB"}, "1TiB": {1 << 40, "1TiB"},
	} {
		var s size
		if err := s.Set(text); err != nil || s != want.bytes || s.String() != want.shown {
			t.Errorf("%q: got %d, shown as %q, %v, want %d as %q", text, s, s.String(), err, want.bytes, want.shown)
		}
	}
	for _, text := range []string{"", "GiB", "-1", "-1GiB", "2GB", "2gib", "nan", "NaNMiB", "inf", "9e18B5", "8388608TiB"} {
		s := size(7)
		if err := s.Set(text); err == nil || s != 7 {
			t.Errorf("%q: got %d, %v, want an error", text, s, err)
		}
	}
}
