package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// These tests use tables that were not made for carapi: other column names, other types, and missing or ambiguous
// keys.

var german = []string{
	"CREATE TABLE bestand (fahrzeug_nr INT NOT NULL PRIMARY KEY, marke VARCHAR(40), modell VARCHAR(40), baujahr " +
		"SMALLINT, preis_brutto VARCHAR(20), farbe VARCHAR(20), laufleistung INT COMMENT 'km', einkaufspreis " +
		"DECIMAL(10,2), stellplatz VARCHAR(10), `mit leerzeichen` VARCHAR(10), word INT, number INT, `value` VARCHAR(5))",
	`INSERT INTO bestand VALUES
		(1, 'Škoda', 'Octavia', 2019, '21900.50', 'rot', 50000, 15000, 'A1', 'x y', 1, 9, 'v'),
		(2, 'Skoda', 'Fabia', 2021, '9000', 'blau', 10000, 15001, 'A2', NULL, 2, 8, 'v'),
		(3, 'VW', 'Golf', 2015, 'auf Anfrage', 'rot', NULL, NULL, NULL, 'x y', 3, 7, 'v'),
		(4, 'VW', 'Polo', 2021, NULL, NULL, 10, 15003, 'B1', 'z', 4, 6, 'v'),
		(5, 'BMW', 'X5', 2021, '100000', 'Rot', 70000, 15004, 'B2', '', 5, 5, 'v'),
		(6, 'BMW', 'i3', 2017, '9000.00', 'weiß', 30000, 15005, 'a-1', '', 6, 4, 'v')`,
	"CREATE VIEW sicht AS SELECT * FROM bestand",
}

var germanSettings = []string{"CARS_FIELDS=make=marke,model=modell,year=baujahr,price=preis_brutto,color=farbe," +
	"mileage=laufleistung", "CARS_HIDE=einkaufspreis"}

