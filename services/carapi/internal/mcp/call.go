package mcp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"carstock/services/carapi/internal/answer"
	"carstock/services/carapi/internal/query"
	"carstock/services/carapi/internal/search"
	"carstock/services/carapi/internal/value"
)

// handler answers the calls of a tool.
func (c *Caller) handler(tool string) sdk.ToolHandler {
	return func(ctx context.Context, r *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		values, err := argumentValues(r.Params.Arguments)
		if err != nil { // the model reads it; the protocol has not failed
			return c.argumentProblem(ctx, tool, err), nil
		}

		call, err := newCall(tool, values)
		if err != nil {
			return c.argumentProblem(ctx, tool, err), nil
		}

		a, err := c.runCall(ctx, call)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err() // nobody waits for it
		case err != nil:
			return c.callProblem(ctx, call, err), nil
		}

		if c.Answered != nil {
			c.Answered(ctx, a)
		}

		return toolResult(a.Body, false), nil
	}
}

// runCall makes a call. A panic becomes an internal error of this call alone.
func (c *Caller) runCall(ctx context.Context, call toolCall) (a *answer.Answer, err error) {
	defer func() {
		if v := recover(); v != nil {
			c.Log.ErrorContext(ctx, "panic", "panic", v, "stack", string(debug.Stack()), "request_id", c.RequestID(ctx))
			err = errors.New("panic")
		}
	}()

	switch call.kind {
	case describeInventory:
		return answer.Fields(ctx, c.Service)
	case carByID, carByVIN:
		return c.runCarCall(ctx, call)
	case changesReport:
		return answer.Changes(ctx, c.Service, c.Base.Resource(call.path()), call.values)
	case marketReport:
		at := c.Base.Resource(call.path())
		return answer.Stats(ctx, c.Service, at, call.values)
	}

	return answer.Search(ctx, c.Service, c.Base.Resource(searchPath), call.values)
}

// runCarCall returns one vehicle with the requested additions. A vehicle that is gone still has a history.
func (c *Caller) runCarCall(ctx context.Context, call toolCall) (a *answer.Answer, err error) {
	at := c.Base.Resource(call.path())
	find, history, similar := answer.Car, answer.History, c.Service.Similar

	events := c.Service.History
	if call.kind == carByVIN {
		find, history, similar = answer.CarByVIN, answer.HistoryByVIN, c.Service.SimilarByVIN
		events = c.Service.HistoryByVIN
	}

	// Find the vehicle, alone or beside similar ones, and then add its history.
	if call.comparables {
		a, err = answer.WithComparables(similar(ctx, call.id, call.values))
	} else {
		a, err = find(ctx, c.Service, at, call.id, call.values)
	}

	switch {
	case !call.history:
		return a, err
	case errors.Is(err, search.ErrNotFound):
		return history(ctx, c.Service, at, call.id, call.values)
	case err != nil:
		return nil, err
	}

	// Both together are at most as long as an answer may be.
	found, err := events(ctx, call.id, nil, len(a.Body))
	if err != nil {
		return nil, err
	}

	a.AddHistory(found, c.Base.Resource(call.path()+"/history"))
	return a, nil
}

// argumentProblem returns what is wrong with the arguments of a call.
func (c *Caller) argumentProblem(ctx context.Context, tool string, err error) *sdk.CallToolResult {
	p := answer.NewProblem(http.StatusBadRequest, err.Error())
	return toolResult(p.JSON(answer.Resource(tool), c.RequestID(ctx)), true)
}

// callProblem returns why a call has no answer, as the HTTP API would.
func (c *Caller) callProblem(ctx context.Context, call toolCall, err error) *sdk.CallToolResult {
	at := c.Base.Resource(call.path())
	p, isCallerMistake := answer.ProblemOf(err, at, "The tool describe_inventory")
	if !isCallerMistake {
		c.Log.ErrorContext(ctx, "request failed", "error", err, "request_id", c.RequestID(ctx))
	}

	if errors.Is(err, search.ErrNotFound) && call.id != "" && !errors.Is(err, search.ErrNoIDs) {
		p.Detail = fmt.Sprintf("no vehicle has the %s %q", call.kind, call.id)
	}

	return toolResult(p.JSON(at, c.RequestID(ctx)), true)
}

