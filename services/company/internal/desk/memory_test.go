package desk

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// memory is a calendar in a map: the contract in plain Go, against which the
// desk is tested without a store.
type memory struct {
	mu      sync.Mutex
	now     func() time.Time // civil
	recs    map[charging.ReservationID]*record
	epochs  map[string]charging.Ref
	out     map[charging.EVSEID]string
	barred  map[charging.CompanyID]charging.Suspension // of all locations at once
	shown   map[charging.EVSEID]charging.Condition
	looks   int // locations whose agenda was read
	box     map[charging.ReservationID]charging.OutboundNotice
	cars    map[charging.VehicleID]charging.Visit
	numbers int
	fence   int64
	down    error
	settled []charging.ReservationID
	holds   int
}

type record struct {
	charging.Grant
	loc            charging.LocationID
	owner          string
	first, expires time.Time
	confirmed      time.Time
	moves          int64
	// from is where its entry in the calendar begins: earlier than its window's start
	// once its car has plugged in early.
	from, freed, asked time.Time
	planned            float64
	blocked            bool
}

// taken is what the reservation occupies.
func (r *record) taken() charging.Window {
	w := r.Window
	if r.State == charging.Charging && r.from.Before(w.Start) {
		w.Start = r.from
	}
	return w
}

var _ Calendar = (*memory)(nil)

func newMemory(now func() time.Time) *memory {
	return &memory{
		now: now, recs: map[charging.ReservationID]*record{}, epochs: map[string]charging.Ref{},
		out: map[charging.EVSEID]string{}, shown: map[charging.EVSEID]charging.Condition{}, box: map[charging.ReservationID]charging.OutboundNotice{},
		cars: map[charging.VehicleID]charging.Visit{}, barred: map[charging.CompanyID]charging.Suspension{},
	}
}

func (m *memory) lock() (func(), error) {
	m.mu.Lock()
	if m.down != nil {
		m.mu.Unlock()
		return nil, m.down
	}
	return m.mu.Unlock, nil
}

func refuse(code charging.Code) error { return charging.Refuse(code, "as the test's calendar says") }

// lapse turns an old hold EXPIRED and an unused RESERVED NO_SHOW.
func (m *memory) lapse(r *record, noShow time.Duration) {
	switch {
	case (r.State == charging.Claimed || r.State == charging.Pending) && !time.Now().Before(r.expires):
		r.State = charging.Expired
	case r.State == charging.Reserved && m.gone(r, noShow, m.now()):
		r.State = charging.NoShow
		m.tell(r, "")
	}
}

func (m *memory) gone(r *record, noShow time.Duration, word time.Time) bool {
	if !m.now().Before(r.Window.End) {
		return noShow > 0
	}
	from := r.Window.Start
	if r.freed.After(from) {
		from = r.freed
	}
	return noShow > 0 && !word.Before(from.Add(noShow)) && m.plugged(r.EVSEID) == nil
}

// plugged finds whose car is at the plug.
func (m *memory) plugged(evse charging.EVSEID) *record {
	for _, r := range m.recs {
		if r.EVSEID == evse && r.State == charging.Charging {
			return r
		}
	}
	return nil
}

// tell puts a notice in the outbox, in the place of an earlier one.
func (m *memory) tell(r *record, word string) charging.OutboundNotice {
	m.numbers++
	v := r.victim("")
	if v.Number = strconv.Itoa(m.numbers); word != "" {
		v.Reason = word
	}
	m.box[r.ID] = v
	return v
}

// finish ends a session with its bill and tells those who wait for the plug.
func (m *memory) finish(r *record, ended time.Time, kWh float64, meter charging.Meter, estimated bool) charging.OutboundNotice {
	s := meter.Tariff.Bill(r.Window, r.Started, ended, kWh)
	s.Estimated = estimated
	r.State, r.Session, r.asked = charging.Fulfilled, &s, time.Time{}
	for _, o := range m.recs {
		if o.EVSEID == r.EVSEID && o.State == charging.Reserved && m.now().Before(o.Window.End) && o.Window.Start.Before(m.now().Add(time.Hour)) {
			if o.freed = m.now(); o.blocked {
				o.blocked = false
				m.tell(o, "EVSE_FREE")
			}
		}
	}
	return m.tell(r, "")
}

