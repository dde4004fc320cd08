package httpserver

import (
	_ "embed"
	"net/http"
)

//go:embed colors.css
var colors string

// ServeColors answers with the style sheet of the colors that the pages of both programs share.
func ServeColors(w http.ResponseWriter, _ *http.Request) {
	WriteBody(w, http.StatusOK, "text/css; charset=utf-8", []byte(colors))
}
