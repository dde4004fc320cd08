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

// findFunc answers a request to a resource with the parameters of its query string.
type findFunc func(ctx context.Context, s *search.Service, at answer.Resource, values url.Values) (*answer.Answer,
	error)

// maxLink is the length of the longest Link header, in bytes. Some proxies have a buffer of 4 kB for all headers, and
// refuse an answer with more. The body has the address of the next page in any case.
const maxLink = 1000

// handleCars answers requests about many vehicles: searches, facets, statistics and changes.
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

// findCarFunc answers a request about one vehicle. id is its id or its VIN, without escapes.
type findCarFunc func(ctx context.Context, s *search.Service, at answer.Resource, id string,
	values url.Values) (*answer.Answer, error)

// handleCar answers GET /cars/{id}, the paths below it, and GET /cars/vin/{vin}. key is id or vin, the name of the
// parameter in the path.
func handleCar(s *search.Service, find findCarFunc, key string, log *slog.Logger) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		raw := chi.URLParam(r, key)
		id := raw

		// With a RawPath, the router has matched the escaped path.
		if r.URL.RawPath != "" {
			if unescaped, err := url.PathUnescape(raw); err == nil {
				id = unescaped
			}
		}

		values, ok := readParameters(w, r)
		if !ok {
			return
		}

		// The id of a key of several columns has ~ between their values, and escapes within them: it is taken as sent.
		a, err := find(r.Context(), s, resourceOf(r), id, values)
		if errors.Is(err, search.ErrNotFound) && raw != id && strings.Contains(raw, "~") {
			a, err = find(r.Context(), s, resourceOf(r), raw, values)
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
			writeProblem(w, r, http.StatusBadRequest, "the list of fields takes no parameters; leave the query string out")
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

// writeAnswer sends an answer. If it comes from the snapshot, the Age header has the snapshot's age in seconds.
func writeAnswer(w http.ResponseWriter, r *http.Request, a *answer.Answer) {
	noteAnswer(r.Context(), a)
	if a.Origin.Source == search.FromSnapshot {
		age := max(time.Since(a.Origin.AsOf), 0)
		w.Header().Set("Age", strconv.Itoa(int(age.Seconds())))
	}

	writeWithETag(w, r, a.Body, etag(a.Stable))
}

// noteAnswer records for the log and the metrics how many vehicles an answer has, and which source they are from.
func noteAnswer(ctx context.Context, a *answer.Answer) {
	info := infoOf(ctx)
	info.rows, info.source = a.Rows, a.Origin.Source
}

// readParameters returns the parameters of the query string. If that is malformed, it answers the request and returns
// false: url.Query would silently drop what it cannot parse.
func readParameters(w http.ResponseWriter, r *http.Request) (url.Values, bool) {
	values, err := query.ParseQuery(r.URL.RawQuery)
	if err != nil {
		writeProblem(w, r, http.StatusBadRequest,
			"the query string is malformed; escape special characters as %XX, and separate parameters with &")
		return nil, false
	}
	return values, true
}
