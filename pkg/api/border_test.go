package api

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/legible"
	"github.com/eletrovia/eletrovia/pkg/problem"
)

// site is a location that is good, of the company and the number.
func site(of string, n int) Location {
	return Location{
		LocationID: charging.LocationID(fmt.Sprintf("BR*%s*L%04d", of, n)), CompanyID: charging.CompanyID(of),
		Name: "Posto São José", City: "Caicó", State: "RN", Lat: -6.46, Lon: -37.1,
		EVSEs: []EVSE{
			{EVSEID: charging.EVSEID(fmt.Sprintf("BR*%s*E%04d*1", of, n)), Status: charging.StatusAvailable, Connectors: []Connector{
				{"1", "IEC_62196_T2_COMBO", 120, "dc"}, {"2", "CHADEMO", 50, "dc"},
			}},
			{EVSEID: charging.EVSEID(fmt.Sprintf("BR*%s*E%04d*2", of, n)), Status: charging.StatusCharging, Connectors: []Connector{{"1", "IEC_62196_T2", 22, "ac"}}},
		},
		Tariffs: []Tariff{{ID: "dc", Currency: "BRL", PerKWh: 2.2, PerSession: 1}, {ID: "ac", Currency: "BRL", PerKWh: 1.4, IdlePerMinute: 0.5, IdleGraceMinutes: 10}},
		Terms:   BookingTerms{900, 3600, 600, 14 * 86400, 5},
	}
}

// left is how much of a location has come through, and what was said of the rest.
type left struct{ sites, evses, plugs, tariffs int }

func leftOf(list []charging.Location) left {
	n := left{sites: len(list)}
	for _, l := range list {
		n.evses += len(l.EVSEs)
		n.tariffs += len(l.Tariffs)
		for _, e := range l.EVSEs {
			n.plugs += len(e.Connectors)
		}
	}
	return n
}

