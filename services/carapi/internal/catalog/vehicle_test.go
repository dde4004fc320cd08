package catalog

import (
	"testing"

	"carstock/pkg/schema"
)

func TestPlanByNames(t *testing.T) {
	var columns []schema.Column
	for _, name := range []string{
		"ID", "Brand", "model", "model_year",
		"Exterior_Colour", //nolint:misspell // a name in real tables
		"color_code", "list_price", "price", "Odometer",
	} {
		columns = append(columns, schema.NewColumn(name, "text"))
	}

	plan, err := NewPlan(Source{Table: schema.Table{Columns: columns}}, Binding{}, nil, true)
	if err != nil {
		t.Fatal(err)
	}

	got := plan.columnsByField(schema.Table{Columns: columns})
	want := map[string]int{"id": 0, "make": 1, "model": 2, "year": 3, "color": 4, "price": 7, "mileage": 8}
	if len(got) != len(want) {
		t.Errorf("got %v, want %v", got, want)
	}

	for name, i := range want {
		if j, ok := got[name]; !ok || i != j {
			t.Errorf("%s: got %d, want %d", name, j, i)
		}
	}
}
