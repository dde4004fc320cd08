package query

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"math"
	"net/url"
	"strings"
	"testing"

	"carstock/pkg/schema"
	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/catalog/catalogtest"
	"carstock/services/carapi/internal/value"
)

// everyKind has columns of every kind, some of them with names that are barely valid.
var everyKind = [][2]string{
	{"id", "int"},
	{"make", "varchar(40)"},
	{"model", "varchar(40)"},
	{"year", "varchar(9)"},
	{"price", "text"},
	{"msrp", "decimal(30,10)"},
	{"mileage", "int unsigned"},
	{"weight", "float"},
	{"co2", "double"},
	{"electric", "bit(1)"},
	{"mask", "bit(64)"},
	{"serial", "bigint unsigned"},
	{"first_registered", "date"},
	{"sold_at", "datetime(3)"},
	{"updated_at", "timestamp"},
	{"opens", "time"},
	{"class", "enum('a','b')"},
	{"features", "json"},
	{"photo", "varbinary(20)"},
	{"vin", "varchar(17)"},
	{"computed", ""},
	{"description", "text"},
	{"sort", "int"},
	{"year_min", "int"},
	{"with space, comma", "int"},
	{"quo`te\"s'", "varchar(9)"},
	{"a=b&c", "decimal(9,2)"},
	{"geo", "geometry"},
}

func everyParameter(t testing.TB) *Parameters {
	t.Helper()
	source := catalog.Source{Table: schema.Table{Name: "every", Key: []string{"id"}}, Keys: [][]string{{"id"}}}
	for _, c := range everyKind {
		source.Table.Columns = append(source.Table.Columns, schema.NewColumn(c[0], c[1]))
	}

	c := catalogtest.BindByNames(t, source, catalog.Binding{})

	return NewParameters(c)
}

var everyControl = []string{
	"q", "sort", "limit", "cursor", "fields", "facets", "include_total", "max_chars",
	"view", "match",
}

