package index

// changeLog is who has changed lately, the last change at the end. Users who came or went are not in it.
type changeLog []*logged

// logged is the slots whose users one change has changed; nil for too many.
type logged struct {
	serial uint64
	slots  []uint32
}

const (
	logLength = 256 // changes that are remembered
	logSlots  = 256 // users of a change, beyond which it counts as many
)

// with returns the log with a change at its end.
func (l changeLog) with(slots []uint32) changeLog {
	if len(slots) == 0 {
		return l
	}
	entry := &logged{serial: 1}
	if last := l.last(); last != nil {
		entry.serial += last.serial
	}
	if len(slots) <= logSlots {
		entry.slots = slots
	}
	old := l[max(0, len(l)+1-logLength):]
	return append(append(make(changeLog, 0, len(old)+1), old...), entry)
}

func (l changeLog) last() *logged {
	if len(l) == 0 {
		return nil
	}
	return l[len(l)-1]
}

// since returns the slots that have changed after a change, and false where that is not known.
func (l changeLog) since(at *logged) (slots []uint32, ok bool) {
	for i := len(l) - 1; i >= 0 && l[i] != at; i-- {
		if l[i].slots == nil {
			return nil, false
		}
		slots = append(slots, l[i].slots...)
		if i == 0 && (at != nil || l[0].serial != 1) {
			return nil, false
		}
	}
	return slots, true
}

// after reports whether a change came after another one; nil is before all.
func (e *logged) after(other *logged) bool {
	return e != nil && (other == nil || e.serial > other.serial)
}