func TestOtherNames(t *testing.T) {
	for database, src := range newTables(t, german...) {
		url := serve(t, src.config, "bestand", germanSettings...)
		view := serve(t, src.config, "sicht", append(germanSettings,
			"CARS_FIELDS=id=fahrzeug_nr,make=marke,model=modell,year=baujahr,price=preis_brutto,color=farbe,"+
				"mileage=laufleistung")...)
		for q, want := range map[string][]int{
			"": {1, 2, 3, 4, 5, 6}, "make=skoda": {1, 2}, "color=ROT": {1, 3, 5}, "color=weiss": {6}, "stellplatz=a1": {1},
			"mit leerzeichen=xy": {1, 3}, "year=2021": {2, 4, 5},
			"price=9000": {2, 6}, "price_max=10000": {2, 6}, "price_min=9000.5": {1, 5}, "price=20000-30000": {1},
			"mileage_max=10000": {2, 4}, "q=vw": {3, 4}, "id=3,4": {3, 4}, "id_min=5": {5, 6},
			"sort=price": {2, 6, 1, 5, 3, 4}, "sort=-price": {5, 1, 6, 2, 4, 3}, "sort=mit leerzeichen": {5, 6, 1, 3, 4, 2},
			"sort=-word": {6, 5, 4, 3, 2, 1}, "value=v&number_max=5": {5, 6},
		} {
			for _, url := range []string{url, view} {
				path := "/cars/?fields=id&" + plusEncode(q)
				if got := fetch(t, url+path).ids(); !slices.Equal(got, want) {
					t.Errorf("%s: %s: %v, want %v", database, q, got, want)
				}
				if got := fetchPages(t, url, path, 2); !slices.Equal(got, want) {
					t.Errorf("%s: %s: by pages %v, want %v", database, q, got, want)
				}
			}
		}
		for path, want := range map[string]string{
			"/cars/1": `200 OK {"id":1,"make":"Škoda","model":"Octavia","year":2019,"price":21900.5,` +
				`"color":"rot","mileage":50000,"stellplatz":"A1","mit leerzeichen":"x y","word":1,"number":9,"value":"v"}`,
			"/cars/3?fields=id,price": `200 OK {"id":3,"price":"auf Anfrage"}`,
			"/cars/7":                 "404 ",
			"/cars/vin/x":             "404 ",
			"/cars/facets?facets=color,word,value": `200 OK {"facets":{"color":{"values":[{"value":"rot","count":3},` +
				`{"value":null,"count":1},{"value":"blau","count":1},{"value":"weiß","count":1}],"other":0},` +
				`"word":{"values":[{"value":1,"count":1},{"value":2,"count":1},{"value":3,"count":1},{"value":4,"count":1},` +
				`{"value":5,"count":1},{"value":6,"count":1}],"other":0},"value":{"values":[{"value":"v","count":6}],"other":0}}`,
			"/cars/stats": `200 OK {"count":6,"fields":{"price":{"count":4,"min":9000,"max":100000,"average":34975.13,` +
				`"median":15450.25},` +
				`"mileage":{"count":5,"min":10,"max":70000,"average":32002,"median":30000},"year":{"count":6,"min":2015,` +
				`"max":2021,"average":2019,"median":2020}}`,
			"/cars/fields": `200 OK {"fields":[{"name":"id","column":"fahrzeug_nr","type":"integer","about":"identifies the ` +
				`vehicle in this stock","operators":["eq","in","range","min","max","not"],"filters":["id","id_min","id_max",` +
				`"id_not"],"sort":true,"facet":false,"min":1,"max":6}`,
		} {
			if got := getText(t, url+path); !strings.HasPrefix(got, want) {
				t.Errorf("%s: %s:\n got  %s\n want %s", database, path, got, want)
			}
		}
		if got := getText(t, url+"/cars/fields"); !strings.Contains(got,
			`{"name":"price","column":"preis_brutto","type":"number",`) || database == "MySQL" &&
			!strings.Contains(got, `"unit":"km"`) {
			t.Errorf("%s: /cars/fields: %s", database, got)
		}
		requireHidden(t, database, url)
	}
}

// requireHidden checks that requests for a hidden column get the same answers as requests for a missing one.
func requireHidden(t *testing.T, database, url string) {
	t.Helper()
	for _, path := range []string{
		"/cars/?%s=1", "/cars/?%s_min=1", "/cars/?sort=%s", "/cars/?sort=-%s",
		"/cars/?fields=id,%s", "/cars/?facets=%s", "/cars/facets?facets=%s", "/cars/facets?%s_max=1",
		"/cars/stats?%s=1", "/cars/1?fields=%s", "/cars/vin/1?fields=%s", "/cars/%s",
	} {
		hidden := getText(t, url+fmt.Sprintf(path, "einkaufspreis"))
		absent := getText(t, url+fmt.Sprintf(path, "einkaufspr3is"))
		if strings.ReplaceAll(hidden, "einkaufspreis", "N") != strings.ReplaceAll(absent, "einkaufspr3is", "N") ||
			strings.Count(absent, "einkaufspreis") > 0 || !strings.HasPrefix(hidden, "4") {
			t.Errorf("%s: %s:\n hidden %s\n absent %s", database, path, hidden, absent)
		}
	}
	for _, path := range []string{
		"/cars/", "/cars/1", "/cars/fields", "/cars/stats", "/cars/facets",
		"/cars/?einkaufspreix=1", "/cars/?sort=einkaufpreis", "/cars/?q=15001",
	} {
		if got := getText(t, url+path); strings.Contains(got, "einkaufspreis\"") || strings.Contains(got, "einkaufspreis,") ||
			strings.Contains(got, "15001") && !strings.Contains(path, "15001") {
			t.Errorf("%s: %s reveals the hidden column: %s", database, path, got)
		}
	}
}

