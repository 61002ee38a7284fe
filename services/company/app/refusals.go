package app

import (
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

const (
	// refusalShown is for how long a refused token is shown: a peer's server shows
	// its own again every few seconds.
	refusalShown = time.Minute
	// refusalLogged is how often the log says so, for each who it may be.
	refusalLogged = time.Minute
)

// refusals are the peer tokens that were refused here, by who they were said to be
// from; "" where nobody said, or no peer is called so. Anybody can say anything: it
// is shown, and nothing follows from it.
type refusals struct {
	mu    sync.Mutex
	by    map[charging.CompanyID]*refusal
	total uint64
}

type refusal struct {
	count        int // since it was last quiet
	last, logged time.Time
}

// note counts one, and reports whether the log should say so.
func (r *refusals) note(from charging.CompanyID, now time.Time) (news bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.by == nil {
		r.by = map[charging.CompanyID]*refusal{}
	}
	f := r.by[from]
	if f == nil || now.Sub(f.last) > refusalShown {
		logged := time.Time{}
		if f != nil {
			logged = f.logged
		}
		f = &refusal{logged: logged}
		r.by[from] = f
	}
	r.total++
	f.count++
	f.last = now
	if news = now.Sub(f.logged) >= refusalLogged; news {
		f.logged = now
	}
	return news
}

func (r *refusals) all() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.total
}

// of says what was refused lately that was said to be from a peer; else it is empty.
func (r *refusals) of(from charging.CompanyID, now time.Time) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := r.by[from]
	switch {
	case f == nil || now.Sub(f.last) > refusalShown:
		return ""
	case from == "":
		return fmt.Sprintf("somebody who does not say who it is shows wrong peer tokens (%s)", times(f.count))
	}
	return fmt.Sprintf("somebody who calls itself %s shows a wrong token here (%s): what it presents and what is accepted from it have to be the same", from, times(f.count))
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// summary is all of it.
func (r *refusals) summary(now time.Time) string {
	r.mu.Lock()
	from := slices.Sorted(maps.Keys(r.by))
	r.mu.Unlock()
	var all []string
	for _, id := range from {
		if s := r.of(id, now); s != "" {
			all = append(all, s)
		}
	}
	return strings.Join(all, "; ")
}

// refusedPeer notes a token that is no peer's, and logs it, at most once a minute
// for each who it may be.
func (t *trust) refusedPeer(claimed charging.CompanyID, addr string) {
	if !slices.ContainsFunc(t.o.Peers, func(p Peer) bool { return p.ID == claimed }) {
		claimed = ""
	}
	if now := time.Now(); t.rooms.refusals.note(claimed, now) {
		host, _, _ := net.SplitHostPort(addr)
		t.log.Warn().Str("room", "federation").Str("from", host).Msg(t.rooms.refusals.of(claimed, now))
	}
}
