package inventory_test

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/road"
	"github.com/eletrovia/eletrovia/services/company/internal/inventory"
)

func TestDefaults(t *testing.T) {
	towns := map[string]map[charging.CompanyID]bool{}
	total := 0
	ids := map[charging.EVSEID]bool{}
	for _, id := range inventory.Companies() {
		inv, ok := inventory.Default(id)
		if !ok || inv.Company != id {
			t.Fatalf("no inventory of %s", id)
		}
		if inv.EVSEs() < 20 {
			t.Errorf("%s has %d EVSEs, want at least 20", id, inv.EVSEs())
		}
		total += inv.EVSEs()
		for _, l := range inv.Locations {
			town := l.City + ", " + l.State
			if towns[town] == nil {
				towns[town] = map[charging.CompanyID]bool{}
			}
			towns[town][id] = true
			place, err := road.Default().Place(town)
			if err != nil || place.String() != town {
				t.Errorf("%s: %v", l.ID, err)
			} else if d := geo.Distance(place.Point, l.Point); d > 16 {
				t.Errorf("%s stands %.0f km from the seat of %s", l.ID, d, town)
			}
			for _, e := range l.EVSEs {
				if ids[e.ID] {
					t.Errorf("%s twice", e.ID)
				}
				ids[e.ID] = true
				if e.Status != charging.StatusAvailable || e.MaxPowerKW() <= 0 {
					t.Errorf("%s: %+v", e.ID, e)
				}
			}
		}
	}
	if total < 75 || len(towns) < 24 {
		t.Errorf("%d EVSEs in %d towns, want at least 75 in 24", total, len(towns))
	}
	shared := 0
	for _, companies := range towns {
		if len(companies) > 1 {
			shared++
		}
	}
	if shared < 3 {
		t.Errorf("%d towns with two companies, want several", shared)
	}
	if _, ok := inventory.Default("XXX"); ok {
		t.Error("found the inventory of nobody")
	}
}

const good = `company: TST
name: Teste
terms: {noshow_timeout_minutes: 15, cancel_until_minutes: 30, early_plug_minutes: 10, max_days_ahead: 30}
tariffs:
  - {id: T1, currency: BRL, per_kwh: 2, per_session: 1.5}
  - {id: T2, currency: BRL, per_kwh: 9, per_session: 0}
locations:
  - id: BR*TST*LREC01
    name: Posto
    city: Recife
    state: PE
    lat: -8.05
    lon: -34.9
    evses:
      - id: BR*TST*E0001*1
        connectors:
          - {id: "1", standard: IEC_62196_T2_COMBO, power_kw: 60, tariff_id: T1}
`