func (m *memory) estimate(r *record, ended time.Time, meter charging.Meter) charging.OutboundNotice {
	kWh := meter.MaxPowerKW * ended.Sub(r.Started).Hours()
	if r.planned > 0 {
		kWh = min(kWh, r.planned)
	}
	return m.finish(r, ended, kWh, meter, true)
}

func (r *record) victim(by charging.TripID) charging.OutboundNotice {
	return charging.OutboundNotice{Origin: r.Origin, Notice: charging.Notice{
		TripID: r.TripID, ReservationID: r.ID, Leg: r.Leg, State: r.State, Reason: r.Reason, By: by, Session: r.Session,
	}}
}

func (r *record) answer(replay bool) charging.Reservation {
	res := r.Reservation
	res.Replay, res.Open = replay, !r.asked.IsZero()
	if res.State == charging.Claimed || res.State == charging.Pending {
		res.TTL = time.Until(r.expires)
	} else {
		res.TTL = 0
	}
	return res
}

// known finds the record and checks who asks: origin, identity, epoch.
func (m *memory) known(at charging.At) (*record, error) {
	r := m.recs[at.ID]
	if r != nil {
		m.lapse(r, 0)
		if r.Origin != at.Origin {
			return r, refuse(charging.CodeForbidden)
		}
		if r.TripID != at.TripID || r.EVSEID != at.EVSEID || r.moves == 0 && !r.Window.End.Equal(at.End) {
			return r, refuse(charging.CodeIDReused)
		}
	}
	return r, m.epoch(at.Ref)
}

func (m *memory) epoch(ref charging.Ref) error {
	key := string(ref.Origin) + string(ref.TripID)
	seen, ok := m.epochs[key]
	if ok && (ref.Epoch < seen.Epoch || ref.Epoch == seen.Epoch && ref.Owner != seen.Owner) {
		return &charging.Refusal{Code: charging.CodeStaleOwner, SeenEpoch: seen.Epoch}
	}
	m.epochs[key] = ref
	return nil
}

func final(s charging.State) error {
	switch s {
	case charging.Expired:
		return refuse(charging.CodeHoldExpired)
	case charging.Preempted:
		return refuse(charging.CodeHoldPreempted)
	case charging.Canceled, charging.Fulfilled, charging.NoShow:
		return refuse(charging.CodeAlreadyCompensated)
	}
	return nil
}

func (m *memory) Hold(_ context.Context, h charging.Hold) (charging.Grant, error) {
	unlock, err := m.lock()
	if err != nil {
		return charging.Grant{}, err
	}
	defer unlock()
	m.holds++
	at := charging.At{Location: h.Location, Ref: h.Ref}
	r, err := m.known(at)
	if err != nil {
		return charging.Grant{}, err
	}
	if r != nil && r.Leg != 0 {
		return m.repeat(r, h)
	}
	if r != nil {
		return charging.Grant{}, final(r.State)
	}
	if s := m.barred[h.Origin]; s.InForce() {
		return charging.Grant{}, charging.Barred(h.Origin, s.Reason)
	}
	if m.out[h.EVSEID] != "" {
		return charging.Grant{}, refuse(charging.CodeEVSEOutOfService)
	}
	younger, err := m.inTheWay(h)
	if err != nil {
		return charging.Grant{}, err
	}
	return m.grant(h, younger), nil
}

