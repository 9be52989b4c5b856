// Package bench measures a Roster server and says which of the project's performance goals are met. It makes the data
// from a seed, starts servers as child processes, drives them over HTTP/1.1 from one core while they run on another,
// and compares everything within one run: rounds of all measures in turn, medians over the rounds.
//
// It must not know how a server is built or what a dialect is made of: it knows the command line and the wire. Only the
// measures that go without HTTP use the read model directly.
package bench

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/roster-dev/roster"
)

// Config says what to measure. All fields but Only, Peers and Log must be set.
type Config struct {
	// Program is the path of the roster binary whose servers are measured.
	Program string
	// Users are the sizes of the organizations, at least 1 each. The first is also what writes and peers are measured
	// with.
	Users []int
	// Round is how long each measure runs before it is the next one's turn.
	Round time.Duration
	// Rounds is how often each measure has its turn; the figures are medians over the rounds.
	Rounds int
	// Seed is what the data and the requests follow from.
	Seed uint64
	// Dir is an empty folder for the stores. It must be on the disk that writes are to be measured with.
	Dir string
	// Now is the clock that times are measured with; it must be monotonic.
	Now func() time.Time
	// Only names the parts to measure, of [Parts]; empty means all.
	Only []string
	// Peers are other servers that get the same work.
	Peers []Peer
	// Log gets a line for each step, if it is not nil.
	Log io.Writer
}

// Validate reports the first value that can't be measured with, as [roster.Invalid].
func (c Config) Validate() error {
	if len(c.Users) == 0 {
		return roster.FieldErrorf("--users", "must name at least one size")
	}
	for _, n := range c.Users {
		if n < 1 {
			return roster.FieldErrorf("--users", "must be at least 1, not %d", n)
		}
	}
	if c.Round < 10*time.Millisecond || c.Round > time.Minute {
		return roster.FieldErrorf("--seconds", "must be 0.01 to 60, not %g", c.Round.Seconds())
	}
	if c.Rounds < 1 || c.Rounds > 100 {
		return roster.FieldErrorf("--rounds", "must be 1 to 100, not %d", c.Rounds)
	}
	for _, name := range c.Only {
		if !slices.Contains(Parts(), name) {
			return roster.FieldErrorf("--only", "must be of %s, not %q", strings.Join(Parts(), ", "), name)
		}
	}
	return nil
}

// Parts names what a run consists of, in its order.
func Parts() []string { return []string{"process", "start", "emulate", "import", "http", "peers"} }

// Run measures everything and returns the report. It leaves no process running, and takes a minute or more where there
// are many users. It fails with [roster.Invalid] for a bad configuration, and where a server does not start or answers
// something else than it should: a wrong answer is never counted.
func Run(ctx context.Context, c Config) (*Report, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.Log == nil {
		c.Log = io.Discard
	}
	r := &runner{Config: c, samples: map[string][]float64{}, counts: map[string]int{}, stores: map[string]storeFile{}}
	defer r.children.kill()
	parts := []func(context.Context) error{r.inProcess, r.coldStarts, r.emulations, r.imports, r.rounds, r.comparePeers}
	for i, name := range Parts() {
		if len(c.Only) > 0 && !slices.Contains(c.Only, name) {
			continue
		}
		if err := parts[i](ctx); err != nil {
			return nil, err
		}
		debug.FreeOSMemory() // what one part leaves behind is not to disturb the next
	}
	return r.report(), nil
}

// runner is a benchmark under way.
type runner struct {
	Config

	// samples are the values of each figure, one for each round.
	samples map[string][]float64
	// counts are the requests behind each measure.
	counts   map[string]int
	children processes
	stores   map[string]storeFile // by file name
}

// storeFile is a store with the demo organization, and a token for it.
type storeFile struct {
	dsn, secret string
	users       int
}

func (r *runner) say(format string, args ...any) { _, _ = fmt.Fprintf(r.Log, format+"\n", args...) }

func (r *runner) add(figure string, value float64) {
	r.samples[figure] = append(r.samples[figure], value)
}

// at names a figure of one size of organization: "hot@100000".
func at(name string, users int) string { return fmt.Sprintf("%s@%d", name, users) }

// store returns the store of a size that is only read, which the first call makes.
func (r *runner) store(ctx context.Context, users int) (storeFile, error) {
	return r.storeNamed(ctx, fmt.Sprintf("users-%d.db", users), users)
}

func (r *runner) storeNamed(ctx context.Context, name string, users int) (storeFile, error) {
	if s, made := r.stores[name]; made {
		return s, nil
	}
	r.say("make a store with %d users", users)
	s, err := r.makeStore(ctx, name, users)
	if err == nil {
		r.stores[name] = s
	}
	return s, err
}

func (r *runner) makeStore(ctx context.Context, name string, users int) (storeFile, error) {
	s := storeFile{dsn: "sqlite:" + filepath.Join(r.Dir, name), users: users}
	seeding, err := r.serve(ctx, s, placing{}, "--demo", fmt.Sprint(users), "--seed", fmt.Sprint(r.Seed))
	if err != nil {
		return s, err
	}
	if err := seeding.stop(); err != nil {
		return s, err
	}
	s.secret, err = r.token(ctx, s.dsn, "demo")
	return s, err
}

// environment describes the machine and the build.
func (r *runner) environment() Environment {
	e := Environment{
		OS: runtime.GOOS, Arch: runtime.GOARCH, Go: runtime.Version(), CPUs: runtime.NumCPU(),
		Processor: processorName(), Pinned: len(cores()) > 1, Round: r.Round.Seconds(), Rounds: r.Rounds,
		Seed: r.Seed, Users: r.Users, Clients: clients,
	}
	if release, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		e.Kernel = string(trimmed(release))
	}
	return e
}
