package catalog

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"carstock/pkg/schema"
	"carstock/services/carapi/internal/value"
)

// table is a few rows of a table as somebody might have written it: the names of columns and the rows, each with bars
// between the texts.
type table struct {
	name, columns string
	rows          []string
	want          string // expected fields and columns, with the units if they are known
}

var tables = []table{
	{
		"texts with units, a consumption that is called mileage", "title|mileage|km_driven|cost|gear|dealer",
		[]string{
			"Maruti Alto LXi|21.4 kmpl|45,000 km|₹3,10,000|Manual|0",
			"Hyundai i10 Magna|19.8 kmpl|62,500 km|₹2,85,000|Manual|1",
			"Toyota Innova 2.5 G|12.9 kmpl|1,20,000 km|₹7,40,000|Automatic|1",
			"Honda City 1.5 V|17.8 kmpl|81,000 km|Ask|Manual|0",
		},
		"make<title mileage=km_driven(km) model<title price=cost(INR) transmission=gear",
	},
	{
		"a prefix, and a condition beside a grade", "veh_Make|veh_Model|veh_Year|veh_Price|veh_Condition|veh_State " +
			"of vehicle",
		[]string{"Kia|Rio|2019|$12,500|GOOD|USED", "Kia|Soul|2020|$15,100|FAIR|USED", "Ford|Focus|2018|$9,900|GOOD|NEW"},
		"condition=veh_State of vehicle make=veh_Make model=veh_Model price=veh_Price(USD) year=veh_Year",
	},
	{
		"gearbox and drive under each other's names", "brand|model|transmission|gearbox|odometer",
		[]string{
			"Škoda|Fabia|front|manual|120000 km", "Škoda|Octavia|rear|automatic|80000 km",
			"BMW|X5|4x4|automatic|30000 km",
		},
		"drivetrain=transmission make=brand mileage=odometer(km) model=model transmission=gearbox",
	},
	{
		"German names; a seller that is a kind of seller", "Marke|Modell|Erstzulassung|Preis|Kilometerstand|Verkäufer|Farbe",
		[]string{
			"VW|Golf|03/2015|8.900 €|150.000 km|privat|dunkelblau",
			"Opel|Astra|11/2012|4.500 €|98.000 km|gewerblich|rot", "Audi|A4|05/2018|21.000 €|60.500 km|privat|schwarz",
		},
		"color=Farbe make=Marke mileage=Kilometerstand(km) model=Modell price=Preis(EUR) year=Erstzulassung",
	},
	{
		"units beside the numbers", "make|model|odometer.value|odometer.unit|price|price_currency",
		[]string{"Kia|Rio|1000|km|10|EUR", "Kia|Rio|2000|mi|20|USD", "Kia|Rio|3000|km|30|EUR"},
		"currency=price_currency make=make mileage=odometer.value(km) model=model price=price(EUR)",
	},
	{
		"make and model under a name that nobody knows, and a column that hardly any row has", "bezeichnung|rest|jahr|ort",
		[]string{
			"VW Golf, 2015||2015|Berlin", "Opel Astra||2012|Hamburg", "BMW 320d|Kia Rio|2019|Bremen",
			"VW Polo||2018|Berlin", "Audi A4||2018|Hamburg", "VW Golf||2017|Bremen",
		},
		"city=ort make<bezeichnung model<bezeichnung year=jahr",
	},
	{
		"a word that most columns end with", "Make__c|Model__c|List_Price__c|Mileage_km__c|Id|CreatedDate",
		[]string{"Kia|Rio|$12,500|100000|a1|x", "Kia|Soul|$15,100|20000|a2|x", "Ford|Focus|$9,900|30000|a3|x"},
		"created_at=CreatedDate id=Id make=Make__c mileage=Mileage_km__c(km) model=Model__c price=List_Price__c(USD)",
	},
	{
		"kinds of sellers, a state that says new or used, words that are not equipment",
		"make|model|seller|state|options|region",
		slices.Repeat([]string{
			"Kia|Rio|Private seller|owned|Full|Nord", "Kia|Soul|Trade seller|new|Standard|Süd",
			"Ford|Focus|Private seller|owned|Full|Nord", "Ford|Ka|Trade seller|owned|Full|Süd",
		}, 5),
		"make=make model=model state=region",
	},
	{
		"make and model under each other's names", "make|model|year",
		[]string{"Rio|Kia|2019", "Soul|Kia|2020", "Focus|Ford|2018", "Ka|Ford|2018"},
		"make=model year=year",
	},
	{
		"miles per gallon that are called mileage", "make|model|mileage|running",
		[]string{
			"Kia|Rio|23|45000 km", "Kia|Soul|31|60000 km", "Ford|Focus|18|1000 km", "Ford|Ka|35|2000 km",
			"Ford|Ka|28|99000 km", "Ford|Ka|40|12000 km",
		},
		"make=make mileage=running(km) model=model",
	},
	{
		"tags with bodies among them", "make|model|tags",
		[]string{
			"Kia|Rio|[\"red\", \"suv\"]", "Kia|Soul|[\"suv\"]", "Ford|Focus|[\"wagon\", \"new\"]",
			"Ford|Focus|[\"suv\"]",
		},
		"make=make model=model",
	},
	{
		"ids that end alike, and a title", "vehicle_id|make_id|model_id|trim_id|dealer_id|title",
		[]string{"1|10|100|1|7|Kia Rio 2015", "2|10|101|2|7|Kia Soul 2016", "3|11|102|3|8|Ford Focus 2017"},
		"id=vehicle_id make<title model<title year<title",
	},
	{
		"new cars with little on their odometers", "make|model|odometer",
		[]string{"Kia|Rio|9", "Kia|Soul|12", "Ford|Focus|31", "Ford|Ka|47", "Ford|Ka|88", "Ford|Ka|125"},
		"make=make mileage=odometer model=model",
	},
	{
		"dealers that are named as makes, sensors in front and rear, a specification",
		"make|line|rooftop|parking_sensors|specs",
		[]string{"Toyota|Camry|Toyota of Austin|Front|{\"engine\": \"V6\"}", "Ford|Focus|Ford of Dallas|Rear|{\"engine\": " +
			"\"V8\"}", "Ford|Ka|Ford of Dallas|All|{\"engine\": \"I4\"}"},
		"make=make",
	},
	{
		"an engine with its fuel", "make|model|двигатель",
		[]string{"Kia|Rio|бензин 1.6 л", "Kia|Soul|дизель 2.0 л", "Ford|Focus|бензин 1.8 л", "Ford|Focus|бензин 1.6 л"},
		"engine=двигатель fuel_type<двигатель make=make model=model",
	},
	{
		"pictures and pages", "make|model|photo|url|name",
		[]string{
			"Kia|Rio|https://a.example/1.jpg|https://a.example/1|x",
			"Kia|Soul|https://a.example/2.jpg|https://a.example/2|y",
		},
		"image_url=photo listing_url=url make=make model=model",
	},
}

