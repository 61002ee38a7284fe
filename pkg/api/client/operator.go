package client

import (
	"context"
	"net/http"
	"net/url"

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

// SetEVSEStatus takes an EVSE out of service or back; for the operator.
func (d *Driver) SetEVSEStatus(ctx context.Context, evse charging.EVSEID, q api.EVSEStatusRequest) error {
	_, err := send[api.EVSEStatusRequest](ctx, d, http.MethodPut, driverEVSEs+url.PathEscape(string(evse))+"/status", q, nil, 0)
	return err
}
