package door

import (
	"cmp"
	"container/list"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	// knownFor is how long an address counts as one that has shown a right secret,
	// and knownTimes how many times as many strangers it may have meanwhile: many
	// callers may stand behind it.
	knownFor   = 10 * time.Minute
	knownTimes = 4
	// turnover is how long, on average, an address that has all that it may have keeps a
	// connection before the next newcomer takes its place. Where more come they are closed
	// at once: else each costs what a served one costs, and nobody there stays long enough
	// to show who he is.
	turnover = 4 * time.Second
	// sweepEvery is how often addresses that have nothing any more are forgotten.
	sweepEvery = time.Minute
)

// Options of a Door. A number below 0 is no limit; 0 takes the default.
type Options struct {
	// Most connections at a time; default 32,768. It is cut to what Descriptors
	// leaves.
	Most int
	// PerAddress is how many of them one address's strangers may have; default 256.
	PerAddress int
	// Trusted proxies' connections are counted in all only.
	Trusted Trusted
	// Now is real time; nil is time.Now.
	Now func() time.Time
}

// Defaults of Options.
const (
	DefaultMost       = 32768
	DefaultPerAddress = 256
)

// Stats of a door.
type Stats struct {
	// Open connections now, Strangers those of them that have shown no secret.
	Open, Strangers int
	// Closed are strangers that had to give way, Refused newcomers that nobody
	// could give way to, or whose address has others give way too often, since the start.
	Closed, Refused uint64
}

// Door counts the connections of all listeners that it is given. It is safe for use
// by many goroutines.
type Door struct {
	o         Options
	strangers int // the most of them

	mu    sync.Mutex
	stats Stats
	by    map[netip.Addr]*guests
	names map[string]int
	// sizes are the addresses by how many strangers they have, largest the most
	// that any has.
	sizes   map[int]map[*guests]struct{}
	largest int
	swept   time.Time
}

// guests are the strangers of one address.
type guests struct {
	// quiet have no request under way, busy have; the oldest first.
	quiet, busy list.List
	known       time.Time     // until when the address counts as known
	turns       *rate.Limiter // how often one may take another's place; nil until one has
}

func (g *guests) count() int { return g.quiet.Len() + g.busy.Len() }

// New makes a door.
func New(o Options) *Door {
	o.Most = cmp.Or(o.Most, DefaultMost)
	o.PerAddress = cmp.Or(o.PerAddress, DefaultPerAddress)
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Door{o: o, strangers: o.Most - o.Most/4, by: map[netip.Addr]*guests{}, names: map[string]int{}, sizes: map[int]map[*guests]struct{}{}}
}

// Below cuts a number of connections to what a limit of descriptors leaves: an eighth,
// from 64 to 1,024, is for the store, for peers and for files. Less than 0 is no limit.
func Below(most, descriptors int) int {
	kept := min(max(descriptors/8, 64), 1024)
	if left := max(descriptors-kept, 1); most < 0 || most > left {
		return left
	}
	return most
}

// Stats tells how things are.
func (d *Door) Stats() Stats {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.stats
}

// admit counts a connection; nil where it has been closed, because all are taken by
// callers who are known, or its address's by such as came a moment ago.
func (d *Door) admit(c net.Conn) *Conn {
	remote := c.RemoteAddr().String()
	w := &Conn{Conn: c, door: d, from: Address(remote)}
	d.mu.Lock()
	d.sweep()
	own := !d.o.Trusted.Has(remote)
	leaving, ok := d.makeRoom(w.from, own)
	if ok {
		d.stats.Open++
		w.counted = true
		if own {
			d.enter(w)
		}
	} else {
		d.stats.Refused++
		w.left = true
	}
	d.mu.Unlock()
	for _, l := range leaving {
		_ = l.Conn.Close() // its own Close finds that it has left already
	}
	if !ok {
		refuse(c)
		return nil
	}
	return w
}

// refuse closes a connection that nobody has begun to serve: with a reset, which leaves
// nothing to wait for on either side.
func refuse(c net.Conn) {
	if t, ok := c.(*net.TCPConn); ok {
		_ = t.SetLinger(0)
	}
	_ = c.Close()
}

