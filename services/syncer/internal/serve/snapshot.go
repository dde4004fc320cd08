package serve

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"carstock/pkg/httpserver"
	"carstock/services/syncer/internal/snapshot"
)

// stallTimeout is how long a client that fetches the snapshot may take none of it.
const stallTimeout = time.Minute

// Bounds of Retry-After while there is no snapshot.
const minRetryAfter, maxRetryAfter = 5 * time.Second, time.Hour

// pulls counts what was sent of the snapshot. A download that was resumed is two answers.
type pulls struct{ answers, bytes atomic.Int64 }

// fetch answers with a copy of the snapshot, whole or in part, in an encoding that the client accepts.
func (s *Service) fetch(w http.ResponseWriter, r *http.Request) {
	if !s.authorized(w, r, "fetch the snapshot") {
		return
	}

	// A copy may be long in the making, and an answer long on its way.
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Time{}) // errors are of servers without deadlines, which need none
	_ = control.SetWriteDeadline(time.Time{})
	c, encoding, err := s.copies.get(r.Context(), acceptedEncoding(strings.Join(r.Header.Values("Accept-Encoding"), ",")))
	if err != nil {
		_ = control.SetWriteDeadline(time.Now().Add(stallTimeout))
		s.fetchError(w, r, err)
		return
	}
	defer c.release()

	h := w.Header()
	h.Set("Content-Type", "application/vnd.sqlite3")
	h.Set(
		"Content-Disposition",
		mime.FormatMediaType("attachment", map[string]string{"filename": filepath.Base(s.config.Sync.Path)}),
	)
	h.Set("Cache-Control", "private, no-cache, no-transform")
	h.Set("Vary", "Accept-Encoding")
	h.Set("ETag", c.etag())
	h.Set("Repr-Digest", c.digest())
	h.Set("Content-Length", strconv.FormatInt(c.size, 10)) // of a part ServeContent sets another
	if encoding != identity {
		h.Set("Content-Encoding", encoding)
	}
	sent := &pullWriter{ResponseWriter: w, control: control, pulls: &s.pulls}
	http.ServeContent(sent, r, "", time.Time{}, io.NewSectionReader(c.file, 0, c.size))
}

func (s *Service) fetchError(w http.ResponseWriter, r *http.Request, err error) {
	problem := func(status int, detail string) {
		httpserver.WriteProblem(w, r, httpserver.Problem{Status: status, Detail: detail})
	}
	log := s.log.With("request_id", httpserver.RequestID(r.Context()))

	var full *noRoom
	switch {
	case errors.Is(err, snapshot.ErrNoSnapshot):
		// A client that comes back finds one, as after a start of syncer; so this is no 404.
		wait := minRetryAfter
		if v := s.state.view(); v.progress == nil {
			wait = min(max(time.Until(v.next), minRetryAfter), maxRetryAfter)
		}
		w.Header().Set("Retry-After", strconv.Itoa(int(wait.Seconds())))
		problem(http.StatusServiceUnavailable, "there is no snapshot yet: the first run has not published one")
	case errors.Is(err, context.Canceled): // the client has gone, or syncer ends
		w.Header().Set("Retry-After", strconv.Itoa(int(minRetryAfter.Seconds())))
		problem(http.StatusServiceUnavailable, "syncer ends")
	case errors.As(err, &full):
		log.WarnContext(r.Context(), "the snapshot could not be sent", "error", err)
		problem(http.StatusInsufficientStorage, full.Error())
	default:
		log.ErrorContext(r.Context(), "the snapshot could not be sent", "error", err)
		problem(http.StatusInternalServerError, "the snapshot could not be copied; the log says why")
	}
}

// acceptedEncoding chooses from a header Accept-Encoding (RFC 9110, 12.5.3) the encoding of a copy: zstd if gzip is not
// liked better, and none where the header names neither, or prefers none.
func acceptedEncoding(header string) string {
	weights := map[string]float64{}
	for part := range strings.SplitSeq(header, ",") {
		name, parameter, _ := strings.Cut(part, ";")
		weight := 1.0
		if _, q, ok := strings.Cut(parameter, "="); ok {
			weight, _ = strconv.ParseFloat(strings.TrimSpace(q), 64) // nonsense accepts nothing
		}
		weights[strings.ToLower(strings.TrimSpace(name))] = weight
	}

	best, most := identity, weights["identity"]
	for _, encoding := range []string{encodedZstd, encodedGzip} {
		weight, named := weights[encoding]
		if !named {
			weight = weights["*"]
		}
		if weight > most || weight == most && weight > 0 && best == identity {
			best, most = encoding, weight
		}
	}
	return best
}

// pullWriter counts what is sent, and gives the client time as long as it takes some.
type pullWriter struct {
	http.ResponseWriter
	control *http.ResponseController
	pulls   *pulls
	began   bool
}

func (p *pullWriter) WriteHeader(code int) {
	_ = p.control.SetWriteDeadline(time.Now().Add(stallTimeout))
	p.ResponseWriter.WriteHeader(code)
}

func (p *pullWriter) Write(b []byte) (int, error) {
	_ = p.control.SetWriteDeadline(time.Now().Add(stallTimeout))
	n, err := p.ResponseWriter.Write(b)
	if !p.began && n > 0 {
		p.began = true
		p.pulls.answers.Add(1)
	}
	p.pulls.bytes.Add(int64(n))
	return n, err
}
