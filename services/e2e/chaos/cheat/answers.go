package cheat

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

// routes are those of a company, as the others call them.
func (c *Company) routes() http.Handler {
	m := http.NewServeMux()
	const f = "/federation/v1"
	m.HandleFunc("GET /.well-known/jwks.json", func(w http.ResponseWriter, _ *http.Request) { c.write(w, http.StatusOK, c.keys.set()) })
	m.HandleFunc("GET "+f+"/company", c.company)
	m.HandleFunc("GET "+f+"/locations", func(w http.ResponseWriter, _ *http.Request) { c.write(w, http.StatusOK, []api.Location{c.location()}) })
	m.HandleFunc("POST "+f+"/availability", c.badly(c.availability))
	m.HandleFunc("POST "+f+"/reservations/{id}/{step}", c.badly(c.act))
	m.HandleFunc("GET "+f+"/reservations/{id}", c.badly(c.reservation))
	m.HandleFunc("GET "+f+"/trips/{id}/outcome", c.badly(c.outcome))
	m.HandleFunc("POST "+f+"/outcomes", c.badly(c.outcomes))
	m.HandleFunc("GET "+f+"/promises", func(w http.ResponseWriter, _ *http.Request) { c.write(w, http.StatusOK, []string{}) })
	m.HandleFunc("POST "+f+"/trips/{id}/{notice}", c.badly(func(w http.ResponseWriter, _ *http.Request, _ []byte) { w.WriteHeader(http.StatusNoContent) }))
	m.HandleFunc("POST "+f+"/vehicles/{id}/contest", c.badly(c.contest))
	m.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		c.refuse(w, http.StatusNotFound, charging.CodeUnknownRoute)
	})
	return m
}

// answer of one route to a request with its body.
type answer func(w http.ResponseWriter, r *http.Request, body []byte)

// badly answers most requests and keeps what they show; the others late, cut, wrongly or
// with nonsense.
func (c *Company) badly(plainly answer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		if err != nil {
			return
		}
		c.listen(r, body)
		mood := 99
		if !c.quiet.Load() {
			mood = c.draw(20)
		}
		switch mood {
		case 0:
			c.lied("late")
			wait(r.Context(), time.Duration(c.draw(int(lateAtMost))))
			plainly(w, r, body)
		case 1:
			c.lied("cut")
			w.Header().Set("Content-Length", "4096")
			_, _ = w.Write([]byte(`{"reservation_id":"`))
			panic(http.ErrAbortHandler)
		case 2:
			c.lied("nonsense with 200")
			c.write(w, http.StatusOK, []any{nil, map[string]any{"state": "\x1b[31mRESERVED", "fence": -1}})
		case 3:
			c.lied("wrong refusal")
			codes := []charging.Code{charging.CodeSlotTaken, charging.CodePriorityLost, charging.CodeHoldExpired, charging.CodeStaleOwner, charging.CodeForbidden, charging.CodeAlreadyCompensated}
			c.refuse(w, http.StatusConflict, codes[c.draw(len(codes))])
		default:
			plainly(w, r, body)
		}
	}
}

func (c *Company) write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func (c *Company) refuse(w http.ResponseWriter, status int, code charging.Code) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"type": "/problems/" + string(code), "title": string(code), "status": status, "code": code, "detail": "no"})
}

func (c *Company) company(w http.ResponseWriter, _ *http.Request) {
	c.write(w, http.StatusOK, api.CompanyInfo{
		CompanyID: c.o.Self, CountryCode: "BR", PartyID: string(c.o.Self), Name: "Lado Energia", Versions: []string{"1"}, RESTURL: c.URL(),
		PublicKeys: c.keys.set(), RevokedVehicles: []string{}, Time: strconv.FormatInt(time.Now().UnixMicro(), 10),
	})
}

// availability: all that is asked about is free, whatever has been promised.
func (c *Company) availability(w http.ResponseWriter, _ *http.Request, body []byte) {
	q, err := api.DecodeAvailability(body)
	if err != nil {
		c.refuse(w, http.StatusBadRequest, charging.CodeMalformedRequest)
		return
	}
	var free []charging.Free
	for _, id := range q.EVSEIDs {
		free = append(free, charging.Free{EVSEID: id, Windows: []charging.Window{q.Window()}})
	}
	c.write(w, http.StatusOK, api.AvailabilityOf(free))
}

// became is the state that each action leads to, by the contract.
var became = map[string]charging.State{
	"claim": charging.Claimed, "reserve": charging.Pending, "confirm": charging.Reserved, "compensate": charging.Canceled,
	"start": charging.Charging, "complete": charging.Fulfilled,
}

// act answers an action on a stop at its EVSEs: granted to everybody, and denied when
// the mood is so.
func (c *Company) act(w http.ResponseWriter, r *http.Request, body []byte) {
	id, step := charging.ReservationID(r.PathValue("id")), r.PathValue("step")
	var h api.HoldBody
	if json.Unmarshal(body, &h) != nil {
		c.refuse(w, http.StatusBadRequest, charging.CodeMalformedRequest)
		return
	}
	if step == "move" {
		c.refuse(w, http.StatusNotFound, charging.CodeUnknownRoute)
		return
	}
	if !c.quiet.Load() && step != "claim" && step != "reserve" && c.draw(6) == 0 {
		c.lied(step + " denied after a grant")
		c.refuse(w, http.StatusGone, charging.CodeHoldExpired)
		return
	}
	c.write(w, http.StatusOK, c.stop(id, step, h))
}

