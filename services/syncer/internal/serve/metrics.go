package serve

import (
	"math"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"carstock/pkg/httpserver"
	"carstock/pkg/snapshotfile"
	"carstock/services/syncer/internal/run"
	"carstock/services/syncer/internal/snapshot"
)

// serviceMetrics are syncer's Prometheus metrics.
type serviceMetrics struct {
	registry *prometheus.Registry
	duration *prometheus.HistogramVec
	failures *prometheus.CounterVec
	rows     *prometheus.GaugeVec
	read     *prometheus.CounterVec
	bytes    *prometheus.CounterVec
	changed  *prometheus.CounterVec
}

// newServiceMetrics returns the metrics of a state, of the file at path, and of its downloads.
func newServiceMetrics(s *serviceState, path string, p *pullCounters) *serviceMetrics {
	r := httpserver.NewRegistry()
	f := promauto.With(r)
	registerStatus(f, s, path)
	registerPulls(f, p)

	m := &serviceMetrics{
		registry: r,
		duration: f.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "syncer_run_duration_seconds",
			Help:    "Duration of runs, with their retries.",
			Buckets: []float64{.1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600},
		}, []string{"status"}),
		failures: f.NewCounterVec(prometheus.CounterOpts{
			Name: "syncer_failures_total",
			Help: "Runs that failed or were refused, by kind: refused, timeout, connection, server, file, other.",
		}, []string{"kind"}),
		rows: f.NewGaugeVec(prometheus.GaugeOpts{
			Name: "syncer_table_rows",
			Help: "Rows of a table after the last good run.",
		}, []string{"table"}),
		read: f.NewCounterVec(prometheus.CounterOpts{
			Name: "syncer_read_rows_total",
			Help: "Rows read from the source, by runs that published.",
		}, []string{"table"}),
		bytes: f.NewCounterVec(prometheus.CounterOpts{
			Name: "syncer_read_bytes_total",
			Help: "Bytes received from the source over the network, by runs that published.",
		}, []string{"table"}),
		changed: f.NewCounterVec(prometheus.CounterOpts{
			Name: "syncer_changed_rows_total",
			Help: "Rows inserted, updated and deleted.",
		}, []string{"table", "change"}),
	}

	// Export these series from the start: Prometheus would not see the first increase of one that begins later.
	for _, outcome := range []string{snapshotfile.RunOK, snapshotfile.RunFailed, snapshotfile.RunRefused} {
		m.duration.WithLabelValues(outcome)
	}

	for _, kind := range []string{"refused", "timeout", "connection", "server", "file", "other"} {
		m.failures.WithLabelValues(kind)
	}

	return m
}

// registerStatus adds the metrics of the state and of the file at path.
func registerStatus(f promauto.Factory, s *serviceState, path string) {
	gauge := func(name, help string, value func(serviceStatus) float64) {
		f.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return value(s.status()) })
	}

	gauge("syncer_last_success_timestamp_seconds",
		"When the last good run started, in seconds since 1970; 0 before the first.",
		func(now serviceStatus) float64 { return unixSeconds(now.good) })
	gauge("syncer_snapshot_age_seconds",
		"Age of the snapshot; +Inf without one, or if it is dated in the future.",
		func(now serviceStatus) float64 {
			if now.good.IsZero() || snapshotfile.InFuture(now.good, time.Now()) {
				return math.Inf(1)
			}
			return time.Since(now.good).Seconds()
		})
	gauge("syncer_next_run_timestamp_seconds", "When the next run is due, in seconds since 1970.",
		func(now serviceStatus) float64 { return unixSeconds(now.next) })
	gauge("syncer_consecutive_failures", "Runs in a row that failed or were refused by a guard.",
		func(now serviceStatus) float64 { return float64(now.failures) })
	gauge("syncer_running", "1 while a run is under way.", func(now serviceStatus) float64 {
		if now.progress != nil {
			return 1
		}
		return 0
	})

	gauge("syncer_file_bytes", "Size of the SQLite file and its WAL; 0 before it exists.", func(serviceStatus) float64 {
		file, _ := snapshot.FileSize(path)
		return float64(file)
	})

	gauge("syncer_wal_bytes", "Size of the WAL alone, which grows while another program has a transaction open.",
		func(serviceStatus) float64 {
			_, wal := snapshot.FileSize(path)
			return float64(wal)
		})
}

// registerPulls adds the counters of downloads.
func registerPulls(f promauto.Factory, p *pullCounters) {
	f.NewCounterFunc(prometheus.CounterOpts{
		Name: "syncer_pulls_total",
		Help: "Downloads of the snapshot. A download that was resumed counts once for each part.",
	}, func() float64 { return float64(p.answers.Load()) })
	f.NewCounterFunc(prometheus.CounterOpts{
		Name: "syncer_pulled_bytes_total",
		Help: "Bytes of the snapshot that were sent, after compression.",
	}, func() float64 { return float64(p.bytes.Load()) })
}

// unixSeconds returns a time in seconds since 1970; 0 for the zero time.
func unixSeconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}

// observe counts a run.
func (m *serviceMetrics) observe(r run.Report, err error) {
	if r.Status == snapshotfile.RunSkipped {
		return
	}

	m.duration.WithLabelValues(r.Status).Observe(r.Seconds)
	// A run that was stopped is not a failure.
	if err != nil && r.Status != snapshotfile.RunStopped {
		m.failures.WithLabelValues(run.ErrorKind(err)).Inc()
	}

	for _, t := range r.Tables {
		m.rows.WithLabelValues(t.Table).Set(float64(t.Total))
		m.read.WithLabelValues(t.Table).Add(float64(t.Rows))
		m.bytes.WithLabelValues(t.Table).Add(float64(t.Bytes))
		m.changed.WithLabelValues(t.Table, "inserted").Add(float64(t.Inserted))
		m.changed.WithLabelValues(t.Table, "updated").Add(float64(t.Updated))
		m.changed.WithLabelValues(t.Table, "deleted").Add(float64(t.Deleted))
	}
}
