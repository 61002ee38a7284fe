package api

import (
	"encoding/json"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Reservation is one stop as its company shows it to the originator.
type Reservation struct {
	ReservationID charging.ReservationID `json:"reservation_id"`
	TripID        charging.TripID        `json:"trip_id"`
	Origin        charging.CompanyID     `json:"origin"`
	Leg           int                    `json:"leg"`
	CompanyID     charging.CompanyID     `json:"company_id"`
	EVSEID        charging.EVSEID        `json:"evse_id"`
	Start         time.Time              `json:"start,omitzero"`
	End           time.Time              `json:"end"`
	VehicleID     charging.VehicleID     `json:"vehicle_id,omitempty"`
	State         charging.State         `json:"state"`
	Fence         int64                  `json:"fence"`
	Epoch         int64                  `json:"epoch"`
	// TTLMillis is what is left of a CLAIMED or PENDING hold.
	TTLMillis int64  `json:"ttl_ms"`
	Settled   bool   `json:"settled"`
	GrantedAt string `json:"granted_at,omitempty"`
	Reason    string `json:"reason,omitempty"`
	// Started is when the car plugged in.
	Started time.Time `json:"started,omitzero"`
	// Session is what the car did at the plug, billed once it has left.
	Session *charging.Session `json:"session,omitempty"`
	Ticket  string            `json:"ticket,omitempty"`
	Replay  bool              `json:"replay,omitempty"`
}

// ReservationOf is the JSON form of a reservation.
func ReservationOf(r charging.Reservation) Reservation {
	return Reservation{
		ReservationID: r.ID, TripID: r.TripID, Origin: r.Origin, Leg: r.Leg,
		CompanyID: r.EVSEID.Company(), EVSEID: r.EVSEID,
		Start: utc(r.Window.Start), End: utc(r.Window.End), VehicleID: r.VehicleID, State: r.State,
		Fence: r.Fence, Epoch: r.Epoch, TTLMillis: r.TTL.Milliseconds(), Settled: r.Settled,
		GrantedAt: r.GrantedAt, Reason: r.Reason, Started: utc(r.Started), Session: r.Session, Ticket: r.Ticket, Replay: r.Replay,
	}
}

// Charging is the reservation as the rest of the system knows it.
func (r Reservation) Charging() charging.Reservation {
	return charging.Reservation{
		ID: r.ReservationID, TripID: r.TripID, Origin: r.Origin, Leg: r.Leg, EVSEID: r.EVSEID,
		Window: charging.NewWindow(r.Start, r.End), VehicleID: r.VehicleID, State: r.State,
		Fence: r.Fence, Epoch: r.Epoch, TTL: time.Duration(r.TTLMillis) * time.Millisecond,
		Settled: r.Settled, GrantedAt: r.GrantedAt, Reason: r.Reason, Started: utc(r.Started), Session: r.Session,
		Ticket: r.Ticket, Replay: r.Replay,
	}
}

// utc keeps the zero time zero, so that omitzero sees it.
func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}

// Location is a charging site with all that one needs to plan on it.
type Location struct {
	LocationID charging.LocationID `json:"location_id"`
	CompanyID  charging.CompanyID  `json:"company_id"`
	Name       string              `json:"name"`
	City       string              `json:"city"`
	State      string              `json:"state"`
	Lat        float64             `json:"lat"`
	Lon        float64             `json:"lon"`
	EVSEs      []EVSE              `json:"evses"`
	Tariffs    []Tariff            `json:"tariffs"`
	Terms      BookingTerms        `json:"booking_terms"`
}

// EVSE of a Location.
type EVSE struct {
	EVSEID charging.EVSEID     `json:"evse_id"`
	Status charging.EVSEStatus `json:"status"`
	// StatusSince is civil time, absent where it is not known; StatusReason is of
	// OUTOFORDER.
	StatusSince  time.Time `json:"status_since,omitzero"`
	StatusReason string    `json:"status_reason,omitempty"`
	// Reserved is how companies tell each other RESERVED, which those of before this
	// edition take for no status: it stands beside AVAILABLE.
	Reserved   bool        `json:"reserved,omitempty"`
	Connectors []Connector `json:"connectors"`
}

// Connector of an EVSE.
type Connector struct {
	ID       string  `json:"id"`
	Standard string  `json:"standard"`
	PowerKW  float64 `json:"power_kw"`
	TariffID string  `json:"tariff_id"`
}

// Tariff of a Location.
type Tariff struct {
	ID         string  `json:"id"`
	Currency   string  `json:"currency"`
	PerKWh     float64 `json:"per_kwh"`
	PerSession float64 `json:"per_session"`
	// IdlePerMinute is charged from IdleGraceMinutes after a window's end on.
	IdlePerMinute    float64 `json:"idle_per_minute,omitempty"`
	IdleGraceMinutes float64 `json:"idle_grace_minutes,omitempty"`
}

