package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/legible"
)

// Drop is something of another company's answer that was left out.
type Drop struct {
	// What it was ("EVSE BR*SER*E0001*1") and Why, for an operator; legible.
	What, Why string
	// Records that were left out, 1 or more.
	Records int
}

// Border is where what another company tells about itself becomes our own
// knowledge: it is checked here, and nowhere behind. A record that cannot be
// true, or that may not be shown to others, is left out alone: a connector, a
// tariff (and the connectors that are billed by it), an EVSE, a location, an
// EVSE's free windows. It judges one answer, all its pages, and is not safe for
// use by several goroutines.
type Border struct {
	of   charging.CompanyID
	drop func(Drop)

	seen  int // locations
	sites map[charging.LocationID]bool
	evses map[charging.EVSEID]bool
}

// NewBorder is for an answer of a company; an empty one is whoever it is. drop
// is told of what is left out; nil tells nobody.
func NewBorder(of charging.CompanyID, drop func(Drop)) *Border {
	if drop == nil {
		drop = func(Drop) {}
	}
	return &Border{of: of, drop: drop, sites: map[charging.LocationID]bool{}, evses: map[charging.EVSEID]bool{}}
}

// Seen counts the locations of all pages so far, those that were left out
// included.
func (b *Border) Seen() int { return b.seen }

func (b *Border) out(what string, why error, records int) {
	b.drop(Drop{What: legible.Tame(what, maxSaid), Why: legible.Tame(reason(why), maxSaid), Records: records})
}

// maxSaid about one record, in bytes.
const maxSaid = 200

func reason(err error) string {
	if f := fieldsOf(err); len(f) > 0 {
		return f[0].Field + " " + f[0].Reason
	}
	if te := (*json.UnmarshalTypeError)(nil); errors.As(err, &te) {
		return fmt.Sprintf("%s is a %s", te.Field, brief(te.Value))
	}
	return err.Error()
}

// The shapes with the lists in them yet to be read, each record by itself.
type (
	locationFrame struct {
		Location
		EVSEs   []json.RawMessage `json:"evses"`
		Tariffs []json.RawMessage `json:"tariffs"`
	}
	evseFrame struct {
		EVSE
		Connectors []json.RawMessage `json:"connectors"`
	}
)

// Locations reads a page of GET /federation/v1/locations.
func (b *Border) Locations(page []json.RawMessage) []charging.Location {
	var list []charging.Location
	for _, raw := range page {
		b.seen++
		if l, ok := b.location(raw); ok {
			list = append(list, l.Charging())
		}
	}
	return list
}

func (b *Border) location(raw json.RawMessage) (Location, bool) {
	what := fmt.Sprintf("location %d of the answer", b.seen)
	var f locationFrame
	err := json.Unmarshal(raw, &f)
	l := f.Location
	if err == nil {
		err = l.check()
	}
	if err == nil {
		what = "location " + string(l.LocationID)
		err = b.place(l.LocationID)
	}
	if err != nil {
		b.out(what, err, 1)
		return l, false
	}
	l.Tariffs = records(b, "tariffs of "+what, f.Tariffs, maxTariffs, func(raw json.RawMessage, before []Tariff) (t Tariff, err error) {
		if err = json.Unmarshal(raw, &t); err == nil {
			err = t.check(before)
		}
		return t, err
	})
	l.EVSEs = records(b, "EVSEs of "+what, f.EVSEs, maxSiteEVSEs, func(raw json.RawMessage, _ []EVSE) (EVSE, error) {
		return b.evse(raw, l)
	})
	return l, true
}

// place judges a location's id among those of the answer.
func (b *Border) place(id charging.LocationID) error {
	switch {
	case b.of != "" && id.Company() != b.of:
		return charging.Invalid("location_id", "is not of "+string(b.of))
	case b.sites[id]:
		return charging.Invalid("location_id", "was there before")
	case len(b.sites) >= MaxLocations:
		return fmt.Errorf("more than %d locations", MaxLocations)
	}
	b.sites[id] = true
	return nil
}

func (b *Border) evse(raw json.RawMessage, at Location) (EVSE, error) {
	var f evseFrame
	if err := json.Unmarshal(raw, &f); err != nil {
		return f.EVSE, err
	}
	e := f.EVSE
	if err := e.check(at.LocationID.Company()); err != nil {
		return e, err
	}
	switch {
	case b.evses[e.EVSEID]:
		return e, charging.Invalid("evse_id", string(e.EVSEID)+" was there before")
	case len(b.evses) >= MaxEVSEs:
		return e, fmt.Errorf("more than %d EVSEs", MaxEVSEs)
	}
	b.evses[e.EVSEID] = true
	e.Connectors = records(b, "connectors of EVSE "+string(e.EVSEID), f.Connectors, maxConnectors,
		func(raw json.RawMessage, before []Connector) (p Connector, err error) {
			if err = json.Unmarshal(raw, &p); err == nil {
				err = p.check(before, at.Tariffs)
			}
			return p, err
		})
	return e, nil
}

