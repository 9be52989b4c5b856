package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The package for Node does what it says, with the example of its README, and leaves no process behind.
func TestNodePackage(t *testing.T) {
	t.Parallel()
	p := build(t)
	dir := filepath.Join("..", "..", "npm")
	cmd := exec.CommandContext(t.Context(), "node", "--test", "--test-reporter=tap", "test/index.test.js",
		"example/connector.test.js")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "ROSTER_BINARY="+p.path)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	for _, name := range []string{"no process stays behind where the test is killed", "all members are read"} {
		if !bytes.Contains(out, []byte(" - "+name+"\n")) {
			t.Errorf("there is no test %q:\n%s", name, out)
		}
	}
	example, err := os.ReadFile(filepath.Join(dir, "example", "connector.test.js"))
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(readme, example) {
		t.Error("npm/README.md does not have the example as it stands in npm/example/connector.test.js")
	}
}
