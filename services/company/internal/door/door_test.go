package door

import (
	"io"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

// caller is a connection from any address that one likes.
type caller struct {
	net.Conn
	from   netip.AddrPort
	closed bool
}

func (c *caller) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(c.from) }
func (c *caller) Close() error         { c.closed = true; return nil }

func enter(d *Door, from string) (*Conn, *caller) {
	c := &caller{from: netip.MustParseAddrPort(from)}
	return d.admit(c), c
}

// TestOneAddressClosesItsOwn: 1,000 connections of one address, one after the other, leave
// it 3, the newest, and another address's alone. It fails where the newest are refused.
func TestOneAddressClosesItsOwn(t *testing.T) {
	now := time.Unix(0, 0)
	d := New(Options{Most: 100, PerAddress: 3, Now: func() time.Time { return now }})
	_, other := enter(d, "10.0.0.2:1")
	var all []*caller
	for range 1000 {
		w, c := enter(d, "10.0.0.1:1")
		if w == nil {
			t.Fatal("a newcomer was refused")
		}
		all = append(all, c)
		now = now.Add(turnover/3 + 1)
	}
	for n, c := range all {
		if c.closed != (n < 997) {
			t.Errorf("connection %d of 1000: closed %t", n, c.closed)
		}
	}
	if s := d.Stats(); other.closed || s.Open != 4 || s.Strangers != 4 || s.Closed != 997 {
		t.Errorf("%+v; the other address's closed: %t", s, other.closed)
	}
}

// TestAFloodTakesTurns: where an address's connections come faster than they can be
// served, those that are in have their time to show who they are, one gets in now and
// then, and another address notices nothing. It fails where each newcomer displaces
// somebody, and where whoever is first keeps all others out.
func TestAFloodTakesTurns(t *testing.T) {
	now := time.Unix(0, 0)
	d := New(Options{Most: 100, PerAddress: 4, Now: func() time.Time { return now }})
	flood := func() (in int, closed *caller) {
		for range 100 {
			w, c := enter(d, "10.0.0.1:1")
			if w != nil {
				in++
			} else {
				closed = c
			}
		}
		return in, closed
	}
	if in, refused := flood(); in != 8 || !refused.closed {
		t.Errorf("%d got in at once, not 4 and 4 in their place; the last is closed: %t", in, refused.closed)
	}
	for n := range 10 {
		now = now.Add(turnover / 4)
		if in, _ := flood(); in != 1 {
			t.Errorf("turn %d: %d got in", n, in)
		}
	}
	if w, _ := enter(d, "10.0.0.2:1"); w == nil {
		t.Error("another address was refused")
	}
	if s := d.Stats(); s.Open != 5 || s.Closed != 14 || s.Refused != 1100-18 {
		t.Errorf("%+v", s)
	}
	w, _ := enter(d, "10.0.0.1:1")
	if w != nil {
		t.Fatal("got in out of turn")
	}
	now = now.Add(turnover)
	if w, _ = enter(d, "10.0.0.1:1"); w == nil {
		t.Fatal("was refused")
	}
	w.Known("vehicle EV-0001") // four times as many may be there now
	if in, _ := flood(); in != 13+3 {
		t.Errorf("%d got in when the address was known", in)
	}
}

// TestAnAddressIsANet: an IPv6 caller has a /64, and IPv4 in IPv6 is IPv4.
func TestAnAddressIsANet(t *testing.T) {
	for a, b := range map[string]string{
		"[2001:db8::1]:1": "[2001:db8::2:2]:2", "10.0.0.1:1": "[::ffff:10.0.0.1]:2", "[fe80::1%eth0]:1": "fe80::1",
	} {
		if Address(a) != Address(b) || !Address(a).IsValid() {
			t.Errorf("%s and %s are not one", a, b)
		}
	}
	if Address("[2001:db8::1]:1") == Address("[2001:db8:0:1::1]:1") || Address("@").IsValid() {
		t.Error("two are one, or nothing is one")
	}
}

// TestTheQuietGoFirst: a request under way is the last to be closed.
func TestTheQuietGoFirst(t *testing.T) {
	d := New(Options{Most: 100, PerAddress: 2})
	w, first := enter(d, "10.0.0.1:1")
	w.busy(true)
	_, second := enter(d, "10.0.0.1:2")
	enter(d, "10.0.0.1:3")
	if first.closed || !second.closed {
		t.Errorf("the busy one is closed: %t, the quiet one: %t", first.closed, second.closed)
	}
	w.busy(false)
	enter(d, "10.0.0.1:4")
	if first.closed {
		t.Error("what was used last was closed first")
	}
}

