package httpapi

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"

	"carstock/pkg/httpserver"
)

// etag names a body's content. It is weak: on its way the body may be compressed.
func etag(body []byte) string {
	return `W/"` + strconv.FormatUint(xxhash.Sum64(body), 36) + `"`
}

// writeWithETag writes a body, unless the client has the one with this tag.
func writeWithETag(w http.ResponseWriter, r *http.Request, body []byte, tag string) {
	h := w.Header()
	h.Set("ETag", tag)
	h.Set("Cache-Control", "private, no-cache") // may be kept, and is asked for anew each time

	opaque := strings.TrimPrefix(tag, "W/")
	for known := range strings.SplitSeq(r.Header.Get("If-None-Match"), ",") {
		if known = strings.TrimSpace(known); known == "*" || strings.TrimPrefix(known, "W/") == opaque {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	httpserver.WriteBody(w, http.StatusOK, "application/json; charset=utf-8", body)
}
