package stock

import (
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"carstock/pkg/dbconn"
	"carstock/pkg/dbconn/dbtest"
)

// opened is the search over a table, with the usual words for values.
func opened(t testing.TB, c dbconn.Config, table string) *Store {
	t.Helper()
	db, err := dbconn.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	s := New(db, c.Driver, Settings{Table: table, Aliases: usual(t), Timeout: 10 * time.Minute, Ping: db.PingContext}, slog.New(slog.DiscardHandler))
	if err := s.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func usual(t testing.TB) Aliases {
	t.Helper()
	a, err := ReadAliases("")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// A file of more words adds to the usual ones; what is wrong in it is named with its line.
func TestReadAliases(t *testing.T) {
	file := filepath.Join(t.TempDir(), "words.txt")
	write := func(text string) (Aliases, error) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return ReadAliases(file)
	}
	a, err := write("# ours\n\n[make]\nŠkoda = Škodovka\n[stellplatz]\nhinten, ganz hinten -> B 1, B 2\n")
	if err != nil || !slices.Contains(a["make"]["skodovka"], "skoda") || !slices.Contains(a["make"]["chevy"], "chevrolet") || !slices.Equal(a["stellplatz"]["ganzhinten"], []string{"b1", "b2"}) {
		t.Errorf("%v, %v", a["stellplatz"], err)
	}
	for text, want := range map[string]string{
		"Chevrolet = Chevy": `line 1: "Chevrolet = Chevy": expected a field in brackets`, "[make]\nChevrolet": "line 2: ", "[make]\n\na = !": "line 3: ", "[make]\na ->": "line 2: ", "[make]\n-> a": "line 2: ",
		"[]\na = b": "line 2: ",
	} {
		if _, err := write(text); err == nil || !strings.Contains(err.Error(), "VOCABULARY_FILE: "+file+": "+want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	if _, err := ReadAliases(file + "x"); err == nil || !strings.Contains(err.Error(), "VOCABULARY_FILE") {
		t.Error(err)
	}
}

// asRead tells the filters of a request as testdata/requests.txt does, and gives it as it has been read.
func asRead(t *testing.T, v view, values url.Values) (string, url.Values) {
	t.Helper()
	q, err := v.request(t.Context(), values, searchControls...)
	var wrong ParameterErrors
	if errors.As(err, &wrong) {
		var names []string
		for _, w := range wrong.All {
			names = append(names, "!"+w.Parameter)
		}
		return strings.Join(names, " "), nil
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := v.resolve(t.Context(), q); err != nil {
		t.Fatal(err)
	}
	for i := range q.Filters {
		if f := &q.Filters[i]; f.Texts != nil && f.Meant == nil {
			f.Meant = []string{"(none)"}
		}
	}
	var applied map[string]any
	if err := json.Unmarshal(q.applied(true), &applied); err != nil {
		t.Fatal(err)
	}
	for name, usual := range map[string]any{"sort": "id", "limit": 20.0, "include_total": true, "match": "smart", "max_chars": float64(MaxChars)} {
		if applied[name] == usual {
			delete(applied, name)
		}
	}
	var all []string
	for _, name := range slices.Sorted(maps.Keys(applied)) {
		text, err := json.Marshal(applied[name])
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, name+"="+strings.NewReplacer("[", "", "]", "", `"`, "", `","`, ", ").Replace(string(text)))
	}
	return strings.Join(all, " & "), q.values
}

// Each request of testdata/requests.txt is read as it says there.
func TestRequests(t *testing.T) {
	file, err := os.ReadFile("testdata/requests.txt")
	if err != nil {
		t.Fatal(err)
	}
	v, _ := opened(t, dbtest.Demo(t), "vehicles_stock").state()
	n := 0
	for line := range strings.Lines(string(file)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		n++
		request, want, _ := strings.Cut(line, " ->")
		values := url.Values{}
		for pair := range strings.SplitSeq(request, " & ") {
			name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
			values.Add(name, value)
		}
		got, read := asRead(t, v, values)
		if got != strings.TrimSpace(want) {
			t.Errorf("%s -> %s\n want %s", strings.TrimSpace(request), got, want)
		}
		if again, _ := asRead(t, v, read); read != nil && again != got { // what is exact is read as it is
			t.Errorf("%s: read once more: %s -> %s", strings.TrimSpace(request), got, again)
		}
	}
	if n < 150 {
		t.Errorf("%d requests", n)
	}
}
