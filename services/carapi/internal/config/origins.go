package config

import (
	"fmt"
	"net/url"
	"strings"
)

// OriginList holds the origins of web pages, as scheme, host and port, that browsers may call the API from. A single
// "*" means all.
type OriginList []string

// Decode reads origins separated by commas.
func (o *OriginList) Decode(text string) error {
	*o = nil
	for _, origin := range strings.Split(text, ",") {
		origin = strings.TrimSpace(origin)
		u, err := url.Parse(origin)

		// A browser sends only these parts, so anything more would never match.
		if origin != "*" && (err != nil || u.Host == "" || !strings.EqualFold(u.Scheme+"://"+u.Host, origin) ||
			strings.Contains(origin, "*")) {
			return fmt.Errorf("%q: expected origins such as https://app.example.com or http://localhost:3000, without a path, "+
				"separated by commas; or *", origin)
		}

		*o = append(*o, origin)
	}

	if len(*o) > 1 && strings.Contains(text, "*") {
		return fmt.Errorf("%q: expected either * or a list of origins", text)
	}

	return nil
}
