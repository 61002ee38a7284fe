package federation

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/legible"
)

// PeerState is whether a peer answers.
type PeerState string

// The states of a peer.
const (
	Online  PeerState = "online"
	Offline PeerState = "offline"
	// NotSeen means that nothing has been asked yet.
	NotSeen PeerState = "unknown"
)

// PeerView is a peer as an operator sees it. Times are of this server's clock.
type PeerView struct {
	ID    charging.CompanyID `json:"company_id"`
	Name  string             `json:"name,omitempty"`
	URL   string             `json:"url"`
	MQTT  string             `json:"mqtt,omitempty"`
	State PeerState          `json:"state"`
	// Breaker is closed, half-open or open.
	Breaker string `json:"breaker"`
	// LatencyMs is a moving average of what answered calls took.
	LatencyMs float64    `json:"latency_ms"`
	LastSeen  *time.Time `json:"last_seen,omitempty"`
	LastError string     `json:"last_error,omitempty"`
	// Refused says that the peer answered our last call so: it does not know the
	// token that we show; empty else.
	Refused string `json:"refused,omitempty"`
	// SkewMs is how far the peer's clock is ahead of this company's.
	SkewMs float64 `json:"skew_ms"`
	// Skewed is true when its tickets do not count for that.
	Skewed bool `json:"skewed"`
	// LocationsAgeMs is how old the catalogue of its locations is; -1 when
	// they have never been read.
	LocationsAgeMs int64 `json:"locations_age_ms"`
	// Locations and EVSEs are how many of them the catalogue knows.
	Locations int `json:"locations"`
	EVSEs     int `json:"evses"`
	InFlight  int `json:"in_flight"`
	// RetryAt is when it is asked again while it is away, FailedAt when the last failure
	// was; zero for none.
	RetryAt  time.Time `json:"retry_at,omitzero"`
	FailedAt time.Time `json:"failed_at,omitzero"`
	// Calls and Failed are those of the last minute.
	Calls  int `json:"calls"`
	Failed int `json:"failed"`
	// Versions are those that it says it speaks, Keys those that it publishes and since
	// when they are known here.
	Versions []string             `json:"versions,omitempty"`
	Keys     map[string]time.Time `json:"keys,omitempty"`
	// Dropped is what was left out of its answers.
	Dropped Drops `json:"dropped"`
	// Caught is what it signed and cannot have meant honestly.
	Caught Caught `json:"caught"`
}

// health is what a peer's answers have told.
type health struct {
	latency   time.Duration
	lastSeen  time.Time
	lastErr   string
	refused   string // its word on our token, while it is not taken
	failures  int    // in a row
	info      Info
	infoAt    time.Time
	askedInfo time.Time
	clocks    []clock
	retryAt   time.Time // while it is away
	failedAt  time.Time
	minute    minute
	keys      map[string]time.Time // by id, since when they are known
}

// clock is one comparison of a peer's clock with ours, off by at most half of
// its round trip.
type clock struct {
	skew, trip time.Duration
}

// clocksKept is over how many probes the best comparison is chosen.
const clocksKept = 5

// maxError of what is told about a failure, in bytes: it may quote what the peer said.
const maxError = 400

// offlineAfter is how many failures in a row make a peer offline that has answered
// before.
const offlineAfter = 2

func (h *health) state() PeerState {
	switch {
	case h.failures >= offlineAfter || h.failures > 0 && h.lastSeen.IsZero():
		return Offline
	case h.lastSeen.IsZero():
		return NotSeen
	}
	return Online
}

// best is the comparison with the shortest round trip.
func (h *health) best() clock {
	var best clock
	for i, c := range h.clocks {
		if i == 0 || c.trip < best.trip {
			best = c
		}
	}
	return best
}

// skewed reports whether the peer's clock is certainly farther off than limit.
func (h *health) skewed(limit time.Duration) bool {
	c := h.best()
	return c.skew.Abs()-c.trip/2 > limit
}