// BookingTerms of a Location, in seconds where nothing else is said.
type BookingTerms struct {
	NoShowTimeout float64 `json:"noshow_timeout_seconds"`
	CancelUntil   float64 `json:"cancel_until_seconds"`
	EarlyPlug     float64 `json:"early_plug_seconds"`
	MaxAhead      float64 `json:"max_ahead_seconds"`
	// CancelGraceMinutes after booking a stop can be given back whatever CancelUntil
	// says; absent, there is none.
	CancelGraceMinutes float64 `json:"cancel_grace_minutes,omitempty"`
}

// LocationOf is the JSON form of a location.
func LocationOf(l charging.Location) Location {
	out := Location{
		LocationID: l.ID, CompanyID: l.Company, Name: l.Name, City: l.City, State: l.State,
		Lat: l.Point.Lat, Lon: l.Point.Lon, EVSEs: make([]EVSE, 0, len(l.EVSEs)), Tariffs: make([]Tariff, 0, len(l.Tariffs)),
		Terms: BookingTerms{
			l.Terms.NoShowTimeout.Seconds(), l.Terms.CancelUntil.Seconds(),
			l.Terms.EarlyPlug.Seconds(), l.Terms.MaxAhead.Seconds(), l.Terms.CancelGrace.Minutes(),
		},
	}
	for _, e := range l.EVSEs {
		evse := EVSE{EVSEID: e.ID, Status: e.Status, StatusSince: e.Since, StatusReason: e.Reason, Connectors: make([]Connector, 0, len(e.Connectors))}
		for _, c := range e.Connectors {
			evse.Connectors = append(evse.Connectors, Connector(c))
		}
		out.EVSEs = append(out.EVSEs, evse)
	}
	for _, t := range l.Tariffs {
		out.Tariffs = append(out.Tariffs, Tariff(t))
	}
	return out
}

// LocationForPeers is LocationOf in the words that every edition knows.
func LocationForPeers(l charging.Location) Location {
	out := LocationOf(l)
	for i := range out.EVSEs {
		if e := &out.EVSEs[i]; e.Status == charging.StatusReserved {
			e.Status, e.Reserved = charging.StatusAvailable, true
		}
	}
	return out
}