// One row a field: what cannot be true or shown takes its own record away, and
// what depends on it, and nothing else. The same value in a company's own file
// is refused by Validate, which names the field.
func TestRecords(t *testing.T) {
	const long = 121
	whole := left{1, 2, 3, 2}
	none := left{}
	evse, plug, tariff := left{1, 1, 1, 2}, left{1, 2, 2, 2}, left{1, 2, 1, 1}
	for name, c := range map[string]struct {
		change func(*Location)
		want   left
		field  string
	}{
		"good":                  {func(*Location) {}, whole, ""},
		"no name":               {func(l *Location) { l.Name, l.City, l.State = "", "", "" }, whole, ""},
		"the longest name":      {func(l *Location) { l.Name = strings.Repeat("ç", MaxName) }, whole, ""},
		"location id":           {func(l *Location) { l.LocationID = "BR*SER*l1" }, none, "location_id"},
		"company":               {func(l *Location) { l.CompanyID = "MAR" }, none, "company_id"},
		"a long name":           {func(l *Location) { l.Name = strings.Repeat("ç", long) }, none, "name"},
		"a name in two lines":   {func(l *Location) { l.Name = "a\r\nSet-Cookie: x" }, none, "name"},
		"a name with NUL":       {func(l *Location) { l.Name = "a\x00" }, none, "name"},
		"a name in red":         {func(l *Location) { l.Name = "\x1b[31mred" }, none, "name"},
		"a name that turns":     {func(l *Location) { l.Name = "a\u202egnp" }, none, "name"},
		"a name that is markup": {func(l *Location) { l.Name = "<script>alert(1)</script>" }, none, "name"},
		"city":                  {func(l *Location) { l.City = "a\u2028b" }, none, "city"},
		"state":                 {func(l *Location) { l.State = "R\x1b" }, none, "state"},
		"lat":                   {func(l *Location) { l.Lat = -90.1 }, none, "lat"},
		"lon":                   {func(l *Location) { l.Lon = 180.1 }, none, "lon"},
		"no-show":               {func(l *Location) { l.Terms.NoShowTimeout = 86401 }, none, "booking_terms.noshow_timeout_seconds"},
		"cancel until":          {func(l *Location) { l.Terms.CancelUntil = -1 }, none, "booking_terms.cancel_until_seconds"},
		"early plug":            {func(l *Location) { l.Terms.EarlyPlug = 1e300 }, none, "booking_terms.early_plug_seconds"},
		"max ahead":             {func(l *Location) { l.Terms.MaxAhead = 366 * 86400 }, none, "booking_terms.max_ahead_seconds"},
		"grace":                 {func(l *Location) { l.Terms.CancelGraceMinutes = 1441 }, none, "booking_terms.cancel_grace_minutes"},
		"EVSE id":               {func(l *Location) { l.EVSEs[0].EVSEID = "BR*SER*E1\n" }, evse, "evses[0].evse_id"},
		"another's EVSE":        {func(l *Location) { l.EVSEs[0].EVSEID = "BR*MAR*E0001*1" }, evse, "evses[0].evse_id"},
		"status":                {func(l *Location) { l.EVSEs[0].Status = "\x1b[31mWEIRD" }, evse, "evses[0].status"},
		"no status":             {func(l *Location) { l.EVSEs[0].Status = "" }, evse, "evses[0].status"},
		"connector id":          {func(l *Location) { l.EVSEs[0].Connectors[0].ID = "1\x07" }, plug, "evses[0].connectors[0].id"},
		"no connector id":       {func(l *Location) { l.EVSEs[0].Connectors[0].ID = "" }, plug, "evses[0].connectors[0].id"},
		"a connector twice":     {func(l *Location) { l.EVSEs[0].Connectors[1].ID = "1" }, plug, "evses[0].connectors[1].id"},
		"standard":              {func(l *Location) { l.EVSEs[0].Connectors[0].Standard = "NACS\u202e" }, plug, "evses[0].connectors[0].standard"},
		"power":                 {func(l *Location) { l.EVSEs[0].Connectors[0].PowerKW = -1 }, plug, "evses[0].connectors[0].power_kw"},
		"too much power":        {func(l *Location) { l.EVSEs[0].Connectors[0].PowerKW = 2001 }, plug, "evses[0].connectors[0].power_kw"},
		"an unknown tariff":     {func(l *Location) { l.EVSEs[0].Connectors[0].TariffID = "free" }, plug, "evses[0].connectors[0].tariff_id"},
		// Its connectors go with it: without a tariff they would be free of charge.
		"tariff id":    {func(l *Location) { l.Tariffs[0].ID = strings.Repeat("x", 37) }, tariff, "tariffs[0].id"},
		"currency":     {func(l *Location) { l.Tariffs[0].Currency = "brl" }, tariff, "tariffs[0].currency"},
		"other money":  {func(l *Location) { l.Tariffs[0].Currency = "USD" }, tariff, "tariffs[0].currency"},
		"per kWh":      {func(l *Location) { l.Tariffs[0].PerKWh = 101 }, tariff, "tariffs[0].per_kwh"},
		"per session":  {func(l *Location) { l.Tariffs[0].PerSession = -0.01 }, tariff, "tariffs[0].per_session"},
		"idle":         {func(l *Location) { l.Tariffs[0].IdlePerMinute = 1e9 }, tariff, "tariffs[0].idle_per_minute"},
		"idle grace":   {func(l *Location) { l.Tariffs[0].IdleGraceMinutes = 1441 }, tariff, "tariffs[0].idle_grace_minutes"},
		"tariff twice": {func(l *Location) { l.Tariffs[1].ID = "dc" }, left{1, 2, 2, 1}, "tariffs[1].id"},
	} {
		t.Run(name, func(t *testing.T) {
			l := site("SER", 1)
			c.change(&l)
			var drops []Drop
			b := NewBorder("SER", func(d Drop) { drops = append(drops, d) })
			got := b.Locations([]json.RawMessage{marshal(t, l), marshal(t, site("SER", 2))})
			c.want.sites++
			c.want.evses += 2
			c.want.plugs += 3
			c.want.tariffs += 2
			if n := leftOf(got); n != c.want {
				t.Errorf("left %+v, want %+v; dropped %+v", n, c.want, drops)
			}
			if (len(drops) == 0) != (c.field == "") {
				t.Errorf("dropped %+v", drops)
			}
			err := l.Validate()
			if f := fieldsOf(err); (err == nil) != (c.field == "") || err != nil && (len(f) != 1 || f[0].Field != c.field) {
				t.Errorf("Validate: %v, want %q", err, c.field)
			}
			checkDrops(t, drops)
		})
	}
}

