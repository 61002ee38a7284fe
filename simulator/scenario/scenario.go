// Package scenario reads what a fleet is to play: a YAML file, or one of those
// that come with the simulator.
package scenario

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/eletrovia/eletrovia/pkg/carlink"
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
	// Spread is the real time over which cars appear.
	Spread Duration `yaml:"spread"`
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
		return Scenario{}, err
	}
	if s.Cars == 0 {
		s.Cars = len(s.Drivers)
	}
	return s, s.validate()
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
	}
	for i, d := range s.Drivers {
		if err := d.role().Validate(); err != nil {
			return fmt.Errorf("drivers[%d].%w", i, err)
		}
	}
	return nil
}

func (d Driver) role() fleet.Role {
	return fleet.Role{
		Model: d.Model, Discharge: carlink.Discharge(d.Discharge), SoC: d.SoC, From: d.From, To: d.To,
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
	o.Cast = nil
	for _, d := range s.Drivers {
		o.Cast = append(o.Cast, d.role())
	}
	return o
}