func (m *memory) repeat(r *record, h charging.Hold) (charging.Grant, error) {
	if r.Leg != h.Leg || !r.Window.Equal(h.Window()) || r.VehicleID != h.VehicleID {
		return charging.Grant{}, refuse(charging.CodeIDReused)
	}
	if err := final(r.State); err != nil {
		return charging.Grant{}, err
	}
	moved := r.State == charging.Claimed && h.Want == charging.Pending
	if moved {
		r.State = charging.Pending
	}
	g := r.Grant
	g.Reservation = r.answer(!moved)
	return g, nil
}

// inTheWay looks at all that overlaps before anything is changed.
func (m *memory) inTheWay(h charging.Hold) (younger []*record, err error) {
	var own, settled, older, unsettled *record
	for _, r := range m.recs {
		m.lapse(r, h.NoShow)
		if r.EVSEID != h.EVSEID || !r.State.Holds() || !r.taken().Overlaps(h.Window()) {
			continue
		}
		switch {
		case r.TripID == h.TripID && r.Origin == h.Origin:
			own = r
		case r.State == charging.Charging || r.State == charging.Reserved && r.Settled:
			settled = r
		case r.State == charging.Reserved:
			unsettled = r
		case charging.Older(h.GrantedAt, h.TripID, r.GrantedAt, r.TripID):
			younger = append(younger, r)
		default:
			older = r
		}
	}
	for _, c := range []struct {
		r    *record
		code charging.Code
	}{
		{own, charging.CodeSlotTaken},
		{settled, charging.CodeSlotTaken},
		{older, charging.CodePriorityLost},
		{unsettled, charging.CodeSlotTaken},
	} {
		if c.r != nil {
			return nil, &charging.Refusal{Code: c.code, Conflict: &charging.Conflict{
				EVSEID: c.r.EVSEID, State: c.r.State, Window: c.r.taken(), Settled: c.r == settled, Own: c.r == own,
				GrantedAt: c.r.GrantedAt, TripID: c.r.TripID, ReservationID: c.r.ID, Origin: c.r.Origin,
			}}
		}
	}
	return younger, nil
}

func (m *memory) grant(h charging.Hold, younger []*record) charging.Grant {
	m.fence = max(m.fence+1, time.Now().UnixMicro())
	r := &record{loc: h.Location, owner: h.Owner, first: time.Now(), expires: time.Now().Add(h.TTL)}
	r.Reservation = charging.Reservation{
		ID: h.ID, TripID: h.TripID, Origin: h.Origin, Leg: h.Leg, EVSEID: h.EVSEID, Window: h.Window(),
		VehicleID: h.VehicleID, State: h.Want, Fence: m.fence, Epoch: h.Epoch, GrantedAt: h.GrantedAt,
	}
	if h.Stamp {
		r.GrantedAt, r.Stamped, r.KeyID = strconv.FormatInt(max(m.fence, h.StampFloor), 10), true, h.KeyID
	}
	m.recs[h.ID] = r
	g := r.Grant
	g.Reservation = r.answer(false)
	for _, y := range younger {
		y.State = charging.Preempted
		g.Preempted = append(g.Preempted, y.victim(h.TripID))
	}
	return g
}

func (m *memory) Renew(_ context.Context, at charging.At, ttl time.Duration) (charging.Reservation, error) {
	return m.act(at, charging.CodeUnknownReservation, func(r *record) error {
		if err := final(r.State); err != nil || r.State.Booked() {
			return err
		}
		longest := r.first.Add(charging.MaxHold)
		if want := time.Now().Add(ttl); want.After(r.expires) {
			r.expires = want
		}
		if r.expires.After(longest) {
			r.expires = longest
		}
		return nil
	})
}

// act runs f on a known record, and says whether it changed the state.
func (m *memory) act(at charging.At, unknown charging.Code, f func(*record) error) (charging.Reservation, error) {
	unlock, err := m.lock()
	if err != nil {
		return charging.Reservation{}, err
	}
	defer unlock()
	r, err := m.known(at)
	if err != nil {
		return charging.Reservation{}, err
	}
	if r == nil {
		return charging.Reservation{}, refuse(unknown)
	}
	was := r.State
	if err := f(r); err != nil {
		return charging.Reservation{}, err
	}
	return r.answer(was == r.State), nil
}

