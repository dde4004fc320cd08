package config

import (
	"errors"
	"strings"
)

// NameList holds names separated by commas. A name with a comma in it or spaces around it is in backticks.
type NameList []string

// Decode splits the names and keeps their backticks.
func (n *NameList) Decode(text string) error {
	*n = nil

	// A comma ends a name unless it is between backticks. The last name ends with a comma that is added.
	quoted, start := false, 0
	for i, c := range text + "," {
		switch {
		case c == '`':
			quoted = !quoted
		case c == ',' && (!quoted || i == len(text)):
			if part := strings.TrimSpace(text[start:i]); part != "" {
				*n = append(*n, part)
			}
			start = i + 1
		}
	}

	if quoted {
		return errors.New("expected a second backtick after a quoted name")
	}

	return nil
}
