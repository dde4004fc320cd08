package config

import (
	"slices"
	"testing"
)

func TestNames(t *testing.T) {
	for text, want := range map[string][]string{
		"":                                nil,
		"make=marke, model=modell":        {"make=marke", "model=modell"},
		"make=` Marka`,price=`a, b`":      {"make=` Marka`", "price=`a, b`"},
		"stock_number=Stock#,id=fahrzeug": {"stock_number=Stock#", "id=fahrzeug"},
	} {
		var n NameList
		if err := n.Decode(text); err != nil || !slices.Equal(n, want) {
			t.Errorf("%q: %q, %v", text, n, err)
		}
	}

	var n NameList
	if err := n.Decode("make=`marke"); err == nil {
		t.Errorf("an open backtick: %q", n)
	}
}