func (m *memory) Confirm(_ context.Context, at charging.At) (charging.Reservation, error) {
	return m.act(at, charging.CodeUnknownReservation, func(r *record) error {
		if err := final(r.State); err != nil {
			return err
		}
		if r.State == charging.Claimed {
			return refuse(charging.CodeUnknownReservation)
		}
		if r.State.Booked() {
			return nil
		}
		r.State, r.confirmed = charging.Reserved, time.Now()
		return nil
	})
}

func (m *memory) Compensate(_ context.Context, at charging.At) (charging.Reservation, error) {
	unlock, err := m.lock()
	if err != nil {
		return charging.Reservation{}, err
	}
	defer unlock()
	r, err := m.known(at)
	switch {
	case err != nil:
		return charging.Reservation{}, err
	case r == nil:
		r = &record{loc: at.Location}
		r.Reservation = charging.Reservation{ID: at.ID, TripID: at.TripID, Origin: at.Origin, EVSEID: at.EVSEID, Window: charging.Window{End: at.End}}
		m.recs[at.ID] = r
	case r.State == charging.Charging || r.State == charging.Fulfilled || r.State == charging.NoShow:
		return r.answer(true), nil
	}
	was := r.State
	r.State = charging.Canceled
	return r.answer(was == charging.Canceled), nil
}

// wasSettled lists what Settle was called for, in order.
func (m *memory) wasSettled() []charging.ReservationID {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.settled)
}

func (m *memory) Settle(_ context.Context, _ charging.LocationID, stops []charging.At) error {
	unlock, err := m.lock()
	if err != nil {
		return err
	}
	defer unlock()
	for _, at := range stops {
		if r := m.recs[at.ID]; r != nil {
			r.Settled = true
		}
		m.settled = append(m.settled, at.ID)
	}
	return nil
}

func (m *memory) Drop(_ context.Context, at charging.At, heard charging.Outcome) (charging.Reservation, error) {
	unlock, err := m.lock()
	if err != nil {
		return charging.Reservation{}, err
	}
	defer unlock()
	r := m.recs[at.ID]
	if r == nil {
		return charging.Reservation{}, refuse(charging.CodeUnknownReservation)
	}
	if r.State.Holds() && r.State != charging.Charging && (heard == charging.OutcomeAborted || r.State != charging.Reserved) {
		r.State = charging.Canceled
	}
	return r.answer(false), nil
}

// believed is when something happened by a car's word, not before earliest.
func (m *memory) believed(said, earliest time.Time) time.Time {
	now := m.now()
	if said.IsZero() || said.After(now) {
		said = now
	}
	for _, bound := range []time.Time{now.Add(-charging.LateWord), earliest} {
		if said.Before(bound) {
			said = bound
		}
	}
	return said
}

func (m *memory) Start(_ context.Context, at charging.At, a charging.Arrival, terms charging.Terms) (charging.Reservation, error) {
	return m.act(at, charging.CodeNoReservationHere, func(r *record) error {
		if r.State == charging.Charging || r.State == charging.Fulfilled {
			return nil
		}
		now, earliest := m.now(), r.Window.Start.Add(-terms.EarlyPlug)
		switch {
		case r.State == charging.NoShow:
			return refuse(charging.CodeTooLate)
		case r.State != charging.Reserved:
			return refuse(charging.CodeNoReservationHere)
		case now.Before(earliest):
			return refuse(charging.CodeTooEarly)
		}
		if r.freed.After(earliest) {
			earliest = r.freed
		}
		came := m.believed(a.At, earliest)
		if m.gone(r, terms.NoShowTimeout, came) {
			r.State = charging.NoShow
			m.tell(r, "")
			return refuse(charging.CodeTooLate)
		}
		if m.plugged(r.EVSEID) != nil {
			return &charging.Refusal{Code: charging.CodeEVSEOccupied, Conflict: &charging.Conflict{Window: m.plugged(r.EVSEID).Window}}
		}
		for _, o := range m.recs {
			if m.lapse(o, terms.NoShowTimeout); o != r && o.EVSEID == r.EVSEID && o.State.Holds() && now.Before(r.Window.Start) &&
				o.Window.Overlaps(charging.Window{Start: now, End: r.Window.Start}) {
				return refuse(charging.CodeTooEarly)
			}
		}
		r.State, r.from, r.asked, r.planned, r.blocked = charging.Charging, now, time.Now(), a.PlannedKWh, false
		r.Started, r.Session = came, &charging.Session{StartedAt: came}
		return nil
	})
}

