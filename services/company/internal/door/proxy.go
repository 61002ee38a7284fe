package door

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
)

// The two forms of the PROXY protocol (haproxy.org, doc/proxy-protocol.txt).
const (
	proxyText   = "PROXY "                 // v1: one line
	proxyBinary = "\r\n\r\n\x00\r\nQUIT\n" // v2: 16 bytes, and what they announce
	maxLine     = 107                      // of v1, with its line end
	maxTail     = 4096                     // of v2, beyond the 16 bytes
	v2Head      = 16
)

var errProxy = errors.New("door: the PROXY header is not readable")

// readProxy takes a PROXY header off a stream that begins with one, and tells whom it
// names: the zero value where there is no header, or one that names nobody (a
// balancer's own check). It reads no further than the header.
func readProxy(r *bufio.Reader) (netip.AddrPort, error) {
	switch {
	case begins(r, proxyText):
		return readLine(r)
	case begins(r, proxyBinary):
		return readBinary(r)
	}
	return netip.AddrPort{}, nil
}

// begins looks no further than where the stream differs: a client may wait for an
// answer to fewer bytes than a header has.
func begins(r *bufio.Reader, with string) bool {
	for n := 1; n <= len(with); n++ {
		got, err := r.Peek(n)
		if err != nil || got[n-1] != with[n-1] {
			return false
		}
	}
	return true
}

// readLine reads v1: PROXY TCP4 source destination port port.
func readLine(r *bufio.Reader) (netip.AddrPort, error) {
	var line []byte
	for len(line) < 2 || line[len(line)-1] != '\n' {
		b, err := r.ReadByte()
		if err != nil {
			return netip.AddrPort{}, err
		}
		if line = append(line, b); len(line) > maxLine {
			return netip.AddrPort{}, errProxy
		}
	}
	text, ok := strings.CutSuffix(string(line), "\r\n")
	part := strings.Split(text, " ")
	switch {
	case !ok:
		return netip.AddrPort{}, errProxy
	case part[1] == "UNKNOWN":
		return netip.AddrPort{}, nil
	case len(part) != 6 || part[1] != "TCP4" && part[1] != "TCP6":
		return netip.AddrPort{}, errProxy
	}
	from, err := netip.ParseAddrPort(net.JoinHostPort(part[2], part[4]))
	if err != nil || from.Addr().Zone() != "" || from.Addr().Is4() != (part[1] == "TCP4") {
		return netip.AddrPort{}, errProxy
	}
	return from, nil
}

// readBinary reads v2.
func readBinary(r *bufio.Reader) (netip.AddrPort, error) {
	var head [v2Head]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return netip.AddrPort{}, err
	}
	version, command, family := head[12]>>4, head[12]&15, head[13]
	n := int(binary.BigEndian.Uint16(head[14:]))
	if version != 2 || command > 1 || n > maxTail {
		return netip.AddrPort{}, errProxy
	}
	tail := make([]byte, n)
	if _, err := io.ReadFull(r, tail); err != nil {
		return netip.AddrPort{}, err
	}
	size := map[byte]int{0x11: 4, 0x21: 16}[family] // TCP over IPv4, IPv6
	switch {
	case command == 0 || size == 0:
		return netip.AddrPort{}, nil // its own check, or what has no address
	case n < 2*size+4:
		return netip.AddrPort{}, errProxy
	}
	a, _ := netip.AddrFromSlice(tail[:size])
	return netip.AddrPortFrom(a, binary.BigEndian.Uint16(tail[2*size:])), nil
}