func TestParse(t *testing.T) {
	inv, err := inventory.Parse("t.yaml", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	l := inv.Locations[0]
	if l.Company != "TST" || l.Point != (geo.Point{Lat: -8.05, Lon: -34.9}) || l.Terms != inv.Terms {
		t.Errorf("location %+v", l)
	}
	if got := inv.Terms.CancelGrace; got != 5*time.Minute {
		t.Errorf("a grace of %s where none is said", got)
	}
	for said, want := range map[string]time.Duration{"0": 0, "7.5": 450 * time.Second} {
		other, err := inventory.Parse("t.yaml", []byte(strings.Replace(good, "max_days_ahead", "cancel_grace_minutes: "+said+", max_days_ahead", 1)))
		if err != nil || other.Terms.CancelGrace != want {
			t.Errorf("cancel_grace_minutes: %s gives %s, %v", said, other.Terms.CancelGrace, err)
		}
	}
	if got := inv.Terms.NoShowTimeout.Minutes(); got != 15 || inv.Terms.MaxAhead.Hours() != 720 {
		t.Errorf("terms %+v", inv.Terms)
	}
	if len(l.Tariffs) != 1 || math.Abs(l.Tariffs[0].Price(10)-21.5) > 1e-9 {
		t.Errorf("tariffs %+v, want T1 only, 21.50 for 10 kWh", l.Tariffs)
	}
	if loc, e, ok := inv.Location("BR*TST*E0001*1"); !ok || loc.ID != l.ID || e.MaxPowerKW() != 60 || !e.Connectors[0].DC() {
		t.Errorf("Location: %+v, %+v, %v", loc.ID, e, ok)
	}
	if _, _, ok := inv.Location("BR*TST*E0002*1"); ok {
		t.Error("found an EVSE that is not there")
	}
}

func TestParseSaysWhatIsWrongAndWhere(t *testing.T) {
	tests := []struct{ name, old, new, want string }{
		{"unknown field", "    city: Recife", "    city: Recife\n    colour: red", `t.yaml:11: a location has an unknown field "colour"`},
		{"unknown field of the file", "name: Teste", "name: Teste\nsite: x", `t.yaml:3: the file has an unknown field "site"`},
		{"missing field", "    state: PE\n", "", "t.yaml:8: a location has no state"},
		{"empty name", "name: Posto", `name: " "`, "t.yaml:9: name of a location is empty"},
		{"null name", "name: Posto", "name:", "t.yaml:9: name of a location is empty; want text"},
		{"wrong type", "name: Posto", "name: 7", "t.yaml:9: name of a location is a number; want text"},
		{"a name that turns", "name: Posto", `name: "a\u202Eb"`, "t.yaml:9: name of a location has the character U+202E"},
		{"a name in colour", "name: Posto", `name: "\e[31mred"`, "t.yaml:9: name of a location has the character U+001B"},
		{"a long name", "name: Posto", "name: " + strings.Repeat("ç", 121), "t.yaml:9: name of a location has 121 characters; at most 120"},
		{"markup", "name: Posto", "name: <script>", "t.yaml:8: INVALID_FIELD: name: has an angle bracket"},
		{"a long connector id", `id: "1"`, "id: " + strings.Repeat("x", 37), "evses[0].connectors[0].id: has 37 characters; at most 36"},
		{"no power", "power_kw: 60", "power_kw: 0", "t.yaml:17: power_kw of a connector is 0; want 1 to 500"},
		{"too much power", "power_kw: 60", "power_kw: 501", "t.yaml:17: power_kw of a connector is 501"},
		{"negative power", "power_kw: 60", "power_kw: -60", "t.yaml:17:"},
		{"power not a number", "power_kw: 60", "power_kw: .nan", "t.yaml:17: power_kw of a connector is a number; want a number"},
		{"power as text", "power_kw: 60", `power_kw: "60"`, "t.yaml:17: power_kw of a connector is text; want a number"},
		{"too much for AC", "IEC_62196_T2_COMBO, power_kw: 60", "IEC_62196_T2, power_kw: 60", "want 1 to 43"},
		{"unknown standard", "IEC_62196_T2_COMBO", "TESLA", `t.yaml:17: standard "TESLA"`},
		{"unknown tariff", "tariff_id: T1", "tariff_id: T9", `t.yaml:17: tariff_id "T9" is not among the tariffs`},
		{"latitude in Europe", "lat: -8.05", "lat: 48.1", "t.yaml:12: lat of a location is 48.1"},
		{"longitude in Asia", "lon: -34.9", "lon: 134.9", "t.yaml:13: lon of a location is 134.9"},
		{"unknown state", "state: PE", "state: XX", `t.yaml:11: state "XX"`},
		{"foreign location", "BR*TST*LREC01", "BR*MAR*LREC01", "t.yaml:8: id BR*MAR*LREC01 belongs to MAR, this file is TST's"},
		{"foreign EVSE", "BR*TST*E0001*1", "BR*SER*E0001*1", "t.yaml:15: id BR*SER*E0001*1 belongs to SER"},
		{"malformed EVSE", "BR*TST*E0001*1", "E1", "t.yaml:15:"},
		{"malformed company", "company: TST", "company: test", "t.yaml:1:"},
		{"duplicate tariff", "{id: T2", "{id: T1", "t.yaml:6: tariff T1 appears twice; first in line 5"},
		{"other currency", "{id: T2, currency: BRL", "{id: T2, currency: XXX", `t.yaml:6: currency "XXX"`},
		{"negative price", "per_kwh: 2", "per_kwh: -2", "t.yaml:5: per_kwh of a tariff is -2"},
		{"no-show in a moment", "noshow_timeout_minutes: 15", "noshow_timeout_minutes: 0", "t.yaml:3: noshow_timeout_minutes"},
		{"too short ahead", "max_days_ahead: 30", "max_days_ahead: 6", "t.yaml:3: max_days_ahead of terms is 6; want 7 to 365"},
		{"field twice", "name: Teste", "name: Teste\nname: Teste", "t.yaml:3:"},
		{"an alias", "name: Posto", "name: &a Posto", "t.yaml:9: name of a location is an anchor"},
		{"a list that is none", "    evses:\n      - id", "    evses:\n        id", "evses of a location is a group of fields; want a list"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Replace(good, tt.old, tt.new, 1)
			if text == good {
				t.Fatalf("%q is not in the file", tt.old)
			}
			_, err := inventory.Parse("t.yaml", []byte(text))
			var problems inventory.Problems
			if !errors.As(err, &problems) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error:\n%v\nwant %q", err, tt.want)
			}
		})
	}
}

