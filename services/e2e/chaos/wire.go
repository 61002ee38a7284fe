package chaos

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/history"
)

// contestOf reads the question whether a vehicle charges at a company, and the
// answer.
func contestOf(path string, request []byte, status int, answer []byte) (history.Contest, bool) {
	rest, ok := strings.CutPrefix(path, "/federation/v1/vehicles/")
	vehicle, ok2 := strings.CutSuffix(rest, "/contest")
	var q charging.Contest
	var a struct {
		Busy bool `json:"busy"`
	}
	if !ok || !ok2 || status != http.StatusOK || json.Unmarshal(request, &q) != nil || json.Unmarshal(answer, &a) != nil {
		return history.Contest{}, false
	}
	return history.Contest{Vehicle: charging.VehicleID(vehicle), EVSE: q.EVSEID, Busy: a.Busy}, true
}

// claimOf reads a claim or a reserve, and the answer.
func claimOf(path string, request []byte, status int, answer []byte) (history.Claim, bool) {
	id, step := reservationPath(path)
	if step != "claim" && step != "reserve" {
		return history.Claim{}, false
	}
	var q struct {
		Trip   charging.TripID `json:"trip_id"`
		EVSE   charging.EVSEID `json:"evse_id"`
		Ticket string          `json:"ticket"`
	}
	if json.Unmarshal(request, &q) != nil {
		return history.Claim{}, false
	}
	c := history.Claim{Step: step, Trip: q.Trip, ReservationID: charging.ReservationID(id), EVSE: q.EVSE, GrantedAt: grantedAt(q.Ticket)}
	if status >= 400 {
		var p struct {
			Code     charging.Code     `json:"code"`
			Conflict charging.Conflict `json:"conflict"`
		}
		if json.Unmarshal(answer, &p) != nil || p.Code == "" {
			return history.Claim{}, false
		}
		c.Code, c.Ahead, c.AheadTrip = p.Code, p.Conflict.GrantedAt, p.Conflict.TripID
	}
	return c, true
}

// reservationPath takes the path of an action on a reservation apart.
func reservationPath(path string) (id, step string) {
	rest, ok := strings.CutPrefix(path, "/federation/v1/reservations/")
	if !ok {
		return "", ""
	}
	id, step, _ = strings.Cut(rest, "/")
	return id, step
}

// grantedAt reads a ticket's time without checking its signature: what the
// companies think of it is in their answer.
func grantedAt(ticket string) string {
	parts := strings.Split(ticket, ".")
	if len(parts) != 3 {
		return ""
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return ""
	}
	var claims struct {
		GrantedAt string `json:"granted_at"`
	}
	if json.Unmarshal(raw, &claims) != nil {
		return ""
	}
	return claims.GrantedAt
}
