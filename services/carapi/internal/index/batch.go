package index

import "carstock/services/carapi/internal/value"

// A batch is full when it reaches one of these.
const (
	batchRows  = 256
	batchBytes = 1 << 18
)

// rowBatch collects some rows so that they can be read column by column. Then the data of a column stays in the
// processor's caches for all of them.
type rowBatch struct {
	cells []batchedCell // all rows of a column, one column after another
	forms []byte
	rows  int
}

// batchedCell is a cell whose form is in the batch.
type batchedCell struct {
	start, end uint32
	cellType   value.Type
}

func newRowBatch(columns int) *rowBatch {
	return &rowBatch{cells: make([]batchedCell, columns*batchRows)}
}

// add copies a row. The batch must not be full.
func (b *rowBatch) add(row []value.Cell) {
	for i, c := range row {
		start := len(b.forms)
		b.forms = append(b.forms, c.Form...)
		b.cells[i*batchRows+b.rows] = batchedCell{uint32(start), uint32(len(b.forms)), c.Type}
	}
	b.rows++
}

func (b *rowBatch) isFull() bool { return b.rows == batchRows || len(b.forms) >= batchBytes }

// cell returns a cell, which is valid until clear.
func (b *rowBatch) cell(column, row int) value.Cell {
	c := b.cells[column*batchRows+row]
	return value.Cell{Type: c.cellType, Form: b.forms[c.start:c.end]}
}

// clear empties the batch. It frees the memory of unusually long rows.
func (b *rowBatch) clear() {
	b.rows = 0
	if b.forms = b.forms[:0]; cap(b.forms) > 4*batchBytes {
		b.forms = nil
	}
}
