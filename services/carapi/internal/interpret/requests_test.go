package interpret_test

import (
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"carstock/pkg/dbconn"
	"carstock/pkg/dbconn/dbtest"
	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/index"
	"carstock/services/carapi/internal/interpret"
	"carstock/services/carapi/internal/query"
	"carstock/services/carapi/internal/store"
	"carstock/services/carapi/internal/value"
)

// stock is an index of a table, and the interpreter of requests about it.
type stock struct {
	*interpret.Interpreter
	index *index.Index
}

func readStock(t *testing.T, c dbconn.Config, table string) stock {
	t.Helper()
	db, err := dbconn.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	vocabulary, err := value.ReadVocabulary("")
	if err != nil {
		t.Fatal(err)
	}
	binding := catalog.Binding{Vocabulary: vocabulary}
	st := store.New(db, db, c.Driver, store.Settings{Table: table, Binding: binding, Timeout: time.Minute, Ping: db.PingContext}, slog.New(slog.DiscardHandler))
	var b *index.Builder
	read, _, err := st.Read(t.Context(), nil, func(c *catalog.Catalog, about int) ([]*catalog.Field, func([]value.Cell) error, error) {
		b = index.NewBuilder(c, about)
		return c.Indexed, b.Add, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return stock{interpret.New(read, vocabulary), b.Build()}
}

// asRead writes the filters of a request as testdata/requests.txt does, and gives the request as it was read.
func asRead(t *testing.T, s stock, values url.Values) (string, url.Values) {
	t.Helper()
	q, _, err := s.Interpret(s.index, values, "q", "sort", "limit", "cursor", "fields", "facets", "include_total", "view", "max_chars")
	var wrong query.ParameterErrors
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
	for i := range q.Filters {
		if f := &q.Filters[i]; f.Texts != nil && f.Meant == nil {
			f.Meant = []string{"(none)"}
		}
	}
	var applied map[string]any
	if err := json.Unmarshal(q.Applied(true), &applied); err != nil {
		t.Fatal(err)
	}
	for name, usual := range map[string]any{"sort": "id", "limit": 20.0, "include_total": true, "match": "smart", "max_chars": float64(query.MaxChars)} {
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
	return strings.Join(all, " & "), q.Values()
}

// Each request of testdata/requests.txt is read as it says there.
func TestRequests(t *testing.T) {
	file, err := os.ReadFile("testdata/requests.txt")
	if err != nil {
		t.Fatal(err)
	}
	s := readStock(t, dbtest.Demo(t), "vehicles_stock")
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
			name, given, _ := strings.Cut(strings.TrimSpace(pair), "=")
			values.Add(name, given)
		}
		got, read := asRead(t, s, values)
		if got != strings.TrimSpace(want) {
			t.Errorf("%s -> %s\n want %s", strings.TrimSpace(request), got, want)
		}
		if again, _ := asRead(t, s, read); read != nil && again != got { // what is exact is read as it is
			t.Errorf("%s: read once more: %s -> %s", strings.TrimSpace(request), got, again)
		}
	}
	if n < 150 {
		t.Errorf("%d requests", n)
	}
}
