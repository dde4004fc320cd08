// Package httpapi is the API over HTTP: routes, handlers, and how errors are told. It holds no SQL
// and does not interpret what is searched for.
package httpapi

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/go-chi/chi/v5"
	"go.opentelemetry.io/otel/trace"

	"carstock/services/carapi/internal/auth"
	"carstock/services/carapi/internal/stock"
	"carstock/services/carapi/internal/tools"
)

// Stock is what the handlers ask.
type Stock interface {
	Search(context.Context, url.Values) (*stock.Answer, error)
	Facets(context.Context, url.Values) (*stock.Answer, error)
	Stats(context.Context, url.Values) (*stock.Answer, error)
	Car(ctx context.Context, id string, values url.Values) (*stock.Car, error)
	CarByVIN(ctx context.Context, vin string, values url.Values) (*stock.Car, error)
	Fields(context.Context) ([]stock.Description, error)
	Status() []stock.Status
}

// Options is what surrounds the answers.
type Options struct {
	PublicURL string   // where the description says that the API is; empty for where it comes from itself
	Origins   []string // of pages that browsers may call from
	Proxies   []string // networks of proxies whose word on the client's address is taken
	Requests  int      // that a key may make in Per, and a client without one; any number if 0
	Per       time.Duration
	InFlight  int // requests that are answered at a time
	Metrics   *Metrics
	Traces    trace.TracerProvider // nil for none
}

// New is the API's handler.
func New(s Stock, keys *auth.Keys, o Options, log *slog.Logger) http.Handler {
	r := chi.NewRouter()
	r.Use(requestID, clientAddress(o.Proxies), accessLog(log), o.Metrics.measure, traced(o.Traces))
	r.Use(headAsGet, securityHeaders, crossOrigin(o.Origins), compress(), recoverer(log), limits)
	r.NotFound(notFound)
	r.MethodNotAllowed(methodNotAllowed)

	r.Get("/livez", livez)
	r.Get("/readyz", readyz(s))

	r.Get("/docs", http.RedirectHandler("docs/", http.StatusMovedPermanently).ServeHTTP)
	r.Get("/docs/*", docs(o.PublicURL).ServeHTTP)

	client := newRate("client", o.Requests, o.Per)
	r.Group(func(r chi.Router) { // The description is public, as that of an API mostly is: tools fetch it without a key.
		r.Use(perClient(client), shed(o.InFlight)) // and do not take the place of those who have one
		r.Get("/openapi.json", openAPI(s, o.PublicURL, log))
		r.Get("/tools/openai.json", openAITools(s, log))
	})
	r.Group(func(r chi.Router) {
		r.Use(requireKey(keys, newRate("key", o.Requests, o.Per), client), shed(o.InFlight))
		cars(r, s, log)
		r.With(ownOrigin(o.Origins), tools.OneMessage).Handle("/mcp", mcp(s, log))
	})
	return r
}

// Bare is the API without keys, logs and limits, for calls from within this program.
func Bare(s Stock, log *slog.Logger) http.Handler {
	r := chi.NewRouter()
	r.Use(recoverer(log))
	r.NotFound(notFound)
	cars(r, s, log)
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		// A route of its own, and not what is left of the one on which the call has come.
		ctx := context.WithValue(q.Context(), chi.RouteCtxKey, (*chi.Context)(nil))
		if requestIDOf(ctx) == "" { // it has come by no route
			ctx = withInfo(ctx, &info{requestID: rand.Text()})
		}
		r.ServeHTTP(w, q.WithContext(ctx))
	})
}

func cars(r chi.Router, s Stock, log *slog.Logger) {
	r.Get("/cars", search(s.Search, log))
	r.Get("/cars/", search(s.Search, log))
	r.Get("/cars/facets", facets(s.Facets, log))
	r.Get("/cars/stats", stats(s.Stats, log))
	r.Get("/cars/fields", fields(s.Fields, log))
	r.Get("/cars/vin/{vin}", car(s.CarByVIN, "vin", log))
	r.Get("/cars/{id}", car(s.Car, "id", log))
}
