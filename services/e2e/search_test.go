package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"carstock/pkg/dbconn/dbtest"
)

// One suite for both databases: each request goes to the table and to syncer's copy of it. Both must give the same
// bytes, and find the expected vehicles.

// typesTable has a column of each type, and seven rows of difficult values.
var typesTable = []string{
	`CREATE TABLE types (id INT PRIMARY KEY, make VARCHAR(40) NOT NULL, model VARCHAR(40) NOT NULL, year SMALLINT,
		price DECIMAL(10,2) COMMENT 'EUR',
		msrp DECIMAL(30,10), mileage INT UNSIGNED COMMENT 'km', weight FLOAT, co2 DOUBLE, electric BIT(1), tank BIT(12),
		serial BIGINT UNSIGNED,
		first_registered DATE, sold_at DATETIME(3), updated_at TIMESTAMP NULL, opens TIME, class ENUM('a', 'B'),
		extras SET('x', 'y'),
		features JSON, photo VARBINARY(20), vin CHAR(17), stock_number VARCHAR(20), city VARCHAR(40), description TEXT,
		limits INT,
		KEY (price), KEY (make, model, year)) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci`,
	`INSERT INTO types VALUES
		(1, 'Toyota', 'Camry', 2021, 21900.50, 1.0000000001, 12000, 0.1, 1e-7, b'1', b'100000000001', 18446744073709551615,
			'2020-02-29', '2024-05-01 10:00:00.500', '2024-05-01 10:00:00', '08:00:00', 'a', 'x,y', '["Sunroof", "Tow bar"]',
			x'00ff', 'JTDBR32E720123456', 'A-100', 'Washington, D.C.', 'One owner, like new', 1),
		(2, 'Toyota', 'RAV4', 2023, 31500, 1.0000000002, 0, 0.1, 100, b'0', b'1', 9223372036854775807,
			'2023-01-01', '2024-05-01 23:59:59.999', '2024-05-01 23:59:59', '09:30:00', 'B', '', '["sunroof"]', '',
			'JTDBR32E720123457', 'a-101', 'Zürich', 'Neuwertig, große Räder', 2),
		(3, 'Citroën', 'C3', 2021, 9999.99, 0, 80000, 19999.99, 1e22, NULL, NULL, 0,
			'2021-12-31', '2024-05-02 00:00:00', '2024-05-02 00:00:00', '-01:00:00', 'a', 'y', '[]', NULL, NULL, 'A100b',
			'Zurich', '50% off_now \\ today', 3),
		(4, 'CITROEN', 'c3', 2021, 9999.99, NULL, 80000, 3, -5.25, b'1', b'111111111111', 12,
			NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'wvwzzz1jz3w386752', 'X 1', 'Washington', NULL, NULL),
		(5, 'Ford', 'F-150', 2019, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
			'9999-12-31', '9999-12-31 23:59:59.999', '2024-04-30 23:59:59', '838:59:59', 'B', 'x', '{"a": 1}', NULL, NULL,
			NULL, NULL, 'Ford''s truck for Toyota people', -4),
		(6, 'Škoda', 'Octavia', NULL, 0, -1, 4294967295, -3.5, 0.30000000000000004, b'0', b'0', 5,
			'1000-01-01', '2024-05-01 10:00:01.000', '2024-05-01 10:00:01', '00:00:00', 'a', 'x', '["Café", "Tow bar"]', 'abc',
			NULL, '', 'D.C.', 'ŠKODA mit Anhängerkupplung', 0),
		(7, '!!!', '-', 2021, 100000, 123456789012345678.5, 12000, 1e10, 7, b'1', b'10', 7,
			'2024-05-01', '2024-05-01 10:00:00.499', '2024-05-01 09:59:59', '08:00:00', 'B', 'x,y', '["😀"]', NULL, NULL, 'Ä1',
			'😀', '', 7)`,
}