// note takes the end of a call into the peer's health.
func (p *peer) note(took time.Duration, err error) {
	if errors.Is(err, context.Canceled) {
		return // its caller has gone; that says nothing about the peer
	}
	p.update(func(h *health) {
		h.minute.count(time.Now(), failed(err))
		if failed(err) {
			h.failures++
			h.failedAt = time.Now()
			h.lastErr = legible.Tame(err.Error(), maxError)
			return
		}
		h.failures, h.refused = 0, ""
		if charging.CodeOf(err) == charging.CodeUnauthenticated {
			h.refused = err.Error()
		}
		h.lastSeen = time.Now()
		if h.latency == 0 {
			h.latency = took
		}
		h.latency += (took - h.latency) / 8
	})
}

// update changes the peer's health.
func (p *peer) update(change func(*health)) {
	p.f.mu.Lock()
	defer p.f.mu.Unlock()
	change(&p.health)
}

// refusalEvery is how often the log says that a peer refuses our token.
const refusalEvery = time.Minute

// tell reports the peer when its state or skew is another than last reported.
func (p *peer) tell() {
	v := p.view()
	p.f.mu.Lock()
	changed := v.State != p.told.State || v.Skewed != p.told.Skewed || (v.Refused == "") != (p.told.Refused == "")
	refused := v.Refused != "" && time.Since(p.refusalLogged) >= refusalEvery
	if refused {
		p.refusalLogged = time.Now()
	}
	if changed {
		p.told = v
	}
	p.f.mu.Unlock()
	if refused {
		p.f.o.Log("our token is refused at "+string(p.ID)+" (401): its operator and ours have to agree on one", errors.New(v.Refused))
	}
	if changed {
		p.f.o.OnPeer(v)
	}
}

func (p *peer) view() PeerView {
	breaker := p.breaker.State()
	p.f.mu.Lock()
	defer p.f.mu.Unlock()
	h := &p.health
	v := PeerView{
		ID: p.ID, Name: h.info.Name, URL: p.BaseURL, MQTT: h.info.MQTT, State: h.state(), Breaker: breaker.String(),
		LatencyMs: milliseconds(h.latency), LastError: h.lastErr, Refused: h.refused,
		SkewMs: milliseconds(h.best().skew), Skewed: h.skewed(p.f.o.MaxSkew), LocationsAgeMs: -1, InFlight: len(p.room),
		Locations: len(p.locationCache.list), EVSEs: len(p.locationCache.byEVSE), Dropped: p.drops.Drops, Caught: p.caught.Caught,
		FailedAt: utc(h.failedAt), Versions: h.info.Versions, Keys: maps.Clone(h.keys),
	}
	v.Calls, v.Failed = h.minute.sum(time.Now())
	if h.failures > 0 {
		v.RetryAt = utc(h.retryAt)
	}
	if !h.lastSeen.IsZero() {
		seen := h.lastSeen.UTC()
		v.LastSeen = &seen
	}
	if !p.locationCache.at.IsZero() {
		v.LocationsAgeMs = time.Since(p.locationCache.at).Milliseconds()
	}
	if breaker == gobreaker.StateOpen {
		v.State = Offline
	}
	return v
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// Peers lists every peer, in the order of the configuration.
func (f *Federation) Peers() []PeerView {
	list := make([]PeerView, len(f.order))
	for i, p := range f.order {
		list[i] = p.view()
	}
	return list
}

// Skewed reports whether a company's clock is more than MaxSkew off, so that
// its tickets do not count. One that has not been compared yet is trusted.
func (f *Federation) Skewed(id charging.CompanyID) bool {
	p := f.peers[id]
	if p == nil {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return p.health.skewed(f.o.MaxSkew)
}

// Ahead is how far a company's clock is ahead of this one's, by the best probe; zero
// for one that has not been compared.
func (f *Federation) Ahead(id charging.CompanyID) time.Duration {
	p := f.peers[id]
	if p == nil {
		return 0
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return p.health.best().skew
}