func TestParseReportsDuplicates(t *testing.T) {
	copied := good[strings.Index(good, "  - id: BR*TST*LREC01"):]
	_, err := inventory.Parse("t.yaml", []byte(good+copied))
	for _, want := range []string{
		"t.yaml:18: location BR*TST*LREC01 appears twice; first in line 8",
		"t.yaml:25: EVSE BR*TST*E0001*1 appears twice; first in line 15",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error:\n%v\nwant %q", err, want)
		}
	}
}

func TestParseListsAllProblems(t *testing.T) {
	text := strings.NewReplacer("power_kw: 60", "power_kw: 999", "lat: -8.05", "lat: 80", "name: Posto", "nome: Posto").Replace(good)
	_, err := inventory.Parse("t.yaml", []byte(text))
	var problems inventory.Problems
	if !errors.As(err, &problems) || len(problems) != 4 {
		t.Fatalf("problems:\n%v\nwant 4: an unknown and a missing field, lat, power", err)
	}
	for i := 1; i < len(problems); i++ {
		if problems[i].Line < problems[i-1].Line {
			t.Errorf("line %d after line %d", problems[i].Line, problems[i-1].Line)
		}
	}
}

func TestParseRefusesWhatIsNoCompany(t *testing.T) {
	for _, text := range []string{"", "# only a comment\n", "42", "- a\n- b\n", "a: [", "\t", good + "---\n" + good, "company: TST\n", "\x00\xff"} {
		_, err := inventory.Parse("t.yaml", []byte(text))
		var problems inventory.Problems
		if !errors.As(err, &problems) || len(problems) == 0 || !strings.HasPrefix(err.Error(), "t.yaml:") {
			t.Errorf("Parse(%.20q): error %v, want problems with file and line", text, err)
		}
	}
}

func TestRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.yaml")
	if _, err := inventory.Read(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v, want that the file does not exist", err)
	}
	if err := os.WriteFile(path, []byte(good), 0o600); err != nil {
		t.Fatal(err)
	}
	if inv, err := inventory.Read(path); err != nil || inv.Company != "TST" {
		t.Errorf("Read = %v, %v", inv.Company, err)
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range []string{"mar.yaml", "caj.yaml"} {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data[:min(len(data), 1500)])
	}
	f.Add([]byte(good))
	f.Add([]byte("company: &a TST\nname: *a\n"))
	f.Add([]byte("a: {b: [c, {d: e}]}\n---\n...\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		inv, err := inventory.Parse("f.yaml", data)
		if err != nil {
			var problems inventory.Problems
			if !errors.As(err, &problems) || len(problems) == 0 {
				t.Fatalf("error %v without problems", err)
			}
			for _, p := range problems {
				if p.File != "f.yaml" || p.Line < 0 || p.Reason == "" || strings.Contains(p.Reason, "\n") {
					t.Fatalf("problem %+v", p)
				}
			}
			return
		}
		for _, l := range inv.Locations {
			if err := api.LocationOf(l).Validate(); err != nil {
				t.Fatalf("its peers would drop %+v: %v", l, err)
			}
			if l.ID.Validate() != nil || l.Company != inv.Company || l.Point.Validate() != nil || len(l.EVSEs) == 0 {
				t.Fatalf("let through %+v", l)
			}
			for _, e := range l.EVSEs {
				if e.ID.Validate() != nil || e.ID.Company() != inv.Company || !(e.MaxPowerKW() > 0) {
					t.Fatalf("let through %+v", e)
				}
			}
		}
	})
}
