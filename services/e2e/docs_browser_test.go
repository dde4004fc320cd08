//go:build browser

package e2e

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"carstock/pkg/dbconn/dbtest"
)

// The page of the API's description shows it as a user of the demo sees it, and a request that is tried out there with
// a key finds cars.
func TestDocsPage(t *testing.T) {
	base := serve(t, copyAsDemo(t, dbtest.Demo(t), dbtest.Root(t)), "vehicles_view", "CARS_UNITS=mileage=mi")
	const search = "#operations-vehicles-search_cars"
	b := newBrowser(t)
	b.setDesktop(t)
	b.do(t, chromedp.Navigate(base+"/docs"), chromedp.WaitVisible(search))
	headline := stepResult(t, b, chromedp.Text(".info"))
	operations := evaluate[int](t, b, `document.querySelectorAll(".opblock").length`)
	b.picture(t, "docs")
	if !strings.Contains(headline, "carapi") || !strings.Contains(headline, "OAS 3.1") || operations != 9 {
		t.Errorf("headline %q, %d operations", headline, operations)
	}

	// Authorize, and search.
	b.do(t, chromedp.Click(".btn.authorize"), chromedp.WaitVisible(".auth-container input"),
		chromedp.SendKeys(".auth-container input", apiKey), chromedp.Click(".auth-btn-wrapper .authorize"),
		chromedp.Click(".auth-btn-wrapper .btn-done"))
	b.do(t, chromedp.Click(search+" .opblock-summary-control"), chromedp.WaitVisible(search+" .execute"),
		chromedp.SendKeys(search+` tr[data-param-name="price_max"] input`, "30000"), chromedp.Click(search+" .execute"),
		chromedp.WaitVisible(search+" .live-responses-table"))
	status := stepResult(t, b, chromedp.Text(search+" .live-responses-table tbody .response-col_status"))
	url := stepResult(t, b, chromedp.Text(search+" .request-url pre"))
	body := stepResult(t, b, chromedp.Text(search+" .live-responses-table .highlight-code"))
	b.picture(t, "docs-tried")
	if !strings.Contains(status, "200") || !strings.Contains(url, "price_max=30000") ||
		!strings.Contains(body, `"cars"`) || !strings.Contains(body, `"make"`) {
		t.Errorf("status %s of %s: %.300s", status, url, body)
	}

	b.requireClean(t, strings.TrimPrefix(base, "http://"))
}
