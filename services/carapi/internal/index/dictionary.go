package index

import (
	"bytes"
	"math/big"
	"slices"
	"sort"

	"carstock/services/carapi/internal/value"
)

// dictionary holds the distinct values of a field in order. The rank of a value is its index.
type dictionary struct {
	numbers bool // values are compared as numbers, otherwise by their bytes

	// The values are either packed as keys, or stored in bytes one after another. ends has the end of each; without ends,
	// all have the same width.
	packing keyPacking
	keys    []uint64
	bytes   []byte
	ends    []uint32
	width   int
	count   int // of values in bytes

	valueType value.Type
	types     []value.Type // of each value, if they differ
}

func (d *dictionary) len() int { return d.count + len(d.keys) }

// form returns a value as it is stored. It may use the memory of buf, and must not be changed.
func (d *dictionary) form(rank uint32, buf []byte) []byte {
	switch {
	case d.packing.kind != unpacked:
		return d.packing.append(buf[:0], d.keys[rank])
	case d.ends == nil:
		start := int(rank) * d.width
		return d.bytes[start : start+d.width : start+d.width]
	}

	start, end := uint32(0), d.ends[rank]
	if rank > 0 {
		start = d.ends[rank-1]
	}

	return d.bytes[start:end:end]
}

// cell returns the value of a rank as a cell.
func (d *dictionary) cell(rank uint32) value.Cell {
	cellType := d.valueType
	if d.types != nil {
		cellType = d.types[rank]
	}
	return value.Cell{Type: cellType, Form: d.form(rank, nil)}
}

func (d *dictionary) text(rank uint32) string { return string(d.form(rank, nil)) }

// isComparable reports whether a cell takes part in comparisons: it is not NULL, and not a text among numbers.
func (d *dictionary) isComparable(c value.Cell) bool {
	return c.Type == value.Number || c.Type != value.Null && !d.numbers
}

// find returns the rank of a value. It compares packed numbers as numbers, which is several times as fast as search.
func (d *dictionary) find(form []byte) (rank uint32, found bool) {
	if d.packing.kind != packedDecimals {
		return d.search(form)
	}
	number, scale, ok := parseDecimal(form)
	if ok = ok && scale <= d.packing.scale; ok {
		number, ok = rescale(number, scale, d.packing.scale)
	}
	if !ok {
		return 0, false
	}
	i, found := slices.BinarySearch(d.keys, uint64(number)^signBit)
	return uint32(i), found
}

// search returns the rank of the first value that is not below a form, and whether it equals the form.
func (d *dictionary) search(form []byte) (rank uint32, found bool) {
	var buf [64]byte
	i, found := sort.Find(d.len(), func(i int) int {
		v := d.form(uint32(i), buf[:])
		if d.numbers {
			return value.CompareDecimals(form, v)
		}
		return bytes.Compare(form, v)
	})

	return uint32(i), found
}

// rat returns a number as a rational.
func (d *dictionary) rat(rank uint32) *big.Rat {
	if d.packing.kind == packedDecimals {
		return big.NewRat(int64(d.keys[rank]^signBit), powersOfTen[d.packing.scale])
	}
	r, _ := new(big.Rat).SetString(d.text(rank))
	return r
}

func (d *dictionary) size() int64 {
	return 8*int64(cap(d.keys)) + int64(cap(d.bytes)) + 4*int64(cap(d.ends)) + int64(cap(d.types))
}
