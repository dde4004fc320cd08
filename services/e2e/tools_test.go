package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"carstock/pkg/dbconn"
	"carstock/pkg/dbconn/dbtest"
	carapi "carstock/services/carapi/cli"
)

// runAsCarapi names the environment variable that turns the test binary into carapi, for clients that start it.
const runAsCarapi = "E2E_AS_CARAPI"

func TestMain(m *testing.M) {
	if os.Getenv(runAsCarapi) == "" {
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := carapi.Run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// keyTransport adds the API key to each request.
type keyTransport struct{ header, value string }

func (k keyTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set(k.header, k.value)
	return http.DefaultTransport.RoundTrip(r)
}

func connect(t *testing.T, transport mcp.Transport) (*mcp.ClientSession, error) {
	t.Helper()
	return connectNotified(t, transport, nil)
}

// connectNotified connects a client. If changed is not nil, each notification of changed tools is sent to it.
func connectNotified(t *testing.T, transport mcp.Transport, changed chan<- struct{}) (*mcp.ClientSession, error) {
	t.Helper()
	options := &mcp.ClientOptions{}
	if changed != nil {
		options.ToolListChangedHandler = func(context.Context, *mcp.ToolListChangedRequest) { changed <- struct{}{} }
	}
	client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, options)
	session, err := client.Connect(t.Context(), transport, nil)
	if err == nil {
		t.Cleanup(func() { _ = session.Close() })
	}
	return session, err
}

func httpTransport(url string, k keyTransport) mcp.Transport {
	return &mcp.StreamableClientTransport{
		Endpoint: url + "/mcp", HTTPClient: &http.Client{Transport: k},
		DisableStandaloneSSE: true, MaxRetries: -1,
	}
}

// The official client lists and calls all tools, over HTTP and stdio, and gets the same answers as from the API.
func TestMCP(t *testing.T) {
	mysql := dbtest.Demo(t)
	for database, c := range map[string]dbconn.Config{"MySQL": mysql, "SQLite": copyViews(t, mysql, "vehicles_view")} {
		base := serve(t, c, "vehicles_view")
		for name, transport := range map[string]mcp.Transport{
			"HTTP":  httpTransport(base, keyTransport{"Authorization", "Bearer " + apiKey}),
			"stdio": &mcp.CommandTransport{Command: carapiCommand(t)},
		} {
			t.Run(database+" "+name, func(t *testing.T) {
				session, err := connect(t, transport)
				if err != nil {
					t.Fatal(err)
				}
				testTools(t, session, base)
			})
		}
	}
}

// toolCall is a call of a tool, and the path of the API that gives the same answer. The path is empty if the API has
// no such request.
type toolCall struct {
	tool, arguments, path string
	problem               bool // whether the answer is an error
}

var toolCalls = []toolCall{
	{"search_cars", `{}`, "/cars/?view=summary", false},
	{
		"search_cars", `{"make":["Toyota"],"model":["Camry"],"year":2023,"color":null}`,
		"/cars/?make=Toyota&model=Camry&view=summary&year=2023", false,
	},
	{
		"search_cars", `{"make":"Chevy","price_max":"$40k","body_type":["truck"],"view":"full","limit":3}`,
		"/cars/?body_type=truck&limit=3&make=Chevy&price_max=%2440k&view=full", false,
	},
	{
		"search_cars", `{"make":["Toyota","Honda"],"facets":["color"],"include_total":false,"fields":["id","make"]}`,
		"/cars/?facets=color&fields=id&fields=make&include_total=false&make=Toyota&make=Honda", false,
	},
	{"search_cars", `{"make":["Toyota"],"color":["Octarine"]}`, "/cars/?color=Octarine&make=Toyota&view=summary", false},
	{
		"search_cars", `{"price_max":20000.50,"max_chars":2000}`, "/cars/?max_chars=2000&price_max=20000.50&view=summary",
		false,
	},
	{"search_cars", `{"colr":"red","limit":1000}`, "/cars/?colr=red&limit=1000&view=summary", true},
	{"search_cars", `{"make":{"is":"Toyota"}}`, "", true},
	{"get_car", `{"id":1}`, "/cars/1", false},
	{"get_car", `{"id":"600"}`, "/cars/600", false},
	{"get_car", `{"id":null,"vin":"jm3m5whlxrw827381"}`, "/cars/vin/jm3m5whlxrw827381", false},
	{"get_car", `{"id":"1/../2"}`, "/cars/1%2F..%2F2", true},
	{"get_car", `{"id":1,"color":"red"}`, "/cars/1?color=red", true},
	{"get_car", `{"id":"stats"}`, "/cars/%73%74%61%74%73", true},
	{"get_car", `{"id":["1","2"]}`, "", true},
	{"get_car", `{"id":"1","vin":"jm3m5whlxrw827381"}`, "", true},
	{"get_car", `{}`, "", true},
	{"get_car", `{"id":1,"comparables":false}`, "/cars/1", false},
	{"get_car", `{"id":1,"comparables":"maybe"}`, "", true},
	{"market_report", `{}`, "/cars/stats", false},
	{"market_report", `{"by":"make,year","make":null}`, "/cars/stats?by=make,year", false},
	{
		"market_report", `{"by":["price:5000"],"make":["Ford"],"model":["F-150"],"year":"2021","more":"color=white"}`,
		"/cars/stats?by=price:5000&color=white&make=Ford&model=F-150&year=2021", false,
	},
	{"market_report", `{"by":"price"}`, "/cars/stats?by=price", true},
	{"search_cars", `{"columns":["id"],"limit":2.0}`, "/cars/?columns=id&limit=2.0", false},
	{"search_cars", `{"view":"","fields":""}`, "/cars/?view=summary", false},
	{"describe_inventory", `{}`, "/cars/fields", false},
	{"describe_inventory", `{"x":1}`, "", true},
	// An empty text means nothing, like null.
	{"describe_inventory", `{"x":"","y":null,"z":[""]}`, "/cars/fields", false},
	{"get_car", `{"id":"12","vin":""}`, "/cars/12", false},
	{"get_car", `{"id":"","vin":"jm3m5whlxrw827381","fields":""}`, "/cars/vin/jm3m5whlxrw827381", false},
	{
		"search_cars", `{"make":[""],"model":"","price":"","sort":"","cursor":"","limit":null,"more":""}`,
		"/cars/?view=summary", false,
	},
	// Ranges go into the property of their field.
	{
		"search_cars", `{"price":"20000-30000","year":"2020+","mileage":"under 60k"}`,
		"/cars/?mileage=under+60k&price=20000-30000&view=summary&year=2020%2B", false,
	},
	{"search_cars", `{"price":"under 30k","make":["Toyota"]}`, "/cars/?make=Toyota&price=under+30k&view=summary", false},
	// All other fields go into more.
	{
		"search_cars", `{"make":["Toyota"],"more":"doors=4&interior_color=black"}`,
		"/cars/?doors=4&interior_color=black&make=Toyota&view=summary", false,
	},
	{"search_cars", `{"more":"?price_min=20000&view=full&limit=2"}`, "/cars/?limit=2&price_min=20000&view=full", false},
	{"search_cars", `{"more":["doors=4","seats=5&doors=4"]}`, "/cars/?doors=4&seats=5&view=summary", false},
	{"search_cars", `{"limit":2,"more":"limit=2&city=San%20Diego"}`, "/cars/?city=San+Diego&limit=2&view=summary", false},
	{"search_cars", `{"more":"make=Toyota&make=Honda&trim="}`, "/cars/?make=Toyota&make=Honda&view=summary", false},
	{"search_cars", `{"more":"match=exact&make=toyota"}`, "/cars/?make=toyota&match=exact&view=summary", false},
	{"search_cars", `{"more":"nonsense=1"}`, "/cars/?nonsense=1&view=summary", true},
	{"search_cars", `{"more":"doors"}`, "", true},
	{"search_cars", `{"more":"doors=4&&seats=5"}`, "", true},
	{"search_cars", `{"more":"=4"}`, "", true},
	{"search_cars", `{"more":"doors=%zz"}`, "", true},
	{"search_cars", `{"more":"doors=4;seats=5"}`, "", true},
	{"search_cars", `{"make":["Toyota"],"more":"make=Honda"}`, "", true},
	{"search_cars", `{"more":["doors=4","doors=5"]}`, "", true},
	{"search_cars", `{"more":{"doors":4}}`, "", true},
	// Only the count.
	{"search_cars", `{"make":["Toyota"],"count_only":true}`, "/cars/?count_only=true&make=Toyota", false},
	{
		"search_cars", `{"make":["Toyota"],"color":["Octarine"],"count_only":true,"facets":["year"]}`,
		"/cars/?color=Octarine&count_only=true&facets=year&make=Toyota", false,
	},
	{
		"search_cars", `{"count_only":true,"more":"include_total=false"}`, "/cars/?count_only=true&include_total=false",
		true,
	},
}

func testTools(t *testing.T, session *mcp.ClientSession, base string) {
	outputs := requireTools(t, session)
	for _, call := range toolCalls {
		requireAnswerOfAPI(t, session, outputs, base, call)
	}
}

// requireTools checks the list of tools, and returns the output schema of each.
func requireTools(t *testing.T, session *mcp.ClientSession) map[string]*jsonschema.Resolved {
	t.Helper()
	listed, err := session.ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	outputs, names := map[string]*jsonschema.Resolved{}, []string{}
	for _, tool := range listed.Tools {
		names = append(names, tool.Name)
		outputs[tool.Name] = resolveSchema(t, tool.OutputSchema)
		resolveSchema(t, tool.InputSchema)
		if tool.Annotations == nil || !tool.Annotations.ReadOnlyHint || tool.Description == "" ||
			len(tool.Description) > 1024 {
			t.Errorf("%+v", tool)
		}
	}
	if want := []string{"describe_inventory", "get_car", "market_report", "search_cars"}; !slices.Equal(names, want) {
		t.Errorf("tools %v, want %v", names, want)
	}

	return outputs
}

// requireAnswerOfAPI calls a tool, and checks its answer against its schema and against the API.
func requireAnswerOfAPI(t *testing.T, session *mcp.ClientSession, outputs map[string]*jsonschema.Resolved, base string,
	call toolCall,
) {
	t.Helper()
	got, err := session.CallTool(t.Context(), &mcp.CallToolParams{
		Name:      call.tool,
		Arguments: json.RawMessage(call.arguments),
	})
	if err != nil {
		t.Errorf("%s %s: %v", call.tool, call.arguments, err)
		return
	}

	// The structured answer equals the text.
	text := got.Content[0].(*mcp.TextContent).Text
	structured, err := json.Marshal(got.StructuredContent)
	if err != nil || !got.IsError && !sameJSON(structured, []byte(text)) || got.IsError && got.StructuredContent != nil {
		t.Errorf("%s %s: %v: the structured answer is\n%s\nthe text\n%s", call.tool, call.arguments, err, structured, text)
	}
	if got.IsError != call.problem {
		t.Errorf("%s %s: an error is %v: %.500s", call.tool, call.arguments, got.IsError, text)
		return
	}

	// Both equal the answer of the API, except for the name of the call.
	if call.path != "" {
		_, want, _ := strings.Cut(getText(t, base+call.path), "{")
		want = strings.ReplaceAll(want, "/cars/fields lists", "The tool describe_inventory lists")
		if text = volatileMembers.ReplaceAllString(text, `"own":0`); text != "{"+strings.TrimSpace(want) {
			t.Errorf("%s %s:\n got %.1000s\nwant {%.1000s", call.tool, call.arguments, text, want)
		}
	}

	if !call.problem {
		var instance any
		if err := json.Unmarshal(structured, &instance); err != nil {
			t.Fatal(err)
		}
		if err := outputs[call.tool].Validate(instance); err != nil {
			t.Errorf("%s %s: %v: %.500s", call.tool, call.arguments, err, structured)
		}
	}
}

func sameJSON(a, b []byte) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && fmt.Sprint(x) == fmt.Sprint(y)
}