func (m *memory) Answered(_ context.Context, at charging.At) (charging.Reservation, error) {
	return m.act(at, charging.CodeNoReservationHere, func(r *record) error {
		if !r.asked.IsZero() && r.State == charging.Charging {
			m.tell(r, "")
		}
		r.asked = time.Time{}
		return nil
	})
}

func (m *memory) Back(_ context.Context, at charging.At) (charging.Reservation, error) {
	return m.act(at, charging.CodeNoReservationHere, func(r *record) error {
		if r.State == charging.Charging && r.answer(false).Open {
			r.State, r.Session, r.Started, r.asked = charging.Reserved, nil, time.Time{}, time.Time{}
		}
		return nil
	})
}

func (m *memory) ClaimCar(_ context.Context, v charging.VehicleID, at charging.At, over *charging.Visit) (charging.Visit, bool, error) {
	unlock, err := m.lock()
	if err != nil {
		return charging.Visit{}, false, err
	}
	defer unlock()
	had, is := m.cars[v]
	if is && (over == nil || had != *over) && (had.ReservationID != at.ID || !had.Yielded) {
		return had, had.ReservationID == at.ID, nil
	}
	m.fence = max(m.fence+1, time.Now().UnixMicro())
	m.cars[v] = charging.Visit{ReservationID: at.ID, Location: at.Location, EVSEID: at.EVSEID, StartedAt: strconv.FormatInt(m.fence, 10)}
	return m.cars[v], true, nil
}

func (m *memory) ContestCar(_ context.Context, k charging.Contest) (charging.Visit, bool, error) {
	unlock, err := m.lock()
	if err != nil {
		return charging.Visit{}, false, err
	}
	defer unlock()
	its, is := m.cars[k.VehicleID]
	if !is || its.Yielded || its.ReservationID == k.ReservationID {
		return its, false, nil
	}
	if its.Answered || cmp.Or(cmp.Compare(its.StartedAt, k.StartedAt), cmp.Compare(its.EVSEID, k.EVSEID)) < 0 {
		return its, true, nil
	}
	its.Yielded = true
	m.cars[k.VehicleID] = its
	return its, false, nil
}

func (m *memory) AnswerCar(_ context.Context, v charging.VehicleID, its charging.Visit) (bool, error) {
	unlock, err := m.lock()
	if err != nil {
		return false, err
	}
	defer unlock()
	had := m.cars[v]
	if had.ReservationID != its.ReservationID || had.StartedAt != its.StartedAt || had.Yielded {
		return false, nil
	}
	had.Answered = true
	m.cars[v] = had
	return true, nil
}

func (m *memory) FreeCar(_ context.Context, v charging.VehicleID, its charging.Visit) error {
	unlock, err := m.lock()
	if err != nil {
		return err
	}
	defer unlock()
	if had := m.cars[v]; had == its || its.StartedAt == "" && had.ReservationID == its.ReservationID {
		delete(m.cars, v)
	}
	return nil
}

