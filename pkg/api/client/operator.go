package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// Locks are the holds in force at the company; for its operator.
func (d *Driver) Locks(ctx context.Context) ([]charging.Lock, error) {
	return everything[charging.Lock](ctx, d, "/api/v1/locks")
}

// Overview is the company in figures; for its operator.
func (d *Driver) Overview(ctx context.Context) (api.Overview, error) {
	o, _, err := get[api.Overview](ctx, d, "/api/v1/overview")
	return o, err
}

// Broker is the MQTT broker with a page of its cars; for the operator.
func (d *Driver) Broker(ctx context.Context, limit, offset int) (api.Broker, error) {
	path := "/api/v1/broker"
	if v := page(limit, offset); len(v) > 0 {
		path += "?" + v.Encode()
	}
	b, _, err := get[api.Broker](ctx, d, path)
	return b, err
}

// Calendars are what stands at the company's EVSEs in w, or at one location's; for its
// operator.
func (d *Driver) Calendars(ctx context.Context, w charging.Window, location charging.LocationID) (api.Calendars, error) {
	v := url.Values{}
	for name, at := range map[string]time.Time{"from": w.Start, "to": w.End} {
		if !at.IsZero() {
			v.Set(name, at.UTC().Format(time.RFC3339))
		}
	}
	if location != "" {
		v.Set("location", string(location))
	}
	all, _, err := get[api.Calendars](ctx, d, "/api/v1/calendars?"+v.Encode())
	return all, err
}

// Bookings is a page of what stands at the company's EVSEs, by start, whoever booked;
// for its operator. The query's names are those of the route; next is its after for the
// page that follows, empty where there is none.
func (d *Driver) Bookings(ctx context.Context, query url.Values) (list []api.Booking, next string, err error) {
	list, h, err := get[[]api.Booking](ctx, d, "/api/v1/bookings?"+query.Encode())
	return list, following(h), err
}

// Audit is a page of what operators have asked for, newest first; for the operator. The
// query's names are those of the route; next is its after for the page that follows,
// empty where there is none.
func (d *Driver) Audit(ctx context.Context, query url.Values) (list []charging.Act, next string, err error) {
	list, h, err := get[[]charging.Act](ctx, d, "/api/v1/audit?"+query.Encode())
	return list, following(h), err
}

// ReservationHistory is what the company has seen of a reservation at one of its EVSEs;
// for its operator and its vehicle. UNKNOWN_RESERVATION, FORBIDDEN.
func (d *Driver) ReservationHistory(ctx context.Context, id charging.ReservationID) (api.ReservationHistory, error) {
	h, _, err := get[api.ReservationHistory](ctx, d, bookingOf(id, "history"))
	return h, err
}

// CancelBooking ends one booking at the company's EVSEs; for the operator.
// SESSION_OPEN, NO_RESERVATION_HERE.
func (d *Driver) CancelBooking(ctx context.Context, id charging.ReservationID, q api.OwnerRequest) (api.Booking, error) {
	return send[api.Booking](ctx, d, http.MethodPost, bookingOf(id, "cancel"), q, nil, 0)
}

// ReleaseHold ends a CLAIMED or PENDING; for the operator.
func (d *Driver) ReleaseHold(ctx context.Context, id charging.ReservationID, q api.OwnerRequest) (api.Booking, error) {
	return send[api.Booking](ctx, d, http.MethodPost, bookingOf(id, "release"), q, nil, 0)
}

// Moved is what an extension or a move answers: the trip where it began at the company
// that is asked, else the booking.
type Moved struct {
	Trip    *trip.Trip
	Booking *api.Booking
}

// UnmarshalJSON tells the two apart: a booking has no legs.
func (m *Moved) UnmarshalJSON(raw []byte) error {
	var is struct {
		Legs json.RawMessage `json:"legs"`
	}
	if err := json.Unmarshal(raw, &is); err != nil {
		return err
	}
	if is.Legs != nil {
		return json.Unmarshal(raw, &m.Trip)
	}
	return json.Unmarshal(raw, &m.Booking)
}

// ExtendStay gives a stop of a trip of the company's more minutes, MoveBooking another
// window or EVSE; for the operator. They refuse like a swap.
func (d *Driver) ExtendStay(ctx context.Context, id charging.ReservationID, q api.OwnerRequest) (Moved, error) {
	return send[Moved](ctx, d, http.MethodPost, bookingOf(id, "extend"), q, nil, 0)
}

// MoveBooking gives a stop of a trip of the company's another window or EVSE; for the
// operator.
func (d *Driver) MoveBooking(ctx context.Context, id charging.ReservationID, q api.OwnerRequest) (Moved, error) {
	return send[Moved](ctx, d, http.MethodPost, bookingOf(id, "move"), q, nil, 0)
}

