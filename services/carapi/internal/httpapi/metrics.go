package httpapi

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"carstock/pkg/httpserver"
	"carstock/services/carapi/internal/search"
	"carstock/services/carapi/internal/store"
)

// Metrics counts requests and queries for Prometheus. Values of labels are from short lists, never from a request.
type Metrics struct {
	registry *prometheus.Registry
	inFlight prometheus.Gauge
	requests *prometheus.CounterVec
	answers  *prometheus.CounterVec
	duration *prometheus.HistogramVec
	queries  *prometheus.HistogramVec

	refreshes *prometheus.CounterVec
	dropped   prometheus.Counter
}

// NewMetrics makes metrics.
func NewMetrics() *Metrics {
	r := httpserver.NewRegistry()
	f := promauto.With(r)
	buckets := []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
	return &Metrics{
		registry: r,
		inFlight: f.NewGauge(prometheus.GaugeOpts{
			Name: "carapi_http_requests_in_flight",
			Help: "Requests that are being answered.",
		}),
		requests: f.NewCounterVec(prometheus.CounterOpts{
			Name: "carapi_http_requests_total",
			Help: "Requests answered, by route (unmatched: no such route or method), method and status " +
				"(499: the client had gone).",
		}, []string{"route", "method", "status"}),
		answers: f.NewCounterVec(prometheus.CounterOpts{
			Name: "carapi_answers_total",
			Help: "Answers with vehicles or counts of them, by source: live, snapshot.",
		}, []string{"source"}),
		duration: f.NewHistogramVec(prometheus.HistogramOpts{
			Name: "carapi_http_request_duration_seconds",
			Help: "Time that answers took.", Buckets: buckets,
		}, []string{"route"}),
		queries: f.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "carapi_query_duration_seconds",
			Help:    "Time that queries of the database took, by outcome: ok, timeout, canceled, error.",
			Buckets: buckets,
		}, []string{"operation", "outcome"}),
		refreshes: f.NewCounterVec(prometheus.CounterOpts{
			Name: "carapi_index_refreshes_total",
			Help: "Refreshes of an index, by outcome: read, unchanged, failed.",
		}, []string{"source", "outcome"}),
		dropped: f.NewCounter(prometheus.CounterOpts{
			Name: "carapi_rows_dropped_total",
			Help: "Rows that the index found and that no longer matched when they were read.",
		}),
	}
}

// Sources adds the metrics of the sources: their pools of connections, by name, their states and their indexes.
func (m *Metrics) Sources(pools map[string]*sql.DB, s *search.Service) {
	for name, pool := range pools {
		m.registry.MustRegister(collectors.NewDBStatsCollector(pool, name))
		m.answers.WithLabelValues(name) // 0 from the start
	}
	m.registry.MustRegister(sourceCollector{s})
}

// Events returns what the metrics count of the sources.
func (m *Metrics) Events() search.Events {
	return search.Events{
		Refreshed: func(source, outcome string, _ time.Duration) { m.refreshes.WithLabelValues(source, outcome).Inc() },
		Dropped:   func(rows int) { m.dropped.Add(float64(rows)) },
	}
}

// Handler is that of the server at METRICS_ADDR: it answers GET /metrics.
func (m *Metrics) Handler(log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", httpserver.MetricsHandler(m.registry))
	return httpserver.StandardMiddleware(mux, httpserver.DataPolicy, log)
}

// Query counts a query of a database.
func (m *Metrics) Query(operation string, d time.Duration, err error) {
	outcome := "error"
	switch {
	case err == nil:
		outcome = "ok"
	case errors.Is(err, store.ErrTooSlow):
		outcome = "timeout"
	case errors.Is(err, context.Canceled):
		outcome = "canceled"
	}
	m.queries.WithLabelValues(operation, outcome).Observe(d.Seconds())
}

func (m *Metrics) measure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		ww := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		m.inFlight.Inc()
		defer func() {
			m.inFlight.Dec()
			route := cmp.Or(route(r), "unmatched")
			status := cmp.Or(ww.Status(), 499) // only a client that has gone gets no answer
			m.requests.WithLabelValues(route, method(r), strconv.Itoa(status)).Inc()
			if source := infoOf(r.Context()).source; source != "" {
				m.answers.WithLabelValues(source).Inc()
			}
			m.duration.WithLabelValues(route).Observe(time.Since(start).Seconds())
		}()
		next.ServeHTTP(ww, r)
	})
}

// route returns the pattern that the request has matched. It is empty if there is none, and before the router has run.
func route(r *http.Request) string { return chi.RouteContext(r.Context()).RoutePattern() }

// method returns the method of a request, and "other" if it is none of HTTP's: a caller may send any word.
func method(r *http.Request) string {
	switch r.Method {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT":
		return r.Method
	}
	return "other"
}
