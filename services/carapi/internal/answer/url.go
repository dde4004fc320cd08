package answer

import (
	"net/url"
	"strings"
)

// Base is what the public address of the API has before every path: /api where PUBLIC_URL is
// https://cars.example.com/api, and nothing without PUBLIC_URL. Every URL of an answer is built here.
type Base string

// NewBase gives the base of a PUBLIC_URL, which may be empty.
func NewBase(publicURL string) Base {
	u, err := url.Parse(publicURL)
	if err != nil { // the settings have been checked
		return ""
	}
	return Base(strings.TrimRight(u.EscapedPath(), "/"))
}

// Resource gives the resource of the API that has this escaped path.
func (b Base) Resource(path string) Resource { return Resource(string(b) + path) }

// Resource is the path of a resource, as clients reach it.
type Resource string

// URL is the request to the resource with these parameters. A client resolves it against any URL of the API.
func (r Resource) URL(values url.Values) string { return string(r) + "?" + values.Encode() }
