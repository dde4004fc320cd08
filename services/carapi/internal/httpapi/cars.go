package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5"

	"carstock/services/carapi/internal/stock"
)

// ask is a question that the parameters of a request put to the stock.
type ask func(context.Context, url.Values) (*stock.Answer, error)

// search answers GET /cars/.
func search(find ask, log *slog.Logger) http.HandlerFunc {
	return answer(find, log, func(r *http.Request, w http.ResponseWriter, a *stock.Answer) []byte {
		body := make([]byte, 0, len(a.Cars)+len(a.Facets)+len(a.Applied)+2048) // all of it, usually
		body = append(append(append(body, `{"cars":[`...), a.Cars...), ']')
		body = fmt.Appendf(body, `,"returned":%d`, a.Count)
		if a.Total >= 0 {
			body = fmt.Appendf(body, `,"total":%d,"total_is_exact":%t`, a.Total, a.Exact)
		}
		body = fmt.Appendf(body, `,"has_more":%t,"next":`, a.Next != nil)
		if a.Next != nil {
			next := r.URL.EscapedPath() + "?" + a.Next.Encode()
			w.Header().Set("Link", "<"+next+`>; rel="next"`)
			body = append(append(body, encode(next)...), `,"next_cursor":`...)
			body = append(body, encode(a.Next.Get("cursor"))...)
		} else {
			body = append(body, `null,"next_cursor":null`...)
		}
		if a.Summary != "" {
			body = append(append(body, `,"summary":`...), encode(a.Summary)...)
		}
		if a.Cut != nil {
			body = append(append(body, `,"cut":`...), encode(a.Cut)...)
		}
		if a.NoMatch != nil {
			for _, c := range a.NoMatch.Calls() {
				if c.Request != nil {
					c.URL = r.URL.EscapedPath() + "?" + c.Request.Encode()
				}
			}
			body = append(append(body, `,"no_match":`...), encode(a.NoMatch)...)
		}
		if a.Facets != nil {
			body = append(append(body, `,"facets":`...), a.Facets...)
		}
		return body
	})
}

// facets answers GET /cars/facets.
func facets(count ask, log *slog.Logger) http.HandlerFunc {
	return answer(count, log, func(_ *http.Request, _ http.ResponseWriter, a *stock.Answer) []byte {
		return append([]byte(`{"facets":`), a.Facets...)
	})
}

// stats answers GET /cars/stats.
func stats(measure ask, log *slog.Logger) http.HandlerFunc {
	return answer(measure, log, func(_ *http.Request, _ http.ResponseWriter, a *stock.Answer) []byte {
		return append(fmt.Appendf(nil, `{"count":%d,"fields":`, a.Total), a.Facets...)
	})
}

// answer asks, and writes what has been found: what begin makes of it, the request as understood, and
// how fresh it is. The time at which a live database was asked is no part of the ETag, since then no
// answer would ever equal another.
func answer(ask ask, log *slog.Logger, begin func(*http.Request, http.ResponseWriter, *stock.Answer) []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		values, ok := parameters(w, r)
		if !ok {
			return
		}
		a, err := ask(r.Context(), values)
		if err != nil {
			writeError(w, r, log, err)
			return
		}
		infoOf(r.Context()).rows = a.Count
		tellOrigin(w, r, a.Origin)
		body := append(append(begin(r, w, a), `,"applied":`...), a.Applied...)
		if len(a.Interpreted) > 0 {
			body = append(append(body, `,"interpreted":`...), encode(a.Interpreted)...)
		}
		if len(a.Ignored) > 0 {
			body = append(append(body, `,"ignored":`...), encode(a.Ignored)...)
		}
		if len(a.Unmatched) > 0 {
			body = append(append(body, `,"unmatched":`...), encode(a.Unmatched)...)
		}
		body = append(append(body, `,"source":`...), encode(a.Source)...)
		tag := etag(body)
		body = append(append(body, `,"as_of":`...), encode(a.AsOf.UTC().Format(time.RFC3339))...)
		writeTagged(w, r, append(body, '}'), tag)
	}
}

// car answers GET /cars/{id} and GET /cars/vin/{vin}: key is the name of the parameter in the path.
func car(find func(ctx context.Context, key string, values url.Values) (*stock.Car, error), key string, log *slog.Logger) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id := chi.URLParam(r, key)
		if r.URL.RawPath != "" { // by which the router then went
			if unescaped, err := url.PathUnescape(id); err == nil {
				id = unescaped
			}
		}
		values, ok := parameters(w, r)
		if !ok {
			return
		}
		c, err := find(r.Context(), id, values)
		if errors.Is(err, stock.ErrNotFound) {
			writeProblem(w, r, problem{Status: http.StatusNotFound, Detail: fmt.Sprintf("no vehicle has the %s %q", key, id)})
			return
		}
		if err != nil {
			writeError(w, r, log, err)
			return
		}
		infoOf(r.Context()).rows = 1
		tellOrigin(w, r, c.Origin)
		writeTagged(w, r, c.Body, etag(c.Body))
	}
}

// tellOrigin says how old an answer from a snapshot is: Age is HTTP's own word for it.
func tellOrigin(w http.ResponseWriter, r *http.Request, o stock.Origin) {
	infoOf(r.Context()).source = o.Source
	if o.Source == stock.FromSnapshot {
		w.Header().Set("Age", strconv.Itoa(int(max(time.Since(o.AsOf), 0).Seconds())))
	}
}

// fields answers GET /cars/fields.
func fields(describe func(context.Context) ([]stock.Description, error), log *slog.Logger) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery != "" {
			writeProblem(w, r, problem{Status: http.StatusBadRequest, Detail: "the fields are asked for without parameters"})
			return
		}
		all, err := describe(r.Context())
		if err != nil {
			writeError(w, r, log, err)
			return
		}
		body, err := json.Marshal(map[string]any{"fields": all})
		if err != nil {
			writeError(w, r, log, err)
			return
		}
		writeTagged(w, r, body, etag(body))
	}
}

// parameters are those of the query string; if that is malformed, the answer says so. url.Query would
// leave out, in silence, what it cannot parse.
func parameters(w http.ResponseWriter, r *http.Request) (url.Values, bool) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		writeProblem(w, r, problem{Status: http.StatusBadRequest, Detail: "the query string is malformed; escape special characters as %XX, and separate parameters with &"})
		return nil, false
	}
	return values, true
}
