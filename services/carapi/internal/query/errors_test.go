package query

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// The corrected request is the whole request, or nothing.
func TestRetry(t *testing.T) {
	p := everyParameter(t)
	for request, want := range map[string]string{
		"makke=kia":                    "make=kia",
		"makke=kia&mmake=ford":         "make=kia&make=ford",
		"make=kia&makke=ford&year=2":   "make=kia&make=ford&year=2",
		"makke=kia&limit=500&sort=yer": "", // year is not the only similar name
		"sort=-weigth&limit=5":         "limit=5&sort=-weight",
		"mileage_mi=1&mileage_mn=2":    "", // both are lower bounds
		"mileage_min=1&mileage_mn=2":   "",
		"makke=kia&nonsense=1":         "",
		"limit=500&max_chars=1000000":  "limit=100",
		"make=&limit=7":                "limit=7",
		"weight_min=9&weihgt_max=5":    "", // the corrected request would be wrong too
	} {
		values, err := url.ParseQuery(request)
		if err != nil {
			t.Fatal(err)
		}

		var wrong ParameterErrors
		if _, err := p.Parse(values, everyControl...); !errors.As(err, &wrong) || wrong.Retry.Encode() != want ||
			(wrong.Retry == nil) != (want == "") {
			t.Errorf("%s: %v, retry %q, want %q", request, err, wrong.Retry.Encode(), want)
		}
	}
}

// All mistakes are counted, and the first ones are described.
func TestMistakesAreCounted(t *testing.T) {
	p, values := everyParameter(t), url.Values{}
	for i := range 50 {
		values.Set(fmt.Sprint("nonsense", i), "1")
	}

	values.Set("fields", "zzz,"+strings.Repeat("a,", 10)+"b")
	var wrong ParameterErrors
	if _, err := p.Parse(values, everyControl...); !errors.As(err, &wrong) || len(wrong.All) != maxErrors ||
		len(wrong.All)+wrong.LeftOut != 62 || wrong.Retry != nil {
		t.Errorf("%d mistakes and %d left out, retry %v", len(wrong.All), wrong.LeftOut, wrong.Retry)
	}

	for text, want := range map[string]string{
		wrong.Detail("/cars/fields"): `there is no field "zzz"; name another field, or leave it out. 61 more things are ` +
			`wrong. /cars/fields lists all fields and their parameters`,
		wrong.Error(): `there is no field "zzz"; name another field, or leave it out. 61 more ` +
			`things are wrong`,
		ParameterErrors{All: []ParameterError{{Expected: "did you mean x?"}, {}}}.Error(): "did you mean x? One more " +
			"thing is wrong",
	} {
		if text != want {
			t.Errorf("%s\nwant %s", text, want)
		}
	}
}