func resolveSchema(t *testing.T, schema any) *jsonschema.Resolved {
	t.Helper()
	text, err := json.Marshal(schema)
	if err != nil {
		t.Fatal(err)
	}
	var s jsonschema.Schema
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	r, err := s.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Requests without a key or from a foreign origin are refused, and so are bodies that are not messages.
func TestMCPIsGuarded(t *testing.T) {
	base := serve(t, dbtest.Demo(t), "vehicles_view", "CORS_ORIGINS=https://friend.example.com")
	if _, err := connect(t, httpTransport(base, keyTransport{"X-API-Key", "wrong"})); err == nil ||
		!strings.Contains(err.Error(), "Unauthorized") {
		t.Errorf("without a key: %v", err)
	}
	const message = `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`
	for _, test := range []struct {
		method, origin, body string
		status               int
	}{
		{"POST", "", message, 200},
		{"POST", "https://friend.example.com", message, 200},
		{"POST", base, message, 200},
		{"POST", "https://foe.example.com", message, 403},
		{"POST", "null", message, 403},
		{"POST", "", "{", 400},
		{"POST", "", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"` + strings.Repeat("x", 2<<20) +
			`"}}`, 413},
		{"GET", "", "", 405},
		{"DELETE", "", "", 405},
	} {
		r, err := http.NewRequest(test.method, base+"/mcp", strings.NewReader(test.body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-API-Key", apiKey)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept", "application/json, text/event-stream")
		if test.origin != "" {
			r.Header.Set("Origin", test.origin)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || res.StatusCode != test.status {
			t.Errorf("%s, origin %q, %.50s: %d %.300s, want %d", test.method, test.origin, test.body, res.StatusCode, body,
				test.status)
		}
	}
}

type functionTool struct {
	Type, Name, Description string
	Strict                  bool
	Parameters              struct {
		Type                 string
		Properties           map[string]property
		Required             []string
		AdditionalProperties *bool
	}
	Function *functionTool
}

type property struct {
	Type, Items any
	Description string
	Enum        []any
	Properties  map[string]property
}

// The tools for OpenAI stay within the limits of its strict mode, and all three descriptions of the search have the
// same parameters.
func TestToolsAgree(t *testing.T) {
	for table, c := range describedTables(t) {
		base := serve(t, c.config, c.table)
		var responses, chat struct{ Tools []functionTool }
		unmarshal(t, base+"/tools/openai.json", &responses)
		unmarshal(t, base+"/tools/openai.json?format=chat", &chat)
		var document description
		unmarshal(t, base+"/openapi.json", &document)
		session, err := connect(t, httpTransport(base, keyTransport{"X-API-Key", apiKey}))
		if err != nil {
			t.Fatal(err)
		}
		listed, err := session.ListTools(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(responses.Tools) != 4 || len(chat.Tools) != 4 || len(listed.Tools) != 4 {
			t.Fatalf("%s: %d, %d and %d tools", table, len(responses.Tools), len(chat.Tools), len(listed.Tools))
		}
		enums, characters := 0, 0
		for i, f := range responses.Tools {
			requireStrict(t, table, f, chat.Tools[i])

			for name, p := range f.Parameters.Properties {
				values, length := requireStrictProperty(t, table, f.Name, name, p)
				enums += values
				characters += len(name) + length
			}

			requireSameInputs(t, table, f, listed.Tools)
			if f.Name == "search_cars" {
				requireParametersOfSearch(t, table, f, document)
			}
		}
		if enums > 1000 || characters > 120_000 {
			t.Errorf("%s: %d values in enums, %d characters", table, enums, characters)
		}
	}
}

// requireStrict checks a tool for OpenAI. It must be the same in both formats and require each property.
func requireStrict(t *testing.T, table string, f, chat functionTool) {
	t.Helper()
	inChat := chat.Function
	if f.Type != "function" || chat.Type != "function" || inChat == nil || inChat.Name != f.Name ||
		len(inChat.Parameters.Properties) != len(f.Parameters.Properties) || !inChat.Strict {
		t.Errorf("%s: %+v", table, chat)
	}
	if !regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`).MatchString(f.Name) || !f.Strict || f.Description == "" ||
		len(f.Description) > 1024 || f.Parameters.Type != "object" || f.Parameters.AdditionalProperties == nil ||
		*f.Parameters.AdditionalProperties || len(f.Parameters.Properties) > 5000 {
		t.Errorf("%s: %s is not strict, or too large", table, f.Name)
	}

	required := slices.Clone(f.Parameters.Required)
	slices.Sort(required)
	if names := sortedNames(f.Parameters.Properties); !slices.Equal(required, names) {
		t.Errorf("%s: %s requires %v of %v", table, f.Name, required, names)
	}
}

// requireStrictProperty returns the number of values that a property lists, and the length of the texts among them.
func requireStrictProperty(t *testing.T, table, tool, name string, p property) (values, length int) {
	t.Helper()
	kinds, _ := p.Type.([]any)
	if len(kinds) != 2 || kinds[1] != "null" || p.Description == "" || p.Properties != nil || len(name) > 64 {
		t.Errorf("%s: %s: %s is %+v", table, tool, name, p)
	}
	if p.Enum != nil && !slices.Contains(p.Enum, nil) {
		t.Errorf("%s: %s: %s: null is missing in %v", table, tool, name, p.Enum)
	}
	items, _ := p.Items.(map[string]any)
	enum, _ := items["enum"].([]any)

	enumLength := 0
	for _, v := range append(enum, p.Enum...) {
		if s, ok := v.(string); ok {
			enumLength += len(s)
		}
	}
	if len(enum) > 250 && enumLength > 15_000 {
		t.Errorf("%s: %s: %s has too many values", table, tool, name)
	}

	return len(enum) + len(p.Enum), enumLength
}

// requireSameInputs checks that a tool has the same inputs in MCP and for OpenAI.
func requireSameInputs(t *testing.T, table string, f functionTool, listed []*mcp.Tool) {
	t.Helper()
	j := slices.IndexFunc(listed, func(tool *mcp.Tool) bool { return tool.Name == f.Name })
	if j < 0 {
		t.Fatalf("%s: MCP has no tool %s", table, f.Name)
	}
	inputs := listed[j].InputSchema.(map[string]any)["properties"].(map[string]any)
	if names := sortedNames(inputs); !slices.Equal(names, sortedNames(f.Parameters.Properties)) {
		t.Errorf("%s: %s has the inputs %v in MCP, %v for OpenAI", table, f.Name, names, sortedNames(f.Parameters.Properties))
	}
}

// requireParametersOfSearch checks that the search has few properties, and that each is a parameter in OpenAPI.
func requireParametersOfSearch(t *testing.T, table string, f functionTool, document description) {
	t.Helper()
	required := f.Parameters.Required
	if len(required) > 24 {
		t.Errorf("%s: search_cars has %d properties", table, len(required))
	}
	described := []string{"more"}
	for _, p := range document.Paths["/cars/"]["get"].Parameters {
		described = append(described, p.Name)
	}
	for _, name := range required {
		if !slices.Contains(described, name) {
			t.Errorf("%s: OpenAPI has no parameter %s", table, name)
		}
	}
}

func sortedNames[T any](m map[string]T) []string {
	var all []string
	for name := range m {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

func unmarshal(t *testing.T, url string, into any) {
	t.Helper()
	status, body, _ := strings.Cut(getText(t, url), "{")
	if err := json.Unmarshal([]byte("{"+body), into); err != nil || status != "200 OK " {
		t.Fatalf("%s: %s%s %v", url, status, body, err)
	}
}

// The descriptions have an ETag, which changes with the values in stock.
func TestSchemasHaveTags(t *testing.T) {
	mysql := dbtest.Demo(t)
	base := serve(t, mysql, "vehicles_stock")
	tagged := func(path, known string) (int, string, string) {
		r, err := http.NewRequest(http.MethodGet, base+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("If-None-Match", known)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, res.Header.Get("ETag"), string(body)
	}
	tags := map[string]string{}
	for _, path := range []string{"/tools/openai.json", "/openapi.json", "/openapi-3.0.json"} {
		status, tag, _ := tagged(path, "")
		again, _, _ := tagged(path, tag)
		if status != 200 || tag == "" || again != 304 {
			t.Errorf("%s: %d with tag %q, and then %d", path, status, tag, again)
		}
		tags[path] = tag
	}
	if _, err := dbtest.Open(t, mysql).Exec("UPDATE vehicles_stock SET make = 'Trabant' WHERE id = 1"); err != nil {
		t.Fatal(err)
	}
	found := func() bool { return len(fetch(t, base+"/cars/?make=trabant").Cars) == 1 }
	for !found() { // an unknown word makes carapi read the values again
	}
	for path, tag := range tags {
		if status, now, body := tagged(path, tag); status != 200 || now == tag || !strings.Contains(body, "Trabant") {
			t.Errorf("%s: %d with tag %q: %.200s", path, status, now, body)
		}
	}
}

// searchMessage is a line that calls search_cars, with a placeholder for its id.
const searchMessage = `{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"search_cars",` +
	`"arguments":{"limit":1}}}`

// A line that is not exactly one message gets an error, and the session continues.
func TestMCPOnStdioContinues(t *testing.T) {
	const initialize = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-03-26",` +
		`"capabilities":{},"clientInfo":{"name":"test","version":"1"}}}`
	file := copyViews(t, dbtest.Demo(t), "vehicles_view")
	configure(t, file, "vehicles_view")

	child := carapiCommand(t)
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}

	answers := bufio.NewScanner(out)
	answers.Buffer(nil, 1<<20)
	for i, step := range []struct{ line, want string }{
		{"hello", `"code":-32700`},
		{"[" + fmt.Sprintf(searchMessage, 1) + "]", `"code":-32600`},
		{initialize, `"serverInfo"`},
		{"[" + fmt.Sprintf(searchMessage, 2) + "," + fmt.Sprintf(searchMessage, 3) + "]", `"code":-32600`},
		{" \t[]\r", `"code":-32600`},
		{"\ufeff[{}]", `"code":-32600`},
		{"null", `"code":-32600`},
		{fmt.Sprintf(searchMessage, 4) + fmt.Sprintf(searchMessage, 5), `"code":-32700`},
		{"\n\r\n" + fmt.Sprintf(searchMessage, 6) + "\r", `"id":6`},
		{`{"jsonrpc":"2.0","id":7,"method":"ping","params":{"x":"` + strings.Repeat("x", 100_000) + `"}}`, `"id":7`},
		{
			`{"jsonrpc":"2.0","id":8,"method":"ping","params":{"x":"` + strings.Repeat("x", 3<<20) + `"}}`,
			`larger than 1048576 bytes`,
		},
		{strings.Repeat("x", 5<<20), `"code":-32600`},
		{fmt.Sprintf(strings.Replace(searchMessage, "cars", "c\xe9rs", 1), 9), `"code":-32700`},
		{"\xff\xfe{\x00}\x00", `"code":-32700`},
		{strings.Repeat("[", 1<<19), `"code":-32600`},
		{`{"jsonrpc":"2.0","id":10,"method":"cars/steal"}`, `"code":-32601`},
		{`{"jsonrpc":"2.0","id":11,"method":"tools/call","params":` + strings.Repeat(`{"a":`, 2000) + "1" +
			strings.Repeat("}", 2001), `"code":-32600`},
		{fmt.Sprintf(searchMessage, 12), `"id":12`},
	} {
		if _, err := io.WriteString(in, step.line+"\n"); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
		if !answers.Scan() || !strings.Contains(answers.Text(), step.want) {
			t.Fatalf("step %d: %.60s: %v %.300s, want %s", i, step.line, answers.Err(), answers.Text(), step.want)
		}
	}

	requirePendingAnswered(t, in, answers)
	if err := child.Wait(); err != nil {
		t.Errorf("at the end of its input carapi exits with %v", err)
	}
}

// requirePendingAnswered closes the input. Pending requests are still answered, and so is the last line, which has
// no newline.
func requirePendingAnswered(t *testing.T, in io.WriteCloser, answers *bufio.Scanner) {
	t.Helper()
	const calls = 50
	for i := range calls {
		line := fmt.Sprintf(searchMessage, 100+i)
		if i < calls-1 {
			line += "\n"
		}
		if _, err := io.WriteString(in, line); err != nil {
			t.Fatal(err)
		}
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	unanswered := map[string]bool{}
	for i := range calls {
		unanswered[fmt.Sprintf(`"id":%d,"result"`, 100+i)] = true
	}
	for len(unanswered) > 0 && answers.Scan() {
		for id := range unanswered {
			if strings.Contains(answers.Text(), id) {
				delete(unanswered, id)
			}
		}
	}
	if len(unanswered) > 0 {
		t.Errorf("not answered at the end of the input: %v", unanswered)
	}
	if answers.Scan() {
		t.Errorf("one answer too many: %.300s", answers.Text())
	}
}

// A client that starts while the database is away gets answers that say what is wrong, and works as soon as it is
// back.
func TestMCPWithoutDatabase(t *testing.T) {
	server := dbtest.NewServer(t)
	config := server.Database(t)
	db := dbtest.Open(t, config)
	if _, err := db.Exec(smallStock); err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir()) // a folder without .env
	if err := server.Process(t).Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for { // until nothing listens on the port
		c, err := net.Dial("tcp", net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port))))
		if err != nil {
			break
		}
		_ = c.Close()
	}
	base := serve(t, config, "cars")
	changed := make(chan struct{}, 100)
	sessions := map[string]*mcp.ClientSession{}
	for name, transport := range map[string]mcp.Transport{
		"HTTP":  httpTransport(base, keyTransport{"X-API-Key", apiKey}),
		"stdio": &mcp.CommandTransport{Command: carapiCommand(t)},
	} {
		session, err := connectNotified(t, transport, changed)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		sessions[name] = session
		requireDatabaseMissing(t, name, session)
	}

	server.Restart(t)
	if _, err := db.Exec("INSERT INTO cars VALUES (1, 'Kia', 'Rio', 9000), (2, 'Seat', 'Leon', 12000)"); err != nil {
		t.Fatal(err)
	}
	select {
	case <-changed:
	case <-time.After(2 * time.Minute):
		t.Error("no notification that the tools changed")
	}
	for name, session := range sessions {
		waitForRio(t, name, session)
		if searchInputs(t, session)["make"] == nil {
			t.Errorf("%s: the tools do not fit the table", name)
		}
	}

	// Known tools stay known when the database goes away again.
	if err := server.Process(t).Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	waitForStatus(t, base+"/cars/", 503)
	for name, session := range sessions {
		if searchInputs(t, session)["make"] == nil {
			t.Errorf("%s: the tools are lost", name)
		}
	}
}

