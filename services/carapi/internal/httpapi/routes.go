// Package httpapi is the API over HTTP: routes, handlers, limits, metrics and errors. It does not interpret parameters,
// and knows no SQL.
package httpapi

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"go.opentelemetry.io/otel/trace"

	"carstock/pkg/httpserver"
	"carstock/services/carapi/internal/answer"
	"carstock/services/carapi/internal/auth"
	"carstock/services/carapi/internal/mcp"
	"carstock/services/carapi/internal/search"
)

// Options configures the handler.
type Options struct {
	PublicURL string   // URL at which clients reach the API; empty if they use the same paths as this program
	Origins   []string // origins of pages that may call the API from a browser; * for all
	Proxies   []string // CIDRs of trusted proxies
	Requests  int      // that a key, or an address without a valid key, may make within Per; 0 for any number
	Per       time.Duration
	InFlight  int                  // requests that are answered at a time; others wait or are refused
	Metrics   *Metrics             // must not be nil
	Traces    trace.TracerProvider // nil for no traces
}

// New returns the API's handler. It logs each request.
func New(s *search.Service, keys *auth.Keys, o Options, log *slog.Logger) http.Handler {
	r := chi.NewRouter()
	base := answer.NewBase(o.PublicURL)
	r.Use(identify(base), clientAddress(o.Proxies), accessLog(log), o.Metrics.measure, traceRequests(o.Traces))
	r.Use(headAsGet, httpserver.SecurityHeaders(httpserver.DataPolicy), crossOrigin(o.Origins), compress(), mcpErrors,
		httpserver.RecoverPanics(log), limits, withoutSlash)
	r.NotFound(notFound)
	r.MethodNotAllowed(methodNotAllowed)

	r.Get("/livez", httpserver.Livez(nil)) // also while databases are down: a restart would not help
	r.Get("/readyz", httpserver.Readyz(readiness(s)))

	r.Get("/docs", redirectToDocs)
	r.Get("/docs/*", handleDocs(o.PublicURL).ServeHTTP)

	// The descriptions need no key, because tools fetch them without one. They have their own places in flight, so they
	// do not take the places of requests with a key.
	clientLimit := newRateLimit("client", o.Requests, o.Per)
	r.Group(func(r chi.Router) {
		r.Use(perClient(clientLimit), shed(o.InFlight))
		describe := func(fields []search.Description) (object, error) { return openAPIDocument(fields, o.PublicURL), nil }
		describe30 := func(fields []search.Description) (object, error) {
			return asOpenAPI30(openAPIDocument(fields, o.PublicURL))
		}

		r.Get("/openapi.json", handleOpenAPI(s, describe, log))
		r.Get("/openapi-3.0.json", handleOpenAPI(s, describe30, log))
		r.Get("/tools/openai.json", handleOpenAITools(s, log))
	})

	r.Group(func(r chi.Router) {
		r.Use(requireKey(keys, newRateLimit("key", o.Requests, o.Per), clientLimit), shed(o.InFlight))
		carRoutes(r, s, log)
		r.With(csrf(o.Origins), mcp.RequireOneMessage).Post("/mcp", mcpHandler(s, base, log).ServeHTTP)
	})

	return r
}

// carRoutes adds the routes of vehicles. chi prefers /cars/facets and its like to /cars/{id}.
func carRoutes(r chi.Router, s *search.Service, log *slog.Logger) {
	r.Get("/cars", handleCars(s, answer.Search, log))
	r.Get("/cars/facets", handleCars(s, answer.Facets, log))
	r.Get("/cars/stats", handleCars(s, answer.Stats, log))
	r.Get("/cars/changes", handleCars(s, answer.Changes, log))
	r.Get("/cars/fields", handleFields(s, log))
	r.Get("/cars/vin/{vin}", handleCar(s, answer.CarByVIN, "vin", log))
	r.Get("/cars/{id}", handleCar(s, answer.Car, "id", log))
	r.Get("/cars/{id}/similar", handleCar(s, answer.Similar, "id", log))
	r.Get("/cars/{id}/history", handleCar(s, answer.History, "id", log))
}

// mcpHandler returns the handler of POST /mcp.
func mcpHandler(s *search.Service, base answer.Base, log *slog.Logger) http.Handler {
	c := &mcp.Caller{Service: s, Base: base, Log: log, RequestID: httpserver.RequestID, Answered: noteAnswer}
	return c.HTTP()
}
