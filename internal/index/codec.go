package index

import (
	"encoding/binary"
	"math/bits"
	"unsafe"

	"github.com/roster-dev/roster"
)

// encoder makes records; it reuses its memory.
type encoder struct {
	cell *cell
	rec
	lengths, bytes []byte
}

func newEncoder() *encoder { return &encoder{cell: newCell()} }

// encode returns the record of u, valid until the next call.
func (e *encoder) encode(u *roster.User) rec {
	e.cell.user = *u
	e.words = append(e.words[:0], 0, e.flags())
	for i, p := range e.cell.words {
		if *p != 0 && (i != wordApps || !smallApps(u.AppsAccess)) {
			e.words[0] |= 1 << i
			e.words = append(e.words, uint64(*p)) //nolint:gosec // kept bit by bit
		}
	}
	if len(u.Groups) > 0 {
		e.words[0] |= 1 << bitGroups
		e.words = append(e.words, uint64(len(u.Groups)))
		for _, g := range u.Groups {
			e.words = append(e.words, uint64(g)) //nolint:gosec // kept bit by bit
		}
	}
	e.putTexts(u)
	e.words[1] |= uint64(len(e.lengths)) << flagLengths
	e.text = append(append(e.text[:0], e.lengths...), e.bytes...)
	return e.rec
}

func smallApps(apps int64) bool { return apps >= 0 && apps < appsElsewhre }

func (e *encoder) flags() uint64 {
	u := &e.cell.user
	f := uint64(u.Kind) | uint64(u.Status)<<flagStatus | uint64(u.UserType)<<flagUserType
	for i, p := range e.cell.bools {
		if *p {
			f |= 1 << (flagBools + i)
		}
	}
	if smallApps(u.AppsAccess) {
		return f | uint64(u.AppsAccess)<<flagApps //nolint:gosec // it is small and not negative
	}
	return f | appsElsewhre<<flagApps
}

func (e *encoder) putTexts(u *roster.User) {
	e.lengths, e.bytes = e.lengths[:0], e.bytes[:0]
	for i, id := range e.cell.ids {
		if !id.IsZero() {
			e.put(textID+i, string(id[:]))
		}
	}
	for i, p := range e.cell.texts {
		if *p != "" {
			e.put(textIdentifier+i, *p)
		}
	}
	for i, list := range [listCount]string{
		packSpaces(u.Spaces), packList(u.NotificationChannels), packList(u.WhitelistedIPs),
	} {
		if list != "" {
			e.put(textLists+i, list)
		}
	}
	e.putFolded(u)
}

func (e *encoder) putFolded(u *roster.User) {
	before := [bareCount]string{u.Identifier, u.Email, u.Name, u.Description}
	var bare [bareCount]string
	for i, raw := range before {
		folded := raw
		if i < foldCount {
			folded, bare[i] = roster.FoldBoth(raw)
		} else {
			bare[i] = roster.FoldSearch(raw)
		}
		if folded != raw {
			e.put(textFold+i, folded)
			before[i] = folded
		}
	}
	for i := range bare {
		if bare[i] != before[i] {
			e.put(textBare+i, bare[i])
		}
	}
}

func (e *encoder) put(i int, s string) {
	e.words[0] |= 1 << (bitTexts + i)
	e.lengths = binary.AppendUvarint(e.lengths, uint64(len(s)))
	e.bytes = append(e.bytes, s...)
}

func packSpaces(spaces []roster.SpaceAccess) string {
	var b []byte
	for _, s := range spaces {
		b = binary.AppendVarint(b, s.Number)
		b = append(binary.AppendUvarint(b, uint64(len(s.Role))), s.Role...)
	}
	return string(b)
}

// unpackSpaces appends what was packed to spaces; the roles share the memory of s.
func unpackSpaces(spaces []roster.SpaceAccess, s string) []roster.SpaceAccess {
	for b := bytesOf(s); len(b) > 0; {
		number, size := binary.Varint(b)
		n, more := length(b[size:])
		from := size + more
		spaces = append(spaces, roster.SpaceAccess{Number: number, Role: view(b[from : from+n])})
		b = b[from+n:]
	}
	return spaces
}