// requireDatabaseMissing checks that a session knows no fields of the table, and that each tool reports what is
// wrong.
func requireDatabaseMissing(t *testing.T, name string, session *mcp.ClientSession) {
	t.Helper()
	if field := searchInputs(t, session)["make"]; field != nil {
		t.Errorf("%s: a field of the table is known: %v", name, field)
	}
	for _, call := range []mcp.CallToolParams{
		{Name: "search_cars", Arguments: map[string]any{"make": "Kia"}},
		{Name: "get_car", Arguments: map[string]any{"id": "1"}},
		{Name: "describe_inventory"},
	} {
		got, err := session.CallTool(t.Context(), &call)
		if err != nil {
			t.Fatalf("%s: %s: %v", name, call.Name, err)
		}
		text := got.Content[0].(*mcp.TextContent).Text
		if !got.IsError || !strings.Contains(text, "the database does not answer") || !strings.Contains(text, "try again") {
			t.Errorf("%s: %s: an error is %v: %s", name, call.Name, got.IsError, text)
		}
	}
}

// waitForRio waits until search_cars finds a Kia Rio.
func waitForRio(t *testing.T, name string, session *mcp.ClientSession) {
	t.Helper()
	var got *mcp.CallToolResult
	var err error
	found := func() bool {
		got, err = session.CallTool(t.Context(), &mcp.CallToolParams{
			Name:      "search_cars",
			Arguments: map[string]any{"make": "Kia"},
		})
		return err == nil && !got.IsError && strings.Contains(got.Content[0].(*mcp.TextContent).Text, `"model":"Rio"`)
	}
	for deadline := time.Now().Add(2 * time.Minute); !found(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: no answer although the database is back: %v %+v", name, err, got)
		}
	}
}