// TestTheKnownStay: who has shown a right secret counts for his name, stays whatever
// his address does, and makes it known for a while.
func TestTheKnownStay(t *testing.T) {
	now := time.Unix(0, 0)
	d := New(Options{Most: 100, PerAddress: 2, Now: func() time.Time { return now }})
	w, driver := enter(d, "10.0.0.1:1")
	if n := w.Known("vehicle EV-0001"); n != 1 {
		t.Errorf("%d connections of the vehicle", n)
	}
	for range 50 {
		enter(d, "10.0.0.1:2")
	}
	if s := d.Stats(); driver.closed || s.Strangers != 2*knownTimes {
		t.Errorf("%+v; the driver's is closed: %t", s, driver.closed)
	}
	now = now.Add(knownFor)
	enter(d, "10.0.0.1:2") // an address that is not known any more takes no more
	if s := d.Stats(); s.Strangers != 2*knownTimes {
		t.Errorf("later: %+v", s)
	}
	if err := w.Close(); err != nil || w.Known("vehicle EV-0001") != 0 {
		t.Errorf("closed: %v, and still counted", err)
	}
}

// TestTheLargestGivesWay: where strangers have all of their part, the address with
// most of them loses one, and a quarter is left for the known.
func TestTheLargestGivesWay(t *testing.T) {
	d := New(Options{Most: 16, PerAddress: -1})
	var attacker []*caller
	for range 12 {
		_, c := enter(d, "10.0.0.1:1")
		attacker = append(attacker, c)
	}
	_, driver := enter(d, "10.0.0.2:1")
	if s := d.Stats(); driver.closed || !attacker[0].closed || attacker[1].closed || s.Strangers != 12 {
		t.Errorf("%+v", s)
	}
	for range 4 {
		w, _ := enter(d, "10.0.0.3:1")
		w.Known("the operator")
	}
	if w, _ := enter(d, "10.0.0.4:1"); w == nil || d.Stats().Open != 16 {
		t.Errorf("%+v", d.Stats())
	}
	for range 100 {
		w, _ := enter(d, "10.0.0.3:1")
		if w == nil {
			break
		}
		w.Known("SER")
	}
	if w, _ := enter(d, "10.0.0.5:1"); w != nil || d.Stats().Open != 16 {
		t.Errorf("with nobody to give way: %v %+v", w, d.Stats())
	}
}

func TestBelowTheDescriptors(t *testing.T) {
	for _, c := range []struct{ most, descriptors, want int }{
		{32768, 1 << 20, 32768}, {32768, 20000, 18976}, {32768, 1024, 896}, {32768, 256, 192}, {-1, 1024, 896}, {10, 1024, 10},
	} {
		if got := Below(c.most, c.descriptors); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
	if Descriptors() < 64 {
		t.Errorf("%d descriptors", Descriptors())
	}
}

// queue is a listener with so many callers of one address, and then an end.
type queue struct {
	net.Listener
	waiting int
}

func (q *queue) Accept() (net.Conn, error) {
	if q.waiting == 0 {
		return nil, net.ErrClosed
	}
	q.waiting--
	return &caller{from: netip.MustParseAddrPort("10.0.0.1:1")}, nil
}

// TestRefusingTakesABreather: of 802 callers two get in, at once, and refusing the
// others takes 50 breathers, in which the processor is others'.
func TestRefusingTakesABreather(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(Options{Most: 100, PerAddress: 1}).Listen(&queue{waiting: 802})
		began := time.Now()
		for range 2 { // one, and one in its place
			if _, err := l.Accept(); err != nil || time.Since(began) > 0 {
				t.Fatalf("%v after %s", err, time.Since(began))
			}
		}
		if _, err := l.Accept(); err == nil || time.Since(began) != 50*breather {
			t.Errorf("%v after %s", err, time.Since(began))
		}
	})
}

// TestAProxysWord: what a trusted proxy says before the first byte is who calls, and
// nobody else is believed.
func TestAProxysWord(t *testing.T) {
	for name, c := range map[string]struct {
		trusted Trusted
		say     string
		from    string
		read    string
	}{
		"trusted":     {Trusted{netip.MustParsePrefix("127.0.0.0/8")}, "PROXY TCP4 192.0.2.7 10.0.0.1 4711 80\r\nGET", "192.0.2.7:4711", "GET"},
		"no header":   {Trusted{netip.MustParsePrefix("127.0.0.0/8")}, "POST", "", "POST"},
		"not trusted": {Trusted{netip.MustParsePrefix("10.0.0.0/8")}, "PROXY TCP4", "", "PROXY TCP4"},
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		front := New(Options{Trusted: c.trusted}).Listen(l)
		near, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(near, c.say)
		far, err := front.Accept()
		if err != nil {
			t.Fatal(err)
		}
		want := c.from
		if want == "" {
			want = near.LocalAddr().String()
		}
		got := make([]byte, len(c.read))
		if _, err := io.ReadFull(far, got); err != nil || string(got) != c.read || far.RemoteAddr().String() != want {
			t.Errorf("%s: %q from %s, want %s (%v)", name, got, far.RemoteAddr(), want, err)
		}
		_, _, _ = near.Close(), far.Close(), front.Close()
		if _, err := front.Accept(); err == nil {
			t.Errorf("%s: accepts after its end", name)
		}
	}
}
