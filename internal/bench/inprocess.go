package bench

import (
	"context"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/demo"
	"github.com/roster-dev/roster/internal/index"
)

// inProcess measures views in this process: what they hold, and how long answers and changes take without HTTP.
func (r *runner) inProcess(ctx context.Context) error {
	for _, users := range r.Users {
		r.say("measure a view of %d users in this process", users)
		if _, err := r.measureBytes(ctx, at("live bytes per user, full record", users), users, full); err != nil {
			return err
		}
		view, err := r.measureBytes(ctx, at("live bytes per user", users), users, shown)
		if err != nil {
			return err
		}
		queries, err := r.viewQueries(view, users)
		if err != nil {
			return err
		}
		for _, query := range queries {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := r.timeQueries(at(query.name, users), view, query.next); err != nil {
				return err
			}
		}
		if err := r.timeChanges(at("view, change", users), view); err != nil {
			return err
		}
	}
	return nil
}

func full(u *roster.User) *roster.User { return u }

// measureBytes builds a warm view and notes how much of the heap it takes.
func (r *runner) measureBytes(
	ctx context.Context, figure string, users int, record func(*roster.User) *roster.User,
) (*index.View, error) {
	before := liveHeap()
	b := index.NewBuilder(nil)
	for e := range demo.New(r.Seed, users).Entities() {
		if u, ok := e.(*roster.User); ok {
			e = record(u)
		}
		b.Add(e)
	}
	view := b.View(1)
	if err := view.Warm(ctx); err != nil {
		return nil, err
	}
	page, err := view.Users(roster.Query{Limit: 1})
	if err != nil {
		return nil, err
	}
	if page.Total != users {
		return nil, roster.Errorf(roster.Internal, "a view has %d users, want %d", page.Total, users)
	}
	r.add(figure, max(0, float64(liveHeap())-float64(before))/float64(users))
	return view, nil
}

func liveHeap() uint64 {
	runtime.GC()
	runtime.GC() // what has finalizers goes the second time
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// viewQuery is a kind of question; few that next makes are alike where there are enough users.
type viewQuery struct {
	name string
	next func() roster.Query
}

func (r *runner) viewQueries(view *index.View, users int) ([]viewQuery, error) {
	chance := rand.New(rand.NewPCG(r.Seed, 3)) //nolint:gosec // chance that repeats is wanted
	pages, err := deepPages(chance, view)
	if err != nil {
		return nil, err
	}
	asked := 0
	texts := needles(r.Seed, users)
	fields := []roster.Field{roster.FieldID, roster.FieldEmail, roster.FieldName, roster.FieldDescription}
	return []viewQuery{
		{"view, filters", func() roster.Query {
			asked++
			return pages[asked%len(pages)]
		}},
		{"view, search", func() roster.Query {
			return roster.Query{Search: narrow(chance, view, texts, fields), Limit: pageSize}
		}},
		{"view, typing errors", func() roster.Query {
			text := []rune(texts[chance.IntN(len(texts))])
			at := chance.IntN(len(text))
			text = slices.Delete(text, at, at+1)
			return roster.Query{Search: roster.Search{Text: string(text), Fields: fields, Fuzzy: true}, Limit: pageSize}
		}},
	}, nil
}

// deepPages returns queries with filters, each for any of the pages that it has. They are made before any is timed, as
// how many pages there are is known from the same query's total.
func deepPages(chance *rand.Rand, view *index.View) ([]roster.Query, error) {
	const many = 4 << 10
	orders := []roster.Field{roster.FieldEmail, roster.FieldName, roster.FieldIdentifier, roster.FieldUpdatedAt}
	pages := make([]roster.Query, many)
	for i := range pages {
		q := roster.Query{
			Where: someFilters(chance), Limit: pageSize,
			Sort: []roster.Sort{{Field: orders[chance.IntN(len(orders))], Desc: chance.IntN(2) == 0}},
		}
		page, err := view.Users(q)
		if err != nil {
			return nil, err
		}
		q.Offset = chance.IntN(max(1, page.Total))
		pages[i] = q
	}
	return pages, nil
}

// someFilters returns two filters on small sets and, half of the time, a third on a time.
func someFilters(chance *rand.Rand) roster.And {
	where := roster.And{
		roster.Cmp{Field: roster.FieldStatus, Value: roster.IntValue(int64(roster.Active))},
		roster.Cmp{Field: roster.FieldUserType, Value: roster.IntValue(int64(1 + chance.IntN(3)))},
	}
	if chance.IntN(2) == 0 {
		since := int64(demo.Epoch()) - chance.Int64N(int64(5*365*24*time.Hour/time.Millisecond))
		where = append(where, roster.Cmp{Field: roster.FieldCreatedAt, Op: roster.GE, Value: roster.IntValue(since)})
	}
	return where
}

// narrow returns a search for a name that not more than 5,000 users have in any of the fields.
func narrow(chance *rand.Rand, view *index.View, texts []string, fields []roster.Field) roster.Search {
	const most, tries = 5000, 20
	search := roster.Search{Fields: fields}
	for range tries {
		search.Text = texts[chance.IntN(len(texts))]
		if page, err := view.Users(roster.Query{Search: search, Limit: 1}); err == nil && page.Total <= most {
			break
		}
	}
	return search
}

// timeQueries answers queries for a round or more and notes the median and the 99th percentile, in microseconds. The
// users of the pages are decoded: an answer nobody reads is none.
func (r *runner) timeQueries(name string, view *index.View, next func() roster.Query) error {
	const atLeast = 200
	var took []time.Duration
	for end := r.Now().Add(r.Round); len(took) < atLeast || r.Now().Before(end); {
		q := next()
		start := r.Now()
		page, err := view.Users(q)
		if err != nil {
			return err
		}
		seen := 0
		for range page.Users {
			seen++
		}
		took = append(took, r.Now().Sub(start))
		if want := max(0, min(q.Limit, page.Total-q.Offset)); seen != want {
			return roster.Errorf(roster.Internal, "%s: a page has %d users, want %d", name, seen, want)
		}
	}
	r.recordTimes(name, took)
	return nil
}

func (r *runner) recordTimes(name string, took []time.Duration) {
	slices.Sort(took)
	r.counts[name] = len(took)
	r.add(name+".p50", micros(percentile(took, 0.50)))
	r.add(name+".p99", micros(percentile(took, 0.99)))
}

// timeChanges applies changes of one user's name each, one after the other.
func (r *runner) timeChanges(name string, view *index.View) error {
	const most, atLeast = 5000, 20
	chance := rand.New(rand.NewPCG(r.Seed, 4)) //nolint:gosec // chance that repeats is wanted
	first, err := view.Users(roster.Query{Limit: most})
	if err != nil {
		return err
	}
	var users []roster.User
	for u := range first.Users {
		users = append(users, *u)
	}
	var took []time.Duration
	for end := r.Now().Add(r.Round); len(took) < atLeast || (r.Now().Before(end) && len(took) < most); {
		before := &users[chance.IntN(len(users))]
		after := *before
		after.Name, after.UpdatedAt = after.FirstName+" "+strconv.Itoa(len(took)), demo.Epoch()+roster.Time(len(took))
		change := roster.Change{
			Org: view.Org().ID, Version: view.Version() + 1, At: after.UpdatedAt,
			Ops: []roster.Op{{Before: before, After: &after}},
		}
		start := r.Now()
		if view, err = view.Apply(change); err != nil {
			return err
		}
		took = append(took, r.Now().Sub(start))
		*before = after
	}
	r.recordTimes(name, took)
	return nil
}
