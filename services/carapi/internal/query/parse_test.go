package query

import (
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"carstock/pkg/schema"
	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/catalog/catalogtest"
)

// newTestParameters returns the parameters of a table of vehicles in which a column has the name of a control.
func newTestParameters(t *testing.T) *Parameters {
	t.Helper()
	return parametersOf(t, "id INT", "make VARCHAR(20)", "model VARCHAR(20)", "year INT", "price DECIMAL(10,2)",
		"color VARCHAR(20)", "features JSON", "photo BLOB", "created_at DATETIME", "limit INT", "page INT",
		"description TEXT")
}

// parametersOf returns the parameters of a table with these columns. The first one is its key.
func parametersOf(t *testing.T, columns ...string) *Parameters {
	t.Helper()
	table := schema.Table{Name: "cars"}
	for _, column := range columns {
		name, declared, _ := strings.Cut(column, " ")
		table.Columns = append(table.Columns, schema.NewColumn(name, declared))
	}

	c := catalogtest.BindByNames(t, catalog.Source{Table: table, Keys: [][]string{{"id"}}}, catalog.Binding{})

	return NewParameters(c)
}

// allControls are the controls of a request that may have all of them.
var allControls = slices.Sorted(maps.Keys(controlValues))

func TestNewParameters(t *testing.T) {
	p := newTestParameters(t)
	for name, want := range map[string]string{
		"make": "make 0", "make_not": "make 4", "price_min": "price 1", "price_max": "price 2", "features_all": "features 3",
		"created_at_min": "created_at 1", "limit": " 7", "field.limit": "limit 0", "field.limit_min": "limit 1",
		"page": "page 0", "page_min": "page 1", "photo": "", "photo_not": "", "make_min": "", "has": " 7",
	} {
		got := ""
		if known, ok := p.Get(name); ok {
			field := ""
			if known.Field != nil {
				field = known.Field.Name
			}
			got = field + " " + string('0'+rune(known.Use))
		}
		if got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// Applied is the request in its shortest exact form.
func TestApplied(t *testing.T) {
	p := newTestParameters(t)
	for query, want := range map[string]string{
		"": `{"match":"smart","sort":"id","limit":20,"max_chars":90000,"include_total":true}`,
		"make=Kia,Ford&year=2020-2021,2023": `{"make":["Kia,Ford"],"year":["2020-2021",2023],"match":"smart",` +
			`"sort":"id","limit":20,"max_chars":90000,"include_total":true}`,
		"price_min=1e4&sort=-price&limit=5&match=exact": `{"price_min":10000,"match":"exact","sort":"-price","limit":5,` +
			`"max_chars":90000,"include_total":true}`,
		"has=price,color&missing=year&q=red+-+car": `{"has":["price","color"],"missing":["year"],"q":["red","car"],` +
			`"match":"smart","sort":"id","limit":20,"max_chars":90000,"include_total":true}`,
		"q=heated+seats,+sunroof,": `{"q":["heated","seats","sunroof"],"match":"smart","sort":"id","limit":20,` +
			`"max_chars":90000,"include_total":true}`,
		"fields=-photo,-description&facets=make,price:5000&by=make": `{"fields":["-photo","-description"],` +
			`"facets":["make","price:5000"],"by":["make"],"match":"smart","sort":"id","limit":20,"max_chars":90000,` +
			`"include_total":true}`,
		"offset=40&limit=20&include_total=false&view=summary": `{"view":"summary","match":"smart","sort":"id","limit":20,` +
			`"offset":40,"max_chars":90000,"include_total":false}`,
		"count_only=true": `{"match":"smart","count_only":true,"sort":"id","limit":20,"max_chars":90000,` +
			`"include_total":true}`,
	} {
		values, err := ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}

		q, err := p.Parse(values, allControls...)
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}

		got := string(q.Applied(true))
		if got != want {
			t.Errorf("%s:\n got %s\nwant %s", query, got, want)
		}
		if search := string(q.Applied(false)); !strings.HasPrefix(got, strings.TrimSuffix(search, "}")) {
			t.Errorf("%s: without the page %s", query, search)
		}
	}
}

