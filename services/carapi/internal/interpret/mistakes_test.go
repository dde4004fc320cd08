package interpret_test

import (
	"errors"
	"fmt"
	"net/url"
	"testing"

	"carstock/services/carapi/internal/query"
)

// An answer describes the first 20 mistakes of a request, and counts the others.
func TestManyMistakes(t *testing.T) {
	s := stockWithHistory(t)
	values := url.Values{"zzz": {"1"}}
	for i := range 24 {
		values.Set(fmt.Sprintf("make[%d]", i), "not Toyota, Honda")
	}

	_, _, err := s.Interpret(s.index, values, "q")
	var wrong query.ParameterErrors
	if !errors.As(err, &wrong) || len(wrong.All) != 20 || wrong.LeftOut != 5 || wrong.Retry != nil {
		t.Errorf("%d mistakes and %d more: %v", len(wrong.All), wrong.LeftOut, err)
	}
}
