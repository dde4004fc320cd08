package catalog

import (
	"cmp"
	"iter"
	"slices"

	"github.com/cespare/xxhash/v2"

	"carstock/pkg/schema"
	"carstock/services/carapi/internal/value"
)

// Limits of a profile.
const (
	maxProfiled     = 20_000 // distinct texts of a column; beyond, those with the lowest hashes are kept
	maxNumbers      = 2_000  // distinct values of any other column, where only their size matters
	maxProfiledText = 200    // bytes of a value
)

// Profile holds the distinct values of a table's columns, from which NewPlan decides what the columns are. It does not
// depend on the order of the rows.
type Profile struct {
	Rows    int
	Columns []ColumnProfile // in the order of the table's columns
}

// ColumnProfile holds the distinct values of one column, or a sample of them, in byte order.
type ColumnProfile struct {
	Values   []ProfiledValue
	Nulls    int  // rows without a value, or with a blank one
	IsSample bool // there are more values than Values
}

// ProfiledValue is a value and how many rows have it.
type ProfiledValue struct {
	Text  string
	Count int
}

// all iterates over the values with their counts.
func (p *ColumnProfile) all() iter.Seq2[string, int] {
	return func(yield func(string, int) bool) {
		for _, v := range p.Values {
			if !yield(v.Text, v.Count) {
				return
			}
		}
	}
}

// rows counts the rows with one of the values.
func (p *ColumnProfile) rows() int {
	n := 0
	for _, v := range p.Values {
		n += v.Count
	}
	return n
}

// Profiler collects a profile from the rows of a table.
type Profiler struct {
	rows    int
	columns []columnProfiler
}

// columnProfiler keeps the values whose hashes are below a limit. The limit halves whenever there are too many values,
// so the result does not depend on the order of the rows.
type columnProfiler struct {
	skipped   bool
	values    map[uint64]*ProfiledValue
	limit     uint64
	maxValues int // how many values are kept
	nulls     int
}

// NewProfiler begins a profile of a table.
func NewProfiler(t schema.Table) *Profiler {
	p := &Profiler{columns: make([]columnProfiler, len(t.Columns))}
	for i, c := range t.Columns {
		p.columns[i] = columnProfiler{
			skipped: c.Kind == schema.Bytes, values: map[uint64]*ProfiledValue{}, limit: ^uint64(0),
			maxValues: maxProfiled,
		}
		if c.Kind != schema.Text && c.Kind != schema.Unknown {
			p.columns[i].maxValues = maxNumbers
		}
	}
	return p
}

// Fields returns the columns whose values Add needs, in its order.
func (p *Profiler) Fields(t schema.Table) []*Field {
	var all []*Field
	for i, c := range t.Columns {
		if !p.columns[i].skipped {
			all = append(all, &Field{Column: c, Kind: c.Kind, Stored: c.Kind, Columns: []int{i}, position: -1})
		}
	}
	return all
}

// Add adds a row.
func (p *Profiler) Add(cells []value.Cell) error {
	p.rows++
	next := 0
	for i := range p.columns {
		if p.columns[i].skipped {
			continue
		}
		p.columns[i].add(cells[next])
		next++
	}

	return nil
}

// add counts a value, unless its hash is above the limit.
func (p *columnProfiler) add(c value.Cell) {
	text := c.Form
	if c.Type == value.Null || isBlank(text) {
		p.nulls++
		return
	}

	text = text[:min(len(text), maxProfiledText)]
	hash := xxhash.Sum64(text)
	if hash > p.limit {
		return
	}
	if known := p.values[hash]; known != nil {
		known.Count++
		return
	}

	// Keep a new value. If there are too many, drop those with the higher half of the hashes.
	p.values[hash] = &ProfiledValue{string(text), 1}
	for len(p.values) > p.maxValues {
		p.limit /= 2
		for hash := range p.values {
			if hash > p.limit {
				delete(p.values, hash)
			}
		}
	}
}

func isBlank(text []byte) bool {
	for _, c := range text {
		if c > ' ' {
			return false
		}
	}
	return true
}

// Profile returns the profile of the rows added so far.
func (p *Profiler) Profile() *Profile {
	all := &Profile{Rows: p.rows, Columns: make([]ColumnProfile, len(p.columns))}
	for i := range p.columns {
		c, out := &p.columns[i], &all.Columns[i]
		out.Nulls, out.IsSample = c.nulls, c.limit != ^uint64(0)
		for _, v := range c.values {
			out.Values = append(out.Values, *v)
		}
		slices.SortFunc(out.Values, func(a, b ProfiledValue) int { return cmp.Compare(a.Text, b.Text) })
	}

	return all
}
