package index

import (
	"encoding/binary"
	"slices"
	"strings"
)

// postings say which slots have a trigram in one field. Texts end in two bytes that no text has, so that a needle of
// one or two bytes is the beginning of a trigram wherever it stands.
type postings struct {
	keys []uint32 // trigrams, ascending
	ends []uint32 // where in data the slots of a trigram end; they begin where those of the one before end
	data []byte   // slots, ascending, each as the uvarint difference from the one before
}

const terminator = 0xff

// eachText calls fn with slots, ascending, and their text.
type eachText func(fn func(slot uint32, text string))

// posting is the state of one list of slots while it is built: first its size is found out, then it is written.
type posting struct {
	next uint32 // the slot after the last one that was added; 0 where there is none
	at   uint32 // size, then the place of the next byte
}

func (p *posting) measure(slot uint32) {
	if p.next != slot+1 {
		p.at += uint32(uvarintSize(slot - p.last())) //nolint:gosec // at most 5
		p.next = slot + 1
	}
}

func (p *posting) write(data []byte, slot uint32) {
	if p.next == slot+1 {
		return
	}
	switch more := slot - p.last(); {
	case more < 1<<7:
		data[p.at] = byte(more)
		p.at++
	case more < 1<<14:
		data[p.at], data[p.at+1] = byte(more)|0x80, byte(more>>7) //nolint:gosec // seven bits each
		p.at += 2
	default:
		p.at += uint32(binary.PutUvarint(data[p.at:], uint64(more))) //nolint:gosec // at most 5
	}
	p.next = slot + 1
}

func (p *posting) last() uint32 { return max(p.next, 1) - 1 }

func uvarintSize(n uint32) int {
	size := 1
	for ; n >= 0x80; n >>= 7 {
		size++
	}
	return size
}

// trigramTable finds the posting of a trigram by its first two bytes and then its last one.
type trigramTable struct {
	rows [1 << 16]*[256]posting
	used []int // the pairs that have a row
}

// row returns the postings of the trigrams that begin with two bytes.
func (t *trigramTable) row(pair uint32) *[256]posting {
	if row := t.rows[pair&0xffff]; row != nil {
		return row
	}
	row := new([256]posting)
	t.rows[pair&0xffff] = row
	t.used = append(t.used, int(pair&0xffff))
	return row
}

// trigram returns the trigram that begins at i.
func trigram(text string, i int) uint32 {
	if i+2 < len(text) {
		return uint32(text[i])<<16 | uint32(text[i+1])<<8 | uint32(text[i+2])
	}
	if i+1 < len(text) {
		return uint32(text[i])<<16 | uint32(text[i+1])<<8 | terminator
	}
	return uint32(text[i])<<16 | terminator<<8 | terminator
}

func (t *trigramTable) measure(slot uint32, text string) {
	for i := range len(text) {
		key := trigram(text, i)
		t.row(key >> 8)[key&0xff].measure(slot)
	}
}

func (t *trigramTable) write(data []byte, slot uint32, text string) {
	for i := range len(text) {
		key := trigram(text, i)
		t.row(key >> 8)[key&0xff].write(data, slot)
	}
}

func makePostings(texts eachText) postings {
	table := &trigramTable{}
	texts(table.measure)
	var out postings
	size := uint32(0)
	slices.Sort(table.used)
	for _, pair := range table.used {
		for last := range table.rows[pair] {
			p := &table.rows[pair][last]
			if p.next == 0 {
				continue
			}
			from := size
			size += p.at
			out.keys = push(out.keys, uint32(pair<<8|last)) //nolint:gosec // 24 bits
			out.ends = push(out.ends, size)
			*p = posting{at: from}
		}
	}
	out.keys, out.ends = fitted(out.keys), fitted(out.ends)
	out.data = make([]byte, size)
	texts(func(slot uint32, text string) { table.write(out.data, slot, text) })
	return out
}

// list returns the encoded slots of the trigram at i.
func (p *postings) list(i int) []byte {
	from := uint32(0)
	if i > 0 {
		from = p.ends[i-1]
	}
	return p.data[from:p.ends[i]]
}

// decodeSlots appends the slots of an encoded list to dst.
func decodeSlots(dst []uint32, list []byte) []uint32 {
	slot := uint32(0)
	for i := 0; i < len(list); {
		n := uint32(list[i])
		i++
		if n >= 0x80 {
			n &= 0x7f
			for shift := 7; ; shift += 7 {
				b := list[i]
				i++
				n |= uint32(b&0x7f) << shift
				if b < 0x80 {
					break
				}
			}
		}
		slot += n
		dst = append(dst, slot)
	}
	return dst
}

// What it costs to look at the texts of a user, in slots decoded. A user whom several fields find is looked at once.
const lookCost = 120

// trigramList is the encoded slots of a trigram.
type trigramList struct {
	trigram string
	slots   []byte
}

