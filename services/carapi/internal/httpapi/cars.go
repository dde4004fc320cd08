package httpapi

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"

	"github.com/go-chi/chi/v5"

	"carstock/services/carapi/internal/stock"
)

// search answers GET /cars/.
func search(s Stock, log *slog.Logger) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		// url.Query would leave out, in silence, what it cannot parse.
		values, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			writeProblem(w, r, problem{Status: http.StatusBadRequest, Detail: "the query string is malformed; escape special characters as %XX, and separate parameters with &"})
			return
		}
		q, err := s.Parse(values)
		var wrong stock.ParameterErrors
		if errors.As(err, &wrong) {
			writeProblem(w, r, problem{Status: http.StatusBadRequest, Detail: wrong.Error(), Errors: wrong})
			return
		}
		if err != nil {
			writeError(w, r, log, err)
			return
		}
		page, err := s.Search(r.Context(), q)
		if err != nil {
			writeError(w, r, log, err)
			return
		}
		body := append([]byte(`{"cars":`), page.Cars...)
		body = fmt.Appendf(body, `,"returned":%d,"limit":%d,"has_more":%t}`, page.Count, q.Limit, page.HasMore)
		writeJSON(w, body)
	}
}

// car answers GET /cars/{id}.
func car(s Stock, log *slog.Logger) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id := chi.URLParam(r, "id")
		if r.URL.RawPath != "" { // by which the router then went
			if unescaped, err := url.PathUnescape(id); err == nil {
				id = unescaped
			}
		}
		if r.URL.RawQuery != "" {
			writeProblem(w, r, problem{Status: http.StatusBadRequest, Detail: "a vehicle is asked for by its id alone, without parameters"})
			return
		}
		body, err := s.Car(r.Context(), id)
		if errors.Is(err, stock.ErrNotFound) {
			writeProblem(w, r, problem{Status: http.StatusNotFound, Detail: fmt.Sprintf("no vehicle has the id %q", id)})
			return
		}
		if err != nil {
			writeError(w, r, log, err)
			return
		}
		writeJSON(w, body)
	}
}

func writeJSON(w http.ResponseWriter, body []byte) {
	write(w, http.StatusOK, "application/json; charset=utf-8", body)
}

func write(w http.ResponseWriter, status int, contentType string, body []byte) {
	body = append(body, '\n')
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client has gone, if this fails
}
