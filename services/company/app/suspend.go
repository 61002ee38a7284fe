package app

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/internal/replicas"
)

// suspensionsEvery is how often the operator's words about peers are read, for what
// another of the company's servers has not told.
const suspensionsEvery = time.Second

// suspensions are the operator's last words about peers, as far as this server has
// heard of them.
type suspensions struct {
	mu  sync.RWMutex
	all map[charging.CompanyID]charging.Suspension
	// left are those that have not been carried out at every location yet.
	left map[charging.CompanyID]bool
}

// of is the last word about a company, the zero value where there is none.
func (s *suspensions) of(id charging.CompanyID) charging.Suspension {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.all[id]
}

// reason is why a company is suspended, empty when it is not.
func (s *suspensions) reason(id charging.CompanyID) string { return s.of(id).Reason }

// hear takes a word, unless a newer one is known.
func (s *suspensions) hear(w charging.Suspension) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if had, known := s.all[w.Company]; known && had.Number >= w.Number {
		return
	}
	if s.all == nil {
		s.all, s.left = map[charging.CompanyID]charging.Suspension{}, map[charging.CompanyID]bool{}
	}
	s.all[w.Company], s.left[w.Company] = w, true
}

// due are the words that have not been carried out everywhere.
func (s *suspensions) due() []charging.Suspension {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var out []charging.Suspension
	for id := range s.left {
		out = append(out, s.all[id])
	}
	return out
}

// done notes that a word has been carried out, if it is still the last one.
func (s *suspensions) done(w charging.Suspension) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all[w.Company].Number == w.Number {
		delete(s.left, w.Company)
	}
}

// lacking are the words that are known here and not listed, to be carried out anew:
// the store has lost them.
func (s *suspensions) lacking(listed []charging.Suspension) []charging.Suspension {
	s.mu.Lock()
	defer s.mu.Unlock()
	lost := maps.Clone(s.all)
	for _, w := range listed {
		delete(lost, w.Company)
	}
	for id := range lost {
		s.left[id] = true
	}
	return slices.Collect(maps.Values(lost))
}

// suspender keeps the operator's words about peers, and carries them out.
type suspender struct{ *core }

// suspend is the operator's word about a peer: with a reason it is suspended, without
// it is resumed. The word is kept first; then it counts at this server; then at every
// location. What it could not reach is done by the watch of any of the company's
// servers. It answers how many holds it has ended; another server may have ended some. STORE_UNAVAILABLE.
func (s *suspender) suspend(ctx context.Context, id charging.CompanyID, reason string) (charging.Suspension, int, error) {
	now, err := s.rooms.store.Time(ctx)
	if err != nil {
		return charging.Suspension{}, 0, err
	}
	w := charging.Suspension{
		Company: id, Number: max(now.UnixMicro(), s.rooms.suspensions.of(id).Number+1), Since: now.UTC().Truncate(time.Millisecond), Reason: reason,
	}
	if _, err := s.rooms.store.Suspend(ctx, w); err != nil {
		return w, 0, err
	}
	s.rooms.suspensions.hear(w)
	released, err := s.carryOut(ctx, w)
	s.rooms.replicas.Tell(replicas.Message{Kind: replicas.Suspended}, nil)
	return w, released, err
}

// carryOut makes a word count at every location, and at the broker.
func (s *suspender) carryOut(ctx context.Context, w charging.Suspension) (released int, err error) {
	s.rooms.broker.Recheck()
	if released, err = s.rooms.desk.Suspend(ctx, w); err == nil {
		s.rooms.suspensions.done(w)
	}
	return released, err
}

// watchSuspensions keeps the operator's words: each second, and at once when another
// server tells of one.
func (s *suspender) watchSuspensions(ctx context.Context) {
	tick := time.NewTicker(suspensionsEvery)
	defer tick.Stop()
	for {
		s.readSuspensions(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-s.rooms.resuspend:
		}
	}
}

// readSuspensions takes the words from the store, tells it those that it has lost, and
// carries out what is left.
func (s *suspender) readSuspensions(ctx context.Context) {
	listed, err := s.rooms.store.Suspended(ctx)
	if err != nil {
		return // the store's own watch says so; the next tick tries again
	}
	for _, w := range listed {
		s.rooms.suspensions.hear(w)
	}
	for _, w := range s.rooms.suspensions.lacking(listed) {
		if _, err := s.rooms.store.Suspend(ctx, w); err != nil {
			return
		}
	}
	for _, w := range s.rooms.suspensions.due() {
		if _, err := s.carryOut(ctx, w); err != nil && ctx.Err() == nil {
			s.tell("desk")("the suspension of "+string(w.Company)+" is not carried out everywhere yet", err)
		}
	}
}

// resuspend asks the watch to look now.
func (s *suspender) resuspend() {
	select {
	case s.rooms.resuspend <- struct{}{}:
	default: // it is under way
	}
}

// companyLogin begins the login of a peer at the broker.
const companyLogin = "company "

// stillGood reports whether who logged in at the broker may stay.
func (t *trust) stillGood(login string) bool {
	if id, ok := strings.CutPrefix(login, companyLogin); ok {
		return t.rooms.suspensions.reason(charging.CompanyID(id)) == ""
	}
	return t.rooms.revoked.StillGood(login)
}
