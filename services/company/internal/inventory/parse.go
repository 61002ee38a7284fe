package inventory

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Parse reads and checks a company's file; name stands in its problems. The error is
// Problems: all of them, in the order of their lines.
func Parse(name string, data []byte) (inv Inventory, err error) {
	c := &checker{file: name, seen: map[string]int{}}
	root := c.document(data)
	if root != nil {
		inv = c.company(root)
	}
	if len(c.problems) > 0 {
		slices.SortStableFunc(c.problems, func(a, b Problem) int { return a.Line - b.Line })
		return Inventory{}, c.problems
	}
	return inv, nil
}

// document parses the text and gives its one document's root. The parser has been seen
// to panic on broken text; that is a problem of the file, not of the server.
func (c *checker) document(data []byte) (root ast.Node) {
	defer func() {
		if r := recover(); r != nil {
			root = nil
			c.add(1, "is not YAML: %v", r)
		}
	}()
	if len(data) > maxBytes {
		c.add(0, "has %d bytes; at most %d", len(data), maxBytes)
		return nil
	}
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		line, reason := 1, err.Error()
		var located yaml.Error
		if errors.As(err, &located) {
			if t := located.GetToken(); t != nil && t.Position != nil {
				line = t.Position.Line
			}
			reason = located.GetMessage()
		}
		c.add(line, "is not YAML: %s", reason)
		return nil
	}
	var bodies []ast.Node
	for _, d := range file.Docs {
		if d != nil && d.Body != nil {
			bodies = append(bodies, d.Body)
		}
	}
	switch len(bodies) {
	case 0:
		c.add(1, "is empty; want company, name, terms, tariffs and locations")
		return nil
	case 1:
		return bodies[0]
	}
	c.add(lineOf(bodies[1]), "a second document; want one company a file")
	return nil
}

func (c *checker) company(n ast.Node) Inventory {
	f, ok := c.fields(n, "the file", "company", "name", "terms", "tariffs", "locations")
	if !ok {
		return Inventory{}
	}
	id := charging.CompanyID(f.text("company"))
	if id != "" {
		c.valid(f.line("company"), id.Validate())
	}
	inv := Inventory{Company: id, Name: f.text("name")}
	inv.Terms = c.terms(f.node("terms"))
	tariffs := map[string]charging.Tariff{}
	for _, t := range f.list("tariffs") {
		if tariff := c.tariff(t); tariff.ID != "" {
			tariffs[tariff.ID] = tariff
		}
	}
	for _, l := range f.list("locations") {
		inv.Locations = append(inv.Locations, c.location(l, inv, tariffs))
	}
	return inv
}

// defaultCancelGrace is how long after booking a stop can be given back, where a
// location does not say.
const defaultCancelGrace = 5 * time.Minute

func (c *checker) terms(n ast.Node) charging.Terms {
	if n == nil {
		return charging.Terms{}
	}
	f, ok := c.fields(n, "terms", "noshow_timeout_minutes", "cancel_until_minutes", "early_plug_minutes", "max_days_ahead", "cancel_grace_minutes?", "longest_window_hours?")
	if !ok {
		return charging.Terms{}
	}
	minutes := func(name string, low, high float64) time.Duration {
		return time.Duration(f.number(name, low, high) * float64(time.Minute))
	}
	grace := defaultCancelGrace
	if f.by["cancel_grace_minutes"] != nil {
		grace = minutes("cancel_grace_minutes", 0, 24*60)
	}
	longest := time.Duration(0)
	if f.by["longest_window_hours"] != nil {
		longest = time.Duration(f.number("longest_window_hours", 0.25, 24) * float64(time.Hour))
	}
	return charging.Terms{
		LongestWindow: longest,
		CancelGrace:   grace,
		NoShowTimeout: minutes("noshow_timeout_minutes", 1, 24*60),
		CancelUntil:   minutes("cancel_until_minutes", 0, 7*24*60),
		EarlyPlug:     minutes("early_plug_minutes", 0, 24*60),
		MaxAhead:      time.Duration(f.number("max_days_ahead", 7, 365) * 24 * float64(time.Hour)),
	}
}

func (c *checker) tariff(n ast.Node) charging.Tariff {
	f, ok := c.fields(n, "a tariff", "id", "currency", "per_kwh", "per_session", "idle_per_minute?", "idle_grace_minutes?")
	if !ok {
		return charging.Tariff{}
	}
	t := charging.Tariff{
		ID: f.text("id"), Currency: f.text("currency"),
		PerKWh: f.number("per_kwh", 0, 100), PerSession: f.number("per_session", 0, 1000),
		IdlePerMinute: f.number("idle_per_minute", 0, 100), IdleGraceMinutes: f.number("idle_grace_minutes", 0, 24*60),
	}
	c.once(f.line("id"), "tariff", t.ID)
	if t.Currency != "" && t.Currency != "BRL" {
		c.add(f.line("currency"), "currency %q; want BRL", short(t.Currency))
	}
	return t
}