// wantIDs maps requests to the ids that they find. A space in them stands for a +, which is easier to read.
var wantIDs = map[string][]int{
	"": {1, 2, 3, 4, 5, 6, 7},
	// Texts: one of several values, in any spelling.
	"make=toyota": {1, 2}, "make=citroen": {3, 4}, "make=CITROËN": {3, 4}, "make=ford,skoda": {5, 6},
	"make=ford&make=TOYOTA": {1, 2, 5},
	"make=!!!":              {7}, "model=-": {7}, "model=f150": {5}, "model=C-3": {3, 4}, "make=toyota&model=c3": {},
	"city=Washington, D.C.": {1}, "city=zurich,D.C.": {2, 3, 6}, "city=washington": {4}, "city=😀": {7},
	"class=b": {2, 5, 7}, "extras=x,y": {1, 3, 5, 6, 7}, "extras=y": {1, 3, 7},
	"opens=08:00:00": {1, 7}, "opens=838:59:59": {5}, "vin=jtdbr32e720123456": {1}, "vin=WVWZZZ1JZ3W386752": {4},
	"vin=JTDBR 32E7-20123457": {2},
	"stock_number=a101":       {2}, "stock_number=a100": {1}, "stock_number=a-100B": {3}, "stock_number=x1": {4},
	"stock_number=ä1": {7}, "make=%25": {},
	"description=like new": {}, "description=one owner like new": {1},
	// Numbers.
	"year=2021": {1, 3, 4, 7}, "year=2019,2023": {2, 5}, "year=2019-2021": {1, 3, 4, 5, 7},
	"year=2018-2019,2022-2023": {2, 5}, "year_min=2023": {2},
	"year_max=2019": {5}, "year=02021": {1, 3, 4, 7}, "year=2021.0": {1, 3, 4, 7}, "year=2021.5": {},
	"year=2020.5-2021.5": {1, 3, 4, 7},
	"price=9999.99":      {3, 4}, "price=21900.5": {1}, "price=0": {6}, "price_min=21900.5&price_max=31500": {1, 2},
	"price_max=-0.01": {}, "price=-5-0": {6},
	"price_min=100000": {7}, "price_min=99999999999999999999": {}, "price_max=99999999999999999999.9999999999": {
		1, 2,
		3, 4, 6, 7,
	},
	"msrp_min=1": {1, 2, 7}, "msrp=-1": {6}, "msrp_max=0": {3, 6}, "mileage=4294967295": {6},
	"mileage_max=12000": {1, 2, 7}, "weight=0.1": {1, 2},
	"weight=19999.99": {3}, "weight_max=0": {6}, "weight_min=0.1": {1, 2, 3, 4, 7}, "weight_min=3.1": {3, 7},
	"co2=-5.25": {4}, "co2_min=100": {2, 3},
	"co2_max=0.0000001": {1, 4}, "co2=0.30000000000000004": nil, "electric=1": {1, 4, 7}, "electric=0": {2, 6},
	"tank=2049": {1}, "tank_min=2": {1, 4, 7},
	"serial=12": {4}, "serial_max=100": {3, 4, 6, 7}, "serial_min=9223372036854775807": {1, 2}, "limits=1-3": {1, 2, 3},
	"limits_max=-1": {5},
	// Times.
	"first_registered=2020-02-29": {1}, "first_registered_min=2021-12-31": {2, 3, 5, 7},
	"first_registered_max=2020-02-29":        {1, 6},
	"first_registered=2020-02-29,2024-05-01": {1, 7}, "first_registered_max=9999-12-31": {1, 2, 3, 5, 6, 7},
	"first_registered=9999-12-31": {5},
	"sold_at=2024-05-01":          {1, 2, 6, 7}, "sold_at=2024-05-01 10:00": {1, 6, 7},
	"sold_at=2024-05-01T10:00:00":    {1, 7},
	"sold_at=2024-05-01 10:00:00.5":  {1},
	"sold_at=2024-05-01 10:00:00.50": {1}, "sold_at=2024-05-01 10:00:00.4": {7}, "sold_at_min=2024-05-02": {3, 5},
	"sold_at_max=2024-05-01":          {1, 2, 6, 7},
	"sold_at_max=2024-05-01T10:00:00": {1, 7}, "updated_at=2024-05-01": {1, 2, 6, 7},
	"updated_at=2024-05-01T12:00:00%2B02:00": {1}, "updated_at_min=2024-05-01T23:59:59Z": {2, 3},
	"updated_at_max=2024-05-01T00:00:00-00:01": {5},
	// Elements of JSON arrays.
	"features=sunroof": {1, 2}, "features=tow bar": {1, 6}, "features=cafe": {6}, "features=cafe,SUNROOF": {1, 2, 6},
	"features=1": nil, "features=nothing": {}, "features=none&match=exact": {},
	// Words.
	"q=toyota": {1, 2}, "q=toyota&match=exact": {1, 2, 5}, "q=toyota camry": {1}, "q=f150": {5}, "q=f-150": {5},
	"q=TOY": {1, 2, 5}, "q=skoda": {6}, "q=anhanger": {6}, "q=GROSE": {2}, "q=rader": {2},
	"q=50%25": {3, 5}, "q=off_now": {3}, "q=offxnow": {}, "q=\\": nil, "q=\\ today": {3}, "q=ford's": {5},
	"q=citroen c": {3, 4}, "q=nothing": {}, "q=new&price_max=10000": {},
	// Orders: rows without a value come last in both directions.
	"sort=price": {6, 3, 4, 1, 2, 7, 5}, "sort=-price": {7, 2, 1, 4, 3, 6, 5}, "sort=-year,price": {2, 3, 4, 1, 7, 5, 6},
	"sort=year,-price": {5, 7, 1, 4, 3, 2, 6},
	"sort=msrp":        {6, 3, 1, 2, 7, 4, 5}, "sort=weight": {6, 1, 2, 4, 3, 7, 5}, "sort=-co2": {3, 2, 7, 6, 1, 4, 5},
	"sort=electric,id": {2, 6, 1, 4, 7, 3, 5},
	"sort=-tank":       {4, 1, 7, 2, 6, 5, 3}, "sort=-serial": {1, 2, 4, 7, 6, 3, 5},
	"sort=first_registered": {
		6, 1, 3, 2, 7, 5,
		4,
	}, "sort=-sold_at": {5, 3, 2, 6, 1, 7, 4},
	"sort=updated_at": {5, 7, 1, 6, 2, 3, 4}, "sort=make": {7, 4, 3, 5, 1, 2, 6}, "sort=-id": {7, 6, 5, 4, 3, 2, 1},
	"sort=price,-id":          {6, 4, 3, 1, 2, 7, 5},
	"sort=-mileage,year,make": {6, 4, 3, 7, 1, 2, 5}, "sort=class,-city": nil, "sort=opens": nil,
	"price_max=30000&sort=price": {6, 3, 4, 1},
}