// Charging is the location as the rest of the system knows it.
func (l Location) Charging() charging.Location {
	out := charging.Location{
		ID: l.LocationID, Company: l.CompanyID, Name: l.Name, City: l.City, State: l.State,
		Terms: charging.Terms{
			NoShowTimeout: seconds(l.Terms.NoShowTimeout), CancelUntil: seconds(l.Terms.CancelUntil),
			EarlyPlug: seconds(l.Terms.EarlyPlug), MaxAhead: seconds(l.Terms.MaxAhead),
			CancelGrace: seconds(60 * l.Terms.CancelGraceMinutes),
		},
	}
	out.Point.Lat, out.Point.Lon = l.Lat, l.Lon
	if out.Company == "" {
		out.Company = l.LocationID.Company()
	}
	for _, e := range l.EVSEs {
		evse := charging.EVSE{ID: e.EVSEID, Status: e.Status, Since: e.StatusSince, Reason: e.StatusReason}
		if e.Reserved && e.Status == charging.StatusAvailable {
			evse.Status = charging.StatusReserved
		}
		for _, c := range e.Connectors {
			evse.Connectors = append(evse.Connectors, charging.Connector(c))
		}
		out.EVSEs = append(out.EVSEs, evse)
	}
	for _, t := range l.Tariffs {
		out.Tariffs = append(out.Tariffs, charging.Tariff(t))
	}
	return out
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// Availability is the free time of one EVSE.
type Availability struct {
	EVSEID  charging.EVSEID   `json:"evse_id"`
	Windows []charging.Window `json:"windows"`
}

// AvailabilityOf is the JSON form of free times.
func AvailabilityOf(free []charging.Free) []Availability {
	out := make([]Availability, 0, len(free))
	for _, f := range free {
		a := Availability{EVSEID: f.EVSEID, Windows: make([]charging.Window, 0, len(f.Windows))}
		for _, w := range f.Windows {
			a.Windows = append(a.Windows, charging.NewWindow(w.Start, w.End))
		}
		out = append(out, a)
	}
	return out
}

// FreeOf is the reverse of AvailabilityOf.
func FreeOf(list []Availability) []charging.Free {
	out := make([]charging.Free, 0, len(list))
	for _, a := range list {
		f := charging.Free{EVSEID: a.EVSEID}
		for _, w := range a.Windows {
			f.Windows = append(f.Windows, charging.NewWindow(w.Start, w.End))
		}
		out = append(out, f)
	}
	return out
}

// CompanyInfo is who a company is: GET /federation/v1/company.
type CompanyInfo struct {
	CompanyID   charging.CompanyID `json:"company_id"`
	CountryCode string             `json:"country_code"`
	PartyID     string             `json:"party_id"`
	Name        string             `json:"name"`
	Versions    []string           `json:"versions"`
	RESTURL     string             `json:"rest_url"`
	MQTTURL     string             `json:"mqtt_url"`
	// PublicKeys is a JWK set (RFC 7517) of the keys that sign tickets and
	// vehicles' tokens.
	PublicKeys json.RawMessage `json:"public_keys"`
	// RevokedVehicles names vehicles' tokens that are no longer good: VEHICLE@SECONDS
	// is all that was issued to that vehicle up to then, anything else a token's id.
	RevokedVehicles []string `json:"revoked_vehicles"`
	// Time of the company's store, µs since 1970 as a string, so that peers
	// can estimate its clock.
	Time string `json:"time,omitempty"`
}

// OutcomeBody answers GET …/trips/{trip_id}/outcome.
type OutcomeBody struct {
	Outcome charging.Outcome `json:"outcome"`
}

// Peer is another company as this one sees it now.
type Peer struct {
	CompanyID charging.CompanyID `json:"company_id"`
	Name      string             `json:"name,omitempty"`
	URL       string             `json:"url"`
	// Status is "up", "down", "refused" (it does not take our token), "skewed" or
	// "unknown".
	Status string `json:"status"`
	// Detail says why it is not up, or what is wrong with the tokens that are shown in
	// its name here.
	Detail   string    `json:"detail,omitempty"`
	LastSeen time.Time `json:"last_seen,omitzero"`
	// RTTMillis of the last probe, SkewMillis of its store's clock to ours.
	RTTMillis  float64 `json:"rtt_ms,omitempty"`
	SkewMillis float64 `json:"skew_ms,omitempty"`
	Locations  int     `json:"locations"`
	EVSEs      int     `json:"evses"`
	// MQTT is the link to the peer's broker, by which it tells what changes.
	MQTT *PeerLink `json:"mqtt,omitempty"`
	// Auth is how the two companies prove themselves: "key", or "token" with one of
	// an older edition.
	Auth string `json:"auth,omitempty"`
	// Dropped is what was left out of its answers; nil while nothing was.
	Dropped *PeerDrops `json:"dropped,omitempty"`
	// Suspended is why nothing new is given to it; nil while it is not.
	Suspended *PeerSuspended `json:"suspended,omitempty"`
	// Caught is what it has signed and cannot have meant honestly; nil while nothing was.
	Caught *PeerCaught `json:"caught,omitempty"`
	// Breaker is "closed" while calls go out, "open" while none does, and "half-open" when
	// one may try; RetryAt is when the peer is asked again by itself, while it is away.
	Breaker string    `json:"breaker,omitempty"`
	RetryAt time.Time `json:"retry_at,omitzero"`
	// LastFailure is the last call that it did not answer; nil for none since the start.
	LastFailure *Failure `json:"last_failure,omitempty"`
	// RequestsPerMinute and FailuresPerMinute are of this server's calls in the last
	// minute.
	RequestsPerMinute int `json:"requests_per_minute"`
	FailuresPerMinute int `json:"failures_per_minute"`
	// Versions are the API versions that it says it speaks.
	Versions []string `json:"versions,omitempty"`
	// Keys are those that it publishes.
	Keys []PeerKey `json:"keys,omitempty"`
}

// PeerSuspended is since when a peer is suspended, by whom, and why.
type PeerSuspended struct {
	Since  time.Time `json:"since"`
	Reason string    `json:"reason"`
	// By is "operator": nobody else may.
	By string `json:"by"`
}

// PeerCaught counts a peer's tickets that it cannot have given honestly, since the
// server started, and says what the last one was.
type PeerCaught struct {
	Count int64     `json:"count"`
	What  string    `json:"what"`
	At    time.Time `json:"at"`
}

// Suspension is the answer to the operator's word about a peer.
type Suspension struct {
	CompanyID charging.CompanyID `json:"company_id"`
	Suspended bool               `json:"suspended"`
	Since     time.Time          `json:"since"`
	Reason    string             `json:"reason,omitempty"`
	// Released is how many of its CLAIMED and PENDING this has ended.
	Released int `json:"released"`
}

// PeerToken is what a company shows to a peer, made for a person who tries that by
// hand.
type PeerToken struct {
	Audience  charging.CompanyID `json:"audience"`
	Token     string             `json:"token"`
	ExpiresAt time.Time          `json:"expires_at"`
}

// PeerDrops counts the records of a peer's answers that were left out since the
// server started, because they cannot be true or cannot be shown; one that is
// still wrong when it is read again counts again.
type PeerDrops struct {
	Count int64    `json:"count"`
	Last  PeerDrop `json:"last"`
}

// PeerDrop is one such record: what it was, why it was left out, and when.
type PeerDrop struct {
	What string    `json:"what"`
	Why  string    `json:"why"`
	At   time.Time `json:"at"`
}

// Issued says whether a company gave a stamp to a reservation.
type Issued struct {
	Issued *bool `json:"issued"`
}

// PeerLink is the link to a peer's broker.
type PeerLink struct {
	Online bool `json:"online"`
	// Since is when Online last changed.
	Since time.Time `json:"since,omitzero"`
	// Connects counts connections; Problem says why it is not online.
	Connects int    `json:"connects"`
	Problem  string `json:"problem,omitempty"`
}
