package stock

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"carstock/pkg/dbconn/dbtest"
	"carstock/pkg/schema"
)

// Columns of every kind, some of them under names that only just work.
var everyKind = [][2]string{
	{"id", "int"}, {"make", "varchar(40)"}, {"model", "varchar(40)"}, {"year", "varchar(9)"}, {"price", "text"}, {"msrp", "decimal(30,10)"}, {"mileage", "int unsigned"},
	{"weight", "float"}, {"co2", "double"}, {"electric", "bit(1)"}, {"mask", "bit(64)"}, {"serial", "bigint unsigned"}, {"first_registered", "date"}, {"sold_at", "datetime(3)"},
	{"updated_at", "timestamp"}, {"opens", "time"}, {"class", "enum('a','b')"}, {"features", "json"}, {"photo", "varbinary(20)"}, {"vin", "varchar(17)"}, {"computed", ""},
	{"description", "text"}, {"sort", "int"}, {"year_min", "int"}, {"with space, comma", "int"}, {"quo`te\"s'", "varchar(9)"}, {"a=b&c", "decimal(9,2)"}, {"geo", "geometry"},
}

func everyKindTable() schema.Table {
	t := schema.Table{Name: "every", Key: []string{"id"}}
	for _, c := range everyKind {
		column := schema.NewColumn(c[0], c[1])
		column.Nullable = c[0] != "id"
		t.Columns = append(t.Columns, column)
	}
	return t
}

// openEvery is the search over a real table of these columns with a few vehicles.
func openEvery(t testing.TB) *Store {
	t.Helper()
	var columns []string
	for _, c := range everyKind {
		columns = append(columns, schema.QuoteSQLite(c[0])+" "+schema.NewColumn(c[0], c[1]).SQLiteType())
	}
	c, _ := dbtest.SQLite(t,
		"CREATE TABLE every ("+strings.Join(columns, ", ")+")",
		"INSERT INTO every (id, make, model, year, price, weight, co2, sold_at, features, description) VALUES (1, 'Kia', 'Rio', '2020', '9000.5', 0.1, 1e-7, '2024-05-01 10:00:00', '[\"Sunroof\"]', 'as new')",
		"INSERT INTO every (id, make, price, mask, serial, features, photo) VALUES (2, 'Škoda', 'ask', '18446744073709551615', '12', '{}', x'00ff'), (3, CAST(x'4dfc' AS TEXT), NULL, 1, NULL, 'no JSON', NULL)")
	c.MaxOpenConns = 2
	return opened(t, c, "every")
}