// checkDrops holds whatever was dropped: an operator can read it.
func checkDrops(t *testing.T, drops []Drop) {
	t.Helper()
	for _, d := range drops {
		if legible.Check(d.What, maxSaid) != nil || legible.Check(d.Why, maxSaid) != nil || d.What == "" || d.Why == "" || d.Records < 1 {
			t.Errorf("dropped %+v", d)
		}
	}
}

// What is of another shape than the contract's, or a number that no computer
// has, takes its own record away.
func TestRecordsOfAnotherShape(t *testing.T) {
	good := string(marshal(t, site("SER", 1)))
	for name, c := range map[string]struct {
		old, new string
		want     left
	}{
		"a number as text":            {`"lat":-6.46`, `"lat":"NaN"`, left{}},
		"a number too large":          {`"lat":-6.46`, `"lat":1e999`, left{}},
		"a name as a number":          {`"name":"Posto São José"`, `"name":7`, left{}},
		"EVSEs as a text":             {`"evses":[`, `"evses":"none","x":[`, left{}},
		"a power as text":             {`"power_kw":120`, `"power_kw":"Infinity"`, left{1, 2, 2, 2}},
		"a power too large":           {`"power_kw":120`, `"power_kw":1e400`, left{1, 2, 2, 2}},
		"a status as a list":          {`"status":"AVAILABLE"`, `"status":["AVAILABLE"]`, left{1, 1, 1, 2}},
		"a price as text":             {`"per_kwh":2.2`, `"per_kwh":"-Infinity"`, left{1, 2, 1, 1}},
		"half a surrogate":            {`"city":"Caicó"`, `"city":"\ud800"`, left{}},
		"an escaped override":         {`"city":"Caicó"`, `"city":"\u202E"`, left{}},
		"a field that we do not know": {`"lat":-6.46`, `"lat":-6.46,"opened":{"by":"\u202E"}`, left{1, 2, 3, 2}},
		"null":                        {good, `null`, left{}},
		"a number":                    {good, `17`, left{}},
	} {
		t.Run(name, func(t *testing.T) {
			raw := strings.Replace(good, c.old, c.new, 1)
			if raw == good {
				t.Fatalf("%q is not in %s", c.old, good)
			}
			var drops []Drop
			got := NewBorder("SER", func(d Drop) { drops = append(drops, d) }).Locations([]json.RawMessage{json.RawMessage(raw)})
			if n := leftOf(got); n != c.want || (len(drops) == 0) != (c.want == left{1, 2, 3, 2}) {
				t.Errorf("left %+v, want %+v; dropped %+v", n, c.want, drops)
			}
			checkDrops(t, drops)
		})
	}
}

func TestMoreThanACompanyMayHave(t *testing.T) {
	l := site("SER", 1)
	for i := range 1500 {
		e := l.EVSEs[0]
		e.EVSEID = charging.EVSEID(fmt.Sprintf("BR*SER*EX%d*1", i))
		l.EVSEs = append(l.EVSEs, e)
	}
	for i := range 100 {
		l.Tariffs = append(l.Tariffs, Tariff{ID: fmt.Sprint(i), Currency: "BRL"})
		l.EVSEs[0].Connectors = append(l.EVSEs[0].Connectors, Connector{fmt.Sprint(10 + i), "CHADEMO", 50, "dc"})
	}
	count := 0
	b := NewBorder("SER", func(d Drop) { count += d.Records })
	got := b.Locations([]json.RawMessage{marshal(t, l)})
	if len(got) != 1 || len(got[0].EVSEs) != maxSiteEVSEs || len(got[0].Tariffs) != maxTariffs || len(got[0].EVSEs[0].Connectors) != maxConnectors {
		t.Fatalf("left %+v", leftOf(got))
	}
	if want := 502 + 38 + 86; count != want {
		t.Errorf("%d records were left out, want %d", count, want)
	}
	if l.Validate() == nil {
		t.Error("a company's own file may say more than its peers take")
	}
	again := b.Locations([]json.RawMessage{marshal(t, site("SER", 1)), marshal(t, site("MAR", 2)), marshal(t, site("SER", 3))})
	if n := leftOf(again); n != (left{1, 2, 3, 2}) || b.Seen() != 4 {
		t.Errorf("on the next page: %+v of %d, want the one that is new and SER's", n, b.Seen())
	}
}

