package webhook

import (
	"container/heap"
	"time"
)

// lanes are the hooks whose turn it is, and those that have it: those that are slow to answer in a lane of their own,
// so that they never take all workers.
type lanes struct {
	workers    int
	fast, slow []*hook
	// turning are how many have their turn, and dragging how many of them are slow.
	turning, dragging int
	slowNext          bool
}

func (l *lanes) queue(h *hook) {
	h.phase = queued
	if h.slow {
		l.slow = append(l.slow, h)
	} else {
		l.fast = append(l.fast, h)
	}
}

// next returns the hook that has its turn next, or nil where there is none or no worker for it.
func (l *lanes) next() *hook {
	for l.turning < l.workers {
		h := l.pick()
		if h == nil {
			return nil
		}
		if h.gone {
			continue
		}
		l.turning++
		if h.drags = h.slow; h.drags {
			l.dragging++
		}
		h.phase = turning
		return h
	}
	return nil
}

// pick takes a hook from the lanes in turns.
func (l *lanes) pick() (h *hook) {
	forSlow := max(1, l.workers*3/4)
	slow := len(l.slow) > 0 && l.dragging < forSlow
	switch {
	case slow && (l.slowNext || len(l.fast) == 0):
		h, l.slow = l.slow[0], l.slow[1:]
		l.slowNext = false
	case len(l.fast) > 0:
		h, l.fast = l.fast[0], l.fast[1:]
		l.slowNext = true
	}
	return h
}

// leave ends a turn.
func (l *lanes) leave(h *hook) {
	l.turning--
	if h.drags {
		l.dragging--
	}
}

// noAlarm is the place of a hook that has no alarm.
const noAlarm = -1

// alarms are the hooks that wait for an instant, the earliest first: a heap, each hook of which knows its place.
type alarms []*hook

// Len implements [heap.Interface].
func (a alarms) Len() int { return len(a) }

// Less implements [heap.Interface].
func (a alarms) Less(i, j int) bool { return a[i].due.Before(a[j].due) }

// Swap implements [heap.Interface].
func (a alarms) Swap(i, j int) {
	a[i], a[j] = a[j], a[i]
	a[i].alarm, a[j].alarm = i, j
}

// Push implements [heap.Interface].
func (a *alarms) Push(x any) {
	h := x.(*hook) //nolint:forcetypeassert // there is nothing else
	h.alarm = len(*a)
	*a = append(*a, h)
}

// Pop implements [heap.Interface].
func (a *alarms) Pop() any {
	last := len(*a) - 1
	h := (*a)[last]
	(*a)[last] = nil
	*a = (*a)[:last]
	h.alarm = noAlarm
	return h
}

func (a *alarms) add(h *hook, due time.Time) {
	h.due = due
	heap.Push(a, h)
}

func (a *alarms) remove(h *hook) {
	if h.alarm != noAlarm {
		heap.Remove(a, h.alarm)
	}
}

// next returns when the next alarm rings, if there is one.
func (a *alarms) next() (due time.Time, ok bool) {
	if len(*a) == 0 {
		return time.Time{}, false
	}
	return (*a)[0].due, true
}

// ring takes a hook whose alarm has rung, nil where there is none.
func (a *alarms) ring(now time.Time) *hook {
	if due, ok := a.next(); !ok || due.After(now) {
		return nil
	}
	return heap.Pop(a).(*hook) //nolint:forcetypeassert // there is nothing else
}
