package index

import "slices"

// renumber sorts the rows by id. Rows that share an id or have none are sorted by all sortable fields; rows that are
// equal there stay in the order of reading. It returns each row's new number, or nil if nothing has moved.
// Then row numbers order rows by id, and decide between rows with the same sort key in any other order.
func (x *Index) renumber() (newRow []uint32) {
	id := x.rankedColumn(x.catalog.ID())
	for i := range x.columns {
		x.columns[i].countNulls(x.rows)
	}

	if id != nil && id.ranks.isIdentity {
		return nil
	}

	// Each sort is stable, so the rows are sorted by the last field first and by the id last.
	var order []uint32
	if id == nil || !x.isUnique(id) {
		for i := range slices.Backward(x.catalog.Fields) {
			f := &x.catalog.Fields[i]
			if c := x.rankedColumn(f); c != nil && c != id && f.IsSortable() {
				order = c.sortRows(order, x.rows)
			}
		}
	}

	if id != nil {
		order = id.sortRows(order, x.rows)
	}

	moved := false
	for row, old := range order {
		moved = moved || uint32(row) != old
	}

	if !moved {
		return nil
	}

	x.addedNumbers = order
	newRow = make([]uint32, x.rows)
	for row, old := range order {
		newRow[old] = uint32(row)
	}

	for i := range x.columns {
		if c := &x.columns[i]; c.hasRanks {
			c.ranks = c.ranks.reorder(order, c.values.len())
		}
	}

	return newRow
}

// AddedNumber returns the number of a row in the order of adding.
func (x *Index) AddedNumber(row uint32) uint32 {
	if x.addedNumbers == nil {
		return row
	}
	return x.addedNumbers[row]
}

// sortRows sorts rows by their ranks, and keeps equal ones in their order. A nil order is the present order.
func (c *column) sortRows(order []uint32, rows int) []uint32 {
	if c.ranks.isIdentity && order == nil {
		return nil
	}

	// Count the rows of each rank, which shows where each rank begins, and then place each row.
	next := make([]uint32, c.values.len()+2)
	for row := range uint32(rows) {
		next[c.ranks.at(row)+1]++
	}

	for rank := range c.values.len() + 1 {
		next[rank+1] += next[rank]
	}

	sorted := make([]uint32, rows)
	for i := range uint32(rows) {
		row := i
		if order != nil {
			row = order[i]
		}

		rank := c.ranks.at(row)
		sorted[next[rank]] = row
		next[rank]++
	}

	return sorted
}

// countNulls counts the rows without a comparable value. If ranks are row numbers, all rows have one.
func (c *column) countNulls(rows int) {
	c.nulls = 0
	if !c.hasRanks || c.ranks.isIdentity {
		return
	}

	for row := range uint32(rows) {
		letOthersRun(row)
		if c.ranks.at(row) == uint32(c.values.len()) {
			c.nulls++
		}
	}
}
