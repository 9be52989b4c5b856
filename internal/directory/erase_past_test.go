package directory_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/directory"
	"github.com/roster-dev/roster/internal/index"
	"github.com/roster-dev/roster/internal/store"
	"github.com/roster-dev/roster/internal/store/memory"
)

// erasing is a history in which people are erased and of which the beginning is given up. views are what somebody who
// follows the organization has had at each version.
type erasing struct {
	*history
	store  store.Store
	views  map[roster.Version]*index.View
	since  roster.Version
	erased int
}

// erase erases somebody, who is in no version any more.
func (e *erasing) erase() {
	change, err := e.s.Do(e.ctx, e.org, roster.Operator(), roster.Erase{Ref: e.ref()})
	if err != nil {
		return
	}
	e.erased++
	user := change.Ops[0].Key().ID
	for version, m := range e.seen {
		e.seen[version] = e.without(m, version, user)
	}
	e.remember()
}

// without returns what an organization was at a version, as if there had not been a user.
func (e *erasing) without(m moment, version roster.Version, user roster.ID) moment {
	left := maps.Clone(m.records)
	var rest []roster.Entity
	for key, doc := range m.records {
		var about struct {
			ID     roster.ID
			User   json.RawMessage
			ActsAs roster.ID `json:"acts_as"`
		}
		if err := json.Unmarshal([]byte(doc), &about); err != nil {
			e.RT.Fatal(err)
		}
		typ, _, _ := strings.Cut(key, " ")
		switch own := string(about.User) == `"`+user.String()+`"` || about.ActsAs == user; {
		case own, about.ID == user && (typ == string(roster.TypeUser) || typ == string(roster.TypeDeletedUser)):
			delete(left, key)
		default:
			record, err := roster.DecodeEntity(roster.Type(typ), []byte(doc))
			if err != nil {
				e.RT.Fatal(err)
			}
			rest = append(rest, record)
		}
	}
	if len(left) == len(m.records) {
		return m
	}
	types := roster.Types()
	slices.SortFunc(rest, func(a, b roster.Entity) int {
		x, y := a.Key(), b.Key()
		return cmp.Or(cmp.Compare(slices.Index(types, x.Type), slices.Index(types, y.Type)),
			cmp.Compare(a.Keys().Number, b.Keys().Number), x.ID.Compare(y.ID))
	})
	builder := index.NewBuilder(nil)
	for _, record := range rest {
		builder.Add(record)
	}
	return moment{left, answers(e.RT, builder.View(version))}
}

func (e *erasing) look(version roster.Version) {
	if version >= e.since {
		e.want(version)
		return
	}
	if _, err := e.s.At(e.ctx, e.org, version); roster.CodeOf(err) != roster.Gone {
		e.RT.Fatalf("version %d, trimmed to %d: got %v, want %s", version, e.since, err, roster.Gone)
	}
}

// between compares two versions, at either of which nobody may be who was erased since.
func (e *erasing) between(from, to roster.Version) {
	if min(from, to) >= e.since {
		e.wantBetween(from, to)
	}
}

// follow comes late: with what was there at a version, be it as it was read then or as it is shown now, and all changes
// since. In the end there is what there is.
func (e *erasing) follow(version roster.Version) {
	changes, err := e.s.Changes(e.ctx, e.org, version, 1000)
	if version < e.since {
		if roster.CodeOf(err) != roster.Gone {
			e.RT.Fatalf("changes after %d, trimmed to %d: got %v, want %s", version, e.since, err, roster.Gone)
		}
		return
	}
	if err != nil {
		e.RT.Fatal(err)
	}
	now, err := e.s.At(e.ctx, e.org, version)
	if err != nil {
		e.RT.Fatal(err)
	}
	for which, v := range map[string]*index.View{"as it was read": e.views[version], "as of": now} {
		got := records(e.RT, v)
		for _, c := range changes {
			replay(e.RT, got, c)
			if v, err = v.Apply(c); err != nil {
				e.RT.Fatalf("%s version %d, version %d: %v", which, version, c.Version, err)
			}
		}
		for how, got := range map[string]moment{"a client": {got, e.seen[e.last].answers}, "a view": momentOf(e.RT, v)} {
			if diff := gocmp.Diff(e.seen[e.last], got, gocmp.AllowUnexported(moment{})); diff != "" {
				e.RT.Fatalf("%s that has followed from version %d %s to %d (-is +got):\n%s", how, version, which, e.last, diff)
			}
		}
	}
}

// replay does what the feed asks of its clients: what was erased is told without a record, and is left out but where it
// is deleted.
func replay(t failer, records map[string]string, c roster.Change) {
	t.Helper()
	for _, op := range c.Ops {
		_, erased := op.After.(roster.Erased)
		switch key := op.Key().String(); {
		case erased:
		case op.After == nil:
			delete(records, key)
		default:
			records[key] = document(t, op.After)
		}
	}
}

// Whoever is erased is in no version any more, in no comparison of two, and with nobody who follows; everything else is
// as it was, wherever the history was trimmed before or afterwards, and the audit is whole.
func TestEveryVersionIsAsItWasButForTheErased(t *testing.T) {
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			s, round, erased := open(t), 0, 0
			rapid.Check(t, func(rt *rapid.T) {
				round++
				p := &pair{
					RT: rt, ctx: t.Context(), org: id(1_000_000 + round), loaded: pastService(s),
					unloaded: pastService(memory.New()),
				}
				p.begin(fmt.Sprintf("org-%d", round), round)
				e := &erasing{
					history: &history{pair: p, s: p.loaded, seen: map[roster.Version]moment{}},
					store:   s,
					views:   map[roster.Version]*index.View{},
				}
				e.remember()
				e.since = e.last
				first := e.last
				if _, err := e.s.Trim(e.ctx, e.org, roster.Moment{Version: first}); err != nil {
					rt.Fatal(err)
				}
				for range rapid.IntRange(5, 40).Draw(rt, "acts") {
					e.act(first)
				}
				report, err := e.s.VerifyAudit(e.ctx, e.org)
				if err != nil || report.Fault != nil {
					rt.Fatalf("verify: %+v, %v", report.Fault, err)
				}
				erased += e.erased
			})
			if erased == 0 {
				t.Error("nobody was erased, which says nothing")
			}
		})
	}
}

// act does something to the organization or looks at it.
func (e *erasing) act(first roster.Version) {
	version := func(label string) roster.Version {
		return roster.Version(rapid.Int64Range(int64(first), int64(e.last)).Draw(e.RT, label))
	}
	switch draw(e.pair, "act", "step", "step", "step", "erase", "at", "at", "between", "follow", "trim", "keep", "restart") {
	case "step":
		e.step()
	case "erase":
		e.erase()
	case "at":
		e.look(version("version"))
	case "between":
		e.between(version("from"), version("to"))
	case "follow":
		if v := version("version"); e.views[v] != nil {
			e.follow(v)
		}
	case "trim":
		v := version("version")
		if _, err := e.s.Trim(e.ctx, e.org, roster.Moment{Version: v}); err != nil {
			e.RT.Fatal(err)
		}
		e.since = max(e.since, v)
	case "keep":
		v, err := e.s.View(e.ctx, e.org)
		if err != nil {
			e.RT.Fatal(err)
		}
		e.views[e.last] = v
		e.s.Keep(e.org, v, 0)
	default:
		e.s = directory.New(e.store, directory.Options{
			Now: func() roster.Time { return now }, NewID: newID(500_000 + uint32(e.last)*1000), WalkVersions: 3,
		})
	}
}
