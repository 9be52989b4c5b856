package index

// Part is a part of a view and about how many bytes of memory it takes.
type Part struct {
	// Name is stable: "records", "order email", "trigrams name", "words", ...
	Name  string
	Bytes int64
}

// Usage lists the memory that the view holds by part, what it shares with other views included: records, orders, what
// queries have derived from orders, groups and spaces, the index over texts as far as it is made, and everything else.
// The names are the same for every view of a size that is indexed.
func (v *View) Usage() []Part {
	const small = 256 // of a group, a space, a role, a token or an invitation
	n := 8 * cap(v.pages)
	for _, p := range v.pages {
		n += p.bytes()
	}
	parts := []Part{{"records", int64(n)}}
	for _, o := range v.orders {
		sized := o
		if !o.isReady() {
			sized = v.orders[0] // which is about as large
		}
		parts = append(parts, Part{"order " + o.field.String(), int64(sized.bytes())})
	}
	if v.orders != nil {
		parts = append(parts, Part{"bits by order", int64(v.lanes.bytes(v.orders))})
		parts = append(parts, Part{"members of groups", int64(v.groups.bytes() + v.grants.bytes())},
			Part{"members of spaces", int64(v.spaces.bytes())})
		parts = append(parts, v.text.usage()...)
	}
	n = small * (4 + len(v.groupList) + len(v.spaceList) + len(v.roleList) + 2*len(v.tokens) + len(v.invitations))
	n += v.trash.bytes()
	return append(parts, Part{"other", int64(n)})
}

// Bytes estimates the memory that the view holds, what it shares with other views included: the sum of [View.Usage].
func (v *View) Bytes() int64 {
	n := int64(0)
	for _, p := range v.Usage() {
		n += p.Bytes
	}
	return n
}

// usage lists the memory of the index over texts.
func (t *texts) usage() []Part {
	trigrams, words, changed := [1 + bareCount]int{}, 0, 4*cap(t.tail)
	for _, s := range t.segments {
		changed += 4 * cap(s.slots)
		for i := range s.posts {
			if s.trigrams[i].made.Load() {
				trigrams[i] += s.posts[i].bytes()
			}
		}
		if s.dictionary.made.Load() {
			words += s.words.bytes()
		}
	}
	parts := make([]Part, 0, len(trigrams)+2)
	for i, f := range searched() {
		parts = append(parts, Part{"trigrams " + f.String(), int64(trigrams[i])})
	}
	return append(parts, Part{"words", int64(words)}, Part{"changed texts", int64(changed)})
}
