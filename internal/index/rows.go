package index

import "math/bits"

// makeRows returns n rows, at most rowMax, whose classes of returns.
func makeRows(n int, of func(i int) profile) rows {
	if n == 0 {
		return rows{}
	}
	var all [rowMax]profile
	every, some := of(0), profile{}
	for i := range n {
		all[i] = of(i)
		every.intersect(all[i])
		some.union(all[i])
	}
	some.subtract(every)
	out := newRows(n, some.size())
	out.full, out.some = every, some
	out.words = out.words[:cap(out.words)]
	for block := range out.width() {
		var at int
		for w, classes := range some {
			if classes != 0 {
				out.putBlock(block, at, classes, all[block*64:min(n, block*64+64)], w)
				at += bits.OnesCount64(classes)
			}
		}
	}
	for at := range some.size() {
		count := 0
		for _, word := range out.words[at*out.width() : (at+1)*out.width()] {
			count += bits.OnesCount64(word)
		}
		out.count = append(out.count, uint16(count))
	}
	return out
}

// putBlock writes a word of each of some classes: those that one word of profiles has, whose words begin with the
// rank at.
func (r *rows) putBlock(block, at int, classes uint64, profiles []profile, word int) {
	const few = 10 // of classes, which are dearer to turn around than to pick out
	var square [64]uint64
	for i := range profiles {
		square[i] = profiles[i][word]
	}
	picked := bits.OnesCount64(classes) < few
	if !picked {
		transpose(&square)
	}
	for width := r.width(); classes != 0; classes, at = classes&(classes-1), at+1 {
		class := bits.TrailingZeros64(classes)
		column := square[class]
		if picked {
			column = 0
			for i, p := range square {
				column |= p >> (class & 63) & 1 << (i & 63)
			}
		}
		r.words[at*width+block] = column
	}
}

// transpose turns a square of bits around: bit j of row i is then bit i of row j.
func transpose(square *[64]uint64) {
	for size, mask := 32, uint64(1)<<32-1; size > 0; size, mask = size/2, mask^mask<<(size/2) {
		shift := uint(size) & 63
		for i := 0; i < 64; i = (i + size + 1) &^ size {
			a, b := &square[i&63], &square[(i+size)&63]
			swap := (*a>>shift ^ *b) & mask
			*a ^= swap << shift
			*b ^= swap
		}
	}
}
