package answer

import (
	"net/url"
	"strings"
)

// Base is the path of the API's public address: /api if PUBLIC_URL is https://cars.example.com/api, and empty without
// PUBLIC_URL. Every URL of an answer is built from it.
type Base string

// NewBase returns the base for a PUBLIC_URL, which may be empty.
func NewBase(publicURL string) Base {
	u, err := url.Parse(publicURL)
	if err != nil { // the settings are already validated
		return ""
	}
	return Base(strings.TrimRight(u.EscapedPath(), "/"))
}

// Resource returns the resource of the API with this escaped path.
func (b Base) Resource(path string) Resource { return Resource(string(b) + path) }

// Resource is the path of a resource as clients see it.
type Resource string

// URL returns the request to the resource with these parameters. A client resolves it against any URL of the API.
func (r Resource) URL(values url.Values) string { return string(r) + "?" + values.Encode() }
