package webhook

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"slices"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/trace"
)

// turn is what one hook delivers before others have their turn.
type turn struct {
	*Service
	hook *hook
	// webhook and standing are those of the hook, as far as the turn knows.
	webhook  *roster.Webhook
	standing roster.Standing
	// heard is the version of the organization when the turn began.
	heard roster.Version
}

// turn gives a hook its turn: messages one after the other, up to the first failure. It takes up no new one once ctx
// has ended.
func (s *Service) turn(ctx, lasting context.Context, h *hook) {
	t := &turn{Service: s, hook: h}
	size := t.begin()
	defer t.end()
	defer t.survive(ctx)
	if !t.webhook.Enabled {
		return // since it was its turn
	}
	told, err := s.entitled(lasting, h.org, t.webhook)
	if err != nil {
		t.notEntitled(lasting, err)
		return
	}
	changes, err := s.Log.Changes(lasting, h.org, t.standing.Position, size)
	if err != nil {
		t.cannotRead(ctx, err)
		return
	}
	t.measure(changes)
	if len(changes) == 0 {
		t.rest(soon)
		return
	}
	write, err := s.Form.Changes(told)
	if code := roster.CodeOf(err); code == roster.Forbidden || code == roster.Invalid {
		t.notEntitled(lasting, roster.Errorf(roster.Conflict,
			"it may not be told any more what its types or its filter ask for"))
		return
	}
	for _, c := range changes {
		var body []byte
		if err == nil {
			body, err = write(c)
		}
		if body != nil && !t.still(lasting, told) {
			return // the next turn writes it anew
		}
		if ctx.Err() != nil || !t.deliver(lasting, c.Version, body, err) {
			return
		}
	}
}

// survive keeps a turn that panics from ending the process.
func (t *turn) survive(ctx context.Context) {
	if cause := recover(); cause != nil {
		t.rest(later)
		t.Logger.ErrorContext(ctx, "the delivery to a webhook has failed", "org", t.hook.org, "webhook", t.webhook.ID,
			"error", fmt.Errorf("panic: %v\n%s", cause, debug.Stack()))
	}
}

// entitled returns a webhook with the permissions that it has now: see [roster.Webhook.Entitled].
func (s *Service) entitled(ctx context.Context, org roster.ID, w *roster.Webhook) (*roster.Webhook, error) {
	find := func(org roster.ID, t roster.Type, id roster.ID) (roster.Entity, error) {
		return s.Log.Record(ctx, org, t, id)
	}
	permissions, err := w.Entitled(org, s.time(), find)
	if err != nil {
		return nil, err
	}
	told := *w
	told.Permissions = permissions
	return &told, nil
}

// still reports whether a webhook may hear of just what it might when the turn began.
func (t *turn) still(ctx context.Context, told *roster.Webhook) bool {
	now, err := t.entitled(ctx, t.hook.org, t.webhook)
	return err == nil && slices.Equal(now.Permissions, told.Permissions)
}

// notEntitled ends a turn of a webhook that may hear of nothing, or of which that can't be told: the first is for
// somebody to look at who may more than its maker.
func (t *turn) notEntitled(ctx context.Context, err error) {
	code := roster.CodeOf(err)
	if code == roster.NotFound {
		t.await()
		return
	}
	t.rest(later)
	switch {
	case code == roster.Conflict:
		t.disable(ctx, roster.AsError(err).Message)
	case ctx.Err() == nil:
		t.Logger.ErrorContext(ctx, "what a webhook may be told was not found out", "org", t.hook.org,
			"webhook", t.webhook.ID, "error", err)
	}
}

// What a hook reads at once: as many changes as have so many ops, about.
const (
	mostChanges = 64
	mostOps     = 2000
)

// begin returns how many changes to read.
func (t *turn) begin() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.webhook, t.standing = t.hook.webhook, t.hook.standing
	if o := t.orgs[t.hook.org]; o != nil {
		t.heard = o.version
	}
	return max(1, t.hook.batch)
}

// measure chooses how many changes the next turn reads.
func (t *turn) measure(changes []roster.Change) {
	ops := 1
	for i := range changes {
		ops += len(changes[i].Ops)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.hook.batch = min(mostChanges, max(1, mostOps*len(changes)/ops))
}

// How long a hook rests whose turn was in vain: because nothing was there yet, or because the store failed.
const (
	soon  = time.Second
	later = 5 * time.Second
)

func (t *turn) rest(d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.hook.rest = t.Now().Add(d)
}

// await has the hook wait until something is heard of its organization, which was deleted: that it is restored, or
// removed. Where that was heard since the turn began, the next turn finds out.
func (t *turn) await() {
	t.mu.Lock()
	defer t.mu.Unlock()
	o := t.orgs[t.hook.org]
	t.hook.awaits = o != nil && o.version == t.heard
}

// end gives others their turn, and takes the next one where there is more to deliver.
func (t *turn) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lanes.leave(t.hook)
	t.hook.phase = idle
	t.rouse(t.hook)
	signal(t.wake) // there is room for another one
}