// find adds the slots whose text may contain a needle, which is not empty: all that do, and perhaps more. look returns
// the text of a slot as it is now.
func (p *postings) find(needle string, set *slotSets, look func(slot uint32) string) {
	if len(needle) < 3 {
		p.findShort(needle, set)
		return
	}
	lists := make([]trigramList, 0, len(needle)-2)
	for i := range len(needle) - 2 {
		list := p.trigram(needle[i : i+3])
		if len(list) == 0 {
			return
		}
		lists = append(lists, trigramList{needle[i : i+3], list})
	}
	slices.SortFunc(lists, func(a, b trigramList) int { return len(a.slots) - len(b.slots) })
	slots := decodeSlots(make([]uint32, 0, len(lists[0].slots)), lists[0].slots)
	for lists = lists[1:]; len(lists) > 0; {
		best := worthwhile(slots, lists, needle, look)
		if best < 0 {
			break
		}
		slots = set.intersect(slots, lists[best].slots)
		lists = slices.Delete(lists, best, best+1)
	}
	set.add(slots...)
}

// worthwhile returns the list that saves most when the slots outside of it are left out before anybody looks at all
// texts, or -1 where going through any list costs more than it saves. It learns from a sample what lists leave out:
// trigrams of one word mostly come together, and so the shortest list is not always the best.
func worthwhile(slots []uint32, lists []trigramList, needle string, look func(slot uint32) string) int {
	const sample = 24
	if len(slots)*lookCost < len(lists[0].slots) {
		return -1
	}
	missed := make([]int, len(lists))
	step := len(slots)/sample + 1
	for i := 0; i < len(slots); i += step {
		text := look(slots[i])
		if strings.Contains(text, needle) {
			continue
		}
		for j := range lists {
			if !strings.Contains(text, lists[j].trigram) {
				missed[j]++
			}
		}
	}
	best, most := -1, 0
	for j := range lists {
		if saved := missed[j]*step*lookCost - len(lists[j].slots); saved > most {
			best, most = j, saved
		}
	}
	return best
}

// size returns about how many slots find looks at.
func (p *postings) size(needle string) int {
	if len(needle) < 3 {
		from, to := p.beginning(needle)
		if from == to {
			return 0
		}
		return int(p.ends[to-1]) - int(p.ends[from]) + len(p.list(from))
	}
	least := len(p.data)
	for i := range len(needle) - 2 {
		least = min(least, len(p.trigram(needle[i:i+3])))
	}
	return least
}

// trigram returns the encoded slots of a trigram.
func (p *postings) trigram(s string) []byte {
	at, found := slices.BinarySearch(p.keys, uint32(s[0])<<16|uint32(s[1])<<8|uint32(s[2]))
	if !found {
		return nil
	}
	return p.list(at)
}

// beginning returns where the trigrams with a prefix are, which is one or two bytes.
func (p *postings) beginning(prefix string) (from, to int) {
	lo, hi := uint32(prefix[0])<<16, uint32(prefix[0])<<16|0xffff
	if len(prefix) == 2 {
		lo |= uint32(prefix[1]) << 8
		hi = lo | 0xff
	}
	from, _ = slices.BinarySearch(p.keys, lo)
	to, _ = slices.BinarySearch(p.keys, hi+1)
	return from, to
}

// findShort adds the slots that have a trigram with a prefix.
func (p *postings) findShort(prefix string, set *slotSets) {
	from, to := p.beginning(prefix)
	var slots []uint32
	for at := from; at < to; at++ {
		slots = decodeSlots(slots[:0], p.list(at))
		set.add(slots...)
	}
}

// intersect is intersectList, by way of a bit for each slot where the lists are of about the same length: then it does
// not pay to guess which slot comes next.
func (s *slotSets) intersect(a []uint32, list []byte) []uint32 {
	const few, longer = 1024, 16
	if len(a) < few || len(list) > longer*len(a) {
		return intersectList(a, list)
	}
	if s.marks == nil {
		s.marks = s.view.dense()
	}
	marks := s.marks
	clear(marks)
	for _, slot := range a {
		marks[slot>>6] |= 1 << (slot & 63)
	}
	kept, n, slot := a, 0, uint32(0)
	for i := 0; i < len(list) && n < len(kept); i++ {
		delta, shift := uint32(list[i]&0x7f), 7
		for ; list[i] >= 0x80; shift += 7 {
			i++
			delta |= uint32(list[i]&0x7f) << shift
		}
		slot += delta
		kept[n] = slot
		n += int(marks[slot>>6] >> (slot & 63) & 1)
	}
	return kept[:n]
}

// intersectList keeps the slots of a that are in an encoded list too; a ascends.
func intersectList(a []uint32, list []byte) []uint32 {
	if len(a) == 0 {
		return a
	}
	kept, j, slot, wanted := a[:0], 0, uint32(0), a[0]
	for i := 0; i < len(list); {
		n, shift := uint32(list[i]&0x7f), 7
		for ; list[i] >= 0x80; shift += 7 {
			i++
			n |= uint32(list[i]&0x7f) << shift
		}
		i++
		if slot += n; slot < wanted {
			continue
		}
		for a[j] < slot {
			if j++; j == len(a) {
				return kept
			}
		}
		if wanted = a[j]; wanted == slot {
			kept = append(kept, slot)
			if j++; j == len(a) {
				return kept
			}
			wanted = a[j]
		}
	}
	return kept
}

// intersect keeps the slots of a that are in b too; both ascend.
func intersect(a, b []uint32) []uint32 {
	kept, j := a[:0], 0
	for _, slot := range a {
		for j < len(b) && b[j] < slot {
			j++
		}
		if j < len(b) && b[j] == slot {
			kept = append(kept, slot)
		}
	}
	return kept
}

func (p *postings) bytes() int { return 4*cap(p.keys) + 4*cap(p.ends) + cap(p.data) }
