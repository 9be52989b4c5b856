package server

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// checkRing holds a cache to its bound and its parts to each other.
func checkRing(t *rapid.T, c *answers, used []string) {
	var keys []string
	var size int64
	for a := c.ends.next; a != &c.ends; a = a.next {
		keys = append(keys, a.key)
		size += a.size
		if c.byKey[a.key] != a || a.next.prev != a {
			t.Fatalf("the entry %q has a wrong place", a.key)
		}
	}
	kept, count := c.size()
	if kept != size || count != len(keys) || size > c.most || len(c.byKey) != len(keys) {
		t.Fatalf("got %d bytes in %d answers, want %d in %d, at most %d", kept, count, size, len(keys), c.most)
	}
	if len(keys) > len(used) || !slices.Equal(keys, used[:len(keys)]) {
		t.Fatalf("kept are %q, want the first of %q", keys, used)
	}
}

func TestCacheIsBoundedAndForgetsTheOldest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, err := newAnswers(20_000)
		if err != nil {
			t.Fatal(err)
		}
		var used []string // the latest first
		use := func(key string) {
			used = slices.Insert(slices.DeleteFunc(used, func(k string) bool { return k == key }), 0, key)
		}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			key := rapid.StringMatching("[a-h]").Draw(t, "key")
			kept := c.byKey[key] != nil
			switch a := c.get(key); {
			case (a != nil) != kept:
				t.Fatalf("got %v of %q, which is kept: %t", a, key, kept)
			case a == nil:
				size := rapid.SampledFrom([]int{0, 100, 5000, 30_000}).Draw(t, "size")
				c.put(&answer{key: key, body: [2][]byte{[]byte(strings.Repeat(key, size)), nil}})
				use(key)
			default:
				use(key)
				c.form(a, rapid.SampledFrom([]encoding{gzipped, zstandard}).Draw(t, "encoding"))
			}
			used = used[:min(len(used), len(c.byKey))]
			checkRing(t, c, used)
		}
	})
}

// A form is made once, and counts from then on.
func TestFormsOfAnAnswer(t *testing.T) {
	c, err := newAnswers(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	a := &answer{key: "a", body: [2][]byte{bytes.Repeat([]byte("abcdefgh"), 1000), nil}}
	c.put(a)
	before, _ := c.size()
	for _, e := range []encoding{gzipped, zstandard} {
		first := c.form(a, e)
		if again := c.form(a, e); &again[0] != &first[0] {
			t.Errorf("%s was made twice", e.name())
		}
		if len(first) == 0 || len(first) > 1000 {
			t.Errorf("%s has %d bytes", e.name(), len(first))
		}
		before += int64(len(first))
	}
	if after, _ := c.size(); after != before {
		t.Errorf("got %d bytes, want %d", after, before)
	}
}
