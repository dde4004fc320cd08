package interpret_test

import (
	"errors"
	"fmt"
	"net/url"
	"testing"

	"carstock/pkg/schema"
	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/catalog/catalogtest"
	"carstock/services/carapi/internal/index"
	"carstock/services/carapi/internal/interpret"
	"carstock/services/carapi/internal/query"
	"carstock/services/carapi/internal/value"
)

// mistakesOf interprets a request that is wrong.
func mistakesOf(t *testing.T, s stock, values url.Values) (wrong query.ParameterErrors) {
	t.Helper()
	if _, _, err := s.Interpret(s.index, values, "q", "count_only", "include_total"); !errors.As(err, &wrong) {
		t.Fatalf("%v: %v", values, err)
	}
	return wrong
}

// An answer describes the first 20 mistakes of a request, and counts the others.
func TestManyMistakes(t *testing.T) {
	values := url.Values{"zzz": {"1"}}
	for i := range 24 {
		values.Set(fmt.Sprintf("make[%d]", i), "not Toyota, Honda")
	}

	wrong := mistakesOf(t, stockWithHistory(t), values)
	if len(wrong.All) != 20 || wrong.LeftOut != 5 || wrong.Retry != nil {
		t.Errorf("%d mistakes and %d more: %v", len(wrong.All), wrong.LeftOut, wrong)
	}
}

// The correction of one time keeps the others.
func TestCorrectedTimes(t *testing.T) {
	vocabulary, err := value.ReadVocabulary("")
	if err != nil {
		t.Fatal(err)
	}

	table := schema.Table{Name: "cars", Columns: []schema.Column{
		schema.NewColumn("make", "varchar(20)"), schema.NewColumn("created_at", "datetime"),
	}}
	c := catalogtest.BindByNames(t, catalog.Source{Table: table}, catalog.Binding{Vocabulary: vocabulary})
	s := stock{interpret.New(c, vocabulary), index.NewBuilder(c, 0).Build()}

	for given, want := range map[string]string{
		"2026-02-01T10:00+02:00":                             "2026-02-01T10:00",
		"2026-01-01,2026-02-01T10:00+02:00,2026-03-01":       "2026-01-01,2026-02-01T10:00,2026-03-01",
		"2026-02-01T10:00+02:00,2026-02-01T10:00:00.5-01:00": "",
	} {
		if got := mistakesOf(t, s, url.Values{"created_at": {given}}).Retry.Get("created_at"); got != want {
			t.Errorf("%s: %q, want %q", given, got, want)
		}
	}
}

// A corrected request that would be refused too is not offered.
func TestCorrectionsAreRead(t *testing.T) {
	s := stockWithHistory(t)
	for given, want := range map[string]string{
		"Toyota":              "count_only=true&make=Toyota",
		"-Toyota":             "count_only=true&make_not=Toyota",
		"- / phoenix between": "",
	} {
		wrong := mistakesOf(t, s, url.Values{"make": {given}, "count_only": {"true"}, "include_total": {"false"}})
		if got := wrong.Retry.Encode(); got != want {
			t.Errorf("%s: %s, want %s", given, got, want)
		}
	}
}

// A prefix that stands alone negates the word after it. At the end it belongs to no word.
func TestPrefixesAlone(t *testing.T) {
	s := stockWithHistory(t)
	for q, want := range map[string]string{
		"non- toyota":     `{"make_not":["Toyota"],"match":"smart"}`,
		"red not_ toyota": `{"color":["red"],"make_not":["Toyota"],"match":"smart"}`,
		"toyota non-":     `{"q":["toyota","non-"],"match":"smart"}`,
		"anti-":           `{"q":["anti-"],"match":"smart"}`,
	} {
		read, _, err := s.Interpret(s.index, url.Values{"q": {q}}, "q")
		if err != nil {
			t.Fatalf("%s: %v", q, err)
		}
		if got := string(read.Applied(false)); got != want {
			t.Errorf("%s: %s, want %s", q, got, want)
		}
	}
}
