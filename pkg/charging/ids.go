package charging

import (
	"fmt"
	"regexp"
	"strings"
)

// CompanyID is a charge point operator's OCPI party id: three capitals, "MAR".
// The country is always Brazil ("BR").
type CompanyID string

// LocationID names a charging site within the federation: "BR*MAR*LJPA01".
type LocationID string

// EVSEID names what one car can use at a time, in eMI3's form:
// "BR*MAR*E0001*1". It carries its company.
type EVSEID string

// VehicleID names a car: 3 to 64 of A–Z a–z 0–9 . _ -
type VehicleID string

// TripID and ReservationID are UUIDs (version 7 where we make them), in the
// canonical lower-case form.
type (
	// TripID names one trip, chosen by its originating company.
	TripID string
	// ReservationID names one stop of one attempt, chosen by the originating
	// company. It is the idempotency key of every action on that stop.
	ReservationID string
)

var (
	companyRE  = regexp.MustCompile(`^[A-Z]{3}$`)
	locationRE = regexp.MustCompile(`^BR\*[A-Z]{3}\*L[A-Z0-9]{1,24}$`)
	evseRE     = regexp.MustCompile(`^BR\*[A-Z]{3}\*E[A-Z0-9]{1,24}(\*[A-Z0-9]{1,8})?$`)
	vehicleRE  = regexp.MustCompile(`^[A-Za-z0-9._-]{3,64}$`)
	uuidRE     = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
)

// Validate reports whether the id has the form of a party id.
func (id CompanyID) Validate() error { return match(companyRE, "company_id", string(id)) }

// Validate reports whether the id has the form BR*XXX*L….
func (id LocationID) Validate() error { return match(locationRE, "location_id", string(id)) }

// Validate reports whether the id has the form BR*XXX*E…*….
func (id EVSEID) Validate() error { return match(evseRE, "evse_id", string(id)) }

// Validate reports whether the id may name a vehicle.
func (id VehicleID) Validate() error { return match(vehicleRE, "vehicle_id", string(id)) }

// Validate reports whether the id is a canonical UUID.
func (id TripID) Validate() error { return match(uuidRE, "trip_id", string(id)) }

// Validate reports whether the id is a canonical UUID.
func (id ReservationID) Validate() error { return match(uuidRE, "reservation_id", string(id)) }

// Company is the party that owns the EVSE; empty when the id is malformed.
func (id EVSEID) Company() CompanyID { return party(string(id)) }

// Company is the party that owns the location; empty when the id is malformed.
func (id LocationID) Company() CompanyID { return party(string(id)) }

func party(id string) CompanyID {
	parts := strings.SplitN(id, "*", 3)
	if len(parts) < 3 {
		return ""
	}
	return CompanyID(parts[1])
}

// match answers an INVALID_FIELD refusal that names the field; a long value is
// cut, because ids come from strangers.
func match(re *regexp.Regexp, field, value string) error {
	if re.MatchString(value) {
		return nil
	}
	if len(value) > 64 {
		value = value[:64] + "…"
	}
	return Invalid(field, fmt.Sprintf("%q is not a valid %s", value, field))
}
