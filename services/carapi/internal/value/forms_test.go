package value

import (
	"strings"
	"testing"
)

func TestParseBool(t *testing.T) {
	for text, want := range map[string]bool{
		"1": true, "true": true, "YES": true, "y": true, "T": true, "on": true, "ja": true, "Oui": true, "Sí": true,
		"si": true, "SIM": true, "tak": true,
		"Evet": true, "да": true, " так ": true, "0": false, "False": false, "no": false, "N": false, "f": false,
		"off": false, "nein": false, "non": false,
		"não": false, "nao": false, "nee": false, "nie": false, "hayır": false, "HAYIR": false, "нет": false,
		"Ні": false, "0.0": false,
	} {
		if yes, ok := ParseBool(text); !ok || yes != want {
			t.Errorf("%q: %v, %v", text, yes, ok)
		}
	}

	for _, text := range []string{"", "2", "maybe", "sold", "10", "-", "01", "yes!", "нед"} {
		if yes, ok := ParseBool(text); ok {
			t.Errorf("%q is %v", text, yes)
		}
	}
}

func TestSplitList(t *testing.T) {
	for text, want := range map[string]string{
		`["Sunroof", "Bluetooth"]`: "Sunroof|Bluetooth", `[5,true]`: "5|true",
		`[1.50, false, null, "x", [1], {"a":1}]`: "1.50|false|x", `[]`: "", "": "",
		"Sunroof, Bluetooth": "Sunroof|Bluetooth", "Sunroof;Head-up, color;": "Sunroof|Head-up, color",
		"a | b, c | d": "a|b, c|d", "Sunroof": "Sunroof",
		` ["a\"b", "é"] `: `a"b|é`, "[Sunroof, Bluetooth]": "Sunroof|Bluetooth",
		`['Sunroof', 'Head-up, color', "Owner's book"]`: "Sunroof|Head-up, color|Owner's book",
		"['a' b, c]": "'a' b|c", "[": "[", "[ ": "[", "[a, ]": "a", "['a]": "'a", "[a,": "[a",
		"{'a': 1}": "{'a': 1}", `{Sunroof,"Head-up, color",ABS}`: "Sunroof|Head-up, color|ABS", "{}": "",
		`{"Audio: Bose",ABS}`: "Audio: Bose|ABS", `{"a": 1, "b": 2}`: `{"a": 1|"b": 2}`, "a,,b": "a|b", ",": "",
	} {
		if got := strings.Join(SplitList(text), "|"); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestCheckVIN(t *testing.T) {
	for _, c := range []struct {
		text            string
		isForm, digitOK bool
	}{
		{"1HGCM82633A004352", true, true},
		{"1hgcm82633a004352", true, true},
		{" 1HGCM82633A004352 ", true, true},
		{"1HGCM82643A004352", true, false},
		{"1M8GDM9AXKP042788", true, true},
		{"WVWZZZ1JZXW000001", true, false},
		{"1HGCM82633A00435", false, false},
		{"1HGCM82633A0O4352", false, false},
		{"1HGCM82633A00435.", false, false},
		{"", false, false},
		{"AAAAAAAAAAAAAAAAA", false, false},
		{"11111111111111111", true, true},
		{"12345678901234567", true, false},
	} {
		if isForm, digitOK := CheckVIN(c.text); isForm != c.isForm || digitOK != c.digitOK {
			t.Errorf("%q: %v, %v", c.text, isForm, digitOK)
		}
	}
}

func TestLooks(t *testing.T) {
	forms := []func(string) bool{LooksLikeURL, isYearText, LooksLikeDate}
	for _, c := range []struct {
		text string
		form int // -1 for none
	}{
		{"https://dealer.example/v/1", 0},
		{"http://x.example", 0},
		{"//cdn.example/p.jpg", 0},
		{"www.dealer.example/v?id=1", 0},
		{"dealer.example", -1},
		{"https://", -1},
		{"ftp://x.example", -1},
		{"see https://x.example", -1},
		{"2015", 1},
		{" 2004   ", 1},
		{"2015 reg", 1},
		{"2015.0", 1},
		{"1384", -1},
		{"9999", -1},
		{"15000", -1},
		{"$2015", -1},
		{"2015 km", -1},
		{"2022-02-21 10:11:12.345", 2},
		{"21.02.2022 10:11", 2},
		{"5 ноября", -1},
		{"Jan 5, 2022 is", -1},
		{"Automatic", -1},
		{"", -1},
	} {
		for i, looks := range forms {
			isDated := i == 1 && c.form == 2 // a date has a year
			if looks(c.text) != (i == c.form) && !isDated {
				t.Errorf("%q: form %d is %v", c.text, i, looks(c.text))
			}
		}
	}

	for _, text := range []string{
		"2022-02-21", "2022-02-21 10:11:12", "2022-02-21T10:11:12Z", "21.02.2022",
		"2/21/2022", "Feb 21, 2022", "21 Feb 2022", "2022/02/21",
	} {
		if !LooksLikeDate(text) {
			t.Errorf("%q is a date", text)
		}
	}
}

func TestCurrencyOf(t *testing.T) {
	for _, c := range []struct{ sign, usual, want string }{
		{"$", "", "USD"},
		{"$", "CAD", "CAD"},
		{"$", "EUR", "USD"},
		{"usd", "", "USD"},
		{"€", "", "EUR"},
		{"Rs.", "PKR", "PKR"},
		{"Rs", "", "INR"},
		{"zł", "", "PLN"},
		{"kr", "NOK", "NOK"},
		{"руб.", "", "RUB"},
		{"km", "", ""},
		{"", "", ""},
		{"ABC", "", ""},
	} {
		if got := currencyOf(c.sign, c.usual); got != c.want {
			t.Errorf("%q where %q is usual: %q, want %q", c.sign, c.usual, got, c.want)
		}
	}
}

func isYearText(text string) bool {
	_, ok := parseYear(text)
	return ok
}
