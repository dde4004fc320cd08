package store

import (
	"encoding/binary"
	"unicode/utf8"

	"carstock/services/carapi/internal/value"
)

// bytesPerCell is about how much memory a value takes on average.
const bytesPerCell = 16

// rowReader takes the rows of a statement from the driver and assigns them to the requested keys.
type rowReader struct {
	*selection
	maxLength int // characters or bytes of a bounded value
	isSQLite  bool

	byKey map[string]int // the number of each distinct key
	keys  []int          // the number in byKey of each requested key
	rows  []*Row         // by number in byKey

	destinations []any
	cells        []value.Cell // of the row that is being read, in arena
	lengths      []int        // as in Row
	wasCut       bool         // one of lengths is not 0
	lastRun      []byte
	found        bool // there was a row, and lastRun is set

	arena     []byte // of the row that is being read
	keyText   []byte
	slab      []Row // by number in byKey
	keptCells *rowCells
}

// rowCells holds the cells of all rows of a statement in few pieces of memory without pointers.
type rowCells struct {
	cells []rowCell // row after row
	forms []byte
}

type rowCell struct {
	kind value.Type
	end  int // in forms; the cell begins where the previous one ends
}

// add appends a row and returns the index of its first cell.
func (c *rowCells) add(row []value.Cell) (first int) {
	first = len(c.cells)
	for _, cell := range row {
		c.forms = append(c.forms, cell.Form...)
		c.cells = append(c.cells, rowCell{cell.Type, len(c.forms)})
	}
	return first
}

// cell returns the cell with an index, counted over all rows.
func (c *rowCells) cell(i int) value.Cell {
	begin := 0
	if i > 0 {
		begin = c.cells[i-1].end
	}
	cell := c.cells[i]
	return value.Cell{Type: cell.kind, Form: c.forms[begin:cell.end:cell.end]}
}

// newRowReader returns a reader of the rows with these keys. Bounded values have at most maxLength characters or bytes.
func newRowReader(q *selection, keys [][]value.Cell, maxLength int, isSQLite bool) *rowReader {
	width := q.width()
	r := &rowReader{
		selection: q, maxLength: maxLength, isSQLite: isSQLite,
		byKey: make(map[string]int, len(keys)), keys: make([]int, len(keys)), rows: make([]*Row, len(keys)),
		cells: make([]value.Cell, width), lengths: make([]int, width),
		arena: make([]byte, 0, width*bytesPerCell), slab: make([]Row, len(keys)),
		keptCells: &rowCells{make([]rowCell, 0, len(keys)*width), make([]byte, 0, len(keys)*width*bytesPerCell)},
	}

	// All keys share the memory of one string.
	var all []byte
	ends := make([]int, len(keys))
	for i, key := range keys {
		for _, cell := range key {
			all = appendKey(all, cell)
		}
		ends[i] = len(all)
	}

	// Number the distinct keys.
	text, start := string(all), 0
	for i, end := range ends {
		key := text[start:end]
		start = end

		number, twice := r.byKey[key]
		if !twice {
			number = len(r.byKey)
			r.byKey[key] = number
		}

		r.keys[i] = number
	}

	// Each value of the statement has a destination.
	values := make([]destination, 0, 2*len(q.columns)+1)
	if q.lastRun {
		values = append(values, destination{r, lastRunPlace, false})
	}

	for place, c := range q.columns {
		values = append(values, destination{r, place, false})
		if c.inSQL {
			values = append(values, destination{r, place, true})
		}
	}

	r.destinations = make([]any, len(values))
	for i := range values {
		r.destinations[i] = &values[i]
	}

	return r
}

// appendKey appends a value of a key, so that different keys of several values stay different.
func appendKey(b []byte, c value.Cell) []byte {
	if c.Type == value.Null {
		return append(b, 0xff) // no length begins with this byte
	}
	return append(binary.AppendUvarint(b, uint64(len(c.Form))), c.Form...)
}

