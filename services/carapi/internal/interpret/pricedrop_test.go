package interpret_test

import (
	"net/url"
	"regexp"
	"testing"

	"carstock/pkg/schema"
	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/catalog/catalogtest"
	"carstock/services/carapi/internal/index"
	"carstock/services/carapi/internal/interpret"
	"carstock/services/carapi/internal/value"
)

// stockWithHistory is a stock of three vehicles; key has the columns by which a change history knows them.
func stockWithHistory(t *testing.T, key ...string) stock {
	t.Helper()
	vocabulary, err := value.ReadVocabulary("")
	if err != nil {
		t.Fatal(err)
	}

	table := schema.Table{Name: "cars"}
	for _, name := range []string{"make", "model", "body_type", "color", "city"} {
		table.Columns = append(table.Columns, schema.NewColumn(name, "varchar(20)"))
	}
	table.Columns = append(table.Columns, schema.NewColumn("id", "int"), schema.NewColumn("price", "decimal(10,2)"),
		schema.NewColumn("mileage", "int"), schema.NewColumn("year", "int"))

	c := catalogtest.BindByNames(t, catalog.Source{Table: table, Keys: [][]string{{"id"}}, HistoryKey: key},
		catalog.Binding{Vocabulary: vocabulary})
	b := index.NewBuilder(c, 3)
	for _, row := range []map[string]string{
		{"id": "1", "make": "Toyota", "model": "Camry", "body_type": "Sedan", "color": "red", "city": "Boston"},
		{"id": "2", "make": "Honda", "model": "CR-V", "body_type": "SUV", "color": "black", "city": "Reno"},
		{"id": "3", "make": "Kia", "model": "Rio", "body_type": "Hatchback", "color": "blue", "city": "Reno"},
	} {
		cells := make([]value.Cell, len(c.Read))
		for i, f := range c.Read {
			cells[i] = value.Cell{Type: value.Text, Form: []byte(row[f.Name])}
			if f.Class() == catalog.ClassNumber {
				cells[i] = value.Cell{Type: value.Number, Form: []byte("2020")}
			}
			if f.Name == "id" {
				cells[i].Form = []byte(row["id"])
			}
		}
		if err := b.Add(cells); err != nil {
			t.Fatal(err)
		}
	}

	return stock{interpret.New(c, vocabulary), b.Build()}
}

// Where the table has a change history, a sentence may ask for vehicles whose price has dropped. What is said of other
// drops is not understood.
func TestPriceDrops(t *testing.T) {
	with, without := stockWithHistory(t, "id"), stockWithHistory(t)
	aTime := regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ|\d{4}-\d\d-\d\d`)
	for text, want := range map[string]string{
		"price drop":                                "price_drop_min=1",
		"price dropped Camry":                       "model=Camry & price_drop_min=1",
		"Price drop Kia":                            "make=Kia & price_drop_min=1",
		"Camrys whose price dropped":                "model=Camry & price_drop_min=1 & not_understood=whose",
		"SUVs with a recent price drop in Reno":     "body_type=SUV & city=Reno & price_drop_min=1",
		"red Toyota, price reduced":                 "color=red & make=Toyota & price_drop_min=1",
		"recently reduced Kia":                      "make=Kia & price_drop_min=1",
		"just reduced SUV under $20,000":            "body_type=SUV & price_drop_min=1 & price_max=20000",
		"show me reduced Camrys":                    "model=Camry & price_drop_min=1",
		"Toyota Camry reduced":                      "make=Toyota & model=Camry & price_drop_min=1",
		"SUVs at a reduced price":                   "body_type=SUV & price_drop_min=1",
		"Camry price dropped this week":             "model=Camry & price_changed_at_min=TIME & price_drop_min=1",
		"Camry price drop in the last 7 days":       "model=Camry & price_changed_at_min=TIME & price_drop_min=1",
		"Camry reduced in price since monday":       "model=Camry & price_changed_at_min=TIME & price_drop_min=1",
		"Camry price dropped in the past week, red": "color=red & model=Camry & price_changed_at_min=TIME & price_drop_min=1",
		"Kia price dropped by at least $500":        "make=Kia & price_drop_min=500",
		"Kia price drop over $2k":                   "make=Kia & price_drop_min=2000",
		"Kia price drop, over $20k":                 "make=Kia & price_drop_min=1 & price_min=20000",
		"Kia price dropped below $9000":             "make=Kia & price_drop_min=1 & price_max=9000",
		"Kia price dropped by $500":                 "make=Kia & not_understood=price dropped by $500",
		"Kia price reduced from over $9000":         "make=Kia & not_understood=price reduced from over $9000",
		"Kia price drop alerts":                     "make=Kia & not_understood=price drop alerts",
		"Kia when the price drops":                  "make=Kia & not_understood=price drops",
		"Kia without price drops":                   "make=Kia & not_understood=without price drops",
		"Kia no price drop":                         "make=Kia & not_understood=no price drop",
		"Kia with reduced emissions":                "make=Kia & not_understood=reduced emissions",
		"Kia reduced to $9000":                      "make=Kia & price_max=9000 & not_understood=reduced",
		"drop Kia":                                  "make_not=Kia",
	} {
		got, _ := asRead(t, with, url.Values{"q": {text}})
		if got = aTime.ReplaceAllString(got, "TIME"); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}

		bare, _ := asRead(t, without, url.Values{"q": {text}})
		if regexp.MustCompile("price_(drop|changed)").MatchString(bare) || (text != "drop Kia") &&
			regexp.MustCompile("_not=").MatchString(bare) {
			t.Errorf("%s: without a history: %s", text, bare)
		}
	}

	given, _ := asRead(t, with, url.Values{"q": {"Kia price drop"}, "price_drop_min": {"300"}})
	if given != "make=Kia & price_drop_min=300 & not_understood=price drop" {
		t.Errorf("beside a parameter: %s", given)
	}
}
