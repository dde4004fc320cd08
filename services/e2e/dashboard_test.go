package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"carstock/pkg/dbconn/dbtest"
)

type dashboard struct {
	UID        string
	Templating struct {
		List []struct {
			Name  string
			Query any
		}
	}
	Panels []dashboardPanel
}

type dashboardPanel struct {
	ID                       int
	Type, Title, Description string
	GridPos                  struct{ X, Y, W, H int }
	Targets                  []struct{ Expr, LegendFormat string }
	FieldConfig              struct {
		Defaults struct {
			Unit       string
			Thresholds struct{ Steps []struct{ Value float64 } }
		}
	}
}

func readDashboard(t *testing.T) dashboard {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dbtest.Root(t), "deploy", "grafana", "dashboards", "carstock.json"))
	if err != nil {
		t.Fatal(err)
	}
	var d dashboard
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// alert is a rule of deploy/prometheus/alerts.yml, reduced to what the tests need.
type alert struct{ name, expr string }

// A rule's expression is on the line of expr, or on the following lines that are indented further.
var alertRules = regexp.MustCompile(`(?m)^      - alert: (\w+)\n        expr: (?:\|\n((?: {10}.*\n)+)|(.*)\n)`)

func readAlerts(t *testing.T) (alerts []alert) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dbtest.Root(t), "deploy", "prometheus", "alerts.yml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range alertRules.FindAllStringSubmatch(string(text), -1) {
		alerts = append(alerts, alert{m[1], m[2] + m[3]})
	}
	if n := strings.Count(string(text), "expr:"); len(alerts) != n || n == 0 {
		t.Fatalf("%d of %d rules of alerts.yml were understood", len(alerts), n)
	}
	return alerts
}

var (
	quoted    = regexp.MustCompile(`"[^"]*"`)
	spans     = regexp.MustCompile(`\[[^\]]*\]`)
	grouping  = regexp.MustCompile(`\b(by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)`)
	selector  = regexp.MustCompile(`\{([^}]*)\}`)
	word      = regexp.MustCompile(`\b[a-zA-Z_][a-zA-Z0-9_]*\b\s*\(?`)
	operators = []string{"and", "or", "unless", "bool", "offset"}
	variable  = regexp.MustCompile(`label_values\((\w+), (\w+)\)`) // known to Grafana only
	inLegend  = regexp.MustCompile(`\{\{(\w+)\}\}`)
)

// metricNames returns the metrics and labels that a PromQL expression names. kept are the labels that the result still
// has after grouping.
func metricNames(expr string) (metrics, labels, kept []string) {
	expr = variable.ReplaceAllString(expr, `sum by ($2) ($1)`)
	expr = spans.ReplaceAllString(quoted.ReplaceAllString(expr, ""), "")
	for _, m := range selector.FindAllStringSubmatch(expr, -1) {
		labels = append(labels, word.FindAllString(m[1], -1)...)
	}
	expr = selector.ReplaceAllString(expr, "")
	for _, m := range grouping.FindAllStringSubmatch(expr, -1) {
		labels = append(labels, word.FindAllString(m[2], -1)...)
		kept = append(kept, word.FindAllString(m[2], -1)...)
	}
	expr = grouping.ReplaceAllString(expr, "")
	for _, w := range word.FindAllString(expr, -1) {
		if w = strings.TrimSpace(w); !strings.HasSuffix(w, "(") && !slices.Contains(operators, w) {
			metrics = append(metrics, w)
		}
	}
	return metrics, labels, kept
}

// readMetrics adds the metrics of /metrics and their labels to all.
func readMetrics(t *testing.T, url string, all map[string][]string) {
	t.Helper()
	series := regexp.MustCompile(`(?m)^(\w+)(?:\{(.*)\})? \S+$`)
	label := regexp.MustCompile(`(\w+)="`)
	found := series.FindAllStringSubmatch(waitForStatus(t, url, http.StatusOK), -1)
	if len(found) == 0 {
		t.Fatalf("%s has no metrics", url)
	}
	for _, m := range found {
		labels := []string{"instance", "job"} // Prometheus adds these
		for _, l := range label.FindAllStringSubmatch(m[2], -1) {
			labels = append(labels, l[1])
		}
		all[m[1]] = append(all[m[1]], labels...)
	}
}

