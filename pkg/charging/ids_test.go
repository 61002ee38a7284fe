package charging

import (
	"errors"
	"strings"
	"testing"
)

func TestIDs(t *testing.T) {
	company := func(s string) error { return CompanyID(s).Validate() }
	location := func(s string) error { return LocationID(s).Validate() }
	evse := func(s string) error { return EVSEID(s).Validate() }
	vehicle := func(s string) error { return VehicleID(s).Validate() }
	trip := func(s string) error { return TripID(s).Validate() }
	reservation := func(s string) error { return ReservationID(s).Validate() }
	const uuid = "0190a0c0-1111-7222-8333-444455556666"

	tests := []struct {
		name     string
		validate func(string) error
		field    string
		good     []string
		bad      []string
	}{
		{
			"company", company, "company_id",
			[]string{"MAR", "SER", "CAJ"},
			[]string{"", "MA", "MARE", "mar", "MÁR", "MA1", "MAR\n", " MAR"},
		},
		{
			"location", location, "location_id",
			[]string{"BR*MAR*LJPA01", "BR*SER*L1"},
			[]string{"", "BR*MAR*E0001", "PT*MAR*L1", "BR*MAR*L", "BR*MAR*L{1}", "BR*MAR*L" + strings.Repeat("1", 25)},
		},
		{
			"evse", evse, "evse_id",
			[]string{"BR*MAR*E0001*1", "BR*MAR*E0001", "BR*CAJ*EABC*12345678"},
			[]string{
				"", "BR*MAR*L0001*1", "BR*MAR*E0001*", "BR*MAR*E0001*1*2", "BR*mar*E1*1", "BR*MAR*E+*1",
				"BR*MAR*E#*1", "BR*MAR*E/*1", "BR*MAR*E{1}*1", "BR*MAR*E0001*1\n", "BR*MAR*E0001*123456789", strings.Repeat("B", 10_000),
			},
		},
		{
			"vehicle", vehicle, "vehicle_id",
			[]string{"EV-0001", "abc", "a.b_c-9", strings.Repeat("x", 64)},
			[]string{"", "ab", strings.Repeat("x", 65), "EV 1", "EV+1", "EV#1", "EV/1", "EV:1", "EV{1}", "EV-1\n", "carro-é"},
		},
		{
			"trip", trip, "trip_id",
			[]string{uuid},
			[]string{"", strings.ToUpper(uuid), "{" + uuid + "}", uuid + "0", uuid[1:], strings.ReplaceAll(uuid, "-", ""), uuid + "\n"},
		},
		{"reservation", reservation, "reservation_id", []string{uuid}, []string{"", "x", strings.ToUpper(uuid)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, id := range tt.good {
				if err := tt.validate(id); err != nil {
					t.Errorf("Validate(%q) = %v, want nil", id, err)
				}
			}
			for _, id := range tt.bad {
				err := tt.validate(id)
				if !errors.Is(err, CodeInvalidField) {
					t.Errorf("Validate(%q) = %v, want INVALID_FIELD", id, err)
					continue
				}
				var r *Refusal
				if !errors.As(err, &r) || len(r.Fields) != 1 || r.Fields[0].Field != tt.field {
					t.Errorf("Validate(%q) names %+v, want the field %s", id, r.Fields, tt.field)
				}
				if len(r.Detail) > 400 {
					t.Errorf("Validate of %d bytes echoes %d bytes", len(id), len(r.Detail))
				}
			}
		})
	}
}

func TestCompanyOfID(t *testing.T) {
	for id, want := range map[EVSEID]CompanyID{"BR*MAR*E0001*1": "MAR", "BR*SER*E1": "SER", "": "", "BR": "", "BR*MAR": ""} {
		if got := id.Company(); got != want {
			t.Errorf("EVSEID(%q).Company() = %q, want %q", id, got, want)
		}
	}
	if got := LocationID("BR*CAJ*LFEC01").Company(); got != "CAJ" {
		t.Errorf("LocationID.Company() = %q, want CAJ", got)
	}
}

// FuzzIDs holds what the rest of the system relies on: a valid id can stand in
// a Redis key, a topic and a path without being escaped.
func FuzzIDs(f *testing.F) {
	for _, s := range []string{"MAR", "BR*MAR*LJPA01", "BR*MAR*E0001*1", "EV-0001", "0190a0c0-1111-7222-8333-444455556666", "{}", "a/b", "a+b", "a#b", "x\ny", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		valid := map[string]error{
			"company": CompanyID(s).Validate(), "location": LocationID(s).Validate(), "evse": EVSEID(s).Validate(),
			"vehicle": VehicleID(s).Validate(), "trip": TripID(s).Validate(), "reservation": ReservationID(s).Validate(),
		}
		for kind, err := range valid {
			if err != nil {
				continue
			}
			if len(s) > 64 || strings.ContainsAny(s, "{}:/+#|\n\r\t \"'%?\x00") {
				t.Errorf("%q is accepted as %s", s, kind)
			}
		}
		if valid["evse"] == nil && EVSEID(s).Company().Validate() != nil {
			t.Errorf("%q is a valid EVSE of no company", s)
		}
		if valid["location"] == nil && LocationID(s).Company().Validate() != nil {
			t.Errorf("%q is a valid location of no company", s)
		}
	})
}

// A vehicle's name says which company vouches for it; what is not exactly of that form
// says nothing.
func TestVehiclesNames(t *testing.T) {
	for name, want := range map[string]VehicleID{
		"C7K2M9XQ4": "BR-MAR-C7K2M9XQ4", "ev-77": "BR-MAR-EV-77", "BR-MAR-EV-77": "BR-MAR-EV-77", "br-mar-x": "BR-MAR-X", "a": "BR-MAR-A",
		strings.Repeat("A", 24): VehicleID("BR-MAR-" + strings.Repeat("A", 24)), "AB-CD": "BR-MAR-AB-CD",
		"": "", "BR-SER-X": "", "br-ser-x": "", "DE-MAR-X": "", "BR-MAR-": "", "-A": "", "A-": "", "A--B": "", "A_B": "", "A.B": "", "A B": "", "Ä": "",
		"\u0131": "", "\u017f": "", "A\n": "", strings.Repeat("A", 25): "", "BR-MAR-BR-SER-X": "BR-MAR-BR-SER-X",
	} {
		got, err := RegisteredAt("MAR", name)
		if got != want || (err == nil) != (want != "") || err != nil && CodeOf(err) != CodeInvalidField {
			t.Errorf("%q is called %q, %v; want %q", name, got, err, want)
		}
		if want != "" && (got.Issuer() != "MAR" || got.Validate() != nil) {
			t.Errorf("%q is of %q", got, got.Issuer())
		}
	}
	for id, want := range map[VehicleID]CompanyID{
		"BR-SER-X": "SER", "BR-SER-MAR-X": "SER", "EV-0001": "", "br-SER-X": "", "BR-ser-X": "", "BR-SER-x": "", "BR-SER-": "", "BR-SER--X": "",
		"BR-SER-X-": "", "DE-SER-X": "", "BR-SERX-X": "", "MY-CAR-1": "", "": "", "BR-SER-X\n": "",
	} {
		if got := id.Issuer(); got != want {
			t.Errorf("%q is of %q, want %q", id, got, want)
		}
	}
	if got := VehicleID("BR-SER-A-B").Name() + VehicleID("EV-1").Name(); got != "A-BEV-1" {
		t.Error(got)
	}
}
