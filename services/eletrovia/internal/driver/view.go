package driver

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/show"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/terminal"
)

// sites names what the ids of EVSEs mean to a person.
type sites map[charging.EVSEID]api.Location

// sitesOf asks for the locations; without them ids stand for names.
func sitesOf(ctx context.Context, server *client.Driver) sites {
	all, err := server.Locations(ctx)
	if err != nil {
		return nil
	}
	s := sites{}
	for _, l := range all {
		for _, e := range l.EVSEs {
			s[e.EVSEID] = l
		}
	}
	return s
}

// place of an EVSE: its site's name and town.
func (s sites) place(id charging.EVSEID) string {
	l, ok := s[id]
	if !ok {
		return string(id)
	}
	return show.Clean(l.Name + " · " + l.City)
}

func showPlan(p show.Printer, names sites, r api.PlanRequest, plan trip.Plan) {
	p.Linef("%s   %s", p.Bold(wayOf(r, plan)), p.Dim(fmt.Sprintf("%s · %.0f km · %s charging · %s · arrive %s with %s",
		show.Minutes(plan.TotalMinutes), plan.DistanceKM, show.Minutes(plan.ChargeMinutes),
		show.Price(plan.Price, plan.Currency), terminal.Instant(p, plan.Arrival), show.Percent(plan.ArriveSoC))))
	headers := []string{"#", "Station", "Company", "EVSE", "Arrive", "Leave", "Battery", "Spare", "Price"}
	var rows [][]string
	for _, s := range plan.Stops {
		rows = append(rows, []string{
			strconv.Itoa(s.Leg), names.place(s.EVSEID), p.Accent(string(s.CompanyID)), string(s.EVSEID),
			terminal.Instant(p, s.Start), terminal.Instant(p, s.End), battery(p, s.ArriveSoC, s.DepartSoC), strconv.Itoa(s.Backups), show.Price(s.Price, plan.Currency),
		})
	}
	if len(rows) > 0 {
		p.Table(headers, rows)
		below := "never below " + show.Percent(plan.MarginSoC+reserveOf(r))
		if r.BasePlanID != "" || r.MinDestinationSoC != nil { // whose reserve only the server knows, or differs from the way's
			below = "always " + show.Percent(plan.MarginSoC) + " above the reserve"
		}
		p.Linef("%s", p.Dim(below+"; spare: other chargers in reach of the stop, free then"))
	}
	showPlugs(p, plan)
	showBackups(p, plan)
	showVia(p, plan)
	showAsked(p, plan)
	var until []string
	for _, s := range plan.Stops {
		if !s.CancelUntil.IsZero() {
			until = append(until, fmt.Sprintf("%d %s", s.Leg, terminal.Instant(p, s.CancelUntil)))
		}
	}
	showFree(p, until)
	showKnown(p, plan)
}

// showPlugs tells which plug the car uses at each stop.
func showPlugs(p show.Printer, plan trip.Plan) {
	var at []string
	for _, s := range plan.Stops {
		if s.Standard != "" {
			at = append(at, fmt.Sprintf("%d %s %.0f kW", s.Leg, show.Clean(plugName(s.Standard)), s.PowerKW))
		}
	}
	if len(at) > 0 {
		p.Linef("%s", p.Dim("plug: stop "+strings.Join(at, " · ")))
	}
}

// showBackups tells where to go first, for each stop, when its charger is broken.
func showBackups(p show.Printer, plan trip.Plan) {
	for _, s := range plan.Stops {
		if len(s.BackupStops) == 0 {
			continue
		}
		b := s.BackupStops[0]
		p.Linef("%s", p.Dim(fmt.Sprintf("spare for stop %d: %s · %s · %s to %s · arrive with %s · %s", s.Leg, show.Clean(b.LocationName),
			b.EVSEID, terminal.Instant(p, b.Start), terminal.Instant(p, b.End), show.Percent(b.ArriveSoC), show.PriceChange(b.DeltaPrice))))
	}
}

