// Package sqltext finds names and parts in SQL that SQLite has accepted: the definitions of tables, indexes and
// triggers. It executes nothing.
package sqltext

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// token is a piece of SQL. The kinds are those that matter for finding names.
type token struct {
	kind tokenKind
	text string // as the SQL has it
}

type tokenKind int

const (
	tokenSpace   tokenKind = iota // white space or a comment
	tokenWord                     // a name or keyword without quotes
	tokenQuoted                   // a name in "...", `...` or [...]; SQLite may treat one in "..." as a text
	tokenLiteral                  // a text in '...'
	tokenSymbol                   // one byte of anything else
)

// tokenize splits SQL. The texts of the tokens, joined, are the SQL again.
func tokenize(sql string) []token {
	var tokens []token
	for len(sql) > 0 {
		t := nextToken(sql)
		tokens = append(tokens, t)
		sql = sql[len(t.text):]
	}
	return tokens
}

// nextToken returns the first token of SQL that is not empty.
func nextToken(sql string) token {
	switch c := sql[0]; {
	// White space and comments.
	case strings.IndexByte(" \t\r\n\f", c) >= 0:
		return token{tokenSpace, sql[:1]}
	case strings.HasPrefix(sql, "--"):
		return token{tokenSpace, sql[:lengthUntil(sql, 2, "\n")]}
	case strings.HasPrefix(sql, "/*"):
		return token{tokenSpace, sql[:lengthUntil(sql, 2, "*/")]}

	// Names and texts in quotes.
	case c == '[':
		return token{tokenQuoted, sql[:lengthUntil(sql, 1, "]")]}
	case c == '\'':
		return token{tokenLiteral, sql[:quotedLength(sql, c)]}
	case c == '"' || c == '`':
		return token{tokenQuoted, sql[:quotedLength(sql, c)]}

	case isWordByte(c):
		n := 1
		for n < len(sql) && isWordByte(sql[n]) {
			n++
		}
		return token{tokenWord, sql[:n]}
	}

	return token{tokenSymbol, sql[:1]}
}

// lengthUntil returns the length of sql up to the end of the first mark after from; the whole length without a mark.
func lengthUntil(sql string, from int, mark string) int {
	if i := strings.Index(sql[from:], mark); i >= 0 {
		return from + i + len(mark)
	}
	return len(sql)
}

// quotedLength returns the length of the quoted text at the start of sql, in which two quotes stand for one.
func quotedLength(sql string, quote byte) int {
	for i := 1; i < len(sql); i++ {
		if sql[i] != quote {
			continue
		}
		if i+1 == len(sql) || sql[i+1] != quote {
			return i + 1
		}
		i++
	}

	return len(sql)
}

// isWordByte reports whether a byte can be in a name or keyword without quotes.
func isWordByte(c byte) bool {
	return c == '_' || c == '$' || c >= utf8.RuneSelf || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}

// unquote returns the name or text of a token, without its quotes.
func unquote(t token) string {
	if t.kind != tokenQuoted && t.kind != tokenLiteral || len(t.text) < 2 {
		return t.text
	}

	inside := t.text[1 : len(t.text)-1]
	if t.text[0] == '[' {
		return inside
	}
	quote := t.text[:1]
	return strings.ReplaceAll(inside, quote+quote, quote)
}

// QuoteStrict rewrites each "name" that is one of the given names as `name`. SQLite treats "name" as a text if there is
// no such column, so it would not report a missing one.
func QuoteStrict(sql string, names []string) string {
	var b strings.Builder
	for _, t := range tokenize(sql) {
		if t.kind == tokenQuoted && t.text[0] == '"' && ContainsName(names, unquote(t)) {
			t.text = "`" + strings.ReplaceAll(unquote(t), "`", "``") + "`"
		}
		b.WriteString(t.text)
	}
	return b.String()
}