func registries(t testing.TB) []*Registry {
	t.Helper()
	var all []*Registry
	for _, d := range []*dialect{mysqlDialect, sqliteDialect, looseDialect} {
		r, err := newRegistry(everyKindTable(), d, Binding{}, true)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

var everyControl = []string{"q", "sort", "limit", "cursor", "fields", "facets", "include_total"}

// FuzzParse puts any query string to the search. It is refused as the caller's mistake, or makes
// statements that the table's columns alone have a part in, and that the database understands.
func FuzzParse(f *testing.F) {
	for _, q := range []string{
		"", "make=kia", "make=kia,%20skoda&model=rio", "year=2020-2021,2023&year_max=5", "price_min=9000.5&price_max=20000", "msrp=1.0000000001", "weight=0.1&co2_min=0.0000001",
		"electric=1&mask_min=18446744073709551615", "serial=99999999999999999999.9999999999", "first_registered=2024-02-29", "sold_at=2024-05-01T10:00:00.5", "updated_at_min=9999-12-31T23:59:59-23:59",
		"opens=08:00:00&class=a,b", "features=sunroof&vin=1", "computed=1&sort=computed", "q=kia+rio+%25+_", "sort=-year,price,weight&limit=1", "sort=with+space,+comma", "fields=id,photo&facets=make,year,electric",
		"quo%60te%22s%27=1", "a%3Db%26c_min=1", "with+space%2C+comma=5", "sort=quo%60te%22s%27", "include_total=false&limit=100", "make=%00&model=%ff", "year_min=1&year_min_max=2", "geo=x&photo=x", "%zz", "a;b", "make=';DROP TABLE every--",
	} {
		f.Add(q)
	}
	store, all := openEvery(f), registries(f)
	known := map[*Registry]map[string]bool{}
	for _, r := range all {
		known[r] = ownTokens(r)
	}
	f.Fuzz(func(t *testing.T, query string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		var wrong ParameterErrors
		for _, r := range all {
			q, err := r.Parse(values, everyControl...)
			if err != nil {
				if !errors.As(err, &wrong) || len(wrong.All) == 0 {
					t.Fatalf("%q: %v", query, err)
				}
				continue
			}
			if b := q.applied(true); !json.Valid(b) {
				t.Fatalf("%q: applied %s", query, b)
			}
			for _, statement := range statements(r, q) {
				for _, token := range tokens.FindAllString(statement, -1) {
					if !known[r][token] {
						t.Fatalf("%q: %q has come into %s", query, token, statement)
					}
				}
			}
		}
		a, err := store.Search(t.Context(), values)
		switch {
		case err == nil && (!json.Valid([]byte("["+string(a.Cars)+"]")) || !json.Valid(a.Applied) || a.Facets != nil && !json.Valid(a.Facets)):
			t.Fatalf("%q: %s %s %s", query, a.Cars, a.Applied, a.Facets)
		case err != nil && !errors.As(err, &wrong):
			t.Fatalf("%q: %v", query, err)
		case err == nil && a.Next != nil:
			if _, err := store.Search(t.Context(), a.Next); err != nil {
				t.Fatalf("%q: the next page %v: %v", query, a.Next, err)
			}
		}
		for _, ask := range []func() error{
			func() error { _, err := store.Stats(t.Context(), values); return err },
			func() error { _, err := store.Facets(t.Context(), values); return err },
			func() error { _, err := store.Car(t.Context(), query, nil); return err },
			func() error { _, err := store.CarByVIN(t.Context(), query, nil); return err },
		} {
			if err := ask(); err != nil && !errors.As(err, &wrong) && !errors.Is(err, ErrNotFound) {
				t.Fatalf("%q: %v", query, err)
			}
		}
	})
}

var tokens = regexp.MustCompile("`(?:[^`]|``)*`|\"(?:[^\"]|\"\")*\"|'(?:[^']|'')*'|[A-Za-z0-9_.]+|[^A-Za-z0-9_.\\s]")

// statements is all the SQL that a query makes, as if each of its texts were a value in stock.
func statements(r *Registry, q *Query) []string {
	var all []clause
	for i := range q.Filters {
		q.Filters[i].Meant = q.Filters[i].Texts
		all = append(all, q.Filters[i].clause(r.dialect))
	}
	where, _ := joined(all)
	made := []string{where, q.selected(), q.orderBy(false), q.orderBy(true)}
	if q.after != nil {
		sql, _ := q.behind()
		made = append(made, sql)
	}
	return made
}

// ownTokens are what a registry's statements are made of.
func ownTokens(r *Registry) map[string]bool {
	all := map[string]bool{}
	text := "( ) , ? = >= <= < > + WHERE AND OR IN IS NOT NULL DESC 1 0 CAST(? AS DECIMAL(65,30))"
	for i := range r.Fields {
		f := &r.Fields[i]
		text += " " + f.quoted + " " + f.number + " " + f.exact + " " + r.dialect.has(f.quoted)
	}
	for _, token := range tokens.FindAllString(text, -1) {
		all[token] = true
	}
	return all
}

var everySort = []string{"id", "-make,id", "year,-id", "-price", "msrp,weight", "-weight", "co2,-serial", "electric,mask", "first_registered", "-sold_at,opens", "updated_at,class", "computed,-description"}

// FuzzCursor puts any text to the search as a cursor, and any JSON behind the right fingerprint.
func FuzzCursor(f *testing.F) {
	for i, values := range []string{`[1]`, `["Kia",1]`, `[2020,1,7]`, `[null,1]`, `[1.5,0.1,1]`, `[1e-7,1]`, `[1e-7,12,1]`, `["2024-05-01","2"]`, `["TfwA"]`, `[["TfwA"],1]`, `[-0,1e5]`, `[[[]],{}]`, `[1,99999999999]`} {
		f.Add(values, uint8(i))
	}
	for _, values := range []string{`[1]]`, `[1]}`, `[1],`, `[1][`, `[1] [2]`, `[1]null`, "[1]\n]", "[1]\x00", `[1,7]]`, `[1,7,8]`, `[1`} {
		f.Add(values, uint8(0))
	}
	store, all := openEvery(f), registries(f)
	f.Fuzz(func(t *testing.T, cursor string, which uint8) {
		sort := everySort[int(which)%len(everySort)]
		for _, forged := range []bool{false, true} {
			for _, r := range all {
				plain, err := r.Parse(url.Values{"sort": {sort}}, everyControl...)
				if err != nil {
					t.Fatal(err)
				}
				given := cursor
				if forged {
					text := `["` + plain.fingerprint() + `",` + strings.TrimPrefix(cursor, "[")
					given = base64.RawURLEncoding.EncodeToString([]byte(text))
				}
				values := url.Values{"sort": {sort}, "cursor": {given}}
				var wrong ParameterErrors
				q, err := r.Parse(values, everyControl...)
				switch {
				case errors.As(err, &wrong):
				case err != nil:
					t.Fatalf("%s: %v", cursor, err)
				case !isJSON(given):
					t.Fatalf("%s: taken, though it is not JSON", cursor)
				case len(q.after) != len(q.Sort):
					t.Fatalf("%s: %v behind %v", cursor, q.after, q.Sort)
				default:
					sql, args := q.behind()
					if placeholders := slices.DeleteFunc(tokens.FindAllString(sql, -1), func(token string) bool { return token != "?" }); len(placeholders) != len(args) {
						t.Fatalf("%s: %s with %v", cursor, sql, args)
					}
				}
				if _, err := store.Search(t.Context(), values); err != nil && !errors.As(err, &wrong) {
					t.Fatalf("%s: %v", cursor, err)
				}
			}
		}
	})
}

// isJSON reports whether a cursor is one JSON value in base64, and nothing else.
func isJSON(cursor string) bool {
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	return err == nil && json.Valid(text)
}

// FuzzMark turns pages: the cursor behind any vehicle is read as the values that it was made of.
func FuzzMark(f *testing.F) {
	f.Add(int64(1), 0.1, "2024-05-01 10:00:00.500", []byte{0xff}, uint8(0), 1)
	f.Add(int64(math.MaxInt64), 1e22, "Zürich", []byte("18446744073709551615"), uint8(31), 0)
	f.Add(int64(-1), -5e-324, "", []byte("123456789012345678.5000000001"), uint8(85), 7)
	f.Add(int64(0), 16777216.5, "M\xfcller", []byte{}, uint8(255), -1)
	all := registries(f)
	f.Fuzz(func(t *testing.T, n int64, x float64, s string, b []byte, which uint8, skip int) {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return // no database here has them
		}
		for _, r := range all {
			for _, sort := range everySort {
				q, err := r.Parse(url.Values{"sort": {sort}}, everyControl...)
				if err != nil {
					t.Fatal(err)
				}
				values := make([]any, len(q.Sort))
				for i, o := range q.Sort {
					values[i] = rowValue(o.Field, r.dialect, n, x, s, b, which>>i&1 == 1)
				}
				skip := max(skip, 0) & math.MaxInt32
				place := q.placeOf(values)
				given := url.Values{"sort": {sort}, "cursor": {q.mark(place, skip)}}
				next, err := r.Parse(given, everyControl...)
				if err != nil {
					t.Fatalf("%s: %s is refused: %v", sort, place, err)
				}
				if next.place != place || next.skip != skip {
					t.Fatalf("%s: place %s and %d, was %s and %d", sort, next.place, next.skip, place, skip)
				}
				for i, o := range q.Sort {
					if !sameValue(o.Field, r.dialect, values[i], next.after[i]) {
						t.Fatalf("%s: %s is %#v, was %#v", sort, o.Field.Name, next.after[i], values[i])
					}
				}
			}
		}
	})
}

// rowValue is one that a database may give for the field.
func rowValue(f *Field, d *dialect, n int64, x float64, s string, b []byte, other bool) any {
	if other && f.nullable {
		return nil
	}
	switch f.class() {
	case number:
		switch {
		case f.Kind == schema.Float && d.single:
			if math.IsInf(float64(float32(x)), 0) {
				return float32(1)
			}
			return float32(x)
		case f.Kind == schema.Float || f.Kind == schema.Double:
			return x
		case longNumber.Match(b) && d.decimals && f.Kind != schema.Bit:
			return []byte(trimFill(string(b)))
		}
		return n
	case instant:
		if d.loose {
			if other {
				return n
			}
			return s
		}
		const end = 253402300800 // the year 10000
		return []byte(time.Unix((n%end+end)%end, 0).UTC().Format("2006-01-02 15:04:05"))
	}
	if d == mysqlDialect && len(b) > 0 {
		return b
	}
	return s
}

// sameValue reports whether a value from a cursor finds the place of the one that a row had.
func sameValue(f *Field, d *dialect, was, is any) bool {
	if was == nil || is == nil {
		return was == nil && is == nil
	}
	text := func(v any) (string, bool) {
		switch v := v.(type) {
		case []byte:
			return string(v), true
		case string:
			return v, true
		}
		return "", false
	}
	if f.class() != number {
		a, isText := text(was)
		b, _ := text(is)
		if n, ok := was.(int64); ok {
			x, ok := is.(float64)
			return ok && x == float64(n)
		}
		return isText && a == b
	}
	_, arg := d.operand(f, is)
	switch was := was.(type) {
	case int64:
		return arg == was
	case float32:
		x, ok := arg.(float64)
		n, whole := arg.(int64)
		return ok && float32(x) == was || whole && float32(n) == was
	case float64:
		x, ok := arg.(float64)
		n, whole := arg.(int64)
		return ok && x == was || whole && float64(n) == was
	}
	a, _ := text(was)
	b, _ := text(is)
	return compare(a, b) == 0
}
