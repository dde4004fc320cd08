package dbconn

import (
	"database/sql"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mattn/go-sqlite3"
	"golang.org/x/text/unicode/norm"
)

// sqliteDriver is SQLite with the function contains_text(text, word): whether the text has the word
// in it, whatever its case and accents, as MySQL's utf8mb4_general_ci compares them. SQLite's own LIKE
// knows the letters of ASCII alone.
const sqliteDriver = "sqlite3_carstock"

func init() {
	sql.Register(sqliteDriver, &sqlite3.SQLiteDriver{ConnectHook: func(c *sqlite3.SQLiteConn) error {
		return c.RegisterFunc("contains_text", containsText, true)
	}})
}

// containsText is false for NULL, which comes as nil.
func containsText(text any, word string) bool {
	var s string
	switch text := text.(type) {
	case string:
		s = text
	case []byte:
		s = string(text)
	default:
		return false
	}
	return strings.Contains(plainLetters(s), plainLetters(word))
}

// plainLetters gives the text in lower case and without accents.
func plainLetters(s string) string {
	ascii := true
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			ascii = false
			break
		}
	}
	if ascii {
		return strings.ToLower(s)
	}
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r):
			return -1
		case r == 'ß':
			return 's' // one letter to that collation
		}
		return unicode.ToLower(r)
	}, norm.NFD.String(s))
}