func (e table) source() Source {
	t := schema.Table{Name: "cars"}
	for name := range strings.SplitSeq(e.columns, "|") {
		t.Columns = append(t.Columns, schema.NewColumn(name, "varchar(100)"))
	}
	return Source{Table: t}
}

// profile profiles the rows in the given order.
func (e table) profile(t *testing.T, order []int) *Profile {
	t.Helper()
	p := NewProfiler(e.source().Table)
	for _, i := range order {
		var cells []value.Cell
		for text := range strings.SplitSeq(e.rows[i], "|") {
			cells = append(cells, value.Cell{Type: value.Text, Form: []byte(text)})
		}

		if err := p.Add(cells); err != nil {
			t.Fatal(err)
		}
	}

	return p.Profile()
}

func testBinding(t *testing.T) Binding {
	t.Helper()
	vocabulary, err := value.ReadVocabulary("")
	if err != nil {
		t.Fatal(err)
	}
	return Binding{Vocabulary: vocabulary}
}

// Columns are bound by their names and values, whatever the order of the rows.
func TestPlan(t *testing.T) {
	b := testBinding(t)
	for _, e := range tables {
		for range 5 {
			plan, err := NewPlan(e.source(), b, e.profile(t, rand.Perm(len(e.rows))), true)
			if err != nil {
				t.Fatal(err)
			}

			var got []string
			for _, name := range slices.Sorted(maps.Keys(plan.Fields)) {
				f, sign, unit := plan.Fields[name], "=", ""
				if f.Derivation != asStored {
					sign = "<"
				}

				if f.Unit != "" {
					unit = "(" + f.Unit + ")"
				}

				got = append(got, name+sign+f.Column+unit)
			}

			if strings.Join(got, " ") != e.want {
				t.Errorf("%s:\n got  %s\n want %s", e.name, strings.Join(got, " "), e.want)
			}
		}
	}
}

// A sample of many values does not depend on the order of the rows.
func TestProfileOfManyValues(t *testing.T) {
	table := schema.Table{Columns: []schema.Column{schema.NewColumn("x", "varchar(9)")}}
	var first *Profile
	for range 3 {
		p := NewProfiler(table)
		for _, i := range rand.Perm(3 * maxProfiled) {
			if err := p.Add([]value.Cell{{Type: value.Text, Form: fmt.Appendf(nil, "%d", i)}}); err != nil {
				t.Fatal(err)
			}
		}

		profile := p.Profile()
		if first == nil {
			first = profile
		}

		c := profile.Columns[0]
		if !c.IsSample || len(c.Values) > maxProfiled || len(c.Values) < maxProfiled/4 ||
			!slices.Equal(c.Values, first.Columns[0].Values) {
			t.Errorf("a sample of %d values: %t", len(c.Values), c.IsSample)
		}
	}
}

