package demo

import (
	"strconv"
	"time"

	"github.com/roster-dev/roster"
)

// history decides when u came and was changed, and by whom. It gives u its id, which begins with the time it came.
func history(d *dice, u *roster.User) {
	age := since(founded, epoch)
	switch u.Status {
	case roster.Invited:
		age = 60 * day
	case roster.Onboarding:
		age = 30 * day
	}
	u.CreatedAt = epoch.Add(-d.soon(age) - minute)
	u.UpdatedAt = u.CreatedAt
	u.ID = d.id(u.CreatedAt)
	if d.percent(90) {
		u.CreatedBy = admin(d)
	}
	if d.percent(70) {
		u.UpdatedAt = d.later(u.CreatedAt)
		u.UpdatedBy = admin(d)
	}
	if u.Status == roster.Invited || u.Kind == roster.Person && d.percent(40) {
		u.InvitedAt = u.CreatedAt.Add(d.within(min(2*day, since(u.CreatedAt, epoch))))
	}
	if d.percent(7) {
		u.Source = roster.Source{System: pick(d, systems[:]), ExternalID: strconv.FormatInt(100_000+u.Number*7, 10)}
	}
}

var systems = [...]string{"kaiten", "flxpoint", "hr-export"}

// admin returns one of those who look after users: always one who exists when there are generated users at all.
func admin(d *dice) roster.ID {
	switch d.IntN(3) {
	case 0:
		return benjaminID()
	case 1:
		return floraID()
	default:
		return Owner()
	}
}

// activity tells what u did, in the order login, session, action, request. Some never came, some stopped coming.
func activity(d *dice, u *roster.User) {
	came := max(u.CreatedAt, u.InvitedAt)
	life := since(came, epoch)
	if life < day || d.percent(4) {
		return
	}
	gone := min(life, 400*day)
	switch {
	case u.Status != roster.Active || d.percent(12):
		u.LastLoginAt = came.Add(d.within(life))
	default:
		u.LastLoginAt = epoch.Add(-d.soon(d.soon(gone)) - minute)
	}
	u.LastSessionAt = d.after(u.LastLoginAt, 30*minute)
	u.LastActionAt = d.after(u.LastSessionAt, 9*hour)
	u.LastRequestAt = d.after(u.LastActionAt, 20*minute)
	u.LastRequestMethod = pick(d, methods[:])
	u.MinutesOfActivity = int64(since(came, u.LastLoginAt)/day)*d.Int64N(240) + d.Int64N(60)
	if d.percent(80) {
		u.NotificationsCheckedAt = d.after(u.LastSessionAt, 5*hour)
	}
}

var methods = [...]string{"GET", "GET", "GET", "POST", "PATCH", "PUT", "DELETE"}

// after returns an instant that follows t within limit, and is not after the present.
func (d *dice) after(t roster.Time, limit time.Duration) roster.Time {
	return t.Add(d.within(min(limit, since(t, epoch))))
}
