package job

import (
	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/filter"
)

// choice is the users whom a change is about.
type choice struct {
	spec *roster.BulkUpdate
	by   roster.Principal
	now  roster.Time // what ago() counts from

	users []chosen
}

type chosen struct {
	id     roster.ID
	number int64
}

// query returns the query of a change, as the parameters of a list with the same names are read.
func query(spec *roster.BulkUpdate, by roster.Principal, now roster.Time) (roster.Query, error) {
	see := func(f roster.Field) bool { return by.Permissions.Has(f.Info().Needs) }
	where, err := filter.Parse(spec.Filter, see, now)
	if err != nil {
		return roster.Query{}, err
	}
	q := roster.Query{Where: where}
	if spec.Search == "" {
		return q, nil
	}
	q.Search.Text = spec.Search
	for _, info := range roster.Fields() {
		if info.Searchable && see(info.Field) {
			q.Search.Fields = append(q.Search.Fields, info.Field)
		}
	}
	return q, nil
}

// commands returns the commands that change the users of an organization who are chosen.
func (c *choice) commands(view roster.Users) ([]roster.Command, error) {
	c.users = nil
	if err := c.spec.CheckVersion(view.Version()); err != nil {
		return nil, err
	}
	q, err := query(c.spec, c.by, c.now)
	if err != nil {
		return nil, err
	}
	page, err := view.Users(q)
	if err != nil {
		return nil, err
	}
	return c.spec.Commands(page.Total, func(yield func(*roster.User) bool) {
		for u := range page.Users {
			c.users = append(c.users, chosen{u.ID, u.Number})
			if !yield(u) {
				return
			}
		}
	})
}

// count says what became of the users.
func (c *choice) count(outcomes []roster.Outcome) roster.JobCounts {
	n := roster.JobCounts{Total: len(outcomes), Done: len(outcomes)}
	for i, o := range outcomes {
		op, changed := changeOf(o.Ops, c.users[i].id)
		switch {
		case o.Err != nil:
			n.Refused++
		case !changed:
			n.Unchanged++
		case op.Before == nil:
			n.Created++
		case op.After == nil:
			n.Deleted++
		default:
			n.Updated++
		}
	}
	return n
}

// reject returns the reject of the i-th user.
func (c *choice) reject(i int, err error) roster.Reject {
	r := roster.NewReject(err)
	r.ID, r.Number = c.users[i].id, c.users[i].number
	return r
}

// step returns a job that has ended with what became of the users at a version.
func (c *choice) step(j roster.Job, now roster.Time, version roster.Version, outcomes []roster.Outcome) (
	[]roster.JobStep, error,
) {
	var refused rejects
	for i, o := range outcomes {
		if o.Err != nil {
			refused.add(c.reject(i, o.Err))
		}
	}
	j.Counts, j.State, j.EndedAt = c.count(outcomes), roster.JobSucceeded, now
	if j.Counts.Created+j.Counts.Updated+j.Counts.Deleted > 0 {
		j.Version = version
	}
	return refused.step(j)
}
