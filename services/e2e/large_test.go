package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

// An answer stays within max_chars, whatever the rows contain. Values that do not fit become null, and cut names them
// with their lengths.
func TestLargeValues(t *testing.T) {
	const photo, notes = 400_000, 300_000
	both := newTables(t, "CREATE TABLE cars (id INT NOT NULL PRIMARY KEY, make VARCHAR(20), model VARCHAR(20), photo "+
		"MEDIUMBLOB, features JSON, description MEDIUMTEXT, price DECIMAL(10,2))")
	for database, src := range both {
		features, err := json.Marshal([]string{"Sunroof", strings.Repeat("x", notes)})
		if err != nil {
			t.Fatal(err)
		}
		for id := range 30 {
			src.exec(t, "INSERT INTO cars VALUES (?, 'Kia', 'Rio', ?, ?, ?, 100)", id, make([]byte, photo+id), string(features),
				strings.Repeat("é ", notes/2)+"end")
		}
		url := serve(t, src.config, "cars")
		for path, most := range map[string]int{
			"/cars/?limit=30&max_chars=2000":                                   2000,
			"/cars/?limit=30&max_chars=2000&fields=id,photo,features":          2000,
			"/cars/?limit=30&fields=photo,description&sort=-id&max_chars=5000": 5000,
			"/cars/?limit=30":         90_000,
			"/cars/1":                 90_000,
			"/cars/1?fields=id,photo": 90_000,
			"/cars/?limit=2&max_chars=3000&facets=make&features=sunroof&q=kia+e": 3000,
		} {
			code, body := getStatus(url + path)
			if n := utf8.RuneCountInString(body); code != 200 || n > most || !json.Valid([]byte(body)) {
				t.Errorf("%s: %s: %d, %d characters: %.300s", database, path, code, n, body)
			}
		}
		if got := getText(t, url+"/cars/7"); !strings.HasPrefix(got,
			`200 OK {"id":7,"make":"Kia","model":"Rio","features":null,"description":"é é `) ||
			!strings.Contains(got, `…","price":100,"cut":{"texts":1,"text_to":`) ||
			!strings.Contains(got, `{"field":"features","length":`) || strings.Contains(got, "photo") {
			t.Errorf("%s: %.300s ... %s", database, got, got[max(0, len(got)-300):])
		}
		if got := getText(t, url+"/cars/7?fields=id,photo"); got != fmt.Sprintf(
			`200 OK {"id":7,"photo":null,"cut":{"texts":0,"text_to":0,"cars":0,"values":[{"field":"photo","length":%d}]}}`,
			photo+7)+"\n" {
			t.Errorf("%s: %.300s", database, got)
		}
		if got := getText(t, url+"/cars/?fields=id,photo&limit=1"); !strings.Contains(got,
			`"cars":[{"id":0,"photo":null}],`) ||
			!strings.Contains(got, fmt.Sprintf(`"cut":{"texts":0,"text_to":0,"cars":0,"values":[{"id":0,"field":"photo",`+
				`"length":%d}]}`, photo)) {
			t.Errorf("%s: %.500s", database, got)
		}
		if p := fetch(t, url+"/cars/?q=end&features=sunroof&fields=id&limit=100"); len(p.ids()) != 30 || p.Total != 30 {
			t.Errorf("%s: words at the end of long texts find %d of %d", database, len(p.ids()), p.Total)
		}
	}
}

// A key of several columns becomes one id: its percent-encoded values, separated by ~.
func TestKeyOfSeveralColumns(t *testing.T) {
	for database, src := range newTables(t, "CREATE TABLE cars (dealer INT NOT NULL, vin VARCHAR(20) NOT NULL, make "+
		"VARCHAR(20), model VARCHAR(20), price INT, PRIMARY KEY (dealer, vin))",
		"INSERT INTO cars VALUES (12, '1HGCM82633A004352', 'Honda', 'Accord', 1), (13, '1HGCM82633A004352', 'Honda', "+
			"'Accord', 2), (12, 'a~b/c %', 'Kia', 'Rio', 3)") {
		url := serve(t, src.config, "cars")
		ids := []string{}
		for next := "/cars/?limit=1&sort=price"; next != ""; {
			p := fetch(t, url+next)
			ids = append(ids, p.Cars[0]["id"].(string))
			next = ""
			if p.Next != nil {
				next = *p.Next
			}
		}
		if got := strings.Join(ids, " "); got != "12~1HGCM82633A004352 13~1HGCM82633A004352 12~a%7Eb%2Fc%20%25" {
			t.Errorf("%s: %s", database, got)
		}
		for i, id := range ids {
			for _, escaped := range []string{id, strings.ReplaceAll(id, "%", "%25")} { // also escaped twice
				path := "/cars/" + escaped + "?fields=id,price"
				if got := getText(t, url+path); got != fmt.Sprintf(`200 OK {"id":%q,"price":%d}`, id, i+1)+"\n" {
					t.Errorf("%s: %s: %s", database, path, got)
				}
			}
		}
		for _, path := range []string{
			"/cars/12", "/cars/12~x", "/cars/12~1HGCM82633A004352~", "/cars/~",
			"/cars/x~1HGCM82633A004352", "/cars/1HGCM82633A004352",
		} {
			if got := getText(t, url+path); !strings.HasPrefix(got, "404 ") {
				t.Errorf("%s: %s: %s", database, path, got)
			}
		}
	}
}

