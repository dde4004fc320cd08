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

// redirectToDocs redirects GET /docs to GET /docs/. The location is relative, so it works behind a proxy that adds a
// path; http.Redirect would make it absolute.
func redirectToDocs(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Location", "docs/")
	w.WriteHeader(http.StatusMovedPermanently)
}

// handleDocs answers GET /docs/ with Swagger UI, which shows the API's description and sends requests on trial. All its
// files come from this program. Its requests go to this program, or to publicURL if that is set.
func handleDocs(publicURL string) http.Handler {
	apiOrigin := ""
	if u, err := url.Parse(publicURL); err == nil && u.Host != "" {
		apiOrigin = " " + u.Scheme + "://" + u.Host
	}

	folder, err := fs.Sub(docsFiles, "docs")
	if err != nil {
		panic(err) // cannot happen: the folder is embedded
	}

	page, library := http.FileServerFS(folder), v5emb.New("", "", "/docs/")
	return httpserver.ErrorsAsProblems(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Swagger UI sets styles on its elements and has data: images in its style sheet. Its scripts are files.
		w.Header().Set("Content-Security-Policy", "default-src 'self'; connect-src 'self'"+apiOrigin+
			"; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; "+
			"form-action 'none'")

		switch r.URL.Path {
		case "/docs/colors.css":
			httpserver.ServeColors(w, r)
		case "/docs/", "/docs/docs.js", "/docs/docs.css":
			http.StripPrefix("/docs", page).ServeHTTP(w, r)
		default:
			library.ServeHTTP(w, r)
		}
	}))
}
