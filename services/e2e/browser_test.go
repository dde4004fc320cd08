//go:build browser

package e2e

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// stepTimeout limits the time of one step in the browser.
const stepTimeout = 2 * time.Minute

// browser is a headless Chromium. It records the URLs that pages load, and the errors and warnings that it reports.
type browser struct {
	ctx context.Context

	mu       sync.Mutex
	loaded   []string
	problems []string
}

// newBrowser starts a browser that ends with the test.
func newBrowser(t *testing.T) *browser {
	t.Helper()
	b := &browser{}
	options := chromedp.WithAllocatorOptions(chromedp.NoSandbox, chromedp.DisableGPU)
	ctx, cancel := chromedp.NewContext(t.Context(), options, chromedp.WithListener(b.record))
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

// record stores the URLs that the browser loads, and its errors and warnings.
func (b *browser) record(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()

	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.loaded = append(b.loaded, e.Request.URL)
	case *runtime.EventExceptionThrown:
		b.problems = append(b.problems, e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		b.problems = append(b.problems, "console."+string(e.Type))
	case *cdplog.EventEntryAdded:
		b.problems = append(b.problems, e.Entry.Text)
	}
}

// do runs steps in the browser.
func (b *browser) do(t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, stepTimeout)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

// stepResult returns the result of a step in the browser.
func stepResult[T any](t *testing.T, b *browser, step chromedp.Action[T]) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, stepTimeout)
	defer cancel()
	v, err := chromedp.Run(ctx, step)
	if err != nil {
		t.Fatal(err)
	}

	return v
}

// evaluate returns the value of a JavaScript expression.
func evaluate[T any](t *testing.T, b *browser, expression string) T {
	t.Helper()
	return stepResult(t, b, chromedp.Evaluate[T](expression))
}

// setColorScheme sets the user's preferred color scheme: light or dark.
func (b *browser) setColorScheme(t *testing.T, scheme string) {
	t.Helper()
	media := emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, media); err != nil {
		t.Fatal(err)
	}
}

// setDesktop sets the screen size of a desktop; setPhone sets that of a phone.
func (b *browser) setDesktop(t *testing.T) {
	t.Helper()
	b.do(t, chromedp.EmulateViewport(1040, 800))
}

func (b *browser) setPhone(t *testing.T) {
	t.Helper()
	b.do(t, chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile))
}

// keepsPictures reports whether the tests save screenshots.
func keepsPictures() bool { return os.Getenv("BROWSER_SHOTS") != "" }

// picture saves a screenshot of the whole page in the folder BROWSER_SHOTS, if it is set.
func (b *browser) picture(t *testing.T, name string) {
	t.Helper()
	if keepsPictures() {
		savePicture(t, name, stepResult(t, b, chromedp.FullScreenshot(100)))
	}
}

// pictureOfScreen saves a screenshot of the visible part of the page.
func (b *browser) pictureOfScreen(t *testing.T, name string) {
	t.Helper()
	if keepsPictures() {
		savePicture(t, name, stepResult(t, b, chromedp.CaptureScreenshot()))
	}
}

func savePicture(t *testing.T, name string, png []byte) {
	t.Helper()
	path := filepath.Join(os.Getenv("BROWSER_SHOTS"), name+".png")
	if err := os.WriteFile(path, png, 0o644); err != nil {
		t.Fatal(err)
	}
}

// requireClean checks that the page loaded nothing from another host, and that the browser reported no errors.
func (b *browser) requireClean(t *testing.T, host string) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()

	if len(b.loaded) == 0 {
		t.Error("the page loaded nothing at all")
	}
	for _, loaded := range b.loaded {
		if u, err := url.Parse(loaded); err != nil || u.Host != host && u.Scheme != "data" {
			t.Errorf("the page loaded %s", loaded)
		}
	}

	for _, p := range b.problems {
		t.Errorf("the browser reports: %s", p)
	}
}