func (m *memory) Complete(_ context.Context, at charging.At, meter charging.Meter) (charging.Reservation, error) {
	return m.act(at, charging.CodeNoReservationHere, func(r *record) error {
		switch {
		case r.State == charging.NoShow:
			return refuse(charging.CodeTooLate)
		case r.State == charging.Reserved:
			return refuse(charging.CodeTooEarly)
		case r.State != charging.Fulfilled && r.State != charging.Charging:
			return refuse(charging.CodeNoReservationHere)
		case r.Session.Over() && !r.Session.Estimated:
			return nil
		}
		ended := m.believed(meter.At, r.Started)
		if r.Session.Over() {
			ended = r.Session.EndedAt
		}
		most := meter.MaxPowerKW * (ended.Sub(r.Started).Hours() + 0.1)
		m.finish(r, ended, min(meter.EnergyKWh, most), meter, false)
		return nil
	})
}

func (m *memory) Move(_ context.Context, at charging.At, to charging.Move, noShow time.Duration) (charging.Reservation, error) {
	if r := m.recs[at.ID]; r != nil {
		at.End = r.Window.End
	}
	return m.act(at, charging.CodeUnknownReservation, func(r *record) error {
		m.lapse(r, noShow)
		if r.State == charging.NoShow {
			return refuse(charging.CodeTooLate)
		}
		if err := final(r.State); err != nil {
			return err
		}
		same := r.Window.Equal(to.To)
		switch {
		case !r.State.Booked():
			return refuse(charging.CodeNoReservationHere)
		case to.Seq < r.moves || to.Seq == r.moves && !same:
			return refuse(charging.CodeIDReused)
		case same:
			r.moves = to.Seq
			return nil
		case !to.To.End.After(m.now()), !to.To.Start.Equal(r.Window.Start) && (!r.Started.IsZero() || to.To.Start.Before(m.now())):
			return refuse(charging.CodeInvalidWindow)
		}
		if m.out[r.EVSEID] != "" {
			return refuse(charging.CodeEVSEOutOfService)
		}
		for _, o := range m.recs {
			if m.lapse(o, noShow); o == r || o.EVSEID != r.EVSEID || !o.State.Holds() || !o.taken().Overlaps(to.To) {
				continue
			}
			mine := o.TripID == r.TripID && o.Origin == r.Origin
			code := charging.CodeSlotTaken
			if !o.State.Booked() && !mine {
				code = charging.CodePriorityLost
			}
			return &charging.Refusal{Code: code, Conflict: &charging.Conflict{State: o.State, Window: o.Window, Own: mine}}
		}
		m.fence = max(m.fence+1, time.Now().UnixMicro())
		r.Window, r.moves, r.Fence = to.To, to.Seq, m.fence
		return nil
	})
}

func (m *memory) Taken(_ context.Context, v charging.VehicleID) (map[charging.ReservationID]charging.TripID, error) {
	unlock, err := m.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	trips := map[charging.ReservationID]charging.TripID{}
	for id, r := range m.recs {
		if res := r.answer(false); res.VehicleID == v {
			trips[id] = res.TripID
		}
	}
	return trips, nil
}

func (m *memory) Reservation(_ context.Context, id charging.ReservationID, among []charging.LocationID) (charging.Reservation, error) {
	unlock, err := m.lock()
	if err != nil {
		return charging.Reservation{}, err
	}
	defer unlock()
	r := m.recs[id]
	if r == nil || !slices.Contains(among, r.loc) {
		return charging.Reservation{}, refuse(charging.CodeUnknownReservation)
	}
	m.lapse(r, 0)
	return r.answer(false), nil
}

