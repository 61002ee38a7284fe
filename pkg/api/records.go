package api

import (
	"fmt"
	"math"
	"net/url"
	"slices"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/legible"
)

// Bounds of what a company tells about itself; docs/protocol.md §5.2 has them, too.
const (
	// MaxName of a company, a site or a city, in characters.
	MaxName = 120
	// MaxLocations and MaxEVSEs of one company.
	MaxLocations, MaxEVSEs = 20_000, 50_000

	// maxWord of a connector's or a tariff's id, in characters (OCPI's 36).
	maxWord = 36
	// What one location may have, and one EVSE.
	maxSiteEVSEs, maxTariffs, maxConnectors = 1000, 64, 16

	// maxPower of a connector (kW).
	maxPower = 2000
	// Prices: of a kWh, a session and an idle minute.
	maxPerKWh, maxPerSession, maxPerMinute = 100, 1000, 100
	// Times, in minutes.
	day, week, year = 24 * 60, 7 * day, 365 * day
	// maxURL in bytes.
	maxURL = 200
)

// currency is the only one that plans add up and sessions are billed in.
const currency = "BRL"

// standards of connectors.
var standards = charging.Standards()

// Validate judges a location with all that it has, as the peers will: nobody
// passes on what it refuses. INVALID_FIELD, naming the first wrong field by its
// path.
func (l Location) Validate() error {
	if err := l.check(); err != nil {
		return err
	}
	if err := few("evses", len(l.EVSEs), maxSiteEVSEs); err != nil {
		return err
	}
	if err := few("tariffs", len(l.Tariffs), maxTariffs); err != nil {
		return err
	}
	for i, t := range l.Tariffs {
		if err := t.check(l.Tariffs[:i]); err != nil {
			return within(fmt.Sprintf("tariffs[%d].", i), err)
		}
	}
	for i, e := range l.EVSEs {
		if err := e.validate(l); err != nil {
			return within(fmt.Sprintf("evses[%d].", i), err)
		}
	}
	return nil
}

func (e EVSE) validate(at Location) error {
	if err := e.check(at.LocationID.Company()); err != nil {
		return err
	}
	if err := few("connectors", len(e.Connectors), maxConnectors); err != nil {
		return err
	}
	for i, p := range e.Connectors {
		if err := p.check(e.Connectors[:i], at.Tariffs); err != nil {
			return within(fmt.Sprintf("connectors[%d].", i), err)
		}
	}
	return nil
}

// check judges a location without what it has.
func (l Location) check() error {
	if err := l.LocationID.Validate(); err != nil {
		return err
	}
	if c := l.LocationID.Company(); l.CompanyID != "" && l.CompanyID != c {
		return charging.Invalid("company_id", fmt.Sprintf("%q is not %s, whose location it is", brief(string(l.CompanyID)), c))
	}
	return first(
		name("name", l.Name), name("city", l.City), state(l.State),
		between("lat", l.Lat, -90, 90), between("lon", l.Lon, -180, 180),
		l.Terms.check(),
	)
}

func (t BookingTerms) check() error {
	return within("booking_terms.", first(
		between("noshow_timeout_seconds", t.NoShowTimeout, 0, 60*day),
		between("cancel_until_seconds", t.CancelUntil, 0, 60*week),
		between("early_plug_seconds", t.EarlyPlug, 0, 60*day),
		between("max_ahead_seconds", t.MaxAhead, 0, 60*year),
		between("cancel_grace_minutes", t.CancelGraceMinutes, 0, day),
	))
}

// check judges a tariff beside those before it.
func (t Tariff) check(before []Tariff) error {
	if slices.ContainsFunc(before, func(o Tariff) bool { return o.ID == t.ID }) {
		return charging.Invalid("id", "was there before")
	}
	return first(
		word("id", t.ID), money("currency", t.Currency),
		between("per_kwh", t.PerKWh, 0, maxPerKWh), between("per_session", t.PerSession, 0, maxPerSession),
		between("idle_per_minute", t.IdlePerMinute, 0, maxPerMinute), between("idle_grace_minutes", t.IdleGraceMinutes, 0, day),
	)
}

// check judges an EVSE without its connectors.
func (e EVSE) check(of charging.CompanyID) error {
	if err := e.EVSEID.Validate(); err != nil {
		return err
	}
	if e.EVSEID.Company() != of {
		return charging.Invalid("evse_id", fmt.Sprintf("%s is not of %s", e.EVSEID, of))
	}
	return first(oneOf("status", e.Status, charging.EVSEStatuses()), text("status_reason", e.StatusReason, 64))
}

