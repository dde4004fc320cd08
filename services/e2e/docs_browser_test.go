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
	requireReadable(t, b, "docs")
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

	requireReadable(t, b, "docs-tried")
	b.do(t, chromedp.Click("section.models .models-control"), chromedp.WaitVisible(".json-schema-2020-12-accordion"),
		chromedp.Click(".json-schema-2020-12-accordion"), chromedp.WaitVisible(".json-schema-2020-12-property"))
	requireReadable(t, b, "docs-schemas")
	b.do(t, chromedp.Click(".btn.authorize"), chromedp.WaitVisible(".modal-ux"))
	requireReadable(t, b, "docs-keys")

	b.requireClean(t, strings.TrimPrefix(base, "http://"))
}

// requireReadable checks that the texts of the page stand out from their ground on a light and on a dark screen. The
// white names of methods and versions have the colors of Swagger UI.
func requireReadable(t *testing.T, b *browser, picture string) {
	t.Helper()
	const leastContrast = "3" // of WCAG 2, for large text
	for _, scheme := range []string{"light", "dark"} {
		b.setColorScheme(t, scheme)
		unreadable := evaluate[[]string](t, b, `(() => {
			document.getAnimations().forEach(a => a.finish()); // from the colors of the other screen
			const parts = color => { const p = color.match(/[\d.]+/g).map(Number); return p.length < 4 ? [...p, 1] : p; };
			const over = (top, under) => [0, 1, 2].map(i => top[i] * top[3] + under[i] * (1 - top[3]));
			const ground = e => e ? over(parts(getComputedStyle(e).backgroundColor), ground(e.parentElement)) : [255, 255, 255];
			const light = c => [.2126, .7152, .0722].reduce((sum, share, i) => {
				const v = c[i] / 255;
				return sum + share * (v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
			}, 0);
			const contrast = e => {
				const under = ground(e), text = over(parts(getComputedStyle(e).color), under);
				const [a, b] = [light(text), light(under)].sort();
				return (b + .05) / (a + .05);
			};
			return [...document.querySelectorAll("body *")].filter(e => e.checkVisibility() &&
				!e.closest(".opblock-summary-method, .info .title small, .model-hint, noscript, script") &&
				[...e.childNodes].some(n => n.nodeType == Node.TEXT_NODE && n.data.trim()) && contrast(e) < `+leastContrast+`).
				map(e => e.tagName + "." + e.className + ": " + e.textContent.slice(0, 30) + " " + contrast(e).toFixed(1));
		})()`)
		b.picture(t, picture+"-"+scheme)
		if len(unreadable) > 0 {
			t.Errorf("%s: unreadable: %q", scheme, unreadable)
		}
	}

	b.setColorScheme(t, "light")
}