func packList(list []string) string {
	var b []byte
	for _, s := range list {
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	return string(b)
}

// unpackList appends what was packed to list; the texts share the memory of s.
func unpackList(list []string, s string) []string {
	for b := bytesOf(s); len(b) > 0; {
		n, size := length(b)
		list = append(list, view(b[size:size+n]))
		b = b[size+n:]
	}
	return list
}

// bytesOf returns s as bytes that share its memory: nobody may write to them.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) } //nolint:gosec // as view

// allBits asks decode for every member of a record.
const allBits = ^uint64(0)

// decode fills the cell's user with the members of r whose presence bits are in mask, and those of the flags. Other
// members are zero, and so is Permissions.
func (c *cell) decode(r rec, mask uint64) *roster.User {
	c.user = roster.User{}
	if !c.reuses {
		c.spaces, c.channels, c.addresses = nil, nil, nil
	}
	present := r.words[0]
	for left := present & mask & (1<<bitGroups - 1); left != 0; left &= left - 1 {
		i := bits.TrailingZeros64(left)
		at := headWords + bits.OnesCount64(present&(1<<i-1))
		*c.words[i] = int64(r.words[at]) //nolint:gosec // it was an int64
	}
	if mask>>bitGroups&1 != 0 {
		c.user.Groups = r.groups()
	}
	c.decodeFlags(r.words[1])
	if present&mask>>bitTexts != 0 {
		c.decodeTexts(r, mask>>bitTexts)
	}
	return &c.user
}

func (c *cell) decodeFlags(f uint64) {
	u := &c.user
	u.Kind, u.Status = roster.Kind(f&0xff), roster.Status(f>>flagStatus&0xff)
	u.UserType = roster.UserType(f >> flagUserType & 0xff)
	if f>>flagBools&(1<<boolCount-1) != 0 {
		for i, p := range c.bools {
			*p = f>>(flagBools+i)&1 != 0
		}
	}
	if apps := f >> flagApps & 0xff; apps != appsElsewhre {
		u.AppsAccess = int64(apps)
	}
}

func (c *cell) decodeTexts(r rec, mask uint64) {
	at, from := 0, int(r.words[1]>>flagLengths&0xffff)
	present := r.words[0] >> bitTexts
	wanted := present & mask & (1<<textFold - 1)
	for left := present; wanted != 0; left &= left - 1 {
		i := bits.TrailingZeros64(left)
		n, size := length(r.text[at:])
		if wanted>>i&1 != 0 {
			c.setText(i, view(r.text[from:from+n]))
			wanted &^= 1 << i
		}
		at, from = at+size, from+n
	}
}

func (c *cell) setText(i int, s string) {
	switch {
	case i < textIdentifier:
		copy(c.ids[i][:], s)
	case i < textLists:
		*c.texts[i-textIdentifier] = s
	case i == textLists:
		c.spaces = unpackSpaces(c.spaces[:0], s)
		c.user.Spaces = c.spaces
	case i == textLists+1:
		c.channels = unpackList(c.channels[:0], s)
		c.user.NotificationChannels = c.channels
	default:
		c.addresses = unpackList(c.addresses[:0], s)
		c.user.WhitelistedIPs = c.addresses
	}
}

// masksOf returns the presence bits that decode needs to answer about some fields, all where there is none.
func masksOf(fields roster.FieldSet) uint64 {
	if fields == 0 {
		return allBits
	}
	var mask uint64
	for ; fields != 0; fields &= fields - 1 {
		mask |= maskOf(roster.Field(bits.TrailingZeros64(uint64(fields)))) //nolint:gosec // below 64
	}
	return mask
}

// maskOf returns the presence bits that decode needs to answer about a field.
func maskOf(f roster.Field) uint64 { return fieldMasks[f] }

var fieldMasks = func() (masks [64]uint64) {
	for _, info := range roster.Fields() {
		masks[info.Field] = findMask(info.Field)
	}
	return masks
}()

func findMask(f roster.Field) uint64 {
	var mask uint64
	if f == roster.FieldGroups || f == roster.FieldPermissions {
		mask |= 1 << bitGroups
	}
	if f == roster.FieldPermissions {
		mask |= 1 << wordOwn
	}
	for i, owner := range wordFields() {
		if owner == f {
			mask |= 1 << i
		}
	}
	for i, owner := range textFields() {
		if owner == f {
			mask |= 1 << (bitTexts + i)
		}
	}
	return mask
}
