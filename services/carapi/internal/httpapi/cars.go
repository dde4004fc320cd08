package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"carstock/services/carapi/internal/answer"
	"carstock/services/carapi/internal/query"
	"carstock/services/carapi/internal/search"
)

// findFunc answers the parameters of a request to a resource.
type findFunc func(ctx context.Context, s *search.Service, at answer.Resource, values url.Values) (*answer.Answer,
	error)

// maxLink is the longest Link header. Proxies refuse answers whose headers exceed their buffers, of which some have 4
// kB. The body always has the address of the next page.
const maxLink = 1000

// handleCars answers searches, facets, statistics and changes.
func handleCars(s *search.Service, find findFunc, log *slog.Logger) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		values, ok := readParameters(w, r)
		if !ok {
			return
		}

		a, err := find(r.Context(), s, resourceOf(r), values)
		if err != nil {
			writeError(w, r, log, err)
			return
		}

		if link := "<" + a.Next + `>; rel="next"`; a.Next != "" && len(link) <= maxLink {
			w.Header().Set("Link", link)
		}

		writeAnswer(w, r, a)
	}
}

// findCarFunc answers a request about the vehicle with an id or a VIN.
type findCarFunc func(ctx context.Context, s *search.Service, at answer.Resource, id string,
	values url.Values) (*answer.Answer, error)

// handleCar answers GET /cars/{id}, the paths below it, and GET /cars/vin/{vin}. key is the name of the parameter in
// the path.
func handleCar(s *search.Service, find findCarFunc, key string, log *slog.Logger) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		raw := chi.URLParam(r, key)
		id := raw
		if r.URL.RawPath != "" { // the router matched the escaped path
			if unescaped, err := url.PathUnescape(raw); err == nil {
				id = unescaped
			}
		}

		values, ok := readParameters(w, r)
		if !ok {
			return
		}

		a, err := find(r.Context(), s, resourceOf(r), id, values)
		if errors.Is(err, search.ErrNotFound) && raw != id && strings.Contains(raw, "~") {
			a, err = find(r.Context(), s, resourceOf(r), raw, values) // a joined id contains escapes
		}

		switch {
		case errors.Is(err, search.ErrNotFound) && !errors.Is(err, search.ErrNoIDs):
			writeProblem(w, r, http.StatusNotFound, fmt.Sprintf("no vehicle has the %s %q", key, id))
		case err != nil:
			writeError(w, r, log, err)
		default:
			writeAnswer(w, r, a)
		}
	}
}

// handleFields answers GET /cars/fields.
func handleFields(s *search.Service, log *slog.Logger) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery != "" {
			writeProblem(w, r, http.StatusBadRequest, "the fields are asked for without parameters")
			return
		}

		a, err := answer.Fields(r.Context(), s)
		if err != nil {
			writeError(w, r, log, err)
			return
		}

		writeWithETag(w, r, a.Body, etag(a.Stable))
	}
}

// writeAnswer sends an answer. The Age header says how old a snapshot is.
func writeAnswer(w http.ResponseWriter, r *http.Request, a *answer.Answer) {
	noteAnswer(r.Context(), a)
	if a.Origin.Source == search.FromSnapshot {
		w.Header().Set("Age", strconv.Itoa(int(max(time.Since(a.Origin.AsOf), 0).Seconds())))
	}
	writeWithETag(w, r, a.Body, etag(a.Stable))
}

// noteAnswer records what the log and the metrics say about an answer.
func noteAnswer(ctx context.Context, a *answer.Answer) {
	i := infoOf(ctx)
	i.rows, i.source = a.Rows, a.Origin.Source
}

// readParameters returns the parameters of the query string. It answers a malformed one with a problem, because
// url.Query would silently drop what it cannot parse.
func readParameters(w http.ResponseWriter, r *http.Request) (url.Values, bool) {
	values, err := query.ParseQuery(r.URL.RawQuery)
	if err != nil {
		writeProblem(w, r, http.StatusBadRequest,
			"the query string is malformed; escape special characters as %XX, and separate parameters with &")
		return nil, false
	}
	return values, true
}