// Each error says what to send instead, and a certain correction repairs the whole request.
func TestMistakes(t *testing.T) {
	p := newTestParameters(t)
	for query, want := range map[string]string{
		"maek=Kia":                `there is no parameter "maek"; did you mean make?`,
		"-maek=Kia":               `there is no parameter "-maek"; did you mean make_not?`,
		"zzz=1":                   `there is no parameter "zzz"; leave it out`,
		"price=cheap":             "price must be " + DescribeValues(p.Catalog.Field("price")),
		"price_min=5-9":           "price_min must be a number such as 20000 or 19999.5",
		"price_min=9&price_max=5": "price_max is below price_min, which is 9; send 9 or more",
		"make=":                   "make has an empty value; send a value, or leave it out",
		"price_min=1&price_min=2": "price_min is given 2 times; send it once",
		"limit=101":               "limit must be a whole number from 1 to 100",
		"sort=features":           `vehicles cannot be sorted by "features"; name another field, or leave it out`,
		"sort=price,-price":       "sort names price twice; name each field once",
		"facets=price": `the values of "price" cannot be counted one by one; send a step, such as ` +
			`price:5000`,
		"facets=price:0": "the step of price must be a number above 0; send price:5000 for " +
			"ranges of 5000",
		"by=make,model,color": "by names 3 fields; name one or two",
		"has=photo": `"photo" holds bytes, and has does not support these; name another field, or ` +
			`leave it out`,
		"view=summary&fields=make": "view and fields cannot be combined; send one of them",
		"offset=1&cursor=x":        "offset and cursor cannot be combined; send one of them",
		"offset=9990&limit=20": "offset reaches the first 10000 vehicles; follow next or cursor to those " +
			"after them",
		"match=fuzzy":                         "match must be " + controlValues["match"],
		"fields=-zzz":                         `there is no field "zzz"; name another field, or leave it out`,
		"count_only=1":                        "count_only must be true or false",
		"make=a%ff":                           "a value of make is not valid UTF-8; send text in UTF-8",
		"q=-+-":                               "q has 0 words; send 1 to 10 words with letters or digits",
		"q=+,":                                "q has an empty value; send a value, or leave it out",
		"count_only=true&include_total=false": "count_only answers the total alone; leave out include_total=false",
	} {
		values, err := ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}

		_, err = p.Parse(values, allControls...)
		if err == nil || err.Error() != want {
			t.Errorf("%s:\n got %v\nwant %s", query, err, want)
		}
	}
}

func TestCorrections(t *testing.T) {
	p := newTestParameters(t)
	for query, want := range map[string]string{
		"maek=Kia&limit=500":        "limit=100&make=Kia",
		"make=&color=red":           "color=red",
		"sort=prcie":                "sort=price",
		"fields=make,mdoel":         "fields=make%2Cmodel",
		"maek=Kia&zzz=1":            "",
		"price=cheap":               "",
		"max_chars=100000&make=Kia": "make=Kia",
	} {
		values, err := ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}

		_, err = p.Parse(values, allControls...)
		var retry url.Values
		var mistakes ParameterErrors
		if errors.As(err, &mistakes) {
			retry = mistakes.Retry
		}
		if got := retry.Encode(); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
}

func TestCompleteOrder(t *testing.T) {
	p := newTestParameters(t)
	for sort, want := range map[string]string{
		"": "id", "price": "price id", "-price": "-price -id", "id,price": "id", "-year,price": "-year price id",
	} {
		values := url.Values{}
		if sort != "" {
			values.Set("sort", sort)
		}
		q, err := p.Parse(values, allControls...)
		if err != nil {
			t.Fatal(err)
		}

		var got []string
		for _, o := range q.Sort {
			got = append(got, o.String())
		}
		if got := strings.Join(got, " "); got != want {
			t.Errorf("sort=%s: %s, want %s", sort, got, want)
		}
	}
}

// The next page of a search has the same fingerprint in any spelling. Another search has another one.
func TestNextPage(t *testing.T) {
	p := newTestParameters(t)
	parse := func(query string) *Query {
		values, _ := ParseQuery(query)
		q, err := p.Parse(values, allControls...)
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		return q
	}
	q := parse("make=Kia,Ford&sort=price&offset=2")
	same := parse("make=ford&make=KIA&sort=price&limit=5")
	if q.fingerprint() != same.fingerprint() {
		t.Error("another spelling is another search")
	}

	for _, other := range []string{
		"make=Kia&sort=price", "make=Kia,Ford&sort=-price", "make_not=Kia,Ford&sort=price",
		"make=Kia,Ford&sort=price&q=red",
	} {
		if parse(other).fingerprint() == q.fingerprint() {
			t.Errorf("%s is the same search", other)
		}
	}

	next := q.NextPage(Cursor{SortKey: cellsOf(p.Catalog.Field("price"), 9000, 7)})
	if next.Has("offset") || next.Get("match") != MatchExact || !next.Has("cursor") {
		t.Errorf("next page %v", next)
	}
}

// A filter by a column that has the name of a control is part of the search. It does not say where a page begins.
func TestColumnsNamedAsControls(t *testing.T) {
	p := parametersOf(t, "id INT", "model VARCHAR(20)", "offset INT")
	q, err := p.Parse(url.Values{"offset": {"35"}, "page": {"2"}}, allControls...)
	if err != nil {
		t.Fatal(err)
	}

	next := q.NextPage(Cursor{SortKey: cellsOf(p.Catalog.ID(), 7)})
	if _, err := p.Parse(next, allControls...); err != nil || next.Get("offset") != "35" || next.Has("page") {
		t.Errorf("next page %v: %v", next, err)
	}
}
