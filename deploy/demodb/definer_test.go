package main

import (
	"slices"
	"testing"

	"github.com/dolthub/vitess/go/vt/sqlparser"
)

func TestThroughView(t *testing.T) {
	selects := func(table string) sqlparser.AuthInformation {
		return sqlparser.AuthInformation{
			AuthType:    sqlparser.AuthType_SELECT,
			TargetType:  sqlparser.AuthTargetType_SingleTableIdentifier,
			TargetNames: []string{"", table},
		}
	}

	for _, c := range []struct {
		query, table string
		want         bool
	}{
		{"SELECT * FROM vehicles_view", "vehicles_stock", true},
		{"SELECT * FROM vehicles_view;", "vehicles_stock", true},
		{"/* from a tool */ SELECT * FROM vehicles_view", "vehicles_stock", true},
		{"WITH v AS (SELECT * FROM vehicles_view) SELECT * FROM v", "vehicles_stock", true},
		{"SELECT * FROM vehicles_stock", "vehicles_stock", false},
		{"SELECT * FROM `Vehicles_Stock`", "vehicles_stock", false},
		{"SELECT * FROM vehicles_view, vehicles_stock", "vehicles_stock", false},
		{"SELECT * FROM vehicles_view /*! , vehicles_stock */", "vehicles_stock", false},
		{"SELECT (SELECT max(price) FROM db.vehicles_stock) FROM vehicles_view", "vehicles_stock", false},
		{"SELECT 1; EXECUTE hidden", "vehicles_stock", false},
		{"EXECUTE hidden", "vehicles_stock", false},
		{"INSERT INTO mine SELECT * FROM vehicles_view", "vehicles_stock", false},
		{"SELECT 'open", "vehicles_stock", false},
		{"", "vehicles_stock", false},
	} {
		if got := throughView(c.query, selects(c.table)); got != c.want {
			t.Errorf("throughView(%q, %s) = %t, want %t", c.query, c.table, got, c.want)
		}
	}

	update := selects("vehicles_stock")
	update.AuthType = sqlparser.AuthType_UPDATE
	if throughView("SELECT * FROM vehicles_view", update) {
		t.Error("an UPDATE passes as reading a view")
	}
}

func TestWordsOf(t *testing.T) {
	got := wordsOf("SELECT `Make`, 'x' FROM cars -- all of them\nWHERE price > ?")
	want := []string{"select", "make", "x", "from", "cars", "where", "price", ":v1"}
	if !slices.Equal(got, want) {
		t.Errorf("wordsOf = %q, want %q", got, want)
	}
}
