package roster

import "strconv"

// writer appends JSON to a buffer, to the byte as encoding/json writes it.
type writer struct {
	b []byte
	// odd is set where encoding/json must write the whole instead: an Object is not in the form that it is kept in.
	odd bool
}

// write appends v as an object.
func (ms members[T]) write(w *writer, v *T) {
	start := len(w.b)
	for i := range ms {
		w.member(ms[i].head, ms[i].always, ms[i].at(v))
	}
	w.b = closeObject(w.b, start)
}

// closeObject ends an object whose members, each after a comma, begin at start.
func closeObject(b []byte, start int) []byte {
	if len(b) == start {
		b = append(b, '{')
	}
	b[start] = '{' // in the place of the first comma
	return append(b, '}')
}

// member appends a member unless it may be left out and has no value.
func (w *writer) member(head string, always bool, p any) {
	if !always && isEmpty(p) {
		return
	}
	w.b = append(w.b, head...)
	switch p := p.(type) {
	case *string:
		w.b = AppendString(w.b, *p, true)
	case *int64:
		w.b = strconv.AppendInt(w.b, *p, 10)
	case *bool:
		w.b = strconv.AppendBool(w.b, *p)
	case *Time:
		w.time(*p)
	case *ID:
		w.id(*p)
	case *Object:
		w.object(*p)
	case *Kind:
		w.plain(p.String())
	case *Status:
		w.plain(p.String())
	case *UserType:
		w.plain(p.String())
	case *[]int64:
		list(w, *p, func(n *int64) { w.b = strconv.AppendInt(w.b, *n, 10) })
	case *[]string:
		list(w, *p, func(s *string) { w.b = AppendString(w.b, *s, true) })
	case *[]SpaceAccess:
		list(w, *p, func(s *SpaceAccess) { spaceAccessMembers.write(w, s) })
	default:
		w.structure(p)
	}
}

func (w *writer) structure(p any) {
	switch p := p.(type) {
	case *AccessTransfer:
		accessTransferMembers.write(w, p)
	case *Avatar:
		avatarMembers.write(w, p)
	case *Slack:
		slackMembers.write(w, p)
	case *Source:
		sourceMembers.write(w, p)
	default:
		w.odd = true
	}
}

// isEmpty reports whether p points to no value.
func isEmpty(p any) bool {
	switch p := p.(type) {
	case *string:
		return *p == ""
	case *int64:
		return *p == 0
	case *bool:
		return !*p
	case *Time:
		return *p == 0
	case *ID:
		return p.IsZero()
	case *Object:
		return *p == ""
	case *[]int64:
		return len(*p) == 0
	case *[]string:
		return len(*p) == 0
	case *[]SpaceAccess:
		return len(*p) == 0
	case *AccessTransfer:
		return *p == AccessTransfer{}
	case *Avatar:
		return *p == Avatar{}
	case *Slack:
		return *p == Slack{}
	case *Source:
		return *p == Source{}
	default:
		return false
	}
}

func list[E any](w *writer, elements []E, write func(*E)) {
	w.b = append(w.b, '[')
	for i := range elements {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		write(&elements[i])
	}
	w.b = append(w.b, ']')
}

// plain appends a text of ours, which has nothing to escape.
func (w *writer) plain(s string) { w.b = append(append(append(w.b, '"'), s...), '"') }

func (w *writer) time(t Time) { w.b = append(t.AppendText(append(w.b, '"')), '"') }

func (w *writer) id(id ID) {
	w.b = append(w.b, '"')
	if !id.IsZero() {
		w.b = id.AppendText(w.b)
	}
	w.b = append(w.b, '"')
}

func (w *writer) object(o Object) {
	w.odd = w.odd || skipObject(o, 0) != len(o)
	w.b = append(w.b, o...)
}
