package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"time"
)

// car is the least that a client of MQTT 3.1.1 needs: thousands of them must not
// cost more than the broker that is measured.
type car struct {
	index  int
	topic  string
	conn   net.Conn
	in     *bufio.Reader
	seq    uint32
	acked  *atomic.Int64
	closed atomic.Bool
}

func carID(i int) string        { return fmt.Sprintf("EV-%05d", i) }
func secretOf(id string) string { return "s-" + id }

// dialCar logs in with a clean session and subscribes to its answers.
func dialCar(address string, i int, acked *atomic.Int64) (*car, error) {
	conn, err := net.DialTimeout("tcp", address, 20*time.Second)
	if err != nil {
		return nil, err
	}
	id := carID(i)
	c := &car{index: i, topic: "ev/" + id + "/request/plan", conn: conn, in: bufio.NewReaderSize(conn, 256), acked: acked}
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	login := append(text("MQTT"), 4, 0xC2, 0x02, 0x58) // user, password, clean; keep-alive 600 s
	for _, s := range []string{"car-" + id, id, secretOf(id)} {
		login = append(login, text(s)...)
	}
	if err := c.ask(0x10, login, 0x20); err != nil {
		return nil, errors.Join(fmt.Errorf("%s logs in: %w", id, err), conn.Close())
	}
	if err := c.ask(0x82, append([]byte{0, 1}, append(text("ev/"+id+"/reply/+"), 1)...), 0x90); err != nil {
		return nil, errors.Join(fmt.Errorf("%s subscribes: %w", id, err), conn.Close())
	}
	_ = conn.SetDeadline(time.Time{})
	return c, nil
}

// ask sends one packet and reads its answer, which must not refuse.
func (c *car) ask(kind byte, body []byte, want byte) error {
	if _, err := c.conn.Write(packet(kind, body)); err != nil {
		return err
	}
	got, answer, err := c.read()
	if err != nil {
		return err
	}
	if got != want || len(answer) == 0 || answer[len(answer)-1] >= 0x80 || (want == 0x20 && answer[1] != 0) {
		return fmt.Errorf("answered %x %x", got, answer)
	}
	return nil
}

// listen counts acknowledgements until the connection ends.
func (c *car) listen() error {
	for {
		kind, _, err := c.read()
		if err != nil {
			if c.closed.Load() {
				return nil
			}
			return fmt.Errorf("%s: %w", carID(c.index), err)
		}
		if kind == 0x40 {
			c.acked.Add(1)
		}
	}
}

func (c *car) read() (kind byte, body []byte, err error) {
	if kind, err = c.in.ReadByte(); err != nil {
		return 0, nil, err
	}
	n, shift := 0, 0
	for {
		d, err := c.in.ReadByte()
		if err != nil {
			return 0, nil, err
		}
		n |= int(d&0x7f) << shift
		shift += 7
		if d < 0x80 {
			break
		}
	}
	body = make([]byte, n)
	_, err = io.ReadFull(c.in, body)
	return kind, body, err
}

// payloadSize is about that of a request.
const payloadSize = 200

// say publishes the car's next message with QoS 1: when, who, which.
func (c *car) say(now time.Time) error {
	c.seq++
	body := append(text(c.topic), byte(c.seq>>8), byte(c.seq))
	if c.seq&0xffff == 0 {
		body[len(body)-1] = 1 // 0 is no packet id
	}
	payload := []byte(strings.Repeat("x", payloadSize))
	binary.BigEndian.PutUint64(payload, uint64(now.UnixNano()))
	binary.BigEndian.PutUint32(payload[8:], uint32(c.index))
	binary.BigEndian.PutUint32(payload[12:], c.seq)
	_, err := c.conn.Write(packet(0x32, append(body, payload...)))
	return err
}

func (c *car) close() {
	c.closed.Store(true)
	_, _ = c.conn.Write([]byte{0xe0, 0})
	_ = c.conn.Close()
}

func text(s string) []byte { return append([]byte{byte(len(s) >> 8), byte(len(s))}, s...) }

func packet(kind byte, body []byte) []byte {
	out := []byte{kind}
	for n := len(body); ; {
		d := byte(n % 128)
		if n /= 128; n > 0 {
			out = append(out, d|0x80)
			continue
		}
		return append(append(out, d), body...)
	}
}