// toolResult returns the result of a call. A problem is only text: some clients check structured content against the
// schema of the answer, and then show the model neither.
func toolResult(body []byte, isError bool) *sdk.CallToolResult {
	r := &sdk.CallToolResult{Content: []sdk.Content{&sdk.TextContent{Text: string(body)}}, IsError: isError}
	if !isError {
		r.StructuredContent = json.RawMessage(body)
	}
	return r
}

// callKind says what a call asks for.
type callKind string

const (
	searchCars        callKind = "search"
	describeInventory callKind = "fields"
	carByID           callKind = "id"
	carByVIN          callKind = "vin"
	marketReport      callKind = "stats"
	changesReport     callKind = "changes"
)

// searchPath is the path of searches in the HTTP API.
const searchPath = "/cars/"

// toolCall is the request that the arguments of a tool stand for.
type toolCall struct {
	kind   callKind
	id     string // of carByID and carByVIN
	values url.Values

	comparables bool // add the prices of similar vehicles
	history     bool // add what happened to it
}

// path returns the path of the same request in the HTTP API.
func (c toolCall) path() string {
	switch c.kind {
	case describeInventory, marketReport, changesReport:
		return searchPath + string(c.kind)
	case carByID:
		return searchPath + escapeID(c.id)
	case carByVIN:
		return searchPath + "vin/" + url.PathEscape(c.id)
	}
	return searchPath
}

// escapeID escapes an id for a path. If the id is the name of another resource, it escapes every byte.
func escapeID(id string) string {
	if !slices.Contains([]string{"facets", "stats", "fields", "changes"}, id) {
		return url.PathEscape(id)
	}

	var b strings.Builder
	for _, c := range []byte(id) {
		fmt.Fprintf(&b, "%%%02X", c)
	}

	return b.String()
}

// newCall returns the request that the arguments of a tool stand for. It changes values.
func newCall(tool string, values url.Values) (toolCall, error) {
	switch tool {
	case "describe_inventory":
		if len(values) > 0 {
			return toolCall{}, errors.New("describe_inventory takes no arguments")
		}
		return toolCall{kind: describeInventory}, nil
	case "get_car":
		return newCarCall(values)
	}

	if err := addMore(values); err != nil {
		return toolCall{}, err
	}
	if tool == "market_report" {
		return newReportCall(values)
	}

	// A search shows the main fields, unless the call says what it wants to see.
	shows := values.Get("count_only") == "true"
	for name := range values {
		shows = shows || shownNames.MatchString(name)
	}

	if !shows {
		values.Set("view", "summary")
	}

	return toolCall{kind: searchCars, values: values}, nil
}

// shownNames match parameters for the fields to show, however they are written: fields_not, columns.
var shownNames = regexp.MustCompile(`(?i)^\W*(?:view|.*fields?|select|columns?)(?:\W|_|$)`)

// addMore adds the parameters in more, as if they were in a query string.
func addMore(values url.Values) error {
	given := values["more"]
	values.Del("more")

	for _, text := range given {
		added, err := parseMore(text)
		if err != nil {
			return err
		}

		for _, name := range slices.Sorted(maps.Keys(added)) {
			// A filter that is given twice must have the same values, in any order.
			has := sortedItems(values[name])
			if more := sortedItems(added[name]); len(has) > 0 && !slices.Equal(has, more) {
				return fmt.Errorf("more: %s=%s contradicts %[1]s=%[3]s, which is given too; give %[1]s once", value.Excerpt(name),
					value.Excerpt(strings.Join(more, ",")), value.Excerpt(strings.Join(has, ",")))
			}
			values[name] = added[name]
		}
	}

	return nil
}

// sortedItems returns the items of comma-separated values, in order.
func sortedItems(values []string) []string {
	var items []string
	for _, v := range values {
		for item := range strings.SplitSeq(v, ",") {
			items = append(items, strings.TrimSpace(item))
		}
	}

	slices.Sort(items)
	return items
}

