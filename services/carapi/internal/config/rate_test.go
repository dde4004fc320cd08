package config_test

import (
	"slices"
	"testing"
	"time"

	"carstock/services/carapi/internal/config"
)

func TestRate(t *testing.T) {
	for text, want := range map[string]config.RequestRate{
		"600/1m": {Requests: 600, Per: time.Minute},
		"1/1s":   {Requests: 1, Per: time.Second}, "off": {},
	} {
		var got config.RequestRate
		if err := got.Decode(text); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}

	for _, text := range []string{
		"600", "600/", "/1m", "0/1m", "-1/1m", "600/0s", "600/1", "600/10ms", "600/48h",
		"1e3/1m", "Off", "600/1m/2",
	} {
		var got config.RequestRate
		if err := got.Decode(text); err == nil {
			t.Errorf("%s is taken for %v", text, got)
		}
	}
}

func TestProxies(t *testing.T) {
	for text, want := range map[string][]string{"10.0.0.7": {"10.0.0.7/32"}, "10.1.2.3/8, ::1,fd00::/8": {
		"10.0.0.0/8",
		"::1/128", "fd00::/8",
	}} {
		var got config.ProxyList
		if err := got.Decode(text); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}

	for _, text := range []string{"10.0.0", "10.0.0.0/33", "proxy.example.com", "10.0.0.1,", "*", "fe80::1%eth0/64"} {
		var got config.ProxyList
		if err := got.Decode(text); err == nil {
			t.Errorf("%s is taken for %q", text, got)
		}
	}
}
