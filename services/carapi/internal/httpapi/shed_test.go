package httpapi

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// Two are answered, four wait in vain, and all others are refused at once.
func TestShed(t *testing.T) {
	begun, end := make(chan bool), make(chan bool)
	h := shed(2)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		begun <- true
		<-end
	}))
	ask := func() *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/cars/", nil))
		return w
	}
	answers := make(chan int, 20)
	for range 2 {
		go func() { answers <- ask().Code }()
		<-begun
	}
	const more = 10
	for range more {
		go func() { answers <- ask().Code }()
	}
	for range more {
		if code := <-answers; code != http.StatusServiceUnavailable {
			t.Errorf("%d, with all places taken", code)
		}
	}
	if w := ask(); w.Header().Get("Retry-After") != "1" || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("%v %s", w.Header(), w.Body)
	}
	close(end)
	for range 2 {
		if code := <-answers; code != http.StatusOK {
			t.Errorf("%d, of those that were answered", code)
		}
	}
	go ask()
	<-begun // there is room again
}
