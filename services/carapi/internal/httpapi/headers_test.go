package httpapi

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"carstock/pkg/httpserver"
)

// An answer that a handler says has not changed has no body, and the ETag of the one that has.
func TestCompressLeavesETagsAlone(t *testing.T) {
	const etag = `W/"1"`
	server := httptest.NewServer(headAsGet(compress()(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", etag)
		if r.Header.Get("If-None-Match") == etag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		httpserver.Write(w, http.StatusOK, "application/json", []byte(strings.Repeat("1", 2*minCompressed)))
	}))))
	defer server.Close()
	for _, test := range []struct {
		method, match string
		status        int
		encoding      string
		body          bool
	}{
		{"GET", "", 200, "gzip", true},
		{"HEAD", "", 200, "gzip", false},
		{"GET", etag, 304, "", false},
		{"HEAD", etag, 304, "", false},
	} {
		r, err := http.NewRequest(test.method, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept-Encoding", "gzip")
		r.Header.Set("If-None-Match", test.match)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || res.StatusCode != test.status || (len(body) > 0) != test.body ||
			res.Header.Get("Content-Encoding") != test.encoding ||
			res.Header.Get("ETag") != etag || res.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s %s: %d %v, %d bytes, %v", test.method, test.match, res.StatusCode, res.Header, len(body), err)
		}
	}
}