// splitList returns the parts of the first list in brackets, between its commas.
func splitList(sql string) (parts [][]token) {
	depth := 0 // of the brackets around a token
	for _, t := range tokenize(sql) {
		switch {
		case t.kind == tokenSymbol && t.text == "(":
			if depth++; depth == 1 {
				parts = append(parts, nil)
				continue
			}
		case t.kind == tokenSymbol && t.text == ")":
			if depth--; depth == 0 {
				return parts
			}
		case t.kind == tokenSymbol && t.text == "," && depth == 1:
			parts = append(parts, nil)
			continue
		}

		if depth > 0 {
			parts[len(parts)-1] = append(parts[len(parts)-1], t)
		}
	}

	return parts
}

// withoutSpace returns the tokens without white space and comments.
func withoutSpace(tokens []token) (rest []token) {
	for _, t := range tokens {
		if t.kind != tokenSpace {
			rest = append(rest, t)
		}
	}
	return rest
}

// ColumnDefinitions returns the definitions in a CREATE TABLE, by the column's name in lower case.
func ColumnDefinitions(createTable string) map[string]string {
	found := map[string]string{}
	for _, part := range splitList(createTable) {
		tokens := withoutSpace(part)
		if len(tokens) == 0 {
			continue
		}
		found[strings.ToLower(unquote(tokens[0]))] = joinTokens(part)
	}

	return found
}

// TableConstraints returns the constraints of the whole table in a CREATE TABLE, without the primary key.
func TableConstraints(createTable string) (found []string) {
	for _, part := range splitList(createTable) {
		tokens := withoutSpace(part)
		if len(tokens) == 0 || tokens[0].kind != tokenWord {
			continue
		}

		// The first word is the kind of constraint, or CONSTRAINT before its name.
		kind := tokens[0]
		if strings.EqualFold(kind.text, "CONSTRAINT") && len(tokens) > 2 {
			kind = tokens[2] // after the constraint's name
		}

		if ContainsName([]string{"UNIQUE", "CHECK", "FOREIGN"}, kind.text) {
			found = append(found, joinTokens(part))
		}
	}

	return found
}

// UpdateOfColumns returns the columns of a CREATE TRIGGER that fires on UPDATE OF them; none for other triggers.
func UpdateOfColumns(createTrigger string) (columns []string) {
	isKeyword := func(t token, keyword string) bool { return t.kind == tokenWord && strings.EqualFold(t.text, keyword) }
	tokens := withoutSpace(tokenize(createTrigger))

	// The columns stand between UPDATE OF and ON.
	for i, t := range tokens {
		switch {
		case isKeyword(t, "ON"), isKeyword(t, "BEGIN"):
			return columns
		case len(columns) > 0 && t.text != ",":
			columns = append(columns, unquote(t))
		case i > 1 && strings.EqualFold(tokens[i-1].text, "OF") && strings.EqualFold(tokens[i-2].text, "UPDATE"):
			columns = append(columns, unquote(t))
		}
	}

	return nil
}

// joinTokens returns the SQL of tokens. It leaves out comments that end with the line, which would swallow what
// follows.
func joinTokens(tokens []token) string {
	var b strings.Builder
	for _, t := range tokens {
		if strings.HasPrefix(t.text, "--") {
			t.text = " "
		}
		b.WriteString(t.text)
	}
	return strings.TrimSpace(b.String())
}

// FullTextContent returns the table from which a full-text index of FTS5, FTS4 or FTS3 takes its contents; "" for none.
func FullTextContent(createVirtualTable string) string {
	before, _, _ := strings.Cut(strings.ToLower(createVirtualTable), "(")
	if !strings.Contains(before, "fts") {
		return ""
	}

	// An argument of the index is an option, as content=vehicles, or a column.
	for _, part := range splitList(createVirtualTable) {
		tokens := withoutSpace(part)
		if len(tokens) == 3 && strings.EqualFold(tokens[0].text, "content") && tokens[1].text == "=" {
			return unquote(tokens[2])
		}
	}

	return ""
}

// ContainsName reports whether a name is among others. It ignores case, as SQLite does.
func ContainsName(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
}
