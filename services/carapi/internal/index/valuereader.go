package index

import (
	"bytes"
	"math"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/value"
)

// valueReader collects the values of one field, row by row. It stores the number of each row's value.
type valueReader struct {
	valueNumbering
	numbers   bool // the field holds numbers, and texts count as NULL
	valueType value.Type
	types     []value.Type // by number, if they are not all valueType

	rows        int
	texts       int  // among numbers
	allDistinct bool // equal values are no longer recognized, but get a number each
	// values has a number for each row; until some value comes twice, each row's number is its own
	isListed bool
	values   narrowNumbers // number of each row's value
	expected int
}

// newValueReader returns a reader for a field of about the expected number of rows.
func newValueReader(f *catalog.Field, expected int) *valueReader {
	r := &valueReader{valueType: value.Text, expected: expected}
	switch f.Class() {
	case catalog.ClassNumber:
		r.numbers, r.valueType = true, value.Number
	case catalog.ClassOpaque:
		r.valueType = value.Blob
	}
	return r
}

// add adds the value of the next row.
func (r *valueReader) add(c value.Cell) {
	var number uint32
	var isNew bool
	switch {
	case c.Type == value.Null || r.numbers && c.Type != value.Number:
		if c.Type == value.Text {
			r.texts++
		}
		number, isNew = r.nullNumber()
	case r.allDistinct:
		number, isNew = r.arena.add(c.Form), true
	default:
		// Give up a table that recognizes few values, instead of doubling it.
		if r.isFull() && r.isMostlyDistinct() {
			r.allDistinct, r.slots = true, nil
			r.arena.dropStarts()
			r.add(c)
			return
		}

		number, isNew = r.numberOf(c.Form)
	}

	// Record the type if it is not the usual one.
	if isNew && !r.isNull(number) && (c.Type != r.valueType || r.types != nil) {
		r.setType(number, c.Type)
	}

	// With the first repetition, the rows' numbers must be stored.
	if !isNew && !r.isListed {
		r.isListed = true
		for i := range uint32(r.rows) {
			r.values.push(i, r.expected)
		}
	}

	if r.isListed {
		r.values.push(number, r.expected)
	}

	r.rows++
}

// isMostlyDistinct reports whether recognizing equal values does not pay. The hash table would miss the processor's
// caches for nearly every row to recognize a few values, and sorting finds equal ones too. Long values that may repeat
// later would take too much memory until then.
func (r *valueReader) isMostlyDistinct() bool {
	const manySlots, longest = 1 << 15, 64 // slots; bytes of a value, on average
	values := r.arena.count
	return len(r.slots) >= manySlots && 2*values > r.rows && r.arena.size < int64(longest*values)
}

// setType records the type of a value in a column with several, which SQLite allows.
func (r *valueReader) setType(number uint32, t value.Type) {
	for len(r.types) < int(number) {
		r.types = append(r.types, r.valueType)
	}
	r.types = append(r.types, t)
}

func (r *valueReader) size() int64 {
	return r.valueNumbering.size() + r.values.size() + int64(cap(r.types))
}

// finish returns the distinct values in order, and the rank of each row's value. The reader must not be used
// afterwards.
func (r *valueReader) finish() (dictionary, ranks) {
	r.slots = nil
	r.arena.findStarts()
	d, rankOf := r.dictionary()
	r.arena = valueArena{}
	return d, r.rankRows(rankOf, d.len())
}

// dictionary returns the distinct values, and the rank of each number's value.
func (r *valueReader) dictionary() (d dictionary, rankOf []uint32) {
	d = dictionary{numbers: r.numbers, valueType: r.valueType}
	values, packed := r.sortedValues()
	rankOf = make([]uint32, r.arena.count)

	// Give each distinct value a rank. Equal values are neighbors.
	count := 0
	for i, v := range values {
		if i == 0 || values[i-1].key != v.key || packed.kind == unpacked && !r.areEqual(values[i-1], v) {
			count++
		}
		rankOf[v.number] = uint32(count - 1)
	}

	// Drop repetitions.
	distinct := values[:0]
	for _, v := range values {
		if int(rankOf[v.number]) == len(distinct) {
			distinct = append(distinct, v)
		}
	}

	if r.hasNull {
		rankOf[r.null] = uint32(count)
	}

	if packed.kind != unpacked {
		d.packing, d.keys = packed, make([]uint64, count)
		for rank, v := range distinct {
			d.keys[rank] = v.key
		}
	} else {
		r.copyValues(&d, distinct)
	}

	if r.types != nil {
		d.types = make([]value.Type, len(distinct))
		for rank, v := range distinct {
			d.types[rank] = r.valueType
			if int(v.number) < len(r.types) {
				d.types[rank] = r.types[v.number]
			}
		}
	}

	return d, rankOf
}

// areEqual reports whether two values are equal. Equal numbers have one notation.
func (r *valueReader) areEqual(a, b sortEntry) bool {
	return bytes.Equal(r.arena.value(a.number), r.arena.value(b.number))
}

// copyValues copies values into the dictionary.
func (r *valueReader) copyValues(d *dictionary, values []sortEntry) {
	// Measure in the order of appearance, which is faster. Repeated values count twice.
	size, sameWidth := 0, true
	if len(values) > 0 {
		d.width = len(r.arena.value(values[0].number))
	}

	for number := range uint32(r.arena.count) {
		if !r.isNull(number) {
			length := len(r.arena.value(number))
			size += length
			sameWidth = sameWidth && length == d.width
		}
	}

	d.count, d.bytes = len(values), make([]byte, 0, size)
	if !sameWidth {
		d.ends = make([]uint32, 0, len(values))
	}

	for _, v := range values {
		d.bytes = append(d.bytes, r.arena.value(v.number)...)
		if !sameWidth {
			d.ends = append(d.ends, uint32(len(d.bytes)))
		}
	}

	if len(d.bytes) < size { // repeated values need no room
		d.bytes = bytes.Clone(d.bytes)
	}
}

// rankRows returns the rank of each row. rankOf has the rank of each number, and values is how many distinct values
// there are.
func (r *valueReader) rankRows(rankOf []uint32, values int) ranks {
	// Without a list, the number of each row's value is the number of the row.
	if !r.isListed {
		isIdentity := values == r.rows
		for i := 0; isIdentity && i < len(rankOf); i++ {
			isIdentity = rankOf[i] == uint32(i)
		}

		if isIdentity {
			return ranks{isIdentity: true}
		}
		if values > math.MaxUint16 {
			return ranks{narrowNumbers: narrowNumbers{longs: rankOf}}
		}
	}

	result := ranks{narrowNumbers: makeNarrow(r.rows, uint32(values))}
	for row := range r.rows {
		letOthersRun(row)
		number := uint32(row)
		if r.isListed {
			number = r.values.at(uint32(row))
		}
		result.set(row, rankOf[number])
	}

	return result
}
