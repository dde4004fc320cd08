package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"carstock/pkg/dbconn/dbtest"
)

// lot is a small stock, in MySQL and as syncer has copied it.
func lot(t *testing.T, more ...string) (live, copied string) {
	t.Helper()
	mysql := dbtest.Database(t)
	db := dbtest.Open(t, mysql)
	for _, q := range append([]string{
		`CREATE TABLE cars (id INT PRIMARY KEY, make VARCHAR(20) NOT NULL, model VARCHAR(20) NOT NULL, year INT, trim VARCHAR(20), body_type VARCHAR(20), color VARCHAR(20),
			price DECIMAL(10,2) COMMENT 'USD', mileage INT COMMENT 'miles', city VARCHAR(20), description TEXT) DEFAULT CHARSET=utf8mb4`,
		`INSERT INTO cars VALUES (1, 'Toyota', 'Camry', 2019, 'SE', 'Sedan', 'Red', 21900.50, 48000, 'Austin', 'One owner'),
			(2, 'Toyota', 'Camry', 2021, 'XSE', 'Sedan', 'Gray', 24900, 12400, 'Boston', 'Red leather'), (3, 'Toyota', 'RAV4', 2022, NULL, 'SUV', 'Grey', 31500, 9000, 'Austin', NULL),
			(4, 'Honda', 'Accord', 2020, 'Sport', 'Sedan', 'Black', 0, 30000, 'Austin', ''), (5, 'Honda', 'Civic', 2023, 'LX', 'Sedan', 'Red', 27500, NULL, 'Boston', NULL),
			(6, 'Ford', 'F-150', 2018, 'XLT', 'Truck', 'Blue', 18000, 90000, 'Dallas', CONCAT('a', CHAR(0), 'b', CHAR(27), '[31m', CONVERT(X'E280AE' USING utf8mb4), 'c', CHAR(9), 'd'))`,
	}, more...) {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	return serve(t, mysql, "cars"), serve(t, copyOf(t, mysql, "cars"), "cars")
}

// TestExplained has the parts of an answer that explain it, word for word.
func TestExplained(t *testing.T) {
	live, copied := lot(t)
	for q, wants := range map[string][]string{
		"":                        {`"summary":"6 vehicles, 2018-2023, $18,000-$31,500, lowest mileage 9,000 mi"`},
		"make=toyota&model=camry": {`"summary":"2 Toyota Camry, 2019-2021, $21,900.50-$24,900, lowest mileage 12,400 mi"`},
		"id=6":                    {`"summary":"1 Ford F-150, 2018, $18,000, lowest mileage 90,000 mi"`, `"description":"ab[31mc\td"`},
		"make=honda&limit=1":      {`"total":2,`, `"summary":"2 Honda, 2020-2023, $27,500, lowest mileage 30,000 mi"`},
		"id=4":                    {`"summary":"1 Honda Accord, 2020, lowest mileage 30,000 mi"`},
		"view=summary&id=1":       {`[{"id":1,"make":"Toyota","model":"Camry","year":2019,"trim":"SE","price":21900.5,"mileage":48000,"color":"Red","city":"Austin"}]`},
		"color=grey":              {`"applied":{"color":["Gray","Grey"],`, `"interpreted":{"color":{"from":"grey","to":["Gray","Grey"],"why":"alias"}}`},
		"color=grey&match=exact":  {`"applied":{"color":["Grey"],"match":"exact",`, `"total":1,`},
		"maxPrice=$22k&make=any&city=": {`"applied":{"price_max":22000,`, `"ignored":{"city":"","make":"any"}`,
			`"interpreted":{"maxPrice":{"from":"$22k","to":{"price_max":["22000"]},"why":"another name for price_max, and thousands for short"}}`},
		"max_price=22000":       {`"interpreted":{"max_price":{"from":"22000","to":{"price_max":["22000"]},"why":"another name for price_max"}}`},
		"q=red camry under 30k": {`"interpreted":{"q":{"from":"red camry under 30k","to":{"color":["Red"],"model":["Camry"],"price_max":["30000"]},"why":"words that say what filters do"}}`, `"total":1,`},
		"q=the red leather":     {`"interpreted":{"q":{"from":"the red leather","to":["red leather"],"why":"words that say nothing are left out"}}`, `"total":1,`},
		"q=red leather":         {`"applied":{"q":["red","leather"],`, `"total":1,`},
		"model=Camry&price_max=20k": {`"summary":"no vehicle matches"`, `"no_match":{"filters":[{"parameter":"model","alone":2,"without":2,"url":"/cars/?match=exact&price_max=20000"},` +
			`{"parameter":"price_max","alone":2,"without":2,"url":"/cars/?match=exact&model=Camry"}],` +
			`"alternatives":[{"why":"the next price above: 21900.5","count":1,"url":"/cars/?match=exact&model=Camry&price_max=21900.5"},` +
			`{"why":"others of the same body: Sedan","count":1,"url":"/cars/?body_type=Sedan&match=exact&price_max=20000"}]}`},
		"make=Honda&year=2021": {`{"parameter":"make","alone":2,"without":1,"url":"/cars/?match=exact&year=2021"}`, `{"why":"the next year above: 2023","count":1,"url":"/cars/?make=Honda&match=exact&year=2023"}`,
			`{"why":"the next year below: 2020","count":1,"url":"/cars/?make=Honda&match=exact&year=2020"}`},
		"mileage_min=100k miles":      {`{"why":"the next mileage below: 90000","count":1,"url":"/cars/?match=exact&mileage_min=90000"}`},
		"make=Toyota&model=Camrys 9":  {`"did_you_mean":[{"parameter":"model","received":"Camrys 9","suggestion":"Camry","count":2,"url":"/cars/?make=Toyota&match=exact&model=Camry"}]`},
		"model=XLT":                   {`"did_you_mean":[{"parameter":"model","received":"XLT","suggestion":"XLT","suggested_parameter":"trim","count":1,"url":"/cars/?match=exact&trim=XLT"}]`},
		"color=red,mauve":             {`"total":2,`, `"unmatched":{"color":["mauve"]}`},
		"color=purple":                {`"unmatched":{"color":["purple"]}`, `"no_match":{"filters":[{"parameter":"color","alone":0,"without":0}]}`},
		"q=zeppelin&make=Ford":        {`{"parameter":"make","alone":1,"without":0},{"parameter":"q","alone":0,"without":1,"url":"/cars/?make=Ford&match=exact"}`},
		"include_total=false&limit=1": {`"has_more":true`},
	} {
		path := "/cars/?" + query(q)
		requireSame(t, live, copied, path)
		got := get(t, live+path)
		for _, want := range wants {
			if !strings.HasPrefix(got, "200 ") || !strings.Contains(got, want) {
				t.Errorf("%s:\n got %s\nwant %s", q, got, want)
			}
		}
	}
	if got := get(t, live+"/cars/?include_total=false&limit=1"); strings.Contains(got, `"summary"`) {
		t.Errorf("a summary of what was not counted: %s", got)
	}
}

// Every URL that an empty answer offers finds as many vehicles as it says, and the request that a
// problem offers is answered.
func TestOffersAreTrue(t *testing.T) {
	live, _ := lot(t)
	for _, q := range []string{"model=Camry&price_max=20k", "make=Honda&year=2021", "model=XLT", "make=Toyota&model=Camrys 9", "make=Ford&color=red&body_type=sedan"} {
		var answer struct {
			NoMatch struct {
				Filters []struct {
					URL     string
					Without int
				}
				DidYouMean []struct {
					URL   string
					Count int
				} `json:"did_you_mean"`
				Alternatives []struct {
					URL   string
					Count int
				}
			} `json:"no_match"`
		}
		unmarshal(t, live+"/cars/?"+query(q), &answer)
		offers := map[string]int{}
		for _, o := range answer.NoMatch.Filters {
			offers[o.URL] = o.Without
		}
		for _, o := range append(answer.NoMatch.DidYouMean, answer.NoMatch.Alternatives...) {
			offers[o.URL] = o.Count
		}
		delete(offers, "")
		if len(offers) == 0 {
			t.Errorf("%s: nothing is offered", q)
		}
		for url, n := range offers {
			if p := fetch(t, live+url); p.Total != n {
				t.Errorf("%s: %s finds %d, and not %d", q, url, p.Total, n)
			}
		}
	}
	for q, want := range map[string]string{
		"limit=1000&make=ford": "/cars/?limit=100&make=ford", "colour=red&sort=prise": "/cars/?color=red&sort=price", "maek=Ford": "/cars/?make=Ford", "cursor=abc&make=ford": "/cars/?make=ford",
		"maek=Ford&limit=1000": "/cars/?limit=100&make=Ford", "maek=Ford&year=soon": "",
	} {
		var problem struct {
			RetryURL string `json:"retry_url"`
		}
		got := get(t, live+"/cars/?"+query(q))
		_, body, _ := strings.Cut(got, "{")
		if err := json.Unmarshal([]byte("{"+body), &problem); err != nil || !strings.HasPrefix(got, "400 ") || problem.RetryURL != want {
			t.Errorf("%s: %s, want %s", q, got, want)
		}
		if want != "" {
			fetch(t, live+want)
		}
	}
}

// An answer is never longer than it may be: texts are cut, then vehicles are left for the next page,
// and all are found in the end.
func TestMaxChars(t *testing.T) {
	var many strings.Builder
	for i := 100; i < 200; i++ {
		fmt.Fprintf(&many, ",(%d, 'Kia', 'Rio', 2020, 'LX', 'Hatchback', 'White', 9000, 10, 'Paris', REPEAT('äö%d ', 1000))", i, i)
	}
	live, copied := lot(t, "INSERT INTO cars VALUES "+many.String()[1:])
	for q, cut := range map[string]string{
		"make=kia&limit=20": `"cut":{"texts":20,"text_to":1000,"cars":0}`, "make=kia&limit=100": `"cut":{"texts":100,"text_to":300,"cars":0}`, "make=kia&limit=5": "",
		"make=kia&limit=100&max_chars=20000": `"text_to":100,"cars":`, "make=kia&limit=100&max_chars=2000&sort=-year": `"text_to":100,"cars":9`, "make=kia&limit=1&max_chars=2000": `"cut":{"texts":1,"text_to":300,"cars":0}`,
	} {
		limit := 90_000
		if _, given, ok := strings.Cut(q, "max_chars="); ok {
			_, _ = fmt.Sscan(strings.Split(given, "&")[0], &limit)
		}
		seen, path := map[any]bool{}, "/cars/?"+query(q)
		for pages := 0; path != ""; pages++ {
			answer := get(t, live+path)
			if other := get(t, copied+path); other != answer {
				t.Errorf("%s: MySQL %.300s, SQLite %.300s", path, answer, other)
			}
			if n := utf8.RuneCountInString(answer); n > limit {
				t.Errorf("%s: %d characters", path, n)
			}
			if pages == 0 && (cut != "" && !strings.Contains(answer, cut) || cut == "" && strings.Contains(answer, `"cut"`)) {
				t.Errorf("%s: want %s in %.300s ... %s", path, cut, answer, answer[len(answer)-700:])
			}
			p := parsed(t, path, answer)
			if len(p.Cars) == 0 || p.Total != 100 {
				t.Fatalf("%s: %d of %d", path, len(p.Cars), p.Total)
			}
			for _, c := range p.Cars {
				if seen[c["id"]] {
					t.Errorf("%s: %v is there twice", q, c["id"])
				}
				seen[c["id"]] = true
			}
			if path = ""; p.Next != nil {
				path = *p.Next
			}
		}
		if len(seen) != 100 {
			t.Errorf("%s: %d vehicles on all pages", q, len(seen))
		}
	}
}
