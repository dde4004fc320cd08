// Package httpapi is the API over HTTP: routes, handlers, and how errors are told. It holds no SQL
// and does not interpret what is searched for.
package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"carstock/services/carapi/internal/auth"
	"carstock/services/carapi/internal/stock"
)

// Stock is what the handlers ask.
type Stock interface {
	Parse(url.Values) (stock.Query, error)
	Search(context.Context, stock.Query) (stock.Page, error)
	Car(ctx context.Context, id string) ([]byte, error)
	Ready(context.Context) error
}

// New is the API's handler.
func New(s Stock, key auth.Key, log *slog.Logger) http.Handler {
	r := chi.NewRouter()
	r.Use(requestID, accessLog(log), recoverer(log), middleware.GetHead)
	r.NotFound(notFound)
	r.MethodNotAllowed(methodNotAllowed)

	r.Get("/livez", livez)
	r.Get("/readyz", readyz(s, log))

	r.Group(func(r chi.Router) {
		r.Use(requireKey(key))
		r.Get("/cars", search(s, log))
		r.Get("/cars/", search(s, log))
		r.Get("/cars/{id}", car(s, log))
	})
	return r
}
