package broker

import (
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// webSockets is a net.Listener whose connections are WebSockets with the
// subprotocol "mqtt", on any path. A page of any origin may connect: a client
// proves who it is with user name and password, never with a cookie.
type webSockets struct {
	net.Listener
	server   *http.Server
	upgrader websocket.Upgrader
	arrivals chan net.Conn
	done     chan struct{}
	once     sync.Once
}

func newWebSockets(l net.Listener, connect time.Duration) *webSockets {
	w := &webSockets{Listener: l, arrivals: make(chan net.Conn), done: make(chan struct{})}
	w.upgrader = websocket.Upgrader{
		Subprotocols: []string{"mqtt"}, HandshakeTimeout: connect,
		CheckOrigin: func(*http.Request) bool { return true },
	}
	w.server = &http.Server{Handler: w, ReadHeaderTimeout: connect, IdleTimeout: connect, MaxHeaderBytes: 16 << 10}
	go func() { _ = w.server.Serve(l) }() // ends with the listener
	return w
}

// ServeHTTP turns a request into a connection that Accept answers.
func (w *webSockets) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	c, err := w.upgrader.Upgrade(rw, r, nil)
	if err != nil {
		return // Upgrade has answered
	}
	c.SetReadLimit(maxPacket)
	select {
	case w.arrivals <- &webSocket{Conn: c.UnderlyingConn(), ws: c}:
	case <-w.done:
		_ = c.Close()
	}
}

// Accept waits for the next WebSocket.
func (w *webSockets) Accept() (net.Conn, error) {
	select {
	case c := <-w.arrivals:
		return c, nil
	case <-w.done:
		return nil, net.ErrClosed
	}
}

// Close ends accepting; WebSockets that are open stay so.
func (w *webSockets) Close() error {
	w.once.Do(func() { close(w.done) })
	return w.server.Close()
}

// webSocket reads the bytes of binary messages as one stream, and writes each
// piece as one message.
type webSocket struct {
	net.Conn
	ws     *websocket.Conn
	reader io.Reader // of the message being read, or nil
}

var errNotBinary = errors.New("a WebSocket message that is not binary")

func (c *webSocket) Read(p []byte) (int, error) {
	for {
		if c.reader == nil {
			kind, r, err := c.ws.NextReader()
			if err != nil {
				return 0, err
			}
			if kind != websocket.BinaryMessage {
				return 0, errNotBinary
			}
			c.reader = r
		}
		n, err := c.reader.Read(p)
		if errors.Is(err, io.EOF) {
			c.reader, err = nil, nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// NetConn is the connection below.
func (c *webSocket) NetConn() net.Conn { return c.Conn }

func (c *webSocket) Write(p []byte) (int, error) {
	if err := c.ws.WriteMessage(websocket.BinaryMessage, p); err != nil {
		return 0, err
	}
	return len(p), nil
}
