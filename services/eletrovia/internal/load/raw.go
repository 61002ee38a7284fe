package load

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
)

// Server is where trips are asked for, host:port, without TLS.
type Server string

// Car books trips: its id and secret.
type Car struct{ ID, Secret string }

// request is POST /api/v1/trips as bytes, for any server: what makes a load must
// cost little beside what it loads.
func request(c Car, stops []api.Stop, wait time.Duration) []byte {
	body := fmt.Appendf(nil, `{"vehicle_id":%q,"on_conflict":"abort","stops":[`, c.ID)
	for i, s := range stops {
		if i > 0 {
			body = append(body, ',')
		}
		body = fmt.Appendf(body, `{"evse_id":%q,"start":%q,"end":%q}`, s.EVSEID, s.Start.Format(time.RFC3339), s.End.Format(time.RFC3339))
	}
	body = append(body, "]}"...)
	head := fmt.Appendf(nil, "POST /api/v1/trips HTTP/1.1\r\nHost: eletrovia\r\nContent-Type: application/json\r\nPrefer: wait=%d\r\nAuthorization: Basic %s\r\nContent-Length: %d\r\n\r\n",
		int(wait.Seconds()), base64.StdEncoding.EncodeToString([]byte(c.ID+":"+c.Secret)), len(body))
	return append(head, body...)
}

// line is one keep-alive connection.
type line struct {
	at   Server
	conn net.Conn
	in   *bufio.Reader
	// until is the connection's deadline. It is moved now and then only.
	until time.Time
}

// shot is what became of one request.
type shot struct {
	status int
	// retryAfter is true when the answer says when to come again.
	retryAfter bool
	confirmed  bool
	state      string // the trip's, when it is not CONFIRMED
	took       time.Duration
}

var confirmedMark = []byte(`"state":"CONFIRMED"`)

// grace is how long an answer may take beyond what the server was asked to wait.
const grace = 10 * time.Second

// book sends the request of a trip and reads the answer. An error means that
// nobody knows.
func (l *line) book(request []byte, wait time.Duration) (s shot, err error) {
	began := time.Now()
	defer func() {
		s.took = time.Since(began)
		if err != nil && l.conn != nil {
			_ = l.conn.Close()
			l.conn = nil
		}
	}()
	if l.conn == nil {
		if l.conn, err = net.DialTimeout("tcp", string(l.at), 5*time.Second); err != nil {
			return s, err
		}
		l.in, l.until = bufio.NewReaderSize(l.conn, 8<<10), time.Time{}
	}
	if l.until.Before(began.Add(wait + grace/2)) {
		l.until = began.Add(wait + grace)
		_ = l.conn.SetDeadline(l.until)
	}
	if _, err = l.conn.Write(request); err != nil {
		return s, err
	}
	return l.answer()
}

var (
	colon         = []byte(": ")
	contentLength = []byte("Content-Length")
	retryAfter    = []byte("Retry-After")
	connection    = []byte("Connection")
)

var errAnswer = errors.New("load: an answer that is no HTTP/1.1 with a Content-Length")

func (l *line) answer() (s shot, err error) {
	first, err := l.in.ReadSlice('\n')
	if err != nil {
		return s, err
	}
	if len(first) < 12 || !bytes.HasPrefix(first, []byte("HTTP/1.1 ")) {
		return s, errAnswer
	}
	if s.status, err = strconv.Atoi(string(first[9:12])); err != nil {
		return s, errAnswer
	}
	length, hangUp := -1, false
	for {
		raw, err := l.in.ReadSlice('\n')
		if err != nil {
			return s, err
		}
		h := bytes.TrimSpace(raw) // no strings: they would be the generator's only garbage
		if len(h) == 0 {
			break
		}
		name, value, _ := bytes.Cut(h, colon)
		switch {
		case bytes.EqualFold(name, contentLength):
			length, _ = strconv.Atoi(string(value))
		case bytes.EqualFold(name, retryAfter):
			s.retryAfter = true
		case bytes.EqualFold(name, connection):
			hangUp = string(value) == "close"
		}
	}
	if length < 0 {
		return s, errAnswer
	}
	if s.status == 201 {
		body := make([]byte, length)
		if _, err := io.ReadFull(l.in, body); err != nil {
			return s, err
		}
		if s.confirmed = bytes.Contains(body, confirmedMark); !s.confirmed {
			var t struct {
				State   string `json:"state"`
				Problem struct {
					Code string `json:"code"`
				} `json:"problem"`
			}
			_ = json.Unmarshal(body, &t)
			s.state = t.State + " " + t.Problem.Code
		}
	} else if _, err := l.in.Discard(length); err != nil {
		return s, err
	}
	if hangUp {
		_ = l.conn.Close()
		l.conn = nil
	}
	return s, nil
}

func (l *line) close() {
	if l.conn != nil {
		_ = l.conn.Close()
	}
}
