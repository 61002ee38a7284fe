package federation

import (
	"context"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// availabilityCache is what a peer has said of its EVSEs' free windows, so that it need not be asked
// at every plan. An entry is good while the peer's events are heard and none says that the
// calendar has changed, while this company has not changed it itself, and for
// Options.AvailabilityLife at most; what is not is asked for again. Guarded by f.mu.
type availabilityCache struct {
	byEVSE map[charging.EVSEID]cachedAvailability
	// heard is true while the peer's events arrive.
	heard bool
}

// cachedAvailability is one EVSE's.
type cachedAvailability struct {
	windows []charging.Window
	// covers is what was asked for.
	covers charging.Window
	// at is when it was asked for; zero for one that is no longer good.
	at time.Time
	// changed is when the calendar was last heard to change.
	changed time.Time
}

// Hear notes whether a peer's events arrive. What was changed while they did not has not
// been told.
func (f *Federation) Hear(id charging.CompanyID, heard bool) {
	p := f.peers[id]
	if p == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	p.availabilityCache.heard = heard
	p.availabilityCache.byEVSE = nil
}

// Changed notes that the calendar of a peer's EVSE has changed.
func (f *Federation) Changed(id charging.EVSEID) {
	if p := f.peers[id.Company()]; p != nil {
		p.forget(id)
	}
}

func (p *peer) forget(id charging.EVSEID) {
	p.f.mu.Lock()
	defer p.f.mu.Unlock()
	if _, known := p.locationCache.byEVSE[id]; !known {
		return
	}
	if p.availabilityCache.byEVSE == nil {
		p.availabilityCache.byEVSE = map[charging.EVSEID]cachedAvailability{}
	}
	p.availabilityCache.byEVSE[id] = cachedAvailability{changed: time.Now()}
}

// Calendars lists the free windows of EVSEs of any companies from the window need, and
// when each company said so at the latest. They may be as old as Options.AvailabilityLife;
// what is unknown or older is asked for, with ask, which contains need. Companies that do
// not answer are missing, like in Availability.
func (f *Federation) Calendars(ctx context.Context, evses []charging.EVSEID, need, ask charging.Window) ([]charging.Free, map[charging.CompanyID]time.Time, map[charging.CompanyID]error) {
	order, groups := byCompany(evses)
	lists := make([][]charging.Free, len(order))
	ages := make([]time.Time, len(order))
	errs := make([]error, len(order))
	var wg sync.WaitGroup
	for i, c := range order {
		wg.Go(func() { lists[i], ages[i], errs[i] = f.calendarsOf(ctx, c, groups[c], need, ask) })
	}
	wg.Wait()
	var all []charging.Free
	asOf := map[charging.CompanyID]time.Time{}
	missing := map[charging.CompanyID]error{}
	for i, c := range order {
		if errs[i] != nil {
			missing[c] = errs[i]
			continue
		}
		all, asOf[c] = append(all, lists[i]...), ages[i]
	}
	return all, asOf, missing
}

func (f *Federation) calendarsOf(ctx context.Context, id charging.CompanyID, evses []charging.EVSEID, need, ask charging.Window) ([]charging.Free, time.Time, error) {
	p := f.peers[id]
	if p == nil {
		began := time.Now()
		list, err := f.availabilityAt(ctx, id, evses, need)
		return list, began, err
	}
	if f.o.Suspended(id) != "" {
		return nil, time.Now(), nil
	}
	known, lacking, oldest := p.read(evses, need)
	if len(lacking) == 0 {
		return known, oldest, nil
	}
	began := time.Now()
	list, err := p.availability(ctx, lacking, ask)
	if err != nil {
		return nil, oldest, err
	}
	p.write(list, ask, began)
	if oldest.IsZero() {
		oldest = began
	}
	return append(known, list...), oldest, nil
}

// read gives what is known of EVSEs, the EVSEs that must be asked for, and how old the
// oldest page is.
func (p *peer) read(evses []charging.EVSEID, need charging.Window) (known []charging.Free, lacking []charging.EVSEID, oldest time.Time) {
	p.f.mu.Lock()
	defer p.f.mu.Unlock()
	for _, id := range evses {
		page, ok := p.availabilityCache.byEVSE[id]
		if !ok || !p.availabilityCache.heard || page.at.IsZero() || time.Since(page.at) >= p.f.o.AvailabilityLife ||
			need.Start.Before(page.covers.Start) || need.End.After(page.covers.End) {
			lacking = append(lacking, id)
			continue
		}
		known = append(known, charging.Free{EVSEID: id, Windows: page.windows})
		if oldest.IsZero() || page.at.Before(oldest) {
			oldest = page.at
		}
	}
	return known, lacking, oldest
}

// write keeps what a peer has said, but for what has changed since it was asked.
func (p *peer) write(list []charging.Free, covers charging.Window, began time.Time) {
	p.f.mu.Lock()
	defer p.f.mu.Unlock()
	if p.availabilityCache.byEVSE == nil {
		p.availabilityCache.byEVSE = map[charging.EVSEID]cachedAvailability{}
	}
	for _, free := range list {
		if free.EVSEID.Company() == p.ID && !p.availabilityCache.byEVSE[free.EVSEID].changed.After(began) {
			p.availabilityCache.byEVSE[free.EVSEID] = cachedAvailability{windows: free.Windows, covers: covers, at: began}
		}
	}
}
