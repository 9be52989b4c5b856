package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/demo"
)

// starts is how often a cold start is measured.
const starts = 3

// coldStarts measures how long it takes from the start of a server until its first exact list, and its first search.
// The process is new and its memory empty; the file is in the system's cache. The server may use every core.
func (r *runner) coldStarts(ctx context.Context) error {
	for _, users := range r.Users {
		s, err := r.store(ctx, users)
		if err != nil {
			return err
		}
		r.say("cold starts with %d users", users)
		for range starts {
			if err := r.coldStart(ctx, s); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *runner) coldStart(ctx context.Context, s storeFile) error {
	p, err := r.serve(ctx, s, placing{})
	if err != nil {
		return err
	}
	first, err := r.probe(ctx, p, listPath)
	if err != nil {
		return err
	}
	if first.Total != s.users {
		return roster.Errorf(roster.Internal, "the first list has a total of %d, want %d", first.Total, s.users)
	}
	r.add(at("cold start, list", s.users), r.Now().Sub(p.started).Seconds())
	if _, err := r.probe(ctx, p, listPath+"&search=maria"); err != nil {
		return err
	}
	r.add(at("cold start, search", s.users), r.Now().Sub(p.started).Seconds())
	return p.stop()
}

// imports measures the import of each size from JSON Lines into an empty organization, and the memory of a server with
// those users: the benchmark set, which has what d3lay and Flxpoint show of a user.
func (r *runner) imports(ctx context.Context) error {
	for _, users := range r.Users {
		r.say("import %d users", users)
		lines := filepath.Join(r.Dir, "users.jsonl")
		if err := writeLines(lines, r.Seed, users); err != nil {
			return err
		}
		s, err := r.importFile(ctx, lines, users)
		if err == nil {
			err = r.shownMemory(ctx, s)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *runner) importFile(ctx context.Context, lines string, users int) (storeFile, error) {
	s := storeFile{dsn: "sqlite:" + filepath.Join(r.Dir, fmt.Sprintf("import-%d.db", users)), users: users}
	if _, _, err := r.command(ctx, "org", "create", "--store", s.dsn, "--slug", "bench"); err != nil {
		return s, err
	}
	start := r.Now()
	out, state, err := r.command(ctx, "import", "jsonl", lines, "--store", s.dsn, "--org", "bench", "-o", "json")
	if err != nil {
		return s, err
	}
	r.add(at("import", users), r.Now().Sub(start).Seconds())
	if most := mostResident(state); most > 0 {
		r.add(at("import, most memory", users), float64(most)/mebibyte)
	}
	var done struct {
		Created int `json:"created"`
	}
	if err := json.Unmarshal(out, &done); err != nil || done.Created != users {
		return s, roster.Errorf(roster.Internal, "the import made %d users, want %d: %s", done.Created, users, out)
	}
	s.secret, err = r.token(ctx, s.dsn, "bench")
	return s, err
}

// shownMemory asks a server with the benchmark set for every user once, so that it keeps all it would ever keep, then
// drives it for a round of searches and one of pages and notes what it holds.
func (r *runner) shownMemory(ctx context.Context, s storeFile) error {
	p, err := r.serve(ctx, s, placing{})
	if err != nil {
		return err
	}
	if _, err := r.everyPage(ctx, p, listPath); err != nil {
		return err
	}
	texts := needles(r.Seed, s.users)
	for _, request := range []func([]byte, uint64) []byte{
		searches(p.secret, texts), pages(p.secret, "", s.users, r.Seed),
	} {
		if _, err := r.drive(ctx, newMeasure("load", p, request)); err != nil {
			return err
		}
	}
	if now, _ := residentBytes(p.pid); now > 0 {
		r.add(at("resident, benchmark set", s.users), float64(now)/mebibyte)
	}
	return p.stop()
}

// writeLines writes the benchmark set as JSON Lines.
func writeLines(path string, seed uint64, users int) (err error) {
	file, err := os.Create(path) //nolint:gosec // it is in the benchmark's own folder
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	out := bufio.NewWriterSize(file, 1<<20)
	enc := json.NewEncoder(out)
	for u := range demo.New(seed, users).Users() {
		if err := enc.Encode(shown(u)); err != nil {
			return err
		}
	}
	return out.Flush()
}

// shown returns u with what d3lay and Flxpoint show of a user. Roles are those that every organization starts with.
func shown(u *roster.User) *roster.User {
	role := u.Role
	if role != "" && role != "admin" && role != "read_only" {
		role = "support"
	}
	return &roster.User{
		ID: u.ID, Number: u.Number, Identifier: u.Identifier, Email: u.Email, Name: u.Name, FirstName: u.FirstName,
		LastName: u.LastName, Description: u.Description, Kind: u.Kind, Status: u.Status, UserType: u.UserType,
		Owner: u.Owner, Role: role, AppsAccess: u.AppsAccess, TakesLicence: u.TakesLicence,
		CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt, CreatedBy: u.CreatedBy, UpdatedBy: u.UpdatedBy,
		LastLoginAt: u.LastLoginAt,
	}
}
