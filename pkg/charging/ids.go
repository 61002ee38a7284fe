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

// Country is that of all companies, in the ids of their EVSEs and vehicles.
const Country = "BR"

// VehicleID names a car: 3 to 64 of A–Z a–z 0–9 . _ -
//
// One that registered at a company carries it, BR-MAR-C7K2M9XQ4: country, party and
// a name, apart at the first two hyphens. Others are of the configuration, or
// registered before names were of that form.
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

// registeredRE is the form of a vehicle that registered; prefixRE how one begins that says
// it is some company's.
var (
	registeredRE = regexp.MustCompile(`^BR-([A-Z]{3})-[A-Z0-9-]{1,24}$`)
	prefixRE     = regexp.MustCompile(`^([A-Z]{2})-([A-Z]{3})-`)
)

// Validate reports whether the id has the form of a party id.
func (id CompanyID) Validate() error { return check(isCompany, "company_id", string(id)) }

// Validate reports whether the id has the form BR*XXX*L….
func (id LocationID) Validate() error { return check(isLocation, "location_id", string(id)) }

// Validate reports whether the id has the form BR*XXX*E…*….
func (id EVSEID) Validate() error { return check(isEVSE, "evse_id", string(id)) }

// Validate reports whether the id may name a vehicle.
func (id VehicleID) Validate() error { return check(isVehicle, "vehicle_id", string(id)) }

// RegisteredAt is the id of a vehicle that registers at a company under a name:
// 1 to 24 of A–Z 0–9 -, without a hyphen at the ends or two together; lower case
// counts as capitals. A name that has the company's own prefix already is taken as it
// is. INVALID_FIELD, also for another company's prefix.
func RegisteredAt(company CompanyID, name string) (VehicleID, error) {
	wish := strings.Map(upper, name)
	own := Country + "-" + string(company) + "-"
	if prefix := prefixRE.FindString(wish); prefix != "" && prefix != own {
		return "", Invalid("vehicle_id", fmt.Sprintf("names that begin with %s are not given by %s; leave it out, or say a name without it", prefix, company))
	}
	id := VehicleID(own + strings.TrimPrefix(wish, own))
	if id.Issuer() != company {
		return "", Invalid("vehicle_id", fmt.Sprintf("%.64q: a name is 1 to 24 of A–Z 0–9 -, without a hyphen at its ends or two together", name))
	}
	return id, nil
}

// upper makes ASCII letters capitals, and leaves all else for RegisteredAt to refuse:
// Unicode has other letters whose capital is ASCII.
func upper(r rune) rune {
	if 'a' <= r && r <= 'z' {
		return r - 'a' + 'A'
	}
	return r
}

// Issuer is the company that vouches for a vehicle by its name; empty where the name
// does not say.
func (id VehicleID) Issuer() CompanyID {
	m := registeredRE.FindStringSubmatch(string(id))
	if m == nil {
		return ""
	}
	if name := id.Name(); strings.HasPrefix(name, "-") || strings.HasSuffix(name, "-") || strings.Contains(name, "--") {
		return ""
	}
	return CompanyID(m[1])
}

// Name is the last part of the name of a vehicle that registered, or the whole of
// any other's.
func (id VehicleID) Name() string {
	if prefix := prefixRE.FindString(string(id)); prefix != "" {
		return string(id)[len(prefix):]
	}
	return string(id)
}

// Validate reports whether the id is a canonical UUID.
func (id TripID) Validate() error { return check(isUUID, "trip_id", string(id)) }

// Validate reports whether the id is a canonical UUID.
func (id ReservationID) Validate() error { return check(isUUID, "reservation_id", string(id)) }

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

// check answers an INVALID_FIELD refusal that names the field; a long value is
// cut, because ids come from strangers.
func check(good func(string) bool, field, value string) error {
	if good(value) {
		return nil
	}
	if len(value) > 64 {
		value = value[:64] + "…"
	}
	return Invalid(field, fmt.Sprintf("%q is not a valid %s", value, field))
}
