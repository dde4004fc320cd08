package index

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"carstock/pkg/schema"
	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/catalog/catalogtest"
	"carstock/services/carapi/internal/query"
	"carstock/services/carapi/internal/value"
)

// stock is a random table with plain loops over its rows.
type stock struct {
	catalog *catalog.Catalog
	rows    [][]value.Cell // numbered like the index's rows
	read    [][]value.Cell // in the order in which they were added
	index   *Index
}

var oddTexts = []string{
	"", " ", "-", "--", "+", "Citroën", "CITROEN", "citroe n", "F-150", "f150", "F 150", "Weiß", "weiss",
	"Sport", "Sport+", "ハン", "パン", "バン", "\xff\xfe", "a\x00b", "ab", "Ⅷ", "viii", "Škoda", "skoda", "5", "5.0", "05", "Æ",
	"ae", "İ", "i", "ﬃ", "\u0301", "e\u0301", "é", "ſ", "K", "k", "3 Series", "3er", "two words", "words", "word", "or",
	"\U0001F697", "Red", "red ", "Red\u0001",
}

var oddNumbers = []string{
	"0", "1", "-1", "2", "2.5", "-2.5", "0.001", "10", "9.99", "100", "2023", "2024", "9007199254740993",
	"9007199254740992", "123456789012345678901234567890.5", "-123456789012345678901234567890", "0.00000000000000000001",
	"999999999999999999", "-999999999999999999", "18446744073709551615", "1.000000000000000001",
}

var oddTimes = []string{
	"0000-00-00", "1999-12-31", "2026-01-31", "2026-02-01", "2026-01-31 00:00:00", "2026-01-31 10:11:12",
	"2026-01-31 10:11:12.5", "2026-01-31 10:11:12.500001", "2026-02-01 00:00:00", "-838:59:59", "now",
}