// stop carries an action out in its books.
func (c *Company) stop(id charging.ReservationID, step string, h api.HoldBody) api.Reservation {
	ticket, granted := "", ""
	if step == "reserve" && h.Leg == 1 && h.Ticket == "" {
		ticket, granted = c.signed(c.anothers(h))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.stops[id]
	if s == nil {
		s = &api.Reservation{
			ReservationID: id, TripID: h.TripID, Origin: h.Origin, Leg: max(h.Leg, 1), CompanyID: c.o.Self, EVSEID: h.EVSEID, Start: h.Start, End: h.End,
			VehicleID: h.VehicleID, Fence: c.fence.Add(1), State: charging.Canceled,
		}
		c.stops[id] = s
	}
	if next := became[step]; next != "" {
		s.State = next
	}
	if ticket != "" && s.Ticket == "" {
		s.Ticket, s.GrantedAt = ticket, granted
	}
	s.Epoch, s.TTLMillis = h.Epoch, int64(min(h.TTLSeconds, charging.MaxHold.Seconds())*1000)
	s.Started, s.Session = time.Time{}, nil
	if step == "start" || step == "complete" {
		s.Started = time.Now().UTC()
	}
	return *s
}

// anothers is the ticket for another company's trip whose first stop is at the cheat's.
func (c *Company) anothers(h api.HoldBody) stamp {
	s := c.truth(h.TripID)
	s.origin, s.evse = h.Origin, h.EVSEID
	if c.quiet.Load() {
		return s
	}
	switch c.draw(8) {
	case 0:
		s.granted, s.lie = time.UnixMicro(1), "stamp of 1970 for another's trip"
	case 1:
		s.granted, s.lie = s.granted.Add(-2*charging.TicketLife), "stamp beyond its life for another's trip"
	case 2:
		s.granted, s.lie = s.granted.Add(time.Hour), "stamp in the future for another's trip"
	}
	if s.lie != "" {
		s.expires = time.Now().Add(73 * 365 * 24 * time.Hour)
		c.tried(s.lie)
	}
	return s
}

func (c *Company) reservation(w http.ResponseWriter, r *http.Request, _ []byte) {
	c.mu.Lock()
	s := c.stops[charging.ReservationID(r.PathValue("id"))]
	var known api.Reservation
	if s != nil {
		known = *s
	}
	c.mu.Unlock()
	if s == nil {
		c.refuse(w, http.StatusNotFound, charging.CodeUnknownReservation)
		return
	}
	c.write(w, http.StatusOK, known)
}

// verdict is what it says of one of its own trips: never twice the same, and in the end
// that there is none.
func (c *Company) verdict() charging.Outcome {
	if c.quiet.Load() {
		return charging.OutcomeAborted
	}
	all := []charging.Outcome{charging.OutcomeAborted, charging.OutcomeConfirmed, charging.OutcomePending, charging.OutcomeUnknown}
	o := all[c.draw(len(all))]
	c.lied("outcome " + string(o))
	return o
}

func (c *Company) outcome(w http.ResponseWriter, _ *http.Request, _ []byte) {
	c.write(w, http.StatusOK, api.OutcomeBody{Outcome: c.verdict()})
}

func (c *Company) outcomes(w http.ResponseWriter, _ *http.Request, body []byte) {
	about, err := api.DecodeOutcomes(body)
	if err != nil {
		c.refuse(w, http.StatusBadRequest, charging.CodeMalformedRequest)
		return
	}
	out := api.OutcomesBody{Outcomes: make([]charging.Outcome, len(about))}
	for i := range about {
		out.Outcomes[i] = c.verdict()
	}
	c.write(w, http.StatusOK, out)
}

// contest: now and then a car that it has never seen charges at its plug.
func (c *Company) contest(w http.ResponseWriter, _ *http.Request, _ []byte) {
	busy := !c.quiet.Load() && c.draw(20) == 0
	if busy {
		c.lied("contest busy")
	}
	c.write(w, http.StatusOK, api.ContestAnswer{Busy: &busy})
}

// listen keeps what a caller shows, and which trips come here.
func (c *Company) listen(r *http.Request, body []byte) {
	caller := charging.CompanyID(strings.TrimPrefix(r.UserAgent(), "eletrovia/"))
	var h api.HoldBody
	about := json.Unmarshal(body, &h) == nil && h.TripID != "" && r.PathValue("step") != ""
	c.mu.Lock()
	defer c.mu.Unlock()
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok && caller.Validate() == nil {
		c.heard.shown[caller] = token
	}
	if about {
		c.did.Through[h.TripID] = true
		c.heard.add(overheard{id: charging.ReservationID(r.PathValue("id")), body: h})
	}
}
