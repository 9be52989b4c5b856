package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/roster-dev/roster"
)

// clients is how many connections a measure of reads has.
const clients = 64

// rounds starts the servers on one core and drives them from another, each measure in turn.
func (r *runner) rounds(ctx context.Context) (err error) {
	restore, err := offFirstCore()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, restore()) }()
	measures, err := r.measures(ctx)
	if err != nil {
		return err
	}
	for round := range r.Rounds {
		r.say("round %d of %d", round+1, r.Rounds)
		if err := r.flushes(); err != nil {
			return err
		}
		for _, m := range measures {
			l, err := r.drive(ctx, m)
			if err != nil {
				return fmt.Errorf("measure %s: %w", m.name, err)
			}
			r.record(m, l)
		}
		r.memory()
	}
	for _, child := range slices.Clone(r.children.running) {
		if err := child.stop(); err != nil {
			return err
		}
	}
	return nil
}

// measures starts the servers and returns what they are to be measured with.
func (r *runner) measures(ctx context.Context) ([]*measure, error) {
	var list []*measure
	size := 0
	for _, users := range r.Users {
		s, err := r.serveStore(ctx, users)
		if err != nil {
			return nil, err
		}
		reads, length, err := r.reads(ctx, s)
		if err != nil {
			return nil, err
		}
		list, size = append(list, reads...), max(size, length)
	}
	fixed, err := r.start(ctx, placing{alone: true}, "bench", "fixed", "--size", strconv.Itoa(size))
	if err != nil {
		return nil, err
	}
	list = append(list, newMeasure("fixed", fixed, the(get(nil, "/", ""))))
	writes, err := r.writes(ctx)
	return append(list, writes...), err
}

// serveStore starts a server over the store of a size, on a core of its own, and has it show every user once.
func (r *runner) serveStore(ctx context.Context, users int) (*process, error) {
	s, err := r.store(ctx, users)
	if err != nil {
		return nil, err
	}
	r.say("start a server with %d users", users)
	p, err := r.serve(ctx, s, placing{alone: true})
	if err != nil {
		return nil, err
	}
	if _, err := r.probe(ctx, p, anySearch); err != nil {
		return nil, err
	}
	cpu, err := r.everyPage(ctx, p, listPath)
	if cpu > 0 {
		r.add(at(firstPages, users), micros(cpu))
	}
	return p, err
}

// everyPage asks for each page of a list once and returns the processor time that such a page takes, 0 where it is
// not known. The users of later pages are kept as they are shown.
func (r *runner) everyPage(ctx context.Context, p *process, list string) (time.Duration, error) {
	c, err := dial(ctx, p.addr, r.Now().Add(grace))
	if err != nil {
		return 0, err
	}
	defer func() { _ = c.Close() }()
	last := (p.users + pageSize - 1) / pageSize
	before := p.cpu()
	for page := range last {
		answer, err := c.do(get(nil, list+"&page="+strconv.Itoa(page+1), p.secret), false)
		if err == nil && answer.Status != 200 {
			err = roster.Errorf(roster.Internal, "page %d answers %d", page+1, answer.Status)
		}
		if err != nil {
			return 0, fmt.Errorf("ask for every page: %w", err)
		}
	}
	return (p.cpu() - before) / time.Duration(max(1, last)), nil
}

// firstPages is the figure of what a page costs, in processor time, whose users nobody has asked for since the start.
const firstPages = "page of users not shown yet, CPU"

// anySearch is a list that is not answered before every index is there.
const anySearch = listPath + "&search=maria"

// writes returns the measures that change a store, which is their own.
func (r *runner) writes(ctx context.Context) ([]*measure, error) {
	s, err := r.storeNamed(ctx, "writing.db", r.Users[0])
	if err != nil {
		return nil, err
	}
	writer, err := r.serve(ctx, s, placing{alone: true})
	if err != nil {
		return nil, err
	}
	if _, err := r.probe(ctx, writer, anySearch); err != nil {
		return nil, err
	}
	writer.users = 0 // its memory is not that of a size
	var list []*measure
	for _, n := range []int{1, 64, 512} {
		name := fmt.Sprintf("create, %d clients", n)
		m := newMeasure(name, writer, creates(writer.secret, fmt.Sprintf("bench%d-", n)))
		m.clients, m.status = n, 201
		list = append(list, m)
	}
	return list, nil
}

