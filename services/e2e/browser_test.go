//go:build browser

package e2e

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"carstock/pkg/dbconn/dbtest"
	syncercli "carstock/services/syncer/cli"
)

// browser is a headless Chromium that keeps count of what it fetches and complains of.
type browser struct {
	ctx context.Context

	mu       sync.Mutex
	fetched  []string
	problems []string
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.WSURLReadTimeout(2*time.Minute))
	allocated, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(allocated)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 5*time.Minute)
	t.Cleanup(cancel)
	b := &browser{ctx: ctx}
	chromedp.ListenTarget(ctx, func(event any) {
		b.mu.Lock()
		defer b.mu.Unlock()
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			b.fetched = append(b.fetched, e.Request.URL)
		case *runtime.EventExceptionThrown:
			b.problems = append(b.problems, e.ExceptionDetails.Error())
		case *runtime.EventConsoleAPICalled:
			b.problems = append(b.problems, "console."+string(e.Type))
		case *log.EventEntryAdded:
			b.problems = append(b.problems, e.Entry.Text)
		}
	})
	if err := chromedp.Run(ctx, network.Enable(), runtime.Enable(), log.Enable()); err != nil {
		t.Fatalf("start Chromium: %v; on Debian: apt-get install chromium", err)
	}
	return b
}

func (b *browser) do(t *testing.T, actions ...chromedp.Action) {
	t.Helper()
	if err := chromedp.Run(b.ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

// picture keeps a screenshot in BROWSER_SHOTS, if that names a folder, for a person to look at.
func (b *browser) picture(t *testing.T, name string) {
	t.Helper()
	dir := os.Getenv("BROWSER_SHOTS")
	if dir == "" {
		return
	}
	var png []byte
	b.do(t, chromedp.FullScreenshot(&png, 100))
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		t.Fatal(err)
	}
}

// clean checks that nothing was fetched from elsewhere, and that the browser had nothing to say.
func (b *browser) clean(t *testing.T, host string) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.fetched) == 0 {
		t.Error("nothing was fetched at all")
	}
	for _, f := range b.fetched {
		if u, err := url.Parse(f); err != nil || u.Host != host {
			t.Errorf("fetched %s", f)
		}
	}
	for _, p := range b.problems {
		t.Errorf("the browser says: %s", p)
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func TestStatusPage(t *testing.T) {
	c := dbtest.Demo(t)
	db := dbtest.Open(t, c)
	if _, err := db.Exec("CREATE VIEW dear AS SELECT id, make, price FROM vehicles_stock WHERE price > 30000"); err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	dbtest.Setenv(t, c)
	address := freeAddress(t)
	for name, value := range map[string]string{
		"SYNC_VIEWS": "vehicles_view=vehicles(id); dear", "SYNC_PATH": "carstock.db", "SYNC_HTTP_ADDR": address, "SYNC_SCHEDULE": "@every 2s",
		"SYNC_TIMEZONE": "Europe/Berlin",
	} {
		t.Setenv(name, value)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	go func() { ended <- syncercli.Run(ctx, []string{"run"}, io.Discard, io.Discard) }()
	t.Cleanup(func() { cancel(); <-ended })
	page := "http://" + address + "/"
	for start := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		if r, err := http.Get(page + "readyz"); err == nil {
			_ = r.Body.Close()
			if r.StatusCode == http.StatusOK {
				break
			}
		}
		if time.Since(start) > time.Minute {
			t.Fatal("no pass has gone well")
		}
	}

	b := newBrowser(t)
	var title, headline, columns string
	var bars, external int
	b.do(t, chromedp.Navigate(page),
		chromedp.Title(&title), chromedp.Text("header", &headline),
		chromedp.Click("#table-vehicles summary"), chromedp.Text("#table-vehicles table", &columns),
		chromedp.Evaluate(`document.querySelectorAll("rect").length`, &bars),
		chromedp.Evaluate(`[...document.querySelectorAll("[src],[href]")].filter(e => new URL(e.src || e.href).host !== location.host).length`, &external))
	b.picture(t, "light")
	if !strings.HasPrefix(title, "syncer: The snapshot is ") || !strings.Contains(headline, "The snapshot is ") || bars == 0 || external != 0 {
		t.Errorf("title %q, headline %q, %d bars, %d links to elsewhere", title, headline, bars, external)
	}
	for _, want := range []string{"make", "varchar", "TEXT", "INTEGER", "yes"} {
		if !strings.Contains(columns, want) {
			t.Errorf("the columns lack %q: %s", want, columns)
		}
	}

	// A failed run shows, by itself: the page is not loaded anew, and what is open stays open.
	if _, err := db.Exec("DROP VIEW dear"); err != nil {
		t.Fatal(err)
	}
	var failed, alert string
	var open bool
	b.do(t, chromedp.Evaluate(`window.same = true; null`, nil),
		chromedp.WaitVisible("#runs tr.failed"), chromedp.Text("#runs tr.failed", &failed), chromedp.Text(".error", &alert),
		chromedp.WaitVisible("rect.failed"),
		chromedp.Evaluate(`window.same === true && document.querySelector("#table-vehicles").open`, &open))
	if !strings.Contains(failed, "no such table or view") || !strings.Contains(alert, "published nothing") || !open {
		t.Errorf("row %q, alert %q, still open: %v", failed, alert, open)
	}
	b.picture(t, "failed")

	// Dark, and on a phone: nothing is wider than the screen.
	var background string
	var wider bool
	b.do(t, emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}),
		chromedp.EmulateViewport(360, 740, chromedp.EmulateMobile),
		chromedp.Evaluate(`getComputedStyle(document.body).backgroundColor`, &background),
		chromedp.Evaluate(`document.documentElement.scrollWidth > document.documentElement.clientWidth`, &wider))
	b.picture(t, "phone")
	if background != "rgb(20, 23, 26)" || wider {
		t.Errorf("background %s, wider than the screen: %v", background, wider)
	}
	b.clean(t, address)
}
