package value

import (
	"iter"
	"strings"
	"testing"
)

func numberedRows(texts ...string) iter.Seq2[string, int] {
	return func(yield func(string, int) bool) {
		for _, text := range texts {
			if !yield(text, 1) {
				return
			}
		}
	}
}

// formatNumber formats a number with its unit and its currency.
func formatNumber(n ParsedNumber, ok bool) string {
	if !ok {
		return "-"
	}
	return strings.TrimSpace(strings.Join(strings.Fields(string(n.Number)+" "+n.Unit+" "+n.Currency), " "))
}

// numberCases are columns with their values, the expected numbers, and the expected style.
var numberCases = []struct{ name, field, values, want, style string }{
	{
		"dollars", "price", "$18,995|$15,500.00|32000|$ 1,234,567|Call|US$5k",
		"18995 USD|15500 USD|32000|1234567 USD|-|5000 USD", "groups,decimal,,USD",
	},
	{
		"groups of one column, some without", "price", "2,260,000|3200000|895,000", "2260000|3200000|895000",
		"groups,decimal,,",
	},
	{
		"Turkish thousands", "mileage", " 235.000 km   |80.400 km|500 km", "235000 km|80400 km|500 km",
		"groups,groups,km,",
	},
	{
		"German", "price", "12.900 €|8.500,50 €|1.234.567 EUR|VB 900,00 €|9.500,-|9.500 € VB",
		"12900 EUR|8500.5 EUR|1234567 EUR|900 EUR|9500|9500 EUR", "decimal,groups,,EUR",
	},
	{"Dutch", "price", "€ 12.950,-|€ 9.500,--|€ 950,-", "12950 EUR|9500 EUR|950 EUR", "groups,groups,,EUR"},
	{"Swiss", "price", "CHF 15'500.-|CHF 1’250’000.00|900", "15500 CHF|1250000 CHF|900", "groups,decimal,,CHF"},
	{
		"Polish", "price", "36 000 zł|36 000 PLN|9 900,50 zł", "36000 PLN|36000 PLN|9900.5 PLN",
		"decimal,groups,,PLN",
	},
	{
		"Russian, no-break spaces", "price", "985 000 ₽|1 440 000 ₽|2 027 000 руб.|1,2 млн ₽|950 тыс. руб",
		"985000 RUB|1440000 RUB|2027000 RUB|1200000 RUB|950000 RUB", "groups,,,RUB",
	},
	{
		"Indian", "price", "Rs. 4,50,000|₹ 3.5 Lakh|11.5 Lakh|1.25 Crore|1 Crore 20 Lakh|4,50,000/-|₹5.45 L*|3.25 - 4 " +
			"Lakh|Ask For Price", "450000 INR|350000 INR|1150000|12500000|12000000|450000|545000 INR|-|-",
		"groups,decimal,,INR",
	},
	{
		"Pakistani", "price", "PKR 22.6 lacs|PKR 1.15 crore|Rs 900,000", "2260000 PKR|11500000 PKR|900000 PKR",
		"groups,,,PKR",
	},
	{
		"US miles", "mileage", "45,000 mi|45,000 mi.|12k miles|98K|1,200 Miles|- mi|N/A",
		"45000 mi|45000 mi|12000 mi|98000|1200 mi|-|-", "groups,,mi,",
	},
	{"no distance", "mileage", "23.4 kmpl|18.15 km/l|26 mpg|$500|14.0 km/kg", "-|-|-|-|-", "groups,,,"},
	{
		"glued", "mileage", "150,000km|5000KM|1.5 lakh km|150 tkm|50 mil km|3.2万公里",
		"150000 km|5000 km|150000 km|150000 km|50000 km|32000 km", "groups,,km,",
	},
	{"mixed units", "mileage", "10,000 mi|20,000 km|30,000 mi", "10000 mi|20000 km|30000 mi", "groups,,mi,"},
	{
		"decimals of three digits among longer ones", "price", "15500.000|235.000|99.125|1200.500",
		"15500|235|99.125|1200.5", "groups,decimal,,",
	},
	{"a million shows what a point is", "price", "1.234.567|235.000|12.50", "1234567|-|12.5", "groups,,,"},
	{
		"commas group, so points do not", "price", "1,234,567|1,500.75|2.125", "1234567|1500.75|2.125",
		"groups,decimal,,",
	},
	{
		"decimal commas, so points group", "mileage", "15.000 km|1234,5 km|900,25 km", "15000 km|1234.5 km|900.25 km",
		"decimal,groups,km,",
	},
	{
		"cents in one of many", "mileage", strings.Repeat("12.900|", 60) + "1.5", strings.Repeat("12900|", 60) + "1.5",
		"groups,groups,,",
	},
	{"both in use", "price", "12.900|9.500|8500.00|750.00", "-|-|8500|750", "groups,,,"},
	{
		"years", "year", "2015 reg| 2004   |2015.0|2015|2015-03-01|03/2015|2015 (65)|Mar 2015|2015 " +
			"г.|2015年|2014/2015|1398 cc|15|2015+|２０１５", "2015|2004|2015|2015|2015|2015|2015|2015|2015|2015|-|-|15|-|2015",
		"groups,decimal,,",
	},
	{"cylinders", "cylinders", "V6|4 cylinders|I4|6 cyl|8.0|V-8|six", "6|4|4|6|8|8|-", "groups,decimal,,"},
	{"doors", "doors", "4-door|5 Türen|3 дв.|2dr|4/5", "4|5|3|2|-", "groups,,,"},
	{"seats", "seats", "5 Seater|7-seats|5.000", "5|7|5", "groups,decimal,,"},
	{
		"engines", "capacity", "1398 cc|1 582 cm3|1248 cm³|1.6 l|1201 - 1400 cm3|1498CC",
		"1398 cc|1582 cc|1248 cc|1.6 l|-|1498 cc", "groups,decimal,cc,",
	},
	{
		"horsepower", "power", "90 hp|103.52 bhp|163 л.с.|115 PS", "90 hp|103.52 hp|163 hp|115 hp",
		"groups,decimal,hp,",
	},
	{
		"Italian engines", "capacity", "1.598 cm3|1.248 cc|999 cc|1598 cm³", "1598 cc|1248 cc|999 cc|1598 cc",
		"decimal,groups,cc,",
	},
	{
		"signs in two words", "price", "US $5,000.00|C $12,000|USD$ 3,000|$4,000 CAD|MXN $350,000",
		"5000 USD|12000 CAD|3000 USD|4000 CAD|350000 MXN", "groups,decimal,,CAD",
	},
	{
		"German words", "price", "12.900 € inkl. MwSt.|9.900 € VB (verhandelbar)|12.900,– €|1.000 €*",
		"12900 EUR|-|12900 EUR|1000 EUR", "groups,groups,,EUR",
	},
	{
		"many countries", "price",
		"AED 45,000|₦4,500,000|KSh 1,250,000|R 189 900|RM45,000|Rp 125,000,000|128万円|1,250만원|R$ 45,990",
		"45000 AED|4500000 NGN|1250000 KES|189900 ZAR|45000 MYR|125000000 IDR|1280000 JPY|12500000 KRW|45990 BRL",
		"groups,decimal,,AED",
	},
	{
		"currencies, dollars beside pesos", "price", "$ 9.000.000|U$S 12.000|u$d12.500|$ 8.500.000|us$ 5.000",
		"9000000 $|12000 USD|12500 USD|8500000 $|5000 USD", "decimal,groups,,USD",
	},
	{"currencies by row", "price", "39998 USD|500 EUR|700 usd", "39998 USD|500 EUR|700 USD", "groups,,,USD"},
	{
		"a sign that a code explains", "price", "$5,000|CAD 6,000|C$ 7,000", "5000 CAD|6000 CAD|7000 CAD",
		"groups,,,CAD",
	},
	{
		"no number", "price", "$299/mo|10%|from $5,000|2 for 1|1-2|--5|5 5 5|k|€|$-|12 34|1,23,45|1..2|+5|5+",
		"-|-|-|-|-|-|-|-|-|-|-|-|-|-|-", "groups,,,",
	},
	{"full width and Arabic digits", "price", "￥１２３，０００|١٢٣٬٠٠٠|۱۲۳", "123000 JPY|123000|123", "groups,,,JPY"},
	{
		"exponents", "price", "2e+05|4e+05|1.5E6|3e4|1e-2|2e+005|e5|1e|4ee5",
		"200000|400000|1500000|30000|0.01|-|-|-|-", "groups,,,",
	},
	{"negative", "price", "-5|-1,000|−7|-$5", "-5|-1000|-7|-5 USD", "groups,,,USD"},
}

func TestLearnNumbers(t *testing.T) {
	for _, c := range numberCases {
		values := strings.Split(c.values, "|")
		style, understood, total := LearnNumbers(Measure{Field: c.field}, numberedRows(values...))
		var got []string

		right := 0
		for _, text := range values {
			n, ok := style.Parse([]byte(text), []byte("x"))
			if ok {
				right++
			}
			got = append(got, formatNumber(n, ok))
		}

		if s := strings.Join(got, "|"); s != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, s, c.want)
		}

		if s := strings.Join([]string{style.Comma, style.Point, style.Unit, style.Currency}, ","); s != c.style {
			t.Errorf("%s: style %s, want %s", c.name, s, c.style)
		}

		if understood != right || total != len(values) {
			t.Errorf("%s: %d of %d, want %d of %d", c.name, understood, total, right, len(values))
		}

		isOfSeveral := strings.Contains(c.name, "currencies") || strings.Contains(c.name, "countries") ||
			strings.Contains(c.name, "signs in two")
		if (c.name == "mixed units" || c.name == "engines") != style.Units || isOfSeveral != style.Currencies {
			t.Errorf("%s: %+v", c.name, style)
		}
	}
}
