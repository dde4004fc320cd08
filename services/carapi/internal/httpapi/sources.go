package httpapi

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"carstock/services/carapi/internal/search"
)

// sourceCollector reports the states of the sources and of their indexes at the moment when the metrics are read.
type sourceCollector struct{ service *search.Service }

var (
	sourceUp = prometheus.NewDesc("carapi_source_up", "1 if the source can answer, otherwise 0.", []string{"source"}, nil)
	indexAge = prometheus.NewDesc("carapi_index_age_seconds", "Age of the index: the time since its as_of.",
		[]string{"source"}, nil)
	indexRows  = prometheus.NewDesc("carapi_index_rows", "Vehicles in the index.", []string{"source"}, nil)
	indexBytes = prometheus.NewDesc("carapi_index_bytes", "Memory of the index.", []string{"source"}, nil)
	indexBuild = prometheus.NewDesc("carapi_index_build_seconds", "Time of the last reading and building of the index.",
		[]string{"source"}, nil)
)

// Describe implements prometheus.Collector.
func (c sourceCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{sourceUp, indexAge, indexRows, indexBytes, indexBuild} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c sourceCollector) Collect(ch chan<- prometheus.Metric) {
	for _, s := range c.service.Status() {
		gauge := func(d *prometheus.Desc, v float64) {
			ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, s.Name)
		}

		up := 0.0
		if s.Up {
			up = 1
		}

		gauge(sourceUp, up)
		if s.Index == nil {
			continue
		}

		gauge(indexAge, time.Since(s.Index.AsOf).Seconds())
		gauge(indexRows, float64(s.Index.Rows))
		gauge(indexBytes, float64(s.Index.Bytes))
		gauge(indexBuild, s.Index.Seconds)
	}
}