// parseMore reads a query string strictly: each part has a name and an equals sign. It drops parts without a value.
func parseMore(text string) (url.Values, error) {
	text = strings.TrimSpace(text)

	// A whole URL is accepted, because next and suggestions are URLs.
	if path, rest, isURL := strings.Cut(text, "?"); isURL && !strings.ContainsAny(path, "=&") {
		text = rest
	}

	text = strings.Trim(text, "&")
	if slices.Contains([]string{"", "null", "none", "any"}, strings.ToLower(text)) {
		return nil, nil
	}

	const expected = "write name=value pairs with & between them, such as doors=4&make_not=Toyota, and %26 for an " +
		"& in a value"
	for part := range strings.SplitSeq(text, "&") {
		if name, _, ok := strings.Cut(part, "="); !ok || strings.TrimSpace(name) == "" {
			return nil, fmt.Errorf("more: %q is not a name=value pair; %s", value.Excerpt(part), expected)
		}
	}

	parsed, err := query.ParseQuery(text)
	if err != nil {
		return nil, fmt.Errorf("more: %q is not a query string: %w; %s", value.Excerpt(text), err, expected)
	}

	values := url.Values{}
	for name, all := range parsed {
		for _, v := range all {
			if v != "" {
				values.Add(strings.TrimSpace(name), v)
			}
		}
	}

	return values, nil
}

// newCarCall returns the request for one vehicle. values keeps the parameters of the HTTP API.
func newCarCall(values url.Values) (toolCall, error) {
	if len(values["id"])+len(values["vin"]) > 1 {
		return toolCall{}, errors.New("get_car needs one id, as a search gives it, or one vin, not both")
	}

	// What to add to the vehicle is a path in the HTTP API, and not a parameter.
	wishes := map[string]bool{}
	for _, name := range []string{"comparables", "history"} {
		switch wish := strings.ToLower(values.Get(name)); wish {
		case "true", "false", "":
			wishes[name] = wish == "true"
		default:
			return toolCall{}, fmt.Errorf("%s must be true or false, not %q", name, value.Excerpt(wish))
		}

		values.Del(name)
	}

	for _, kind := range []callKind{carByID, carByVIN} {
		if id := strings.TrimSpace(values.Get(string(kind))); id != "" {
			values.Del("id")
			values.Del("vin")
			return toolCall{
				kind: kind, id: id, values: values, comparables: wishes["comparables"],
				history: wishes["history"],
			}, nil
		}
	}

	return toolCall{}, errors.New("get_car needs an id, as a search gives it, or a vin")
}

// newReportCall returns a call for changes if the arguments include since, kind or cursor, and otherwise one for
// statistics.
func newReportCall(values url.Values) (toolCall, error) {
	isChanges := values.Has("since") || values.Has("kind") || values.Has("cursor")
	if isChanges && values.Has("by") {
		return toolCall{}, errors.New("since and kind ask for changes, and by for statistics; make two calls")
	}
	if isChanges {
		return toolCall{kind: changesReport, values: values}, nil
	}

	return toolCall{kind: marketReport, values: values}, nil
}

// maxArguments is how many bytes the arguments of a call may have, as many as the URL of a request.
const maxArguments = 16 << 10

// argumentValues returns the arguments of a call as parameters of the HTTP API. It drops null and empty texts.
func argumentValues(arguments json.RawMessage) (url.Values, error) {
	values := url.Values{}
	if len(bytes.TrimSpace(arguments)) == 0 {
		return values, nil
	}
	if len(arguments) > maxArguments {
		return nil, fmt.Errorf("the arguments have %d bytes; send at most %d", len(arguments), maxArguments)
	}

	decoder := json.NewDecoder(bytes.NewReader(arguments))
	decoder.UseNumber()

	var all map[string]any
	if err := decoder.Decode(&all); err != nil {
		return nil, errors.New("the arguments are not a JSON object")
	}

	// A list becomes a repeated parameter.
	for name, argument := range all {
		items, several := argument.([]any)
		if !several {
			items = []any{argument}
		}

		for _, item := range items {
			switch item := item.(type) {
			case nil:
			case string:
				if item != "" { // an empty text means nothing
					values.Add(name, item)
				}
			case json.Number:
				values.Add(name, item.String())
			case bool:
				values.Add(name, fmt.Sprint(item))
			default:
				return nil, fmt.Errorf("an argument must be a text, a number, true, false or a list of them; %s is not",
					strings.ToValidUTF8(name, "\uFFFD"))
			}
		}
	}

	return values, nil
}
