package requests

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
)

// held is a reservation that SER has made at MAR in this run, and how it names it.
type held struct {
	id  string
	ref map[string]any
}

// mostlyRight has what a schema cannot say of a body be so, mostly: a trip has stops
// and is its caller's own; what a peer reserves is for a trip of its own, at a charger
// of the server that is asked; what it asks of a reservation names it as it was made.
func (g *generator) mostlyRight(r *request, v any) {
	m, ok := v.(map[string]any)
	if !ok || g.IntN(5) == 0 {
		return
	}
	switch r.op.OperationID {
	case "plan":
		g.aPlan(m)
	case "createTrip":
		g.aTrip(r, m)
	case "registerVehicle":
		m["model"], m["vehicle_id"] = "byd-dolphin", fmt.Sprintf("car%d", g.Uint32())
	case "availability":
		from := time.Now().UTC().Truncate(time.Hour)
		m["from"], m["to"] = from.Format(time.RFC3339), from.Add(24*time.Hour).Format(time.RFC3339)
	case "reserve", "claim":
		g.aHold(m)
	default:
		if r.held != nil {
			maps.Copy(m, r.held.ref)
		}
		if r.op.OperationID == "move" {
			m["to"] = g.window(24 * 4)
		}
	}
}

func (g *generator) aPlan(m map[string]any) {
	clear(m)
	m["origin"] = map[string]any{"city": "João Pessoa, PB"}
	m["destination"] = map[string]any{"lat": -12.97 + g.Float64(), "lon": -38.5}
	m["vehicle"] = map[string]any{"model": "byd-dolphin"}
	m["soc"] = 0.5 + g.Float64()/2
}

func (g *generator) aTrip(r *request, m map[string]any) {
	if strings.HasPrefix(r.as, "EV-") {
		m["vehicle_id"] = r.as
	}
	delete(m, "soc")
	if m["plan_id"] == nil || g.IntN(2) == 0 {
		delete(m, "plan_id")
		stop := g.window(24 * 4 * 6)
		stop["evse_id"] = g.pick(g.ids["evse_id"])
		m["stops"] = []any{stop}
	}
}

func (g *generator) aHold(m map[string]any) {
	window := g.window(24 * 4 * 6)
	if g.IntN(4) == 0 { // a car may plug in there soon
		from := time.Now().UTC().Truncate(time.Second).Add(2 * time.Second)
		window = between(from, from.Add(10*time.Minute))
	}
	maps.Copy(m, window)
	m["trip_id"], m["evse_id"], m["epoch"] = g.uuid(), g.pick(g.ids["own"]), 1
	m["vehicle_id"] = fmt.Sprintf("EV-%04d", 100+g.IntN(800))
	delete(m, "ticket")
}

func (g *generator) uuid() string { return g.string(&openapi3.Schema{Pattern: "^[0-9a-f]{8}-"}) }

// window is a quarter of an hour, at most so many of them ahead.
func (g *generator) window(quarters int) map[string]any {
	from := time.Now().UTC().Truncate(time.Hour).Add(time.Duration(8+g.IntN(quarters)) * 15 * time.Minute)
	return between(from, from.Add(15*time.Minute))
}

func between(from, to time.Time) map[string]any {
	return map[string]any{"start": from.Format(time.RFC3339), "end": to.Format(time.RFC3339)}
}

// follow picks a reservation that was made before, for what is asked about one.
func (g *generator) follow(r *request) {
	making := r.op.OperationID == "reserve" || r.op.OperationID == "claim"
	if !making && strings.Contains(r.path, "{reservation_id}") && len(g.held) > 0 && g.IntN(4) > 0 {
		last := g.held[max(0, len(g.held)-10):] // before it lapses
		r.held = &last[g.IntN(len(last))]
	}
}

// learn remembers what a request has made.
func (g *generator) learn(r request, status int, body string) {
	var made struct {
		Trip        string `json:"trip_id"`
		Reservation string `json:"reservation_id"`
	}
	if status != http.StatusCreated || json.Unmarshal([]byte(body), &made) != nil {
		return
	}
	switch r.op.OperationID {
	case "createTrip":
		g.ids["trip_id"] = append(g.ids["trip_id"], made.Trip)
	case "reserve":
		ref := map[string]any{}
		if json.Unmarshal([]byte(r.body), &ref) != nil {
			return
		}
		maps.DeleteFunc(ref, func(k string, _ any) bool {
			return !slices.Contains([]string{"trip_id", "origin", "evse_id", "end", "epoch", "owner"}, k)
		})
		g.held = append(g.held, held{made.Reservation, ref})
	}
}