func typesOnBoth(t *testing.T) (live, copied string, db *sqlx.DB) {
	t.Helper()
	mysql := dbtest.Database(t)
	db = dbtest.Open(t, mysql)
	for _, q := range typesTable {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	sqlite := copyViews(t, mysql, "types")
	return serve(t, mysql, "types"), serve(t, sqlite, "types"), db
}

func plusEncode(q string) string { return strings.ReplaceAll(q, " ", "+") }

type searchPage struct {
	Cars     []map[string]any
	Returned int
	Total    int
	HasMore  bool `json:"has_more"`
	Next     *string
	Applied  map[string]json.RawMessage
	Facets   map[string]struct {
		Values []struct {
			Value any
			Count int
		}
		Other int
	}
}

func fetch(t *testing.T, url string) searchPage {
	t.Helper()
	return parsePage(t, url, getText(t, url))
}

func parsePage(t *testing.T, url, answer string) searchPage {
	t.Helper()
	status, body, _ := strings.Cut(answer, "{")
	var p searchPage
	if err := json.Unmarshal([]byte("{"+body), &p); err != nil || status != "200 OK " {
		t.Fatalf("%s: %s {%s: %v", url, status, body, err)
	}
	return p
}

func (p searchPage) ids() []int {
	ids := []int{}
	for _, c := range p.Cars {
		ids = append(ids, int(c["id"].(float64)))
	}
	return ids
}

func TestSearchEveryType(t *testing.T) {
	live, copied, _ := typesOnBoth(t)
	for q, want := range wantIDs {
		path := "/cars/?" + plusEncode(q)
		requireSame(t, live, copied, path)
		if want == nil {
			continue // both databases agree, which is enough
		}
		p := fetch(t, live+path)
		if !slices.Equal(p.ids(), want) || p.Total != len(want) || p.Returned != len(want) || p.HasMore || p.Next != nil {
			t.Errorf("%s: %v, total %d, want %v", q, p.ids(), p.Total, want)
		}
		requireSamePages(t, live, copied, q, want)

		// The applied search, sent again, is the same request.
		again := requestOf(p.Applied)
		if q != "extras=x,y" {
			if got := fetch(t, live+"/cars/?"+again.Encode()).ids(); !slices.Equal(got, want) {
				t.Errorf("%s: applied as %s, which finds %v", q, again.Encode(), got)
			}
		}
	}
	for _, path := range []string{
		"/cars/1", "/cars/5?fields=make,id", "/cars/8", "/cars/vin/jtdbr32e720123456",
		"/cars/vin/WVWZZZ1JZ3W386752?fields=id", "/cars/vin/0", "/cars/fields", "/cars/?fields=id,price&limit=1",
		"/cars/stats", "/cars/stats?make=toyota", "/cars/stats?make=none", "/cars/facets",
		"/cars/facets?facets=make,class,electric,tank,serial,opens,city,limits&year=2021",
	} {
		requireSame(t, live, copied, path)
	}
	for path, want := range map[string]string{
		"/cars/1": `{"id":1,"make":"Toyota","model":"Camry","year":2021,"price":21900.5,"msrp":1.0000000001,` +
			`"mileage":12000,"weight":0.1,"co2":1e-07,` +
			`"electric":1,"tank":2049,"serial":"18446744073709551615","first_registered":"2020-02-29","sold_at":"2024-05-01 ` +
			`10:00:00.500","updated_at":"2024-05-01T10:00:00Z",` +
			`"opens":"08:00:00","class":"a","extras":"x,y","features":["Sunroof","Tow ` +
			`bar"],"vin":"JTDBR32E720123456","stock_number":"A-100",` + `"city":"Washington, D.C.","description":"One owner, ` +
			`like new","limits":1}`,
		"/cars/1?fields=id,photo":                   `{"id":1,"photo":"AP8="}`, // shown only on request
		"/cars/vin/Jtdbr32e720123457?fields=id,vin": `{"id":2,"vin":"JTDBR32E720123457"}`,
		"/cars/stats?year=2021": `{"count":4,"fields":{"price":{"count":4,"min":9999.99,"max":100000,"average":35475.12,` +
			`"median":15950.25},` +
			`"mileage":{"count":4,"min":12000,"max":80000,"average":46000,"median":46000},"year":{"count":4,"min":2021,` +
			`"max":2021,"average":2021,"median":2021}},"applied":{"year":[2021],"match":"smart"}`,
		"/cars/stats?make=ford": `{"count":1,"fields":{"price":{"count":0,"min":null,"max":null,"average":null,` +
			`"median":null},` +
			`"mileage":{"count":0,"min":null,"max":null,"average":null,"median":null},"year":{"count":1,"min":2019,"max":2019,` +
			`"average":2019,"median":2019}}`,
		"/cars/facets?facets=electric": `{"facets":{"electric":{"values":[{"value":1,"count":3},{"value":null,"count":2},` +
			`{"value":0,"count":2}],"other":0}}`,
	} {
		if got := strings.TrimPrefix(getText(t, live+path), "200 OK "); !strings.HasPrefix(got, want) {
			t.Errorf("%s:\n got  %s\n want %s", path, got, want)
		}
	}
}

// requireSamePages reads all pages of a search. They must be the same on both databases, and contain the wanted ids.
func requireSamePages(t *testing.T, live, copied, q string, want []int) {
	t.Helper()
	var paged []int
	for next := "/cars/?" + plusEncode(q) + "&limit=2"; ; {
		requireSame(t, live, copied, next)
		p := fetch(t, live+next)
		paged = append(paged, p.ids()...)
		if p.Total != len(want) {
			t.Errorf("%s: total %d of a page, want %d", next, p.Total, len(want))
		}
		if p.HasMore != (p.Next != nil) {
			t.Errorf("%s: has_more %v, next %v", next, p.HasMore, p.Next)
		}
		if p.Next == nil {
			break
		}
		next = *p.Next
	}
	if !slices.Equal(paged, want) {
		t.Errorf("%s: page by page %v, want %v", q, paged, want)
	}
}

// requestOf turns the applied parameters of a search back into a request.
func requestOf(applied map[string]json.RawMessage) url.Values {
	again := url.Values{}
	for name, raw := range applied {
		var several []any
		if json.Unmarshal(raw, &several) != nil {
			several = []any{strings.Trim(string(raw), `"`)}
		}
		if name == "q" {
			var words []string
			_ = json.Unmarshal(raw, &words)
			several = []any{strings.Join(words, " ")}
		}
		for _, v := range several {
			if f, ok := v.(float64); ok {
				v = strconv.FormatFloat(f, 'f', -1, 64)
			}
			again.Add(name, fmt.Sprint(v))
		}
	}

	return again
}

// A facet counts the vehicles that would be found if another of its values was chosen.
func TestFacetsAddUp(t *testing.T) {
	mysql := dbtest.Demo(t)
	sqlite := copyViews(t, mysql, "vehicles_stock")
	live, copied := serve(t, mysql, "vehicles_stock"), serve(t, sqlite, "vehicles_stock")
	names := []string{"make", "model", "year", "color", "condition", "doors", "cylinders", "city"}
	for _, filter := range []string{
		"", "make=toyota", "make=toyota,honda&year_min=2020&color=white",
		"drivetrain=AWD&price_max=40000", "cylinders=4&condition=used",
	} {
		path := "/cars/?limit=1&match=exact&" + filter + "&facets=" + strings.Join(names, ",")
		requireSame(t, live, copied, path)
		p := fetch(t, live+path)
		for _, name := range names {
			without, _ := url.ParseQuery(filter)
			for parameter := range without {
				if strings.TrimSuffix(strings.TrimSuffix(parameter, "_min"), "_max") == name {
					delete(without, parameter)
				}
			}
			sum := p.Facets[name].Other
			for i, v := range p.Facets[name].Values {
				sum += v.Count
				if v.Value == nil || i > 5 {
					continue
				}
				chosen := url.Values{name: {fmt.Sprint(v.Value)}, "limit": {"1"}, "match": {"exact"}}
				for parameter, given := range without {
					chosen[parameter] = given
				}
				if got := fetch(t, live+"/cars/?"+chosen.Encode()).Total; got != v.Count {
					t.Errorf("%s: %s=%v: %d counted, %d found", filter, name, v.Value, v.Count, got)
				}
			}
			without.Set("limit", "1")
			without.Set("match", "exact")
			if total := fetch(t, live+"/cars/?"+without.Encode()).Total; sum != total {
				t.Errorf("%s: the counts of %s add up to %d, want %d without its filter", filter, name, sum, total)
			}
		}
	}
}

// Vehicles inserted or deleted between two pages neither repeat nor hide others.
func TestPagesOfAChangingStock(t *testing.T) {
	mysql := dbtest.Demo(t)
	db := dbtest.Open(t, mysql)
	live := serve(t, mysql, "vehicles_stock")
	for _, sort := range []string{"id", "price", "-price", "-year,mileage", "make,-cylinders"} {
		var before []int
		if err := db.Select(&before, "SELECT id FROM vehicles_stock WHERE city <> 'Nowhere'"); err != nil {
			t.Fatal(err)
		}
		seen, gone := map[int]bool{}, map[int]bool{}
		for next, n := "/cars/?limit=50&include_total=false&sort="+sort, 0; ; n++ {
			p := fetch(t, live+next)
			for _, id := range p.ids() {
				if seen[id] {
					t.Errorf("%s: %d is shown twice", sort, id)
				}
				seen[id] = true
			}
			if p.Next == nil {
				break
			}
			next = *p.Next
			for _, q := range []string{
				fmt.Sprintf("INSERT INTO vehicles_stock (stock_number, make, model, year, `condition`, body_type, fuel_type, "+
					"transmission, drivetrain, doors, seats, exterior_color, price, city, state, country, dealer_id, created_at) "+
					"SELECT CONCAT('%s', %d, stock_number), make, model, year, `condition`, body_type, fuel_type, transmission, "+
					"drivetrain, doors, seats, exterior_color, price, 'Nowhere', state, country, dealer_id, created_at FROM "+
					"vehicles_stock WHERE city <> 'Nowhere' ORDER BY id LIMIT 20 OFFSET %d", sort[:2], n, n*40),
				fmt.Sprintf("DELETE FROM vehicles_stock WHERE id = %d", before[n*7]),
			} {
				if _, err := db.Exec(q); err != nil {
					t.Fatal(err)
				}
			}
			gone[before[n*7]] = true
		}
		for _, id := range before {
			if !seen[id] && !gone[id] {
				t.Errorf("%s: %d is hidden", sort, id)
			}
		}
	}
}

// The error for a wrong request says what would be right.
func TestProblemsSayWhatToSend(t *testing.T) {
	live, copied, _ := typesOnBoth(t)
	first := *fetch(t, live+"/cars/?limit=1&sort=price&make=toyota").Next
	cursor, _ := url.ParseQuery(strings.TrimPrefix(first, "/cars/?"))
	with := func(q string) string { return q + "&cursor=" + cursor.Get("cursor") }
	for q, want := range map[string]string{
		"mke=kia": `"detail":"there is no parameter \"mke\"; did you mean make? /cars/fields ` +
			`lists all fields and their parameters"`,
		"zzzz=1": `"expected":"there is no parameter \"zzzz\"; leave it out"`,
		"mke=kia&zzzz=1": `"detail":"there is no parameter \"mke\"; did you mean make? One more thing ` +
			`is wrong. /cars/fields lists`,
		"makke=kia&mmake=ford&limit=500":    `"retry_url":"/cars/?limit=100&make=kia&make=ford"`,
		"pricemin=1&price_mn=2&match=exact": `"parameter":"price_mn"`,
		"make=kia&mmake=ford&year=2020":     `"retry_url":"/cars/?make=kia&make=ford&year=2020"`,
		"pricemi=1&price_mni=2&match=exact": `"suggestions":["price_min"`,
		"pricemax=1&match=exact":            `"suggestions":["price_max"`,
		"Make=Kia&match=exact":              `"suggestions":["make"]}],"retry_url":"/cars/?make=Kia&match=exact"`,
		"limit=101":                         `"expected":"limit must be a whole number from 1 to 100"`,
		"limit=500&make=kia":                `"retry_url":"/cars/?limit=100&make=kia"`,
		"rows=500&year=x":                   `"parameter":"limit"`,
		"include_total=yes&match=exact":     `"expected":"include_total must be true or false"`,
		"include_total=perhaps":             `"expected":"include_total must be true or false"`,
		"match=fuzzy":                       `"expected":"match must be smart, which reads what people write, or exact"`,
		"view=all things":                   `"expected":"view must be summary or full"`,
		"view=summary&fields=id":            `"expected":"view and fields cannot be combined; send one of them"`,
		"max_chars=90001": `"expected":"max_chars must be a whole number from 2000 to ` +
			`90000"}],"retry_url":"/cars/?"`,
		"max_chars=1999": `"parameter":"max_chars"`,
		"sort=prise": `"expected":"there is no field \"prise\"; did you mean ` +
			`price?","suggestions":["price"]`,
		"sort=price,-price": `"expected":"sort names price twice; name each field once"`,
		"sort=features": `"expected":"vehicles cannot be sorted by \"features\"; name another field, ` +
			`or leave it out"`,
		"fields=mak":                  `"suggestions":["make"]`,
		"facets=price":                `"expected":"the values of \"price\" cannot be counted`,
		"sort=description":            `"parameter":"sort"`, // long texts cannot be sorted
		"facets=vin":                  `"parameter":"facets"`,
		"photo=x":                     `"parameter":"photo"`,
		"make_min=a":                  `"parameter":"make_min"`,
		"year=new":                    `"expected":"year must be a number such as 2018, a range such as 2018-2022`,
		"year=2023-2020":              `with the smaller first`,
		"year_min=2020-2023":          `"expected":"year_min must be a number such as 2018"`,
		"year_min=2020,2023":          `"parameter":"year_min"`,
		"year_min=2001&year_min=2002": `"expected":"year_min is given 2 times; send it once"`,
		"price_min=10&price_max=9.99": `"expected":"price_max is below price_min, which is 10; send 10 or more"`,
		"sold_at_min=2024-05-02&sold_at_max=2024-05-01": `is below sold_at_min`,
		"sold_at=2024-05-01Z":                           `time without a zone`,
		"sold_at=2024-02-30":                            `"parameter":"sold_at"`,
		"sold_at=0000-00-00":                            `"parameter":"sold_at"`,
		"first_registered=2024-05-01T00:00":             `a day such as 2026-01-31`,
		"updated_at=long+ago":                           `UTC`,
		"make=a,,b": `"expected":"make has an empty value; send a value, or ` +
			`leave it out"`,
		"make=&match=exact": `"expected":"make has an empty value; send a value, or ` +
			`leave it out"`,
		"q=...":                                      `with letters or digits`,
		"q=a b c d e f g h i j k&match=exact":        `q has 11 words; send 1 to 10 words`,
		"make=" + strings.Repeat("x", 1001):          `at most 1000 bytes`,
		"mileage=" + strings.Repeat("1,", 100) + "1": `at most 100 values`,
		"cursor=x":                      `"parameter":"cursor"`,
		with("sort=price"):              `begin again without it`,
		with("make=toyota"):             `begin again without it`,
		with("make=toyota&sort=-price"): `begin again without it`,
	} {
		path := "/cars/?" + plusEncode(q)
		requireSame(t, live, copied, path)
		got := getText(t, live+path)
		if !strings.HasPrefix(got, "400 ") || !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %s", q, got, want)
		}
	}
	if got := fetch(t, live+"/cars/?"+with("make=TOYOTA&sort=price&limit=5&fields=id")).ids(); !slices.Equal(got,
		[]int{2}) {
		t.Errorf("a cursor of another spelling: %v", got)
	}
	got := fetch(t, live+"/cars/?"+with("make=toyota&sort=price&limit=5&fields=id&include_total=false")).ids()
	if !slices.Equal(got, []int{2}) {
		t.Errorf("the second page, longer and narrower: %v", got)
	}
}