// check judges a connector beside those before it; its tariff must be known,
// or its price would be taken for nothing.
func (p Connector) check(before []Connector, tariffs []Tariff) error {
	if slices.ContainsFunc(before, func(o Connector) bool { return o.ID == p.ID }) {
		return charging.Invalid("id", "was there before")
	}
	if !slices.ContainsFunc(tariffs, func(t Tariff) bool { return t.ID == p.TariffID }) {
		return charging.Invalid("tariff_id", fmt.Sprintf("%q is none of the location's tariffs", brief(p.TariffID)))
	}
	return first(word("id", p.ID), oneOf("standard", p.Standard, standards), between("power_kw", p.PowerKW, 0, maxPower))
}

// checkSession judges what another company says that a car has done at its plug.
func checkSession(s charging.Session) error {
	if s.StartedAt.IsZero() || !charging.Nameable(s.StartedAt) || !s.EndedAt.IsZero() && !charging.Nameable(s.EndedAt) {
		return charging.Invalid("started_at", "a session has a start, between the years 2000 and 9998")
	}
	err := first(
		between("start_soc", s.StartSoC, 0, 1), between("end_soc", s.EndSoC, 0, 1),
		between("minutes", s.Minutes, 0, year), between("idle_minutes", s.IdleMinutes, 0, year),
		between("energy_kwh", s.EnergyKWh, 0, maxKWh), text("tariff_id", s.TariffID, maxWord),
	)
	if p := s.Price; err == nil && p != nil {
		const most = maxKWh*maxPerKWh + maxPerSession + maxPerMinute*year
		err = within("price.", first(
			money("currency", p.Currency), between("session", p.Session, 0, most), between("energy", p.Energy, 0, most),
			between("idle", p.Idle, 0, most), between("total", p.Total, 0, most),
		))
	}
	return err
}

// address judges a URL that a company advertises; none is none.
func address(field, s string, schemes ...string) error {
	if s == "" {
		return nil
	}
	u, err := url.Parse(s)
	switch {
	case len(s) > maxURL, !printable(s), err != nil, u.Host == "", u.User != nil:
		return charging.Invalid(field, fmt.Sprintf("is not SCHEME://HOST:PORT in %d characters of ASCII", maxURL))
	}
	return oneOf(field+"'s scheme", u.Scheme, schemes)
}

// name is text that people read. No name has angle brackets, and a page that
// forgets to escape them is not worth the risk.
func name(field, s string) error {
	for _, r := range s {
		if r == '<' || r == '>' {
			return charging.Invalid(field, "has an angle bracket")
		}
	}
	return text(field, s, MaxName)
}

// word is an id that has no form of its own.
func word(field, s string) error {
	if s == "" {
		return charging.Invalid(field, "is empty")
	}
	return text(field, s, maxWord)
}

func text(field, s string, limit int) error {
	if err := legible.Check(s, limit); err != nil {
		return charging.Invalid(field, err.Error())
	}
	return nil
}

func state(s string) error {
	if s == "" || len(s) == 2 && 'A' <= s[0] && s[0] <= 'Z' && 'A' <= s[1] && s[1] <= 'Z' {
		return nil
	}
	return charging.Invalid("state", fmt.Sprintf("%q is not two capitals", brief(s)))
}

func money(field, s string) error {
	if s == currency {
		return nil
	}
	return charging.Invalid(field, fmt.Sprintf("%q is not %s", brief(s), currency))
}

func oneOf[T ~string](field string, v T, list []T) error {
	if slices.Contains(list, v) {
		return nil
	}
	return charging.Invalid(field, fmt.Sprintf("%q is none of %v", brief(string(v)), list))
}

func between(field string, v, low, high float64) error {
	if !math.IsNaN(v) && v >= low && v <= high {
		return nil
	}
	return charging.Invalid(field, fmt.Sprintf("%v is not between %s and %s", v, decimal(low), decimal(high)))
}

func few(field string, n, limit int) error {
	if n > limit {
		return charging.Invalid(field, fmt.Sprintf("has %d elements; at most %d", n, limit))
	}
	return nil
}

// first is the first error of some.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// within names an error's field by where it lies.
func within(path string, err error) error {
	f := fieldsOf(err)
	if len(f) == 0 {
		return err
	}
	return charging.Invalid(path+f[0].Field, f[0].Reason)
}
