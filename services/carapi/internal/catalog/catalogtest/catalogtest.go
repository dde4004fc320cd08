// Package catalogtest makes catalogs for tests of other packages.
package catalogtest

import (
	"testing"

	"carstock/services/carapi/internal/catalog"
)

// BindByNames binds the fields of a table by the names of its columns alone.
func BindByNames(t testing.TB, source catalog.Source, b catalog.Binding) *catalog.Catalog {
	t.Helper()
	plan, err := catalog.NewPlan(source, b, nil, true)
	if err != nil {
		t.Fatal(err)
	}

	c, err := catalog.Bind(source, b, plan)
	if err != nil {
		t.Fatal(err)
	}

	return c
}
