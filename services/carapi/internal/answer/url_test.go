package answer

import (
	"net/url"
	"testing"
)

func TestURLsHaveThePublicPrefix(t *testing.T) {
	for _, test := range []struct{ publicURL, want string }{
		{"", "/cars/?make=A+B%26"},
		{"https://cars.example.com", "/cars/?make=A+B%26"},
		{"https://cars.example.com/", "/cars/?make=A+B%26"},
		{"https://cars.example.com/api", "/api/cars/?make=A+B%26"},
		{"https://cars.example.com/api/", "/api/cars/?make=A+B%26"},
		{"https://cars.example.com/a%20b/v1", "/a%20b/v1/cars/?make=A+B%26"},
	} {
		if got := NewBase(test.publicURL).Resource("/cars/").URL(url.Values{"make": {"A B&"}}); got != test.want {
			t.Errorf("%q: %s, want %s", test.publicURL, got, test.want)
		}
	}
}
