package httpapi

import (
	"context"
	"net/url"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/desk"
	"github.com/eletrovia/eletrovia/services/company/internal/elsewhere"
	"github.com/eletrovia/eletrovia/services/company/internal/events"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
	"github.com/eletrovia/eletrovia/services/company/internal/trips"
)

// FrontDesk takes what drivers and operators ask for; package trips says what
// each method refuses.
type FrontDesk interface {
	planner
	booker
	plugs
	tripReader
	mender
	rearranger
	originator
}

// planner is what plansAPI needs: plans, and what the whole federation offers.
type planner interface {
	Plan(ctx context.Context, req api.PlanRequest, by string) ([]trip.Plan, error)
	// Locations and Availability are of the whole federation.
	Locations(ctx context.Context) ([]charging.Location, map[charging.CompanyID]time.Time)
	Availability(ctx context.Context, evse charging.EVSEID, w charging.Window) (charging.Free, error)
}

// booker is what tripsAPI needs.
type booker interface {
	Start(ctx context.Context, req api.TripRequest, key string) (t trip.Trip, replayed bool, err error)
	Wait(ctx context.Context, id charging.TripID) (trip.Trip, error)
	Trip(ctx context.Context, id charging.TripID) (trip.Trip, error)
	List(ctx context.Context, q trip.Query) ([]trip.Trip, int, error)
	// Page gives what a query wants after its cursor, and the cursor of what follows.
	Page(ctx context.Context, q trip.Query) (page []trip.Trip, next string, err error)
	// WithPlan and WithPlans put plans into trips, the second without geometry.
	WithPlan(ctx context.Context, t trip.Trip) trip.Trip
	WithPlans(ctx context.Context, ts []trip.Trip)
	History(ctx context.Context, id charging.TripID) ([]trip.Entry, error)
	Decide(ctx context.Context, id charging.TripID, req api.DecisionRequest) (trip.Trip, error)
	Cancel(ctx context.Context, id charging.TripID) (trip.Trip, error)
	Alternatives(ctx context.Context, id charging.TripID, leg int) ([]trip.Alternative, error)
	Swap(ctx context.Context, id charging.TripID, req api.SwapRequest) (trip.Trip, error)
}

// plugs is what vehiclesAPI needs.
type plugs interface {
	// Plug and Unplug are what a car says at a charger.
	Plug(ctx context.Context, vehicle charging.VehicleID, p charging.Plug) (charging.Reservation, error)
	Unplug(ctx context.Context, vehicle charging.VehicleID, p charging.Plug) (charging.Reservation, error)
}

// tripReader is what eventsAPI needs for a snapshot.
type tripReader interface {
	List(ctx context.Context, q trip.Query) ([]trip.Trip, int, error)
	Some(ctx context.Context, ids []charging.TripID) ([]trip.Trip, error)
}

// mender is what operatorAPI needs for trips that are stuck or lost.
type mender interface {
	Trip(ctx context.Context, id charging.TripID) (trip.Trip, error)
	Retry(ctx context.Context, id charging.TripID) (trip.Trip, error)
	Resolve(ctx context.Context, id charging.TripID, reason string) (trip.Trip, error)
	// Forgotten are stops that companies keep for trips that are lost here.
	Forgotten() []trips.Forgotten
}

// rearranger is what ownerAPI needs for stops of own trips.
type rearranger interface {
	// Extend and Rebook give a stop of an own trip another window, or another EVSE.
	Extend(ctx context.Context, id charging.TripID, reservation charging.ReservationID, by time.Duration) (trip.Trip, error)
	Rebook(ctx context.Context, id charging.TripID, reservation charging.ReservationID, evse charging.EVSEID, w charging.Window) (trip.Trip, error)
}

// originator is what federationAPI needs: participants of this company's trips ask and say it.
type originator interface {
	// Outcomes and Notice are what participants of this company's trips ask and say.
	Outcomes(ctx context.Context, from charging.CompanyID, about []charging.Question) ([]charging.Outcome, error)
	Notice(ctx context.Context, from charging.CompanyID, n charging.Notice) error
	// Promises is what a company asks that has lost its memory.
	Promises(ctx context.Context, at charging.CompanyID, after string) (page []charging.Promise, next string, err error)
	// Rearrange is Extend and Rebook by the word of the company at whose EVSE the stop is.
	Rearrange(ctx context.Context, from charging.CompanyID, id charging.TripID, q api.Rearrange) (api.Rearranged, error)
}

// Desk is this company as its peers and its operator use it; package desk says
// what each method refuses.
type Desk interface {
	peerDesk
	offer
	ownerDesk
	lossDesk
}

// peerDesk is what reservationsAPI needs.
type peerDesk interface {
	charging.Company
	charging.Sessions
	charging.Garage
	charging.Mover
	Issued(ctx context.Context, t charging.Ticket) (bool, error)
	Reservation(ctx context.Context, id charging.ReservationID, reader charging.CompanyID) (charging.Reservation, error)
}

// offer is what federationAPI needs.
type offer interface {
	Locations(ctx context.Context) []charging.Location
	Availability(ctx context.Context, evses []charging.EVSEID, w charging.Window) ([]charging.Free, error)
}