// maxKW is the most power of any connector. Brazil's borders in degrees, islands included.
const (
	maxKW                  = 500.0
	minLat, maxLat float64 = -34, 5.5
	minLon, maxLon float64 = -74, -28.5
)

var federation = []string{
	"AC", "AL", "AM", "AP", "BA", "CE", "DF", "ES", "GO", "MA", "MG", "MS", "MT", "PA", "PB", "PE", "PI", "PR",
	"RJ", "RN", "RO", "RR", "RS", "SC", "SE", "SP", "TO",
}

func (c *checker) location(n ast.Node, inv Inventory, tariffs map[string]charging.Tariff) charging.Location {
	f, ok := c.fields(n, "a location", "id", "name", "city", "state", "lat", "lon", "evses")
	if !ok {
		return charging.Location{}
	}
	before := len(c.problems)
	l := charging.Location{
		ID: charging.LocationID(f.text("id")), Company: inv.Company, Name: f.text("name"),
		City: f.text("city"), State: f.text("state"), Terms: inv.Terms,
	}
	l.Point.Lat, l.Point.Lon = f.number("lat", minLat, maxLat), f.number("lon", minLon, maxLon)
	if l.ID != "" {
		c.owned(f.line("id"), string(l.ID), l.ID.Validate(), l.ID.Company(), inv.Company)
		c.once(f.line("id"), "location", string(l.ID))
	}
	if l.State != "" && !slices.Contains(federation, l.State) {
		c.add(f.line("state"), "state %q; want the two capitals of one of Brazil's states", short(l.State))
	}
	used := map[string]bool{}
	for _, e := range f.list("evses") {
		l.EVSEs = append(l.EVSEs, c.evse(e, inv.Company, tariffs, used))
	}
	for id, t := range tariffs {
		if used[id] {
			l.Tariffs = append(l.Tariffs, t)
		}
	}
	slices.SortFunc(l.Tariffs, func(a, b charging.Tariff) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	if len(c.problems) == before {
		c.valid(f.at, api.LocationOf(l).Validate()) // as the peers will judge it
	}
	return l
}

func (c *checker) evse(n ast.Node, company charging.CompanyID, tariffs map[string]charging.Tariff, used map[string]bool) charging.EVSE {
	f, ok := c.fields(n, "an EVSE", "id", "connectors")
	if !ok {
		return charging.EVSE{}
	}
	e := charging.EVSE{ID: charging.EVSEID(f.text("id")), Status: charging.StatusAvailable}
	if e.ID != "" {
		c.owned(f.line("id"), string(e.ID), e.ID.Validate(), e.ID.Company(), company)
		c.once(f.line("id"), "EVSE", string(e.ID))
	}
	ids := map[string]bool{}
	for _, n := range f.list("connectors") {
		p, ok := c.connector(n, tariffs)
		if !ok {
			continue
		}
		if ids[p.ID] {
			c.add(lineOf(n), "connector %q appears twice at EVSE %s", short(p.ID), short(string(e.ID)))
		}
		ids[p.ID], used[p.TariffID] = true, true
		e.Connectors = append(e.Connectors, p)
	}
	return e
}

func (c *checker) connector(n ast.Node, tariffs map[string]charging.Tariff) (charging.Connector, bool) {
	f, ok := c.fields(n, "a connector", "id", "standard", "power_kw", "tariff_id")
	if !ok {
		return charging.Connector{}, false
	}
	p := charging.Connector{ID: f.text("id"), Standard: f.text("standard"), TariffID: f.text("tariff_id")}
	limit, known := maxKW, charging.KnownStandard(p.Standard)
	if p.Standard != "" && !known {
		c.add(f.line("standard"), "standard %q; want one of OCPI's ConnectorType, such as IEC_62196_T2_COMBO, IEC_62196_T2 or CHADEMO", short(p.Standard))
	}
	if known && charging.ACOnly(p.Standard) {
		limit = charging.MaxACKW
	}
	p.PowerKW = f.number("power_kw", 1, limit)
	if _, ok := tariffs[p.TariffID]; !ok && p.TariffID != "" {
		c.add(f.line("tariff_id"), "tariff_id %q is not among the tariffs", short(p.TariffID))
	}
	return p, true
}

// owned checks an id's form, and that it names the file's own company.
func (c *checker) owned(line int, id string, malformed error, owner, company charging.CompanyID) {
	if malformed != nil {
		c.valid(line, malformed)
	} else if owner != company && company != "" {
		c.add(line, "id %s belongs to %s, this file is %s's", id, owner, company)
	}
}

func (c *checker) valid(line int, err error) {
	if err != nil {
		c.add(line, "%v", err)
	}
}

// once reports an id that was used before, with the line of its first use.
func (c *checker) once(line int, what, id string) {
	if id == "" {
		return
	}
	key := what + " " + id
	if first, ok := c.seen[key]; ok {
		c.add(line, "%s %s appears twice; first in line %d", what, short(id), first)
		return
	}
	c.seen[key] = line
}

// short keeps a problem on one readable line.
func short(s string) string {
	if len(s) > 60 {
		return fmt.Sprintf("%.60s…", s)
	}
	return s
}
