package index

import (
	"encoding/binary"

	"github.com/cespare/xxhash/v2"
)

// valueNumbering gives each distinct value a number, in the order of appearance. It is an open-addressing hash table
// over the bytes of the values, because a Go map of strings takes three times the memory.
type valueNumbering struct {
	arena valueArena
	slots []uint64 // half of the hash and number + 1; 0 if the slot is free

	hasNull bool
	null    uint32 // the number of NULL, which is not in the table, where it would equal an empty text
}

// nullNumber returns the number of NULL.
func (n *valueNumbering) nullNumber() (number uint32, isNew bool) {
	if n.hasNull {
		return n.null, false
	}
	n.null, n.hasNull = n.arena.add(nil), true
	return n.null, true
}

// isNull reports whether a number is that of NULL.
func (n *valueNumbering) isNull(number uint32) bool { return n.hasNull && number == n.null }

// numberOf returns the value's number.
func (n *valueNumbering) numberOf(v []byte) (number uint32, isNew bool) {
	if n.isFull() {
		n.grow()
	}

	// Begin at the slot that the hash names, and go on to the value or to a free slot.
	hash := xxhash.Sum64(v) >> 32
	mask := uint64(len(n.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		slot := n.slots[i]
		if slot == 0 {
			number = n.arena.add(v)
			n.slots[i] = hash<<32 | uint64(number+1)
			return number, true
		}

		if slot>>32 == hash && n.arena.holds(uint32(slot)-1, v) {
			return uint32(slot) - 1, false
		}
	}
}

// isFull reports whether the table must grow before the next value.
func (n *valueNumbering) isFull() bool { return 4*(n.arena.count+1) > 3*len(n.slots) }

// grow doubles the table.
func (n *valueNumbering) grow() {
	old := n.slots
	n.slots = make([]uint64, max(64, 2*len(old)))
	mask := uint64(len(n.slots) - 1)
	for _, slot := range old {
		if slot == 0 {
			continue
		}

		i := slot >> 32 & mask
		for n.slots[i] != 0 {
			i = (i + 1) & mask
		}

		n.slots[i] = slot
	}
}

// size returns the memory taken, in bytes.
func (n *valueNumbering) size() int64 {
	return n.arena.size + int64(8*cap(n.slots)+4*cap(n.arena.starts))
}

// chunkSize is how many bytes an arena allocates at once.
const chunkSize = 1 << 16

// valueArena stores values one after another, each preceded by its length. It grows by chunks, so nothing is copied. A
// value longer than a chunk gets its own. It must not exceed 4 GiB.
type valueArena struct {
	chunks [][]byte
	size   int64 // of the chunks
	count  int   // of values

	starts   []uint32 // of each value, its chunk and its offset there
	noStarts bool     // starts are left out until they are needed
}

// add appends a value and returns its number.
func (a *valueArena) add(v []byte) (number uint32) {
	need := binary.MaxVarintLen32 + len(v)
	last := len(a.chunks) - 1
	if last < 0 || len(a.chunks[last])+need > cap(a.chunks[last]) {
		last++
		a.chunks = append(a.chunks, make([]byte, 0, max(chunkSize, need)))
		a.size += int64(cap(a.chunks[last]))
	}

	chunk := a.chunks[last]
	if !a.noStarts {
		a.starts = append(a.starts, uint32(last*chunkSize+len(chunk)))
	}

	chunk = binary.AppendUvarint(chunk, uint64(len(v)))
	a.chunks[last] = append(chunk, v...)
	a.count++

	return uint32(a.count - 1)
}

// dropStarts saves memory while values are only added.
func (a *valueArena) dropStarts() { a.starts, a.noStarts = nil, true }

// findStarts restores the starts, so that values can be read again.
func (a *valueArena) findStarts() {
	if !a.noStarts {
		return
	}

	a.starts, a.noStarts = make([]uint32, 0, a.count), false
	for i, chunk := range a.chunks {
		for at := 0; at < len(chunk); {
			a.starts = append(a.starts, uint32(i*chunkSize+at))
			length, width := binary.Uvarint(chunk[at:])
			at += width + int(length)
		}
	}
}

// value returns the value with a number.
func (a *valueArena) value(number uint32) []byte {
	start := a.starts[number]
	b := a.chunks[start/chunkSize][start%chunkSize:]
	if b[0] < 0x80 {
		return b[1 : 1+b[0]]
	}

	length, width := binary.Uvarint(b)
	return b[width : width+int(length)]
}

// holds reports whether the value with a number equals v.
func (a *valueArena) holds(number uint32, v []byte) bool {
	// The length of a short value is a single byte, which is quick to compare.
	if len(v) >= 0x80 {
		return string(a.value(number)) == string(v)
	}
	start := a.starts[number]
	b := a.chunks[start/chunkSize][start%chunkSize:]
	return int(b[0]) == len(v) && string(b[1:1+len(v)]) == string(v)
}
