package client

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

const maxTicket = 4096

// plausible reports an answer that cannot be about the reservation asked for:
// another id, trip or EVSE, a state that the action does not lead to, or a
// time that no hold has.
func plausible(r charging.Reservation, ref charging.Ref, states []charging.State) error {
	switch {
	case r.ID != ref.ID || r.TripID != ref.TripID || r.EVSEID != ref.EVSEID || r.Origin != ref.Origin:
		return fmt.Errorf("%w: it is about another reservation", ErrRubbish)
	case !slices.Contains(states, r.State):
		return fmt.Errorf("%w: state %.20q", ErrRubbish, string(r.State))
	case r.TTL < 0 || r.TTL > charging.MaxHold:
		return fmt.Errorf("%w: a hold with %s left", ErrRubbish, r.TTL)
	case r.Fence < 0:
		return fmt.Errorf("%w: fence %d", ErrRubbish, r.Fence)
	case len(r.Ticket) > maxTicket || !plain(r.Ticket):
		return fmt.Errorf("%w: a ticket of %d bytes", ErrRubbish, len(r.Ticket))
	case len(r.GrantedAt) > 16 || !plain(r.GrantedAt):
		return fmt.Errorf("%w: granted at %.20q", ErrRubbish, r.GrantedAt)
	}
	return nil
}

// sameEnd is plausible's part for what has not been moved: a company may answer
// about a moved stop with another end than it was asked by.
func sameEnd(r charging.Reservation, end time.Time) error {
	if !r.Window.End.Equal(end) {
		return fmt.Errorf("%w: the window ends at another time", ErrRubbish)
	}
	return nil
}

// sameHold is plausible's part that only a claim or a reserve can know.
func sameHold(r charging.Reservation, h charging.HoldRequest) error {
	switch {
	case r.Leg != h.Leg || r.VehicleID != h.VehicleID || !r.Window.Start.Equal(h.Start):
		return fmt.Errorf("%w: reservation %s is of another leg, window or vehicle", ErrRubbish, h.ID)
	case r.Fence == 0:
		return fmt.Errorf("%w: reservation %s is granted without a fence", ErrRubbish, h.ID)
	}
	return nil
}

// plain reports whether s is of ASCII that can be printed.
func plain(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}
