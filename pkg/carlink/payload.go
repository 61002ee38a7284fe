package carlink

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// MaxPayload is the longest payload of the contract, in bytes.
const MaxPayload = 256 << 10

// maxTelemetry is far more than a report of telemetry needs, in bytes.
const maxTelemetry = 4 << 10

// The payloads of the status topic, as plain text.
const (
	Online  = "online"
	Offline = "offline"
)

// Discharge is a car's tendency to use its battery.
type Discharge string

// The tendencies.
const (
	Slow   Discharge = "slow"
	Normal Discharge = "normal"
	Fast   Discharge = "fast"
)

// Valid reports whether d is one of the three tendencies.
func (d Discharge) Valid() bool { return d == Slow || d == Normal || d == Fast }

// Telemetry is what a car reports about itself.
type Telemetry struct {
	At time.Time `json:"at"`
	// Lat and Lon in degrees, WGS 84.
	Lat float64 `json:"lat"`
	Lon float64 `json:"lon"`
	// SoC is the charge of the battery, 0 … 1.
	SoC float64 `json:"soc"`
	// SpeedKMH is 0 … 300 km/h.
	SpeedKMH float64 `json:"speed_kmh"`
	// PowerKW is what the battery gives, −1000 … 1000 kW; negative while it is
	// charged.
	PowerKW   float64   `json:"power_kw"`
	Discharge Discharge `json:"discharge"`
}

// Validate answers an INVALID_FIELD refusal that names every field out of its
// range.
func (t Telemetry) Validate() error {
	var wrong fields
	wrong.within("lat", t.Lat, -90, 90)
	wrong.within("lon", t.Lon, -180, 180)
	wrong.within("soc", t.SoC, 0, 1)
	wrong.within("speed_kmh", t.SpeedKMH, 0, 300)
	wrong.within("power_kw", t.PowerKW, -1000, 1000)
	if y := t.At.Year(); t.At.IsZero() || y < 1 || y > 9999 {
		wrong.add("at", "is missing or no instant of the years 1 to 9999")
	}
	if !t.Discharge.Valid() {
		wrong.add("discharge", fmt.Sprintf("%q is not slow, normal or fast", short(string(t.Discharge))))
	}
	return wrong.refusal()
}

// ParseTelemetry reads a report of telemetry. Fields that it does not know are
// ignored, so that newer cars speak to older servers; a field of the contract
// that is missing or null is refused. MALFORMED_REQUEST, TOO_LARGE,
// INVALID_FIELD.
func ParseTelemetry(payload []byte) (Telemetry, error) {
	if len(payload) > maxTelemetry {
		return Telemetry{}, charging.Refuse(charging.CodeTooLarge, fmt.Sprintf("telemetry of %d bytes; at most %d", len(payload), maxTelemetry))
	}
	var in struct {
		At        *time.Time `json:"at"`
		Lat       *float64   `json:"lat"`
		Lon       *float64   `json:"lon"`
		SoC       *float64   `json:"soc"`
		SpeedKMH  *float64   `json:"speed_kmh"`
		PowerKW   *float64   `json:"power_kw"`
		Discharge *Discharge `json:"discharge"`
	}
	if err := decode(payload, &in); err != nil {
		return Telemetry{}, err
	}
	var wrong fields
	t := Telemetry{
		At:        need(&wrong, "at", in.At),
		Lat:       need(&wrong, "lat", in.Lat),
		Lon:       need(&wrong, "lon", in.Lon),
		SoC:       need(&wrong, "soc", in.SoC),
		SpeedKMH:  need(&wrong, "speed_kmh", in.SpeedKMH),
		PowerKW:   need(&wrong, "power_kw", in.PowerKW),
		Discharge: need(&wrong, "discharge", in.Discharge),
	}
	if err := wrong.refusal(); err != nil {
		return Telemetry{}, err
	}
	t.At = t.At.UTC()
	if err := t.Validate(); err != nil {
		return Telemetry{}, err
	}
	return t, nil
}

// Reply is the answer to a request: what REST would have answered.
type Reply struct {
	// Status is the HTTP status.
	Status int `json:"status"`
	// Body is the answer, or the problem (RFC 9457) when Status is 400 or more.
	Body json.RawMessage `json:"body,omitempty"`
}

