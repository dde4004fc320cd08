package value

import (
	"bytes"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxNumberText is the largest number of bytes of a text with one number.
const maxNumberText = 80

// writtenNumber is a text with a number, split into its parts: "Rs. 4.5 lakh" is 4.5 with five zeros and the sign rs.
type writtenNumber struct {
	parts    [2]scaledDigits // the second is "20 thousand" in "1 lakh 20 thousand"
	count    int             // parts in use
	negative bool
	sign     string // currency sign, as in numbers.txt
	unit     string // such as km
	hasNoun  bool   // whether a noun of the field is beside it
	hasMore  bool   // whether ignored words are beside it
}

// scaledDigits are digits with separators, and the power of ten of the word after them.
type scaledDigits struct {
	digits []byte
	zeros  int
}

// numberScanner splits the text of a number from left to right. It must be able to read the whole text.
type numberScanner struct {
	measure Measure
	text    []byte // lower case, ASCII digits, plain spaces
	at      int
	number  writtenNumber
}

// scanNumber splits a text, using buf for its letters. It returns false if the text contains anything beside one
// number, such as a second number or an unknown word.
func scanNumber(m Measure, text []byte, buf *[2 * maxNumberText]byte) (writtenNumber, bool) {
	if len(text) > maxNumberText {
		return writtenNumber{}, false
	}

	s := numberScanner{measure: m, text: appendNumberText(buf[:0], text)}
	for s.at < len(s.text) {
		if !s.readPart() {
			return writtenNumber{}, false
		}
	}

	// Two parts are one number if both have a scale, the larger first: 1 lakh 20 thousand.
	w := s.number
	isCompound := w.count == 2 && w.parts[0].zeros > w.parts[1].zeros && w.parts[1].zeros > 0
	return w, w.count == 1 || isCompound
}

// appendNumberText appends a text in lower case, with ASCII digits, plain spaces and plain minus signs.
func appendNumberText(b, text []byte) []byte {
	for len(text) > 0 {
		// Nearly all letters are ASCII.
		if c := text[0]; c < utf8.RuneSelf {
			if c >= 'A' && c <= 'Z' {
				c += 'a' - 'A'
			}
			b, text = append(b, c), text[1:]
			continue
		}

		r, size := utf8.DecodeRune(text)
		text = text[size:]

		switch {
		case unicode.IsSpace(r), r == '\u200b', r == '\ufeff':
			b = append(b, ' ')

		// Full-width, Arabic and Persian digits.
		case r >= '０' && r <= '９':
			b = append(b, byte(r-'０')+'0')
		case r >= '٠' && r <= '٩':
			b = append(b, byte(r-'٠')+'0')
		case r >= '۰' && r <= '۹':
			b = append(b, byte(r-'۰')+'0')

		// Other forms of separators and signs.
		case r == '’', r == '‘', r == 'ʼ', r == '´':
			b = append(b, '\'')
		case r == '－', r == '−':
			b = append(b, '-')
		case r == '，', r == '٬':
			b = append(b, ',')
		case r == '．', r == '٫':
			b = append(b, '.')
		case r == '＄':
			b = append(b, '$')
		case r == '￥':
			b = utf8.AppendRune(b, '¥')
		case r == '³':
			b = append(b, '3')
		default:
			b = utf8.AppendRune(b, unicode.ToLower(r))
		}
	}

	return b
}

// readPart reads one part of the text. It returns false for a part that does not belong to a number.
func (s *numberScanner) readPart() bool {
	c := s.text[s.at]
	hasNumber := s.number.count > 0
	switch {
	case c == ' ', c <= ' ' && c != 0, c == '*':
		s.at++
		return true
	case isDigit(c):
		return s.readDigits()

	// Signs before and after the number.
	case (c == ':' || c == '~') && !hasNumber, (c == '(' || c == ')') && hasNumber:
		s.at++
		return true

	// A minus is the number's sign, or joins it with the word beside it.
	case c == '-' && !hasNumber && s.at > 0 && s.text[s.at-1] != ' ': // V-8
		s.at++
		return s.measure.IsCount()
	case c == '-' && !hasNumber:
		isSign := !s.number.negative && s.at+1 < len(s.text) && s.text[s.at+1] != ' '
		s.number.negative = true
		s.at++
		return isSign
	case c == '-' && s.at+1 < len(s.text) && s.isLetter(s.at+1) && s.at > 0 && isDigit(s.text[s.at-1]): // 4-door
		s.at++
		return true

	case c == ',' || c == '.' || c == '-' || c == '/':
		return hasNumber && s.readDash()
	}

	return s.readWord()
}

// readDash reads signs for no cents, as in 12.900,- and 4,50,000/-, or a period at the end.
func (s *numberScanner) readDash() bool {
	from := s.at
	for s.at < len(s.text) && bytes.IndexByte([]byte("-,./"), s.text[s.at]) >= 0 {
		s.at++
	}

	// A longer dash may come last: 12.900,–
	if rest := s.text[s.at:]; len(rest) > 0 && rest[0] >= utf8.RuneSelf {
		if r, size := utf8.DecodeRune(rest); r == '–' || r == '—' {
			s.at += size
		}
	}

	// Before a digit, the signs would begin a second number.
	if s.at < len(s.text) && isDigit(s.text[s.at]) {
		return false
	}

	// Of single signs, only a period may end a number.
	switch string(s.text[from:s.at]) {
	case ",", "/", "-":
		return false
	}

	return true
}

// readDigits reads digits and the separators between them.
func (s *numberScanner) readDigits() bool {
	if s.number.count > 0 && (s.number.count == len(s.number.parts) || s.number.parts[s.number.count-1].zeros == 0) {
		return false // a second number
	}

	// A space continues the number before exactly three digits, if no other separator is used.
	from, group, onlySpaces := s.at, 0, true
	for s.at < len(s.text) {
		c := s.text[s.at]
		switch {
		case isDigit(c):
			group++
		case (c == '.' || c == ',' || c == '\'') && s.digitsAt(s.at+1) > 0:
			group, onlySpaces = 0, false
		case c == ' ' && group <= 3 && onlySpaces && s.digitsAt(s.at+1) == 3:
			group = 0
		default:
			return s.addDigits(s.text[from:s.at])
		}

		s.at++
	}

	return s.addDigits(s.text[from:s.at])
}

// addDigits adds the digits as a part. It always returns true, as the result of readDigits.
func (s *numberScanner) addDigits(digits []byte) bool {
	s.number.parts[s.number.count].digits = digits
	s.number.count++
	return true
}

// digitsAt counts the digits from a position on, up to four.
func (s *numberScanner) digitsAt(at int) int {
	n := 0
	for n < 4 && at+n < len(s.text) && isDigit(s.text[at+n]) {
		n++
	}
	return n
}

func (s *numberScanner) isLetter(at int) bool {
	r, _ := utf8.DecodeRune(s.text[at:])
	return unicode.IsLetter(r)
}

// readWord reads a word or a currency sign.
func (s *numberScanner) readWord() bool {
	from := s.at
	for s.at < len(s.text) {
		// Take letters, signs between two letters as in km/h, and a currency sign, which ends the word.
		r, size := utf8.DecodeRune(s.text[s.at:])
		isInside := (r == '.' || r == '/' || r == '\'' || r == '^') && s.at > from && s.at+1 < len(s.text) &&
			s.isLetter(s.at+1)
		isCurrency := unicode.Is(unicode.Sc, r)
		if !unicode.IsLetter(r) && !unicode.Is(unicode.M, r) && !isInside && !isCurrency {
			break
		}
		if isCurrency && r != '$' && s.at > from {
			break // k€
		}

		s.at += size
		if isCurrency {
			if rest := s.text[from:]; bytes.HasPrefix(rest, []byte("u$s")) || bytes.HasPrefix(rest, []byte("u$d")) {
				s.at++ // US dollars, as they are written beside pesos
			}
			break
		}
	}

	if s.at == from {
		return false
	}

	word := s.text[from:s.at]
	if s.at < len(s.text) && s.text[s.at] == '3' && (string(word) == "cm" || string(word) == "см") {
		s.at++ // cm3
	}

	if s.at < len(s.text) && s.text[s.at] == '.' {
		s.at++ // Rs.
	}

	return s.addWord(word)
}

// addWord adds the meaning of a word.
func (s *numberScanner) addWord(word []byte) bool {
	if slices.Contains(word, '.') {
		word = slices.DeleteFunc(slices.Clone(word), func(c byte) bool { return c == '.' })
	}

	if s.isUnderstood(word) {
		return true
	}

	// Otherwise it may be a scale of one letter, and another word written together with it.
	_, size := utf8.DecodeRune(word)
	if size == len(word) || s.number.count == 0 || numberWords.scales[string(word[:size])] == 0 {
		return false
	}

	return s.isUnderstood(word[:size]) && s.isUnderstood(word[size:]) // 万公里, tkm
}

// isUnderstood reads a word as a scale, a unit, a currency, or an ignored word.
func (s *numberScanner) isUnderstood(word []byte) bool {
	m := s.measure

	// A scale, such as thousand, belongs to the digits before it.
	if s.number.count > 0 {
		zeros := numberWords.scales[string(word)]
		if string(word) == "l" && m.IsMoney() {
			zeros = 5 // lakh
		}

		last := &s.number.parts[s.number.count-1]
		switch {
		case zeros == 0 || last.zeros > 0 || !m.IsMoney() && !m.IsDistance():
		case m.IsDistance() && zeros > 5, m.IsDistance() && string(word) == "mil" && !s.isBeforeDistance():
			return false // m may be miles, and mil ten kilometers
		default:
			last.zeros = zeros
			return true
		}
	}

	// Each field only has some kinds of words: no unit beside money, and no currency beside a distance.
	unit := numberWords.units[string(word)]
	hasUnits := !m.IsMoney() && !m.IsCount() && (!m.IsDistance() || unit == "km" || unit == "mi")
	if unit != "" && hasUnits && s.number.count > 0 && s.number.unit == "" {
		s.number.unit = unit
		return true
	}
	if !m.IsDistance() && !m.IsCount() && s.addCurrency(string(word)) {
		return true
	}
	if numberWords.nouns[m.Field][string(word)] {
		s.number.hasNoun = true
		return true
	}

	s.number.hasMore = true
	return numberWords.ignoredWords[string(word)]
}

// isBeforeDistance reports whether a unit of distance comes next.
func (s *numberScanner) isBeforeDistance() bool {
	rest := s.text[s.at:]
	for len(rest) > 0 && rest[0] == ' ' {
		rest = rest[1:]
	}
	return len(rest) > 1 && (rest[0] == 'k' || rest[0] == 'q') // km, quilómetros
}

// addCurrency reads a word as a currency. If a number has two, as in "$5,000 CAD", the more specific one counts.
func (s *numberScanner) addCurrency(sign string) bool {
	// Letters of a country and a dollar sign after them are one sign: US $5,000.
	if s.at < len(s.text) && len(sign) <= 2 && sign[len(sign)-1] != '$' {
		if rest := bytes.TrimLeft(s.text[s.at:], " "); len(rest) > 0 && rest[0] == '$' &&
			numberWords.currencies[sign+"$"] != nil {
			s.at = len(s.text) - len(rest) + 1
			sign += "$"
		}
	}

	if code := strings.TrimSuffix(sign, "$"); numberWords.currencies[sign] == nil {
		sign = code // USD$
	}

	codes, before := numberWords.currencies[sign], numberWords.currencies[s.number.sign]
	if codes == nil || before != nil && !sharesCurrency(sign, s.number.sign) {
		return false
	}

	if before == nil || len(codes) < len(before) {
		s.number.sign = sign
	}

	return true
}
