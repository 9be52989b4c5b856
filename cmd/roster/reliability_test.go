package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestReliabilityPage holds the page about what was done to break the program to naming what can be done again: targets of
// make, and tests that are there. They take long; the suite has shorter runs of all of them.
func TestReliabilityPage(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	read := func(parts ...string) string {
		text, err := os.ReadFile(filepath.Join(append([]string{root}, parts...)...))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	page, makefile := read("docs", "reliability.md"), read("Makefile")
	targets := regexp.MustCompile(`(?m)^make ([a-z-]+)`).FindAllStringSubmatch(page, -1)
	for _, target := range targets {
		if !strings.Contains(makefile, "\n"+target[1]+": ") {
			t.Errorf("the Makefile has no target %s", target[1])
		}
	}
	commands := regexp.MustCompile(`(?m)^go test \./(\S+) -run '([^']+)' -v`).FindAllStringSubmatch(page, -1)
	for _, command := range commands {
		files, err := filepath.Glob(filepath.Join(root, command[1], "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		var sources strings.Builder
		for _, file := range files {
			sources.WriteString(read(strings.TrimPrefix(file, root)))
		}
		for name := range strings.SplitSeq(command[2], "|") {
			if !strings.Contains(sources.String(), "\nfunc "+name+"(t *testing.T) {") {
				t.Errorf("%s has no test %s", command[1], name)
			}
		}
	}
	if len(targets) < 3 || len(commands) < 5 || len(targets)+len(commands) != strings.Count(page, "\nmake ")+strings.Count(page, "\ngo test ") {
		t.Errorf("the page has %d targets and %d tests, or commands of another form", len(targets), len(commands))
	}
}