// fetchPages returns the ids of all vehicles, limit per page.
func fetchPages(t *testing.T, url, path string, limit int) []int {
	t.Helper()
	ids := []int{}
	for next, pages := fmt.Sprintf("%s&limit=%d", path, limit), 0; ; pages++ {
		p := fetch(t, url+next)
		ids = append(ids, p.ids()...)
		if p.Next == nil || pages > 100 {
			return ids
		}
		next = *p.Next
	}
}

func TestColumnSettingsThatDoNotFit(t *testing.T) {
	for database, src := range newTables(t, append(german, "CREATE TABLE nur_fin (fin VARCHAR(17) NOT NULL PRIMARY KEY, "+
		"make VARCHAR(9), model VARCHAR(9), stock_number VARCHAR(9))")...) {
		for _, test := range []struct {
			table, fields, hide string
			code                int
			want                []string
		}{
			{"bestand", "", "marke,modell", 1, []string{
				"no column for make", "CARS_FIELDS=make=COLUMN",
				"fahrzeug_nr, marke, modell", "not found: ", "CARS_FIELDS=",
			}},
			{"bestand", "make=marke,model=modell,price=preis", "", 1, []string{
				"CARS_FIELDS: bestand has no column \"preis\"",
				"preis_brutto",
			}},
			{"bestand", "make=marke,model=modell", "einkauf", 1, []string{
				"CARS_HIDE: bestand has no column \"einkauf\"",
				"einkaufspreis",
			}},
			{"bestand", "make=marke,model=modell", "marke", 1, []string{"make", "marke", "CARS_HIDE"}},
			{"bestand", "make=marke,make=modell", "", 2, []string{"CARS_FIELDS", "twice"}},
			{"bestand", "make=marke,model=MARKE", "", 2, []string{"CARS_FIELDS", "twice"}},
			{"bestand", "make", "", 2, []string{"CARS_FIELDS", "field=column"}},
			{"bestand", "make=marke,model=modell,sort=farbe", "", 2, []string{"sort is a parameter of every search"}},
			{"nur_fin", "vin=fin", "fin", 1, []string{"fin", "CARS_HIDE"}},
		} {
			code, out := startRefused(t, src.config, test.table, "CARS_FIELDS="+test.fields, "CARS_HIDE="+test.hide)
			if code != test.code {
				t.Errorf("%s: %s, %s: exit code %d: %s", database, test.fields, test.hide, code, out)
			}
			for _, want := range test.want {
				if !strings.Contains(strings.ReplaceAll(out, `\"`, `"`), want) {
					t.Errorf("%s: %s, %s: %q is not in %s", database, test.fields, test.hide, want, out)
				}
			}
		}
		// A table without an id is still searched.
		noIDs := serve(t, src.config, "sicht", "CARS_FIELDS=make=marke,model=modell", "CARS_HIDE=")
		var models []string
		for next := "/cars/?make=vw&limit=1"; next != "" && len(models) < 5; {
			p := fetch(t, noIDs+next)
			models = append(models, fmt.Sprint(p.Cars[0]["model"]))
			next = ""
			if p.Next != nil {
				next = *p.Next
			}
		}
		if slices.Sort(models); !slices.Equal(models, []string{"Golf", "Polo"}) {
			t.Errorf("%s: without an id: %v", database, models)
		}
		if got := getText(t, noIDs+"/cars/1"); !strings.HasPrefix(got, "404 ") || !strings.Contains(got, "have no id") {
			t.Errorf("%s: without an id: %s", database, got)
		}
		// A hidden key does not identify vehicles; the dealer's number does.
		src.exec(t, "INSERT INTO nur_fin VALUES ('SECRET', 'Kia', 'Rio', 'K-1')")
		url := serve(t, src.config, "nur_fin", "CARS_HIDE=fin")
		got := getText(t, url+"/cars/K-1")
		if got != `200 OK {"id":"K-1","make":"Kia","model":"Rio","stock_number":"K-1"}`+"\n" {
			t.Errorf("%s: %s", database, got)
		}
	}
}

