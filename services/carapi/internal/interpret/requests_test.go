package interpret_test

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
	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/index"
	"carstock/services/carapi/internal/interpret"
	"carstock/services/carapi/internal/query"
	"carstock/services/carapi/internal/store"
	"carstock/services/carapi/internal/value"
)

// stock is the index of a table, and an interpreter for its requests.
type stock struct {
	*interpret.Interpreter
	index *index.Index
}

func readStock(t testing.TB, c dbconn.Config, table string) stock {
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
	st := store.New(db, db, c.Driver, store.Settings{
		Table: table, Binding: binding, Timeout: time.Minute,
		Ping: db.PingContext,
	}, slog.New(slog.DiscardHandler))

	var b *index.Builder
	read, _, err := st.Read(t.Context(), nil, func(c *catalog.Catalog, about int) ([]*catalog.Field,
		func([]value.Cell) error, error,
	) {
		b = index.NewBuilder(c, about)
		return c.Read, b.Add, nil
	})
	if err != nil {
		t.Fatal(err)
	}

	return stock{interpret.New(read, vocabulary), b.Build()}
}

// asRead writes the filters of a request in the notation of testdata/requests.txt, and returns the request as it was
// read.
func asRead(t *testing.T, s stock, values url.Values) (string, url.Values) {
	t.Helper()
	q, notes, err := s.Interpret(s.index, values, "q", "sort", "limit", "cursor", "fields", "facets", "include_total",
		"view", "max_chars", "page", "offset", "has", "missing")
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
		if f := &q.Filters[i]; f.Texts != nil && f.InStock == nil {
			f.InStock = []string{"(none)"}
		}
	}

	var applied map[string]any
	if err := json.Unmarshal(q.Applied(true), &applied); err != nil {
		t.Fatal(err)
	}

	for name, usual := range map[string]any{
		"sort": "id", "limit": 20.0, "include_total": true, "match": "smart",
		"max_chars": float64(query.MaxChars),
	} {
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

	if len(notes.NotUnderstood) > 0 {
		all = append(all, "not_understood="+strings.Join(notes.NotUnderstood, "|"))
	}

	return strings.Join(all, " & "), q.Values()
}

// Each request in testdata is read as the file says.
func TestRequests(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}

	s := readStock(t, dbtest.Demo(t), "vehicles_stock")
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { checkRequests(t, s, file) })
	}
}

func checkRequests(t *testing.T, s stock, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}

	requests := 0
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}

		requests++
		request, want, _ := strings.Cut(line, " ->")
		got, read := asRead(t, s, parametersOf(t, request))
		if got != strings.TrimSpace(want) {
			t.Errorf("%s -> %s\n want %s", strings.TrimSpace(request), got, strings.TrimSpace(want))
		}

		understood, _, _ := strings.Cut(got, " & not_understood=")
		if again, _ := asRead(t, s, read); read != nil && again != understood { // an exact request is read as written
			t.Errorf("%s: read once more: %s -> %s", strings.TrimSpace(request), understood, again)
		}
	}

	if requests < 150 {
		t.Errorf("%d requests", requests)
	}
}

// parametersOf parses the left side of a line.
func parametersOf(t *testing.T, request string) url.Values {
	t.Helper()
	all := url.Values{}
	for pair := range strings.SplitSeq(request, " & ") {
		name, text, _ := strings.Cut(strings.TrimSpace(pair), "=")
		values, err := query.ParseQuery(escapeQuery(name) + "=" + escapeQuery(text))
		if err != nil {
			t.Fatal(err)
		}

		for name, texts := range values {
			all[name] = append(all[name], texts...)
		}
	}

	return all
}

// escapeQuery escapes a text for a URL, except for what the line itself escapes: %20, %2B, and a raw plus.
func escapeQuery(text string) string {
	escaped := url.QueryEscape(text)
	return strings.NewReplacer("+", "%20", "%2B", "+", "%2520", "%20", "%252B", "%2B").Replace(escaped)
}