// A database that accepts connections and never answers does not block a client's first answer.
func TestMCPWhileTheDatabaseHangs(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	t.Chdir(t.TempDir()) // a folder without .env
	hung := dbconn.Config{
		Driver: dbconn.MySQL, Host: "127.0.0.1", Port: uint16(l.Addr().(*net.TCPAddr).Port), User: "app",
		Name: "stock",
	}
	configure(t, hung, "cars", "DB_CONNECT_TIMEOUT=10m")
	session, err := connect(t, &mcp.CommandTransport{Command: carapiCommand(t)})
	if err != nil {
		t.Fatal(err)
	}
	if inputs := searchInputs(t, session); inputs["q"] == nil {
		t.Errorf("the inputs are %v", inputs)
	}
}

// A mistake in the settings ends the program, because waiting would not help.
func TestMCPWithMistakes(t *testing.T) {
	mysql := dbtest.Demo(t)
	t.Chdir(t.TempDir()) // a folder without .env
	configure(t, mysql, "no_such_table")
	child := carapiCommand(t)
	var stderr strings.Builder
	child.Stderr = &stderr
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close() }()
	if err := child.Run(); err == nil || child.ProcessState.ExitCode() != 1 ||
		!strings.Contains(stderr.String(), "no_such_table") {
		t.Errorf("%v: %s", err, &stderr)
	}
}