// CancelVehicle ends every booking of a vehicle at the company; for the operator.
func (d *Driver) CancelVehicle(ctx context.Context, id charging.VehicleID, q api.OwnerRequest) (api.Ended, error) {
	return send[api.Ended](ctx, d, http.MethodPost, "/api/v1/vehicles/"+url.PathEscape(string(id))+"/cancel", q, nil, 0)
}

// Message says something to the driver of a vehicle; for the operator. A repeat under the
// same key, where there is one, is the same message. FORBIDDEN, ID_REUSED, RATE_LIMITED.
func (d *Driver) Message(ctx context.Context, id charging.VehicleID, q api.MessageRequest, key string) (api.MessageSent, error) {
	h := http.Header{}
	if key != "" {
		h.Set("Idempotency-Key", key)
	}
	return send[api.MessageSent](ctx, d, http.MethodPost, "/api/v1/vehicles/"+url.PathEscape(string(id))+"/message", q, h, 0)
}

func bookingOf(id charging.ReservationID, verb string) string {
	return "/api/v1/reservations/" + url.PathEscape(string(id)) + "/" + verb
}

// Peers are the other companies as seen from this one; for its operator.
func (d *Driver) Peers(ctx context.Context) ([]api.Peer, error) {
	return everything[api.Peer](ctx, d, "/api/v1/peers")
}

// PeerToken makes what the company shows to a peer, good there for two minutes; for
// its operator. INVALID_FIELD: no peer.
func (d *Driver) PeerToken(ctx context.Context, peer charging.CompanyID) (api.PeerToken, error) {
	return send[api.PeerToken](ctx, d, http.MethodPost, "/api/v1/peers/"+url.PathEscape(string(peer))+"/token", nil, nil, 0)
}

// Suspend ends what a peer holds and gives it nothing more until Resume; for the
// operator. INVALID_FIELD: no peer.
func (d *Driver) Suspend(ctx context.Context, peer charging.CompanyID, q api.SuspendRequest) (api.Suspension, error) {
	return send[api.Suspension](ctx, d, http.MethodPost, "/api/v1/peers/"+url.PathEscape(string(peer))+"/suspend", q, nil, 0)
}

// Resume takes a Suspend back. INVALID_FIELD: no peer.
func (d *Driver) Resume(ctx context.Context, peer charging.CompanyID) (api.Suspension, error) {
	return send[api.Suspension](ctx, d, http.MethodPost, "/api/v1/peers/"+url.PathEscape(string(peer))+"/resume", nil, nil, 0)
}

// Retry looks at a stuck trip now; for the operator.
func (d *Driver) Retry(ctx context.Context, id charging.TripID) (trip.Trip, error) {
	return send[trip.Trip](ctx, d, http.MethodPost, tripOf(id, "/retry"), nil, nil, 0)
}

// Resolve ends a stuck stop by the operator's word.
func (d *Driver) Resolve(ctx context.Context, id charging.TripID, q api.ResolveRequest) (trip.Trip, error) {
	return send[trip.Trip](ctx, d, http.MethodPost, tripOf(id, "/resolve"), q, nil, 0)
}

// Invite makes codes with which vehicles are registered, shown this once; for the
// operator.
func (d *Driver) Invite(ctx context.Context, q api.InviteRequest) (api.Invites, error) {
	return send[api.Invites](ctx, d, http.MethodPost, "/api/v1/invites", q, nil, 0)
}

// Pass makes what a vehicle shows to another company instead of its secret; for the
// vehicle, at the company where it registered.
func (d *Driver) Pass(ctx context.Context, id charging.VehicleID, q api.PassRequest) (api.Pass, error) {
	return send[api.Pass](ctx, d, http.MethodPost, "/api/v1/vehicles/"+url.PathEscape(string(id))+"/token", q, nil, 0)
}

// Revoke ends a vehicle's secret and answers the new one, which is shown this
// once; for the operator of the company where it registered, and the vehicle.
func (d *Driver) Revoke(ctx context.Context, id charging.VehicleID, q api.RevokeRequest) (api.RegisterResponse, error) {
	return send[api.RegisterResponse](ctx, d, http.MethodPost, "/api/v1/vehicles/"+url.PathEscape(string(id))+"/revoke", q, nil, 0)
}

// WouldLose is what SetEVSEStatus would end at an EVSE; it changes nothing.
func (d *Driver) WouldLose(ctx context.Context, evse charging.EVSEID, q api.EVSEStatusRequest) (api.DryRun, error) {
	return send[api.DryRun](ctx, d, http.MethodPut, driverEVSEs+url.PathEscape(string(evse))+"/status?dry_run=true", q, nil, 0)
}

// SetEVSEStatus takes an EVSE out of service or back; for the operator.
func (d *Driver) SetEVSEStatus(ctx context.Context, evse charging.EVSEID, q api.EVSEStatusRequest) error {
	_, err := send[api.EVSEStatusRequest](ctx, d, http.MethodPut, driverEVSEs+url.PathEscape(string(evse))+"/status", q, nil, 0)
	return err
}