// The dashboard and the alerts use only metrics and labels that syncer or carapi exports after a run and a request of
// each kind.
func TestDashboardNamesExist(t *testing.T) {
	d, alerts := readDashboard(t), readAlerts(t)
	mysql := dbtest.Demo(t)
	t.Chdir(t.TempDir()) // a folder without .env
	dbtest.Setenv(t, mysql)
	ofSyncer, ofCarapi, api := dbtest.FreeAddress(t), dbtest.FreeAddress(t), dbtest.FreeAddress(t)
	snapshot := filepath.Join(t.TempDir(), "carstock.db")
	for name, value := range map[string]string{
		"SYNC_VIEWS": "vehicles_view(id)", "SYNC_PATH": snapshot,
		"SYNC_HTTP_ADDR": ofSyncer, "SYNC_SCHEDULE": "@every 1h",
	} {
		t.Setenv(name, value)
	}
	startSyncer(t)
	waitForStatus(t, "http://"+ofSyncer+"/readyz", http.StatusOK)
	// The log has two addresses; the first one is that of the server.
	serve(t, mysql, "vehicles_stock", "SNAPSHOT_PATH="+snapshot, "SNAPSHOT_TABLE=vehicles_view", "METRICS_ADDR="+ofCarapi,
		"HTTP_ADDR="+api)
	url := "http://" + api
	waitForStatus(t, url+"/readyz", http.StatusOK)
	for path, want := range map[string]int{
		"/cars/?make=Toyota": 200, "/cars/?nonsense=1": 400, "/cars/0": 404,
		"/nowhere": 404,
	} {
		if code, body := getStatus(url + path); code != want {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
	res, err := http.Get(url + "/cars/") // without a key
	if err != nil {
		t.Fatal(err)
	}
	if _ = res.Body.Close(); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a key: %s", res.Status)
	}
	there := map[string][]string{"up": {"job", "instance"}} // Prometheus itself adds these
	readMetrics(t, "http://"+ofSyncer+"/metrics", there)
	readMetrics(t, "http://"+ofCarapi+"/metrics", there)

	checked := 0
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			checked += requireNamesExist(t, there, p.Title, target.Expr, target.LegendFormat)
		}
	}
	for _, v := range d.Templating.List {
		if q, ok := v.Query.(map[string]any); ok {
			expr, _ := q["query"].(string)
			checked += requireNamesExist(t, there, "variable "+v.Name, expr, "")
		}
	}
	for _, a := range alerts {
		checked += requireNamesExist(t, there, "alert "+a.name, a.expr, "")
	}
	t.Logf("%d names, of %d that there are", checked, len(there))
}

// requireNamesExist checks that an expression and its legend name only exported metrics and labels. It returns the
// number of metrics.
func requireNamesExist(t *testing.T, there map[string][]string, what, expr, legend string) int {
	t.Helper()
	metrics, labels, kept := metricNames(expr)
	if len(metrics) == 0 {
		t.Errorf("%s: names no metric: %s", what, expr)
	}
	for _, m := range metrics {
		if there[m] == nil {
			t.Errorf("%s: neither program has %s", what, m)
			continue
		}
		for _, l := range labels {
			if !slices.Contains(there[m], l) {
				t.Errorf("%s: %s has no label %s", what, m, l)
			}
		}
		for _, l := range inLegend.FindAllStringSubmatch(legend, -1) {
			if !slices.Contains(there[m], l[1]) || kept != nil && !slices.Contains(kept, l[1]) {
				t.Errorf("%s: the legend has the label %s, which the expression lacks", what, l[1])
			}
		}
	}

	return len(metrics)
}

// Each panel has a title, a description, a unit and a query, and overlaps no other panel.
func TestDashboardPanels(t *testing.T) {
	d := readDashboard(t)
	if d.UID != "carstock" {
		t.Errorf("uid %q", d.UID)
	}
	ids, places := map[int]string{}, map[[2]int]string{}
	for _, p := range d.Panels {
		if other, taken := ids[p.ID]; taken || p.ID == 0 {
			t.Errorf("%q has the id %d, as %q", p.Title, p.ID, other)
		}
		ids[p.ID] = p.Title
		g := p.GridPos
		if g.X < 0 || g.W <= 0 || g.H <= 0 || g.X+g.W > 24 {
			t.Errorf("%q is out of the 24 columns: %+v", p.Title, g)
		}
		for x := g.X; x < g.X+g.W; x++ {
			for y := g.Y; y < g.Y+g.H; y++ {
				if other, taken := places[[2]int{x, y}]; taken {
					t.Fatalf("%q and %q overlap", p.Title, other)
				}
				places[[2]int{x, y}] = p.Title
			}
		}
		if p.Title == "" || p.Type != "row" && (p.Description == "" || p.FieldConfig.Defaults.Unit == "" ||
			len(p.Targets) == 0) {
			t.Errorf("panel %d, %q: title, description, unit or query is missing", p.ID, p.Title)
		}
	}
}

// The dashboard draws the thresholds of the alerts. It does not draw thresholds of 0.
func TestDashboardShowsAlertThresholds(t *testing.T) {
	d := readDashboard(t)
	limit := regexp.MustCompile(`(?:>=?|==) ([0-9.]+)(?: \* ([0-9.]+))?\s*$`)
	number := func(s string) float64 {
		n, err := strconv.ParseFloat(s, 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, a := range readAlerts(t) {
		m := limit.FindStringSubmatch(a.expr)
		if m == nil {
			t.Errorf("%s has no limit: %s", a.name, a.expr)
			continue
		}
		want := number(m[1])
		if m[2] != "" {
			want *= number(m[2])
		}
		if want == 0 {
			continue
		}
		metrics, _, _ := metricNames(a.expr)
		drawn := slices.ContainsFunc(d.Panels, func(p dashboardPanel) bool {
			for _, s := range p.FieldConfig.Defaults.Thresholds.Steps {
				if shown, _, _ := metricNames(p.Targets[0].Expr); s.Value == want && slices.Contains(shown, metrics[0]) {
					return true
				}
			}
			return false
		})
		if !drawn {
			t.Errorf("%s: no panel draws the limit %g of %s", a.name, want, metrics[0])
		}
	}
}