// Every vehicle appears on some page, even if its id is missing, repeated or binary.
func TestAmbiguousIDs(t *testing.T) {
	both := newTables(t, "CREATE TABLE numbers (stock_number VARCHAR(9), make VARCHAR(9), model VARCHAR(9), year INT, "+
		"mileage INT)",
		"CREATE TABLE bin (id VARBINARY(16) NOT NULL PRIMARY KEY, make VARCHAR(9), model VARCHAR(9), mileage INT)",
		"CREATE TABLE big (id BIGINT UNSIGNED NOT NULL PRIMARY KEY, make VARCHAR(9), model VARCHAR(9), mileage INT)")
	for database, src := range both {
		var all []int
		for i := range 40 {
			number := []any{nil, "", "K-1", "k-1", fmt.Sprint("K-", i)}[i%5]
			src.exec(t, "INSERT INTO numbers VALUES (?, 'Kia', 'Rio', ?, ?)", number, []any{nil, 2020, 2021}[i%3], i)
			src.exec(t, "INSERT INTO bin VALUES (?, 'Kia', 'Rio', ?)", []byte{0xff, byte(i), 0, 0xc3}, i)
			src.exec(t, "INSERT INTO big VALUES (?, 'Kia', 'Rio', ?)", int64(1)<<60+int64(i), i)
			all = append(all, i)
		}
		for _, table := range []string{"numbers", "bin", "big"} {
			url := serve(t, src.config, table)
			requireEachOnce(t, database, table, url, all)
		}
		bin := serve(t, src.config, "bin")
		id := fetch(t, bin+"/cars/?limit=1").Cars[0]["id"].(string)
		if got := getText(t, bin+"/cars/"+strings.ReplaceAll(id, "/", "%2F")); !strings.HasPrefix(got, `200 OK {"id":"`+id) {
			t.Errorf("%s: /cars/%s: %s", database, id, got)
		}
		if database == "MySQL" { // SQLite cannot store these numbers
			src.exec(t, "INSERT INTO big VALUES (18446744073709551615, 'Kia', 'Rio', 99)")
			if got := getText(t, serve(t, src.config, "big")+
				"/cars/18446744073709551615?fields=mileage"); got != "200 OK {\"mileage\":99}\n" {
				t.Error(got)
			}
		}
	}
}

// requireEachOnce reads all pages in several orders. Each vehicle must appear exactly once.
func requireEachOnce(t *testing.T, database, table, url string, all []int) {
	t.Helper()
	for _, sort := range []string{"id", "-id", "make", "-model", "make,-model", "-make,id", "year", "-year,make"} {
		if table != "numbers" && strings.Contains(sort, "year") {
			continue
		}

		path := "/cars/?limit=3&sort=" + sort
		if table == "bin" {
			path = strings.TrimSuffix(strings.ReplaceAll(strings.ReplaceAll(path, "=-id", "=-make"), ",id", ""), "&sort=id")
		}

		seen := mileagesByPages(t, url, path)
		slices.Sort(seen)
		if !slices.Equal(seen, all) {
			t.Errorf("%s: %s by %s: %v", database, table, sort, seen)
		}
	}
}

// mileagesByPages reads the mileages page by page, up to 30 pages.
func mileagesByPages(t *testing.T, url, path string) []int {
	t.Helper()
	seen := []int{}
	for pages := 0; pages < 30; pages++ {
		p := fetch(t, url+path)
		for _, c := range p.Cars {
			seen = append(seen, int(c["mileage"].(float64)))
		}
		if p.Next == nil {
			break
		}
		path = *p.Next
	}
	return seen
}

