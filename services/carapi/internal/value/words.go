package value

import (
	"unicode"
	"unicode/utf8"
)

// splitText is a text split at all signs, and between letters and digits.
type splitText struct {
	text  string
	keys  []byte // the keys of all words, without spaces
	parts []wordPart
}

// wordPart is a word: its place in the text, and in the keys.
type wordPart struct {
	start, end, keyStart, keyEnd int
}

// key returns the joined keys of neighboring words: "pick-up" is pickup.
func (w *splitText) key(from, to int) []byte {
	return w.keys[w.parts[from].keyStart:w.parts[to-1].keyEnd]
}

// after returns the signs between a word and the next one.
func (w *splitText) after(i int) string {
	if i+1 == len(w.parts) {
		return w.text[w.parts[i].end:]
	}
	return w.text[w.parts[i].end:w.parts[i+1].start]
}

// joined returns the keys of all words.
func (w *splitText) joined() string { return string(w.keys) }

// splitWords splits a text into words.
func splitWords(text string) splitText {
	w := splitText{text: text, keys: make([]byte, 0, len(text)), parts: make([]wordPart, 0, 8)}
	start, last := 0, 0

	// end adds the word that began at start, unless it consists of signs.
	end := func(at int) {
		if last != 0 {
			from := len(w.keys)
			w.keys = AppendKey(w.keys, text[start:at])
			w.parts = append(w.parts, wordPart{start, at, from, len(w.keys)})
		}
	}

	for i, r := range text {
		if kind := wordKind(r, last); kind != last {
			end(i)
			start, last = i, kind
		}
	}

	end(len(text))
	return w
}

// wordKind returns 1 for letters, 2 for digits and 0 for other signs. A mark belongs to the sign before it.
func wordKind(r rune, last int) int {
	switch {
	case r < utf8.RuneSelf && (r|0x20 < 'a' || r|0x20 > 'z'):
		return 2 * boolDigit(r >= '0' && r <= '9')
	case unicode.IsLetter(r):
		return 1
	case unicode.IsDigit(r):
		return 2
	case unicode.Is(unicode.M, r):
		return last
	}

	return 0
}