// Cells are compared by their meaning, and shown as they are stored.
func TestUnderstand(t *testing.T) {
	b := testBinding(t)
	e := table{
		"", "name|price|mileage|mileage_unit|year",
		[]string{
			"Mercedes Benz C Class 2011 C200|$18,995|100|km|2015 reg", "Kia Rio LX|15,500.00 USD|100|mi| 2004 ",
			"Kia Soul|Ask For Price|500|mi|2019", "Honda Civic VTi|32000|700|mi|2020",
		},
		"",
	}

	source := e.source()
	plan, err := NewPlan(source, b, e.profile(t, []int{0, 1, 2, 3}), true)
	if err != nil {
		t.Fatal(err)
	}

	c, err := Bind(source, b, plan)
	if err != nil {
		t.Fatal(err)
	}

	u := c.NewUnderstander()
	for i, want := range []string{
		"make=Mercedes-Benz model=C Class 2011 C200 price=18995 mileage=62 year=2015",
		"make=Kia model=Rio LX price=15500 mileage=100 year=2004",
		"make=Kia model=Soul price=!Ask For Price mileage=500 year=2019",
		"make=Honda model=Civic VTi price=32000 mileage=700 year=2020",
	} {
		var cells []value.Cell
		for text := range strings.SplitSeq(e.rows[i], "|") {
			cells = append(cells, value.Cell{Type: value.Text, Form: []byte(text)})
		}

		row := u.Row(cells)
		var got []string
		for _, name := range []string{"make", "model", "price", "mileage", "year"} {
			f := c.Field(name)
			cell, sign := row[f.Slot()], "="
			if f.Class() == ClassNumber && cell.Type != value.Number {
				sign = "=!"
			}
			got = append(got, name+sign+string(cell.Form))
		}

		if strings.Join(got, " ") != want {
			t.Errorf("got  %s\nwant %s", strings.Join(got, " "), want)
		}
	}

	if shown, _ := c.Field("price").ShownCell(value.Cell{Type: value.Text, Form: []byte("$18,995")}); string(
		shown.Form) != "$18,995" {
		t.Errorf("shown as %s", shown.Form)
	}

	if shown, _ := c.Field("price").ShownCell(value.Cell{
		Type: value.Text,
		Form: []byte("32000"),
	}); shown.Type != value.Number {
		t.Errorf("a plain number is shown as %v", shown)
	}
}

// A column gets another name if a field that is bound to another column has its name.
func TestNamesThatAreTaken(t *testing.T) {
	b := testBinding(t)
	b.Fields = map[string]string{"id": "vehicle no"}

	source := table{"", "id|vehicle no|make|model", nil, ""}.source()
	plan, err := NewPlan(source, b, nil, true)
	if err != nil {
		t.Fatal(err)
	}

	c, err := Bind(source, b, plan)
	if err != nil {
		t.Fatal(err)
	}

	if got := strings.Join(c.Describe(), " "); got != "column_id=id id=vehicle no make model" {
		t.Error(got)
	}
}

// A copy that lacks the column of a derived field does not have the field, and takes no other column for it.
func TestDerivedFieldsOfCopies(t *testing.T) {
	b := testBinding(t)
	live := table{
		"", "title|model|price",
		[]string{"Kia Rio 2019|Rio|1", "Ford Focus 2018|Focus|2", "Kia Soul 2020|Soul|3", "Audi A4 2018|A4|4"},
		"",
	}
	plan, err := NewPlan(live.source(), b, live.profile(t, []int{0, 1, 2, 3}), true)
	if err != nil {
		t.Fatal(err)
	}
	if f := plan.Fields["make"]; f.Column != "title" || f.Derivation != deriveMake {
		t.Fatalf("make is read from %v", f)
	}

	c, err := Bind(table{"", "model|price", nil, ""}.source(), b, plan)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(c.Describe(), " "); got != "model price" {
		t.Error(got)
	}
}

// A column without a field is a list only if its texts consist of recurring elements, and differ in their number.
func TestListColumns(t *testing.T) {
	for name, c := range map[string]struct {
		values string // separated by /
		isList bool
	}{
		"equipment":          {"ABS; ESP/ABS/ESP; Sunroof; ABS/Sunroof; ESP", true},
		"bars, with a blank": {"one-owner|low-miles/low-miles//one-owner|low-miles|clean", true},
		"places":             {"Austin, TX/Dallas, TX/Austin, TX", false},
		"amounts":            {"1,200,300/45,000/900/45,000", false},
		"sentences": {"Clean, and always kept in a garage by one owner, who did not smoke/Nice, new " +
			"tires/ok/Nice, clean", false},
		"mostly one word": {"a/b/c/a,b/a,b,c/a/b/c", false},
		"all different":   {"a1,b1/c1,d1,e1/f1/g1,h1", false},
	} {
		source := schema.Table{Columns: []schema.Column{schema.NewColumn("tags", "varchar(100)")}}
		p := NewProfiler(source)

		repeats := 10
		if name == "all different" {
			repeats = 1
		}

		for range repeats {
			for text := range strings.SplitSeq(c.values, "/") {
				if err := p.Add([]value.Cell{{Type: value.Text, Form: []byte(text)}}); err != nil {
					t.Fatal(err)
				}
			}
		}

		profile := p.Profile()
		if got := newExaminer(testBinding(t).Vocabulary, source.Columns[0],
			&profile.Columns[0]).isListColumn(); got != c.isList {
			t.Errorf("%s: %t", name, got)
		}
	}
}
