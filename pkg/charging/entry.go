package charging

import "time"

// Agenda is what stands in one EVSE's calendar, as the script that grants sees it.
type Agenda struct {
	EVSEID EVSEID
	// Location is where it is listed, with its name.
	Location LocationID
	Name     string
	// Entries are CLAIMED and PENDING in force, RESERVED and CHARGING, by start. One
	// whose record is lost has its id, window and state only.
	Entries []Reservation
	// OutOfService says why it is, since OutSince (civil time; zero: not known);
	// empty when it is in service.
	OutOfService string
	OutSince     time.Time
}

// Status of the EVSE at an instant of civil time, and since when where that is known:
// broken before occupied, occupied before booked.
func (a Agenda) Status(now time.Time) (s EVSEStatus, since time.Time) {
	if a.OutOfService != "" {
		return StatusOutOfOrder, a.OutSince
	}
	for _, r := range a.Entries {
		if r.State == Charging {
			return StatusCharging, r.Started
		}
	}
	for _, r := range a.Entries {
		if r.State == Reserved && !now.Before(r.Window.Start) && now.Before(r.Window.End) {
			return StatusReserved, r.Window.Start
		}
	}
	return StatusAvailable, time.Time{}
}