// reset forgets the rows read so far.
func (r *rowReader) reset() {
	clear(r.rows)
	r.keptCells.cells, r.keptCells.forms = r.keptCells.cells[:0], r.keptCells.forms[:0]
	r.found = false
}

const lastRunPlace = -1

// destination takes one value of a row while the driver holds it. database/sql lends its memory only until the next
// row.
type destination struct {
	*rowReader
	place    int
	isLength bool
}

// Scan implements sql.Scanner.
func (d *destination) Scan(src any) error {
	switch {
	case d.place == lastRunPlace:
		d.scanLastRun(src)
	case d.isLength:
		d.scanLength(src)
	default:
		d.scanValue(src)
	}
	return nil
}

// scanLastRun reads the last run of syncer, which each row has.
func (d *destination) scanLastRun(src any) {
	if text, ok := src.(string); ok && text != string(d.lastRun) {
		d.lastRun = []byte(text)
	}
	d.found = true
}

// scanValue reads a value as a cell, within its bound, and copies it out of the memory of the driver.
func (d *destination) scanValue(src any) {
	r, c := d.rowReader, &d.columns[d.place]
	start := len(r.arena)
	cell, grown := value.FromDriver(c.kind, src, r.arena)

	length := 0
	switch src.(type) {
	case []byte, string: // only these can be long
		if c.bound != unbounded {
			cell, length = r.truncate(cell, c)
		}
	}

	if len(grown) == start && len(cell.Form) > 0 { // copy it out of the driver's memory
		grown = append(grown, cell.Form...)
		cell.Form = grown[start:len(grown):len(grown)]
	}

	r.arena = grown
	r.cells[d.place], r.lengths[d.place] = cell, length
	r.wasCut = r.wasCut || length > 0
}

// truncate applies the bound to a value. length is the original length of a value that was too long, and otherwise 0.
func (r *rowReader) truncate(cell value.Cell, c *column) (short value.Cell, length int) {
	if len(cell.Form) <= r.maxLength {
		return cell, 0
	}

	length = len(cell.Form)
	if !c.inBytes {
		length = utf8.RuneCount(cell.Form)
	}

	switch {
	case length <= r.maxLength:
		return cell, 0
	case c.bound == boundWhole:
		return value.Cell{}, length
	}

	// Cut the text after so many characters.
	end := 0
	for range r.maxLength {
		_, size := utf8.DecodeRune(cell.Form[end:])
		end += size
	}

	return value.Cell{Type: cell.Type, Form: cell.Form[:end]}, length
}

// scanLength reads the length of a value that the statement may have bounded. SQLite only returns it for bounded
// values, and counts the characters of a text up to a NUL, so it may be too small.
func (d *destination) scanLength(src any) {
	length, ok := src.(int64)
	if !ok {
		return
	}

	if d.isSQLite {
		length = max(length, int64(d.maxLength)+1)
	}

	if length > int64(d.maxLength) {
		d.lengths[d.place], d.wasCut = int(length), true
	}
}

// keepRow keeps the row that was read if its key was requested. A collation may find other rows too. If a key is not
// unique, the first row counts.
func (r *rowReader) keepRow() {
	r.arena = r.arena[:0] // the cells are still there
	r.keyText = r.keyText[:0]
	for _, place := range r.key {
		r.keyText = appendKey(r.keyText, r.cells[place])
	}

	number, isRequested := r.byKey[string(r.keyText)]
	wasCut := r.wasCut
	r.wasCut = false
	if !isRequested || r.rows[number] != nil {
		return
	}

	r.join(r.cells)
	row := &r.slab[number]

	row.selection, row.cells, row.first = r.selection, r.keptCells, r.keptCells.add(r.cells)
	row.lengths = nil
	if wasCut {
		row.lengths = append(row.lengths, r.lengths...)
	}

	r.rows[number] = row
}

// rowsByKey returns the row of each requested key.
func (r *rowReader) rowsByKey() []*Row {
	all := make([]*Row, len(r.keys))
	for i, number := range r.keys {
		all[i] = r.rows[number]
	}
	return all
}