var oddLists = []string{
	`[]`, `["Sunroof"]`, `["Sunroof","sun-roof","Sunroof"]`, ` [ "Bluetooth" , "Sun roof" ]`, `["a\"b","ab"]`, `[5,true]`,
	`["x",["y"],{"z":"w"},null]`, `{"Sunroof":1}`, `["unfinished"`, `null`, `"Sunroof"`, `["","-"]`, `["Citro\u00ebn"]`,
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// randomText returns one of a few texts, or sometimes a new one.
func randomText(r *rand.Rand) string {
	switch r.IntN(12) {
	case 0:
		return fmt.Sprintf("%c%d", 'a'+rune(r.IntN(26)), r.IntN(1000))
	case 1:
		return pick(r, oddTexts) + pick(r, []string{" ", "-", ""}) + pick(r, oddTexts)
	}
	return pick(r, oddTexts)
}

func randomNumber(r *rand.Rand) string {
	if r.IntN(3) == 0 {
		n, _ := value.NormalDecimal(fmt.Appendf(nil, "%d.%02d", r.IntN(40)-10, r.IntN(4)*25))
		return string(n)
	}
	return pick(r, oddNumbers)
}

// randomCell returns a cell that FromDriver may return for a field.
func randomCell(r *rand.Rand, f *catalog.Field, few bool) value.Cell {
	text := func(s string) value.Cell { return value.Cell{Type: value.Text, Form: []byte(s)} }
	switch {
	case r.IntN(8) == 0:
		return value.Cell{}
	case f.Class() == catalog.ClassNumber && r.IntN(12) == 0:
		return text(randomText(r))
	case f.Class() == catalog.ClassNumber && few:
		return value.Cell{Type: value.Number, Form: fmt.Appendf(nil, "%d", 2015+r.IntN(4))}
	case f.Name == "ratio":
		return value.Cell{Type: value.Number, Form: value.AppendFloat(nil, float64(r.IntN(100)-50)/7, false)}
	case f.Class() == catalog.ClassInstant && few:
		return text(fmt.Sprintf("2026-0%d-1%d 10:0%d:00", 1+r.IntN(9), r.IntN(10), r.IntN(10)))
	case f.Class() == catalog.ClassNumber:
		return value.Cell{Type: value.Number, Form: []byte(randomNumber(r))}
	case f.Class() == catalog.ClassInstant:
		return text(pick(r, oddTimes))
	case f.Class() == catalog.ClassList:
		return text(pick(r, oddLists))
	case f.Class() == catalog.ClassOpaque:
		return value.Cell{Type: value.Blob, Form: []byte(randomText(r))}
	case f.IsLong():
		words := make([]string, r.IntN(12))
		for i := range words {
			words[i] = randomText(r)
		}
		return text(strings.Join(words, pick(r, []string{" ", "\n", "\t", "\u00a0", " , "})))
	case r.IntN(50) == 0: // SQLite allows it
		return value.Cell{Type: value.Number, Form: []byte("5")}
	case few:
		return text(oddTexts[r.IntN(6)])
	}

	return text(randomText(r))
}

// randomCatalog returns a table with most kinds of columns, and with one of many kinds of ids and keys.
func randomCatalog(t *testing.T, r *rand.Rand) *catalog.Catalog {
	t.Helper()
	var columns []schema.Column
	add := func(name, declared string) { columns = append(columns, schema.NewColumn(name, declared)) }

	source, binding := catalog.Source{}, catalog.Binding{}
	switch r.IntN(8) {
	case 0, 1:
		add("id", "bigint")
		source.Keys = [][]string{{"id"}}
	case 2:
		add("id", "varchar(20)")
	case 3:
		add("id", "varbinary(20)")
	case 4:
		add("id", "json")
	case 5:
		add("branch", "int")
		add("number", "varchar(20)")
		source.Keys = [][]string{{"branch", "number"}}
	case 6:
		source.RowID = true
	case 7:
		add("secret", "varchar(10)")
		binding.Hide, source.Keys = []string{"secret"}, [][]string{{"secret"}}
	}

	add("make", "varchar(40)")
	add("model", "varchar(40)")

	for _, c := range [][2]string{
		{"trim", "text"},
		{"engine", "varchar(9)"},
		{"year", "year"},
		{"price", "decimal(10,2)"},
		{"mileage", "text"},
		{"ratio", "double"},
		{"flags", "bit(8)"},
		{"features", "json"},
		{"description", "text"},
		{"created_at", "datetime"},
		{"day", "date"},
		{"updated_at", "timestamp"},
		{"span", "time"},
		{"photo", "blob"},
		{"color", "varchar(20)"},
	} {
		if r.IntN(3) > 0 {
			add(c[0], c[1])
		}
	}

	source.Table = schema.Table{Name: "stock", Columns: columns}
	c := catalogtest.BindByNames(t, source, binding)

	return c
}

// randomStock makes a stock of n rows.
func randomStock(t *testing.T, r *rand.Rand, n int) *stock {
	t.Helper()
	s := &stock{catalog: randomCatalog(t, r)}
	id := s.catalog.ID()

	unique, few, numbers := r.IntN(3) > 0, r.IntN(2) == 0, r.Perm(n)
	if r.IntN(2) == 0 {
		slices.Sort(numbers)
	}

	for i := range n {
		row := make([]value.Cell, len(s.catalog.Indexed))
		for j, f := range s.catalog.Indexed {
			switch {
			case unique && (f == id || slices.Contains(s.catalog.KeyFields, f)):
				row[j] = value.Cell{Type: value.Text, Form: fmt.Appendf(nil, "%d", numbers[i])}
				switch f.Class() {
				case catalog.ClassNumber:
					row[j].Type = value.Number
				case catalog.ClassOpaque:
					row[j].Type = value.Blob
				}
			case few && (f.Name == "make" || f.Name == "model"): // gives some vehicles the same make, model and year
				row[j] = value.Cell{Type: value.Text, Form: []byte(oddTexts[4+r.IntN(4)])}
			case f.Name == "make" || f.Name == "year" || f.Name == "color" || f.Name == "updated_at" || f.Name == "day":
				row[j] = randomCell(r, f, few)
			default:
				row[j] = randomCell(r, f, false)
			}
		}

		s.rows = append(s.rows, row)
	}

	s.comparePrices()

	b := NewBuilder(s.catalog, r.IntN(2)*n)
	overwritten := make([]value.Cell, len(s.catalog.Indexed))
	for _, row := range s.rows {
		for i, c := range row {
			overwritten[i] = value.Cell{Type: c.Type, Form: append(overwritten[i].Form[:0], c.Form...)}
		}
		if err := b.Add(overwritten); err != nil {
			t.Fatal(err)
		}
	}

	s.index, s.read = b.Build(), slices.Clone(s.rows)
	slices.SortStableFunc(s.rows, func(a, b []value.Cell) int {
		if id != nil {
			if order := query.CompareCells(id, a[id.Slot()], b[id.Slot()]); order != 0 {
				return order
			}
		}
		return s.compareAll(a, b)
	})

	return s
}

// compareAll compares rows by all sortable fields.
func (s *stock) compareAll(a, b []value.Cell) int {
	for i := range s.catalog.Fields {
		if f := &s.catalog.Fields[i]; f.IsSortable() {
			if order := query.CompareCells(f, a[f.Slot()], b[f.Slot()]); order != 0 {
				return order
			}
		}
	}
	return 0
}

// vehicle is a row in the form that query.Matches expects.
type vehicle []value.Cell

func (v vehicle) Cell(f *catalog.Field) (value.Cell, bool) { return v[f.Slot()], true }

// stored returns the cell of a row as the index has it: a text among numbers is NULL. In a text field that also holds
// numbers of SQLite, equal values have one type.
func (s *stock) stored(f *catalog.Field, row int) value.Cell {
	c := s.rows[row][f.Slot()]
	if f.Class() == catalog.ClassNumber && c.Type != value.Number {
		return value.Cell{}
	}
	return c
}

// sameCell reports whether two cells are the same, apart from the type of a text.
func sameCell(a, b value.Cell) bool {
	return (a.Type == value.Null) == (b.Type == value.Null) && string(a.Form) == string(b.Form)
}

// uniqueIDs reports whether all rows have different ids.
func (x *Index) uniqueIDs() bool {
	id := x.rankedColumn(x.catalog.ID())
	return id != nil && x.isUnique(id)
}
