// Explore walks through the worlds of the protocol's model and tells what it
// found. It exits with 1 when a promise is broken.
package main

import (
	"flag"
	"fmt"
	"os"
	"reflect"
	"strconv"
	"strings"

	"github.com/eletrovia/eletrovia/services/e2e/model"
)

type options struct {
	world, without, policy, faults, wishes string
	trips, stops, evses, limit             int
	large, list                            bool
}

func main() {
	var o options
	flag.StringVar(&o.world, "world", "", "only worlds and rows whose name contains `TEXT`")
	flag.StringVar(&o.without, "without", "", "switch these `RULES` off, by commas; \"each\" plays the rows, each without its rule")
	flag.BoolVar(&o.large, "large", false, "the large worlds too")
	flag.BoolVar(&o.list, "list", false, "list worlds, rows and rules")
	flag.IntVar(&o.trips, "trips", 0, "instead of the listed worlds one with `N` trips (up to 3) in a ring")
	flag.IntVar(&o.stops, "stops", 2, "… of `N` stops each (up to 3)")
	flag.IntVar(&o.evses, "evses", 3, "… at `N` EVSEs (up to 4)")
	flag.StringVar(&o.policy, "policy", "abort,wait", "… and these `POLICIES`: abort, wait, ask, replan")
	flag.StringVar(&o.faults, "faults", "", "… and these faults, e.g. `crashes=1,late=1`")
	flag.StringVar(&o.wishes, "wishes", "", "… and these wishes, e.g. `cancels=1`")
	flag.IntVar(&o.limit, "limit", 0, "stop at `N` states (0: none)")
	flag.Parse()
	broken, err := o.run()
	if err != nil {
		fmt.Fprintln(os.Stderr, "explore:", err)
		os.Exit(2)
	}
	if broken > 0 {
		os.Exit(1)
	}
}

// run tells how many worlds broke a promise.
func (o options) run() (int, error) {
	if o.list {
		o.show()
		return 0, nil
	}
	worlds, err := o.worlds()
	if err != nil {
		return 0, err
	}
	broken := 0
	for _, sc := range worlds {
		r := model.Explore(&sc, o.limit)
		fmt.Printf("%-48s %v", sc.Name, r)
		switch {
		case r.Violation != nil:
			broken++
			fmt.Printf("\n%v", r.Violation)
		case !r.Complete:
			fmt.Print(", stopped at the limit, nothing found so far\n")
		default:
			fmt.Print(", all promises kept\n")
		}
	}
	fmt.Printf("%d worlds, %d with a broken promise\n", len(worlds), broken)
	return broken, nil
}

func (o options) show() {
	for _, w := range model.Worlds() {
		fmt.Printf("world  %s (large: %v)\n", w.Name, w.Large)
	}
	for _, r := range model.Rows() {
		fmt.Printf("row    %2d %s: without %s: %s\n", r.Number, r.World.Name, r.Rule, r.Kind)
	}
}

// worlds are those that the flags ask for.
func (o options) worlds() ([]model.Scenario, error) {
	var out []model.Scenario
	if o.trips > 0 {
		sc, err := o.ring()
		if err != nil {
			return nil, err
		}
		out = append(out, sc)
	} else if o.without == "each" {
		for _, r := range model.Rows() {
			r.World.Rules = model.Without(r.Rule)
			r.World.Name = fmt.Sprintf("%d %s, without %s", r.Number, r.World.Name, r.Rule)
			out = append(out, r.World)
		}
	} else {
		for _, w := range model.Worlds() {
			if !w.Large || o.large || o.world != "" {
				out = append(out, w.Scenario)
			}
		}
	}
	var rules []model.Rule
	for _, name := range words(o.without) {
		if name == "each" {
			return named(out, o.world), nil
		}
		r, err := model.ParseRule(name)
		if err != nil {
			return nil, err
		}
		rules = append(rules, r)
	}
	for i := range out {
		out[i].Rules = model.Without(rules...)
	}
	return named(out, o.world), nil
}

func named(all []model.Scenario, text string) []model.Scenario {
	var out []model.Scenario
	for _, sc := range all {
		if strings.Contains(sc.Name, text) {
			out = append(out, sc)
		}
	}
	return out
}

func words(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' })
}

// ring is a world of one's own.
func (o options) ring() (model.Scenario, error) {
	sc := model.Scenario{Name: fmt.Sprintf("%d trips, %d stops, %d EVSEs", o.trips, o.stops, o.evses)}
	if o.trips > 3 || o.stops < 1 || o.stops > 3 || o.evses < o.stops || o.evses > 4 {
		return sc, fmt.Errorf("up to 3 trips, 1 to 3 stops, and EVSEs for the stops of one trip, up to 4")
	}
	var p model.Policy
	for _, name := range words(o.policy) {
		one, known := map[string]model.Policy{"abort": model.Abort, "wait": model.Wait, "ask": model.Ask, "replan": model.Replan}[name]
		if !known {
			return sc, fmt.Errorf("there is no policy %q", name)
		}
		p |= one
	}
	sc.Trips = model.Ring(o.trips, o.stops, o.evses, p)
	if err := counts(&sc.Faults, o.faults); err != nil {
		return sc, err
	}
	return sc, counts(&sc.Wishes, o.wishes)
}

// counts reads name=number into the fields of a struct.
func counts(into any, list string) error {
	v := reflect.ValueOf(into).Elem()
	for _, word := range words(list) {
		name, number, _ := strings.Cut(word, "=")
		n, err := strconv.ParseUint(number, 10, 3)
		f := v.FieldByNameFunc(func(s string) bool { return strings.EqualFold(s, name) })
		if err != nil || !f.IsValid() {
			return fmt.Errorf("%q is no %s=0…7", word, v.Type().Name())
		}
		f.SetUint(n)
	}
	return nil
}
