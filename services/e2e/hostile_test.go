package e2e

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// hostileValues are values that no honest caller sends.
var hostileValues = []string{
	"' OR 1=1 --", "'; DROP TABLE types; --", `" OR ""="`, "1) UNION SELECT 1 FROM types -- ", "price);DROP TABLE types--",
	"t.id", "id DESC",
	"`", "``", "'", `"`, `\`, `\'`, "%", "_", `%_\`, "?", "\x00", "a\x00b", "\xff\xfe", "\xc0\xaf", "\u202e", "😀",
	"<script>", "${jndi:ldap://x}", "*", "..",
	"", " ", ",", "a,,b", "-", "--", "{}", "[]", "null", "true", "NaN", "Infinity", "0x10", "1e309", "-1e-400",
	"1_000", "٣",
	strings.Repeat("9", 300), "-99999999999999999999", "99999999999999999999.9999999999", "0.0000000001",
	"9223372036854775808", "18446744073709551616",
	"-5--3", "3--5", "1-99999999999999999999", "1000-01-01", "0999-12-31", "0000-00-00", "2024-00-00", "2023-02-29",
	"9999-12-31", "10000-01-01",
	"9999-12-31T23:59:59.999999", "9999-12-31T23:59:59-23:59", "9999-12-31T23:59:59Z", "1000-01-01T00:00:00+23:59",
	"1969-12-31T23:59:59Z", "2038-01-19T03:14:08Z",
	"2024-05-01T24:00:00", "2024-05-01T10:00:60", "2024-05-01T10:00:00+99:99", "838:59:59", "839:00:00",
	strings.Repeat("x", 1000), strings.Repeat("é", 500), strings.Repeat("😀 ", 10), strings.Repeat("1,", 99) + "1",
}

// requireRefusedOrAnswered fails the test unless the answer is a success or a client error.
func requireRefusedOrAnswered(t *testing.T, what, answer string) {
	t.Helper()
	if !strings.HasPrefix(answer, "200 ") && !strings.HasPrefix(answer, "4") || strings.Contains(answer, "SQLSTATE") {
		t.Errorf("%s: %.500s", what, answer)
	}
}

