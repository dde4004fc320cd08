//go:build browser

package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"carstock/pkg/dbconn"
	"carstock/pkg/dbconn/dbtest"
)

// statusWait limits how long the tests of the status page wait for a run.
const statusWait = 5 * time.Minute

// runToken is the token that allows the tests to request runs.
const runToken = "a-token-for-the-tests"

// statusPage is the status page of a syncer in this process.
type statusPage struct {
	address string
	url     string
}

// serveStatus starts syncer serve, which reads from c, until the test ends.
func serveStatus(t *testing.T, c dbconn.Config, settings map[string]string) statusPage {
	t.Helper()
	t.Chdir(t.TempDir())
	dbtest.Setenv(t, c)
	address := dbtest.FreeAddress(t)
	t.Setenv("SYNC_PATH", "carstock.db")
	t.Setenv("SYNC_HTTP_ADDR", address)
	t.Setenv("SYNC_HTTP_TOKEN", runToken)
	t.Setenv("SYNC_TIMEZONE", "Europe/Berlin")
	for name, value := range settings {
		t.Setenv(name, value)
	}

	startSyncer(t)
	return statusPage{address, "http://" + address + "/"}
}

// waitReady waits for the first snapshot.
func (p statusPage) waitReady(t *testing.T) {
	t.Helper()
	for start := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		if r, err := http.Get(p.url + "readyz"); err == nil {
			_ = r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Since(start) > statusWait {
			t.Fatal("no run has succeeded")
		}
	}
}

// requestRun requests a run, without waiting for it.
func (p statusPage) requestRun(t *testing.T) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, p.url+"sync", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+runToken)
	r, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}

	_ = r.Body.Close()
	if r.StatusCode != http.StatusAccepted {
		t.Fatal(r.Status)
	}
}

func TestStatusPage(t *testing.T) {
	c := dbtest.Demo(t)
	db := dbtest.Open(t, c)
	dbtest.MustExec(t, db, "CREATE VIEW dear AS SELECT id, make, price FROM vehicles_stock WHERE price > 30000",
		"CREATE TABLE hostile (id INT PRIMARY KEY, `<b>note</b>` TEXT)",
		"INSERT INTO hostile VALUES (1, '<script>document.title = \"hacked\"</script>'), (2, NULL)")
	page := serveStatus(t, c, map[string]string{
		"SYNC_VIEWS": "vehicles_view=vehicles(id); dear; hostile(id)", "SYNC_SCHEDULE": "@every 2s",
	})
	page.waitReady(t)

	// The page has a headline, a title and a chart, and no links to other sites.
	b := newBrowser(t)
	b.setDesktop(t)
	b.do(t, chromedp.Navigate(page.url), chromedp.Click("#table-vehicles > summary"),
		chromedp.Click("#columns-vehicles > summary"))
	title := stepResult(t, b, chromedp.Title())
	headline := stepResult(t, b, chromedp.Text(".headline"))
	bars := evaluate[int](t, b, `document.querySelectorAll("rect.bar.ok").length`)
	elsewhere := evaluate[int](t, b, `[...document.querySelectorAll("[src],[href]")]
		.filter(e => new URL(e.src || e.href).host !== location.host).length`)
	if !strings.HasPrefix(title, "Up to date, ") || !strings.HasSuffix(title, "carstock syncer") ||
		!strings.Contains(headline, "Up to date, ") || bars == 0 || elsewhere != 0 {
		t.Errorf("title %q, headline %q, %d bars, %d links to elsewhere", title, headline, bars, elsewhere)
	}

	// A table shows its rows, size, last change, first rows and columns.
	summary := stepResult(t, b, chromedp.Text("#summary-vehicles"))
	first := stepResult(t, b, chromedp.Text("#sample-vehicles"))
	columns := stepResult(t, b, chromedp.Text("#columns-vehicles table"))
	for _, want := range []struct{ text, part string }{
		{summary, " rows"},
		{summary, " kB"},
		{summary, "last change "},
		{first, "First 5 rows"},
		{first, "stock_number"},
		{columns, "make"},
		{columns, "varchar"},
		{columns, "TEXT"},
		{columns, "INTEGER"},
		{columns, "yes"},
	} {
		if !strings.Contains(want.text, want.part) {
			t.Errorf("the table lacks %q: %s", want.part, want.text)
		}
	}

	// Untrusted names and values are shown literally.
	b.do(t, chromedp.Click("#table-hostile > summary"))
	hostile := stepResult(t, b, chromedp.Text("#sample-hostile"))
	b.picture(t, "hostile")
	if !strings.Contains(hostile, "<b>note</b>") || !strings.Contains(hostile, "<script>") ||
		!strings.Contains(hostile, "NULL") {
		t.Errorf("untrusted text: %s", hostile)
	}

	// A failed run appears without a reload. Open elements stay open, and closed ones stay closed.
	b.do(t, chromedp.Click("#table-dear > summary"))
	dbtest.MustExec(t, db, "DROP VIEW dear")
	_ = evaluate[bool](t, b, `window.same = true`)
	b.do(t, chromedp.WaitVisible(".runs tr.failed.reason"), chromedp.WaitReady("rect.bar.failed"))
	failed, problem := stepResult(t, b, chromedp.Text(".runs tr.failed.reason")), stepResult(t, b, chromedp.Text(".error"))
	kept := evaluate[bool](t, b, `window.same === true && document.querySelector("#table-vehicles").open &&
		document.querySelector("#columns-vehicles").open && !document.querySelector("#table-dear").open`)
	if !strings.Contains(failed, "no such table or view") || !strings.Contains(problem, "published nothing") || !kept {
		t.Errorf("row %q, problem %q, open ones kept: %v", failed, problem, kept)
	}

	if title := stepResult(t, b, chromedp.Title()); strings.Contains(title, "Up to date") {
		t.Errorf("title %q", title)
	}

	requireFitsDarkPhone(t, b)
	b.requireClean(t, page.address)
}

