package pull

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestParseURL(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"http://stock:9090":                   "http://stock:9090/snapshot",
		"https://stock.example.com/":          "https://stock.example.com/snapshot",
		"https://stock.example.com/syncer/":   "https://stock.example.com/syncer/snapshot",
		"https://stock.example.com/snapshot":  "https://stock.example.com/snapshot",
		"https://stock.example.com/cars?of=1": "https://stock.example.com/cars?of=1",
		"http://[::1]:9090":                   "http://[::1]:9090/snapshot",
	} {
		if u, err := ParseURL(text); err != nil || u.String() != want {
			t.Errorf("%s: %v, %v", text, u, err)
		}
	}

	for _, text := range []string{
		"", "stock", "stock:9090", "/snapshot", "http://", "ftp://stock/",
		"https://user:password@stock/", "https://user@stock/", "http://a b/",
	} {
		if u, err := ParseURL(text); err == nil || strings.Contains(err.Error(), "password@") {
			t.Errorf("%s: %v, %v", text, u, err)
		}
	}
}

// What an earlier pull has left is used only if it is certain which snapshot it belongs to.
func TestPartOfAnEarlierPull(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "part")
	const head = `{"etag":"\"a\"","encoding":"zstd","digest":"","total":10}` + "\n"
	for text, size := range map[string]int64{
		head + "12345":             5,
		head + "1234567890":        10,
		head + "\n2345":            5, // the header ends at the first line break
		head:                       0,
		"":                         0,
		"{":                        0,
		"12345":                    0,
		"12345\n12345":             0,
		`{"total":10}` + "\n12345": 0,
		`{"etag":"W/\"a\"","total":10}` + "\n12345":     0,
		`{"etag":"\"a\"","total":-1}` + "\n12345":       0,
		head + "more than the ten bytes that there are": 0,
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if p := openPart(path); p.size != size ||
			size > 0 && (p.ETag != `"a"` || p.Encoding != "zstd" || p.complete() != (size == 10)) {
			t.Errorf("%q: %+v", text, p)
		}
	}
}

const wholeText = "the whole of a snapshot, as far as this test is concerned"

// testServer starts a server that answers each request with the next handler, and then always with the last one.
func testServer(t *testing.T, handlers ...http.HandlerFunc) *url.URL {
	t.Helper()
	n := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handle := handlers[min(n, len(handlers)-1)]
		n++
		w.Header().Set("ETag", `"a"`)
		sum := sha256.Sum256([]byte(wholeText))
		w.Header().Set("Repr-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(sum[:])+":")
		handle(w, r)
	}))
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}

	return u
}

// sendCut sends only the beginning of the requested range.
func sendCut(w http.ResponseWriter, r *http.Request) { sendRange(w, r, wholeText, 20) }

func sendFull(w http.ResponseWriter, r *http.Request) { sendRange(w, r, wholeText, len(wholeText)) }

func sendRange(w http.ResponseWriter, r *http.Request, text string, most int) {
	from := 0
	_, _ = fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from)
	w.Header().Set("Content-Length", fmt.Sprint(len(text)-from))
	if from > 0 {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(text)-1, len(text)))
		w.WriteHeader(http.StatusPartialContent)
	}
	_, _ = io.WriteString(w, text[from:min(len(text), from+most)])
}

// sendStatus returns a handler that sends a status without a snapshot. The headers are names and values in turn.
func sendStatus(code int, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
	}
}

