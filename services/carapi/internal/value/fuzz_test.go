package value

import (
	"strings"
	"testing"
	"unicode/utf8"
)

var seeds = []string{
	"", "$18,995", "Rs. 4,50,000/-", "1 Crore 20 Lakh", "235.000 km", "985\u00a0000 ₽", "2e+05", "１２３", "V-8", "12.9.-",
	"Dunkelblau metallic", "LPG & Benzin", "Mercedes Benz C Class", "丰田卡罗拉", "чёрный", "\xff\xfe", "[5,true]", "a|b;c,d",
	"between 3 and 5 lakh", "2015-03-01",
	"1HGCM82633A004352", "https://x.example",
	"e\u0301\u0301\u0301", "İstanbul", "ﾊﾞﾝ", "--5", "10 - 15 k", "Black-White-Red", "\u0308black", "4x4x4x4", "$-$-$",
	"5 5 5 5", "1'000'000,5", "0.000.000",
}

// No text makes a function of this package panic, and every result is in normal notation.
func FuzzTexts(f *testing.F) {
	for _, s := range seeds {
		f.Add(s)
	}

	v := builtInVocabulary(f)
	f.Fuzz(func(t *testing.T, text string) {
		for _, field := range append(lexiconFields, "interior_color", "make") {
			v.Meanings(field, text)
			v.NamedMeanings(field, text)
			v.Aliases(field, text)
		}

		name, rest, ok := v.FindMake(text)
		if ok != (name != "") || !strings.HasSuffix(strings.TrimSpace(text), strings.TrimSpace(rest)) {
			t.Errorf("%q: %q, %q, %v", text, name, rest, ok)
		}

		v.IsMake(text)
		ParseBool(text)
		SplitList(text)
		CheckVIN(text)
		LooksLikeURL(text)
		LooksLikeDate(text)
		parseYear(text)

		for _, field := range []string{"price", "mileage", "year", "seats", "cylinders", "power"} {
			checkNumbers(t, field, text)
			checkAmounts(t, field, text)
		}
	})
}

// checkNumbers checks that a text of a field becomes a normalized decimal, or no number.
func checkNumbers(t *testing.T, field, text string) {
	t.Helper()
	style, understood, total := LearnNumbers(Measure{Field: field}, numberedRows(text, "235.000", "1,5"))
	if total != 3 || understood > total {
		t.Errorf("%q: %d of %d", text, understood, total)
	}

	for _, s := range []NumberStyle{style, {Field: field}} {
		n, ok := s.Parse([]byte(text), []byte("before"))
		if normal, isDecimal := NormalDecimal([]byte(string(n.Number))); ok && (!isDecimal ||
			string(normal) != string(n.Number)) {
			t.Errorf("%s %q is %q", field, text, n.Number)
		}
	}
}

// checkAmounts checks that a text of a request becomes decimals, or no amount.
func checkAmounts(t *testing.T, field, text string) {
	t.Helper()
	for _, unit := range []string{"", "km", "USD"} {
		a, ok := (Measure{field, unit}).Parse(text)
		if ok && (a.From != "" && !IsDecimal(a.From) || a.To != "" && !IsDecimal(a.To)) {
			t.Errorf("%s %q is %+v", field, text, a)
		}
	}
}

// Texts of a megabyte: a function of quadratic time would exceed the time limit of the tests.
func TestLongTexts(t *testing.T) {
	v := builtInVocabulary(t)
	const size = 1 << 20
	for _, s := range []string{
		"a", "1", " ", ",", "[", "é", "e\u0301", "\u0301", "1,000,", "black ", "dunkel", "丰",
		"1 lakh ", "-", "$", "\xff", "['a'],", "|;,",
	} {
		text := strings.Repeat(s, size/len(s))
		Key(text)
		SplitList(text)
		ParseBool(text)
		CheckVIN(text)
		LooksLikeURL(text)
		LooksLikeDate(text)
		parseYear(text)
		v.Meanings("color", text)
		v.NamedMeanings("color", text)
		v.FindMake(text)
		v.IsMake(text)
		LearnNumbers(Measure{Field: "price"}, numberedRows(text))
		(Measure{Field: "price"}).Parse(text)
	}
}

// A text at the length limit is still fast, and not cut inside a letter.
func TestBounds(t *testing.T) {
	v := builtInVocabulary(t)
	for n := range maxMeaningful + 10 {
		text := strings.Repeat("é", n/2) + strings.Repeat("x", n%2) + " BMW"
		if name, rest, ok := v.FindMake(text); ok && !utf8.ValidString(name+rest) {
			t.Errorf("%d: %q, %q", n, name, rest)
		}
		v.Meanings("color", text)
	}
}

func BenchmarkParse(b *testing.B) {
	style, _, _ := LearnNumbers(Measure{Field: "price"}, numberedRows("$18,995", "$1,234,567"))
	for name, text := range map[string]string{"plain": "32000", "sign": "$18,995"} {
		b.Run(name, func(b *testing.B) {
			var buf [64]byte
			b.ReportAllocs()
			for b.Loop() {
				style.Parse([]byte(text), buf[:0])
			}
		})
	}
}

func BenchmarkMeanings(b *testing.B) {
	v := builtInVocabulary(b)
	b.ReportAllocs()
	for b.Loop() {
		v.Meanings("color", "Crystal Black Pearl Metallic")
	}
}

func BenchmarkKey(b *testing.B) {
	var buf [64]byte
	for name, text := range map[string]string{
		"ascii": "Crystal Black Pearl", "latin": "Citroën Élysée",
		"cyrillic": "чёрный металлик",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				AppendKey(buf[:0], text)
			}
		})
	}
}
