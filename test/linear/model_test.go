package linear

import (
	"fmt"
	"hash/maphash"
	"net/http"
	"slices"

	"github.com/anishathalye/porcupine"

	"github.com/roster-dev/roster"
)

// slots is how many e-mail addresses there are; all requests are about the users who have them. They are few, so that
// clients meet.
const slots = 10

// kind is what a request asks for.
type kind int

const (
	get kind = iota
	list
	create
	patch
	remove
	suspend
	restore
	batch
)

func (k kind) String() string {
	return [...]string{"get", "list", "create", "patch", "delete", "suspend", "restore", "batch"}[k]
}

// input is a request.
type input struct {
	kind kind
	// slot is the number of the address of the user, and id, unless it is "", what the user is named by instead.
	slot int
	id   string
	name string // that create and patch give
	// status is what a list is filtered by, "" for all users.
	status string
	// ifMatch and ifNoneMatch are entity tags, "" for none. What a list showed under ifNoneMatch is before.
	ifMatch, ifNoneMatch string
	before               shownList
	least                roster.Version // min_version, 0 for none
	actor                int            // whose token it was sent with
	items                []input        // of a batch
}

// output is what was answered.
type output struct {
	// unknown says that no answer came: it was done at the version.
	unknown bool
	status  int
	version roster.Version // 0 where none was told
	user    user
	list    shownList
	items   []output // of a batch
}

// user is a user, of whom it may not be known yet what the server made: the id and the entity tag. Lists show no tags.
type user struct {
	there        bool
	name, status string
	id, tag      string // "" while nobody has been told
}

// shownList is what a list shows: the users of the slots, and how many there are of all pages.
type shownList struct {
	total int
	users [slots]user
}

// state is an organization. It is comparable.
type state struct {
	version roster.Version
	// writer is whose commit the version is as long as others of the same actor may be told that they are part of it,
	// else -1. Those about the same user do not share one: touched has the slots of those as bits, of those that the
	// version has made from the bit isNew.
	writer  int
	touched uint64
	// answers is how many requests were answered at the version so far.
	answers int
	users   [slots]user
}

// isNew is the first bit of the users that a version has made.
const isNew = 32

// model is the sequential specification of the organization, or of one user of it.
type model struct {
	// whole says that requests about all users are there, so that no version may lack. Otherwise versions only grow.
	whole bool
	// Of the whole: how many requests were answered at each version. A version is over once they all were, which tells
	// a wrong turn of the search at once.
	answers map[roster.Version]int
}

// modelOf returns the model of the organization whose history has operations.
func modelOf(operations []porcupine.Operation) model {
	m := model{whole: true, answers: map[roster.Version]int{}}
	for _, op := range operations {
		m.answers[op.Output.(output).version]++
	}
	return m
}

// porcupine returns the model for an organization that begins empty at a version.
func (m model) porcupine(begin roster.Version) porcupine.Model {
	seed := maphash.MakeSeed()
	return porcupine.Model{
		Init: func() any { return state{version: begin, writer: -1} },
		Step: func(s, in, out any) (bool, any) {
			next := m.step(s.(state), in.(input), out.(output))
			if len(next) == 0 {
				return false, s
			}
			return true, next[0]
		},
		Hash: func(s any) uint64 { return maphash.Comparable(seed, s.(state)) },
		DescribeOperation: func(in, out any) string {
			return fmt.Sprintf("%s -> %s", in.(input), out.(output))
		},
	}
}

// step returns the state of an organization after a request was answered so; none where that can't be.
func (m model) step(s state, in input, out output) []state {
	switch in.kind {
	case get, list:
		return m.read(s, in, out)
	default:
		return m.write(s, in, out)
	}
}

func (m model) read(s state, in input, out output) []state {
	if out.status == http.StatusServiceUnavailable { // did not come in time
		return only(s, !m.whole || in.least > s.version)
	}
	ok := out.version >= in.least && m.readAt(&s, out.version)
	if in.kind == list {
		return only(s, ok && s.shows(in, out))
	}
	u := s.find(in)
	switch out.status {
	case http.StatusNotFound:
		return only(s, ok && u == nil)
	case http.StatusNotModified:
		return only(s, ok && u != nil && in.ifNoneMatch != "" && learn(&u.tag, in.ifNoneMatch))
	case http.StatusOK:
		return only(s, ok && u != nil && out.user.tag != in.ifNoneMatch && u.is(out.user))
	default:
		return nil
	}
}

// readAt reports whether the version can be that of an answer about s, and notes that all of it was seen.
func (m model) readAt(s *state, version roster.Version) bool {
	if m.whole && version != s.version || version < s.version {
		return false
	}
	s.version, s.writer = version, -1
	s.answers++
	return true
}

// shows reports whether the answer to a list is right.
func (s *state) shows(in input, out output) bool {
	got := out.list
	if out.status == http.StatusNotModified {
		got = in.before
	} else if out.status != http.StatusOK {
		return false
	}
	total := 0
	for i := range s.users {
		u, g := &s.users[i], got.users[i]
		if there := u.there && (in.status == "" || in.status == u.status); there != g.there {
			return false
		} else if !there {
			continue
		}
		if total++; !u.is(g) {
			return false
		}
	}
	return total == got.total
}