// carapiCommand returns a command that runs carapi on stdio.
func carapiCommand(t *testing.T) *exec.Cmd {
	child := exec.CommandContext(t.Context(), os.Args[0], "mcp")
	child.Env = append(os.Environ(), runAsCarapi+"=yes", "API_KEY=")
	child.Stderr = log.Writer()
	return child
}

// searchInputs lists the tools, checks their schemas, and returns the inputs of search_cars.
func searchInputs(t *testing.T, session *mcp.ClientSession) map[string]any {
	t.Helper()
	listed, err := session.ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var inputs map[string]any
	for _, tool := range listed.Tools {
		resolveSchema(t, tool.InputSchema)
		resolveSchema(t, tool.OutputSchema)
		text, err := json.Marshal(tool)
		if err != nil || strings.Contains(string(text), `"enum":null`) || strings.Contains(string(text), `"enum":[]`) {
			t.Errorf("%s has an empty list of values: %v %s", tool.Name, err, text)
		}
		if tool.Name == "search_cars" {
			inputs, _ = tool.InputSchema.(map[string]any)["properties"].(map[string]any)
		}
	}
	if len(listed.Tools) != 4 || inputs == nil {
		t.Fatalf("tools: %v", listed.Tools)
	}
	return inputs
}

// rawTools returns the answer to tools/list as it was sent.
func rawTools(t *testing.T, base string) string {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, base+"/mcp",
		strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"X-API-Key": apiKey, "Content-Type": "application/json",
		"Accept": "application/json, text/event-stream",
	} {
		r.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 200 {
		t.Fatalf("%d %s %v", res.StatusCode, body, err)
	}
	return string(body)
}

