//go:build browser

package e2e

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
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
	b := &browser{}
	ctx, cancel := chromedp.NewContext(t.Context(), chromedp.WithAllocatorOptions(chromedp.NoSandbox, chromedp.DisableGPU), chromedp.WithListener(b.hear))
	t.Cleanup(cancel)
	b.ctx = ctx
	_, err := chromedp.Call(ctx, network.Enable, network.EnableParams{})
	if err == nil {
		_, err = chromedp.Call(ctx, cdplog.Enable, cdp.Empty{})
	}
	if err != nil {
		t.Fatalf("start Chromium: %v; on Debian: apt-get install chromium", err)
	}
	return b
}

func (b *browser) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.fetched = append(b.fetched, e.Request.URL)
	case *runtime.EventExceptionThrown:
		b.problems = append(b.problems, e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		b.problems = append(b.problems, "console."+string(e.Type))
	case *cdplog.EventEntryAdded:
		b.problems = append(b.problems, e.Entry.Text)
	}
}

func (b *browser) do(t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 2*time.Minute)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

// ask gives the value of what is done in the browser.
func ask[T any](t *testing.T, b *browser, a chromedp.Action[T]) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 2*time.Minute)
	defer cancel()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// picture keeps a screenshot in BROWSER_SHOTS, if that names a folder, for a person to look at.
func (b *browser) picture(t *testing.T, name string) {
	t.Helper()
	dir := os.Getenv("BROWSER_SHOTS")
	if dir == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), ask(t, b, chromedp.FullScreenshot(100)), 0o644); err != nil {
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
		if u, err := url.Parse(f); err != nil || u.Host != host && u.Scheme != "data" {
			t.Errorf("fetched %s", f)
		}
	}
	for _, p := range b.problems {
		t.Errorf("the browser says: %s", p)
	}
}

func TestStatusPage(t *testing.T) {
	c := dbtest.Demo(t)
	db := dbtest.Open(t, c)
	if _, err := db.Exec("CREATE VIEW dear AS SELECT id, make, price FROM vehicles_stock WHERE price > 30000"); err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	dbtest.Setenv(t, c)
	address := dbtest.FreeAddress(t)
	for name, value := range map[string]string{
		"SYNC_VIEWS": "vehicles_view=vehicles(id); dear", "SYNC_PATH": "carstock.db", "SYNC_HTTP_ADDR": address, "SYNC_SCHEDULE": "@every 2s",
		"SYNC_TIMEZONE": "Europe/Berlin",
	} {
		t.Setenv(name, value)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	go func() { ended <- syncercli.Run(ctx, []string{"serve"}, io.Discard, io.Discard) }()
	t.Cleanup(func() { cancel(); <-ended })
	page := "http://" + address + "/"
	for start := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		if r, err := http.Get(page + "readyz"); err == nil {
			_ = r.Body.Close()
			if r.StatusCode == http.StatusOK {
				break
			}
		}
		if time.Since(start) > 5*time.Minute {
			t.Fatal("no pass has gone well")
		}
	}

	b := newBrowser(t)
	b.do(t, chromedp.Navigate(page), chromedp.Click("#table-vehicles summary"))
	title, headline, columns := ask(t, b, chromedp.Title()), ask(t, b, chromedp.Text("header")), ask(t, b, chromedp.Text("#table-vehicles table"))
	bars := ask(t, b, chromedp.Evaluate[int](`document.querySelectorAll("rect").length`))
	elsewhere := ask(t, b, chromedp.Evaluate[int](`[...document.querySelectorAll("[src],[href]")].filter(e => new URL(e.src || e.href).host !== location.host).length`))
	b.picture(t, "light")
	if !strings.HasPrefix(title, "syncer: The snapshot is ") || !strings.Contains(headline, "The snapshot is ") || bars == 0 || elsewhere != 0 {
		t.Errorf("title %q, headline %q, %d bars, %d links to elsewhere", title, headline, bars, elsewhere)
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
	_ = ask(t, b, chromedp.Evaluate[bool](`window.same = true`))
	b.do(t, chromedp.WaitVisible("#runs tr.failed"), chromedp.WaitReady("rect.failed"))
	failed, alert := ask(t, b, chromedp.Text("#runs tr.failed")), ask(t, b, chromedp.Text(".error"))
	open := ask(t, b, chromedp.Evaluate[bool](`window.same === true && document.querySelector("#table-vehicles").open`))
	if !strings.Contains(failed, "no such table or view") || !strings.Contains(alert, "published nothing") || !open {
		t.Errorf("row %q, alert %q, still open: %v", failed, alert, open)
	}
	b.picture(t, "failed")

	// Dark, and on a phone: nothing is wider than the screen.
	dark := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, dark); err != nil {
		t.Fatal(err)
	}
	b.do(t, chromedp.EmulateViewport(360, 740, chromedp.EmulateMobile))
	background := ask(t, b, chromedp.Evaluate[string](`getComputedStyle(document.body).backgroundColor`))
	wider := ask(t, b, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > document.documentElement.clientWidth`))
	b.picture(t, "phone")
	if background != "rgb(20, 23, 26)" || wider {
		t.Errorf("background %s, wider than the screen: %v", background, wider)
	}
	b.clean(t, address)
}
