// Package scenario reads what a fleet is to play: a YAML file, or one of those
// that come with the simulator.
package scenario

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/road"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/simulator/fleet"
)

//go:embed named/*.yaml
var named embed.FS

// Scenario is a fleet and its parts to play.
type Scenario struct {
	// About says in a line what is to be seen.
	About string `yaml:"about"`
	// Cars in all; at least as many as Drivers. 0 is the number of Drivers.
	Cars int    `yaml:"cars"`
	Seed uint64 `yaml:"seed"`
	// Speed is how many civil seconds pass in a real one; 0 leaves it open.
	Speed float64 `yaml:"speed"`
	// Journeys of each car; 0 for journeys until the end.
	Journeys int `yaml:"journeys"`
	// Over is the civil time over which the first journeys begin; Spread the real
	// time over which cars appear where Over is left out.
	Over   Duration `yaml:"over"`
	Spread Duration `yaml:"spread"`
	// From and To are the places where first journeys begin and end; left out,
	// those of package fleet.
	From []string `yaml:"from"`
	To   []string `yaml:"to"`
	// AirC is the temperature in °C where no event says otherwise.
	AirC float64 `yaml:"air_c"`
	// Odds are how often, 0 … 1, something does not go by the plan, by the names of
	// fleet.Odds; those left out are everyday's.
	Odds map[string]float64 `yaml:"odds"`
	// Events happen to the world.
	Events []Event `yaml:"events"`
	// Drivers are the cars that are not left to chance.
	Drivers []Driver `yaml:"drivers"`
}

// Driver is one car; what is left out is drawn.
type Driver struct {
	Model      string   `yaml:"model"`
	Discharge  string   `yaml:"discharge"`
	SoC        float64  `yaml:"soc"`
	From       string   `yaml:"from"`
	To         string   `yaml:"to"`
	Objective  string   `yaml:"objective"`
	OnConflict string   `yaml:"on_conflict"`
	Wait       Duration `yaml:"wait"`
	// Misdeeds are what it tries at its stops, one after the other: see
	// fleet.Misdeed.
	Misdeeds []string `yaml:"misdeeds"`
}

// Duration is written as in Go: 90s, 5m.
type Duration time.Duration

// UnmarshalYAML reads a duration.
func (d *Duration) UnmarshalYAML(raw []byte) error {
	var s string
	if err := yaml.Unmarshal(raw, &s); err != nil {
		return err
	}
	v, err := time.ParseDuration(s)
	if err != nil {
		return fmt.Errorf("%q is no duration such as 90s or 5m", s)
	}
	*d = Duration(v)
	return nil
}

// maxCars bounds a scenario; a process has about 20,000 file descriptors.
const maxCars = 10_000

// Names of the scenarios that come with the simulator.
func Names() []string {
	entries, err := named.ReadDir("named")
	if err != nil {
		panic("scenario: " + err.Error()) // it is embedded
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".yaml"))
	}
	return names
}

// List writes the names of the scenarios that come with the simulator, and what
// each is about.
func List(out io.Writer) error {
	for _, name := range Names() {
		s, err := Load(name)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(out, "%-24s %s\n", name, s.About); err != nil {
			return err
		}
	}
	return nil
}

// Load reads a scenario by its name, or from a file when the name has a dot or
// a slash. The error names the file, and what is wrong where.
func Load(name string) (Scenario, error) {
	var raw []byte
	var err error
	if strings.ContainsAny(name, "./") {
		raw, err = os.ReadFile(name)
	} else {
		raw, err = named.ReadFile(path.Join("named", name+".yaml"))
	}
	switch {
	case errors.Is(err, fs.ErrNotExist) && !strings.ContainsAny(name, "./"):
		return Scenario{}, fmt.Errorf("there is no scenario %q; there are %s, or name a file", name, strings.Join(Names(), ", "))
	case err != nil:
		return Scenario{}, fmt.Errorf("reading a scenario: %w", err)
	}
	s, err := Parse(raw)
	if err != nil {
		return Scenario{}, fmt.Errorf("scenario %s: %w", name, err)
	}
	return s, nil
}

