package main

import (
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Every number of the guide to capacity that is calculated follows from those that were measured.
func TestCapacityGuide(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "guides", "capacity.md"))
	if err != nil {
		t.Fatal(err)
	}
	measured := map[string]float64{}
	for _, m := range regexp.MustCompile(`(?m)^\| ([a-z0-9-]+) \| ([0-9.]+) \| .+ \| .+ \|$`).FindAllSubmatch(text, -1) {
		measured[string(m[1])], err = strconv.ParseFloat(string(m[2]), 64)
		if err != nil {
			t.Fatal(err)
		}
	}
	const room, node, hours = 1.5, 32, 730
	memory := func(millions float64) float64 { return millions * measured["resident"] / 1024 }
	ofGiB := measured["price"] * hours / 8
	var want strings.Builder
	row := func(cells ...string) { want.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	for _, millions := range []float64{1, 10, 100, 1000} {
		nodes := math.Ceil(memory(millions) * room / node)
		if millions >= 10 {
			nodes = max(nodes, 2)
		}
		row(decimal(millions, 0), decimal(memory(millions), 1), decimal(nodes, 0), decimal(nodes*4*measured["price"]*hours, 0),
			decimal(millions*measured["disk"]*1e6/(1<<30), 1), decimal(millions*measured["start-search"]/60, 1),
			decimal(millions*measured["import"]/3600, 1))
	}
	row("users of the largest organization that a node of 32 GiB can have, millions",
		decimal(node*1024/measured["resident"]/room, 1), "32 x 1024 / resident / room")
	row("cores for 10,000 pages a second out of 100,000 users", decimal(10_000*measured["page-100k"]/1e6, 1),
		"10,000 x page-100k / 1,000,000")
	row("cores for 10,000 pages a second out of a million users, at most", decimal(10_000*measured["page-1m"]/1e6, 1),
		"10,000 x page-1m / 1,000,000")
	row("$ a month for a GiB of memory with its quarter of a core", decimal(ofGiB, 2), "price x 730 / 8")
	row("$ a month for the memory of a million users", decimal(ofGiB*memory(1)*room, 2), "that x memory x room")
	_, calculated, _ := strings.Cut(string(text), "\n## Calculated\n")
	calculated, _, _ = strings.Cut(calculated, "\n## ")
	var got strings.Builder
	for line := range strings.Lines(calculated) {
		if strings.HasPrefix(line, "| ") && !strings.HasPrefix(line, "| users, ") && !strings.HasPrefix(line, "| what else") {
			got.WriteString(line)
		}
	}
	if diff := cmp.Diff(want.String(), got.String()); diff != "" {
		t.Errorf("docs/guides/capacity.md (-what follows from what was measured +what stands there):\n%s", diff)
	}
}

// decimal returns a number with so many digits after the point.
func decimal(n float64, digits int) string { return strconv.FormatFloat(n, 'f', digits, 64) }
