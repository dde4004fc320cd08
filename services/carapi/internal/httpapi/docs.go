package httpapi

import (
	"embed"
	"io/fs"
	"net/http"
	"net/url"

	"github.com/swaggest/swgui/v5emb"

	"carstock/pkg/httpserver"
)

//go:embed docs
var docsFiles embed.FS

// redirectToDocs redirects GET /docs to the page. The location is relative, so it works behind any proxy; http.Redirect
// would make it a path of this program.
func redirectToDocs(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Location", "docs/")
	w.WriteHeader(http.StatusMovedPermanently)
}

// handleDocs answers GET /docs/ with a page that shows the API's description and tries it out. It only loads files from
// this program. Requests go to this program, or to the API's address in the description.
func handleDocs(publicURL string) http.Handler {
	tried := ""
	if u, err := url.Parse(publicURL); err == nil && u.Host != "" {
		tried = " " + u.Scheme + "://" + u.Host
	}

	own, err := fs.Sub(docsFiles, "docs")
	if err != nil { // cannot happen, because the folder is embedded
		panic(err)
	}

	page, library := http.FileServerFS(own), v5emb.New("", "", "/docs/")
	return httpserver.ErrorsAsProblems(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Swagger UI sets styles on its elements and has pictures in its style sheet; scripts are files.
		w.Header().Set("Content-Security-Policy", "default-src 'self'; connect-src 'self'"+tried+
			"; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; "+
			"form-action 'none'")

		switch r.URL.Path {
		case "/docs/", "/docs/docs.js":
			http.StripPrefix("/docs", page).ServeHTTP(w, r)
		default:
			library.ServeHTTP(w, r)
		}
	}))
}