// Whatever servers and proxies do, a pull returns exactly what was sent, or an error.
func TestFetch(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		handlers []http.HandlerFunc
		requests int
		err      string
	}{
		"whole":    {[]http.HandlerFunc{sendFull}, 1, ""},
		"in parts": {[]http.HandlerFunc{sendCut}, 3, ""},
		"another snapshot in between": {[]http.HandlerFunc{func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("ETag", `"b"`)
			w.Header().Set("Content-Length", "50")
			_, _ = io.WriteString(w, "of another")
		}, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("If-Range") == `"b"` {
				r.Header.Del("Range")
			}
			sendFull(w, r)
		}}, 2, ""},
		"a part of something else": {[]http.HandlerFunc{sendCut, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", `"b"`)
			sendRange(w, r, strings.ToUpper(wholeText), len(wholeText))
		}, sendFull}, 3, ""},
		"another part": {[]http.HandlerFunc{sendCut, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes 0-%d/%[1]d", len(wholeText)))
			w.WriteHeader(http.StatusPartialContent)
			_, _ = io.WriteString(w, wholeText)
		}, sendFull}, 3, ""},
		"changed bytes, once": {[]http.HandlerFunc{func(w http.ResponseWriter, r *http.Request) {
			sendRange(w, r, strings.ToUpper(wholeText), len(wholeText))
		}, sendFull}, 2, ""},
		"a server that ignores parts": {[]http.HandlerFunc{sendCut, func(w http.ResponseWriter, r *http.Request) {
			r.Header.Del("Range")
			sendFull(w, r)
		}}, 2, ""},
		"a length that nobody knows, and a weak tag": {[]http.HandlerFunc{func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("ETag", `W/"a"`)
			w.(http.Flusher).Flush()
			_, _ = io.WriteString(w, wholeText)
		}}, 1, ""},
		"cut, of a weak tag": {[]http.HandlerFunc{func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", `W/"a"`)
			sendCut(w, r)
		}, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Range") != "" {
				w.WriteHeader(http.StatusTeapot)
			}
			sendFull(w, r)
		}}, 2, ""},
		"a range that is none": {[]http.HandlerFunc{sendCut, sendStatus(416), sendFull}, 3, ""},
		"busy": {
			[]http.HandlerFunc{sendStatus(503, "Retry-After", "0"), sendStatus(502), sendStatus(429), sendFull},
			4, "",
		},
		"busy for good": {[]http.HandlerFunc{sendStatus(503)}, 4, "503 Service Unavailable"},
		"busy for long": {
			[]http.HandlerFunc{sendStatus(503, "Retry-After", "3600")}, 1, "503 Service Unavailable",
		},
		"not there":                  {[]http.HandlerFunc{sendStatus(404)}, 1, "there is no syncer at this URL"},
		"nothing newer than nothing": {[]http.HandlerFunc{sendStatus(304)}, 1, "nothing was pulled yet"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requests := 0
			for i, h := range test.handlers {
				test.handlers[i] = func(w http.ResponseWriter, r *http.Request) { requests++; h(w, r) }
			}

			checkFetch(t, testServer(t, test.handlers...), test.err)
			if requests != test.requests {
				t.Errorf("%d requests, want %d", requests, test.requests)
			}
		})
	}
}

// checkFetch fetches a snapshot, and expects the whole text or the given error.
func checkFetch(t *testing.T, u *url.URL, wantErr string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "part")
	d := newDownload(u, "", "", path)
	newer, err := d.fetchWithRetries(t.Context(), FetchOptions{Retries: 3, Retrying: func(error, time.Duration) {}})
	if wantErr != "" {
		if err == nil || !strings.Contains(err.Error(), wantErr) {
			t.Errorf("%v", err)
		}
		if _, err := os.Stat(path); err == nil {
			t.Error("a partial download was left")
		}
		return
	}

	r, openErr := d.part.reader()
	if err != nil || !newer || openErr != nil {
		t.Fatal(newer, err, openErr)
	}
	defer func() { _ = r.Close() }()

	if text, err := io.ReadAll(r); err != nil || string(text) != wholeText {
		t.Errorf("%q, %v", text, err)
	}
}

// A complete download, left by a pull that was killed before it replaced the file, is used if the server still offers
// that snapshot.
func TestWholePartIsLeft(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "part")
	leave := func() {
		t.Helper()
		p := openPart(path)
		if err := p.begin(`"a"`, "", "", int64(len(wholeText))); err != nil {
			t.Fatal(err)
		}
		var n int64
		if err := p.receive(strings.NewReader(wholeText), &n); err != nil {
			t.Fatal(err)
		}
	}

	unchanged := func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-None-Match") != `"old", "a"` && r.Header.Get("If-None-Match") != `"a", "a"` ||
			r.Header.Get("Range") != "" {
			t.Error(r.Header)
		}
		w.WriteHeader(http.StatusNotModified)
	}

	u := testServer(t, unchanged)

	leave()
	d := newDownload(u, "", `"old"`, path)
	if newer, err := d.fetch(t.Context()); err != nil || !newer || d.received != 0 || !d.part.complete() {
		t.Error(newer, err, d.received)
	}

	// The snapshot is installed already.
	d = newDownload(u, "", `"a"`, path)
	if newer, err := d.fetch(t.Context()); err != nil || newer {
		t.Error(newer, err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the partial download is still there")
	}
}

// A pull gives up on a server that stops sending.
func TestStalledServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &snapshotDownload{part: openPart(filepath.Join(t.TempDir(), "part"))}
		if err := d.part.begin(`"a"`, "", "", 10); err != nil {
			t.Fatal(err)
		}

		ctx, cancel := context.WithCancelCause(t.Context())
		defer cancel(nil)
		sent := 0
		start := time.Now()
		err := d.receive(readerFunc(func(b []byte) (int, error) {
			if sent++; sent <= 3 { // slowly, but it sends
				time.Sleep(stallTimeout - time.Second)
				b[0] = 'x'
				return 1, nil
			}

			<-ctx.Done()
			return 0, context.Cause(ctx)
		}), cancel)
		var again *temporaryError
		if !errors.As(err, &again) || !errors.Is(err, errStalled) || d.part.size != 3 {
			t.Errorf("%v, %d bytes", err, d.part.size)
		}
		if took := time.Since(start); took != 3*(stallTimeout-time.Second)+stallTimeout {
			t.Errorf("it took %s", took)
		}
	})
}
