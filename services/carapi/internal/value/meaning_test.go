package value

import (
	"slices"
	"strings"
	"testing"
)

func builtInVocabulary(t testing.TB) *Vocabulary {
	t.Helper()
	v, err := ReadVocabulary("")
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// meaningCases are texts by field, one meaning per line.
var meaningCases = map[string]string{
	"color": `
		black: Black | Shadow Black | BLACK  | Jet Black Metallic | Black Ruby | noir | Schwarz | Negro | Nero
		black: Preto | Zwart | Czarny | Siyah | чёрный | Черная | Чорний | Triple Black Clearcoat | schwarzmetallic
		black: Black Sapphire | Obsidianschwarz | Saphirschwarz metallic
		silver: Brillantsilber | polarsilber
		black, red: Black Cherry | Black Cherry Pearl | Black/Red | black and red | Rouge / Noir
		black, purple: Black Currant
		black, white: Black or White | Black-White | Schwarz/Weiß | negro con blanco | Black & White
		blue: navy | Navy Blue | Granatowy | Lacivert | голубой
		white: White with black interior | White, black roof
		red: Red w/ Black Top
		: Not Black | Non noir | No negro
		blue: Blue with light interior
		red: Red w/ Light Gray leather
		black: Black Top | Black Leather
		beige, brown: Beż/Brąz
		blue: Bleu marine | Azul Marino | Blu | hellblaumetallic | Gray Blue | Bleu Gris
		gray: Cool-Gray Khaki | grey | Anthrazit | szary | серый металлик | Gris Bleu | Füme
		blue, dark blue: dunkelblau | Dunkelblau metallic | тёмно-синий | donkerblauw
		gray, light gray: jasnoszary | lichtgrijs
		dark gray, gray: gris oscuro
		gray: Blue Gray
		white: Pearl White | Weiß | weiss | WEISS | Blanco Perla | Biały perłowy | Beyaz | белый
		white: Alpine White (300)
		green: Black Forest Green | vert | zielony | British Racing Green
		red: Weinrot | Bordowy | Rosso Corsa | Ruby Flare Pearl | Kırmızı
		silver: Silbermetallic | Plateado | srebrny | Midnight Silver
		brown: Sage Brown | Kahverengi | brun
		beige: tan | champagne
		gold: White Gold
		: - | – | UNKNOWN | Metallic | carrot | marigold | Inny kolor | Caviar | 21900 | Ebony | rotary | NA | (empty)`,
	"interior_color": `
		black: Jet Black
		black, brown: Nougat Brown / Black
		black: Black leather`,
	"transmission": `
		automatic: 8-Speed Automatic | A/T | 6-Speed A/T | Auto | Automatik | otomatik | автоматическая | АКПП
		automatic: 6-Speed Auto-Shift Manual w/OD | Tiptronic | Auto, 7-Spd 7G-Tronic + | 8AT | Automaat | a
		automatic: Automatic with Manual Mode | BVA
		cvt: Automatic CVT | CVT | вариатор | Lineartronic CVT | bezstopniowa
		dual-clutch: DSG | 7-Speed Dual-Clutch | S tronic | DCT
		automatic, dual-clutch: Automatic (DSG) | 7-Speed Automatic DCT | Automatyczna dwusprzęgłowa
		robot: робот | роботизированная | Automated Manual | AMT
		manual: Manual | Düz | manuell | механическая | механика | M/T | 6MT | 5-speed manual | Schaltgetriebe
		manual: Handgeschakeld | Ręczna | МКПП | Manuelle | Mecánica | m
		semi-automatic: Yarı Otomatik | Semi-Automatic | Halbautomatik | полуавтомат
		automatic, cvt, manual: Automatic, CVT, Manual
		single-speed: Single Speed | редуктор
		: Autos | 7-Speed | FWD | передний | Front-wheel drive`,
	"fuel_type": `
		gasoline: Gasoline | Petrol | benzin | Benzyna | Essence | бензин | Gas | Regular Unleaded | Gasoline Fuel
		gasoline: P | Nafta
		hybrid: Gasoline Hybrid | Hybrid | Hybryda | Hybrid (Benzin/Elektro) | Electric/Gasoline | гибрид
		hybrid: Petrol/Electric | Diesel Hybrid | Mild Hybrid
		plug-in hybrid: Plug-in Hybrid | PHEV | Hybride rechargeable | Híbrido enchufable | Plug-In Hybrid Electric
		lpg: LPG & Benzin | Benzyna+LPG | газ / бензин | Benzin/Gas | Petrol + LPG | Benzine/LPG
		lpg: Essence GPL | Gasolina y Gas | Benzina GPL
		cng: Petrol/CNG | Benzina/Metano | Nafta + GNC
		cng, lpg: Petrol/LPG/CNG
		diesel, lpg: Diesel + LPG
		cng: CNG | Erdgas (CNG) | Natural Gas | Compressed Natural Gas
		lpg: LPG | Autogas | газ | Tüp
		diesel: Diesel | Dizel | дизель | Gasóleo | 2.0 л / 163 л.с. / Дизель | Diésel | Golf IV 1.9 TDI | gas oil
		electric: EV | Elektro | elektrik | Électrique
		flex-fuel: E85 Flex Fuel | Flex | Álcool e Gasolina | flex-fuel (unleaded/E85)
		gasoline: Premium | premium unleaded (required)
		diesel: Diesel Premium | Diesel (Regular) | Diesel E5
		electric: Kona Electric Premium SE
		: Non-Diesel
		: 40 KM | SUV | andere | Manual`,
	"body_type": `
		sedan: Sedan | Saloon | Limousine | Berline | 4dr Sedan | седан | Berlina
		suv: SUV | Sport Utility | внедорожник 5 дв. | кроссовер | Crossover | Geländewagen | Todoterreno
		suv: 4D Sport Utility | Terenowy | SUV/Geländewagen/Pickup | SUV/Crossover
		hatchback: Hatchback | хэтчбек 3 дв. | лифтбек | 5-door hatch | Schrägheck
		wagon: Kombi | Estate | Break | универсал | Station Wagon | stationwagen | Perua
		convertible: Cabriolet | Roadster | кабриолет
		convertible, coupe: Coupe/Convertible
		pickup: Crew Cab Pickup | Truck | пикап | Picape | Pick-up
		minivan: Minivan | MPV | минивэн | Monovolumen | Monospace
		small car: Kleinwagen | Auta miejskie | Citadine
		van: Cargo Van | furgon | Kastenwagen
		: andere | 391288 | Biały | Automatic`,
	"drivetrain": `
		awd: AWD | All-wheel Drive | quattro | xDrive | all_wheel_drive
		4wd: Four-wheel Drive | 4WD | Part-time 4WD
		4wd, awd: Traction intégrale | Tracción integral | Trazione integrale | 4X4 | полный | Allrad | 4x4 (stały)
		4wd, awd: повний
		fwd: FWD | Front Wheel Drive | передний | Frontantrieb | Na przednie koła | Önden Çekiş | Traction avant
		rwd: RWD | задний | Heckantrieb | Arkadan İtiş
		2wd: 4x2 | 2WD
		: OTHER | Automatic | black`,
	"condition": `
		used: Used | pre-owned | gebraucht | Occasion | Usado | б/у | İkinci El | Foreign Used | с пробегом
		used: używany | seminuevo
		new: NEW | Neu | новый | Neuf | Sıfır | Brand New | 0 km
		certified: Certified Pre-Owned | CPO
		excellent, used: Used - Excellent
		like new: Like New
		damaged: требует ремонта | uszkodzony | Unfallwagen
		: Не требует ремонта | unfallfrei | bezwypadkowy | Dealer`,
}

func TestMeanings(t *testing.T) {
	v := builtInVocabulary(t)
	for field, lines := range meaningCases {
		for line := range strings.Lines(strings.TrimSpace(lines)) {
			want, texts, _ := strings.Cut(strings.TrimSpace(line), ":")
			for text := range strings.SplitSeq(texts, " | ") {
				text = strings.TrimPrefix(text, " ")
				if got := strings.Join(v.Meanings(field, text), ", "); got != want {
					t.Errorf("%s %q means %q, want %q", field, text, got, want)
				}
			}
		}
	}

	if v.Meanings("make", "Black") != nil || v.Meanings("color", strings.Repeat("black ", 100)) != nil {
		t.Error("a make and a long text have no meanings")
	}
}

// A name asks for its meaning. A kind of it does not.
func TestNamedMeanings(t *testing.T) {
	v := builtInVocabulary(t)
	for _, c := range []struct{ field, word, want string }{
		{"color", "black", "black"},
		{"color", "Schwarz", "black"},
		{"color", "ЧЕРНЫЙ", "black"},
		{"color", "Shadow Black", ""},
		{"color", "navy", ""},
		{"color", "dunkelblau", "dark blue"},
		{"color", "dark blue", "dark blue"},
		{"color", "Bleu foncé", "dark blue"},
		{"color", "светло-серый", "light gray"},
		{"color", "dark blue metallic", ""},
		{"color", "dark", ""},
		{"interior_color", "grey", "gray"},
		{"color", "Black Cherry", ""},
		{"transmission", "automatic", "automatic"},
		{"transmission", "A/T", "automatic"},
		{"transmission", "Tiptronic", ""},
		{"transmission", "CVT", "cvt"},
		{"transmission", "робот", "robot"},
		{"transmission", "8-Speed Automatic", ""},
		{"fuel_type", "petrol", "gasoline"},
		{"fuel_type", "benzin", "gasoline"},
		{"fuel_type", "plug in hybrid", "plug-in hybrid"},
		{"fuel_type", "TDI", ""},
		{"body_type", "estate", "wagon"},
		{"body_type", "station-wagon", "wagon"},
		{"drivetrain", "4x4", "awd, 4wd"},
		{"drivetrain", "полный привод", "awd, 4wd"},
		{"condition", "pre-owned", "used"},
		{"make", "black", ""},
		{"color", "", ""},
		{"color", "!", ""},
	} {
		if got := strings.Join(v.NamedMeanings(c.field, c.word), ", "); got != c.want {
			t.Errorf("%s %q gives %q, want %q", c.field, c.word, got, c.want)
		}
	}
}

// No word belongs to two fields, except those listed: binding distinguishes columns by their words.
func TestMeaningsApart(t *testing.T) {
	v := builtInVocabulary(t)
	for _, c := range []struct{ field, text string }{
		{"transmission", "Automatic"},
		{"transmission", "механическая"},
		{"fuel_type", "Diesel"},
		{"fuel_type", "Benzyna"},
		{"body_type", "SUV"},
		{"body_type", "Kombi"},
		{"color", "Czarny"},
		{"color", "White"},
		{"drivetrain", "задний"},
		{"drivetrain", "FWD"},
		{"condition", "Used"},
		{"condition", "neuf"},
	} {
		for _, field := range lexiconFields {
			if isOwn := field == c.field; (v.Meanings(field, c.text) != nil) != isOwn {
				t.Errorf("%s %q as %s means %v", c.field, c.text, field, v.Meanings(field, c.text))
			}
		}
	}
}

func TestVocabularyFileMeanings(t *testing.T) {
	v := builtInVocabulary(t)
	if err := v.addFile("[color]\nblack < Onyx\nteal: petrolblau\n[make]\nZimp\nZonda = Pagani Zonda"); err != nil {
		t.Fatal(err)
	}

	if got := v.Meanings("color", "Onyx Metallic"); !slices.Equal(got, []string{"black"}) {
		t.Error(got)
	}

	if got := v.NamedMeanings("color", "Petrolblau"); !slices.Equal(got, []string{"teal"}) {
		t.Error(got)
	}

	if !v.IsMake("ZIMP") || !slices.Contains(v.Aliases("make", "Pagani Zonda"), "zonda") {
		t.Error("makes of the file")
	}

	for text, want := range map[string]string{
		"[model]\nblack: noir": "meanings below one of", "[color]\n: noir": "words for a meaning",
		"[color]\nblack:":       "words for a meaning",
		"[color]\nhead: middle": "head: first",
	} {
		if err := v.addFile(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}
