package settings

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"reflect"
	"strings"

	"github.com/kelseyhightower/envconfig"
)

// describer is a configuration struct, or a struct in one, that describes its variables by their full names. A struct
// tag must fit on one line, so only short descriptions stand there, as desc:"...".
type describer interface {
	Descriptions() map[string]string
}

// Describe writes the variables that cfg is filled from, with their defaults, as the rows of a table in Markdown. The
// argument cfg is a pointer to a struct.
func Describe(w io.Writer, cfg any) error {
	const format = "{{range .}}{{usage_key .}}\t{{usage_default .}}\t{{usage_description .}}\n{{end}}"
	var b strings.Builder
	if err := envconfig.Usagef("", cfg, &b, format); err != nil {
		return fmt.Errorf("describe settings: %w", err)
	}

	// Descriptions takes precedence over the struct tags.
	descriptions := map[string]string{}
	collectDescriptions(reflect.ValueOf(cfg).Elem(), descriptions)
	escape := func(text string) string { return strings.ReplaceAll(text, "|", "\\|") }
	for line := range strings.Lines(b.String()) {
		row := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		description := cmp.Or(descriptions[row[0]], row[2])
		if _, err := fmt.Fprintf(w, "| `%s` | %s | %s |\n", row[0], escape(row[1]), escape(description)); err != nil {
			return err
		}
	}

	return nil
}

// collectDescriptions adds the descriptions of a struct and of the structs in it.
func collectDescriptions(v reflect.Value, descriptions map[string]string) {
	if d, ok := v.Addr().Interface().(describer); ok {
		maps.Copy(descriptions, d.Descriptions())
	}

	for i := range v.NumField() {
		if field := v.Field(i); field.Kind() == reflect.Struct && v.Type().Field(i).IsExported() {
			collectDescriptions(field, descriptions)
		}
	}
}