// makeRoom takes out the strangers that have to give way to one more, of an address
// of its own or of a proxy, and tells whether there is room for him then; d.mu is held.
func (d *Door) makeRoom(from netip.Addr, own bool) (leaving []*Conn, ok bool) {
	if g := d.by[from]; own && g != nil && d.o.PerAddress > 0 && g.count() >= d.allowed(g) {
		if !d.turn(g) {
			return nil, false
		}
		leaving = append(leaving, d.evict(d.oldest(g)))
	}
	if d.o.Most > 0 && (own && d.stats.Strangers >= d.strangers || d.stats.Open >= d.o.Most) {
		if last := d.oldest(d.most()); last != nil {
			leaving = append(leaving, d.evict(last))
		}
	}
	return leaving, d.o.Most <= 0 || d.stats.Open < d.o.Most
}

// turn tells whether a newcomer may take the place of another of his address now: as
// many at once as it may have, and then one after the other.
func (d *Door) turn(g *guests) bool {
	most, now := d.allowed(g), d.o.Now()
	often := rate.Limit(float64(most) / turnover.Seconds())
	if g.turns == nil {
		g.turns = rate.NewLimiter(often, most)
	} else if g.turns.Burst() != most {
		g.turns.SetLimitAt(now, often)
		g.turns.SetBurstAt(now, most)
	}
	return g.turns.AllowN(now, 1)
}

// allowed is how many strangers an address may have.
func (d *Door) allowed(g *guests) int {
	if d.o.Now().Before(g.known) {
		return knownTimes * d.o.PerAddress
	}
	return d.o.PerAddress
}

// most is one of the addresses with most strangers, or nil.
func (d *Door) most() *guests {
	for g := range d.sizes[d.largest] {
		return g
	}
	return nil
}

// oldest is who has been quiet longest or, where all have a request under way, whose
// began first.
func (d *Door) oldest(g *guests) *Conn {
	if g == nil {
		return nil
	}
	e := g.quiet.Front()
	if e == nil {
		e = g.busy.Front()
	}
	if e == nil {
		return nil
	}
	return e.Value.(*Conn)
}

// evict takes a stranger out of the books; its network connection is the caller's to
// close.
func (d *Door) evict(c *Conn) *Conn {
	d.leave(c)
	d.stats.Closed++
	return c
}

// of is the guests of an address, made where there are none.
func (d *Door) of(from netip.Addr) *guests {
	g := d.by[from]
	if g == nil {
		g = &guests{}
		d.by[from] = g
	}
	return g
}

// enter puts a connection among its address's strangers.
func (d *Door) enter(c *Conn) {
	c.guests = d.of(c.from)
	d.resize(c.guests, func(g *guests) { c.place = g.quiet.PushBack(c) })
	d.stats.Strangers++
}

// unlist takes a connection out of the strangers.
func (d *Door) unlist(c *Conn) {
	if c.place == nil {
		return
	}
	d.resize(c.guests, func(g *guests) {
		g.quiet.Remove(c.place)
		g.busy.Remove(c.place)
	})
	c.place = nil
	d.stats.Strangers--
}

// leave takes a connection out of all books.
func (d *Door) leave(c *Conn) {
	d.unlist(c)
	if c.counted {
		c.counted = false
		d.stats.Open--
	}
	d.rename(c, "")
	c.left = true
}

func (d *Door) rename(c *Conn, name string) {
	if c.name != "" {
		if d.names[c.name]--; d.names[c.name] == 0 {
			delete(d.names, c.name)
		}
	}
	if c.name = name; name != "" {
		d.names[name]++
	}
}

// resize keeps sizes right over a change of an address's strangers by one.
func (d *Door) resize(g *guests, change func(*guests)) {
	was := g.count()
	change(g)
	is := g.count()
	delete(d.sizes[was], g)
	if len(d.sizes[was]) == 0 {
		delete(d.sizes, was)
	}
	if is > 0 {
		if d.sizes[is] == nil {
			d.sizes[is] = map[*guests]struct{}{}
		}
		d.sizes[is][g] = struct{}{}
	}
	d.largest = max(d.largest, is)
	for d.largest > 0 && len(d.sizes[d.largest]) == 0 {
		d.largest--
	}
}

// sweep forgets addresses that have nothing; d.mu is held.
func (d *Door) sweep() {
	now := d.o.Now()
	if now.Sub(d.swept) < sweepEvery {
		return
	}
	d.swept = now
	for a, g := range d.by {
		if g.count() == 0 && now.After(g.known) {
			delete(d.by, a)
		}
	}
}