// The list of tools is short, because it precedes each question to a model. It has the filters that people use, the
// most useful first.
func TestToolsAreShort(t *testing.T) {
	mysql := dbtest.Demo(t)
	for _, table := range []string{"vehicles_view", "vehicles_stock"} {
		base := serve(t, mysql, table)
		if list := rawTools(t, base); len(list) >= 16_000 || strings.Count(list, `"outputSchema"`) != 4 {
			t.Errorf("%s: %d bytes: %s", table, len(list), list)
		}
		var openAI struct{ Tools []functionTool }
		unmarshal(t, base+"/tools/openai.json", &openAI)
		for _, name := range []string{
			"make", "model", "year", "price", "mileage", "condition", "body_type", "fuel_type",
			"transmission", "drivetrain", "color", "trim", "q", "sort", "limit", "cursor", "count_only", "fields",
			"facets", "more",
		} {
			if _, has := openAI.Tools[0].Parameters.Properties[name]; !has {
				t.Errorf("%s: search_cars has no %s", table, name)
			}
		}
	}
}

// The tools for a table of 500 columns with few values each stay within OpenAI's limits.
func TestToolsOfManyColumns(t *testing.T) {
	const columns, values = 500, 50
	create, insert := "CREATE TABLE cars (id INT PRIMARY KEY, make VARCHAR(8), model VARCHAR(8)", make([]string, values)
	for c := range columns {
		create += fmt.Sprintf(", column_with_a_long_name_%d VARCHAR(3)", c)
	}
	for row := range values {
		insert[row] = fmt.Sprintf("(%d, 'Kia', 'Rio'%s)", row, strings.Repeat(fmt.Sprintf(", 'v%d'", row), columns))
	}
	for database, src := range newTables(t, create+")", "INSERT INTO cars VALUES "+strings.Join(insert, ", ")) {
		base := serve(t, src.config, "cars")
		for _, path := range []string{"/tools/openai.json", "/tools/openai.json?format=chat"} {
			var document any
			unmarshal(t, base+path, &document)
			enums, characters, properties, depth := strictSize(document, 0)
			if enums > 1000 || characters > 120_000 || properties > 5000 || depth > 10 {
				t.Errorf("%s %s: %d values of enums, %d characters, %d properties, depth %d", database, path, enums, characters,
					properties, depth)
			}
			if enums < 100 {
				t.Errorf("%s %s: only %d values of enums", database, path, enums)
			}
		}
		if list := rawTools(t, base); !strings.Contains(list, "column_with_a_long_name_0") ||
			strings.Contains(list, `"enum":[]`) {
			t.Errorf("%s: %.2000s", database, list)
		}
	}
}