// wayOf is from where to where a plan leads.
func wayOf(r api.PlanRequest, plan trip.Plan) string {
	if r.BasePlanID == "" {
		return r.Origin.City + " → " + r.Destination.City
	}
	if plan.Origin == nil || plan.Destination == nil {
		return "the plan anew"
	}
	return show.Clean(plan.Origin.Name + " → " + plan.Destination.Name)
}

// battery is the charge on arrival and on leaving.
func battery(p show.Printer, arrive, depart float64) string {
	text := show.Percent(arrive) + "→" + show.Percent(depart)
	if bar := p.Battery(arrive, depart); bar != "" {
		return bar + " " + text
	}
	return text
}

// showFree tells until when each stop may be given back.
func showFree(p show.Printer, until []string) {
	if len(until) > 0 {
		p.Linef("%s", p.Dim("free to cancel until: stop "+strings.Join(until, " · ")))
	}
}

// freeUntil are the stops of a trip that may be given back, by the terms of their
// companies and the grace after booking, and until when.
func freeUntil(p show.Printer, names sites, t trip.Trip) (until []string) {
	for _, l := range t.Legs {
		site, known := names[l.EVSEID]
		if known && t.State == trip.Confirmed && l.State == charging.Reserved {
			terms := site.Charging().Terms
			until = append(until, fmt.Sprintf("%d %s", l.Leg, terminal.Instant(p, terms.CancelableUntil(l.Start, l.BookedAt))))
		}
	}
	return until
}

// reserveOf is what a request does not want to go below.
func reserveOf(r api.PlanRequest) float64 {
	if r.MinArrivalSoC == nil {
		return 0.1
	}
	return *r.MinArrivalSoC
}

// showKnown tells how old what the companies said is, and who said nothing.
func showKnown(p show.Printer, plan trip.Plan) {
	var known []string
	for _, id := range slices.Sorted(maps.Keys(plan.AsOf)) {
		at := plan.AsOf[id]
		when := at.UTC().Format(time.RFC3339)
		if p.Mode == show.Fancy {
			when = show.Second(at)
		}
		known = append(known, string(id)+" "+when)
	}
	if len(known) > 0 {
		p.Linef("%s", p.Dim("free as of "+strings.Join(known, " · ")))
	}
	for _, id := range plan.Silent {
		p.Linef("%s %s does not answer: its chargers are left out", p.Wait("note"), id)
	}
}

func showTrip(p show.Printer, names sites, t trip.Trip) {
	p.Linef("%s %s %s   %s", p.Bold("Trip"), p.Bold(string(t.ID)), terminal.PaintTrip(p, t.State),
		p.Dim(fmt.Sprintf("vehicle %s · booked at %s · on conflict %s", t.VehicleID, t.Origin, t.OnConflict)))
	showOutline(p, t.Plan)
	showLegs(p, names, t.Legs)
	showFree(p, freeUntil(p, names, t))
	for _, l := range t.Legs {
		if l.Session != nil {
			p.Linef("stop %d: %s", l.Leg, sessionLine(p, *l.Session))
		}
		if l.Problem != nil {
			p.Linef("stop %d: %s", l.Leg, problemLine(p, *l.Problem))
		}
	}
	if t.Problem != nil {
		p.Linef("%s", problemLine(p, *t.Problem))
	}
	if t.State == trip.Aborted {
		p.Linef("nothing of this trip is held anywhere")
	}
	for _, d := range asked(t) {
		showDecision(p, names, d)
	}
}

