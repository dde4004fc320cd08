package search

import (
	"encoding/json"
	"errors"
	"maps"
	"net/url"
	"strings"
	"testing"
	"time"

	"carstock/pkg/dbconn/dbtest"
	"carstock/pkg/schema"
	"carstock/services/carapi/internal/query"
)

// searchSeeds are the query strings that FuzzSearch starts with.
var searchSeeds = []string{
	"", "make=kia", "make=kia,%20skoda&model=rio", "year=2020-2021,2023&year_max=5", "price=under%2030k&sort=cheapest",
	"max_price=9000.5",
	"weight=0.1&co2_min=0.0000001", "mask_min=18446744073709551615", "sold_at=2024-05-01T10:00:00.5",
	"features=sunroof&vin=1",
	"q=kia+rio+%25+_", "q=red+kia+under+20k", "sort=-year,price,weight&limit=1", "sort=with+space,+comma&limit=1",
	"fields=id,photo&facets=make,year",
	"quo%60te%22s%27=1", "a%3Db%26c_min=1", "include_total=false&limit=1", "make=%00&model=%ff",
	"make=[%22a%22]&match=exact", "view=summary&max_chars=2000",
	"price=9000&year=2019", "make=Kai&model=zzz&match=exact", "q=kia+zzz+riio+%C5%A0koda",
	"features=Sunrof&max_chars=2000",
	"with+space%2C+comma=9", "limit=1&make=%5B%22x%22%5D&sort=id", "price=9000&msrp=1&co2=5&make=skoda",
}

// FuzzSearch sends any query string to every kind of request. It is refused as the caller's mistake, or answered with
// valid JSON. So is the next page.
func FuzzSearch(f *testing.F) {
	columns := [][2]string{
		{"id", "int"},
		{"make", "varchar(40)"},
		{"model", "varchar(40)"},
		{"year", "varchar(9)"},
		{"price", "text"},
		{"msrp", "decimal(30,10)"},
		{"weight", "float"},
		{"co2", "double"},
		{"mask", "bit(64)"},
		{"serial", "bigint unsigned"},
		{"sold_at", "datetime(3)"},
		{"updated_at", "timestamp"},
		{"features", "json"},
		{"photo", "varbinary(20)"},
		{"vin", "varchar(17)"},
		{"description", "text"},
		{"sort", "int"},
		{"with space, comma", "int"},
		{"quo`te\"s'", "varchar(9)"},
		{"a=b&c", "decimal(9,2)"},
	}
	declared := make([]string, len(columns))
	for i, c := range columns {
		declared[i] = schema.QuoteSQLite(c[0]) + " " + schema.NewColumn(c[0], c[1]).SQLiteType()
	}

	c, _ := dbtest.SQLite(f, "CREATE TABLE every ("+strings.Join(declared, ", ")+")",
		"INSERT INTO every (id, make, model, year, price, weight, co2, sold_at, features, description) VALUES (1, 'Kia', "+
			"'Rio', '2020', '9000.5', 0.1, 1e-7, '2024-05-01 10:00:00', '[\"Sunroof\"]', 'as new')",
		"INSERT INTO every (id, make, price, mask, serial, features, photo) VALUES (2, 'Škoda', 'ask', "+
			"'18446744073709551615', '12', '{}', x'00ff'), (3, CAST(x'4dfc' AS TEXT), NULL, 1, NULL, 'no JSON', NULL)")
	c.MaxOpenConns = 2
	s := openService(f, c, "every", 10*time.Minute)

	for _, q := range searchSeeds {
		f.Add(q)
	}

	f.Fuzz(func(t *testing.T, text string) {
		values, err := url.ParseQuery(text)
		if err != nil {
			return
		}

		var wrong query.ParameterErrors
		a, err := s.Search(t.Context(), values)
		switch {
		case err == nil:
			if !json.Valid(a.Cars) || !json.Valid(a.Applied) || a.Facets != nil && !json.Valid(a.Facets) {
				t.Fatalf("%q: %s %s %s", text, a.Cars, a.Applied, a.Facets)
			}

			checkOffers(t, s, text, a.ZeroResults)
			if a.Next != nil {
				if _, err := s.Search(t.Context(), a.Next); err != nil {
					t.Fatalf("%q: the next page %v: %v", text, a.Next, err)
				}
			}
		case !errors.As(err, &wrong):
			t.Fatalf("%q: %v", text, err)
		}

		for _, ask := range []func() error{
			func() error { _, err := s.Stats(t.Context(), values); return err },
			func() error { _, err := s.Facets(t.Context(), values); return err },
			func() error { _, err := s.Car(t.Context(), text, nil); return err },
			func() error { _, err := s.CarByVIN(t.Context(), text, nil); return err },
		} {
			if err := ask(); err != nil && !errors.As(err, &wrong) && !errors.Is(err, ErrNotFound) {
				t.Fatalf("%q: %v", text, err)
			}
		}
	})
}

// checkOffers checks that each search that an empty answer offers finds as many vehicles as promised, and that the
// answer is short.
func checkOffers(t *testing.T, s *Service, text string, z *ZeroResults) {
	t.Helper()
	if z == nil {
		return
	}

	z.Link(func(request url.Values) string { return "/cars/?" + request.Encode() })
	if n := len(encodeJSON(z)); n > maxZeroResults {
		t.Fatalf("%q: no_match has %d bytes", text, n)
	}

	check := func(c RequestLink, count int) {
		t.Helper()
		request := maps.Clone(c.Request)
		request.Set("include_total", "true")
		if a, err := s.Search(t.Context(), request); err != nil || a.Total != count || count < 1 {
			t.Fatalf("%q: %s finds %+v, want %d: %v", text, c.URL, a, count, err)
		}
	}

	for _, f := range z.Filters {
		if f.URL != "" {
			check(f.RequestLink, f.Without)
		}
	}

	for _, d := range z.DidYouMean {
		check(d.RequestLink, d.Count)
	}

	for _, f := range z.InStock {
		for _, v := range f.Values {
			check(v.RequestLink, v.Count)
		}
	}

	for _, a := range z.Alternatives {
		check(a.RequestLink, a.Count)
	}
}
