package httpapi

import (
	"bytes"
	"context"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

// Those who wait, for each that is being answered, and how long they do. More or longer would be of no
// use: who waits for an answer has given up by then.
const (
	waitingShare = 2
	waitingTime  = 500 * time.Millisecond
)

// shed lets so many requests through at a time, and a few wait for a short while. The others are refused
// at once, so that those which are answered take as long as ever.
func shed(inFlight int) func(http.Handler) http.Handler {
	running, admitted := semaphore.NewWeighted(int64(inFlight)), semaphore.NewWeighted(int64(inFlight*(1+waitingShare)))
	full := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "1")
		writeProblem(w, r, http.StatusServiceUnavailable, "too many requests are being answered; try again in a second")
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !admitted.TryAcquire(1) {
				full(w, r)
				return
			}
			a := bufferedResponse{ResponseWriter: w, body: bodies.Get().(*bytes.Buffer)}
			defer bodies.Put(a.body)
			a.body.Reset()
			func() {
				defer admitted.Release(1)
				if !running.TryAcquire(1) {
					wait, cancel := context.WithTimeout(r.Context(), waitingTime)
					defer cancel()
					if running.Acquire(wait, 1) != nil {
						full(&a, r)
						return
					}
				}
				defer running.Release(1)
				next.ServeHTTP(&a, r)
			}()
			a.send() // clients that read slowly keep no others out
		})
	}
}

// bufferedResponse holds an answer until it is whole.
type bufferedResponse struct {
	http.ResponseWriter
	status int
	body   *bytes.Buffer
}

var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func (h *bufferedResponse) WriteHeader(status int) {
	if h.status == 0 {
		h.status = status
	}
}

func (h *bufferedResponse) Write(p []byte) (int, error) {
	h.WriteHeader(http.StatusOK)
	return h.body.Write(p)
}

func (h *bufferedResponse) send() {
	if h.status != 0 {
		h.ResponseWriter.WriteHeader(h.status)
	}
	_, _ = h.ResponseWriter.Write(h.body.Bytes()) // the client has gone, if this fails
}
