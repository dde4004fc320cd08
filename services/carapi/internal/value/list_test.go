package value

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func elements(form string) []string {
	all := []string{}
	Elements([]byte(form), func(e []byte) { all = append(all, string(e)) })
	return all
}

func TestElements(t *testing.T) {
	for form, want := range map[string][]string{
		`["Sunroof","Bluetooth"]`: {"Sunroof", "Bluetooth"}, ` [ "a" , "a" ] `: {"a", "a"}, "[\n\t\"a\"\n]": {"a"},
		`[]`: {}, `[ ]`: {}, `["a\"b","caf\u00e9"]`: {`a"b`, "café"}, `["a",5,true,null,["b"],{"c":"d"},"e"]`: {
			"a", "5",
			"true", "e",
		},
		`[""]`: {""}, `["a]"]`: {"a]"},
		`[9007199254740993, 1.50, false]`: {"9007199254740993", "1.50", "false"},
		``:                                {}, `null`: {}, `"a"`: {}, `{"a":"b"}`: {}, `["a"`: {}, `["a",]`: {},
		`["a"]]`: {}, `["a" "b"]`: {}, `[`: {}, `a`: {}, "[\"a\x01\"]": {}, `["Škoda"]`: {"Škoda"},
	} {
		if got := elements(form); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", form, got, want)
		}
	}
}

// FuzzElements compares with what encoding/json makes of a text.
func FuzzElements(f *testing.F) {
	for _, form := range []string{`["a","b"]`, `["a\n"]`, `[1,"x"]`, ` ["a" ,"b"] `, `[[]]`, `["a"]x`} {
		f.Add(form)
	}

	f.Fuzz(func(t *testing.T, form string) {
		var all []any
		want := []string{}
		decoder := json.NewDecoder(strings.NewReader(form))
		decoder.UseNumber()

		if json.Valid([]byte(form)) && decoder.Decode(&all) == nil {
			for _, e := range all {
				switch e.(type) {
				case string, json.Number, bool:
					want = append(want, fmt.Sprint(e))
				}
			}
		}

		if got := elements(form); utf8.ValidString(form) && !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", form, got, want)
		}
	})
}