func newMeasure(name string, server *process, request func([]byte, uint64) []byte) *measure {
	return &measure{
		name: name, server: server, clients: clients, status: 200, request: request, next: &atomic.Uint64{},
	}
}

// probe asks for a page and checks that it is there.
func (r *runner) probe(ctx context.Context, s *process, target string) (response, error) {
	answer, err := r.ask(ctx, s.addr, get(nil, target, s.secret))
	if err == nil && answer.Status != 200 {
		err = roster.Errorf(roster.Internal, "answers %d: %s", answer.Status, answer.Body)
	}
	if err != nil {
		return answer, fmt.Errorf("ask for %s: %w", target, err)
	}
	return answer, nil
}

// reads returns the measures of one organization, and the length of its first page.
func (r *runner) reads(ctx context.Context, s *process) (list []*measure, length int, err error) {
	first, err := r.probe(ctx, s, listPath)
	if err != nil {
		return nil, 0, err
	}
	if first.Total != s.users {
		return nil, 0, roster.Errorf(roster.Internal, "the list has a total of %d, want %d", first.Total, s.users)
	}
	const oneFilter = "&status=active"
	one, err := r.probe(ctx, s, listPath+oneFilter)
	if err != nil {
		return nil, 0, err
	}
	three, err := r.probe(ctx, s, threeFilters(filterSpan-1))
	if err != nil {
		return nil, 0, err
	}
	texts := needles(r.Seed, s.users)
	if _, err := r.ask(ctx, s.addr, searches(s.secret, texts)(nil, 0)); err != nil {
		return nil, 0, err
	}
	for name, request := range map[string]func([]byte, uint64) []byte{
		"hot":           the(get(nil, listPath, s.secret)),
		"pages":         pages(s.secret, "", first.Total, r.Seed),
		"one filter":    pages(s.secret, oneFilter, one.Total, r.Seed),
		"three filters": deepFilters(s.secret, three.Total, r.Seed),
		"search":        searches(s.secret, texts),
		"counts":        counts(s.secret, r.Seed),
	} {
		list = append(list, newMeasure(at(name, s.users), s, request))
	}
	if first.ETag != "" {
		m := newMeasure(at("304", s.users), s, the(get(nil, listPath, s.secret, "If-None-Match: "+first.ETag)))
		m.status = 304
		list = append(list, m)
	}
	slices.SortFunc(list, func(a, b *measure) int { return strings.Compare(a.name, b.name) })
	return list, first.Length, nil
}

// mebibyte is the unit of memory in figures.
const mebibyte = 1 << 20

// memory notes, in MiB, what the servers hold. After the rounds the median is what one has under load.
func (r *runner) memory() {
	for _, p := range r.children.running {
		now, most := residentBytes(p.pid)
		if p.users == 0 || now == 0 {
			continue
		}
		r.add(at("resident", p.users), float64(now)/mebibyte)
		r.add(at("resident, most", p.users), float64(most)/mebibyte)
	}
}

// flushes measures what it takes the disk to make 4 KiB at the end of a file durable, for a round.
func (r *runner) flushes() (err error) {
	file, err := os.Create(filepath.Join(r.Dir, "flush"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	var took []time.Duration
	page := make([]byte, 4096)
	start := r.Now()
	for end := start.Add(r.Round); start.Before(end) || len(took) == 0; {
		if _, err := file.Write(page); err != nil {
			return err
		}
		if err := flush(file); err != nil {
			return fmt.Errorf("flush a file: %w", err)
		}
		now := r.Now()
		took = append(took, now.Sub(start))
		start = now
	}
	r.counts["fdatasync"] += len(took)
	slices.Sort(took)
	r.add("fdatasync.p50", micros(percentile(took, 0.50)))
	r.add("fdatasync.p99", micros(percentile(took, 0.99)))
	return nil
}
