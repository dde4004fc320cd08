package e2e

import (
	"fmt"
	"net/url"
	"time"

	"github.com/jmoiron/sqlx"

	"carstock/pkg/dbconn"
)

// historyChanges is how many changes the history of the benchmark has for each vehicle in stock.
const historyChanges = 1

// history compares requests for the change history with reading one vehicle by its id. The history has as many
// changes as there are vehicles.
func (a *apiBench) history() {
	a.recordChanges()
	p := a.start("CARS_TABLE=bench", "SNAPSHOT_PATH="+a.sqlite.Path)
	brand := func(i int) string { return url.QueryEscape(benchMakes[i%len(benchMakes)]) }
	model := func(i int) string { return url.QueryEscape(benchModels[i%len(benchModels)]) }
	cases := []timedCase{
		{name: "prices of a model that dropped in a week", path: func(i int) string {
			return fmt.Sprintf("/cars/?make=%s&model=%s&price_drop_min=1&price_changed_at_min=7d", brand(i), model(i))
		}},
		{name: "largest drops of a make", path: func(i int) string { return "/cars/?sort=-price_drop&make=" + brand(i) }},
		{name: "vehicles of a model by days listed", path: func(i int) string {
			return fmt.Sprintf("/cars/?sort=-days_listed&make=%s&model=%s", brand(i), model(i))
		}},
		{name: "long listed, by make", path: func(i int) string {
			return fmt.Sprintf("/cars/stats?by=make&model=%s&days_listed_min=%d", model(i), 60+i%5)
		}},
		{name: "changes of a week", path: func(i int) string { return fmt.Sprintf("/cars/changes?since=%dd", 5+i%5) }},
		{name: "sold in a month", path: func(i int) string {
			return fmt.Sprintf("/cars/changes?kind=sold&since=%dd",
				28+i%5)
		}},
		{name: "history of a vehicle", path: func(i int) string {
			return fmt.Sprintf("/cars/%d/history",
				benchID(i, a.rows))
		}},
	}

	all := map[string]target{"id": {
		base: p.base,
		path: func(i int) string { return fmt.Sprintf("/cars/%d", benchID(i, a.rows)) },
	}}
	for _, c := range cases {
		all[c.name] = target{p.base, c.path, c.status}
	}

	found := measureInTurn(a.B, 1, a.span, all)
	for _, c := range cases {
		a.atMost(c.name+" / one vehicle", found[c.name].p50()/found["id"].p50(), 15, found[c.name].quantile(0.5).String())
	}

	a.note("RSS with a history, MiB", fmt.Sprintf("%.0f, peak %.0f", processMemory(a.B, p.cmd.Process.Pid, "VmRSS"),
		processMemory(a.B, p.cmd.Process.Pid, "VmHWM")))
	_ = p.cmd.Process.Kill()
}

// recordChanges makes a snapshot with a history of 100 runs in 100 days. Of ten changes, three insert a vehicle, six
// change a price, and one deletes a vehicle.
func (a *apiBench) recordChanges() {
	copying := a.command(a.mysql, "./syncer", "SYNC_VIEWS=bench(id)", "SYNC_PATH="+a.sqlite.Path, "SYNC_HISTORY=365d")
	copying.Args = append(copying.Args, "sync", "--quiet")
	if out, err := copying.CombinedOutput(); err != nil {
		a.Fatalf("sync: %v: %s", err, out)
	}

	db, err := sqlx.Open("sqlite3", dbconn.SQLiteDSN(a.sqlite.Path, "mode=rw"))
	if err != nil {
		a.Fatal(err)
	}

	defer func() { _ = db.Close() }()
	const runs = 100
	tx := db.MustBegin()
	tx.MustExec("UPDATE _sync_runs SET id = id + ?", runs)
	tx.MustExec("UPDATE _sync_tables SET run_id = run_id + ?", runs)

	for run := 1; run <= runs; run++ {
		at := time.Now().UTC().AddDate(0, 0, run-runs).Add(-time.Hour).Format("2006-01-02T15:04:05.000Z")
		tx.MustExec(`INSERT INTO _sync_runs (id, started, finished, status, source, strategy) VALUES (?, ?, ?, 'ok', '', `+
			`'replace')`,
			run, at, at)
		tx.MustExec(`INSERT INTO _sync_changes (run, at, "table", key, op, old, new)
			WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?3), k AS (
				SELECT i, 1 + (i * 7919 + ?1 * 104729) % ?4 AS id FROM n)
			SELECT ?1, ?2, 'bench', CASE WHEN i % 10 = 9 THEN '{"id":' || (id + ?4) || '}' ELSE '{"id":' || id || '}' END,
				CASE WHEN i % 10 < 3 THEN 'insert' WHEN i % 10 < 9 THEN 'update' ELSE 'delete' END,
				CASE WHEN i % 10 < 3 THEN NULL WHEN i % 10 < 9 THEN '{"price":' || (5000 + i * 13 % 40000) || '}'
					ELSE '{"id":' || (id + ?4) || ',"make":"Kia","model":"Camry","price":' || (i % 9999) || ',"mileage":1}' END,
				CASE WHEN i % 10 BETWEEN 3 AND 8 THEN '{"price":' || (5000 + i * 17 % 40000) || '}' END FROM k`,
			run, at, a.rows*historyChanges/runs, a.rows)
	}

	if err := tx.Commit(); err != nil {
		a.Fatal(err)
	}
}
