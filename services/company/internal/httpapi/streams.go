package httpapi

import (
	"net/netip"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// streamsEach is how many event streams one vehicle may have.
const streamsEach = 8

// streams are the event streams that are open: docs/adr/0018-limits-that-one-cannot-exhaust.md.
type streams struct {
	most, vehicles int

	mu     sync.Mutex
	all    int
	byName map[string]int
	byAddr map[netip.Addr][]*seat // of vehicles; the oldest first
}

// seat is one stream's place. gone is closed when it has to give way.
type seat struct {
	name string
	addr netip.Addr
	gone chan struct{}
	left bool // guarded by streams.mu
}

func newStreams(most int) *streams {
	return &streams{most: most, vehicles: most - most/16, byName: map[string]int{}, byAddr: map[netip.Addr][]*seat{}}
}

// sit gives a stream a place. Where vehicles have all of theirs, the address with most
// of them loses its oldest, unless that is the newcomer's own. RATE_LIMITED.
func (s *streams) sit(name string, addr netip.Addr) (*seat, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	operator := name == operatorPays
	full := &charging.Refusal{
		Code: charging.CodeRateLimited, Detail: "too many event streams are open; come again later", RetryAfter: 10 * time.Second,
	}
	if !operator && s.byName[name] >= streamsEach {
		full.Detail = "this vehicle has too many event streams open; close one"
		return nil, full
	}
	if !operator && s.all-s.byName[operatorPays] >= s.vehicles {
		largest := s.largest()
		if len(s.byAddr[largest]) <= len(s.byAddr[addr])+1 {
			return nil, full
		}
		s.remove(s.byAddr[largest][0])
	}
	if s.all >= s.most {
		return nil, full
	}
	p := &seat{name: name, addr: addr, gone: make(chan struct{})}
	s.all++
	s.byName[name]++
	if !operator {
		s.byAddr[addr] = append(s.byAddr[addr], p)
	}
	return p, nil
}

// largest is the address with most streams. There are few: each holds one at least.
func (s *streams) largest() (addr netip.Addr) {
	for a, of := range s.byAddr {
		if len(of) > len(s.byAddr[addr]) {
			addr = a
		}
	}
	return addr
}

// leave ends a place.
func (s *streams) leave(p *seat) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(p)
}

func (s *streams) remove(p *seat) {
	if p.left {
		return
	}
	p.left = true
	close(p.gone)
	s.all--
	if s.byName[p.name]--; s.byName[p.name] == 0 {
		delete(s.byName, p.name)
	}
	for i, one := range s.byAddr[p.addr] {
		if one == p {
			s.byAddr[p.addr] = append(s.byAddr[p.addr][:i], s.byAddr[p.addr][i+1:]...)
			break
		}
	}
	if len(s.byAddr[p.addr]) == 0 {
		delete(s.byAddr, p.addr)
	}
}
