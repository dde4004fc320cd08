package settings

import (
	"fmt"
	"io"
	"log/slog"
)

const redactedText = "[redacted]"

// Secret is a text that must not be shown: formatted, logged or encoded it is "[redacted]". Only string(s) returns the
// value.
type Secret string

// Format writes "[redacted]" for every verb. String alone would not cover %d.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redactedText) }

// MarshalText keeps the value out of JSON and the like.
func (Secret) MarshalText() ([]byte, error) { return []byte(redactedText), nil }

// LogValue keeps the value out of slog.
func (Secret) LogValue() slog.Value { return slog.StringValue(redactedText) }
