package e2e

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// An error is short, however many mistakes a request has and however many names the table has.
func TestErrorsAreShort(t *testing.T) {
	columns := []string{"id INT PRIMARY KEY", "make VARCHAR(40)", "model VARCHAR(40)", "price DECIMAL(9,2)"}
	for i := range 250 {
		columns = append(columns, fmt.Sprintf("`%s%03d` INT", strings.Repeat("é", 60), i), fmt.Sprintf("`%s%03d` INT", strings.Repeat("n", 60), i))
	}
	wide := "CREATE TABLE wide (" + strings.Join(columns, ", ") + ")"
	for database, own := range ownTables(t, wide, "INSERT INTO wide (id, make, model, price) VALUES (1, 'Kia', 'Rio', 9000)") {
		base := serve(t, own.config, "wide")
		long, near := strings.Repeat("😀", 250), strings.Repeat("é", 60)
		unknown, several := url.Values{}, url.Values{}
		for i := range 100 {
			unknown.Add(fmt.Sprintf("%s%03dx", near, i), long)
			several.Add("make", long)
			several.Add("price", fmt.Sprintf("%d-", i)+long)
		}
		list := strings.Repeat(near+"1234,", 99) + "x"
		requests := []string{"colr=red", "x=1&" + unknown.Encode()[:15_000], several.Encode()[:15_000], "make=" + strings.Repeat(url.QueryEscape(long), 2),
			url.QueryEscape(near+"0x") + "=1", "limit=500&" + strings.Repeat("make=Kia&", 90)}
		for _, control := range []string{"fields", "facets", "sort", "view", "match", "q", "limit", "cursor"} {
			requests = append(requests, control+"="+url.QueryEscape(long), control+"="+url.QueryEscape(list[:999]), control+"="+url.QueryEscape("\"\\\x01,"+near+"0001"))
		}
		for i := range 20 {
			requests[0] += fmt.Sprintf("&unknown%d=%d", i, i)
		}
		for _, q := range requests {
			for _, path := range []string{"/cars/?", "/cars/facets?", "/cars/1?"} {
				code, body := status(base + path + q)
				if code >= 400 && len(body) > 4_000 {
					t.Errorf("%s: %s%.100s: %d bytes: %.300s", database, path, q, len(body), body)
				}
			}
		}

		many := get(t, base+"/cars/?"+requests[0])
		if !strings.HasPrefix(many, "400 ") || !strings.Contains(many, "20 more things are wrong. /cars/fields lists all") || strings.Count(many, "/cars/fields") != 1 {
			t.Errorf("%s: 21 unknown parameters: %s", database, many)
		}
		for _, path := range []string{"/cars/" + strings.Repeat("1", 10_000), "/cars/vin/" + strings.Repeat("x", 10_000), "/" + strings.Repeat("x", 10_000)} {
			if code, body := status(base + path); code != 404 || len(body) > 4_000 {
				t.Errorf("%s: %.50s: %d, %d bytes", database, path, code, len(body))
			}
		}
	}
}
