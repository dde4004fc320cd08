package interpret_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"carstock/pkg/dbconn/dbtest"
)

// BenchmarkInterpret interprets sentences of ten and of forty words, known and unknown.
func BenchmarkInterpret(b *testing.B) {
	s := readStock(b, dbtest.Demo(b), "vehicles_stock")
	unknown := make([]string, 40)
	for i := range unknown {
		unknown[i] = fmt.Sprintf("zzyzx%d", i)
	}

	for name, q := range map[string]string{
		"make":    "",
		"known":   "used red toyota camry or honda accord under 30k in phoenix",
		"ten":     strings.Join(unknown[:10], " "),
		"forty":   strings.Join(unknown, " "),
		"negated": strings.TrimSpace(strings.Repeat("not toyota ", 20)),
	} {
		b.Run(name, func(b *testing.B) {
			values := url.Values{"make": {"Toyota"}}
			if q != "" {
				values = url.Values{"q": {q}}
			}

			for b.Loop() {
				if _, _, err := s.Interpret(s.index, values, "q"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