// A client that already has the current answer gets a 304.
func TestNotModified(t *testing.T) {
	live, _, db := typesOnBoth(t)
	ask := func(path, tag string) (int, string) {
		t.Helper()
		r, err := http.NewRequest(http.MethodGet, live+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-API-Key", apiKey)
		r.Header.Set("If-None-Match", tag)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		body, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode == http.StatusNotModified && len(body) > 0 {
			t.Errorf("%s: %d %s %v", path, res.StatusCode, body, err)
		}
		return res.StatusCode, res.Header.Get("ETag")
	}
	for _, path := range []string{
		"/cars/?make=toyota", "/cars/1", "/cars/vin/JTDBR32E720123456", "/cars/stats",
		"/cars/facets",
	} {
		status, tag := ask(path, "")
		if status != 200 || tag == "" {
			t.Fatalf("%s: %d, ETag %q", path, status, tag)
		}
		for _, known := range []string{tag, `"x", ` + tag, strings.TrimPrefix(tag, "W/"), "*"} {
			if status, _ := ask(path, known); status != 304 {
				t.Errorf("%s with %s: %d", path, known, status)
			}
		}
		if _, err := db.Exec("UPDATE types SET price = price + 1, year = year + 1 WHERE id = 1"); err != nil {
			t.Fatal(err)
		}
		// Counts are as old as the index.
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
			status, changed := ask(path, tag)
			if status == 200 && changed != tag {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s after a change: %d, ETag %q", path, status, changed)
			}
		}
	}
}

