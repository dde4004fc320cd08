package value

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestNearest(t *testing.T) {
	names := []string{
		"price", "price_min", "price_max", "mileage", "make", "Model", "ハン", "パン", "Grand Cherokee", "RED",
		"Red", "Sport", "Sport+",
	}
	for name, want := range map[string][]string{
		"prices":                    {"price"},
		"pricemax":                  {"price_max", "price", "price_min"},
		"mdoel":                     {"Model"},
		"model":                     {"Model"},
		"Cherokee":                  {"Grand Cherokee"},
		"red":                       {"RED"}, // the first spelling of a value
		"sport":                     {"Sport", "Sport+"},
		"zip":                       nil,
		"":                          nil,
		"...":                       nil,
		"日本":                        nil, // letters are compared, not bytes
		strings.Repeat("price", 30): nil,
	} {
		if got := Nearest(name, names); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", name, got, want)
		}

		folded := map[string][]string{}
		for _, n := range names {
			folded[Fold(n)] = append(folded[Fold(n)], n)
		}

		if got := NearestFolded(name, folded); !slices.Equal(got, want) {
			t.Errorf("%q among folded names: %q, want %q", name, got, want)
		}
	}
}

func TestShorten(t *testing.T) {
	for text, want := range map[string]string{
		"":                     "",
		"0123456789":           "0123456789",
		"0123456789a":          "0123456...",
		"éééééé":               "ééé...",
		"a\x00b":               "a\uFFFDb",
		"a\xffb":               "a\uFFFDb",
		"a\nb":                 "a\nb",
		"\u202e\u2028":         "\uFFFD\uFFFD",
		strings.Repeat("😀", 9): "😀...",
	} {
		got := Shorten(text, 10)
		if got != want || !utf8.ValidString(got) || Shorten(got, 10) != got {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