// SQLite stores whatever it is given: a CSV import leaves texts in numeric columns, and invalid UTF-8.
func TestLooseSQLite(t *testing.T) {
	src := newTables(t)["SQLite"]
	src.exec(t, "CREATE TABLE loose (id INTEGER PRIMARY KEY, make TEXT, model STRING, price REAL, mileage INTEGER, sold "+
		"DATE, class ENUM, electric BOOLEAN)")
	src.exec(t, `INSERT INTO loose VALUES (1, 'Kia', 3, '', 'n/a', '01.05.2024', 5, 1),
		(2, 'Kia', '3', 500, 10, 20240501, 'b', 0), (3, CAST(x'4dfc' AS TEXT), 7, 1000.5, '', '2024-05-01', NULL, 'yes'),
		(4, CAST(x'4dfd' AS TEXT), 3.5, NULL, 7, NULL, x'00ff', NULL),
		(5, CAST(x'4dfc' AS TEXT), x'ff', '1e3', 7.5, '2024-05-01T10:00:00', '', 1),
		(6, NULL, NULL, 'text', NULL, '', 'b', 0)`)
	src.exec(t, "CREATE VIEW computed AS SELECT id + 0 AS id, make || '' AS make, model, price * 1 AS price, mileage + "+
		"0 AS odd, sold, class, electric FROM loose")
	url, view := serve(t, src.config, "loose"), serve(t, src.config, "computed")
	for q, want := range map[string][]int{
		"price_min=0": {2, 3, 5}, "price_max=600": {2}, "sort=price": {2, 5, 3, 1, 4, 6}, "sort=-price": {3, 5, 2, 6, 4, 1},
		"mileage_min=0": {2, 4, 5}, "sort=-mileage": {2, 5, 4, 6, 3, 1},
		"model=3": {1, 2}, "electric=1": {1, 5}, "model=3.5": {4}, "class=5": {1}, "class=b": {2, 6}, "make=kia": {1, 2},
		"q=kia": {1, 2},
	} {
		if got := fetch(t, url+"/cars/?"+q).ids(); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", q, got, want)
		}
	}
	for _, sort := range []string{
		"id", "make", "-make", "model", "-model", "price", "-price", "mileage", "odd", "sold",
		"-sold", "class", "-class", "model,-class,sold",
	} {
		for _, url := range []string{url, view} {
			if url == view && strings.Contains(sort, "mileage") || url != view && sort == "odd" {
				continue
			}
			path := "/cars/?sort=" + sort
			var want, got []string
			for _, c := range fetch(t, url+path).Cars {
				want = append(want, fmt.Sprint(c["id"]))
			}
			for next, pages := path+"&limit=1", 0; pages < 20; pages++ {
				p := fetch(t, url+next)
				got = append(got, fmt.Sprint(p.Cars[0]["id"]))
				if p.Next == nil {
					break
				}
				next = *p.Next
			}
			if !slices.Equal(got, want) || len(want) != 6 {
				t.Errorf("%s: page by page %v, on one page %v", sort, got, want)
			}
		}
	}
	for _, path := range []string{
		"/cars/facets?facets=make,model,mileage,class", "/cars/stats", "/cars/fields", "/cars/2",
		"/cars/?facets=model&model=3&make=kia",
	} {
		if got := getText(t, url+path); !strings.HasPrefix(got, "200 ") {
			t.Errorf("%s: %s", path, got)
		}
	}
	if got := getText(t, view+"/cars/2"); !strings.HasPrefix(got, `200 OK {"id":2,`) {
		t.Error(got)
	}
}

