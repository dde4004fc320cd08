package store

import (
	"math"
	"strconv"
	"strings"

	"carstock/pkg/schema"
	"carstock/services/carapi/internal/catalog"
)

// readBound says how much of a column's value a statement reads.
type readBound uint8

const (
	unbounded      readBound = iota
	boundBeginning           // the beginning of a text
	boundWhole               // the whole value or nothing: of numbers, JSON and bytes
)

// column is a value of each row that a statement reads.
type column struct {
	position int         // in Table.Columns; rowID for the rowid
	kind     schema.Kind // the kind to read it as
	bound    readBound
	inBytes  bool // the bound is in bytes, otherwise in characters
	inSQL    bool // the statement applies the bound and reads the length too
}

const rowID = -1

// minBounded is the capacity, in characters or bytes, from which statements bound what they read. Smaller values are
// read whole and cut here, so that the statements stay the same and prepared.
const minBounded = 255

// boundedColumn returns the column of a field, bounded to what may be shown. In a loose file, which syncer does not
// keep, a column may hold more than its type allows.
func boundedColumn(t schema.Table, f *catalog.Field, loose bool) column {
	size := capacity(t.Columns[f.Columns[0]])
	if loose {
		size = math.MaxInt
	}

	c := column{position: f.Columns[0], kind: f.Stored}
	switch {
	case size == 0:
		return c
	case f.Class() == catalog.ClassText:
		c.bound = boundBeginning
	default:
		c.bound = boundWhole
	}

	c.inBytes = f.Class() == catalog.ClassOpaque
	c.inSQL = size > minBounded
	return c
}

// capacity returns the maximal length of a MySQL column's values, in characters or bytes; 0 for numbers and times.
func capacity(c schema.Column) int {
	switch c.Kind {
	case schema.Text, schema.Bytes:
	case schema.Unknown, schema.JSON:
		return math.MaxInt
	default:
		return 0
	}

	// The type names the length, or implies it.
	name, rest, _ := strings.Cut(strings.ToLower(c.Type), "(")
	base, _, _ := strings.Cut(name, " ")
	switch base {
	case "char", "varchar", "binary", "varbinary":
		digits, _, _ := strings.Cut(rest, ")")
		if n, err := strconv.Atoi(digits); err == nil {
			return n
		}
	case "enum", "set":
		return len(c.Type) // all members together
	case "tinytext", "tinyblob":
		return math.MaxUint8
	case "text", "blob":
		return math.MaxUint16
	case "uuid", "inet4", "inet6":
		return 64
	}

	return math.MaxInt
}

// columnExpression names a column of the table t. Without the t, SQLite would read the quoted name of a missing column
// as a text.
func (s *Store) columnExpression(c schema.Column) string { return "t." + s.quote(c.Name) }

// fromClause names the table as t.
func (s *Store) fromClause(t schema.Table) string { return " FROM " + s.quote(t.Name) + " AS t" }

// selectExpressions returns the SQL of a column, with as many placeholders for the bound as boundArgs has values.
func (s *Store) selectExpressions(t schema.Table, c column) (value, length string) {
	if c.position == rowID {
		return "t." + rowIDName(t), ""
	}

	name := s.columnExpression(t.Columns[c.position])
	if !s.isSQLite {
		switch {
		case !c.inSQL:
			return name, ""
		case c.bound == boundBeginning:
			return "LEFT(" + name + ", ?)", "CHAR_LENGTH(" + name + ")"
		case c.inBytes:
			return "CASE WHEN LENGTH(" + name + ") <= ? THEN " + name + " END", "LENGTH(" + name + ")"
		}
		return "CASE WHEN CHAR_LENGTH(" + name + ") <= ? THEN " + name + " END", "CHAR_LENGTH(" + name + ")"
	}

	isLong := "typeof(" + name + ") IN ('text', 'blob') AND octet_length(" + name + ") > ?"
	switch {
	case !c.inSQL:
		// The plus hides the declared type. Otherwise the driver would turn values into times and booleans.
		return "+" + name, ""
	case c.bound == boundBeginning:
		// In bytes, because SQLite's text functions stop at a NUL.
		return "CASE WHEN " + isLong + " THEN substr(CAST(" + name + " AS BLOB), 1, ?) ELSE " + name + " END",
			"CASE WHEN " + isLong + " THEN length(" + name + ") END"
	case c.inBytes:
		return "CASE WHEN " + isLong + " THEN NULL ELSE " + name + " END",
			"CASE WHEN " + isLong + " THEN octet_length(" + name + ") END"
	}

	isLong = "typeof(" + name + ") IN ('text', 'blob') AND length(" + name + ") > ?"
	return "CASE WHEN " + isLong + " THEN NULL ELSE " + name + " END",
		"CASE WHEN " + isLong + " THEN length(" + name + ") END"
}

// boundArgs appends the values of the placeholders in a column's expressions.
func (s *Store) boundArgs(args []any, c column, most int) []any {
	switch {
	case !c.inSQL:
	case !s.isSQLite:
		args = append(args, most)
	case c.bound == boundBeginning:
		args = append(args, most, most*maxUTF8, most*maxUTF8)
	default:
		args = append(args, most, most)
	}

	return args
}

// maxUTF8 is the largest number of bytes of a character.
const maxUTF8 = 4

// unboundedColumns returns the columns that a field is read from, without bounds: one, or those of a joined id.
func unboundedColumns(t schema.Table, f *catalog.Field) []column {
	switch {
	case len(f.Columns) == 0:
		return []column{{position: rowID, kind: f.Stored}}
	case !f.IsJoined():
		return []column{{position: f.Columns[0], kind: f.Stored}}
	}

	parts := make([]column, len(f.Columns))
	for i, position := range f.Columns {
		parts[i] = column{position: position, kind: t.Columns[position].Kind}
	}

	return parts
}
