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

// Metrics counts requests and queries for Prometheus. The values of labels are from short lists. None is text from a
// request, which would make the number of series unlimited.
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

// durationBuckets are the upper bounds of the histograms, in seconds.
var durationBuckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

// NewMetrics returns metrics in a new registry. The sources are added later, by Sources.
func NewMetrics() *Metrics {
	r := httpserver.NewRegistry()
	f := promauto.With(r)

	return &Metrics{
		registry: r,
		inFlight: f.NewGauge(prometheus.GaugeOpts{
			Name: "carapi_http_requests_in_flight",
			Help: "Requests that are being answered now.",
		}),
		requests: f.NewCounterVec(prometheus.CounterOpts{
			Name: "carapi_http_requests_total",
			Help: "Requests, by route (unmatched: there is no such route or method), method and status " +
				"(499: the client left before the answer).",
		}, []string{"route", "method", "status"}),
		answers: f.NewCounterVec(prometheus.CounterOpts{
			Name: "carapi_answers_total",
			Help: "Answers with vehicles or with counts of them, by source: live, snapshot.",
		}, []string{"source"}),
		duration: f.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "carapi_http_request_duration_seconds",
			Help:    "Time from a request to the end of its answer, by route.",
			Buckets: durationBuckets,
		}, []string{"route"}),
		queries: f.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "carapi_query_duration_seconds",
			Help:    "Time of queries to the databases, by operation and by outcome: ok, timeout, canceled, error.",
			Buckets: durationBuckets,
		}, []string{"operation", "outcome"}),
		refreshes: f.NewCounterVec(prometheus.CounterOpts{
			Name: "carapi_index_refreshes_total",
			Help: "Refreshes of an index, by source and by outcome: read, unchanged, failed.",
		}, []string{"source", "outcome"}),
		dropped: f.NewCounter(prometheus.CounterOpts{
			Name: "carapi_rows_dropped_total",
			Help: "Rows that matched in the index, but no longer when they were read from the database.",
		}),
	}
}

// Sources adds the metrics of the sources: their states, their indexes, and their pools of connections by the names of
// the sources. Call it once.
func (m *Metrics) Sources(pools map[string]*sql.DB, s *search.Service) {
	for name, pool := range pools {
		m.registry.MustRegister(collectors.NewDBStatsCollector(pool, name))
		m.answers.WithLabelValues(name) // so that the series is there with 0 before the first answer
	}

	m.registry.MustRegister(sourceCollector{s})
}

// Events returns the callbacks with which a search service counts its refreshes and its dropped rows.
func (m *Metrics) Events() search.Events {
	return search.Events{
		Refreshed: func(source, outcome string, _ time.Duration) { m.refreshes.WithLabelValues(source, outcome).Inc() },
		Dropped:   func(rows int) { m.dropped.Add(float64(rows)) },
	}
}

// Handler returns the handler of the server at METRICS_ADDR. It answers GET /metrics.
func (m *Metrics) Handler(log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", httpserver.MetricsHandler(m.registry))
	return httpserver.StandardMiddleware(mux, httpserver.DataPolicy, log)
}

// Query counts a query to a database, which took d and ended with err. The operation is what the query was for.
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

// statusClientGone stands for a request whose client left before the answer.
const statusClientGone = 499

// measure counts the requests and measures how long they take.
func (m *Metrics) measure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		written := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		m.inFlight.Inc()

		defer func() {
			m.inFlight.Dec()
			route := cmp.Or(routePattern(r), "unmatched")
			status := cmp.Or(written.Status(), statusClientGone) // all other requests get an answer
			m.requests.WithLabelValues(route, methodLabel(r), strconv.Itoa(status)).Inc()
			m.duration.WithLabelValues(route).Observe(time.Since(start).Seconds())

			if source := infoOf(r.Context()).source; source != "" {
				m.answers.WithLabelValues(source).Inc()
			}
		}()

		next.ServeHTTP(written, r)
	})
}

// routePattern returns the pattern of the route that a request has matched. It is empty for a request without a route,
// and before the router has run.
func routePattern(r *http.Request) string { return chi.RouteContext(r.Context()).RoutePattern() }

// methodLabel returns the method of a request, or "other" for a word that is not a method of HTTP.
func methodLabel(r *http.Request) string {
	switch r.Method {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT":
		return r.Method
	}

	return "other"
}
