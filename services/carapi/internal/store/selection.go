package store

import (
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"carstock/pkg/snapshotfile"
	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/value"
)

// selection is what the statements that read the same fields share.
type selection struct {
	catalog *catalog.Catalog
	columns []column
	key     []int   // indexes in columns of the key's values
	places  []int   // index in a row's cells by the position of the field; -1 for one that is not read
	joined  [][]int // indexes in columns of the parts of joined ids; their cells follow those of the columns

	head     string // SELECT ... FROM table WHERE
	keyParts []keyPart
	lastRun  bool // the first value is snapshotfile.LastRunSQL

	mu   sync.Mutex
	text map[int]string // by number of keys
}

// newSelection selects the fields, bounded, and the key.
func (s *Store) newSelection(c *catalog.Catalog, fields []*catalog.Field, synced bool) *selection {
	q := &selection{catalog: c, places: make([]int, len(c.Fields)), text: map[int]string{}, lastRun: synced}
	for i := range q.places {
		q.places[i] = -1
	}

	// Keys are read whole, because they are compared with the requested ones.
	for _, f := range c.KeyFields {
		place := q.add(unboundedColumns(c.Table, f)[0])
		q.key = append(q.key, place)
		if f.Position() >= 0 {
			q.places[f.Position()] = place
		}
		q.keyParts = append(q.keyParts, s.newKeyPart(c, f))
	}

	// Read each other field once. The cells of joined ids follow those of all columns.
	var joined []*catalog.Field
	for _, f := range fields {
		switch {
		case f.Position() < 0 || q.places[f.Position()] >= 0 || f.From != nil:
			// already read with the key, or derived from another field
		case f.IsJoined():
			var parts []int
			for _, part := range unboundedColumns(c.Table, f) {
				parts = append(parts, q.add(part))
			}
			q.joined, joined = append(q.joined, parts), append(joined, f)
		default:
			q.places[f.Position()] = q.add(boundedColumn(c.Table, f, s.isSQLite && !synced))
		}
	}

	for i, f := range joined {
		q.places[f.Position()] = len(q.columns) + i
	}

	q.head = "SELECT " + s.selectList(q) + s.fromClause(c.Table) + " WHERE "
	return q
}

// add adds a column unless it is there already, and returns its index.
func (q *selection) add(c column) int {
	place := slices.Index(q.columns, c)
	if place < 0 {
		place = len(q.columns)
		q.columns = append(q.columns, c)
	}
	return place
}

// selectList returns what the statement selects: each column, followed by its length if the statement bounds it.
func (s *Store) selectList(q *selection) string {
	var all []string
	if q.lastRun {
		all = append(all, "coalesce("+snapshotfile.LastRunSQL+", '')")
	}

	for _, c := range q.columns {
		value, length := s.selectExpressions(q.catalog.Table, c)
		all = append(all, value)
		if length != "" {
			all = append(all, length)
		}
	}

	return strings.Join(all, ", ")
}

// statement returns the statement for a number of keys.
func (q *selection) statement(keys int) string {
	q.mu.Lock()
	defer q.mu.Unlock()

	text, ok := q.text[keys]
	if !ok {
		text = q.head + keyCondition(q.keyParts, keys)
		q.text[keys] = text
	}

	return text
}

// join fills in the cells of joined ids.
func (q *selection) join(cells []value.Cell) {
	for i, parts := range q.joined {
		all := make([]value.Cell, len(parts))
		for j, place := range parts {
			all[j] = cells[place]
		}
		cells[len(q.columns)+i] = value.JoinID(all)
	}
}

// width returns how many cells a row has.
func (q *selection) width() int { return len(q.columns) + len(q.joined) }

// selectCache keeps the recently used selections.
type selectCache struct {
	mu     sync.Mutex
	cached *simplelru.LRU[selectKey, *selection]
}

type selectKey struct {
	catalog *catalog.Catalog
	fields  string // their positions
	synced  bool
}

func newSelectCache() *selectCache {
	kept, _ := simplelru.NewLRU[selectKey, *selection](maxStatements, nil) // the size is above 0
	return &selectCache{cached: kept}
}

// selection returns the selection of fields, from the cache if possible.
func (s *Store) selection(c *catalog.Catalog, fields []*catalog.Field, synced bool) *selection {
	var buffer [256]byte
	positions := buffer[:0]
	for _, f := range fields {
		positions = append(positions, byte(f.Position()), byte(f.Position()>>8))
	}

	key := selectKey{c, string(positions), synced}

	cache := s.selects
	cache.mu.Lock()
	defer cache.mu.Unlock()

	q, ok := cache.cached.Get(key)
	if !ok {
		q = s.newSelection(c, fields, synced)
		cache.cached.Add(key, q)
	}

	return q
}
