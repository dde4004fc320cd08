package mcp

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
)

// refusal returns the JSON-RPC error for a body that cannot be one message, and nil for one that may be.
// A batch is refused because the limits count requests: one request must not hold many searches.
func refusal(body []byte) []byte {
	if bytes.HasPrefix(bytes.TrimLeft(body, "\ufeff \t\r\n"), []byte("[")) {
		return rpcError(jsonrpc.CodeInvalidRequest, "batches are not supported; send one message per request, not an array")
	}
	if !json.Valid(body) { // nor are several messages in a row: the SDK would run the first and drop the rest
		return rpcError(jsonrpc.CodeParseError, "this is not valid JSON; send one JSON-RPC message per request")
	}
	if _, err := jsonrpc.DecodeMessage(body); err != nil {
		return rpcError(jsonrpc.CodeInvalidRequest,
			`this is not a JSON-RPC message; send an object with "jsonrpc": "2.0", "id", "method" and "params"`)
	}
	return nil
}

// rpcError returns an error that answers no message in particular.
func rpcError(code int, message string) []byte {
	body, _ := json.Marshal(object{"jsonrpc": "2.0", "id": nil, "error": object{"code": code, "message": message}})
	return append(body, '\n') // a number and a text always encode
}

// OneMessage refuses a POST that is not one JSON-RPC message, before next does anything for it.
func OneMessage(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost { // next refuses it
			next.ServeHTTP(w, r)
			return
		}

		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			message := fmt.Sprintf("the message is larger than %d bytes", maxBody)
			refuse(w, http.StatusRequestEntityTooLarge, rpcError(jsonrpc.CodeInvalidRequest, message))
			return
		}
		if err != nil {
			refuse(w, http.StatusBadRequest, rpcError(jsonrpc.CodeParseError, "the body ended early; send it again"))
			return
		}
		if refused := refusal(body); refused != nil {
			refuse(w, http.StatusBadRequest, refused)
			return
		}
		if message, _ := jsonrpc.DecodeMessage(body); isEndless(message) {
			refuse(w, http.StatusBadRequest, rpcError(jsonrpc.CodeMethodNotFound, "this server sends no notifications over HTTP"))
			return
		}

		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
}

// isEndless reports whether the answer to a message would never end, and keep its place among the requests in flight.
func isEndless(m jsonrpc.Message) bool {
	r, ok := m.(*jsonrpc.Request)
	return ok && r.Method == "subscriptions/listen"
}

func refuse(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body) // this fails only if the client has gone
}

// messages reads lines that may be messages. It answers the others itself: the SDK would run a batch, and
// would end the session at a line that it cannot read.
type messages struct {
	lines *bufio.Scanner
	out   io.Writer // takes each Write whole, as an os.File does: the SDK writes there at the same time
	rest  []byte    // of the line that is being read
}

func newMessages(in io.Reader, out io.Writer) *messages {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxBody)
	return &messages{lines: lines, out: out}
}

// Read reads the next message, or a part of it.
func (m *messages) Read(p []byte) (int, error) {
	for len(m.rest) == 0 {
		if !m.lines.Scan() {
			return 0, errors.Join(m.lines.Err(), io.EOF)
		}
		line := bytes.TrimSpace(m.lines.Bytes())
		if len(line) == 0 {
			continue
		}
		if refused := refusal(line); refused != nil {
			if _, err := m.out.Write(refused); err != nil {
				return 0, err
			}
			continue
		}
		m.rest = append(bytes.Clone(line), '\n')
	}

	n := copy(p, m.rest)
	m.rest = m.rest[n:]
	return n, nil
}
