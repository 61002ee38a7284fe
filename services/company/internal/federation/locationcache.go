package federation

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// lookAgain is how soon a peer's locations may be read again on demand.
const lookAgain = 5 * time.Second

// locationCache is one company's part of the catalogue.
type locationCache struct {
	list   []charging.Location
	byEVSE map[charging.EVSEID]int
	etag   string
	// at is when the list was last known to be right; zero before the first time.
	at time.Time
	// tried is when it was last asked for, successfully or not.
	tried time.Time
	due   bool
}

func (s *locationCache) put(list []charging.Location, etag string, now time.Time) {
	s.list, s.etag, s.at, s.due = list, etag, now, false
	s.byEVSE = map[charging.EVSEID]int{}
	for i, l := range list {
		for _, e := range l.EVSEs {
			s.byEVSE[e.ID] = i
		}
	}
}

func (p *peer) stale(after time.Duration) bool {
	p.f.mu.Lock()
	defer p.f.mu.Unlock()
	return p.locationCache.due || p.locationCache.at.IsZero() || time.Since(p.locationCache.at) >= after
}

// catalogue is one answer of a peer about its locations.
type catalogue struct {
	list  []charging.Location
	etag  string
	fresh bool
}

// refresh reads a peer's locations, if they are others than those known.
func (p *peer) refresh(ctx context.Context) error {
	p.f.mu.Lock()
	etag := p.locationCache.etag
	p.locationCache.tried = time.Now()
	p.f.mu.Unlock()
	got, err := call(ctx, p, p.f.o.ReadTimeout, "locations", func(ctx context.Context) (c catalogue, err error) {
		c.list, c.etag, c.fresh, err = p.remote.Locations(ctx, etag)
		return c, err
	})
	if err != nil {
		return err
	}
	// A peer describes its own locations only.
	got.list = slices.DeleteFunc(got.list, func(l charging.Location) bool { return l.ID.Company() != p.ID })
	p.f.mu.Lock()
	defer p.f.mu.Unlock()
	if got.fresh {
		p.locationCache.put(got.list, got.etag, time.Now())
	} else {
		p.locationCache.at, p.locationCache.due = time.Now(), false
	}
	return nil
}

// Locations lists the locations of the whole federation and, for each company
// whose locations are known, when they were last known to be right. The own
// ones are of now. A peer that has never been read is asked first.
func (f *Federation) Locations(ctx context.Context) ([]charging.Location, map[charging.CompanyID]time.Time) {
	f.readMissing(ctx)
	var all []charging.Location
	read := map[charging.CompanyID]time.Time{}
	if n := f.local.Load(); n != nil {
		all = append(all, n.desk.Locations(ctx)...)
		read[f.o.Self] = time.Now()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.order {
		if !p.locationCache.at.IsZero() {
			all = append(all, p.locationCache.list...)
			read[p.ID] = p.locationCache.at
		}
	}
	return all, read
}

// readMissing asks the peers that have never been read, all at once.
func (f *Federation) readMissing(ctx context.Context) {
	var wg sync.WaitGroup
	for _, p := range f.order {
		if p.mayLook(func(s *locationCache) bool { return s.at.IsZero() }) {
			wg.Go(func() { _ = p.refresh(ctx) }) // noted in the peer's health
		}
	}
	wg.Wait()
}

// mayLook reports whether a peer should be read now: it is wanted, and it has
// not been tried a moment ago.
func (p *peer) mayLook(wanted func(*locationCache) bool) bool {
	p.f.mu.Lock()
	defer p.f.mu.Unlock()
	return wanted(&p.locationCache) && (p.locationCache.tried.IsZero() || time.Since(p.locationCache.tried) >= lookAgain)
}

// LocationOf finds the location of an EVSE; the status of its EVSEs may be some
// seconds old. UNKNOWN_EVSE; PEER_UNAVAILABLE when its company has never been
// read.
func (f *Federation) LocationOf(ctx context.Context, id charging.EVSEID) (charging.Location, error) {
	n, p, err := f.find(id.Company())
	if err != nil {
		return charging.Location{}, err
	}
	if p == nil {
		return f.ownLocationOf(ctx, n, id)
	}
	l, ok := f.cachedLocation(&p.locationCache, id)
	if !ok && p.mayLook(func(*locationCache) bool { return true }) {
		_ = p.refresh(ctx) // noted in the peer's health
		l, ok = f.cachedLocation(&p.locationCache, id)
	}
	if ok {
		return l, nil
	}
	if p.mayNotKnow() {
		return charging.Location{}, p.unavailable("has not told its locations yet", nil)
	}
	return charging.Location{}, unknownEVSE(id)
}

func (p *peer) mayNotKnow() bool {
	p.f.mu.Lock()
	defer p.f.mu.Unlock()
	return p.locationCache.at.IsZero()
}

func (f *Federation) ownLocationOf(ctx context.Context, n *local, id charging.EVSEID) (charging.Location, error) {
	if l, ok := f.cachedLocation(&f.own, id); ok {
		return l, nil
	}
	list := n.desk.Locations(ctx)
	f.mu.Lock()
	f.own.put(list, "", time.Now())
	f.mu.Unlock()
	if l, ok := f.cachedLocation(&f.own, id); ok {
		return l, nil
	}
	return charging.Location{}, unknownEVSE(id)
}

// ForgetOwn has the own locations read anew: they have changed.
func (f *Federation) ForgetOwn() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.own = locationCache{}
}

func (f *Federation) cachedLocation(s *locationCache, id charging.EVSEID) (charging.Location, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i, ok := s.byEVSE[id]
	if !ok {
		return charging.Location{}, false
	}
	return s.list[i], true
}

func unknownEVSE(id charging.EVSEID) error {
	if err := id.Validate(); err != nil {
		return err
	}
	return charging.Refuse(charging.CodeUnknownEVSE, string(id)+" is at no location of "+string(id.Company()))
}
