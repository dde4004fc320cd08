package answer

import (
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"carstock/services/carapi/internal/query"
)

// A problem is small, however long the texts of the request and the table are, and says how many errors it leaves out.
func TestProblemsAreSmall(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	parts := []string{"a", `"`, `\`, "\x00", "\n", "\xff", "é", "😀", "\u202e", "\u2028", "\U000E0041", "<", " "}
	text := func(most int) string {
		var b strings.Builder
		part := parts[random.IntN(len(parts))]
		for range random.IntN(most) + 1 {
			if random.IntN(10) == 0 {
				part = parts[random.IntN(len(parts))]
			}
			b.WriteString(part)
		}

		return b.String()
	}

	for range 3_000 {
		all := make([]query.ParameterError, random.IntN(21))
		for i := range all {
			all[i] = query.ParameterError{Parameter: text(1000), Received: text(1000), Expected: text(2000)}
			for range random.IntN(4) {
				all[i].Suggestions = append(all[i].Suggestions, text(256))
			}
		}

		leftOut := random.IntN(2) * random.IntN(1000)
		p := NewProblem(http.StatusBadRequest, text(5000))
		p.Errors, p.ErrorsLeftOut, p.RetryURL = all, leftOut, "/cars/?"+text(5000)
		body := p.JSON(Resource(text(10_000)), strings.Repeat("x", 64))

		var got Problem
		if err := json.Unmarshal(body, &got); err != nil || len(body) > 4_000 {
			t.Fatalf("%d bytes: %s: %v", len(body), body, err)
		}

		if len(all) > 0 && len(got.Errors) == 0 || len(got.Errors)+got.ErrorsLeftOut != len(all)+leftOut {
			t.Fatalf("%d errors and %d left out, of %d and %d: %s", len(got.Errors), got.ErrorsLeftOut, len(all), leftOut, body)
		}

		checkSuggestions(t, got.Errors, all)

		if got.RetryURL != "" && !strings.Contains(p.RetryURL, "\xff") && got.RetryURL != p.RetryURL {
			t.Fatalf("the retry URL has only a part of the request: %s", got.RetryURL)
		}
	}
}

// checkSuggestions checks that no suggestion is truncated. Bytes that are not UTF-8 may change.
func checkSuggestions(t *testing.T, got, all []query.ParameterError) {
	t.Helper()
	for i, e := range got {
		for j, s := range e.Suggestions {
			want := all[i].Suggestions[j]
			if s != strings.ToValidUTF8(want, "\uFFFD") && !strings.Contains(want, "\xff") {
				t.Fatalf("the suggestion %q was %q", s, want)
			}
		}
	}
}

// A problem of ordinary size is not truncated.
func TestProblemsAreWhole(t *testing.T) {
	all := make([]query.ParameterError, 5)
	for i := range all {
		all[i] = query.ParameterError{
			Parameter: "price", Received: "cheap",
			Expected:    "price must be a number such as 20000 or 19999.5",
			Suggestions: []string{"price_min", "price_max"},
		}
	}

	p := NewProblem(http.StatusBadRequest, "x")
	p.Errors, p.RetryURL = all, "/cars/?limit=100"
	body := p.JSON("/cars/", "id")
	var got Problem
	if err := json.Unmarshal(body, &got); err != nil || len(got.Errors) != 5 || got.ErrorsLeftOut != 0 ||
		len(got.Errors[4].Suggestions) != 2 || got.RetryURL != "/cars/?limit=100" {
		t.Errorf("%s: %v", body, err)
	}
}