func TestAnswersAboutFreeTime(t *testing.T) {
	w := charging.NewWindow(now, now.Add(24*time.Hour))
	hour := func(n int) charging.Window {
		return charging.NewWindow(now.Add(time.Duration(n)*time.Hour), now.Add(time.Duration(n+1)*time.Hour))
	}
	asked := []charging.EVSEID{"BR*SER*E1*1", "BR*SER*E2*1"}
	good := Availability{asked[1], []charging.Window{hour(1), hour(2)}}
	for name, c := range map[string]struct {
		first any
		want  int
	}{
		"good":          {Availability{asked[0], []charging.Window{hour(0)}}, 2},
		"never":         {Availability{asked[0], nil}, 2},
		"not asked for": {Availability{"BR*SER*E3*1\x1b", nil}, 1},
		"backwards":     {Availability{asked[0], []charging.Window{{Start: hour(1).End, End: hour(1).Start}}}, 1},
		"another day":   {Availability{asked[0], []charging.Window{hour(30)}}, 1},
		"out of order":  {Availability{asked[0], []charging.Window{hour(2), hour(1)}}, 1},
		"overlapping":   {Availability{asked[0], []charging.Window{{Start: now, End: now.Add(2 * time.Hour)}, hour(1)}}, 1},
		"no instant":    {map[string]any{"evse_id": asked[0], "windows": []any{map[string]string{"start": "soon"}}}, 1},
		"far too many":  {Availability{asked[0], slices.Repeat([]charging.Window{hour(1)}, maxWindows+1)}, 1},
	} {
		var drops []Drop
		b := NewBorder("SER", func(d Drop) { drops = append(drops, d) })
		free := b.Availability([]json.RawMessage{marshal(t, c.first), marshal(t, good)}, asked, w)
		if len(free) != c.want || free[len(free)-1].EVSEID != asked[1] || len(drops) != 2-c.want {
			t.Errorf("%s: %+v; dropped %+v", name, free, drops)
		}
		checkDrops(t, drops)
	}
	twice := NewBorder("SER", nil).Availability([]json.RawMessage{marshal(t, good), marshal(t, good)}, asked, w)
	if len(twice) != 1 {
		t.Errorf("said twice: %+v", twice)
	}
}

func TestWhatACompanySaysOfItself(t *testing.T) {
	good := CompanyInfo{
		CompanyID: "SER", CountryCode: "BR", PartyID: "SER", Name: "Sertão Energia", Versions: []string{"1"},
		RESTURL: "https://ser.example:8443", MQTTURL: "ssl://ser.example:8883", PublicKeys: json.RawMessage(`{"keys":[]}`),
		RevokedVehicles: []string{"EV-1@1790000000"}, Time: "1790000000000000",
	}
	for name, c := range map[string]struct {
		change func(*CompanyInfo)
		fix    func(*CompanyInfo)
	}{
		"good":              {func(*CompanyInfo) {}, nil},
		"name":              {func(c *CompanyInfo) { c.Name = "\x1b]0;x\x07" }, func(c *CompanyInfo) { c.Name = "" }},
		"600 kB of name":    {func(c *CompanyInfo) { c.Name = strings.Repeat("a", 600_000) }, func(c *CompanyInfo) { c.Name = "" }},
		"country":           {func(c *CompanyInfo) { c.CountryCode = "BRA" }, func(c *CompanyInfo) { c.CountryCode = "" }},
		"party":             {func(c *CompanyInfo) { c.PartyID = "S\u200dR!" }, func(c *CompanyInfo) { c.PartyID = "" }},
		"REST":              {func(c *CompanyInfo) { c.RESTURL = "javascript://x/" }, func(c *CompanyInfo) { c.RESTURL = "" }},
		"MQTT scheme":       {func(c *CompanyInfo) { c.MQTTURL = "unix:///run/x" }, func(c *CompanyInfo) { c.MQTTURL = "" }},
		"MQTT without host": {func(c *CompanyInfo) { c.MQTTURL = "tcp:1883" }, func(c *CompanyInfo) { c.MQTTURL = "" }},
		"MQTT with a name":  {func(c *CompanyInfo) { c.MQTTURL = "tcp://a:b@x:1" }, func(c *CompanyInfo) { c.MQTTURL = "" }},
		"MQTT, unprintable": {func(c *CompanyInfo) { c.MQTTURL = "tcp://x\u202e:1" }, func(c *CompanyInfo) { c.MQTTURL = "" }},
		"MQTT, endless":     {func(c *CompanyInfo) { c.MQTTURL = "tcp://" + strings.Repeat("x", 300) }, func(c *CompanyInfo) { c.MQTTURL = "" }},
		"time":              {func(c *CompanyInfo) { c.Time = strings.Repeat("9", 99) }, func(c *CompanyInfo) { c.Time = "" }},
		"a version":         {func(c *CompanyInfo) { c.Versions = []string{"1\n", "1"} }, func(c *CompanyInfo) { c.Versions = []string{"1"} }},
		"keys":              {func(c *CompanyInfo) { c.PublicKeys = make([]byte, maxKeys+1) }, func(c *CompanyInfo) { c.PublicKeys = nil }},
		"a revocation": {
			func(c *CompanyInfo) { c.RevokedVehicles = []string{strings.Repeat("x", 201), "EV-1@1790000000"} }, func(*CompanyInfo) {},
		},
	} {
		told, want := good, good
		c.change(&told)
		var drops []Drop
		b := NewBorder("SER", func(d Drop) { drops = append(drops, d) })
		got := b.Company(told)
		if c.fix != nil {
			c.fix(&want)
		}
		if !reflect.DeepEqual(got, want) || (len(drops) == 0) != (c.fix == nil) {
			t.Errorf("%s: %+v, want %+v; dropped %+v", name, got, want, drops)
		}
		checkDrops(t, drops)
	}
}

