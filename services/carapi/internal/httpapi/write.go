package httpapi

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"

	"carstock/pkg/httpserver"
)

// etag returns an ETag for a body with this content. It is weak, because the body may be compressed on its way.
func etag(body []byte) string {
	return `W/"` + strconv.FormatUint(xxhash.Sum64(body), 36) + `"`
}

// writeWithETag answers with a body of JSON and its ETag, or with 304 if the client has the body with this tag already.
func writeWithETag(w http.ResponseWriter, r *http.Request, body []byte, tag string) {
	h := w.Header()
	h.Set("ETag", tag)
	h.Set("Cache-Control", "private, no-cache") // clients may keep it, but must ask again each time

	// If-None-Match is compared weakly, by RFC 9110.
	opaque := strings.TrimPrefix(tag, "W/")
	for known := range strings.SplitSeq(r.Header.Get("If-None-Match"), ",") {
		if known = strings.TrimSpace(known); known == "*" || strings.TrimPrefix(known, "W/") == opaque {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}

	httpserver.WriteBody(w, http.StatusOK, "application/json; charset=utf-8", body)
}
