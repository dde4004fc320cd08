package value

import (
	"bytes"
	"encoding/json"
	"testing"

	"carstock/pkg/schema"
)

// What is written without encoding/json is what it would write.
func TestAppendString(t *testing.T) {
	for _, s := range []string{
		"", "Kia", "Citroën Škoda", "ハンドル", "🍺", `"quoted"`, `back\slash`, "line\nend", "tab\t", "nul\x00", "del\x7f",
		"<a href='x'>&", "\u0085", "\u2028", "before\u2029", "\u202e", "\ufffd", "bad \xff", "cut \xe2\x82", "\xc3",
		"\xed\xa0\x80", "e\u0301",
	} {
		var want bytes.Buffer
		enc := json.NewEncoder(&want)
		enc.SetEscapeHTML(false)

		if err := enc.Encode(s); err != nil {
			t.Fatal(err)
		}

		expected := "x" + string(bytes.TrimSuffix(want.Bytes(), []byte("\n")))
		if got := string(AppendString([]byte("x"), s)); got != expected {
			t.Errorf("%q: %s, want %s", s, got, expected)
		}

		if got := string(AppendString([]byte("x"), []byte(s))); got != expected {
			t.Errorf("%q as bytes: %s, want %s", s, got, expected)
		}
	}
}

// Numbers that a double would change are texts, in a column and within a JSON document.
func TestNumbersThatADoubleChanges(t *testing.T) {
	for _, test := range []struct {
		kind       schema.Kind
		form, want string
	}{
		{schema.Integer, "0", "0"},
		{schema.Integer, "9007199254740991", "9007199254740991"},
		{schema.Integer, "-9007199254740991", "-9007199254740991"},
		{schema.Integer, "9007199254740992", `"9007199254740992"`},
		{schema.Integer, "-9007199254740992", `"-9007199254740992"`},
		{schema.Integer, "18446744073709551615", `"18446744073709551615"`},
		{schema.Bit, "18446744073709551615", `"18446744073709551615"`},
		{schema.Decimal, "9007199254740992", `"9007199254740992"`},
		{schema.Decimal, "9007199254740991", "9007199254740991"},
		{schema.Decimal, "1234567890123.45", "1234567890123.45"},
		{schema.Decimal, "12345678901234.56", `"12345678901234.56"`},
		{schema.Decimal, "-12345678901234.56", `"-12345678901234.56"`},
		{schema.Decimal, "0.000000000000000001", "0.000000000000000001"},
		{schema.Decimal, "0.0123456789012345", "0.0123456789012345"},
		{schema.Decimal, "0.01234567890123456", `"0.01234567890123456"`},
		{schema.Double, "0.30000000000000004", "0.30000000000000004"},
		{schema.Double, "100000000000000000000", "100000000000000000000"},
		{schema.Double, "10000000000000000000000", "1e+22"},
		{schema.Double, "333333333333333.43", `"333333333333333.43"`},
		{schema.Float, "16777216", "16777216"},
		{schema.Text, "9007199254740993", `"9007199254740993"`},
	} {
		cell := Cell{Type: Number, Form: []byte(test.form)}
		if got := string(cell.AppendJSON([]byte("["), test.kind)); got != "["+test.want {
			t.Errorf("%v %s: %s, want %s", test.kind, test.form, got[1:], test.want)
		}
	}

	for document, want := range map[string]string{
		`[1, 2.5, "9007199254740993"]`:                             `[1,2.5,"9007199254740993"]`,
		`{"a": 9007199254740993, "b": [-9007199254740993, 7]}`:     `{"a":"9007199254740993","b":["-9007199254740993",7]}`,
		`["\\", 9007199254740993, "x\"9007199254740993"]`:          `["\\","9007199254740993","x\"9007199254740993"]`,
		`[1234567890123456e3, 1e0000000000000000001, 0.123456789]`: `[1234567890123456e3,1e0000000000000000001,0.123456789]`,
		`[12345678901234.56, 9007199254740991]`:                    `["12345678901234.56",9007199254740991]`,
		`9007199254740993`:                                         `"9007199254740993"`,
	} {
		got := string(Cell{Type: Text, Form: []byte(document)}.AppendJSON(nil, schema.JSON))
		if got != want || !json.Valid([]byte(got)) {
			t.Errorf("%s: %s, want %s", document, got, want)
		}
	}
}