// Values are found even if a field has more values than the index keeps, and words that match thousands of values
// produce no statement that a database refuses.
func TestManyValues(t *testing.T) {
	both := newTables(t, "CREATE TABLE many (id VARCHAR(20) NOT NULL PRIMARY KEY, make VARCHAR(40), model VARCHAR(40), "+
		"trim VARCHAR(40), engine VARCHAR(40), opens TIME, vin VARCHAR(17), weight FLOAT, price FLOAT, features JSON)")
	for database, src := range both {
		if database == "MySQL" {
			src.exec(t, "ALTER TABLE many CONVERT TO CHARACTER SET latin1")
			src.exec(t, "ALTER TABLE many MODIFY features JSON")
		}
		for begin := 0; begin < 6000; begin += 500 {
			values := strings.Builder{}
			for i := begin; i < begin+500; i++ {
				n := i % 4900
				fmt.Fprintf(&values, ",('a%d','Make a-%d','Model a %d','Trim a %d','Engine a "+
					"%d','%02d:%02d:%02d','VIN%d',%d.5,%d.25,'[\"Item %d\",\"Common\"]')", i, n, n, n, n, i/3600, i/60%60, i%60, i,
					100000+i, 20000+i, i)
			}
			src.exec(t, "INSERT INTO many VALUES "+values.String()[1:])
		}
	}
	live, file := serve(t, both["MySQL"].config, "many"), serve(t, both["SQLite"].config, "many")
	for q, n := range map[string]int{
		"features=item 5999": 1, "features=common&limit=1": 6000, "features=none": 6000, "features=nowhere": 0,
		"vin=vin 17": 1, "vin=VIN17,vin18,none,😀,\\'": 2, "opens=01:00:00": 1, "opens=abc": 0, "opens=😀": 0,
		"opens=99:99:99":        0,
		"q=a e n m o d e l i g": 6000, "q=a a a a a a a a a a": 6000, "q=make-a17": 2, "q=make-a17&match=exact": 122,
		"q=model a": 6000, "make=make a 17": 2, "weight_min=105999.5": 1, "make=" + strings.Repeat("none,", 99) + "none": 0,
	} {
		for _, url := range []string{live, file} {
			if got := fetch(t, url+"/cars/?fields=id&"+plusEncode(q)); got.Total != n {
				t.Errorf("%s at %s: %d, want %d", q, url, got.Total, n)
			}
		}
	}
	for _, path := range []string{
		"/cars/%F0%9F%98%80", "/cars/%FF", "/cars/a%00", "/cars/a1%20", "/cars/A1",
		"/cars/vin/%FF", "/cars/vin/%F0%9F%98%80", "/cars/vin/vin-5999", "/cars/a5999", "/cars/stats",
		"/cars/stats?weight_min=1", "/cars/?sort=opens&limit=3&fields=id,opens,weight",
		"/cars/?sort=-weight&limit=3&fields=id",
	} {
		requireSame(t, live, file, path)
		requireRefusedOrAnswered(t, path, getText(t, live+path))
	}
	if got := getText(t, live+"/cars/fields"); !strings.Contains(got, `"min":100000.5,"max":105999.5`) {
		t.Errorf("weight differs from the stored value: %s", got)
	}
}

// Joined tables may lack a row despite NOT NULL, and dates may be invalid.
func TestMissingAndInvalidValues(t *testing.T) {
	for database, src := range newTables(t, "CREATE TABLE cars (id INT NOT NULL PRIMARY KEY, make VARCHAR(9) NOT NULL, "+
		"model VARCHAR(9) NOT NULL, sold_at DATETIME NOT NULL, first_registered DATE NOT NULL)",
		"CREATE TABLE prices (id INT NOT NULL PRIMARY KEY, price INT NOT NULL, city VARCHAR(9) NOT NULL, seen DATE NOT NULL)",
		"CREATE VIEW joined AS SELECT c.id, c.make, c.model, c.sold_at, c.first_registered, p.price, p.city, p.seen FROM "+
			"cars c LEFT JOIN prices p ON p.id = c.id") {
		fillWithGaps(t, database, src)
		for _, table := range []string{"cars", "joined"} {
			url := serve(t, src.config, table)
			requireSorts(t, database, table, url)
			for _, path := range []string{
				"/cars/fields", "/cars/1",
				"/cars/?sold_at_min=2024-01-01&first_registered_max=2024-12-31",
			} {
				if got := getText(t, url+path); !strings.HasPrefix(got, "200 ") {
					t.Errorf("%s: %s: %s", database, path, got)
				}
			}
		}
	}
}

