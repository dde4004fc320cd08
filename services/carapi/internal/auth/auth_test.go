package auth_test

import (
	"testing"

	"carstock/services/carapi/internal/auth"
)

func TestMatches(t *testing.T) {
	key := auth.NewKey("0123456789abcdef")
	for presented, want := range map[string]bool{
		"0123456789abcdef": true, "": false, "0123456789abcde": false, "0123456789abcdef0": false, "0123456789ABCDEF": false,
	} {
		if got := key.Matches(presented); got != want {
			t.Errorf("%q: %v", presented, got)
		}
	}
}