// write returns the state after a write.
func (m model) write(s state, in input, out output) []state {
	next, touched := s, uint64(0)
	status := next.do(in, out, &touched)
	if out.unknown && status < http.StatusBadRequest {
		out.status = status
	}
	if status != out.status || (status < http.StatusBadRequest) != (out.version > 0) {
		return nil
	}
	if status < http.StatusBadRequest && touched != 0 {
		return m.commit(next, touched, in.actor, out.version)
	}
	s.users = next.users // what is known of them
	if status >= http.StatusBadRequest {
		return []state{s}
	}
	writer := s.writer
	ok := m.readAt(&s, out.version) // nothing was to be done
	s.writer = writer
	return only(s, ok)
}

// commit returns the state in which a write is committed at a version.
func (m model) commit(s state, touched uint64, actor int, version roster.Version) []state {
	both := (s.touched | s.touched>>isNew) & touched & (1<<isNew - 1)
	if joins := s.writer == actor && both == 0; joins && version == s.version {
		s.touched |= touched
		s.answers++
		return []state{s}
	}
	if m.whole && (version != s.version+1 || s.answers != m.answers[s.version]) || version <= s.version {
		return nil
	}
	s.version, s.writer, s.touched, s.answers = version, actor, touched, 1
	return []state{s}
}

// do carries out a write, and returns the status that it must be answered with, where what is answered fits besides; 0
// where it does not. What it learns from the answer about users stays also where the write is refused. It adds the slots
// of the users that it changes to touched.
func (s *state) do(in input, out output, touched *uint64) int {
	if in.kind == batch {
		return s.doAll(in, out, touched)
	}
	if in.kind == create {
		return s.create(in, out, touched)
	}
	u := s.find(in)
	if u == nil {
		return http.StatusNotFound
	}
	if in.ifMatch != "" && !u.matches(in.ifMatch, out) {
		if !out.unknown && (!u.is(out.user) || u.tag == in.ifMatch) {
			return 0
		}
		return http.StatusPreconditionFailed
	}
	if in.kind == remove {
		*u = user{}
		touch(touched, in.slot)
		return http.StatusNoContent
	}
	if u.change(in) {
		touch(touched, in.slot)
		u.tag = ""
	}
	if !out.unknown && out.status == http.StatusOK && !u.is(out.user) {
		return 0
	}
	return http.StatusOK
}

// touch adds the slot of a user to touched, unless that is the user whom the same write has made.
func touch(touched *uint64, slot int) {
	if *touched&(1<<(isNew+slot)) == 0 {
		*touched |= 1 << slot
	}
}

func (s *state) create(in input, out output, touched *uint64) int {
	if s.users[in.slot].there {
		return http.StatusConflict
	}
	u := user{there: true, name: in.name, status: roster.Active.String()}
	if !out.unknown && out.status == http.StatusCreated && !u.is(out.user) {
		return 0
	}
	s.users[in.slot] = u
	*touched |= 1 << (isNew + in.slot)
	return http.StatusCreated
}

// doAll carries out a batch, all or none: the first refusal is that of the batch.
func (s *state) doAll(in input, out output, touched *uint64) int {
	before := s.users
	for i, item := range in.items {
		o := output{unknown: true, status: out.status}
		if out.status == http.StatusOK {
			o = out.items[i]
		}
		status := s.do(item, o, touched)
		if !o.unknown && o.status != status {
			return 0
		}
		if status == 0 || status >= http.StatusBadRequest {
			s.users, *touched = before, 0
			return status
		}
	}
	return http.StatusOK
}

// find returns the user that a request names, nil where there is none.
func (s *state) find(in input) *user {
	if u := &s.users[in.slot]; u.there && (in.id == "" || in.id == u.id) {
		return u
	}
	return nil
}

// change carries out what changes a user, and reports whether it does.
func (u *user) change(in input) bool {
	was := *u
	switch in.kind {
	case patch:
		u.name = in.name
	case suspend:
		u.status = roster.Suspended.String()
	case restore:
		if u.status == roster.Suspended.String() {
			u.status = roster.Active.String()
		}
	}
	return *u != was
}

// matches reports whether a user has a tag. Where that is not known, the answer tells.
func (u *user) matches(tag string, out output) bool {
	if u.tag == "" && out.status == http.StatusPreconditionFailed {
		return false
	}
	return learn(&u.tag, tag)
}

// is reports whether a user was shown as it is, and learns what was not known.
func (u *user) is(shown user) bool {
	if !shown.there {
		return false
	}
	return u.name == shown.name && u.status == shown.status && learn(&u.id, shown.id) &&
		(shown.tag == "" || learn(&u.tag, shown.tag))
}

// learn sets what is not known, and reports whether it is now what it was found to be.
func learn(known *string, found string) bool {
	if *known == "" {
		*known = found
	}
	return *known == found
}

func only(s state, ok bool) []state {
	if !ok {
		return nil
	}
	return []state{s}
}

// about returns the parts of an operation that are about one user, each of which happened when the whole did. Those of
// a batch that was refused tell nothing of any one user.
func about(op porcupine.Operation, slot int) []porcupine.Operation {
	in, out := op.Input.(input), op.Output.(output)
	switch {
	case in.kind == list:
		return nil
	case in.kind != batch:
		if in.slot == slot {
			return []porcupine.Operation{op}
		}
		return nil
	case out.status != http.StatusOK && !out.unknown:
		return nil
	}
	mine := func(i input) bool { return i.slot == slot }
	if !slices.ContainsFunc(in.items, mine) {
		return nil
	}
	part, answer := in, out
	part.items, answer.items = nil, nil
	for i, item := range in.items {
		if !mine(item) {
			continue
		}
		part.items = append(part.items, item)
		if !out.unknown {
			answer.items = append(answer.items, out.items[i])
		}
	}
	op.Input, op.Output = part, answer
	return []porcupine.Operation{op}
}
