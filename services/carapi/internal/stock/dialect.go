package stock

import (
	"math/big"
	"strconv"
	"strings"

	"carstock/pkg/schema"
)

// dialect is how the two databases differ.
type dialect struct {
	quote        func(identifier string) string
	number       func(quoted string, c schema.Column) string
	numberInText func(quoted string) string // NULL for a text that is no number
	exact        func(quoted string, c schema.Column) string
	selected     func(expression string) string // in the list of what a query gives
	contains     func(quoted string) string     // whether a text holds another, which is ?, whatever case and accents
	needle       func(word string) string       // what ? is for a word
	has          func(quoted string) string     // whether a JSON array has an element, which is ?
	elements     func(quoted string) string     // a table e of the elements of a JSON array, in the column value
	single       bool                           // FLOAT is kept in single precision
	decimals     bool                           // has a type for decimal fractions
	loose        bool                           // a column may hold values of other types than its own
}

var mysqlDialect = &dialect{
	quote: schema.QuoteMySQL,
	number: func(quoted string, c schema.Column) string {
		if c.Kind == schema.Bit {
			return "(" + quoted + " + 0)" // else it is bytes
		}
		return quoted
	},
	numberInText: func(quoted string) string {
		return "CASE WHEN " + quoted + " REGEXP '^-?[0-9]+([.][0-9]+)?$' THEN CAST(" + quoted + " AS DECIMAL(38,10)) END"
	},
	exact: func(quoted string, _ schema.Column) string {
		return "CAST(CONVERT(" + quoted + " USING utf8mb4) AS BINARY)"
	},
	selected: func(expression string) string { return expression },
	// The one collation of Unicode that MySQL and MariaDB share, and SQLite's function follows. A server
	// may be set to know no backslash, hence the |.
	contains: func(quoted string) string {
		return "CONVERT(" + quoted + " USING utf8mb4) COLLATE utf8mb4_general_ci LIKE CONCAT('%', CONVERT(? USING utf8mb4), '%') ESCAPE '|'"
	},
	needle: strings.NewReplacer(`|`, `||`, `%`, `|%`, `_`, `|_`).Replace,
	has: func(quoted string) string {
		return "JSON_CONTAINS(CASE WHEN JSON_VALID(" + quoted + ") AND JSON_TYPE(" + quoted + ") = 'ARRAY' THEN " + quoted + " END, JSON_QUOTE(?))"
	},
	elements: func(quoted string) string {
		return "JSON_TABLE(CASE WHEN JSON_VALID(" + quoted + ") THEN " + quoted + " ELSE '[]' END, '$[*]' COLUMNS (value TEXT PATH '$')) AS e"
	},
	single:   true,
	decimals: true,
}

var sqliteDialect = &dialect{
	quote: schema.QuoteSQLite,
	number: func(quoted string, c schema.Column) string {
		if c.SQLiteType() == "TEXT" {
			return "CAST(" + quoted + " AS NUMERIC)" // "9000.00" is more than "100000.00" as text
		}
		return quoted
	},
	numberInText: func(quoted string) string {
		return "CASE WHEN ltrim(" + quoted + ", '-') GLOB '[0-9]*' AND " + quoted + " NOT GLOB '?*-*' AND " + quoted + " NOT GLOB '*[^-0-9.]*' AND " +
			quoted + " NOT GLOB '*.*.*' AND " + quoted + " NOT GLOB '*.' THEN CAST(" + quoted + " AS NUMERIC) END"
	},
	exact: func(quoted string, c schema.Column) string {
		if c.Type == "" { // computed by a view: it is whatever comes of it, and compares as that
			return asText(quoted)
		}
		return quoted
	},
	// The plus takes the declared type away, by which the driver would make times and booleans of values.
	selected: func(expression string) string { return "+" + expression },
	contains: func(quoted string) string { return "contains_text(" + quoted + ", ?)" },
	needle:   func(word string) string { return word },
	has: func(quoted string) string {
		return "EXISTS (SELECT 1 FROM " + sqliteElements(quoted) + " WHERE e.value = ?)"
	},
	elements: sqliteElements,
}

// looseDialect is for the files that syncer does not keep. SQLite holds in a column whatever it was
// given, and an import of a CSV gives a column of prices texts, mostly empty ones: these are no
// numbers, and where a text is meant a number is one.
var looseDialect = func() *dialect {
	d := *sqliteDialect
	d.loose = true
	d.number = func(quoted string, _ schema.Column) string {
		return "CASE WHEN typeof(" + quoted + ") IN ('integer', 'real') THEN " + quoted + " END"
	}
	d.exact = func(quoted string, c schema.Column) string {
		declared := strings.ToUpper(c.Type)
		for _, text := range []string{"CHAR", "CLOB", "TEXT"} { // in which SQLite makes texts of numbers
			if strings.Contains(declared, text) && !strings.Contains(declared, "INT") {
				return quoted
			}
		}
		return asText(quoted)
	}
	return &d
}()

func asText(quoted string) string { return "CAST(" + quoted + " AS TEXT)" }

// sqliteElements gives those of an array alone; json_each would also give the members of an object.
func sqliteElements(quoted string) string {
	return "json_each(CASE WHEN json_valid(" + quoted + ") THEN CASE json_type(" + quoted + ") WHEN 'array' THEN " + quoted + " END END) AS e"
}

// bind gives the SQL of a number and its value, so that it compares with the field exactly where
// the database can.
func (d *dialect) bind(f *Field, n string) (placeholder string, arg any) {
	if i, err := strconv.ParseInt(n, 10, 64); err == nil {
		return "?", i
	}
	if d.decimals && f.Kind != schema.Float && f.Kind != schema.Double {
		return "CAST(? AS DECIMAL(65,30))", n
	}
	x, _ := strconv.ParseFloat(n, 64) // the notation has been checked
	if f.single {
		x = float64(float32(x)) // 0.1 in single precision is not 0.1 in double
	}
	return "?", x
}

// compare orders two numbers whose notation has been checked.
func compare(a, b string) int {
	x, _ := new(big.Rat).SetString(a)
	y, _ := new(big.Rat).SetString(b)
	return x.Cmp(y)
}

// operand gives the SQL of a value in a cursor.
func (d *dialect) operand(f *Field, v any) (placeholder string, arg any) {
	if n, ok := v.(string); ok && f.class() == number {
		return d.bind(f, n)
	}
	return "?", v
}