// records reads a list, each record by itself; of more than limit the rest is
// left out.
func records[T any](b *Border, of string, list []json.RawMessage, limit int, read func(json.RawMessage, []T) (T, error)) []T {
	if more := len(list) - limit; more > 0 {
		b.out(of, fmt.Errorf("%d elements; at most %d", len(list), limit), more)
		list = list[:limit]
	}
	var kept []T
	for i, raw := range list {
		r, err := read(raw, kept)
		if err != nil {
			b.out(fmt.Sprintf("%s: number %d", of, i+1), err, 1)
			continue
		}
		kept = append(kept, r)
	}
	return kept
}

// maxWindows of one EVSE in MaxAvailabilitySpan: none is shorter than 15 minutes.
const maxWindows = 31 * 24 * 4

// Availability reads the answer to POST /federation/v1/availability about what
// was asked. An EVSE whose windows cannot be true is left out, as if its company
// had said nothing about it.
func (b *Border) Availability(answer []json.RawMessage, asked []charging.EVSEID, w charging.Window) []charging.Free {
	want := make(map[charging.EVSEID]bool, len(asked))
	for _, id := range asked {
		want[id] = true
	}
	list := records(b, "free windows", answer, len(asked), func(raw json.RawMessage, _ []Availability) (a Availability, err error) {
		if err = json.Unmarshal(raw, &a); err != nil {
			return a, err
		}
		if !want[a.EVSEID] {
			return a, charging.Invalid("evse_id", fmt.Sprintf("%q was not asked for, or was there before", brief(string(a.EVSEID))))
		}
		delete(want, a.EVSEID)
		return a, a.check(w)
	})
	return FreeOf(list)
}

// check judges free windows: each is some time, in order and apart, within w.
func (a Availability) check(w charging.Window) error {
	if err := few("windows", len(a.Windows), maxWindows); err != nil {
		return err
	}
	for i, x := range a.Windows {
		if !x.End.After(x.Start) || !x.Overlaps(w) || i > 0 && x.Start.Before(a.Windows[i-1].End) {
			return charging.Invalid(fmt.Sprintf("windows[%d]", i), string(a.EVSEID)+" is said to be free in no time that was asked for, or twice")
		}
	}
	return nil
}

// Schemes of the addresses that a company advertises.
var (
	restSchemes = []string{"http", "https"}
	mqttSchemes = []string{"tcp", "mqtt", "ssl", "tls", "mqtts", "ws", "wss"}
)

// Bounds of what a company says about itself: a version and a token's id in
// characters, versions and the JWK set in number and bytes.
const (
	maxVersion, maxTokenID = 16, 200
	maxVersions, maxKeys   = 16, 64 << 10
)

// Company takes out of GET /federation/v1/company what cannot be true or shown.
// The ids are the caller's to compare with whom it asked.
func (b *Border) Company(c CompanyInfo) CompanyInfo {
	keep := func(field *string, err error) {
		if err != nil {
			b.out("the company itself", err, 1)
			*field = ""
		}
	}
	keep(&c.Name, name("name", c.Name))
	keep(&c.CountryCode, text("country_code", c.CountryCode, 2))
	keep(&c.PartyID, text("party_id", c.PartyID, 3))
	keep(&c.RESTURL, address("rest_url", c.RESTURL, restSchemes...))
	keep(&c.MQTTURL, address("mqtt_url", c.MQTTURL, mqttSchemes...))
	keep(&c.Time, text("time", c.Time, 20))
	c.Versions = b.words("versions", c.Versions, maxVersions, maxVersion)
	c.RevokedVehicles = b.words("revoked_vehicles", c.RevokedVehicles, len(c.RevokedVehicles), maxTokenID)
	if len(c.PublicKeys) > maxKeys {
		b.out("the company itself", fmt.Errorf("public_keys has %d bytes; at most %d", len(c.PublicKeys), maxKeys), 1)
		c.PublicKeys = nil
	}
	return c
}

func (b *Border) words(what string, list []string, limit, length int) []string {
	if more := len(list) - limit; more > 0 {
		b.out(what, fmt.Errorf("%d elements; at most %d", len(list), limit), more)
		list = list[:limit]
	}
	return slices.DeleteFunc(list, func(s string) bool {
		err := text("it", s, length)
		if err != nil {
			b.out(what, err, 1)
		}
		return err != nil
	})
}

// maxReason of a reservation or a notice, in bytes; drivers read it.
const maxReason = 200

// Reservation tames what another company answers about a stop: its reason is
// made legible, and a session that cannot be true is left out.
func (b *Border) Reservation(r Reservation) Reservation {
	r.Reason = legible.Tame(r.Reason, maxReason)
	if r.Session == nil {
		return r
	}
	if err := checkSession(*r.Session); err != nil {
		b.out("the session of reservation "+string(r.ReservationID), err, 1)
		r.Session = nil
	}
	return r
}
