package serve

import (
	"math"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"carstock/pkg/snapshotfile"
	"carstock/services/syncer/internal/run"
	"carstock/services/syncer/internal/snapshot"
)

type metrics struct {
	registry *prometheus.Registry
	duration *prometheus.HistogramVec
	failures *prometheus.CounterVec
	rows     *prometheus.GaugeVec
	read     *prometheus.CounterVec
	bytes    *prometheus.CounterVec
	changed  *prometheus.CounterVec
}

func newMetrics(s *state, path string, p *pulls) *metrics {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewBuildInfoCollector())
	f := promauto.With(r)
	gauge := func(name, help string, value func(view) float64) {
		f.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return value(s.view()) })
	}
	gauge("syncer_last_success_timestamp_seconds", "When the last good pass began, in seconds since 1970; 0 before the first.", func(v view) float64 { return unix(v.good) })
	gauge("syncer_snapshot_age_seconds", "Age of the snapshot; +Inf where there is none, or it is dated in the future.", func(v view) float64 {
		if v.good.IsZero() || snapshotfile.InFuture(v.good, time.Now()) {
			return math.Inf(1)
		}
		return time.Since(v.good).Seconds()
	})
	gauge("syncer_next_run_timestamp_seconds", "When the next pass is to begin, in seconds since 1970.", func(v view) float64 { return unix(v.next) })
	gauge("syncer_consecutive_failures", "Passes in a row that have failed or were refused by a guard.", func(v view) float64 { return float64(v.failures) })
	gauge("syncer_running", "1 while a pass is under way.", func(v view) float64 {
		if v.progress != nil {
			return 1
		}
		return 0
	})
	gauge("syncer_file_bytes", "Size of the SQLite file with its log; 0 if there is none.", func(view) float64 {
		file, _ := snapshot.Size(path)
		return float64(file)
	})
	gauge("syncer_wal_bytes", "Size of the log alone; it grows while another program has a transaction open.", func(view) float64 {
		_, log := snapshot.Size(path)
		return float64(log)
	})
	f.NewCounterFunc(prometheus.CounterOpts{Name: "syncer_pulls_total", Help: "Downloads of the snapshot; one that was resumed counts for each part."},
		func() float64 { return float64(p.answers.Load()) })
	f.NewCounterFunc(prometheus.CounterOpts{Name: "syncer_pulled_bytes_total", Help: "Bytes of the snapshot that were sent, as compressed."},
		func() float64 { return float64(p.bytes.Load()) })
	m := &metrics{
		registry: r,
		duration: f.NewHistogramVec(prometheus.HistogramOpts{Name: "syncer_run_duration_seconds", Help: "Time that passes took, retries included.",
			Buckets: []float64{.1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600}}, []string{"status"}),
		failures: f.NewCounterVec(prometheus.CounterOpts{Name: "syncer_failures_total",
			Help: "Passes that failed or were refused, by kind: refused, timeout, connection, server, file, other."}, []string{"kind"}),
		rows:    f.NewGaugeVec(prometheus.GaugeOpts{Name: "syncer_table_rows", Help: "Rows of a table after the last good pass."}, []string{"table"}),
		read:    f.NewCounterVec(prometheus.CounterOpts{Name: "syncer_read_rows_total", Help: "Rows read from the source, by passes that were published."}, []string{"table"}),
		bytes:   f.NewCounterVec(prometheus.CounterOpts{Name: "syncer_read_bytes_total", Help: "Bytes received from the source over the network, by passes that were published."}, []string{"table"}),
		changed: f.NewCounterVec(prometheus.CounterOpts{Name: "syncer_changed_rows_total", Help: "Rows inserted, updated and deleted."}, []string{"table", "change"}),
	}
	for _, status := range []string{snapshotfile.OK, snapshotfile.Failed, snapshotfile.Refused} {
		m.duration.WithLabelValues(status) // as the kinds below
	}
	for _, kind := range []string{"refused", "timeout", "connection", "server", "file", "other"} {
		m.failures.WithLabelValues(kind) // shown from the beginning, so that the first is seen as a rise
	}
	return m
}

func unix(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}

func (m *metrics) observe(r run.Report, err error) {
	if r.Status == run.Skipped {
		return
	}
	m.duration.WithLabelValues(r.Status).Observe(r.Seconds)
	if err != nil && r.Status != snapshotfile.Stopped {
		m.failures.WithLabelValues(run.Kind(err)).Inc()
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

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
