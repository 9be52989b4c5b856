package webhook

import (
	"slices"
	"time"

	"github.com/roster-dev/roster"
)

// hook is a webhook and how far its delivery is. It is guarded by Service.mu.
type hook struct {
	org roster.ID
	// webhook is replaced, and never changed.
	webhook  *roster.Webhook
	standing roster.Standing
	phase    phase
	// gone is set once the webhook is deleted.
	gone bool
	// moved is set while standing, recent and answers are not kept yet; keeping is what of recent is being kept.
	moved           bool
	recent, keeping []roster.Delivery
	// answers are what requests are answered that led to it.
	answers []roster.Answer
	// awaits is set while nothing can be delivered before something is heard of the organization, which was deleted.
	awaits bool
	// rest is the first instant at which the hook may have its next turn after one that could do nothing.
	rest time.Time
	// slow is set while the receiver takes long to answer, and drags where it was when the turn began.
	slow, drags bool
	// batch is how many changes are read at once.
	batch int
	// due is when the alarm rings, and alarm its place among others, noAlarm for none.
	due   time.Time
	alarm int
}

// phase is what a hook is up to.
type phase int

const (
	idle    phase = iota // there is nothing to deliver
	queued               // it waits for its turn
	waiting              // it waits for its alarm
	turning              // it has its turn
)

// hear is told of a change.
func (s *Service) hear(c roster.Change) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.orgs[c.Org]
	if o != nil && c.Version <= o.version {
		return
	}
	for _, op := range c.Ops {
		after, _ := op.After.(*roster.Webhook)
		before, _ := op.Before.(*roster.Webhook)
		switch {
		case after != nil:
			o = s.organization(c.Org)
			s.revise(o, c.Org, after)
		case before != nil && o != nil:
			s.drop(o, before.ID)
		case op.After == nil && op.Key().Type == roster.TypeOrganization && o != nil:
			for id := range o.hooks {
				s.drop(o, id)
			}
		}
	}
	if o == nil {
		return
	}
	if o.version = c.Version; len(o.hooks) == 0 {
		delete(s.orgs, c.Org)
	}
	for _, h := range o.hooks {
		h.awaits = false
		s.rouse(h)
	}
}

func (s *Service) organization(id roster.ID) *org {
	o := s.orgs[id]
	if o == nil {
		o = &org{hooks: map[roster.ID]*hook{}}
		s.orgs[id] = o
	}
	return o
}

// revise takes a webhook as it is now. What failed before may succeed with it, so it is tried at once.
func (s *Service) revise(o *org, id roster.ID, w *roster.Webhook) {
	h := o.hooks[w.ID]
	if h == nil {
		o.hooks[w.ID] = &hook{org: id, webhook: w, standing: w.Begin(), alarm: noAlarm}
		return
	}
	next := h.standing
	next.NextAt = 0
	if w.Enabled && !h.webhook.Enabled {
		next.Attempts, next.FailingSince = 0, 0
	}
	h.webhook = w
	s.move(h, next)
	s.disturb(h)
}

// disturb ends what a hook waits for.
func (s *Service) disturb(h *hook) {
	h.rest = time.Time{}
	if h.phase == waiting {
		s.alarms.remove(h)
		h.phase = idle
	}
}

func (s *Service) drop(o *org, id roster.ID) {
	h := o.hooks[id]
	if h == nil {
		return
	}
	h.gone = true
	s.alarms.remove(h)
	delete(o.hooks, id)
}

// move changes where a hook stands, and with it when its turn is.
func (s *Service) move(h *hook, to roster.Standing, recent ...roster.Delivery) {
	if h.standing == to && len(recent) == 0 {
		return
	}
	h.standing = to
	h.recent = append(h.recent, recent...)
	h.forget()
	h.moved = true
	signal(s.unsaved)
	s.disturb(h)
}

// forget drops deliveries that would not be kept anyway, now and then.
func (h *hook) forget() {
	const many = 4 * roster.KeptDelivered
	delivered := 0
	for i := range h.recent {
		if h.recent[i].State == roster.Delivered {
			delivered++
		}
	}
	if delivered < many {
		return
	}
	h.recent = slices.DeleteFunc(h.recent, func(d roster.Delivery) bool {
		if d.State != roster.Delivered {
			return false
		}
		delivered--
		return delivered >= roster.KeptDelivered
	})
}

// rouse has an idle hook wait for its turn where there is something to deliver.
func (s *Service) rouse(h *hook) {
	o := s.orgs[h.org]
	if h.phase != idle || h.gone || h.awaits || !h.webhook.Enabled || o == nil || h.standing.Position >= o.version {
		return
	}
	due := h.standing.NextAt.Std()
	if h.rest.After(due) {
		due = h.rest
	}
	if due.After(s.Now()) {
		h.phase = waiting
		s.alarms.add(h, due)
	} else {
		s.lanes.queue(h)
	}
	signal(s.wake)
}