// Hostile values get a client error or a result, the same from both databases, and leave the stock unchanged.
func TestHostileValues(t *testing.T) {
	live, copied, db := typesOnBoth(t)
	var fields struct {
		Fields []struct {
			Name      string
			Operators []string
		}
	}
	_, body, _ := strings.Cut(getText(t, live+"/cars/fields"), "{")
	if err := json.Unmarshal([]byte("{"+body), &fields); err != nil {
		t.Fatal(err)
	}
	parameters := []string{"q", "sort", "limit", "cursor", "fields", "facets", "include_total"}
	for _, f := range fields.Fields {
		parameters = append(parameters, f.Name)
		if len(f.Operators) > 3 {
			parameters = append(parameters, f.Name+"_min", f.Name+"_max")
		}
	}
	ask := func(path string) {
		t.Helper()
		want, got := getText(t, live+path), getText(t, copied+path)
		requireRefusedOrAnswered(t, path, want)
		requireRefusedOrAnswered(t, path, got)
		if got != want {
			t.Errorf("%.300s:\n SQLite %.500s\n MySQL  %.500s", path, got, want)
		}
	}
	for i, value := range hostileValues {
		for j, name := range parameters {
			if j >= 7 && (i+j)%4 != 0 {
				continue // each field gets a quarter of the values, and each value a quarter of the fields
			}
			q := url.Values{"fields": {"id"}, "include_total": {"false"}}
			q.Set(name, value)
			ask("/cars/?" + q.Encode())
		}
		escaped := url.QueryEscape(value)
		ask("/cars/?" + escaped + "=1")
		ask("/cars/?make=toyota&make=" + escaped + "&model=" + escaped + "&q=" + escaped)
		ask("/cars/facets?facets=make&city=" + escaped)
		ask("/cars/stats?description=" + escaped)
		ask("/cars/" + url.PathEscape(value))
		ask("/cars/1?fields=" + escaped)
		if value != "" {
			ask("/cars/vin/" + url.PathEscape(value))
		}
	}
	for _, path := range []string{
		"/cars/..%2f", "/cars/%2e%2e/%2e%2e/etc/passwd", "/cars/%00", "/cars/vin/%00", "/cars/" +
			strings.Repeat("1", 10_000), "/cars/vin/" + strings.Repeat("x", 10_000),
		"/cars/?%zz", "/cars/?&&&", "/cars/?=", "/cars/?=1", "/cars/?make", "/cars/?make=a;b", "/cars/?make[]=a",
		"/cars/?make=a&make=a&make=a", "/cars/?" + strings.Repeat("id=1&", 10_000),
		"/cars/?id=" + strings.Repeat("1,", 10_000) + "1", "/cars/?sort=" + strings.Repeat("id,", 99) + "id",
		"/cars/facets?x", "/cars/fields?x", "/cars/stats?limit=1",
	} {
		ask(path)
	}
	names := strings.Builder{}
	for i := range 3_000 { // more would make the URL too long
		fmt.Fprintf(&names, "%x&", i)
	}
	many := getText(t, live+"/cars/?"+names.String())
	if !strings.HasPrefix(many, "400 ") || len(many) > 4_000 {
		t.Errorf("3,000 unknown parameters get an answer of %d bytes: %.300s", len(many), many)
	}
	var n int
	if err := db.Get(&n, "SELECT COUNT(*) FROM types"); err != nil || n != 7 {
		t.Errorf("%d vehicles are left: %v", n, err)
	}
}

// A request line of a megabyte is refused, and the server keeps running.
func TestHostileLength(t *testing.T) {
	live, _, _ := typesOnBoth(t)
	address := strings.TrimPrefix(live, "http://")
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(5 * time.Minute))
	go func() { // the server may close the connection before it has read everything
		_, _ = io.WriteString(c, "GET /cars/?make="+strings.Repeat("x", 1<<20)+" HTTP/1.1\r\nHost: x\r\n\r\n")
	}()
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusRequestHeaderFieldsTooLarge && res.StatusCode != http.StatusRequestURITooLong {
		t.Errorf("a request line of 1 MB: %s", res.Status)
	}
	fetch(t, live+"/cars/")
}

// forgedValues replace the sort value of the last vehicle in cursors.
var forgedValues = []string{
	`null`, `true`, `{}`, `[]`, `[[[[[[[[1]]]]]]]]`, `{"a":{"b":[null]}}`, `0`, `-0`, `1.5`, `1e5`,
	`1E+5`, `1e999`, `-1e-999`, `1e-7`,
	strings.Repeat("9", 35), strings.Repeat("9", 400), `0.` + strings.Repeat("1", 30), `18446744073709551616`, `""`,
	`"x"`, `"1"`, `"\u0000"`, `"\ud800"`, `"😀"`, `"' OR 1=1 --"`,
	`"0000-00-00"`, `"0000-00-00 00:00:00"`, `"2024-00-00"`, `"2024-02-30"`, `"9999-99-99"`, `"9999-99-99 99:99:99"`,
	`"2024-05-01 25:61:61.999999"`, `"9999-12-31 23:59:59.999999"`,
	`"2024-05-01"`, `"2024-05-01 10:00:00"`, `"2024-05-01T10:00:00"`, `"-838:59:59"`, `"` +
		strings.Repeat("y", 20_000) + `"`,
}

