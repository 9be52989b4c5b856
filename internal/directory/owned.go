package directory

import "github.com/roster-dev/roster"

// owned is a state that learns whom its records are about, so that a change of many users looks at the tokens and
// invitations of the organization once and not once for each of them. The state must not change meanwhile. It is not
// safe for concurrent use.
type owned struct {
	roster.State

	// asked are the types that were asked about: most transactions ask once, which is not worth an index.
	asked map[roster.Type]bool
	about map[roster.Type]map[roster.ID][]roster.Entity // by the person
}

// EachOwn implements [roster.OwnState].
func (o *owned) EachOwn(t roster.Type, user roster.ID, fn func(roster.Entity) error) error {
	if !o.asked[t] {
		if o.asked == nil {
			o.asked, o.about = map[roster.Type]bool{}, map[roster.Type]map[roster.ID][]roster.Entity{}
		}
		o.asked[t] = true
		return roster.EachOwn(o.State, t, user, fn)
	}
	if o.about[t] == nil {
		about := map[roster.ID][]roster.Entity{}
		err := o.Each(t, func(e roster.Entity) error {
			if person := roster.PersonOf(e); !person.IsZero() {
				about[person] = append(about[person], e)
			}
			return nil
		})
		if err != nil {
			return err
		}
		o.about[t] = about
	}
	for _, e := range o.about[t][user] {
		if err := fn(e); err != nil {
			return err
		}
	}
	return nil
}