// Parse reads a scenario and checks it. Unknown fields are refused.
func Parse(raw []byte) (Scenario, error) {
	var s Scenario
	if err := yaml.UnmarshalWithOptions(raw, &s, yaml.Strict()); err != nil {
		return Scenario{}, oneLine(err)
	}
	if s.Cars == 0 {
		s.Cars = len(s.Drivers)
	}
	return s, s.validate()
}

// oneLine shortens what the YAML reader says: what is wrong, and the line that it
// points at.
func oneLine(err error) error {
	lines := strings.Split(err.Error(), "\n")
	for _, l := range lines[1:] {
		if at, text, ok := strings.Cut(l, "|"); ok && strings.HasPrefix(at, ">") {
			return fmt.Errorf("%s: in %q", lines[0], strings.TrimSpace(text))
		}
	}
	return errors.New(lines[0])
}

func (s Scenario) validate() error {
	switch {
	case s.Cars < 1 || s.Cars > maxCars:
		return fmt.Errorf("cars: %d is not from 1 to %d", s.Cars, maxCars)
	case len(s.Drivers) > s.Cars:
		return fmt.Errorf("cars: %d are fewer than the %d drivers", s.Cars, len(s.Drivers))
	case !(s.Speed >= 0 && s.Speed <= 10_000):
		return fmt.Errorf("speed: %v is not from 0 to 10000", s.Speed)
	case s.Journeys < 0:
		return fmt.Errorf("journeys: %d is negative", s.Journeys)
	case s.Spread < 0:
		return errors.New("spread: is negative")
	case s.Over < 0:
		return errors.New("over: is negative")
	case !(s.AirC >= -30 && s.AirC <= 50):
		return fmt.Errorf("air_c: %v is not from -30 to 50 °C", s.AirC)
	}
	if _, err := s.odds(); err != nil {
		return fmt.Errorf("odds.%w", err)
	}
	for name, list := range map[string][]string{"from": s.From, "to": s.To} {
		for i, place := range list {
			if _, err := road.Default().Place(place); err != nil {
				return fmt.Errorf("%s[%d]: %w", name, i, err)
			}
		}
	}
	for i, e := range s.Events {
		if err := e.validate(); err != nil {
			return fmt.Errorf("events[%d]%s%w", i, dot(err), err)
		}
	}
	for i, d := range s.Drivers {
		if err := d.role().Validate(); err != nil {
			return fmt.Errorf("drivers[%d].%w", i, err)
		}
	}
	return nil
}

// dot joins a list's place and a field's name.
func dot(err error) string {
	if strings.HasPrefix(err.Error(), ":") {
		return ""
	}
	return "."
}

// odds are everyday's, but for those that are named.
func (s Scenario) odds() (fleet.Odds, error) {
	o := fleet.EverydayOdds()
	for name, v := range s.Odds {
		if err := o.Set(name, v); err != nil {
			return o, err
		}
	}
	return o, o.Validate()
}

func (d Driver) role() fleet.Role {
	var misdeeds []fleet.Misdeed
	for _, m := range d.Misdeeds {
		misdeeds = append(misdeeds, fleet.Misdeed(m))
	}
	return fleet.Role{
		Misdeeds: misdeeds, Model: d.Model, Discharge: carlink.Discharge(d.Discharge), SoC: d.SoC, From: d.From, To: d.To,
		Objective: trip.Objective(d.Objective), Policy: trip.Policy(d.OnConflict), Wait: time.Duration(d.Wait),
	}
}

// Apply puts the scenario into a fleet's options. A zero speed leaves theirs.
func (s Scenario) Apply(o fleet.Options) fleet.Options {
	o.Cars, o.Seed, o.Journeys = s.Cars, s.Seed, s.Journeys
	if s.Speed > 0 {
		o.Speed = s.Speed
	}
	if s.Spread > 0 {
		o.Spread = time.Duration(s.Spread)
	}
	if s.Over > 0 {
		o.Over = time.Duration(s.Over)
	}
	odds, _ := s.odds() // they were checked
	o.Odds, o.From, o.To = &odds, s.From, s.To
	o.World.AirC = s.AirC
	o.Cast, o.World.Events = nil, nil
	for _, e := range s.Events {
		o.World.Events = append(o.World.Events, e.fleet())
	}
	for _, d := range s.Drivers {
		o.Cast = append(o.Cast, d.role())
	}
	return o
}