func TestSessionsAsOthersTellThem(t *testing.T) {
	billed := func() charging.Session {
		return charging.Tariff{ID: "dc", Currency: "BRL", PerKWh: 2, PerSession: 1}.Bill(charging.NewWindow(now, now.Add(time.Hour)), now, now.Add(time.Hour), 30)
	}
	for name, c := range map[string]struct {
		change func(*charging.Session)
		ok     bool
	}{
		"good":           {func(*charging.Session) {}, true},
		"no price yet":   {func(s *charging.Session) { s.Price = nil }, true},
		"no start":       {func(s *charging.Session) { s.StartedAt = time.Time{} }, false},
		"an end of 1970": {func(s *charging.Session) { s.EndedAt = time.Unix(0, 0) }, false},
		"minutes":        {func(s *charging.Session) { s.Minutes = -1 }, false},
		"idle":           {func(s *charging.Session) { s.IdleMinutes = 1e12 }, false},
		"energy":         {func(s *charging.Session) { s.EnergyKWh = math.Inf(1) }, false},
		"a battery":      {func(s *charging.Session) { s.EndSoC = 1.1 }, false},
		"tariff":         {func(s *charging.Session) { s.TariffID = "\x1b[2J" }, false},
		"currency":       {func(s *charging.Session) { s.Price.Currency = "R$\u202e" }, false},
		"a gift":         {func(s *charging.Session) { s.Price.Energy = -1 }, false},
		"total":          {func(s *charging.Session) { s.Price.Total = 1e12 }, false},
	} {
		s := billed()
		c.change(&s)
		var drops []Drop
		b := NewBorder("SER", func(d Drop) { drops = append(drops, d) })
		r := b.Reservation(Reservation{ReservationID: "r\x1b", Session: &s, Reason: "BROKEN\r\n\x1b[31m" + strings.Repeat("x", 1000)})
		if (r.Session != nil) != c.ok || (len(drops) == 0) != c.ok {
			t.Errorf("%s: %+v; dropped %+v", name, r.Session, drops)
		}
		if legible.Check(r.Reason, maxReason) != nil || !strings.HasPrefix(r.Reason, "BROKEN") {
			t.Errorf("%s: reason %q", name, r.Reason)
		}
		checkDrops(t, drops)
	}
}

// A notice's reason becomes part of what a driver is told: it is tamed, and the
// notice, which tells that a stop is lost, is not refused for it.
func TestNoticesReasonIsTamed(t *testing.T) {
	body, err := json.Marshal(map[string]any{
		"reservation_id": "0190a0c0-0000-7000-8000-000000000002", "leg": 1, "state": "CANCELED", "reason": "\x1b[31mBROKEN\u202e\n" + strings.Repeat("ã", 5000),
	})
	if err != nil {
		t.Fatal(err)
	}
	n, err := DecodeChanged("0190a0c0-0000-7000-8000-000000000001", body)
	if err != nil || legible.Check(n.Reason, maxReason) != nil || !strings.Contains(n.Reason, "BROKEN") {
		t.Errorf("%q, %v", n.Reason, err)
	}
}