// cannotRead goes on after the changes that are not kept any more.
func (t *turn) cannotRead(ctx context.Context, err error) {
	since, ok := isTrimmed(err)
	if roster.CodeOf(err) == roster.NotFound {
		t.await()
		return
	}
	if !ok {
		t.rest(later)
		if ctx.Err() == nil {
			t.Logger.ErrorContext(ctx, "changes for a webhook were not read",
				"org", t.hook.org, "webhook", t.webhook.ID, "error", err)
		}
		return
	}
	lost := roster.Delivery{
		Version: t.standing.Position + 1, Round: t.standing.Round, State: roster.Dead, Attempts: t.standing.Attempts,
		Last: roster.Attempt{At: t.time(), Error: fmt.Sprintf(
			"the changes up to version %d are not kept any more, and were not delivered", since)},
	}
	next := t.standing
	next.Position, next.Attempts, next.NextAt = since, 0, 0
	if t.settle(next, lost) {
		t.counts.dead.Add(1)
		t.Logger.WarnContext(ctx, "messages to a webhook were given up", "org", t.hook.org, "webhook", t.webhook.ID,
			"version", lost.Version, "to", since, "reason", "the changes are not kept any more")
	}
}

// deliver sends the message about a version, if there is one, and reports whether the turn goes on.
func (t *turn) deliver(ctx context.Context, version roster.Version, body []byte, err error) bool {
	if body == nil && err == nil {
		next := t.standing
		next.Position = version
		return t.settle(next)
	}
	var r result
	if err != nil {
		r.Attempt = roster.Attempt{At: t.time(), Error: cannotWrite(err)}
		r.unwritten = true
		if roster.CodeOf(err) == roster.Internal {
			t.Logger.ErrorContext(ctx, "a message of a webhook was not written",
				"org", t.hook.org, "webhook", t.webhook.ID, "error", err)
		}
	} else {
		within := trace.After(ctx, t.Tracer, t.hook.org, version)
		r = t.send(within, t.webhook, roster.MessageID(t.webhook.ID, version, t.standing.Round), body)
	}
	if ctx.Err() != nil {
		return false // it was cut off, and means nothing
	}
	was := t.standing
	next, decided := t.after(was, version, r)
	t.counts.note(r.Attempt, decided)
	t.report(ctx, was, version, r, decided)
	var goesOn bool
	if decided != nil {
		goesOn = t.settle(next, *decided)
	} else {
		t.settle(next)
	}
	t.judge(ctx, next, r)
	return goesOn && r.Succeeded() && r.Took < dragging
}

// report tells the operator when a webhook begins to fail, when it has recovered, and of every dead letter: that there
// is trouble and where, and nothing of what was sent.
func (t *turn) report(ctx context.Context, was roster.Standing, v roster.Version, r result, d *roster.Delivery) {
	log := t.Logger.With("org", t.hook.org, "webhook", t.webhook.ID, "version", v)
	switch {
	case r.Succeeded() && was.FailingSince != 0:
		log.InfoContext(ctx, "a webhook has recovered", "failing_since", was.FailingSince)
	case r.Succeeded():
	case d != nil:
		log.WarnContext(ctx, "a message to a webhook was given up", "attempts", d.Attempts, "reason", r.reason())
	case was.FailingSince == 0:
		log.WarnContext(ctx, "a webhook has begun to fail", "reason", r.reason())
	}
}

// cannotWrite says why a message can't be written, as far as the webhook is at fault.
func cannotWrite(err error) string {
	if e := roster.AsError(err); e.Code != roster.Internal {
		return "the message can't be written: " + e.Message
	}
	return "the message can't be written"
}

// dragging is how long a receiver may take that is not slow.
const dragging = time.Second

// settle changes where the hook stands, and reports whether the turn goes on: not where somebody else has changed that,
// or the webhook.
func (t *turn) settle(next roster.Standing, decided ...roster.Delivery) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.hook.slow = next.Last.Took >= dragging
	if t.hook.gone {
		return false
	}
	if t.hook.standing != t.standing && !t.onlyDue() { // it has begun again elsewhere: only what was decided stays
		t.move(t.hook, t.hook.standing, decided...)
		return false
	}
	same := t.hook.webhook == t.webhook
	if !same { // it may succeed as it is now
		next.NextAt = 0
	}
	t.move(t.hook, next, decided...)
	t.standing = next
	return same && t.webhook.Enabled
}

// onlyDue reports whether the standing was changed by a change of the webhook only, which leaves the position.
func (t *turn) onlyDue() bool {
	return t.hook.standing.Position == t.standing.Position && t.hook.standing.Round == t.standing.Round
}

// judge disables a webhook whose receiver says that it is gone, or has failed for long.
func (t *turn) judge(ctx context.Context, now roster.Standing, r result) {
	switch {
	case r.Status == http.StatusGone:
		t.disable(ctx, "the receiver answered 410 Gone")
	case now.FailingSince != 0 && now.Last.At >= now.FailingSince.Add(patience):
		t.disable(ctx, "no message was accepted since "+now.FailingSince.String())
	}
}

// Disabler is the name of who disables webhooks, in the audit.
const Disabler = "webhooks"

// disable disables the webhook, unless it has been changed meanwhile.
func (t *turn) disable(ctx context.Context, reason string) {
	t.mu.Lock()
	same := t.hook.webhook == t.webhook && !t.hook.gone
	t.mu.Unlock()
	if !same {
		return
	}
	by := roster.Operator()
	by.Name, by.Cause.Reason = Disabler, reason
	_, err := t.Log.Do(ctx, t.hook.org, by, roster.Disable{Webhook: t.webhook.ID, Reason: reason})
	if err == nil {
		t.counts.disabled.Add(1)
		t.Logger.WarnContext(ctx, "a webhook was disabled",
			"webhook", t.webhook.ID, "org", t.hook.org, "reason", reason)
		return
	}
	if !errors.Is(err, context.Canceled) {
		t.Logger.ErrorContext(ctx, "a webhook was not disabled",
			"org", t.hook.org, "webhook", t.webhook.ID, "error", err)
	}
}
