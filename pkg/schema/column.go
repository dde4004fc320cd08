// Package schema describes tables: it reads their columns from MySQL or SQLite, knows how SQLite stores each MySQL
// type, and writes the DDL. It opens no connection and moves no row.
package schema

import (
	"regexp"
	"strconv"
	"strings"
)

// Table is a table or a view.
type Table struct {
	Name    string
	Columns []Column
	Key     []string // the primary key's columns, in order; none for a view

	// HiddenKey are the columns of the primary key that this user may not read. Key is empty then.
	HiddenKey []string
}

// ColumnNames returns the names of the table's columns, in order.
func (t Table) ColumnNames() []string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	return names
}

// Column is one column of a table.
type Column struct {
	Name     string
	Type     string // as the source declares it, such as "decimal(10,2) unsigned"
	Kind     Kind
	Unsigned bool
	Digits   int // precision of a DECIMAL, bits of a BIT; otherwise 0
	Nullable bool
	Comment  string
	Stored   string // type of the column in SQLite, if it is not the default for its kind
}

// Kind groups the types whose values are read, stored and shown alike.
type Kind int

// The kinds, with the types of MySQL and MariaDB that belong to each.
const (
	Unknown   Kind = iota // anything else
	Integer               // TINYINT to BIGINT, YEAR
	Bit                   // BIT
	Decimal               // DECIMAL, NUMERIC
	Float                 // FLOAT: single precision
	Double                // DOUBLE
	Date                  // DATE
	DateTime              // DATETIME: its time zone is unknown
	Timestamp             // TIMESTAMP: in UTC, as our sessions are
	Time                  // TIME: up to 838 hours, and negative
	Text                  // CHAR, VARCHAR, TEXT, ENUM, SET, UUID, INET4, INET6
	JSON                  // JSON in MySQL; MariaDB's is LONGTEXT
	Bytes                 // BINARY, VARBINARY, BLOB, spatial types, VECTOR
)

// kindsByType has the kind of each type. Others are Unknown.
var kindsByType = map[string]Kind{
	"tinyint": Integer, "smallint": Integer, "mediumint": Integer, "int": Integer, "integer": Integer,
	"bigint": Integer, "year": Integer,
	"bit": Bit, "decimal": Decimal, "numeric": Decimal, "float": Float, "double": Double, "real": Double,
	"date": Date, "datetime": DateTime, "timestamp": Timestamp, "time": Time,
	"char": Text, "varchar": Text, "tinytext": Text, "text": Text, "mediumtext": Text, "longtext": Text,
	"enum": Text, "set": Text, "uuid": Text, "inet4": Text, "inet6": Text, "json": JSON,
	"binary": Bytes, "varbinary": Bytes, "tinyblob": Bytes, "blob": Bytes, "mediumblob": Bytes, "longblob": Bytes,
	"geometry": Bytes, "point": Bytes, "linestring": Bytes, "polygon": Bytes, "multipoint": Bytes,
	"multilinestring": Bytes, "multipolygon": Bytes, "geometrycollection": Bytes, "geomcollection": Bytes,
	"vector": Bytes,
}

// typePattern finds the name of a type, and the first number in its brackets.
var typePattern = regexp.MustCompile(`^([a-z0-9_]+)(?: ?\((\d+)[^)]*\))?`)

// NewColumn makes a column of a type, as MySQL's COLUMN_TYPE or a SQLite declaration has it.
func NewColumn(name, declared string) Column {
	c := Column{Name: name, Type: declared}
	lower := strings.ToLower(declared)
	m := typePattern.FindStringSubmatch(lower)
	if m == nil {
		return c
	}

	c.Kind = kindsByType[m[1]]
	c.Unsigned = c.Kind == Integer && strings.Contains(lower, "unsigned")

	switch c.Kind {
	case Decimal:
		c.Digits = 10 // MySQL's default
	case Bit:
		c.Digits = 1
	default:
		return c
	}

	if n, err := strconv.Atoi(m[2]); err == nil {
		c.Digits = n
	}

	return c
}

// maxNumericDigits is how many decimal digits a REAL returns unchanged. SQLite stores a NUMERIC with a fraction as
// REAL.
const maxNumericDigits = 15

// SQLiteType returns the type to declare for the column in SQLite. Its affinity leaves the column's values as they are:
// with NUMERIC, INTEGER or REAL a text that looks like a number would become one, and lose digits or zeros.
func (c Column) SQLiteType() string {
	if c.Stored != "" {
		return c.Stored
	}

	switch c.Kind {
	case Integer, Bit:
		return "INTEGER"
	case Float, Double:
		return "REAL"
	case Decimal:
		if c.Digits <= maxNumericDigits {
			return "NUMERIC"
		}
	case Bytes:
		return "BLOB"
	}

	return "TEXT"
}