// ParseReply reads an answer. MALFORMED_REQUEST, INVALID_FIELD.
func ParseReply(payload []byte) (Reply, error) {
	var r Reply
	if err := decode(payload, &r); err != nil {
		return Reply{}, err
	}
	if r.Status < 100 || r.Status > 599 {
		return Reply{}, charging.Invalid("status", fmt.Sprintf("%d is no HTTP status", r.Status))
	}
	return r, nil
}

// Plug is the body of the requests plug and unplug.
type Plug = charging.Plug

// ParsePlug reads the body of a plug or unplug request (an Envelope's Body).
// MALFORMED_REQUEST, INVALID_FIELD.
func ParsePlug(body []byte) (Plug, error) {
	var in struct {
		EVSEID *charging.EVSEID `json:"evse_id"`
		SoC    *float64         `json:"soc"`
		Energy *float64         `json:"energy_kwh"`
		At     *string          `json:"at"`
	}
	if err := decodeStrict(body, &in); err != nil {
		return Plug{}, err
	}
	var wrong fields
	p := Plug{EVSEID: need(&wrong, "evse_id", in.EVSEID), SoC: need(&wrong, "soc", in.SoC), EnergyKWh: in.Energy}
	wrong.within("soc", p.SoC, 0, 1)
	if in.At != nil {
		at, err := charging.ParseInstant(*in.At)
		if err != nil {
			wrong.add("at", err.Error())
		}
		p.At = at
	}
	if p.EnergyKWh != nil {
		wrong.within("energy_kwh", *p.EnergyKWh, 0, 1000)
	}
	if err := wrong.refusal(); err != nil {
		return Plug{}, err
	}
	if err := p.EVSEID.Validate(); err != nil {
		return Plug{}, err
	}
	return p, nil
}

// Alert tells a car what it did not ask: a request that could not be answered,
// a battery that will not reach the next stop, a stop that was lost. One with
// Decisions is retained until none of the vehicle's trips asks anything; then an
// empty payload ends it.
type Alert struct {
	At     time.Time       `json:"at"`
	Code   charging.Code   `json:"code"`
	Detail string          `json:"detail"`
	TripID charging.TripID `json:"trip_id,omitempty"`
	Leg    int             `json:"leg,omitempty"`
	// Proposal is what the car may do about it, as far as the server knows.
	Proposal json.RawMessage `json:"proposal,omitempty"`
	// Decisions are all that the trip asks; Code, Detail and Leg are the first's.
	Decisions []trip.Decision `json:"decisions,omitempty"`
	// Message is what an operator says to the driver, under CodeMessage.
	Message *charging.Message `json:"message,omitempty"`
}

// CodeMessage is an alert's code that has a message.
const CodeMessage charging.Code = "MESSAGE"

// Change tells peers that the calendar of an EVSE has changed, so that they ask
// for its availability again before they plan with it.
type Change struct {
	At     time.Time       `json:"at"`
	EVSEID charging.EVSEID `json:"evse_id"`
	// State that the reservation went to, with its window; both empty when
	// only the EVSE's own status changed.
	State  charging.State  `json:"state,omitempty"`
	Window charging.Window `json:"window,omitzero"`
	// Status of the EVSE, when that is what changed.
	Status charging.EVSEStatus `json:"status,omitempty"`
}

// ParseChange reads a calendar change. Fields that it does not know are
// ignored. MALFORMED_REQUEST, INVALID_FIELD.
func ParseChange(payload []byte) (Change, error) {
	var c Change
	if err := decode(payload, &c); err != nil {
		return Change{}, err
	}
	if err := c.EVSEID.Validate(); err != nil {
		return Change{}, err
	}
	if c.State != "" && !slices.Contains(charging.States(), c.State) {
		return Change{}, charging.Invalid("state", fmt.Sprintf("%q is no state of a reservation", short(string(c.State))))
	}
	if c.Status != "" && !slices.Contains(charging.EVSEStatuses(), c.Status) {
		return Change{}, charging.Invalid("status", fmt.Sprintf("%q is no status of an EVSE", short(string(c.Status))))
	}
	return c, nil
}

// decode reads exactly one JSON value, ignoring unknown fields.
func decode(payload []byte, into any) error {
	return read(json.NewDecoder(bytes.NewReader(payload)), into)
}

// decodeStrict is decode with unknown fields refused.
func decodeStrict(payload []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(payload))
	d.DisallowUnknownFields()
	return read(d, into)
}

func read(d *json.Decoder, into any) error {
	if err := d.Decode(into); err != nil {
		return Malformed(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return charging.Refuse(charging.CodeMalformedRequest, "there is something after the JSON value")
	}
	return nil
}
