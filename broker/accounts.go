package broker

import (
	"net"
	"sync"
	"time"
)

// account is what one principal has here: its connections, the sessions that
// outlive them, and what it may still send. Its connections share it.
type account struct {
	connections int                 // guarded by accounts.mu
	kept        map[string]struct{} // names of sessions that outlive their connection; likewise
	messages    bucket              // publishes that are handled
	excess      bucket              // publishes that are refused, which are slowed down to as many
	packets     bucket              // packets of any kind
	logins      bucket
}

// accounts are all principals that have something here, and the hosts that
// failed to log in. Whoever has nothing left and has been quiet is forgotten.
type accounts struct {
	o *Options

	mu        sync.Mutex
	known     map[Principal]*account
	strangers map[string]*bucket // failed logins by host, and by name
	swept     time.Time
}

const (
	// packetsPerMessage is how many packets of any kind a client may send for
	// each message of its rate: acknowledgements, pings, subscriptions.
	packetsPerMessage = 8
	// sweepEvery is how often quiet accounts are forgotten.
	sweepEvery = time.Minute
	// failuresPerLogin is how many failed logins of one host are answered for
	// each login that one principal may make: hosts may stand for many.
	failuresPerLogin = 20
	// nameRate is how many failed logins a second for one name are answered at
	// once, after a burst of nameBurst.
	nameRate, nameBurst = 1, 10
	// maxGuessed bounds the names and hosts that are kept.
	maxGuessed = 16384
)

func newAccounts(o *Options) *accounts {
	return &accounts{o: o, known: map[Principal]*account{}, strangers: map[string]*bucket{}}
}

// of is the account of a principal; a.mu is held.
func (a *accounts) of(p Principal) *account {
	who := a.known[p]
	if who == nil {
		rate, burst := a.o.MessageRate, float64(a.o.MessageBurst)
		who = &account{
			messages: bucket{rate: rate, burst: burst}, excess: bucket{rate: rate, burst: 1},
			packets: bucket{rate: packetsPerMessage * rate, burst: packetsPerMessage * burst},
			logins:  bucket{rate: a.o.LoginRate, burst: float64(a.o.LoginBurst)},
		}
		a.known[p] = who
	}
	return who
}

// admit counts a connection of p, and its session if that outlives it, or says
// why there is no room. A connection that takes over a session adds nothing.
func (a *accounts) admit(p Principal, name string, clean, replaces bool, now time.Time) (*account, Reason) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sweep(now)
	who := a.of(p)
	if !who.logins.take(now) {
		return nil, LoginRate
	}
	if !replaces && who.connections >= a.o.MaxSessions {
		return nil, LoginSessions
	}
	if _, known := who.kept[name]; !clean && !known {
		if len(who.kept) >= a.o.MaxSessions {
			return nil, LoginSessions
		}
		who.keep(name)
	}
	who.connections++
	return who, 0
}

// spend takes a message from the rate of a principal, or answers that it has none
// left.
func (a *accounts) spend(p Principal, now time.Time) bool {
	a.mu.Lock()
	a.sweep(now)
	who := a.of(p)
	a.mu.Unlock()
	return who.messages.take(now)
}

func (w *account) keep(name string) {
	if w.kept == nil {
		w.kept = map[string]struct{}{}
	}
	w.kept[name] = struct{}{}
}

// leave counts a connection that has ended.
func (a *accounts) leave(who *account) {
	a.mu.Lock()
	defer a.mu.Unlock()
	who.connections--
}

// restore counts a session of an earlier life.
func (a *accounts) restore(p Principal, name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.of(p).keep(name)
}

// keeps reports whether a session outlives, or outlived, its connection.
func (a *accounts) keeps(p Principal, name string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	who := a.known[p]
	if who == nil {
		return false
	}
	_, ok := who.kept[name]
	return ok
}

// forget takes a session out of those that outlive their connection.
func (a *accounts) forget(p Principal, name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if who := a.known[p]; who != nil {
		delete(who.kept, name)
	}
}

// failed counts a failed login of a host, for a name, and tells how long its answer
// has to wait.
func (a *accounts) failed(host, user string, now time.Time) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sweep(now)
	rate, burst := failuresPerLogin*a.o.LoginRate, float64(failuresPerLogin*a.o.LoginBurst)
	return max(
		a.guesses("host "+host, rate, burst).book(now, maxPause),
		a.guesses("name "+user[:min(len(user), maxClientID)], nameRate, nameBurst).book(now, maxPause),
	)
}

// guesses is the bucket of a host or a name; a.mu is held. One too many share one.
func (a *accounts) guesses(of string, rate, burst float64) *bucket {
	b := a.strangers[of]
	if b == nil {
		if len(a.strangers) >= maxGuessed {
			of = ""
		}
		if b = a.strangers[of]; b == nil {
			b = &bucket{rate: rate, burst: burst}
			a.strangers[of] = b
		}
	}
	return b
}

// sweep forgets who has nothing left; a.mu is held.
func (a *accounts) sweep(now time.Time) {
	if now.Sub(a.swept) < sweepEvery {
		return
	}
	a.swept = now
	for p, who := range a.known {
		if who.connections == 0 && len(who.kept) == 0 && who.logins.full(now) && who.messages.full(now) {
			delete(a.known, p)
		}
	}
	for host, b := range a.strangers {
		if b.full(now) {
			delete(a.strangers, host)
		}
	}
}

// hostOf is the address without its port.
func hostOf(remote string) string {
	if host, _, err := net.SplitHostPort(remote); err == nil {
		return host
	}
	return remote
}
