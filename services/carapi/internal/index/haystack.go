package index

import (
	"bytes"
	"iter"
	"sort"
)

// haystack is many texts that are searched together. They stand one after another, separated by zero bytes.
type haystack struct {
	texts []byte
	ends  []uint32             // the position of each text's zero byte
	pairs [1 << 16 / 64]uint64 // a bit for each two bytes that are neighbors somewhere
}

// newHaystack builds a haystack of n texts. appendText appends one of them to b.
func newHaystack(n int, appendText func(b []byte, i uint32) []byte) *haystack {
	h := &haystack{ends: make([]uint32, n)}
	for i := range uint32(n) {
		h.texts = appendText(h.texts, i)
		h.ends[i] = uint32(len(h.texts))
		h.texts = append(h.texts, 0)
	}

	h.texts = bytes.Clone(h.texts) // drops spare capacity
	for i := 1; i < len(h.texts); i++ {
		place, bit := pairBit(h.texts[i-1], h.texts[i])
		h.pairs[place] |= bit
	}

	return h
}

// pairBit returns the place in pairs that says whether a byte follows another one anywhere.
func pairBit(first, second byte) (place int, bit uint64) {
	pair := int(first)<<8 | int(second)
	return pair / 64, 1 << (pair % 64)
}

// mayHold returns false if two neighboring bytes of a word are neighbors in no text. This saves searching for most
// words for models in a field of makes.
func (h *haystack) mayHold(word string) bool {
	for i := 1; i < len(word); i++ {
		if place, bit := pairBit(word[i-1], word[i]); h.pairs[place]&bit == 0 {
			return false
		}
	}
	return true
}

// find returns the numbers of the texts that hold a word, in order.
func (h *haystack) find(word string) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		if !h.mayHold(word) {
			return
		}

		needle := []byte(word)
		for start, text := 0, 0; text < len(h.ends); {
			at := bytes.Index(h.texts[start:], needle)
			if at < 0 {
				return
			}

			at += start
			text = h.textAt(at, text)
			if text == len(h.ends) {
				return
			}

			end := int(h.ends[text])
			if at+len(needle) > end { // the match crosses the end of the text
				start = at + 1
				continue
			}
			if !yield(uint32(text)) {
				return
			}

			start = end + 1
			text++
		}
	}
}

// textAt returns the number of the text at a place. from is a text that is not after it. It searches forward in growing
// steps, because the next match of a frequent word is near.
func (h *haystack) textAt(place, from int) int {
	if int(h.ends[from]) >= place {
		return from
	}

	step := 1
	for from+step <= len(h.ends) && int(h.ends[from+step-1]) < place {
		from += step
		step *= 2
	}

	rest := h.ends[from:min(from+step, len(h.ends))]
	return from + sort.Search(len(rest), func(i int) bool { return int(rest[i]) >= place })
}

func (h *haystack) size() int64 {
	return int64(cap(h.texts)) + 4*int64(cap(h.ends)) + 8*int64(len(h.pairs))
}