// Anybody can read and forge a cursor.
func TestForgedCursors(t *testing.T) {
	live, copied, _ := typesOnBoth(t)
	ask := func(what, sort, cursor string) {
		t.Helper()
		path := "/cars/?fields=id&" + url.Values{"sort": {sort}, "limit": {"1"}, "cursor": {cursor}}.Encode()
		want, got := getText(t, live+path), getText(t, copied+path)
		requireRefusedOrAnswered(t, what, want)
		requireRefusedOrAnswered(t, what, got)
		// SQLite cannot compute with numbers of so many digits
		if wide := strings.HasSuffix(sort, "msrp") || strings.HasSuffix(sort, "serial"); got != want && !wide {
			t.Errorf("%s:\n SQLite %.500s\n MySQL  %.500s", what, got, want)
		}
	}

	for _, sort := range []string{
		"id", "price", "-msrp", "weight", "-co2", "electric", "tank", "-serial",
		"first_registered", "-sold_at", "updated_at", "opens", "class", "make", "-city",
	} {
		for _, forged := range forgeries(t, sort, cursorAfterFirst(t, live, sort)) {
			ask(forged.what, sort, forged.cursor)
		}
	}

	cursor := cursorAfterFirst(t, live, "price")
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		t.Fatal(err)
	}
	for _, tail := range []string{"]", "]]", "}", ",", ",1", "[", "[]", " ]", "\n]", "null", `"`, "\x00", "\ufeff", "]" +
		string(text)} {
		forged := base64.RawURLEncoding.EncodeToString(append(slices.Clip(text), tail...))
		path := "/cars/?" + url.Values{"sort": {"price"}, "limit": {"1"}, "cursor": {forged}}.Encode()
		for _, base := range []string{live, copied} {
			if got := getText(t, base+path); !strings.HasPrefix(got, "400 ") {
				t.Errorf("%q after the array: %.500s", tail, got)
			}
		}
	}
	for i := range cursor {
		ask(fmt.Sprintf("truncated to %d", i), "price", cursor[:i])
		for _, bit := range []byte{1, 4, 32} {
			b := []byte(cursor)
			b[i] ^= bit
			ask(fmt.Sprintf("bit %d of byte %d", bit, i), "price", string(b))
		}
	}
	for what, cursor := range map[string]string{
		"another search's": cursorAfterFirst(t, live, "make"), "twice": cursor + cursor, "padded": cursor + "=",
		"huge": strings.Repeat("A", 50_000), "a bomb": base64.RawURLEncoding.EncodeToString(
			[]byte(strings.Repeat("[", 30_000))),
		"more after it": base64.RawURLEncoding.EncodeToString([]byte(`[1] [2]`)),
		"no array":      base64.RawURLEncoding.EncodeToString([]byte(`{"0":1}`)),
	} {
		ask(what, "price", cursor)
	}
}

// cursorAfterFirst returns the cursor after the first vehicle of an order.
func cursorAfterFirst(t *testing.T, base, sort string) string {
	t.Helper()
	next, err := url.Parse(*fetch(t, base+"/cars/?limit=1&sort="+sort).Next)
	if err != nil {
		t.Fatal(err)
	}
	return next.Query().Get("cursor")
}

// forgery is a cursor that carapi did not make, and a description of the change.
type forgery struct{ what, cursor string }

// forgeries replaces each value of a cursor with each of the forged values.
func forgeries(t *testing.T, sort, cursor string) (all []forgery) {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		t.Fatal(err)
	}
	var values []json.RawMessage
	if err := json.Unmarshal(text, &values); err != nil {
		t.Fatal(err)
	}

	for i := range values {
		for _, f := range forgedValues {
			was := values[i]
			values[i] = json.RawMessage(f)
			b := []byte{'['}
			for j, v := range values {
				if j > 0 {
					b = append(b, ',')
				}
				b = append(b, v...)
			}
			all = append(all, forgery{
				what:   fmt.Sprintf("%s: value %d is %.50s", sort, i, f),
				cursor: base64.RawURLEncoding.EncodeToString(append(b, ']')),
			})
			values[i] = was
		}
	}

	return all
}
