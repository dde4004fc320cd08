package cli_test

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"carstock/pkg/dbconn/dbtest"
)

// pullAsChild runs pull in a process of its own, which reads proxies and authorities from its environment.
func (s *syncer) pullAsChild(t *testing.T, url string, environment ...string) (code int, out string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := s.child(t, self, "pull", url, s.path)
	c.Env = append(c.Env, environment...)
	text, _ := c.CombinedOutput() // the test checks the exit code
	return c.ProcessState.ExitCode(), string(text)
}

// A pull uses TLS with a trusted authority, and the proxies of the environment.
func TestPullOverTLSAndProxies(t *testing.T) {
	t.Parallel()
	s := newSource(t, "a", twoRows...)
	up := s.serveOnRequest(t)
	up.runOnce(t)
	target, err := url.Parse(up.url)
	if err != nil {
		t.Fatal(err)
	}
	pass := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}

	secure := httptest.NewTLSServer(pass)
	t.Cleanup(secure.Close)
	authority := filepath.Join(t.TempDir(), "ca.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})
	if err := os.WriteFile(authority, certificate, 0o644); err != nil {
		t.Fatal(err)
	}

	there := newPuller(t)
	if code, out := there.pullAsChild(t, secure.URL); code != 1 || !strings.Contains(out, "certificate") ||
		!strings.Contains(out, "SSL_CERT_FILE") || strings.Count(out, "\n") != 1 {
		t.Errorf("exit code %d: %s", code, out)
	}

	if code, out := there.pullAsChild(t, secure.URL, "SSL_CERT_FILE="+authority); code != 0 ||
		!strings.Contains(out, "run 1 of") {
		t.Errorf("exit code %d: %s", code, out)
	}
	requireRows(t, readEverything(t, there.path), readEverything(t, s.path))

	hosts := make(chan string, 10)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hosts <- r.URL.Host
		pass.ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)
	there = newPuller(t)
	if code, out := there.pullAsChild(t, "http://stock.invalid/", "HTTP_PROXY="+proxy.URL); code != 0 ||
		<-hosts != "stock.invalid" {
		t.Errorf("exit code %d: %s", code, out)
	}
	requireRows(t, readEverything(t, there.path), readEverything(t, s.path))
}

// Wherever a pull runs out of space, the file stays unchanged, and the next pull succeeds.
func TestNoRoomForAPull(t *testing.T) {
	t.Parallel()
	s := newSource(t, "v", largeRows...)
	up := s.serveOnRequest(t)
	up.runOnce(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}

	there := newPuller(t)
	there.mustPull(t, up.url)
	before := readEverything(t, there.path)
	dbtest.MustExec(t, s.mysql, "UPDATE v SET pad = REVERSE(pad)")
	up.runOnce(t)

	// The limits, in blocks of 512 bytes, stop the download of 3.6 MB, the unpacking to 6.9 MB, and the slightly larger
	// log. The next pull reuses a complete download, so the download comes first.
	for _, limit := range []struct{ place, blocks string }{
		{"part", "1000"}, {"unpack the snapshot", "9000"}, {"replace " + there.path, "13450"},
	} {
		c := there.child(t, "sh", "-c", "ulimit -f "+limit.blocks+`; exec "$0" "$@"`, self, "pull", up.url, there.path)
		text, _ := c.CombinedOutput() // the test checks the exit code
		out := string(text)
		if c.ProcessState.ExitCode() != 1 || !strings.Contains(out, "there is no room: ") ||
			!strings.Contains(out, limit.place) ||
			strings.Count(out, "\n") != 1 {
			t.Errorf("%s: exit code %d: %s", limit.place, c.ProcessState.ExitCode(), out)
		}
		requireRows(t, readEverything(t, there.path), before)
	}

	there.mustPull(t, up.url)
	requireRows(t, readEverything(t, there.path), readEverything(t, s.path))
	requireNoLeftovers(t, there.path)
}