// FuzzParse reads any query string. It is refused as the caller's mistake, or the understood request can be written
// back and read again.
func FuzzParse(f *testing.F) {
	for _, q := range []string{
		"", "make=kia", "make=kia,%20skoda&model=rio", "year=2020-2021,2023&year_max=5", "price_min=9000.5&price_max=20000",
		"msrp=1.0000000001", "weight=0.1&co2_min=0.0000001", "electric=1&mask_min=18446744073709551615",
		"serial=99999999999999999999.9999999999", "first_registered=2024-02-29", "sold_at=2024-05-01T10:00:00.5",
		"updated_at_min=9999-12-31T23:59:59-23:59", "opens=08:00:00&class=a,b", "features=sunroof&vin=1",
		"computed=1&sort=computed", "q=kia+rio+%25+_", "sort=-year,price,weight&limit=1", "sort=with+space,+comma",
		"fields=id,photo&facets=make,year,electric", "quo%60te%22s%27=1", "a%3Db%26c_min=1", "with+space%2C+comma=5",
		"include_total=false&limit=100", "make=%00&model=%ff", "year_min=1&year_min_max=2", "geo=x&photo=x", "%zz", "a;b",
		"id=-0&id=00.00&id=-00.10", "make=';DROP TABLE every--",
	} {
		f.Add(q)
	}

	p := everyParameter(f)
	f.Fuzz(func(t *testing.T, text string) {
		values, err := url.ParseQuery(text)
		if err != nil {
			return
		}

		q, err := p.Parse(values, everyControl...)
		if err != nil {
			var wrong ParameterErrors
			if !errors.As(err, &wrong) || len(wrong.All) == 0 {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}

		if b := q.Applied(true); !json.Valid(b) {
			t.Fatalf("%q: applied %s", text, b)
		}

		for _, f := range q.Filters {
			for _, r := range f.Ranges {
				for _, end := range []string{r.From, r.To} {
					if f.Field.Class() == catalog.ClassNumber && end != "" && !value.IsDecimal(end) {
						t.Fatalf("%q: the end %q of a range is not a number", text, end)
					}
				}
			}
		}
	})
}

var everySort = []string{
	"id", "-make,id", "year,-id", "-price", "msrp,weight", "-weight", "co2,-serial",
	"electric,mask",
	"first_registered", "-sold_at,opens", "updated_at,class", "computed,-vin",
}

// FuzzCursor reads any text as a cursor, and any JSON after the right fingerprint. An accepted cursor is the same when
// it is written back.
func FuzzCursor(f *testing.F) {
	for i, values := range []string{
		`[1]`, `["Kia",1]`, `[2020,1,7]`, `[null,1]`, `[1.5,0.1,1]`, `[1e-7,1]`, `[1e-7,12,1]`,
		`["2024-05-01","2"]`, `["TfwA"]`, `[["TfwA"],1]`, `[-0,1e5]`, `[[[]],{}]`, `[1,99999999999]`,
	} {
		f.Add(values, uint8(i))
	}

	for _, values := range []string{
		`[1]]`, `[1]}`, `[1],`, `[1][`, `[1] [2]`, `[1]null`, "[1]\n]", "[1]\x00", `[1,7]]`,
		`[1,7,8]`, `[1`,
	} {
		f.Add(values, uint8(0))
	}

	p := everyParameter(f)
	f.Fuzz(func(t *testing.T, cursor string, which uint8) {
		sort := everySort[int(which)%len(everySort)]
		plain, err := p.Parse(url.Values{"sort": {sort}}, everyControl...)
		if err != nil {
			t.Fatal(err)
		}

		forged := base64.RawURLEncoding.EncodeToString([]byte(`["` + plain.fingerprint() + `",` +
			strings.TrimPrefix(cursor, "[")))
		for _, given := range []string{cursor, forged} {
			q, err := p.Parse(url.Values{"sort": {sort}, "cursor": {given}}, everyControl...)
			if err != nil || q.After == nil {
				continue
			}

			if text, _ := base64.RawURLEncoding.DecodeString(given); !json.Valid(text) {
				t.Fatalf("%s: accepted, though it is not JSON", given)
			}

			if len(q.After.SortKey) != len(q.Sort) {
				t.Fatalf("%s: %d values for %d fields", given, len(q.After.SortKey), len(q.Sort))
			}

			requireCursor(t, p, sort, *q.After)
		}
	})
}

// FuzzSortKey reads pages: a parsed cursor equals the sort key that it was made from.
func FuzzSortKey(f *testing.F) {
	f.Add(int64(1), 0.1, "2024-05-01 10:00:00.500", uint16(0), 1)
	f.Add(int64(math.MaxInt64), 1e22, "Zürich", uint16(31), 0)
	f.Add(int64(-1), -5e-324, "", uint16(85), 7)
	f.Add(int64(0), 16777216.5, "M\xfcller", uint16(255), -1)
	p := everyParameter(f)
	f.Fuzz(func(t *testing.T, n int64, x float64, s string, nulls uint16, skip int) {
		for _, sort := range everySort {
			q, err := p.Parse(url.Values{"sort": {sort}}, everyControl...)
			if err != nil {
				t.Fatal(err)
			}

			c := Cursor{OffsetInTies: max(skip, 0) & math.MaxInt32}
			for i, o := range q.Sort {
				raw := any(s)
				switch {
				case nulls>>i&1 == 1:
					raw = nil
				case o.Field.Kind == schema.Float || o.Field.Kind == schema.Double:
					raw = x
				case o.Field.Class() == catalog.ClassNumber:
					raw = n
				}

				cell, _ := value.FromDriver(o.Field.Kind, raw, nil)
				c.SortKey = append(c.SortKey, cell.Clone())
			}

			requireCursor(t, p, sort, c)
		}
	})
}

// requireCursor checks that a formatted cursor parses to the same cursor.
func requireCursor(t *testing.T, p *Parameters, sort string, c Cursor) {
	t.Helper()
	q, err := p.Parse(url.Values{"sort": {sort}}, everyControl...)
	if err != nil {
		t.Fatal(err)
	}

	next, err := p.Parse(q.NextPage(c), everyControl...)
	if err != nil {
		t.Fatalf("%s: %v is refused: %v", sort, c, err)
	}

	if next.After.OffsetInTies != c.OffsetInTies || CompareSortKeys(q.Sort, next.After.SortKey, c.SortKey) != 0 {
		t.Fatalf("%s: %v, was %v", sort, next.After, c)
	}

	for i := range c.SortKey {
		if isComparable(q.Sort[i].Field, c.SortKey[i]) && string(next.After.SortKey[i].Form) != string(c.SortKey[i].Form) {
			t.Fatalf("%s: %q, was %q", sort, next.After.SortKey[i].Form, c.SortKey[i].Form)
		}
	}
}
