package index

import "math"

// narrowNumbers is a list of numbers in the narrowest type that holds them.
type narrowNumbers struct {
	bytes  []uint8
	shorts []uint16
	longs  []uint32
}

// makeNarrow returns a list of n zeros that can hold numbers up to a maximum.
func makeNarrow(n int, maximum uint32) narrowNumbers {
	switch {
	case maximum <= math.MaxUint8:
		return narrowNumbers{bytes: make([]uint8, n)}
	case maximum <= math.MaxUint16:
		return narrowNumbers{shorts: make([]uint16, n)}
	}
	return narrowNumbers{longs: make([]uint32, n)}
}

// at returns the number at a place.
func (l *narrowNumbers) at(i uint32) uint32 {
	switch {
	case l.longs != nil:
		return l.longs[i]
	case l.shorts != nil:
		return uint32(l.shorts[i])
	}
	return uint32(l.bytes[i])
}

func (l *narrowNumbers) set(i int, number uint32) {
	switch {
	case l.longs != nil:
		l.longs[i] = number
	case l.shorts != nil:
		l.shorts[i] = uint16(number)
	default:
		l.bytes[i] = uint8(number)
	}
}

// push appends a number, and widens the list if it does not fit.
func (l *narrowNumbers) push(number uint32, expected int) {
	switch {
	case l.longs != nil:
		l.longs = append(l.longs, number)
	case l.shorts != nil && number <= math.MaxUint16:
		l.shorts = append(l.shorts, uint16(number))
	case l.shorts != nil:
		l.longs = append(widenNumbers[uint32](l.shorts, expected), number)
		l.shorts = nil
	case number <= math.MaxUint8:
		l.bytes = append(l.bytes, uint8(number))
	case number <= math.MaxUint16:
		l.shorts = append(widenNumbers[uint16](l.bytes, expected), uint16(number))
		l.bytes = nil
	default:
		l.longs = append(widenNumbers[uint32](l.bytes, expected), number)
		l.bytes = nil
	}
}

// widenNumbers copies a list into one of a wider type, with room for the expected numbers or for some more.
func widenNumbers[W uint16 | uint32, N uint8 | uint16](list []N, expected int) []W {
	wide := make([]W, len(list), max(len(list)+len(list)/4+16, expected))
	for i, number := range list {
		wide[i] = W(number)
	}
	return wide
}

// gather copies the numbers at some places to into, which has the same length.
func (l *narrowNumbers) gather(places, into []uint32) {
	switch {
	case l.longs != nil:
		gatherNumbers(l.longs, places, into)
	case l.shorts != nil:
		gatherNumbers(l.shorts, places, into)
	default:
		gatherNumbers(l.bytes, places, into)
	}
}

func gatherNumbers[N uint8 | uint16 | uint32](list []N, places, into []uint32) {
	into = into[:len(places)]
	for i, place := range places {
		into[i] = uint32(list[place])
	}
}

func (l *narrowNumbers) size() int64 {
	return int64(cap(l.bytes)) + 2*int64(cap(l.shorts)) + 4*int64(cap(l.longs))
}

// ranks is the rank of each row's value.
type ranks struct {
	narrowNumbers
	isIdentity bool // the rank of each row is the row's number, and no list is stored
}

// at returns the rank of a row.
func (r *ranks) at(row uint32) uint32 {
	if r.isIdentity {
		return row
	}
	return r.narrowNumbers.at(row)
}

func (r *ranks) gather(rows, into []uint32) {
	if r.isIdentity {
		copy(into, rows)
		return
	}
	r.narrowNumbers.gather(rows, into)
}

// reorder returns the ranks in another order of rows. order has the old number of each new row. values is the rank of
// NULL.
func (r *ranks) reorder(order []uint32, values int) ranks {
	moved := ranks{narrowNumbers: makeNarrow(len(order), uint32(values))}
	isIdentity := values == len(order)
	for row, old := range order {
		rank := r.at(old)
		isIdentity = isIdentity && rank == uint32(row)
		moved.set(row, rank)
	}

	if isIdentity {
		return ranks{isIdentity: true}
	}

	return moved
}
