package httpapi

import (
	"context"
	"errors"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

// far is the server as another company's client sees it.
func far(t *testing.T, w *world, token string) *client.Client {
	t.Helper()
	srv := httptest.NewServer(w)
	t.Cleanup(srv.Close)
	c, err := client.New(client.Options{BaseURL: srv.URL, Token: client.Fixed(token), Self: "SER", Peer: "MAR", HTTP: srv.Client(), Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func hold() charging.HoldRequest {
	return charging.HoldRequest{
		Ref: charging.Ref{ID: rsvID, TripID: tripID, Origin: "SER", EVSEID: evseID, End: now.Add(time.Hour), Epoch: 1},
		Leg: 1, Start: now, VehicleID: car, TTL: 20 * time.Second, Ticket: "a.b.c",
	}
}

func TestAPeersClientUnderstandsEveryAnswer(t *testing.T) {
	ctx, w := t.Context(), newWorld(t)
	c, h := far(t, w, "SER"), hold()
	for i, call := range []func() (charging.Reservation, error){
		func() (charging.Reservation, error) { return c.Reserve(ctx, h) },
		func() (charging.Reservation, error) { return c.Claim(ctx, h) },
		func() (charging.Reservation, error) { return c.Renew(ctx, h.Ref, 9*time.Second) },
		func() (charging.Reservation, error) { return c.Confirm(ctx, h.Ref) },
		func() (charging.Reservation, error) { return c.Compensate(ctx, h.Ref) },
		func() (charging.Reservation, error) { return c.Start(ctx, h.Ref, charging.Arrival{}) },
		func() (charging.Reservation, error) { return c.Complete(ctx, h.Ref, charging.Leaving{EnergyKWh: 1}) },
		func() (charging.Reservation, error) { return c.Reservation(ctx, rsvID) },
	} {
		if r, err := call(); err != nil || r.ID != rsvID || r.Fence != 7 {
			t.Errorf("call %d: %+v %v", i, r, err)
		}
	}
	for _, n := range []int{1, 3} {
		about := slices.Repeat([]charging.Question{{TripID: tripID, ReservationID: rsvID}}, n)
		if out, err := c.Outcomes(ctx, about); err != nil || len(out) != n || out[n-1] != charging.OutcomeConfirmed {
			t.Errorf("outcomes of %d: %s %v", n, out, err)
		}
		if w.front.from != "SER" {
			t.Errorf("outcomes of %d are told to %q, not to who asks", n, w.front.from)
		}
		w.front.from = ""
	}
	for stamp, want := range map[string]bool{"17": true, "18": false} {
		if did, err := c.Issued(ctx, charging.Ticket{ReservationID: rsvID, TripID: tripID, Origin: "SER", GrantedAt: stamp}); err != nil || did != want {
			t.Errorf("issued %s: %t, %v", stamp, did, err)
		}
	}
	if _, err := c.Issued(ctx, charging.Ticket{ReservationID: rsvID, TripID: tripID, Origin: "SER", GrantedAt: "1e9"}); !errors.Is(err, charging.CodeInvalidField) {
		t.Errorf("a stamp that is none: %v", err)
	}
	k := charging.Contest{VehicleID: car, ReservationID: rsvID, EVSEID: "BR*SER*E0001*1", StartedAt: "1795904776471614"}
	for v, want := range map[charging.VehicleID]bool{car: true, "EV-9": false} {
		k.VehicleID = v
		if busy, err := c.Contest(ctx, k); err != nil || busy != want {
			t.Errorf("contest of %s: %t, %v", v, busy, err)
		}
	}
	k.EVSEID = evseID
	if _, err := c.Contest(ctx, k); !errors.Is(err, charging.CodeForbidden) {
		t.Errorf("a contest for an EVSE that is not the caller's: %v", err)
	}
	span := charging.NewWindow(now, now.Add(6*time.Hour))
	if free, err := c.Availability(ctx, []charging.EVSEID{evseID}, span); err != nil || len(free) != 1 || !free[0].Windows[0].Equal(span) {
		t.Errorf("availability %+v %v", free, err)
	}
	w.desk.refuse = &charging.Refusal{Code: charging.CodeStaleOwner, Detail: "older", SeenEpoch: 4}
	_, err := c.Confirm(ctx, h.Ref)
	var r *charging.Refusal
	if !errors.As(err, &r) || r.Code != charging.CodeStaleOwner || r.SeenEpoch != 4 {
		t.Errorf("a refusal arrives as %v", err)
	}
}

func TestNoticesArriveFromTheirSender(t *testing.T) {
	ctx, w := t.Context(), newWorld(t)
	c := far(t, w, "SER")
	n := charging.Notice{TripID: tripID, ReservationID: rsvID, Leg: 2, State: charging.Preempted, By: otherID}
	if err := c.Preempted(ctx, n); err != nil || w.front.notice != n || w.front.from != "SER" {
		t.Errorf("%v: %+v from %s", err, w.front.notice, w.front.from)
	}
	n = charging.Notice{TripID: tripID, ReservationID: rsvID, Leg: 2, State: charging.Canceled, Reason: "POWER_OUTAGE"}
	if err := c.Changed(ctx, n); err != nil || w.front.notice != n {
		t.Errorf("%v: %+v", err, w.front.notice)
	}
	w.front.refuse = charging.Refuse(charging.CodeForbidden, "not the owner")
	if err := c.Changed(ctx, n); !errors.Is(err, charging.CodeForbidden) {
		t.Errorf("refused: %v", err)
	}
}

func TestReserveTellsNewFromRepeated(t *testing.T) {
	w := newWorld(t)
	path := "/federation/v1/reservations/" + string(rsvID) + "/reserve"
	for _, want := range []int{201, 200, 200} {
		if rec := w.ask("POST", path, asPeer, holdBody); rec.Code != want || decode[api.Reservation](t, rec).Replay != (want == 200) {
			t.Errorf("%d %s, want %d", rec.Code, rec.Body, want)
		}
	}
}

func TestCompany(t *testing.T) {
	w := newWorld(t, func(o *Options) {
		o.Revoked = func(context.Context) ([]string, error) { return []string{"j1"}, nil }
	})
	info, err := far(t, w, "SER").Company(t.Context())
	if err != nil || info.Time != "1795435200000000" || info.Name != "Maré Volt" || info.PartyID != "MAR" || info.RevokedVehicles[0] != "j1" ||
		info.MQTTURL != "tcp://mar.test:1883" || string(info.PublicKeys) != `{"keys":[]}` || len(info.Versions) == 0 {
		t.Errorf("%+v %v", info, err)
	}
	if _, err := far(t, w, "CAJ").Company(t.Context()); !errors.Is(err, charging.CodeUnauthenticated) {
		t.Errorf("an unknown token: %v", err)
	}
	away := charging.Refuse(charging.CodeStoreUnavailable, "away")
	w = newWorld(t, func(o *Options) {
		o.StoreTime = func(context.Context) (time.Time, error) { return time.Time{}, away }
	})
	if _, err := far(t, w, "SER").Company(t.Context()); !errors.Is(err, charging.CodeStoreUnavailable) {
		t.Errorf("a store that is away: %v", err)
	}
}

// changing is a desk whose locations can be others.
type changing struct {
	*fakeDesk
	list []charging.Location
}

func (c *changing) Locations(context.Context) []charging.Location { return c.list }

func TestOwnLocations(t *testing.T) {
	desk := &changing{newWorld(t).desk, sites()}
	w := newWorld(t, func(o *Options) { o.Desk = desk })
	c := far(t, w, "SER")
	all, err := c.Locations(t.Context(), "")
	if err != nil || len(all.Locations) != 3 || all.ETag == "" {
		t.Fatalf("%+v %v", all, err)
	}
	if again, err := c.Locations(t.Context(), all.ETag); err != nil || !again.NotModified {
		t.Errorf("the same version: %+v %v", again, err)
	}
	for _, known := range []string{"W/" + all.ETag, `"x", ` + all.ETag, "*"} {
		if rec := w.ask("GET", "/federation/v1/locations", asPeer, "", "If-None-Match", known); rec.Code != 304 || rec.Body.Len() != 0 {
			t.Errorf("%s: %d", known, rec.Code)
		}
	}
	page := w.ask("GET", "/federation/v1/locations?limit=2&offset=2", asPeer, "")
	if got := decode[[]api.Location](t, page); len(got) != 1 || page.Header().Get("ETag") != all.ETag || page.Header().Get("X-Total-Count") != "3" || !strings.Contains(page.Header().Get("Link"), `rel="prev"`) {
		t.Errorf("a page: %v %+v", page.Header(), got)
	}
	desk.list[1].EVSEs[0].Status = charging.StatusOutOfOrder
	if now, err := c.Locations(t.Context(), all.ETag); err != nil || now.NotModified || now.ETag == all.ETag {
		t.Errorf("changed: %+v %v", now, err)
	}
}
