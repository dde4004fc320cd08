package value

import (
	"strings"
	"testing"
)

func TestFindMake(t *testing.T) {
	v := builtInVocabulary(t)
	for _, c := range []struct{ text, name, rest string }{
		{"Mercedes Benz C Class 2011 C200", "Mercedes-Benz", "C Class 2011 C200"},
		{"Mercedes-Benz E-Class", "Mercedes-Benz", "E-Class"},
		{"Mercedes_E200_kompressor", "Mercedes-Benz", "E200_kompressor"},
		{"mercedes_benz", "Mercedes-Benz", ""},
		{"Mercedes-AMG GT", "Mercedes-Benz", "AMG GT"},
		{"VW Golf", "Volkswagen", "Golf"},
		{"BMW 5 серии 520d", "BMW", "5 серии 520d"},
		{"BMW320d", "BMW", "320d"},
		{"Land Rover Range Rover Sport", "Land Rover", "Range Rover Sport"},
		{"Rover 75", "Rover", "75"},
		{"Maruti Swift Dzire VDI", "Maruti Suzuki", "Swift Dzire VDI"},
		{"Maruti Suzuki Alto", "Maruti Suzuki", "Alto"},
		{"Suzuki Liana  2005 Eminent", "Suzuki", "Liana  2005 Eminent"},
		{"2019 Toyota Sienna SE", "Toyota", "Sienna SE"},
		{"Used 2019 Toyota Sienna", "Toyota", "Sienna"},
		{"Certified Pre-Owned 2020 Honda Civic", "Honda", "Civic"},
		{"CITROËN C4", "Citroën", "C4"},
		{"Citroen C4", "Citroën", "C4"},
		{"Škoda Octavia", "Škoda", "Octavia"},
		{"ŠKODA", "Škoda", ""},
		{"Alfa Romeo: Giulia", "Alfa Romeo", "Giulia"},
		{"Great Wall Hover", "Great Wall", "Hover"},
		{"Haval H6", "Haval", "H6"},
		{"LADA (ВАЗ) 2107", "Lada", "2107"},
		{"Лада Гранта", "Lada", "Гранта"},
		{"УАЗ Патриот", "UAZ", "Патриот"},
		{"丰田卡罗拉", "Toyota", "卡罗拉"},
		{"比亚迪", "BYD", ""},
		{"トヨタ プリウス", "Toyota", "プリウス"},
		{"Lynk & Co 01", "Lynk & Co", "01"},
		{"Dodge Ram 1500", "Dodge", "Ram 1500"},
		{"Ram 1500", "Ram", "1500"},
		{"Tata Nexon EV", "Tata", "Nexon EV"},
		{"Oldsmobile Cutlass", "Oldsmobile", "Cutlass"},
		{"MG ZS", "MG", "ZS"},
		{"Kiato", "", "Kiato"},
		{"Fordham Road 3", "", "Fordham Road 3"},
		{"Golf GTI", "", "Golf GTI"},
		{"2019", "", "2019"},
		{"", "", ""},
		{"-", "", "-"},
		{"Camry Toyota", "", "Camry Toyota"},
		{"\xff\xfeBMW X5", "BMW", "X5"},
	} {
		name, rest, ok := v.FindMake(c.text)
		if name != c.name || rest != c.rest || ok != (c.name != "") {
			t.Errorf("%q begins with %q, then %q, want %q, %q", c.text, name, rest, c.name, c.rest)
		}
	}

	for _, name := range []string{"TOYOTA", "vw", "Mercedes Benz", "alfa-romeo", " Kia ", "ВАЗ", "大众", "maruti"} {
		if !v.IsMake(name) {
			t.Errorf("%q is recognized as a make", name)
		}
	}

	for _, name := range []string{"", "Toyota Camry", "Black", "Automatic", "Golf", "2019", "A"} {
		if v.IsMake(name) {
			t.Errorf("%q is not recognized as a make", name)
		}
	}
}

// The list is large enough, and no spelling belongs to two makes.
func TestMakes(t *testing.T) {
	text, err := builtinVocabulary.ReadFile("vocabulary/makes.txt")
	if err != nil {
		t.Fatal(err)
	}

	makes := map[string]string{}
	names := 0
	for line := range strings.Lines(string(text)) {
		if strings.ContainsAny(line, "#[>") || strings.TrimSpace(line) == "" {
			continue
		}

		names++
		spellings := SplitTrimmed(strings.TrimSpace(line), "=")
		for _, s := range spellings {
			w := splitWords(s)
			if other, taken := makes[w.joined()]; taken && other != spellings[0] {
				t.Errorf("%s is %s and %s", s, other, spellings[0])
			}
			makes[w.joined()] = spellings[0]
		}
	}

	if names < 150 {
		t.Errorf("%d makes", names)
	}
}
