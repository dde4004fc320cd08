package mcp

import (
	"net/url"
	"strings"
	"testing"
)

// What stands in more is read as a query string, or refused.
func TestAddMore(t *testing.T) {
	for _, test := range []struct{ given, want, wrong string }{
		{"more=", "", ""},
		{"make=Kia", "make=Kia", ""},
		{"make=Kia&more=doors%3D4%26city%3DSan%2520Diego", "city=San+Diego&doors=4&make=Kia", ""},
		{"more=%3Fdoors%3D4", "doors=4", ""},
		{"more=make%3DKia%26make%3DAudi%26trim%3D", "make=Kia&make=Audi", ""},
		{"make=Kia&make=Audi&more=make%3DAudi%26make%3DKia", "make=Audi&make=Kia", ""},
		{"more=doors%3D4&more=seats%3D5", "doors=4&seats=5", ""},
		{"more=more%3D1", "more=1", ""},
		{"make=Kia&more=make%3DAudi", "", "more: make=Audi contradicts make=Kia, which is given too; give make once"},
		{"more=doors%3D4&more=doors%3D5", "", "more: doors=5 contradicts doors=4"},
		{"more=doors", "", `more: "doors" is no name=value pair; write name=value pairs`},
		{"more=%3D4", "", `more: "=4" is no name=value pair`},
		{"more=doors%3D4%26%26seats%3D5", "", `more: "" is no name=value pair`},
		{"more=doors%3D4%26", "doors=4", ""},
		{"more=null", "", ""},
		{"more=%2Fapi%2Fcars%2F%3Fcolor%3DWhite%26year%3D2020%2B", "color=White&year=2020%2B", ""},
		{"make=Kia&make=Audi&more=make%3DAudi%2CKia", "make=Audi%2CKia", ""},
		{"more=doors%3D%25zz", "", `more: "doors=%zz" is no query string`},
		{"more=doors%3D4%3Bseats%3D5", "", `more: "doors=4;seats=5" is no query string`},
	} {
		values, err := url.ParseQuery(test.given)
		if err != nil {
			t.Fatal(err)
		}

		err = addMore(values)
		if test.wrong == "" && (err != nil || values.Encode() != test.want) {
			t.Errorf("%s: %s %v, want %s", test.given, values.Encode(), err, test.want)
		}

		if test.wrong != "" && (err == nil || !strings.HasPrefix(err.Error(), test.wrong)) {
			t.Errorf("%s: %v, want %s", test.given, err, test.wrong)
		}
	}
}