// strictSize counts what OpenAI limits in a strict schema: enum values, the characters of these and of names,
// properties, and the depth of nested objects.
func strictSize(v any, depth int) (enums, characters, properties, deepest int) {
	deepest = depth
	add := func(inner any, at int) {
		e, c, p, d := strictSize(inner, at)
		enums, characters, properties, deepest = enums+e, characters+c, properties+p, max(deepest, d)
	}
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			add(item, depth)
		}
	case map[string]any:
		for name, inner := range v {
			switch name {
			case "enum":
				for _, value := range inner.([]any) {
					enums++
					characters += len(fmt.Sprint(value))
				}
			case "properties":
				for property, schema := range inner.(map[string]any) {
					properties++
					characters += len(property)
					add(schema, depth+1)
				}
			default:
				add(inner, depth)
			}
		}
	}
	return enums, characters, properties, deepest
}

// A flag is true or false for a model, whatever its column contains; a number accepts words.
func TestToolsTakeFlagsAndWords(t *testing.T) {
	for database, src := range newTables(t,
		"CREATE TABLE cars (id INT PRIMARY KEY, make VARCHAR(8), model VARCHAR(8), seats INT, certified TINYINT(1), "+
			"one_owner VARCHAR(1), created_at DATE)",
		"INSERT INTO cars VALUES (1, 'Kia', 'Rio', 4, 1, 'Y', '2026-01-31'), (2, 'Kia', 'Soul', 7, 0, 'N', '2026-02-01'), "+
			"(3, 'Kia', 'Ray', 8, 1, 'N', NULL)") {
		session, err := connect(t, httpTransport(serve(t, src.config, "cars"), keyTransport{"X-API-Key", apiKey}))
		if err != nil {
			t.Fatal(err)
		}
		for arguments, want := range map[string]string{
			`{"certified":true}`:                     "[1 3]",
			`{"certified":false}`:                    "[2]",
			`{"one_owner":true}`:                     "[1]",
			`{"one_owner":false,"certified":true}`:   "[3]",
			`{"seats":"7+"}`:                         "[2 3]",
			`{"seats":"5-7"}`:                        "[2]",
			`{"seats":8}`:                            "[3]",
			`{"created_at":"2026-01-31"}`:            "[1]",
			`{"more":"created_at_min=2026-02-01"}`:   "[2]",
			`{"more":"seats_min=5&one_owner=false"}`: "[2 3]",
		} {
			got, err := session.CallTool(t.Context(), &mcp.CallToolParams{
				Name:      "search_cars",
				Arguments: json.RawMessage(arguments),
			})
			if err != nil || got.IsError {
				t.Errorf("%s: %s: %v %+v", database, arguments, err, got)
				continue
			}
			var p searchPage
			if err := json.Unmarshal([]byte(got.Content[0].(*mcp.TextContent).Text), &p); err != nil ||
				fmt.Sprint(p.ids()) != want {
				t.Errorf("%s: %s: %v %v, want %s", database, arguments, err, p.ids(), want)
			}
		}
	}
}