func (m *memory) Free(_ context.Context, _ charging.LocationID, evses []charging.EVSEID, w charging.Window) ([]charging.Free, error) {
	unlock, err := m.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	var list []charging.Free
	for _, id := range evses {
		var taken []charging.Window
		for _, r := range m.recs {
			if m.lapse(r, 0); r.EVSEID == id && r.State.Holds() && r.taken().Overlaps(w) {
				taken = append(taken, r.taken())
			}
		}
		slices.SortFunc(taken, func(a, b charging.Window) int { return a.Start.Compare(b.Start) })
		free, from := charging.Free{EVSEID: id}, w.Start
		for _, t := range taken {
			if t.Start.After(from) {
				free.Windows = append(free.Windows, charging.Window{Start: from, End: t.Start})
			}
			from = t.End
		}
		if from.Before(w.End) {
			free.Windows = append(free.Windows, charging.Window{Start: from, End: w.End})
		}
		list = append(list, free)
	}
	return list, nil
}

func (m *memory) Withdraw(_ context.Context, _ charging.LocationID, evse charging.EVSEID, reason string, meter charging.Meter) ([]charging.OutboundNotice, error) {
	unlock, err := m.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	if reason == "" {
		delete(m.out, evse)
		delete(m.shown, evse)
		return nil, nil
	}
	m.out[evse], m.shown[evse] = reason, charging.Condition{OutOfService: reason}
	var victims []charging.OutboundNotice
	for _, r := range m.recs {
		m.lapse(r, 0)
		switch {
		case r.EVSEID != evse || !r.State.Holds():
		case r.State == charging.Charging:
			r.Reason = reason
			victims = append(victims, m.estimate(r, m.now(), meter))
		default:
			r.State, r.Reason = charging.Canceled, reason
			victims = append(victims, m.tell(r, ""))
		}
	}
	return victims, nil
}

func (m *memory) Status(_ context.Context, _ charging.LocationID, evses []charging.EVSEID) (map[charging.EVSEID]charging.Condition, error) {
	unlock, err := m.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	is := map[charging.EVSEID]charging.Condition{}
	for _, id := range evses {
		c := charging.Condition{OutOfService: m.out[id]}
		if r := m.plugged(id); r != nil {
			c.Charging = r.ID
		}
		is[id] = c
	}
	return is, nil
}

func (m *memory) Outbox(_ context.Context, loc charging.LocationID, limit int) ([]charging.OutboundNotice, error) {
	unlock, err := m.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	var list []charging.OutboundNotice
	for id, v := range m.box {
		if m.recs[id].loc == loc && len(list) < limit {
			list = append(list, v)
		}
	}
	return list, nil
}

func (m *memory) Told(_ context.Context, _ charging.LocationID, v charging.OutboundNotice) error {
	unlock, err := m.lock()
	if err != nil {
		return err
	}
	defer unlock()
	if m.box[v.ReservationID].Number == v.Number {
		delete(m.box, v.ReservationID)
	}
	return nil
}

func (m *memory) Unsettled(_ context.Context, loc charging.LocationID, age time.Duration, skip, limit int) ([]charging.Reservation, error) {
	unlock, err := m.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	var list []charging.Reservation
	for _, r := range m.recs {
		if r.loc == loc && r.State.Booked() && !r.Settled && time.Since(r.confirmed) >= age {
			list = append(list, r.answer(false))
		}
	}
	slices.SortFunc(list, func(a, b charging.Reservation) int { return cmp.Compare(a.Fence, b.Fence) })
	list = list[min(skip, len(list)):]
	return list[:min(limit, len(list))], nil
}

func (m *memory) Tidy(_ context.Context, loc charging.LocationID, _ []charging.EVSEID, noShow time.Duration, meter func(charging.EVSEID) charging.Meter) ([]charging.OutboundNotice, error) {
	unlock, err := m.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	var victims []charging.OutboundNotice
	for _, r := range m.recs {
		if r.loc != loc {
			continue
		}
		was := r.State
		m.lapse(r, noShow)
		switch over := r.Window.End.Add(time.Hour); {
		case r.State == charging.NoShow && was != charging.NoShow:
			victims = append(victims, r.victim(""))
		case r.State == charging.Charging && !m.now().Before(over):
			victims = append(victims, m.estimate(r, over, meter(r.EVSEID)))
		case r.State == charging.Charging && !r.asked.IsZero() && time.Since(r.asked) >= charging.OpenPlug:
			open := r.victim("")
			open.Reason = charging.ReasonOpenPlug
			victims = append(victims, open)
		case r.State == charging.Charging && !m.now().Before(r.Window.End):
			if next := m.next(r); next != nil && !next.blocked {
				next.blocked = true
				victims = append(victims, m.tell(next, "EVSE_OCCUPIED"))
			}
		}
	}
	return victims, nil
}

