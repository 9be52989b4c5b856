package bench

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// Report is what a run has measured.
type Report struct {
	Environment Environment `json:"environment"`
	// Measures are by name and then by users.
	Measures []Measure `json:"measures"`
	// Figures are by name and then by users.
	Figures []Figure `json:"figures"`
	// Goals are in the order of [Goals].
	Goals []Verdict `json:"goals"`
}

// Environment is what a run was made on and with.
type Environment struct {
	OS        string `json:"os"`
	Kernel    string `json:"kernel,omitempty"`
	Arch      string `json:"arch"`
	Go        string `json:"go"`
	Processor string `json:"processor,omitempty"`
	CPUs      int    `json:"cpus"`
	// Pinned says that servers and load had a core each.
	Pinned  bool    `json:"pinned"`
	Users   []int   `json:"users"`
	Round   float64 `json:"round_seconds"`
	Rounds  int     `json:"rounds"`
	Clients int     `json:"clients"`
	Seed    uint64  `json:"seed"`
}

// Measure is work that was done many times; its figures are medians over the rounds. Times are in microseconds; what
// was not measured is 0.
type Measure struct {
	Name string `json:"name"`
	// Users is the size of the organization, 0 where that does not matter.
	Users    int `json:"users,omitempty"`
	Requests int `json:"requests"`
	// CPU is the processor time that one request cost the server.
	CPU float64 `json:"cpu_us,omitempty"`
	// CPUShare is the CPU of a fixed answer from net/http in relation to this one's, and RateShare the same by rate; of
	// reads of an organization only.
	CPUShare  float64 `json:"cpu_share,omitempty"`
	Rate      float64 `json:"per_second,omitempty"`
	RateShare float64 `json:"rate_share,omitempty"`
	P50       float64 `json:"p50_us"`
	P99       float64 `json:"p99_us"`
}

// Figure is a single number, the median where there are several.
type Figure struct {
	Name  string  `json:"name"`
	Users int     `json:"users"`
	Value float64 `json:"value"`
	// Unit is "s", "us", "bytes" or "MiB".
	Unit string `json:"unit"`
}

func (r *runner) report() *Report {
	report := &Report{Environment: r.environment()}
	value := func(name string) float64 { return median(r.samples[name]) }
	for _, name := range slices.Sorted(maps.Keys(r.samples)) {
		if base, ok := strings.CutSuffix(name, ".p50"); ok {
			report.Measures = append(report.Measures, r.measured(base, value))
		} else if !strings.Contains(name, ".") {
			report.Figures = append(report.Figures, figured(name, value(name)))
		}
	}
	slices.SortStableFunc(report.Measures, func(a, b Measure) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), a.Users-b.Users)
	})
	slices.SortStableFunc(report.Figures, func(a, b Figure) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), a.Users-b.Users)
	})
	for _, g := range Goals() {
		report.Goals = append(report.Goals, g.judge(value))
	}
	return report
}

func (r *runner) measured(base string, value func(string) float64) Measure {
	known := func(x float64) float64 {
		if !finite(x) {
			return 0
		}
		return x
	}
	name, users := split(base)
	m := Measure{
		Name: name, Users: users, Requests: r.counts[base], CPU: known(value(base + ".cpu")),
		Rate: known(value(base + ".rate")), P50: known(value(base + ".p50")), P99: known(value(base + ".p99")),
	}
	if users > 0 && !strings.Contains(name, ", ") { // else it was not measured as the fixed answer was
		m.CPUShare = known(value("fixed.cpu") / value(base+".cpu"))
		m.RateShare = known(value(base+".rate") / value("fixed.rate"))
	}
	return m
}

func figured(key string, value float64) Figure {
	f := Figure{Value: value, Unit: "MiB"}
	f.Name, f.Users = split(key)
	switch {
	case strings.HasPrefix(f.Name, "cold start"), f.Name == "import", strings.HasPrefix(f.Name, emulationStart):
		f.Unit = "s"
	case f.Name == firstPages:
		f.Unit = "us"
	case strings.HasPrefix(f.Name, "live bytes"):
		f.Unit = "bytes"
	}
	return f
}

// split is the reverse of at.
func split(key string) (name string, users int) {
	name, digits, _ := strings.Cut(key, "@")
	users, _ = strconv.Atoi(digits)
	return name, users
}

// WriteTable writes the report for people.
func (r *Report) WriteTable(w io.Writer) error {
	e := r.Environment
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	var errs []error
	line := func(cells ...string) {
		_, err := fmt.Fprintln(out, strings.Join(cells, "\t"))
		errs = append(errs, err)
	}
	_, err := fmt.Fprintf(w, "%s, %d cores, %s/%s %s, %s; a core each for servers and load: %t; %d rounds of %g s\n\n",
		e.Processor, e.CPUs, e.OS, e.Arch, e.Kernel, e.Go, e.Pinned, e.Rounds, e.Round)
	errs = append(errs, err)
	line("MEASURE", "USERS", "REQUESTS", "CPU US", "SHARE", "PER SECOND", "SHARE", "P50 US", "P99 US")
	for _, m := range r.Measures {
		line(m.Name, number(float64(m.Users)), number(float64(m.Requests)), number(m.CPU), number(m.CPUShare),
			number(m.Rate), number(m.RateShare), number(m.P50), number(m.P99))
	}
	line()
	line("FIGURE", "USERS", "VALUE", "UNIT")
	for _, f := range r.Figures {
		line(f.Name, number(float64(f.Users)), number(f.Value), f.Unit)
	}
	line()
	line("GOAL", "WHAT", "VALUE", "BY RATE", "MUST", "STRETCH", "RESULT")
	for _, v := range r.Goals {
		line(strconv.Itoa(v.Number), v.What, optional(v.Value), optional(v.ByRate), v.bound(v.Must), v.bound(v.Stretch),
			v.Result)
	}
	return errors.Join(append(errs, out.Flush())...)
}

// bound writes a bound with the side that it holds on.
func (g Goal) bound(x float64) string {
	if g.AtMost {
		return "<= " + number(x)
	}
	return ">= " + number(x)
}

func optional(x *float64) string {
	if x == nil {
		return "-"
	}
	return number(*x)
}

// number writes three significant digits, all digits of a large number, and a dash for 0.
func number(x float64) string {
	switch {
	case x == 0:
		return "-"
	case math.Abs(x) >= 100:
		return strconv.FormatFloat(x, 'f', 0, 64)
	default:
		return strconv.FormatFloat(x, 'g', 3, 64)
	}
}
