package mcp

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// stdioTransport is a transport over two streams, with one message per line, and its only connection. The SDK's own
// transport would end the session at a line that is not a message, would run batches, and would drop running calls when
// the input ends.
type stdioTransport struct {
	in       io.ReadCloser
	incoming chan jsonrpc.Message // closed when the input has ended
	closed   chan struct{}
	close    func() error

	writing sync.Mutex // guards out
	out     io.Writer

	mu       sync.Mutex          // guards what follows
	pending  map[jsonrpc.ID]bool // calls without an answer yet
	ended    bool                // whether the input has ended
	answered chan struct{}       // closed when the input has ended and nothing is pending
}

func newStdio(in io.ReadCloser, out io.Writer) *stdioTransport {
	s := &stdioTransport{
		in: in, out: out, incoming: make(chan jsonrpc.Message), closed: make(chan struct{}),
		pending: map[jsonrpc.ID]bool{}, answered: make(chan struct{}),
	}
	s.close = sync.OnceValue(func() error {
		close(s.closed)
		return in.Close()
	})

	return s
}

// Connect starts reading. It implements sdk.Transport.
func (s *stdioTransport) Connect(context.Context) (sdk.Connection, error) {
	go s.readLines()
	return s, nil
}

// readLines passes on the messages of the input until it or the connection ends.
func (s *stdioTransport) readLines() {
	defer close(s.incoming)
	in := bufio.NewReader(s.in)
	for {
		line, isTooLong, end := readLine(in)
		line = bytes.TrimSpace(line)
		switch {
		case isTooLong:
			s.reply(tooLargeError())
		case len(line) > 0:
			if !s.passOn(line) {
				return
			}
		}

		if end != nil { // after any error, nothing more can be read
			return
		}
	}
}

// readLine reads a line of at most maxBody bytes and its end. It skips a longer line and reports it.
func readLine(in *bufio.Reader) (line []byte, isTooLong bool, err error) {
	for {
		part, err := in.ReadSlice('\n')
		if isTooLong = isTooLong || len(line)+len(part) > maxBody+1; isTooLong {
			line = nil
		} else {
			line = append(line, part...)
		}

		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, isTooLong, err
		}
	}
}

// passOn passes a message to the SDK, or answers what is wrong with the line. It reports whether the connection is
// still open.
func (s *stdioTransport) passOn(line []byte) (isOpen bool) {
	message, refused := decodeMessage(line)
	if refused != nil {
		s.reply(refused)
		return true
	}

	if id := callID(message); id.IsValid() && !neverEnds(message) && !s.beginCall(id) {
		s.reply(rpcError(jsonrpc.ID{}, jsonrpc.CodeInvalidRequest, // without the id, which would answer the other call
			fmt.Sprintf("a call with the id %v has not been answered yet; use another id", id.Raw())))
		return true
	}

	select {
	case s.incoming <- message:
		return true
	case <-s.closed:
		return false
	}
}

// beginCall records a call. It returns false if one with the same id is running, because the SDK would not answer it.
func (s *stdioTransport) beginCall(id jsonrpc.ID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()

	if s.pending[id] {
		return false
	}

	s.pending[id] = true
	return true
}

// reply writes a line. If that fails, the client is gone, and the input ends too.
func (s *stdioTransport) reply(line []byte) { _ = s.writeLine(line) }

func (s *stdioTransport) writeLine(line []byte) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	_, err := s.out.Write(line)
	return err
}

// Read returns the next message. After the last one it waits until all calls are answered, because the SDK cancels
// running calls at the end. It implements sdk.Connection.
func (s *stdioTransport) Read(context.Context) (jsonrpc.Message, error) {
	select {
	case message, ok := <-s.incoming:
		if ok {
			return message, nil
		}
	case <-s.closed:
		return nil, io.EOF
	}

	// The input has ended. Wait for the answers to its calls.
	s.mu.Lock()
	if !s.ended {
		s.ended = true
		s.closeIfSettled()
	}

	s.mu.Unlock()
	select {
	case <-s.answered:
	case <-s.closed:
	}

	return nil, io.EOF
}

// closeIfSettled closes answered if the input has ended and nothing is pending. The caller holds s.mu.
func (s *stdioTransport) closeIfSettled() {
	if s.ended && len(s.pending) == 0 {
		close(s.answered)
	}
}

// Write sends a message. It implements sdk.Connection.
func (s *stdioTransport) Write(_ context.Context, message jsonrpc.Message) error {
	// The client may use the id again as soon as it has the answer.
	if response, ok := message.(*jsonrpc.Response); ok {
		s.mu.Lock()
		if s.pending[response.ID] {
			delete(s.pending, response.ID)
			s.closeIfSettled()
		}
		s.mu.Unlock()
	}

	line, err := jsonrpc.EncodeMessage(message)
	if err != nil {
		return err
	}

	return s.writeLine(append(line, '\n'))
}

// Close implements sdk.Connection.
func (s *stdioTransport) Close() error { return s.close() }

// SessionID implements sdk.Connection.
func (s *stdioTransport) SessionID() string { return "" }
