package client

import (
	"errors"
	"net/http"
	"testing"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

func promised() api.Promise {
	h := hold()
	return api.PromiseOf(charging.Promise{
		Ref: charging.Ref{ID: h.ID, TripID: h.TripID, Origin: "MAR", EVSEID: "BR*SER*E0001*1", End: h.End, Epoch: 3, Owner: "one"},
		Leg: 1, Start: h.Start, VehicleID: h.VehicleID, Fence: 7, Outcome: charging.OutcomeConfirmed,
	})
}

func TestPromisesPageByPage(t *testing.T) {
	c := peer(t, func(w http.ResponseWriter, r *http.Request) {
		switch after := r.URL.Query().Get("after"); after {
		case "":
			w.Header().Set("Link", `</federation/v1/promises?after=1.a%2Bb>; rel="next"`)
			answerJSON(w, http.StatusOK, []api.Promise{})
		case "1.a+b":
			answerJSON(w, http.StatusOK, []api.Promise{promised()})
		default:
			t.Errorf("asked after %q", after)
		}
	})
	page, next, err := c.Promises(t.Context(), "SER", "")
	if err != nil || len(page) != 0 || next != "1.a+b" {
		t.Fatalf("%v, %q, %v", page, next, err)
	}
	page, next, err = c.Promises(t.Context(), "SER", next)
	if err != nil || next != "" || len(page) != 1 {
		t.Fatalf("%v, %q, %v", page, next, err)
	}
	if p := page[0]; p != promised().Charging("MAR") || p.Origin != "MAR" || p.Epoch != 3 || p.Outcome != charging.OutcomeConfirmed {
		t.Errorf("%+v", p)
	}
}

func TestPromisesThatCannotBeTrue(t *testing.T) {
	for name, spoil := range map[string]func(*api.Promise){
		"another's EVSE": func(p *api.Promise) { p.EVSEID = "BR*CAJ*E0001*1" },
		"no trip":        func(p *api.Promise) { p.TripID = "x" },
		"backwards":      func(p *api.Promise) { p.End = p.Start },
		"a year long":    func(p *api.Promise) { p.End = p.Start.AddDate(1, 0, 0) },
		"an outcome":     func(p *api.Promise) { p.Outcome = charging.OutcomeAborted },
		"no leg":         func(p *api.Promise) { p.Leg = 0 },
		"a fence":        func(p *api.Promise) { p.Fence = -1 },
	} {
		p := promised()
		spoil(&p)
		c := peer(t, func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, http.StatusOK, []api.Promise{p}) })
		if _, _, err := c.Promises(t.Context(), "SER", ""); !errors.Is(err, ErrRubbish) {
			t.Errorf("%s: %v", name, err)
		}
	}
	again := peer(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", `<`+r.URL.String()+`>; rel="next"`)
		answerJSON(w, http.StatusOK, []api.Promise{})
	})
	if _, _, err := again.Promises(t.Context(), "SER", "1.x"); !errors.Is(err, ErrRubbish) {
		t.Errorf("a page that leads to itself: %v", err)
	}
}
