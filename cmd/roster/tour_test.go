package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTourGuide runs every command of the tour, and holds what each block prints to what stands below it.
func TestTourGuide(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "guides", "tour.md"))
	if err != nil {
		t.Fatal(err)
	}
	const mark = "=== end of a block"
	var commands, want []string
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```(?:\\s+```text\n(.*?)```)?").FindAllSubmatch(text, -1) {
		more, _ := blockCommands(block[1])
		commands = append(append(commands, more...), "echo '"+mark+"'")
		want = append(want, string(block[2]))
	}
	p := build(t)
	got := strings.Split(string(p.shell(t, append(commands, stopServer))), mark+"\n")
	if len(got) != len(want)+1 || len(want) < 12 {
		t.Fatalf("the output has %d blocks, want %d and at least 12", len(got)-1, len(want))
	}
	for i, shown := range want {
		pattern := strings.ReplaceAll(regexp.QuoteMeta(shown), `\.\.\.`, ".+")
		if !regexp.MustCompile("^" + pattern + "$").MatchString(got[i]) {
			t.Errorf("block %d prints\n%s\nwant\n%s", i+1, got[i], shown)
		}
	}
}
