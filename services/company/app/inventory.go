package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/internal/desk"
	"github.com/eletrovia/eletrovia/services/company/internal/inventory"
	"github.com/eletrovia/eletrovia/services/company/internal/store"
)

// inventoryEvery is how often the inventory is compared with the store: an EVSE
// that has left is forgotten some time after its last booking.
const inventoryEvery = time.Minute

// settled is an inventory beside what the store remembers (docs/adr/0012-inventories-change.md).
type settled struct {
	desk  desk.Inventory
	view  api.Inventory
	fresh map[charging.EVSEID]store.Enrolled // not noted so yet
	idle  map[charging.EVSEID]store.Enrolled // left, with nothing booked; not noted so yet
	over  []charging.EVSEID                  // left, with no record any more
	notes []string
}

// compare says what becomes of an inventory beside a store. It writes nothing.
func compare(ctx context.Context, st *store.Store, offer inventory.Inventory) (settled, error) {
	s := settled{
		desk:  desk.Inventory{Locations: offer.Locations, Homes: map[charging.EVSEID]charging.LocationID{}},
		view:  api.Inventory{CompanyID: offer.Company, Locations: len(offer.Locations), EVSEs: offer.EVSEs(), Moved: []api.InventoryChange{}, Left: []api.InventoryChange{}},
		fresh: map[charging.EVSEID]store.Enrolled{},
		idle:  map[charging.EVSEID]store.Enrolled{},
	}
	known, err := st.Enrolled(ctx)
	maps.DeleteFunc(known, func(id charging.EVSEID, _ store.Enrolled) bool { return id.Company() != offer.Company })
	if err == nil && len(known) == 0 {
		known, err = s.born(ctx, st, offer)
	}
	if err != nil {
		return s, err
	}
	away := s.offered(offer, known)
	booked, err := st.Booked(ctx, away)
	if err != nil {
		return s, err
	}
	for id := range away {
		s.changed(offer, known[id], id, booked[id], st.Over(known[id]))
	}
	byID := func(a, b api.InventoryChange) int { return cmp.Compare(a.EVSEID, b.EVSEID) }
	slices.SortFunc(s.view.Moved, byID)
	slices.SortFunc(s.view.Left, byID)
	slices.SortFunc(s.desk.Left, func(a, b charging.Location) int { return cmp.Compare(a.EVSEs[0].ID, b.EVSEs[0].ID) })
	return s, nil
}

// born takes calendars that are older than the store's memory of homes for the
// homes of their EVSEs.
func (s *settled) born(ctx context.Context, st *store.Store, offer inventory.Inventory) (map[charging.EVSEID]store.Enrolled, error) {
	births, err := st.Births(ctx)
	known := map[charging.EVSEID]store.Enrolled{}
	for id, homes := range births {
		if id.Company() != offer.Company {
			continue // of another company in the same Redis
		}
		home := homes[0]
		at := charging.Location{ID: home, Company: offer.Company, Terms: offer.Terms, EVSEs: []charging.EVSE{{ID: id}}}
		if l, _, ok := offer.Location(id); ok && slices.Contains(homes, l.ID) {
			home = l.ID
		}
		if len(homes) > 1 {
			s.notes = append(s.notes, fmt.Sprintf("%s has calendars under %v: the one of %s counts from now on", id, homes, home))
		}
		known[id] = store.Enrolled{Home: home, Location: at}
		s.fresh[id] = known[id]
	}
	return known, err
}

// offered fills in the homes of what is offered, and answers the homes of what
// has moved or left.
func (s *settled) offered(offer inventory.Inventory, known map[charging.EVSEID]store.Enrolled) map[charging.EVSEID]charging.LocationID {
	away := map[charging.EVSEID]charging.LocationID{}
	for id, k := range known {
		away[id] = k.Home
	}
	for _, l := range offer.Locations {
		for _, e := range l.EVSEs {
			now := store.Enrolled{Home: l.ID, Location: l}
			now.Location.EVSEs = []charging.EVSE{e}
			was, there := known[e.ID]
			if there {
				now.Home = was.Home
			}
			if !there || !was.Idle.IsZero() || !reflect.DeepEqual(was.Location, now.Location) {
				s.fresh[e.ID] = now
			}
			s.desk.Homes[e.ID] = now.Home
			if now.Home == l.ID {
				delete(away, e.ID)
			}
		}
	}
	return away
}

// changed notes an EVSE that has moved or left.
func (s *settled) changed(offer inventory.Inventory, k store.Enrolled, id charging.EVSEID, b store.Booked, over bool) {
	c := api.InventoryChange{EVSEID: id, Home: k.Home, Bookings: b.Entries}
	if !b.Until.IsZero() {
		c.Until = &b.Until
	}
	if l, _, ok := offer.Location(id); ok {
		c.LocationID = l.ID
		s.view.Moved = append(s.view.Moved, c)
		return
	}
	switch booked := b.Entries+b.Notices > 0; {
	case booked:
		if !k.Idle.IsZero() {
			k.Idle = time.Time{}
			s.fresh[id] = k
		}
		s.view.Left = append(s.view.Left, c)
	case over:
		s.over = append(s.over, id)
		return
	case k.Idle.IsZero():
		k.Idle = time.Now()
		s.idle[id] = k
	}
	s.desk.Homes[id] = k.Home
	s.desk.Left = append(s.desk.Left, k.Location)
}