// showLegs is the table of a trip's stops, with the battery where the trip knows it.
func showLegs(p show.Printer, names sites, legs []trip.Leg) {
	headers := []string{"#", "State", "Company", "Station", "EVSE", "Arrive", "Leave", "Battery", "Price"}
	rows, known := make([][]string, len(legs)), false
	for i, l := range legs {
		price := ""
		if l.Price > 0 {
			price = show.Price(l.Price, "")
		}
		soc := batteryOf(p, l)
		known = known || soc != ""
		rows[i] = []string{
			strconv.Itoa(l.Leg), paintLeg(p, l.State), p.Accent(string(l.CompanyID)), names.stop(l),
			string(l.EVSEID), terminal.Instant(p, l.Start), terminal.Instant(p, l.End), soc, price,
		}
	}
	if !known {
		headers = dropColumn(headers, rows, "Battery")
	}
	p.Table(headers, rows)
}

// dropColumn leaves a column out of a table, which is changed.
func dropColumn(headers []string, rows [][]string, name string) []string {
	at := slices.Index(headers, name)
	for i := range rows {
		rows[i] = slices.Delete(rows[i], at, at+1)
	}
	return slices.Delete(headers, at, at+1)
}

// showOutline tells from where to where a trip goes, and what that takes, as a plan does.
func showOutline(p show.Printer, plan *trip.Outline) {
	if plan == nil || plan.Arrival.IsZero() {
		return
	}
	way := "the plan"
	if plan.Origin != nil && plan.Destination != nil {
		way = plan.Origin.Name + " → " + plan.Destination.Name
	}
	arrive := "arrive " + terminal.Instant(p, plan.Arrival)
	if plan.ArriveSoC != nil {
		arrive += " with " + show.Percent(*plan.ArriveSoC)
	}
	p.Linef("%s   %s", p.Bold(show.Clean(way)), p.Dim(fmt.Sprintf("%s · %.0f km · %s charging · %s · leave %s · %s",
		show.Minutes(plan.TotalMinutes), plan.DistanceKM, show.Minutes(plan.ChargeMinutes),
		show.Price(plan.Price, plan.Currency), terminal.Instant(p, plan.Departure), arrive)))
	showDriven(p, plan)
}

// showDriven tells how far the car has come, with how much, and what was planned there.
func showDriven(p show.Printer, plan *trip.Outline) {
	if len(plan.Driven) < 2 {
		return
	}
	last := plan.Driven[len(plan.Driven)-1]
	at := plan.Departure.Add(time.Duration(last[1] * float64(time.Minute))).Truncate(time.Second)
	line := fmt.Sprintf("driven %.0f km by %s, battery %s", last[0], terminal.Instant(p, at), show.Percent(last[2]))
	if soc, ok := plannedAt(plan.Profile, last[0]); ok {
		line += ", planned " + show.Percent(soc)
	}
	p.Linef("%s", line)
}

// plannedAt is the charge that was planned at some kilometre; ok is false within a kilometre of
// a stop, where it is several.
func plannedAt(profile trip.Profile, km float64) (soc float64, ok bool) {
	for i := 1; i < len(profile); i++ {
		a, b := profile[i-1], profile[i]
		switch {
		case a[0] == b[0] && math.Abs(a[0]-km) < 1:
			return 0, false
		case a[0] < b[0] && km <= b[0] && !ok:
			soc, ok = a[2]+(km-a[0])/(b[0]-a[0])*(b[2]-a[2]), true
		}
	}
	return soc, ok
}

// stop is the place of a leg, as the trip names it.
func (s sites) stop(l trip.Leg) string {
	if l.LegPlan != nil && l.LocationName != "" {
		return show.Clean(l.LocationName + " · " + l.City)
	}
	return s.place(l.EVSEID)
}

// batteryOf is the charge at a stop, empty where nobody knows it.
func batteryOf(p show.Printer, l trip.Leg) string {
	if l.LegPlan == nil || l.ArriveSoC == nil || l.DepartSoC == nil {
		return ""
	}
	return battery(p, *l.ArriveSoC, *l.DepartSoC)
}

