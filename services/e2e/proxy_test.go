package e2e

import (
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"carstock/pkg/dbconn/dbtest"
)

// behindProxy returns the URL of a proxy that serves carapi under /api/. It strips this prefix, like nginx with
// location /api/ { proxy_pass http://127.0.0.1:8080/; }.
func behindProxy(t *testing.T, base string) string {
	t.Helper()
	target, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
	mux := http.NewServeMux()
	mux.Handle("/api/", http.StripPrefix("/api", proxy))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// findPaths returns all strings in a JSON document, at any depth, that begin like a path.
func findPaths(t *testing.T, body string) []string {
	t.Helper()
	var document any
	if err := json.Unmarshal([]byte(body), &document); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	var found []string
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case string:
			if strings.HasPrefix(v, "/") {
				found = append(found, v)
			}
		case []any:
			for _, item := range v {
				walk(item)
			}
		case map[string]any:
			for _, item := range v {
				walk(item)
			}
		}
	}
	walk(document)
	return found
}

// Every URL in an answer, over HTTP and MCP, leads through the client's proxy.
func TestURLsBehindAProxy(t *testing.T) {
	base := serve(t, dbtest.Demo(t), "vehicles_stock", "PUBLIC_URL=https://cars.example.com/api")
	public := behindProxy(t, base)
	for path, least := range map[string]int{
		"/cars/?make=Toyota&limit=2&fields=id,make":           1,
		"/cars?limit=2&fields=id":                             1,
		"/cars/?limits=2&fields=id":                           2, // retry_url and instance
		"/cars/facets?facets=colr":                            2,
		"/cars/?make=Toyota&color=red&price_max=1":            2, // no_match
		"/cars/?make=Toyta&model=Camry&year=2023&match=exact": 2,
		"/cars/nothing":                                       1,
		"/cars/vin/nothing?x=1":                               1,
		"/nothing/cars":                                       1,
	} {
		_, body := getStatus(public + "/api" + path)
		found := findPaths(t, body)
		for _, u := range found {
			if !strings.HasPrefix(u, "/api/") {
				t.Errorf("%s: %s", path, u)
			}
			if code, answer := getStatus(public + u); strings.Contains(u, "?") && code != 200 {
				t.Errorf("%s: %s: %d %.300s", path, u, code, answer)
			}
		}
		if len(found) < least {
			t.Errorf("%s: %d URLs in %s", path, len(found), body)
		}
	}

	r, err := http.NewRequest(http.MethodGet, public+"/api/cars/?limit=1", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-API-Key", apiKey)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if link := res.Header.Get("Link"); !strings.HasPrefix(link, "</api/cars/?") {
		t.Errorf("Link: %s", link)
	}

	session, err := connect(t, httpTransport(public+"/api", keyTransport{"X-API-Key", apiKey}))
	if err != nil {
		t.Fatal(err)
	}
	for tool, arguments := range map[string]string{
		"search_cars": `{"color":["red"],"make":["Toyota"],"price_max":1}`,
		"get_car":     `{"id":"x"}`,
	} {
		got, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: tool, Arguments: json.RawMessage(arguments)})
		if err != nil {
			t.Fatal(err)
		}
		found := findPaths(t, got.Content[0].(*mcp.TextContent).Text)
		for _, u := range found {
			if !strings.HasPrefix(u, "/api/cars/") {
				t.Errorf("%s: %s", tool, u)
			}
		}
		if len(found) == 0 {
			t.Errorf("%s: no URL in %+v", tool, got)
		}
	}
}

// The page /docs and everything that it loads works behind a proxy, with or without PUBLIC_URL.
func TestDocsBehindAProxy(t *testing.T) {
	mysql := dbtest.Demo(t)
	for _, publicURL := range []string{"", "https://cars.example.com/api/"} {
		public := behindProxy(t, serve(t, mysql, "vehicles_stock", "PUBLIC_URL="+publicURL))
		res, err := http.Get(public + "/api/docs")
		if err != nil {
			t.Fatal(err)
		}
		page, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		at := res.Request.URL
		if err != nil || res.StatusCode != 200 || at.Path != "/api/docs/" {
			t.Fatalf("%s: %d %v %s", at, res.StatusCode, err, page)
		}

		var document description
		unmarshal(t, public+"/api/openapi.json", &document)
		if want := cmp.Or(strings.TrimSuffix(publicURL, "/"), "/"); document.Servers[0].URL != want {
			t.Errorf("servers %v, want %s", document.Servers, want)
		}

		links := regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllStringSubmatch(string(page), -1)
		if len(links) < 5 {
			t.Errorf("the page loads %v", links)
		}
		for _, link := range links {
			u, err := at.Parse(link[1])
			if err != nil {
				t.Fatal(err)
			}
			res, err := http.Get(u.String())
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			if res.StatusCode != 200 {
				t.Errorf("%s: %d", u, res.StatusCode)
			}
		}
	}
}
