package mcp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
)

// decodeMessage returns the message in a body, or the JSON-RPC error for a body that is not one message. It refuses a
// batch, because the limits count requests, and one request must not hold many searches.
func decodeMessage(body []byte) (message jsonrpc.Message, refused []byte) {
	if bytes.HasPrefix(bytes.TrimLeft(body, "\ufeff \t\r\n"), []byte("[")) {
		return nil, rpcError(jsonrpc.ID{}, jsonrpc.CodeInvalidRequest,
			"batches are not supported; send one message per request, not an array")
	}
	if !utf8.Valid(body) {
		return nil, rpcError(jsonrpc.ID{}, jsonrpc.CodeParseError, "this is not valid UTF-8; encode the message as UTF-8")
	}
	if !json.Valid(body) { // also several messages: the SDK would run the first and drop the others
		return nil, rpcError(jsonrpc.ID{}, jsonrpc.CodeParseError,
			"this is not valid JSON; send one JSON-RPC message per request")
	}
	if !hasExactID(body) {
		return nil, rpcError(jsonrpc.ID{}, jsonrpc.CodeInvalidRequest, "the id must be a text, or a whole number of at "+
			"most 2^53 - 1 in size")
	}

	message, err := jsonrpc.DecodeMessage(body)
	if err != nil {
		return nil, rpcError(jsonrpc.ID{}, jsonrpc.CodeInvalidRequest,
			`this is not a JSON-RPC message; send an object with "jsonrpc": "2.0", "id", "method" and "params"`)
	}

	return message, nil
}

// hasExactID reports whether a double, which the SDK uses, represents the id of a message exactly.
func hasExactID(body []byte) bool {
	var m struct {
		ID json.RawMessage `json:"id"`
	}
	if json.Unmarshal(body, &m) != nil || len(m.ID) == 0 || m.ID[0] == '"' || string(m.ID) == "null" {
		return true
	}

	const largest = 1<<53 - 1
	n, err := strconv.ParseInt(string(m.ID), 10, 64)
	return err == nil && n <= largest && n >= -largest
}

// rpcError returns an error that answers the message with an id. The zero ID is for an unknown id.
func rpcError(id jsonrpc.ID, code int, message string) []byte {
	response := jsonObject{"jsonrpc": "2.0", "id": id.Raw(), "error": jsonObject{"code": code, "message": message}}
	body, _ := json.Marshal(response) // texts and numbers always encode
	return append(body, '\n')
}

// tooLargeError returns the error for a message of more than maxBody bytes.
func tooLargeError() []byte {
	return rpcError(jsonrpc.ID{}, jsonrpc.CodeInvalidRequest, fmt.Sprintf("the message is larger than %d bytes", maxBody))
}

// RequireOneMessage refuses a POST that is not one JSON-RPC message before next works on it.
func RequireOneMessage(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !acceptsJSON(r.Header.Values("Accept")) {
			writeRefusal(w, http.StatusNotAcceptable, rpcError(jsonrpc.ID{}, jsonrpc.CodeInvalidRequest,
				"answers here are JSON; send Accept: application/json, text/event-stream"))
			return
		}

		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if isTooLarge := (*http.MaxBytesError)(nil); errors.As(err, &isTooLarge) {
			writeRefusal(w, http.StatusRequestEntityTooLarge, tooLargeError())
			return
		}

		if err != nil {
			writeRefusal(w, http.StatusBadRequest,
				rpcError(jsonrpc.ID{}, jsonrpc.CodeParseError, "the body ended early; send it again"))
			return
		}

		message, refused := decodeMessage(body)
		if refused != nil {
			writeRefusal(w, http.StatusBadRequest, refused)
			return
		}

		if neverEnds(message) {
			writeRefusal(w, http.StatusBadRequest,
				rpcError(callID(message), jsonrpc.CodeMethodNotFound, "this server sends no notifications over HTTP"))
			return
		}

		// The SDK requires both types in Accept, although it only answers in JSON.
		r = r.WithContext(r.Context()) // a copy
		r.Header = r.Header.Clone()
		r.Header.Set("Accept", "application/json, text/event-stream")
		r.Body = io.NopCloser(bytes.NewReader(body))
		answerErrors(w, callID(message), func(w http.ResponseWriter) { next.ServeHTTP(w, r) })
	})
}

// acceptsJSON reports whether a client accepts JSON. Without an Accept header it does.
func acceptsJSON(accept []string) bool {
	text := strings.TrimSpace(strings.Join(accept, ","))
	if text == "" {
		return true
	}

	for entry := range strings.SplitSeq(text, ",") {
		kind, parameters, err := mime.ParseMediaType(entry)
		if err != nil || kind != "application/json" && kind != "application/*" && kind != "*/*" {
			continue
		}
		if q, err := strconv.ParseFloat(parameters["q"], 64); err != nil || q > 0 {
			return true
		}
	}

	return false
}

// callID returns the id of a call, and the zero ID for other messages, which have no answer.
func callID(m jsonrpc.Message) jsonrpc.ID {
	if r, ok := m.(*jsonrpc.Request); ok {
		return r.ID
	}
	return jsonrpc.ID{}
}

// neverEnds reports whether the answer to a message would never end, and so would keep its place among the requests in
// flight.
func neverEnds(m jsonrpc.Message) bool {
	r, ok := m.(*jsonrpc.Request)
	return ok && r.Method == "subscriptions/listen"
}

// writeRefusal answers with an error of JSON-RPC.
func writeRefusal(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body) // only fails if the client is gone
}

// ErrorsAsRPC gives every error of next the form of JSON-RPC, and keeps its HTTP status.
func ErrorsAsRPC(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answerErrors(w, jsonrpc.ID{}, func(w http.ResponseWriter) { next.ServeHTTP(w, r) })
	})
}

// answerErrors lets serve write an answer. If it writes an error that is not JSON-RPC, such as the SDK's plain texts
// and the problems of the HTTP API, the error becomes one that answers the message with this id.
func answerErrors(w http.ResponseWriter, id jsonrpc.ID, serve func(http.ResponseWriter)) {
	e := errorWriter{ResponseWriter: w}
	serve(&e)

	if e.status == 0 {
		return
	}

	// A problem of the HTTP API has a sentence in detail. Any other error is a sentence itself.
	var problem struct{ Detail string }
	message := strings.TrimSpace(e.text.String())
	if json.Unmarshal(e.text.Bytes(), &problem) == nil && problem.Detail != "" {
		message = problem.Detail
	}

	code := jsonrpc.CodeInvalidRequest
	switch {
	case e.status >= http.StatusInternalServerError:
		code = jsonrpc.CodeInternalError
	case strings.HasPrefix(message, notHandledPrefix):
		code = jsonrpc.CodeMethodNotFound
	}

	writeRefusal(w, e.status, rpcError(id, code, message))
}

// notHandledPrefix begins the SDK's 400 for an unknown method. Later versions of the protocol require a JSON-RPC error.
const notHandledPrefix = "JSON RPC not handled"

// errorWriter holds back an error that is not JSON-RPC.
type errorWriter struct {
	http.ResponseWriter
	status int // of the error; 0 for none
	text   bytes.Buffer
}

// WriteHeader implements http.ResponseWriter.
func (e *errorWriter) WriteHeader(status int) {
	if status >= http.StatusBadRequest && e.Header().Get("Content-Type") != "application/json" {
		e.status = status
		return
	}
	e.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (e *errorWriter) Write(p []byte) (int, error) {
	if e.status != 0 {
		return e.text.Write(p)
	}
	return e.ResponseWriter.Write(p)
}