// sessionLine is what the car does or did at the plug.
func sessionLine(p show.Printer, s charging.Session) string {
	if !s.Over() {
		return p.Good("charging") + " since " + terminal.Instant(p, s.StartedAt)
	}
	line := fmt.Sprintf("%s, %.1f kWh", show.Minutes(s.Minutes), s.EnergyKWh)
	if s.Price != nil {
		line += ", " + show.Price(s.Price.Total, s.Price.Currency)
	}
	if s.Estimated {
		line += " " + p.Wait("(estimated until the car says what it took)")
	}
	return line
}

func showDecision(p show.Printer, names sites, d trip.Decision) {
	p.Linef("%s stop %d: %s: %s", p.Wait("decide"), d.Leg, d.Code, show.Clean(d.Detail))
	headers := []string{"Take", "Station", "Company", "EVSE", "Arrive", "Leave", "Battery", "Time", "Price"}
	var rows [][]string
	known, priced := false, false
	for i, a := range d.Alternatives {
		soc := ""
		if a.ArriveSoC != nil {
			known, soc = true, show.Percent(*a.ArriveSoC)
		}
		priced = priced || a.ArriveSoC != nil || a.DeltaPrice != 0
		rows = append(rows, []string{
			strconv.Itoa(i + 1), names.place(a.EVSEID), p.Accent(string(a.CompanyID)), string(a.EVSEID),
			terminal.Instant(p, a.Start), terminal.Instant(p, a.End), soc, fmt.Sprintf("%+.0f min", a.DeltaMinutes),
			show.PriceChange(a.DeltaPrice),
		})
	}
	if !known {
		headers = dropColumn(headers, rows, "Battery")
	}
	if !priced { // of a trip given by hand nobody knows what is charged: not that it costs the same
		headers = dropColumn(headers, rows, "Price")
	}
	if len(rows) > 0 {
		p.Table(headers, rows)
	}
	p.Linef("until %s", terminal.Instant(p, d.ExpiresAt))
}

func paintLeg(p show.Printer, s charging.State) string {
	switch s {
	case charging.Reserved, charging.Charging, charging.Fulfilled:
		return p.Good(string(s))
	case charging.Claimed, charging.Pending, trip.LegPlanned:
		return p.Wait(string(s))
	}
	return p.Bad(string(s))
}

// nextOf ends a view of a trip with what can be done about it.
func (c commands) nextOf(p show.Printer, t trip.Trip) {
	id := string(t.ID)
	switch t.State {
	case trip.AwaitingDecision:
		if open := asked(t); len(open) > 0 && len(open[0].Alternatives) > 0 {
			p.Next(c.Next("decide", id, "--take 1"))
		}
		p.Next(c.Next("decide", id, "--give-up"))
	case trip.Confirmed:
		if open := asked(t); len(open) > 0 {
			p.Next(c.answers(id, open)...)
			return
		}
		p.Next(c.Next("trips", id), c.Next("cancel", id))
	case trip.Aborted, trip.Canceled, trip.Completed:
		p.Next(c.Next("trips", id, "--history"))
	default:
		p.Next(c.Next("trips", id))
	}
}

// answers are the commands that answer what a booked trip asks, for each stop
// and, where there are several, for all at once.
func (c commands) answers(id string, open []trip.Decision) (lines []string) {
	all := ""
	for _, d := range open {
		leg := "--leg " + strconv.Itoa(d.Leg)
		best := api.ActionGiveUp
		if len(d.Alternatives) > 0 {
			best = "1"
			lines = append(lines, c.Next("decide", id, leg, "--take 1"))
		}
		lines = append(lines, c.Next("decide", id, leg, "--give-up"))
		all += fmt.Sprintf(" --answer %d=%s", d.Leg, best)
	}
	if len(open) > 1 {
		lines = append(lines, c.Next("decide", id, strings.TrimSpace(all)))
	}
	return lines
}

// problemLine is a refusal as a trip remembers it; what a driver did has no code.
func problemLine(p show.Printer, pr trip.Problem) string {
	if pr.Code == "" {
		return show.Clean(pr.Detail)
	}
	return p.Bad(string(pr.Code)) + ": " + show.Clean(pr.Detail)
}
