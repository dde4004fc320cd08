package config_test

import (
	"slices"
	"testing"

	"carstock/services/carapi/internal/config"
)

func TestOrigins(t *testing.T) {
	for text, want := range map[string][]string{
		"*":                       {"*"},
		"https://app.example.com": {"https://app.example.com"},
		"https://App.example.com, http://localhost:3000,http://[::1]:80": {
			"https://App.example.com", "http://localhost:3000",
			"http://[::1]:80",
		},
	} {
		var got config.OriginList
		if err := got.Decode(text); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}

	for _, text := range []string{
		"app.example.com", "https://", "https://a.example/", "https://a.example/x", "https://a.example?x",
		"https://u@a.example",
		"https://*.example.com", "*, https://a.example", "https://a.example,", "null", "https://a:x",
	} {
		var got config.OriginList
		if err := got.Decode(text); err == nil {
			t.Errorf("%s is taken for %q", text, got)
		}
	}
}