func TestConflictsThatAreIncredible(t *testing.T) {
	for conflict, kept := range map[string]bool{
		`{"evse_id":"BR*SER*E1*1","state":"RESERVED","settled":true,"granted_at":"1790000000000000","origin":"MAR"}`: true,
		`{}`:                                 true,
		`{"state":"WEIRD"}`:                  false,
		`{"evse_id":"BR*SER*E1\u001b"}`:      false,
		`{"granted_at":"\u001b[31m"}`:        false,
		`{"granted_at":"99999999999999999"}`: false,
		`{"trip_id":"x"}`:                    false,
		`{"reservation_id":"x"}`:             false,
		`{"origin":"mar"}`:                   false,
	} {
		r := ToRefusal(problem.Problem{Status: 409, Code: "SLOT_TAKEN", Conflict: json.RawMessage(conflict)})
		if r == nil || (r.Conflict != nil) != kept {
			t.Errorf("%s: %+v", conflict, r)
		}
	}
}

// FuzzPeerRecords: whatever a peer answers, what comes through is as Validate
// wants it, small, and legible; the good record beside it is there.
func FuzzPeerRecords(f *testing.F) {
	one, _ := json.Marshal(site("SER", 1))
	f.Add(one)
	f.Add([]byte(`{"location_id":"BR*SER*L1","name":"\u202e\u0000","lat":1e999}`))
	f.Add([]byte(`{"evse_id":"BR*SER*E9*1","windows":[{"start":"2026-01-01T00:00:00Z","end":"2026-01-01T01:00:00Z"}]}`))
	f.Add([]byte(`{"company_id":"SER","name":"<b>","mqtt_url":"tcp://x:1","revoked_vehicles":["\u001b"]}`))
	good, _ := json.Marshal(site("SER", 9999))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if !json.Valid(raw) || len(raw) > 1<<16 {
			return // the client refuses the whole answer
		}
		var drops []Drop
		b := NewBorder("SER", func(d Drop) { drops = append(drops, d) })
		list := b.Locations([]json.RawMessage{raw, good})
		for _, l := range list {
			if err := LocationOf(l).Validate(); err != nil || l.Company != "SER" {
				t.Errorf("let through %+v: %v", l, err)
			}
		}
		if len(list) == 0 || list[len(list)-1].ID != "BR*SER*L9999" && list[0].ID != "BR*SER*L9999" {
			t.Errorf("the good location is gone: %+v", list)
		}
		if out, _ := json.Marshal(list); legible.Check(string(out), 2*len(raw)+1<<14) != nil {
			t.Errorf("let through %s", out)
		}
		w := charging.NewWindow(now, now.Add(time.Hour))
		for _, free := range b.Availability([]json.RawMessage{raw}, []charging.EVSEID{"BR*SER*E9*1"}, w) {
			if free.EVSEID != "BR*SER*E9*1" || slices.ContainsFunc(free.Windows, func(x charging.Window) bool { return !x.Overlaps(w) }) {
				t.Errorf("let through %+v", free)
			}
		}
		var info CompanyInfo
		if json.Unmarshal(raw, &info) == nil {
			c := b.Company(info)
			if name("name", c.Name) != nil || address("mqtt_url", c.MQTTURL, mqttSchemes...) != nil || len(c.Versions) > maxVersions {
				t.Errorf("let through %+v", c)
			}
		}
		var r Reservation
		if json.Unmarshal(raw, &r) == nil {
			if r = b.Reservation(r); legible.Check(r.Reason, maxReason) != nil || r.Session != nil && checkSession(*r.Session) != nil {
				t.Errorf("let through %+v", r)
			}
		}
		checkDrops(t, drops)
	})
}

// The corpus is committed; this keeps it from going stale unseen.
func TestPeerRecordsCorpusIsThere(t *testing.T) {
	files, err := filepath.Glob("testdata/fuzz/FuzzPeerRecords/*")
	if err != nil || len(files) < 10 {
		t.Errorf("%d seeds, %v", len(files), err)
	}
	for _, name := range files {
		if raw, err := os.ReadFile(name); err != nil || !strings.HasPrefix(string(raw), "go test fuzz v1\n[]byte(") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