// next is the stop after one whose car is late, if it begins within the hour.
func (m *memory) next(late *record) (first *record) {
	for _, r := range m.recs {
		if r.EVSEID == late.EVSEID && r.State == charging.Reserved && m.now().Before(r.Window.End) &&
			r.Window.Start.Before(m.now().Add(time.Hour)) && (first == nil || r.Window.Start.Before(first.Window.Start)) {
			first = r
		}
	}
	return first
}

func (m *memory) Bar(_ context.Context, _ charging.LocationID, s charging.Suspension) error {
	unlock, err := m.lock()
	if err != nil {
		return err
	}
	defer unlock()
	if m.barred[s.Company].Number <= s.Number {
		m.barred[s.Company] = s
	}
	return nil
}

func (m *memory) Locks(_ context.Context, loc charging.LocationID, _ []charging.EVSEID) ([]charging.Lock, error) {
	unlock, err := m.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	var list []charging.Lock
	for _, r := range m.recs {
		if m.lapse(r, 0); r.loc == loc && (r.State == charging.Claimed || r.State == charging.Pending) {
			list = append(list, charging.Lock{
				Key: fmt.Sprintf("lock:{%s}:%s:%s", loc, r.EVSEID, r.ID), LocationID: loc, EVSEID: r.EVSEID,
				ReservationID: r.ID, TripID: r.TripID, Origin: r.Origin, Start: r.Window.Start, End: r.Window.End, State: r.State,
			})
		}
	}
	return list, nil
}

// expire ends a hold as if its time had passed.
func (m *memory) expire(id charging.ReservationID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.recs[id].expires = time.Now()
}

func (m *memory) setDown(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.down = err
}

func (m *memory) Shown(context.Context) (map[charging.EVSEID]charging.Condition, error) {
	unlock, err := m.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	return maps.Clone(m.shown), nil
}

func (m *memory) Show(_ context.Context, evse charging.EVSEID, is charging.Condition) error {
	unlock, err := m.lock()
	if err != nil {
		return err
	}
	defer unlock()
	if delete(m.shown, evse); is != (charging.Condition{}) {
		m.shown[evse] = is
	}
	return nil
}

func (*memory) Recount(context.Context, charging.LocationID, []charging.EVSEID) (int, error) {
	return 0, nil
}

func (m *memory) Dues(_ context.Context, at []charging.Premises) ([]charging.Due, error) {
	unlock, err := m.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	m.looks += len(at)
	dues := make([]charging.Due, len(at))
	for i, p := range at {
		d := &dues[i]
		for id := range m.box {
			if m.recs[id].loc == p.Location {
				d.Notices++
			}
		}
		for _, r := range m.recs {
			if r.loc != p.Location || !slices.Contains(p.EVSEs, r.EVSEID) || r.State != charging.Reserved {
				continue
			}
			if r.Started.IsZero() {
				d.Next = earlier(d.Next, r.Window.Start.Add(p.NoShow))
			}
			if !r.Settled {
				d.Unsettled = earlier(d.Unsettled, r.confirmed)
			}
		}
		for _, e := range p.EVSEs {
			if why := m.out[e]; why != "" {
				d.Out = map[charging.EVSEID]string{e: why}
			}
		}
	}
	return dues, nil
}

func (m *memory) looked() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.looks
}