// A request for the count alone gets the same totals as the search itself, and no vehicles.
func TestCountOnly(t *testing.T) {
	mysql := dbtest.Demo(t)
	live, copied := serve(t, mysql, "vehicles_stock"), serve(t, copyViews(t, mysql, "vehicles_stock"), "vehicles_stock")
	for _, q := range []string{
		"", "make=Toyota", "make=Toyota&facets=color,year", "q=red toyota under 20k",
		"make=Toyota&color=red&price_max=1", "make=Chevy&match=smart&sort=-price&limit=3", "make=Toyota&view=summary",
	} {
		path := "/cars/?count_only=true&" + plusEncode(q)
		requireSame(t, live, copied, path)
		_, text, _ := strings.Cut(getText(t, live+path), "{")
		_, plainText, _ := strings.Cut(getText(t, live+"/cars/?"+plusEncode(q)), "{")
		var counted, plain map[string]json.RawMessage
		if json.Unmarshal([]byte("{"+text), &counted) != nil || json.Unmarshal([]byte("{"+plainText), &plain) != nil {
			t.Fatal(text, plainText)
		}
		for name, value := range plain {
			switch name {
			case "cars", "returned", "has_more", "next", "next_cursor", "cut":
				if counted[name] != nil {
					t.Errorf("%s has %s", path, name)
				}
			case "applied":
				if !strings.Contains(string(counted[name]), `"count_only":true`) {
					t.Errorf("%s: %s", path, counted[name])
				}
			case "no_match":
				if counted[name] == nil {
					t.Errorf("%s has no %s", path, name)
				}
			default:
				if string(counted[name]) != string(value) {
					t.Errorf("%s: %s is %s, want %s", path, name, counted[name], value)
				}
			}
		}
	}

	for path, want := range map[string]string{
		"/cars/?count_only=yes&make=Trabant&match=smart":    `200 OK {"total":0,"summary":"no vehicle matches","no_match":`,
		"/cars/?count_only=false&limit=1&fields=make":       `200 OK {"cars":[`,
		"/cars/?count_only=true&include_total=false":        `400 Bad Request {"type":"about:blank",`,
		"/cars/?count_only=maybe":                           `400 Bad Request {"type":"about:blank",`,
		"/cars/facets?count_only=true":                      `400 Bad Request {"type":"about:blank",`,
		"/cars/?count_only=true&match=exact&make=toyota":    `200 OK {"total":69,"summary":"69 Toyota, `,
		"/cars/?count_only=true&price_max=20000&make=Chevy": `200 OK {"total":`,
	} {
		requireSame(t, live, copied, path)
		if got := getText(t, live+path); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %.300s, want %s", path, got, want)
		}
	}
}
