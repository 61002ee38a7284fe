package httpapi

import (
	"errors"
	"io"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/services/company/internal/door"
)

const (
	// bodyGrace is how long a body may take in any case, and bodyRate how many bytes
	// a second have to have arrived from then on: what the slowest phone does.
	bodyGrace = 5 * time.Second
	bodyRate  = 1 << 10
	// bodiesInMemory is how many bytes of bodies there may be at a time. Strangers
	// together get half, one address of them an eighth.
	bodiesInMemory = 64 << 20
)

// errBodies: there is no room in memory for more of a body.
var errBodies = errors.New("too many bodies are being read")

// pile counts the bytes of bodies that are in memory.
type pile struct {
	most int

	mu             sync.Mutex
	all, strangers int
	by             map[netip.Addr]int
}

func newPile(most int) *pile { return &pile{most: most, by: map[netip.Addr]int{}} }

// take counts n bytes of a stranger's address, or of the zero value for who is known;
// false, and nothing is counted, where there is no room.
func (p *pile) take(n int, from netip.Addr) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.all+n > p.most || from.IsValid() && (p.strangers+n > p.most/2 || p.by[from]+n > p.most/8) {
		return false
	}
	p.add(n, from)
	return true
}

// add counts n bytes, or fewer where n is below 0.
func (p *pile) add(n int, from netip.Addr) {
	p.all += n
	if !from.IsValid() {
		return
	}
	p.strangers += n
	if p.by[from] += n; p.by[from] == 0 {
		delete(p.by, from)
	}
}

// move counts n bytes of an address as of somebody who is known: in the sum they are
// already.
func (p *pile) move(n int, from netip.Addr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.add(-n, from)
	p.add(n, netip.Addr{})
}

// give takes n bytes out again.
func (p *pile) give(n int, from netip.Addr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.add(-n, from)
}

// arriving is a request's body: read within time, and counted as it comes.
type arriving struct {
	io.ReadCloser
	pile  *pile
	rc    *http.ResponseController
	began time.Time
	from  netip.Addr // the zero value once its sender is known
	got   int
}

// newArriving bounds the body of a request from now on, also what is never read.
func newArriving(w http.ResponseWriter, r *http.Request, p *pile) *arriving {
	b := &arriving{ReadCloser: r.Body, pile: p, rc: http.NewResponseController(w), began: time.Now(), from: door.Address(r.RemoteAddr)}
	b.until(b.began.Add(bodyGrace))
	return b
}

// until sets the deadline. A recorder in a test has none; a connection has.
func (b *arriving) until(t time.Time) { _ = b.rc.SetReadDeadline(t) }

// Read reads what has come. errBodies.
func (b *arriving) Read(p []byte) (int, error) {
	b.until(b.began.Add(bodyGrace + time.Duration(b.got)*time.Second/bodyRate))
	n, err := b.ReadCloser.Read(p)
	if n > 0 && !b.pile.take(n, b.from) {
		b.until(b.began.Add(bodyGrace))
		return 0, errBodies
	}
	b.got += n
	if errors.Is(err, io.EOF) {
		b.until(time.Time{})
	}
	return n, err
}

// known makes the body one of somebody who has shown a right secret.
func (b *arriving) known() {
	b.pile.move(b.got, b.from)
	b.from = netip.Addr{}
}

// done forgets what was counted.
func (b *arriving) done() {
	b.pile.give(b.got, b.from)
	b.got = 0
}
