package driver

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/show"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/terminal"
)

// edit is the flags that change a plan.
type edit struct {
	base                         string
	fix, release                 []int
	replace, depart, stay, avoid []string
	via                          []string
	byNothing                    bool
}

func (e *edit) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&e.base, "base", "", "plan this plan anew, with what follows; its drive is kept, so no --from, --to …")
	f.IntSliceVar(&e.fix, "fix", nil, "with --base: keep the charger and the window of this stop; may be repeated")
	f.StringArrayVar(&e.replace, "replace", nil, "with --base: 2=LOCATION or 2=EVSE: have stop 2 there; may be repeated")
	f.StringArrayVar(&e.depart, "depart", nil, "with --base: 2=80: leave stop 2 with 80%; may be repeated")
	f.StringArrayVar(&e.stay, "stay", nil, "with --base: 2=45: stay at stop 2 for 45 minutes at least; may be repeated")
	f.IntSliceVar(&e.release, "release", nil, "with --base: drop what was asked of this stop before; may be repeated")
	f.StringArrayVar(&e.via, "via", nil, `pass this place, in the order given, and stay so many minutes: "Recife, PE" or "Recife, PE:30"; may be repeated`)
	f.BoolVar(&e.byNothing, "no-via", false, "with --base: pass none of the places that it passes")
}

// alone are the flags that mean nothing without a plan to edit.
func (e *edit) alone() bool {
	return len(e.fix)+len(e.release)+len(e.replace)+len(e.depart)+len(e.stay) > 0 || e.byNothing
}

// request is the body of POST /plans that edits a plan.
func (e *edit) request() (api.PlanRequest, error) {
	r := api.PlanRequest{BasePlanID: e.base}
	for _, leg := range e.fix {
		r.Changes = append(r.Changes, api.Change{Leg: leg, Fix: true})
	}
	for _, leg := range e.release {
		r.Changes = append(r.Changes, api.Change{Leg: leg, Release: true})
	}
	for _, one := range []struct {
		flag, want string
		values     []string
		set        func(*api.Change, string) error
	}{
		{"replace", "2=BR*CAJ*LAJU01, a location, or 2=BR*CAJ*E0001*1, an EVSE", e.replace, setPlace},
		{"depart", "2=80, the stop and the charge in percent", e.depart, func(c *api.Change, s string) error {
			percent, err := strconv.ParseFloat(strings.TrimSuffix(s, "%"), 64)
			share := percent / 100
			c.DepartSoC = &share
			return err
		}},
		{"stay", "2=45, the stop and minutes", e.stay, func(c *api.Change, s string) (err error) {
			c.StayMinutes, err = strconv.ParseFloat(s, 64)
			return err
		}},
	} {
		for _, text := range one.values {
			c, err := changeOf(text, one.set)
			if err != nil {
				return r, terminal.Usage(fmt.Errorf("--%s %q: want %s", one.flag, text, one.want))
			}
			r.Changes = append(r.Changes, c)
		}
	}
	avoid, err := parseChoice("avoid", e.avoid)
	if err != nil {
		return r, err
	}
	if !avoid.IsZero() {
		r.Changes = append(r.Changes, api.Change{Avoid: avoid})
	}
	r.Via, err = e.places()
	if err == nil && r.Via == nil && len(r.Changes) == 0 {
		err = terminal.Usage(errors.New("say what to change with --fix, --replace, --depart, --stay, --release, --avoid, --via or --no-via"))
	}
	return r, err
}

// changeOf reads LEG=VALUE.
func changeOf(text string, set func(*api.Change, string) error) (c api.Change, err error) {
	leg, value, found := strings.Cut(text, "=")
	if c.Leg, err = strconv.Atoi(leg); err != nil || !found {
		return c, errors.New("is no LEG=VALUE")
	}
	return c, set(&c, value)
}

func setPlace(c *api.Change, s string) error {
	switch {
	case charging.LocationID(s).Validate() == nil:
		c.Replace = &api.Instead{LocationID: charging.LocationID(s)}
	case charging.EVSEID(s).Validate() == nil:
		c.Replace = &api.Instead{EVSEID: charging.EVSEID(s)}
	default:
		return errors.New("is no location and no EVSE")
	}
	return nil
}

// places are those to pass; nil where nothing is said of them.
func (e *edit) places() (*[]api.Via, error) {
	if len(e.via) > 0 && e.byNothing {
		return nil, terminal.Usage(errors.New("--via and --no-via contradict each other: give one of them"))
	}
	if len(e.via) == 0 && !e.byNothing {
		return nil, nil
	}
	all := []api.Via{}
	for _, text := range e.via {
		name, minutes, stays := strings.Cut(text, ":")
		v := api.Via{Endpoint: api.Endpoint{City: name}}
		if stays {
			var err error
			if v.StayMinutes, err = strconv.ParseFloat(minutes, 64); err != nil {
				return nil, terminal.Usage(fmt.Errorf(`--via %q: want "Recife, PE" or "Recife, PE:30", with minutes to stay`, text))
			}
		}
		all = append(all, v)
	}
	return &all, nil
}

// showVia tells which places a plan passes, and how.
func showVia(p show.Printer, plan trip.Plan) {
	for _, v := range plan.Via {
		line := fmt.Sprintf("by %s: there %s with %s", show.Clean(v.Name), terminal.Instant(p, v.Arrival), show.Percent(v.ArriveSoC))
		if v.StayMinutes > 0 {
			line += ", stays " + show.Minutes(v.StayMinutes)
		}
		p.Linef("%s", line)
	}
}

// showAsked tells what edits have asked of a plan's stops.
func showAsked(p show.Printer, plan trip.Plan) {
	var all []string
	for _, s := range plan.Stops {
		if s.Asked == nil {
			continue
		}
		what := []string{map[trip.Hold]string{trip.HoldEVSE: "this charger", trip.HoldLocation: "this place"}[s.Asked.Hold]}
		if !s.Asked.Start.IsZero() {
			what = append(what, "from "+terminal.Instant(p, s.Asked.Start))
		}
		if s.Asked.DepartSoC > 0 {
			what = append(what, "leave with "+show.Percent(s.Asked.DepartSoC))
		}
		if s.Asked.StayMinutes > 0 {
			what = append(what, "stay "+show.Minutes(s.Asked.StayMinutes))
		}
		all = append(all, fmt.Sprintf("stop %d %s", s.Leg, strings.Join(what, ", ")))
	}
	if len(all) > 0 {
		p.Linef("%s", p.Dim("asked: "+strings.Join(all, " · ")))
	}
}
