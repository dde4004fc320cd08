package index

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"

	"carstock/services/carapi/internal/value"
)

// sortEntry is something to sort: its number, and a key that decides most comparisons.
type sortEntry struct {
	key    uint64
	number uint32
}

func compareKeys(a, b sortEntry) int { return cmp.Compare(a.key, b.key) }

// sortedValues returns all values but NULL in order, equal ones by their numbers. If they can be packed, it returns
// how, and their keys are those of the packing.
func (r *valueReader) sortedValues() (values []sortEntry, p keyPacking) {
	values = make([]sortEntry, 0, r.arena.count)
	for number := range uint32(r.arena.count) {
		if !r.isNull(number) {
			values = append(values, sortEntry{number: number})
		}
	}

	var packed bool
	if r.numbers {
		p, packed = r.packNumbers(values)
	} else {
		p, packed = r.packTexts(values)
	}

	// Numbers that cannot be packed have the key of the nearest float64. Those with the same key are compared exactly.
	switch {
	case packed:
		sortByKey(values)
		return values, p
	case r.numbers:
		sortByKey(values)
		eachRun(values, func(run []sortEntry) {
			slices.SortStableFunc(run, func(a, b sortEntry) int {
				return value.CompareDecimals(r.arena.value(a.number), r.arena.value(b.number))
			})
		})
	default:
		r.sortTexts(values, 0)
	}

	return values, keyPacking{}
}

// maxDirectSort is how many texts are sorted by comparing them whole.
const maxDirectSort = 32

// sortTexts sorts texts that are equal up to a position. It skips what all have in common, sorts by the next eight
// bytes, and sorts equal ones by the bytes after those.
func (r *valueReader) sortTexts(values []sortEntry, from int) {
	if len(values) <= maxDirectSort {
		slices.SortStableFunc(values, func(a, b sortEntry) int {
			return bytes.Compare(r.arena.value(a.number), r.arena.value(b.number))
		})
		return
	}

	// Find the beginning that all texts share.
	rest := func(v sortEntry, from int) []byte {
		text := r.arena.value(v.number)
		return text[min(from, len(text)):]
	}

	first := rest(values[0], from)
	common, longest := len(first), 0
	for _, v := range values {
		text := rest(v, from)
		longest = max(longest, len(text))
		for common = min(common, len(text)); !bytes.Equal(text[:common], first[:common]); {
			common--
		}
	}

	// Sort by the eight bytes after it.
	from += common
	longest -= common

	for i, v := range values {
		var head [8]byte
		copy(head[:], rest(v, from))
		values[i].key = binary.BigEndian.Uint64(head[:])
	}

	sortByKey(values)
	eachRun(values, func(run []sortEntry) {
		if longest > 8 {
			r.sortTexts(run, from+8)
			return
		}

		slices.SortStableFunc(run, func(a, b sortEntry) int { // they can only differ in zero bytes at the end
			return cmp.Compare(len(rest(a, from)), len(rest(b, from)))
		})
	})
}

// eachRun calls do for every two or more values with the same key.
func eachRun(values []sortEntry, do func(run []sortEntry)) {
	for start := 0; start < len(values); {
		end := start + 1
		for end < len(values) && values[end].key == values[start].key {
			end++
		}

		if end-start > 1 {
			do(values[start:end])
		}

		start = end
	}
}

// sortByKey sorts stably by key: a radix sort by bytes from the last one, without bytes that all keys share.
func sortByKey(values []sortEntry) {
	if len(values) <= maxDirectSort*maxDirectSort {
		slices.SortStableFunc(values, compareKeys)
		return
	}
	if slices.IsSortedFunc(values, compareKeys) {
		return
	}

	// Find the bytes in which keys differ, and sort by each of them.
	differ := uint64(0)
	for _, v := range values {
		differ |= v.key ^ values[0].key
	}

	from, to := values, make([]sortEntry, len(values))
	for shift := 0; shift < 64; shift += 8 {
		if differ>>shift&0xff == 0 {
			continue
		}

		// Count the keys with each byte, and then place them.
		var next [256]int
		for i, v := range from {
			letOthersRun(i)
			next[v.key>>shift&0xff]++
		}

		start := 0
		for i, count := range next {
			next[i], start = start, start+count
		}

		for i, v := range from {
			letOthersRun(i)
			digit := v.key >> shift & 0xff
			to[next[digit]] = v
			next[digit]++
		}

		from, to = to, from
	}

	copy(values, from) // no effect if from is values
}
