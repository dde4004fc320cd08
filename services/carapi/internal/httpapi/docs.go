package httpapi

import (
	"embed"
	"io/fs"
	"net/http"
	"net/url"

	"github.com/swaggest/swgui/v5emb"
)

//go:embed docs
var docsFiles embed.FS

// redirectToDocs answers GET /docs with the page. The location is relative and holds behind any proxy; http.Redirect
// would make it a path of this program.
func redirectToDocs(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Location", "docs/")
	w.WriteHeader(http.StatusMovedPermanently)
}

// handleDocs answers GET /docs/: a page that shows the API's description and tries it out. All that it loads
// comes from this program; what is tried out goes there, or to where the description says that the API is.
func handleDocs(publicURL string) http.Handler {
	tried := ""
	if u, err := url.Parse(publicURL); err == nil && u.Host != "" {
		tried = " " + u.Scheme + "://" + u.Host
	}

	own, err := fs.Sub(docsFiles, "docs")
	if err != nil { // the folder is there, or this would not compile
		panic(err)
	}

	page, library := http.FileServerFS(own), v5emb.New("", "", "/docs/")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
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
	})
}