// Sums are exact, however large the numbers are.
func TestSumsOfLargeNumbers(t *testing.T) {
	for database, src := range newTables(t, "CREATE TABLE cars (id INT NOT NULL PRIMARY KEY, make VARCHAR(20), model "+
		"VARCHAR(20), mileage BIGINT, price DOUBLE)",
		"INSERT INTO cars VALUES (1, 'Kia', 'Rio', 9223372036854775807, 0.1), (2, 'Kia', 'Rio', 9223372036854775807, 0.2), "+
			"(3, 'Kia', 'Rio', NULL, 1e15)") {
		if got := getText(t, serve(t, src.config, "cars")+"/cars/stats"); !strings.HasPrefix(got,
			`200 OK {"count":3,"fields":{"price":{"count":3,"min":0.1,"max":1000000000000000,"average":"333333333333333.43",`+
				`"median":0.2},`+
				`"mileage":{"count":2,"min":"9223372036854775807","max":"9223372036854775807","average":"9223372036854775807",`+
				`"median":"9223372036854775807"}}`) {
			t.Errorf("%s: %s", database, got)
		}
	}
}

// Facets, identifying texts and cursors stay within max_chars too.
func TestLongTexts(t *testing.T) {
	const long = 5000
	for database, src := range newTables(t, "CREATE TABLE cars (id INT NOT NULL PRIMARY KEY, stock_number TEXT, make "+
		"VARCHAR(20), model VARCHAR(20), remarks TEXT, color VARCHAR(20))") {
		for id := range 30 {
			src.exec(t, "INSERT INTO cars VALUES (?, ?, 'Kia', 'Rio', ?, ?)", id, strings.Repeat("s", long)+fmt.Sprint(id),
				strings.Repeat("é", long)+fmt.Sprint(id), fmt.Sprint("color ", id))
		}
		url := serve(t, src.config, "cars")
		for path, most := range map[string]int{
			"/cars/?max_chars=2000&facets=remarks,color&fields=id,make": 2000,
			"/cars/?max_chars=2000&limit=1":                             2000,
			"/cars/?max_chars=8000&limit=30":                            8000,
			"/cars/facets?facets=remarks,color":                         90_000,
			"/cars/?sort=color&facets=remarks":                          90_000,
		} {
			code, body := getStatus(url + path)
			if n := utf8.RuneCountInString(body); code != 200 || n > most || !json.Valid([]byte(body)) {
				t.Errorf("%s: %s: %d, %d characters: %.300s", database, path, code, n, body)
			}
		}
		if got := getText(t, url+"/cars/?max_chars=2000&limit=1&fields=id,stock_number"); !strings.Contains(got,
			`{"id":0,"stock_number":null}`) ||
			!strings.Contains(got, fmt.Sprintf(`"values":[{"id":0,"field":"stock_number","length":%d}]`, long+1)) {
			t.Errorf("%s: %.500s", database, got)
		}
		if got := getText(t, url+"/cars/?max_chars=2000&facets=remarks&fields=id"); !strings.Contains(got,
			`"facets":{"remarks":{"values":[],"other":30}}`) {
			t.Errorf("%s: %.500s", database, got)
		}
		if got := getText(t, url+"/cars/?max_chars=2000&sort=-remarks&fields=id&limit=3"); !strings.HasPrefix(got, "400 ") ||
			!strings.Contains(got, "fields with shorter values") {
			t.Errorf("%s: %.500s", database, got)
		}
		src.exec(t, "UPDATE cars SET remarks = substr(remarks, 1, id * 10), stock_number = NULL")
		url = serve(t, src.config, "cars")
		seen := 0
		for next := "/cars/?max_chars=4000&sort=remarks&limit=30"; next != ""; {
			if n := utf8.RuneCountInString(strings.TrimPrefix(getText(t, url+next), "200 OK ")); n > 4000 {
				t.Errorf("%s: %s: %d characters", database, next, n)
			}
			p := fetch(t, url+next)
			seen += p.Returned
			next = ""
			if p.Next != nil {
				next = *p.Next
			}
		}
		if seen != 30 {
			t.Errorf("%s: %d vehicles on all pages", database, seen)
		}
	}
}