// requireFitsDarkPhone requires that nothing on the page is wider than a phone's screen, and that the page follows the
// color scheme.
func requireFitsDarkPhone(t *testing.T, b *browser) {
	t.Helper()
	b.setColorScheme(t, "dark")
	b.setPhone(t)
	background := evaluate[string](t, b, `getComputedStyle(document.body).backgroundColor`)
	wider := evaluate[bool](t, b, `document.documentElement.scrollWidth > document.documentElement.clientWidth`)
	b.picture(t, "hostile-phone-dark")
	if background != "rgb(20, 23, 26)" || wider {
		t.Errorf("background %s, wider than the screen: %v", background, wider)
	}
}

// During a run, the page shows its progress.
func TestStatusPageProgress(t *testing.T) {
	c := dbtest.Demo(t)
	db := dbtest.Open(t, c)
	dbtest.MustExec(t, db, "CREATE VIEW slow AS SELECT s.*, 0 AS pause FROM vehicles_stock AS s")
	page := serveStatus(t, c, map[string]string{
		"SYNC_VIEWS": "dealers(id); slow", "SYNC_SCHEDULE": "0 0 1 1 *",
	})

	page.waitReady(t)

	// The first run counts the rows, so the page knows how many to expect. The second run is slow.
	dbtest.MustExec(t, db, "CREATE OR REPLACE VIEW slow AS SELECT s.*, SLEEP(0.03) AS pause FROM vehicles_stock AS s")
	page.requestRun(t)
	b := newBrowser(t)
	b.setDesktop(t)
	b.do(t, chromedp.Navigate(page.url), chromedp.WaitVisible("progress[value]:not([value='0'])"))
	text := stepResult(t, b, chromedp.Text("#progress-text"))
	if !strings.Contains(text, "reading slow, ") || !strings.Contains(text, " of about ") {
		t.Errorf("progress: %s", text)
	}
	b.picture(t, "progress")
	b.setPhone(t)
	b.picture(t, "progress-phone")

	// The progress bar disappears when the run ends.
	b.do(t, chromedp.WaitNotPresent("progress"), chromedp.WaitVisible(".headline.good"))
	b.requireClean(t, page.address)
}

// Takes screenshots for the docs and for review: of many runs and of one, light and dark, desktop and phone.
func TestStatusPagePictures(t *testing.T) {
	if !keepsPictures() {
		t.Skip("BROWSER_SHOTS is not set")
	}
	c := dbtest.Demo(t)
	db := dbtest.Open(t, c)
	page := serveStatus(t, c, map[string]string{
		"SYNC_VIEWS": "dealers(id); vehicles_view=vehicles(id)", "SYNC_SCHEDULE": "@every 15m", "SYNC_HISTORY": "90d",
	})

	page.waitReady(t)
	b := newBrowser(t)
	look := func(name string) {
		t.Helper()
		b.do(t, chromedp.Navigate(page.url), chromedp.WaitVisible(".headline"))
		for _, scheme := range []string{"light", "dark"} {
			b.setColorScheme(t, scheme)
			b.setDesktop(t)
			b.picture(t, name+"-"+scheme)
			b.setPhone(t)
			b.picture(t, name+"-phone-"+scheme)
		}
		b.setColorScheme(t, "light")
		b.setDesktop(t)
	}

	look("one-run")

	// Change the stock before each run, and make one run fail.
	runs := 1
	runWith := func(statements ...string) {
		t.Helper()
		dbtest.MustExec(t, db, statements...)
		page.requestRun(t)
		runs++
		count := fmt.Sprintf("fetch('/runs').then(r => r.json()).then(r => r.runs.length === %d)", runs)
		for start := time.Now(); !stepResult(t, b, chromedp.Evaluate[bool](count, chromedp.EvalAwaitPromise)); {
			time.Sleep(100 * time.Millisecond)
			if time.Since(start) > statusWait {
				t.Fatal("the run did not end")
			}
		}
	}

	for i := range 30 {
		if i == 19 {
			runWith("RENAME TABLE vehicles_view TO hidden")
			look("failing")
			runWith("SELECT 1")
			dbtest.MustExec(t, db, "RENAME TABLE hidden TO vehicles_view")
		}
		runWith(fmt.Sprintf("UPDATE vehicles_stock SET price = price - 100 WHERE id %% 31 = %d", i),
			fmt.Sprintf("DELETE FROM vehicles_stock WHERE id = %d", i*7+3))
	}

	look("many-runs")

	// The picture for the docs shows the rows of the vehicles, and ends below the charts.
	time.Sleep(7 * time.Second) // for "Up to date, 7 seconds ago"
	b.do(t, chromedp.Navigate(page.url), chromedp.Click("#table-dealers > summary"),
		chromedp.Click("#table-vehicles > summary"))
	height := evaluate[float64](t, b, `document.querySelector(".charts").getBoundingClientRect().bottom + 8`)
	b.do(t, chromedp.EmulateViewport(1040, int64(height)))
	b.pictureOfScreen(t, "status")
}
