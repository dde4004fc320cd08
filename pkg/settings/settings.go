// Package settings fills a program's configuration struct from the environment and from a .env
// file. It knows how variables are found and how mistakes are told, and no variable by name: each
// package owns its Config, with names, defaults and descriptions in the struct tags.
package settings

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/joho/godotenv"
	"github.com/kelseyhightower/envconfig"
)

// LoadDotEnv adds the variables of the file .env in the working directory to the environment. A
// variable that the environment already has keeps its value. No file is no error; an unreadable
// or malformed one is.
func LoadDotEnv() error {
	err := godotenv.Load()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		// godotenv quotes the offending text, which may be a password.
		var path *fs.PathError
		if errors.As(err, &path) {
			return Wrong(fmt.Errorf(".env: %w", err))
		}
		return Wrong(errors.New(".env: a line is not NAME=value; quote values that hold spaces, quotes or $ in '...'"))
	}
	return nil
}

// Error is one or more mistakes of whoever started the program, a line each, as opposed to what
// goes wrong later.
type Error struct{ err error }

func (e *Error) Error() string {
	return "wrong settings:\n  " + strings.ReplaceAll(e.err.Error(), "\n", "\n  ")
}

// Wrong makes an Error of err, and nil of nil.
func Wrong(err error) error {
	if err == nil {
		return nil
	}
	return &Error{err}
}

// Process fills cfg, a pointer to a struct as envconfig wants it, and calls its Validate. An empty
// variable counts as unset, as `NAME=` and compose's `${NAME:-}` intend, and is taken out of the
// environment. The error is an *Error that names every wrong variable, so that all can be mended at
// once.
//
// Struct tags must use split_words and never `envconfig:"NAME"`: envconfig also looks that name up
// without the prefix, and DB_USER would silently become the shell's USER.
func Process(cfg interface{ Validate() error }) error {
	keys, err := Keys(cfg)
	if err != nil {
		return err
	}
	for _, key := range keys {
		if v, set := os.LookupEnv(key); set && v == "" {
			_ = os.Unsetenv(key)
		}
	}
	var wrong []error
	for {
		err := envconfig.Process("", cfg)
		var parse *envconfig.ParseError
		if !errors.As(err, &parse) {
			if err != nil {
				wrong = append(wrong, err)
			}
			break
		}
		// envconfig stops at the first wrong value. Without that one it goes on to the next.
		wrong = append(wrong, fmt.Errorf("%s: %q is not %s", parse.KeyName, parse.Value, expected(parse.TypeName)))
		_ = os.Unsetenv(parse.KeyName)
	}
	return Wrong(errors.Join(append(wrong, cfg.Validate())...))
}

// expected says in words what a Go type of a setting takes.
func expected(goType string) string {
	switch goType {
	case "time.Duration":
		return "a duration such as 30s or 5m"
	case "bool":
		return "true or false"
	case "int", "int64", "uint16":
		return "a whole number in range"
	}
	return "a valid " + goType
}

// Keys lists the names of the variables that cfg is filled from.
func Keys(cfg any) ([]string, error) {
	var b strings.Builder
	if err := envconfig.Usagef("", cfg, &b, "{{range .}}{{usage_key .}}\n{{end}}"); err != nil {
		return nil, fmt.Errorf("list settings: %w", err)
	}
	return strings.Fields(b.String()), nil
}
