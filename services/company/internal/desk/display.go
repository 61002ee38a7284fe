package desk

import (
	"context"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// statusLife is how long what is shown of the EVSEs is taken from memory.
const statusLife = time.Second

// shown is how the company's EVSEs are shown to others, read at a time: out of
// service, or with a car at the plug. What is done at a plug rests on the
// calendars alone.
type shown struct {
	is map[charging.EVSEID]charging.Condition
	at time.Time
	// now is what follows for each EVSE, read at the same time or a moment later.
	now map[charging.EVSEID]charging.Presence
}

// display is how this company's EVSEs are shown. What is shown may lag behind the
// calendars for a moment, and is mended from them.
type display struct {
	*ground
	mu    sync.Mutex
	shown shown
}

// conditions is how the EVSEs are shown, at most statusLife old. The caller must
// not change it.
func (d *display) conditions(ctx context.Context) (map[charging.EVSEID]charging.Condition, error) {
	d.mu.Lock()
	known := d.shown
	d.mu.Unlock()
	if known.is != nil && d.o.Now().Sub(known.at) < statusLife {
		return known.is, nil
	}
	is, err := d.o.Calendar.Shown(ctx)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	d.shown = shown{is: is, at: d.o.Now()}
	d.mu.Unlock()
	return is, nil
}

// presences is how every EVSE that is offered is now, at most statusLife old. The caller
// must not change it.
func (d *display) presences(ctx context.Context) (map[charging.EVSEID]charging.Presence, error) {
	is, err := d.conditions(ctx)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	known := d.shown
	d.mu.Unlock()
	if known.now != nil && d.o.Now().Sub(known.at) < statusLife {
		return known.now, nil
	}
	var all []charging.Premises
	o := d.offered.Load()
	for _, home := range o.homes {
		for _, s := range o.at[home] {
			all = append(all, charging.Premises{Location: home, EVSEs: s.evses})
		}
	}
	now, err := d.o.Calendar.Present(ctx, all, is)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.shown.at.Equal(known.at) { // nothing was changed meanwhile
		d.shown.now = now
	}
	return now, nil
}

func (d *display) forgetStatus() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shown = shown{}
}

// show has an EVSE shown as it is. What fails is mended by the patrol.
func (d *display) show(ctx context.Context, evse charging.EVSEID, is charging.Condition) {
	if err := d.o.Calendar.Show(ctx, evse, is); err != nil {
		d.trouble(ctx, "show how "+string(evse)+" is", err)
	}
	d.forgetStatus()
}

// left has an EVSE shown as free that was shown with the car of a reservation.
func (d *display) left(ctx context.Context, evse charging.EVSEID, id charging.ReservationID) {
	d.forgetStatus()
	if is, err := d.conditions(ctx); err == nil && is[evse].Charging == id {
		d.show(ctx, evse, charging.Condition{})
	}
}

// compare mends what is shown of some premises where it is not so: a server may
// have died between the two.
func (d *display) compare(ctx context.Context, at charging.Premises, due charging.Due) {
	is, err := d.conditions(ctx)
	if err != nil || !due.Begun && agrees(at.EVSEs, is, due.Out) {
		return
	}
	// Read in this order, what is changed meanwhile is seen in both or in the
	// second only, which counts.
	d.forgetStatus()
	is, err = d.conditions(ctx)
	if err == nil {
		err = d.mend(ctx, at, is)
	}
	if err != nil {
		d.trouble(ctx, "compare how the EVSEs of "+string(at.Location)+" are shown", err)
	}
}

// agrees reports whether what is shown of some EVSEs is what is known of them
// without a look at their calendars: nobody is at their plugs.
func agrees(evses []charging.EVSEID, is map[charging.EVSEID]charging.Condition, out map[charging.EVSEID]string) bool {
	for _, e := range evses {
		if is[e].OutOfService != out[e] || is[e].Charging != "" {
			return false
		}
	}
	return true
}

func (d *display) mend(ctx context.Context, at charging.Premises, is map[charging.EVSEID]charging.Condition) error {
	present, err := d.o.Calendar.Status(ctx, at.Location, at.EVSEs)
	if err != nil {
		return err
	}
	for _, e := range at.EVSEs {
		if now := present[e]; now.OutOfService != "" {
			present[e] = charging.Condition{OutOfService: now.OutOfService}
		}
		if is[e] != present[e] {
			d.show(ctx, e, present[e])
		}
	}
	return nil
}

// Plugged are the reservations with a car at one of the company's plugs, as they are
// shown. STORE_UNAVAILABLE.
func (d *Desk) Plugged(ctx context.Context) ([]charging.ReservationID, error) {
	return d.display.plugged(ctx)
}

func (d *display) plugged(ctx context.Context) ([]charging.ReservationID, error) {
	is, err := d.conditions(ctx)
	if err != nil {
		return nil, err
	}
	var at []charging.ReservationID
	for _, c := range is {
		if c.Charging != "" {
			at = append(at, c.Charging)
		}
	}
	return at, nil
}

// Status tells which EVSEs are out of service, and why.
func (d *Desk) Status(ctx context.Context) (map[charging.EVSEID]string, error) {
	return d.display.status(ctx)
}

func (d *display) status(ctx context.Context) (map[charging.EVSEID]string, error) {
	shown, err := d.o.Calendar.Shown(ctx)
	if err != nil {
		return nil, err
	}
	out := map[charging.EVSEID]string{}
	for evse, is := range shown {
		if is.OutOfService != "" {
			out[evse] = is.OutOfService
		}
	}
	return out, nil
}