// InventoryLines are what an operator should know of the EVSEs that have moved or
// left, one line each.
func InventoryLines(v api.Inventory) []string {
	var out []string
	for _, c := range v.Moved {
		out = append(out, fmt.Sprintf("%s is offered at %s, its calendar stays under %s: %d bookings%s", c.EVSEID, c.LocationID, c.Home, c.Bookings, lastEnd(c)))
	}
	for _, c := range v.Left {
		out = append(out, fmt.Sprintf("%s is offered no more and is kept for %d bookings%s", c.EVSEID, c.Bookings, lastEnd(c)))
	}
	return out
}

func lastEnd(c api.InventoryChange) string {
	if c.Until == nil {
		return ""
	}
	return ", the last until " + c.Until.UTC().Format(time.RFC3339)
}

// stock is what the company offers.
type stock struct {
	*core
	// mu lets one change happen at a time; settled is the last.
	mu      sync.Mutex
	settled settled
}

// settle compares an inventory with the store and notes there what is
// new; a.inventoryMu is held. Another server may have noted the same EVSE with
// another home meanwhile, which then counts.
func (k *stock) settle(ctx context.Context, offer inventory.Inventory) (settled, error) {
	s, err := compare(ctx, k.rooms.store, offer)
	if err != nil || len(s.fresh) == 0 {
		return s, err
	}
	if err := k.rooms.store.Enroll(ctx, s.fresh); err != nil {
		return s, err
	}
	notes := s.notes
	s, err = compare(ctx, k.rooms.store, offer)
	s.notes = append(notes, s.notes...)
	return s, err
}

func (k *stock) open(ctx context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	s, err := k.settle(ctx, *k.offer.Load())
	if err != nil {
		return fmt.Errorf("inventory: %w", err)
	}
	k.tellOf(s)
	k.settled = s
	return nil
}

func (k *stock) tellOf(s settled) {
	for _, line := range slices.Concat(s.notes, InventoryLines(s.view)) {
		k.log.Warn().Str("room", "inventory").Msg(line)
	}
}

// view tells what is offered, and what has moved or left under bookings.
func (k *stock) view(ctx context.Context) (api.Inventory, error) {
	s, err := compare(ctx, k.rooms.store, *k.offer.Load())
	return s.view, err
}

// reload reads the inventory's file anew and offers what it says from
// now on. A file that cannot be used changes nothing: INVALID_FIELD names its
// lines. STORE_UNAVAILABLE.
func (k *stock) reload(ctx context.Context) (api.Inventory, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	offer, err := k.o.readInventory()
	if err == nil && offer.Company != k.o.Company {
		err = fmt.Errorf("it describes %s, this is %s", offer.Company, k.o.Company)
	}
	if err != nil {
		return api.Inventory{}, unusable(err)
	}
	s, err := k.settle(ctx, offer)
	if err != nil {
		return api.Inventory{}, err
	}
	if err := k.offerNow(s); err != nil {
		return api.Inventory{}, unusable(err)
	}
	k.offer.Store(&offer)
	k.tellOf(s)
	return s.view, nil
}

// unusable refuses an inventory, with its lines as fields.
func unusable(err error) error {
	r := &charging.Refusal{Code: charging.CodeInvalidField, Cause: err, Detail: "the inventory cannot be used, and nothing has changed: " + err.Error()}
	var problems inventory.Problems
	if errors.As(err, &problems) {
		for _, p := range problems {
			r.Fields = append(r.Fields, charging.FieldError{Field: fmt.Sprintf("line %d", p.Line), Reason: p.Reason})
		}
	}
	return r
}

// offerNow gives the rooms another inventory; a.inventoryMu is held.
func (k *stock) offerNow(s settled) error {
	k.rooms.mark.Cover(s.desk.Places())
	if err := k.rooms.desk.Reload(s.desk); err != nil {
		return err
	}
	k.rooms.federation.ForgetOwn()
	k.settled = s
	return nil
}

// keep compares the inventory with the store now and then, until the
// context ends.
func (k *stock) keep(ctx context.Context) {
	every(ctx, inventoryEvery, func(ctx context.Context) {
		if err := k.review(ctx); err != nil && ctx.Err() == nil {
			k.tell("inventory")("the inventory could not be compared with the store; trying again", err)
		}
	})
}

// review keeps what another server has booked at an EVSE that is not
// offered here, and lets go of what has left and has no record any more,
// where no other server may still offer it.
func (k *stock) review(ctx context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	s, err := k.settle(ctx, *k.offer.Load())
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(s.desk, k.settled.desk) {
		if err := k.offerNow(s); err != nil {
			return err
		}
		k.tellOf(s)
	}
	if k.rooms.replicas.Others() > 0 {
		return nil
	}
	if err := k.rooms.store.Enroll(ctx, s.idle); err != nil {
		return err
	}
	for _, id := range s.over {
		if err := k.rooms.store.Disenroll(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// CheckInventory says what would become of an inventory's file beside the store at
// url, before a server is started with it. It writes nothing.
func CheckInventory(ctx context.Context, file, url, prefix string) (api.Inventory, error) {
	offer, err := inventory.Read(file)
	if err != nil {
		return api.Inventory{}, err
	}
	st, err := store.Open(ctx, store.Options{URL: url, Prefix: prefix})
	if err != nil {
		return api.Inventory{}, fmt.Errorf("store: %w", err)
	}
	defer func() { _ = st.Close() }()
	s, err := compare(ctx, st, offer)
	return s.view, err
}