// ownerDesk is what ownerAPI needs.
type ownerDesk interface {
	Locations(ctx context.Context) []charging.Location
	Reservation(ctx context.Context, id charging.ReservationID, reader charging.CompanyID) (charging.Reservation, error)
	Locks(ctx context.Context) ([]charging.Lock, error)
	// Calendars and Bookings are what stands at this company's EVSEs, whoever booked.
	Calendars(ctx context.Context, w charging.Window, location charging.LocationID) ([]charging.Agenda, error)
	Bookings(ctx context.Context, q desk.BookingQuery) (list []charging.Reservation, more bool, err error)
	// History is what this company has seen of a reservation.
	History(ctx context.Context, id charging.ReservationID) (charging.Reservation, []charging.Step, error)
	// Cancel ends one booking, or only a hold; CancelVehicle all of a vehicle.
	Cancel(ctx context.Context, id charging.ReservationID, reason string, holdsAlone bool) (charging.Reservation, error)
	CancelVehicle(ctx context.Context, vehicle charging.VehicleID, reason string) (ended, kept []charging.Reservation, err error)
	WouldLose(ctx context.Context, evse charging.EVSEID) ([]charging.Reservation, error)
	Withdraw(ctx context.Context, evse charging.EVSEID, reason string) ([]charging.OutboundNotice, error)
	ReturnToService(ctx context.Context, evse charging.EVSEID) error
}

// lossDesk is what operatorAPI needs after a loss of data.
type lossDesk interface {
	// Recovery and Orphans are what a loss of memory has left, here and at the
	// originators; AcceptLoss ends the first by the operator's word.
	Recovery() desk.Recovery
	Orphans() []desk.Orphan
	AcceptLoss(ctx context.Context) error
}

// Messages are what operators say to drivers; package courier says what each method
// refuses.
type Messages interface {
	Send(ctx context.Context, v charging.VehicleID, m charging.Message) (sent api.MessageSent, replay bool, err error)
	Receive(ctx context.Context, v charging.VehicleID, m charging.Message) error
	Of(ctx context.Context, v charging.VehicleID) ([]charging.Message, error)
}

// Identity knows who is calling. UNAUTHENTICATED, STORE_UNAVAILABLE.
type Identity interface {
	judge
	sessionKeeper
	registrar
	inviter
	exchanger
}

// judge is what the guards need.
type judge interface {
	// Authenticate judges an Authorization header or, where there is none, a
	// session's id; with neither it is identity.Anybody.
	Authenticate(ctx context.Context, authorization, session string) (identity.Caller, error)
	// OnBehalf judges what a peer shows for a vehicle that has asked it.
	OnBehalf(ctx context.Context, peer charging.CompanyID, id charging.VehicleID, proof string) (identity.Caller, error)
}

// sessionKeeper is what sessionsAPI needs.
type sessionKeeper interface {
	// Authenticate judges an Authorization header or, where there is none, a
	// session's id; with neither it is identity.Anybody.
	Authenticate(ctx context.Context, authorization, session string) (identity.Caller, error)
	Basic(ctx context.Context, user, secret string) (identity.Caller, error)
	OpenSession(ctx context.Context, c identity.Caller) (id string, err error)
	CloseSession(ctx context.Context, id string) error
	// Sessions are a caller's own, EndSession ends one of them by its listed id.
	Sessions(ctx context.Context, c identity.Caller) ([]identity.OpenedSession, error)
	EndSession(ctx context.Context, c identity.Caller, id string) error
	// SessionLife is how long a session lasts.
	SessionLife() time.Duration
}

// registrar is what vehiclesAPI needs.
type registrar interface {
	// Register makes a vehicle and its secret.
	Register(ctx context.Context, q identity.Registration) (charging.VehicleID, string, error)
	// Pass makes what a vehicle shows to another company.
	Pass(who identity.Caller, id charging.VehicleID, audience charging.CompanyID) (token string, expires time.Time, err error)
	// Revoke ends a vehicle's secret and makes another.
	Revoke(ctx context.Context, who identity.Caller, id charging.VehicleID) (secret string, err error)
}

// inviter is what operatorAPI needs.
type inviter interface {
	// Invite makes codes to register with.
	Invite(ctx context.Context, count, days int) (codes []string, expires time.Time, err error)
}

// exchanger is what federationAPI needs.
type exchanger interface {
	// Exchange gives a peer a pass for a vehicle's secret that it was shown.
	Exchange(ctx context.Context, peer charging.CompanyID, id charging.VehicleID, secret string) (token string, expires time.Time, err error)
}

// Audit keeps what was asked for, before it is done. STORE_UNAVAILABLE.
type Audit interface {
	// Note keeps an act, in the place of an earlier word about it.
	Note(ctx context.Context, act charging.Act) error
	// Acts lists acts, newest first, and the cursor of what follows. INVALID_FIELD.
	Acts(ctx context.Context, q charging.ActQuery) (list []charging.Act, next string, err error)
}

// Events is the live stream of what happens on this server.
type Events interface {
	Subscribe(ctx context.Context, after uint64, f events.Filter) *events.Subscription
	// Last is the id of the newest event.
	Last() uint64
}

// Elsewhere asks other companies about trips that began there: package elsewhere.
type Elsewhere interface {
	Ask(ctx context.Context, who identity.Caller, id charging.TripID, q elsewhere.Request) (client.ForwardedAnswer, error)
	// Plug passes on what a car says at a plug. elsewhere.ErrNoStop.
	Plug(ctx context.Context, who identity.Caller, act string, evse charging.EVSEID, body []byte) (client.ForwardedAnswer, error)
	// Listen listens for a vehicle elsewhere until stop; its events are in Follow.
	Listen(who identity.Caller) (l elsewhere.Listening, stop func(), ok bool)
	// Companies may have trips of a caller; List asks them, each for its page.
	Companies(who identity.Caller) []charging.CompanyID
	List(ctx context.Context, who identity.Caller, pages map[charging.CompanyID]url.Values) (map[charging.CompanyID]elsewhere.Part, error)
}

var (
	_ Elsewhere = (*elsewhere.Trips)(nil)
	_ FrontDesk = (*trips.Service)(nil)
	_ Desk      = (*desk.Desk)(nil)
	_ Identity  = (*identity.Service)(nil)
	_ Events    = (*events.Hub)(nil)
)
