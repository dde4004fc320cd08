package history

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/value"
)

// goneID is the id of a vehicle that left the table, where the history knows vehicles by something else.
type goneID struct {
	hash  uint64
	event uint32 // the number of the event in which it left
}

// needsGoneIDs reports whether the log must remember the ids of vehicles that are gone, as the history's key is not the
// id.
func needsGoneIDs(c *catalog.Catalog) bool {
	id := c.ID()
	if id == nil || len(id.Columns) == 0 {
		return false
	}

	var key []int
	for _, f := range c.HistoryKey {
		key = append(key, f.Columns...)
	}
	return !slices.Equal(id.Columns, key)
}

// addGoneID remembers the id of a deleted row, a JSON object, whose event is the last one.
func (b *Builder) addGoneID(row string) {
	id := idOf(b.log.catalog, row)
	if id.Type == value.Null {
		return
	}
	b.gone = append(b.gone, goneID{hashKey(id.Form), uint32(len(b.log.events) - 1)})
}

// sortedGoneIDs returns the ids of the continued log and the added ones, by their hashes; of one id, the last event
// comes first.
func (b *Builder) sortedGoneIDs() []goneID {
	if len(b.gone) == 0 {
		return b.log.gone
	}

	all := append(slices.Clone(b.log.gone), b.gone...)
	slices.SortFunc(all, func(x, y goneID) int {
		return cmp.Or(cmp.Compare(x.hash, y.hash), cmp.Compare(y.event, x.event))
	})
	return all
}

// DepartureOf finds the last event in which a vehicle with this id left the table. It finds none where the history
// knows vehicles by their ids.
func (l *Log) DepartureOf(id value.Cell) (e Event, found bool) {
	byHash := func(g goneID, hash uint64) int { return cmp.Compare(g.hash, hash) }
	i, found := slices.BinarySearchFunc(l.gone, hashKey(id.Form), byHash)
	if !found {
		return Event{}, false
	}
	return l.EventAt(int(l.gone[i].event)), true
}

// idOf returns the id in a whole row, a JSON object; NULL if the row lacks one of its columns.
func idOf(c *catalog.Catalog, row string) value.Cell {
	id := c.ID()
	parts := make([]value.Cell, len(id.Columns))
	gjson.Parse(row).ForEach(func(name, v gjson.Result) bool {
		for i, position := range id.Columns {
			if column := c.Table.Columns[position]; strings.EqualFold(column.Name, name.Str) {
				parts[i], _ = CellOf(column.Kind, v, nil)
			}
		}
		return true
	})

	if id.IsJoined() {
		return value.JoinID(parts)
	}
	return parts[0]
}