// fillWithGaps leaves out the price of some vehicles, and stores invalid dates.
func fillWithGaps(t *testing.T, database string, src *customSchema) {
	t.Helper()
	c, err := src.db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	statements := []string{
		"INSERT INTO cars VALUES (1, 'Kia', 'Rio', '0000-00-00 00:00:00', '2024-00-00'), (2, 'Kia', 'Rio', '2024-05-01 " +
			"10:00:00', '0000-00-00'), (3, 'Kia', 'Rio', '0000-00-00 00:00:00', '0000-00-00'), (4, 'Kia', 'Rio', '2024-05-02 " +
			"00:00:00', '2024-05-01'), (5, 'Kia', 'Rio', '2024-02-30 00:00:00', '2024-05-00')",
		"INSERT INTO prices VALUES (2, 500, 'Bonn', '2024-05-01'), (4, 400, 'Ulm', '2024-05-02')",
	}
	if database == "MySQL" {
		statements = append([]string{"SET sql_mode = 'ALLOW_INVALID_DATES'"}, statements...)
	}
	for _, q := range statements {
		if _, err := c.ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	_ = c.Close()
}

// requireSorts sorts by fields with missing values, on one page and page by page. Only the table cars has dates.
func requireSorts(t *testing.T, database, table, url string) {
	t.Helper()
	for sort, want := range map[string][]int{
		"price": {4, 2, 1, 3, 5}, "-price": {2, 4, 5, 3, 1},
		"city": {2, 4, 1, 3, 5}, "-seen": {4, 2, 5, 3, 1}, "make,price": {4, 2, 1, 3, 5},
		"make,-seen,model": {4, 2, 1, 3, 5},
		"sold_at":          {1, 3, 5, 2, 4}, "-sold_at": {4, 2, 5, 3, 1}, "first_registered": {2, 3, 1, 5, 4},
		"make,-first_registered": {4, 5, 1, 3, 2},
	} {
		if table == "cars" && !strings.HasPrefix(strings.TrimPrefix(sort, "-"), "sold") &&
			!strings.Contains(sort, "registered") {
			continue
		}
		path := "/cars/?fields=id&sort=" + sort
		if got := fetch(t, url+path).ids(); !slices.Equal(got, want) {
			t.Errorf("%s: %s by %s: %v, want %v", database, table, sort, got, want)
		}
		if got := fetchPages(t, url, path, 1); !slices.Equal(got, want) {
			t.Errorf("%s: %s by %s: page by page %v, want %v", database, table, sort, got, want)
		}
	}
}

// A cursor contains the sort value of the last vehicle. carapi gives out no cursor that is too long for a URL.
func TestSortByLongTexts(t *testing.T) {
	for database, src := range newTables(t, "CREATE TABLE wordy (id INT NOT NULL PRIMARY KEY, make VARCHAR(9), model "+
		"VARCHAR(9), trim TEXT)") {
		long := strings.Repeat("x", 7000)
		src.exec(t, "INSERT INTO wordy VALUES (1, 'Kia', 'Rio', ?), (2, 'Kia', 'Rio', ?), (3, 'Kia', 'Rio', ?)", long+"a",
			long+"b", long+"c")
		url := serve(t, src.config, "wordy")
		if got := fetch(t, url+"/cars/?sort=-trim").ids(); !slices.Equal(got, []int{3, 2, 1}) {
			t.Errorf("%s: %v", database, got)
		}
		if got := getText(t, url+"/cars/?sort=trim&limit=1"); !strings.HasPrefix(got, "400 ") ||
			!strings.Contains(got, `"parameter":"sort"`) || !strings.Contains(got, "fields with shorter values") {
			t.Errorf("%s: %.1000s", database, got)
		}
		if got := fetchPages(t, url, "/cars/?sort=-id", 1); !slices.Equal(got, []int{3, 2, 1}) {
			t.Errorf("%s: page by page %v", database, got)
		}
	}
}
