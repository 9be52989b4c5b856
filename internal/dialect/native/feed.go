package native

import (
	"context"
	"reflect"
	"slices"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/filter"
)

// feed reads the history of an organization as one principal may see it and as one request wants it.
type feed struct {
	history dialect.History
	by      roster.Principal
	types   []roster.Type
	users   roster.Query // those whose ops pass
	diff    bool
	// every is set where neither types nor users are chosen: every version is an item then, even one of whose ops the
	// principal may see none.
	every bool
}

// wanted is what a feed is to tell of.
type wanted struct {
	types []roster.Type // all that may be read where there is none
	// filter is what users must match; "" for every user.
	filter string
	diff   bool
}

// newFeed returns the feed that a request asks for and the version after which it begins, which from names the
// parameters of, the most important one first.
func newFeed(r *dialect.Request, from ...string) (*feed, roster.Version, error) {
	since, err := begin(r, from)
	if err != nil {
		return nil, 0, err
	}
	f, err := feedOf(r.History, r.Principal, wantedIn(r))
	return f, since, err
}

// wantedIn reads the parameters that [choices] returns.
func wantedIn(r *dialect.Request) wanted {
	w := wanted{filter: r.String("filter"), diff: r.Bool("diff")}
	for _, name := range r.Strings("types") {
		w.types = append(w.types, roster.Type(name))
	}
	return w
}

// feedOf returns the feed of what a principal wants to hear. It fails where the principal may not read that.
func feedOf(history dialect.History, by roster.Principal, w wanted) (*feed, error) {
	f := &feed{history: history, by: by, diff: w.diff, every: len(w.types) == 0 && w.filter == ""}
	if err := f.chooseTypes(w); err != nil {
		return nil, err
	}
	var err error
	if w.filter != "" {
		f.users.Where, err = f.filter(w.filter)
	}
	return f, err
}

// begin returns the version after which a request wants to hear.
func begin(r *dialect.Request, from []string) (roster.Version, error) {
	present := r.View.Version()
	for _, name := range from {
		if !r.Given(name) {
			continue
		}
		since := roster.Version(r.Int(name))
		if since > present {
			return 0, roster.FieldErrorf(name, "must be at most %d, the present version, not %d", present, since)
		}
		return since, nil
	}
	return present, nil
}

// readable returns the permission without which a principal may not read the records of a type.
func readable(t roster.Type) roster.Permission {
	if t == roster.TypeToken || t == roster.TypeWebhook {
		return roster.TokensWrite
	}
	return roster.UsersRead
}

func (f *feed) chooseTypes(w wanted) error {
	for _, t := range w.types {
		if needs := readable(t); !f.by.Permissions.Has(needs) {
			return &roster.Error{
				Code: roster.Forbidden, Field: "types", Message: string(t) + " needs the permission " + string(needs),
			}
		}
		f.types = append(f.types, t)
	}
	if len(f.types) > 0 {
		if w.filter != "" && !slices.Contains(f.types, roster.TypeUser) {
			return roster.FieldErrorf("filter", "is about users, whom types leaves out")
		}
		return nil
	}
	for _, t := range roster.Types() {
		if f.by.Permissions.Has(readable(t)) {
			f.types = append(f.types, t)
		}
	}
	return nil
}

// filter compiles a filter that depends on nothing but the record of a user: a user can come to match any other without
// being changed, which no change would tell.
func (f *feed) filter(text string) (roster.Expr, error) {
	visible := func(field roster.Field) bool { return f.by.Permissions.Has(field.Info().Needs) }
	where, err := filter.Parse(text, visible, 0)
	if err != nil {
		return nil, err
	}
	const day = 24 * 60 * 60 * 1000
	if later, err := filter.Parse(text, visible, day); err != nil || !reflect.DeepEqual(where, later) {
		return nil, roster.FieldErrorf("filter", "can't be followed with ago(), whose meaning changes with the time: "+
			"give a date")
	}
	_, err = filter.Parse(text, func(field roster.Field) bool {
		return visible(field) && field != roster.FieldPermissions
	}, 0)
	if err != nil {
		return nil, roster.FieldErrorf("filter", "can't be followed by permissions, which change with groups: "+
			"filter by own_permissions and groups")
	}
	return where, nil
}

// page is a stretch of the history.
type page struct {
	items []item
	// version is where the stretch ends.
	version roster.Version
	// more is set where it may end before the history does.
	more bool
}

// item is a change on the wire.
type item struct {
	version roster.Version
	doc     []byte
}

// The limits of a page besides its number of items: when it has so many bytes it ends with the present item, and when
// so many changes were looked at for it with what has passed.
const (
	pageBytes   = 1 << 20
	pageChanges = 10_000
)

// page returns what happened after a version in at most limit items.
func (f *feed) page(ctx context.Context, since roster.Version, limit int) (page, error) {
	p := page{version: since}
	bytes, batch := 0, firstBatch
	for looked := 0; looked < pageChanges; {
		size := min(batch, limit-len(p.items))
		changes, err := f.history.Changes(ctx, p.version, size)
		if err != nil {
			return page{}, err
		}
		for _, c := range changes {
			doc, err := f.item(c)
			if err != nil {
				return page{}, err
			}
			p.version = c.Version
			if doc != nil {
				p.items, bytes = append(p.items, item{c.Version, doc}), bytes+len(doc)
			}
			if bytes >= pageBytes || len(p.items) == limit {
				p.more = true
				return p, nil
			}
		}
		if len(changes) < size {
			return p, nil
		}
		looked += len(changes)
		batch = nextBatch(changes)
	}
	p.more = true
	return p, nil
}

// firstBatch is how many changes are read at once before it is known how large they are.
const firstBatch = 8

// nextBatch returns how many changes to read next, so that those in memory have few ops: there may be thousands in one.
func nextBatch(last []roster.Change) int {
	const most, mostOps = 128, 2000
	ops := 1
	for _, c := range last {
		ops += len(c.Ops)
	}
	return min(most, max(1, mostOps*len(last)/ops))
}
