package query

import "testing"

// A raw plus is read as a plus where it can only be one, and elsewhere as a space.
func TestParseQuery(t *testing.T) {
	for raw, want := range map[string]string{
		"x=2020+":                           "2020+",
		"x=2020%20":                         "2020 ",
		"x=2020%2B":                         "2020+",
		"x=50k+&y=1":                        "50k+",
		"x=2015+,2020+,2021+,2022+":         "2015+,2020+,2021+,2022+",
		"x=1%2C5+%2C7":                      "1,5+,7",
		"x=3e+4":                            "3e+4",
		"x=2026-04-15+06%3A50%3A03":         "2026-04-15 06:50:03",
		"x=2026-04-15T06%3A50%3A03+01%3A00": "2026-04-15T06:50:03+01:00",
		"x=2026-04-15T06:50+0100":           "2026-04-15T06:50+0100",
		"x=RAV+4+XLE":                       "RAV 4 XLE",
		"x=Mazda+3+Sport+":                  "Mazda 3 Sport ",
		"x=Sport+":                          "Sport ",
		"x=toyota+2020+":                    "toyota 2020+",
	} {
		values, err := ParseQuery(raw)
		if got := values.Get("x"); err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", raw, got, err, want)
		}
	}

	if _, err := ParseQuery("x=%zz+"); err == nil {
		t.Error("a wrong escape is accepted")
	}
}
