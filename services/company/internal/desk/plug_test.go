package desk

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// garages are companies as each other's peers; silent ones never answer, broken ones
// answer with an error.
type garages struct {
	self   charging.CompanyID
	of     map[charging.CompanyID]charging.Garage
	silent map[charging.CompanyID]bool
	// asked is called before a question arrives, where set.
	asked func(charging.Contest)
}

func (g *garages) Others() (ids []charging.CompanyID) {
	for id := range g.of {
		if id != g.self {
			ids = append(ids, id)
		}
	}
	return ids
}

func (g *garages) Garage(id charging.CompanyID) (charging.Garage, error) {
	if g.silent[id] {
		return nil, charging.Refuse(charging.CodeUnknownRoute, "an older one")
	}
	return contestant{g, g.of[id]}, nil
}

type contestant struct {
	g *garages
	charging.Garage
}

func (c contestant) Contest(ctx context.Context, k charging.Contest) (bool, error) {
	if c.g.asked != nil {
		c.g.asked(k)
	}
	if c.Garage == nil { // it is silent
		<-ctx.Done()
		return false, ctx.Err()
	}
	return c.Garage.Contest(ctx, k)
}

const theirEVSE = charging.EVSEID("BR*CAJ*E0001*1")

// twoCompanies are MAR and CAJ with a stop each of one vehicle, whose windows have
// begun.
func twoCompanies(t *testing.T) (mar, caj *world, here, there charging.Ref, peers map[charging.CompanyID]*garages) {
	t.Helper()
	all := map[charging.CompanyID]charging.Garage{}
	peers = map[charging.CompanyID]*garages{"MAR": {self: "MAR", of: all}, "CAJ": {self: "CAJ", of: all}}
	mar = newWorld(t, func(o *Options) { o.Garages, o.ContestTimeout = peers["MAR"], 300*time.Millisecond })
	caj = newWorld(t, func(o *Options) {
		o.Company, o.Garages, o.ContestTimeout = "CAJ", peers["CAJ"], 300*time.Millisecond
		o.Locations = []charging.Location{{
			ID: "BR*CAJ*LJPA01", Company: "CAJ", Terms: testTerms, Tariffs: testTariffs,
			EVSEs: []charging.EVSE{{ID: theirEVSE, Connectors: testPlug}},
		}}
	})
	all["MAR"], all["CAJ"] = mar.Desk, caj.Desk
	first, second := mar.request(1), caj.request(2)
	second.EVSEID = theirEVSE
	mar.reserved(t, first)
	caj.reserved(t, second)
	mar.advance(24 * time.Hour)
	caj.advance(24 * time.Hour)
	return mar, caj, first.Ref, second.Ref, peers
}

func (w *world) state(t *testing.T, ref charging.Ref) charging.State {
	t.Helper()
	res, err := w.Reservation(t.Context(), ref.ID, "SER")
	if err != nil {
		t.Fatal(err)
	}
	return res.State
}

// One vehicle plugs in at two companies in the same instant: exactly one goes on, and
// the other stop is RESERVED as before. Both questions are let through together, so
// that each meets a session that is not answered yet.
func TestTwoPlugsAtOnce(t *testing.T) {
	for range 20 {
		mar, caj, here, there, peers := twoCompanies(t)
		var both sync.WaitGroup
		both.Add(2)
		meet := func(charging.Contest) { both.Done(); both.Wait() }
		peers["MAR"].asked, peers["CAJ"].asked = meet, meet
		errs := make([]error, 2)
		var wg sync.WaitGroup
		wg.Go(func() { _, errs[0] = mar.Start(t.Context(), here, charging.Arrival{}) })
		wg.Go(func() { _, errs[1] = caj.Start(t.Context(), there, charging.Arrival{}) })
		wg.Wait()
		states := []charging.State{mar.state(t, here), caj.state(t, there)}
		going := 0
		for i, err := range errs {
			switch {
			case err == nil && states[i] == charging.Charging:
				going++
			case errors.Is(err, charging.CodeVehicleBusy) && states[i] == charging.Reserved:
			default:
				t.Errorf("company %d: %s, %v", i, states[i], err)
			}
		}
		if going != 1 {
			t.Fatalf("%d sessions of one vehicle: %v, %v", going, states, errs)
		}
	}
}

// A vehicle that charges at one company is refused at the other, until it has left.
func TestAVehicleThatChargesElsewhere(t *testing.T) {
	mar, caj, here, there, _ := twoCompanies(t)
	if _, err := mar.Start(t.Context(), here, charging.Arrival{}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := caj.Start(t.Context(), there, charging.Arrival{}); !errors.Is(err, charging.CodeVehicleBusy) || !strings.Contains(err.Error(), "MAR") {
			t.Errorf("%v", err)
		}
	}
	if _, err := mar.Complete(t.Context(), here, charging.Leaving{EnergyKWh: 1}); err != nil {
		t.Fatal(err)
	}
	if res, err := caj.Start(t.Context(), there, charging.Arrival{}); err != nil || res.State != charging.Charging {
		t.Errorf("%+v, %v", res, err)
	}
}

// Who is silent, or too old to know the question, allows it, and that is noted.
func TestASilentCompanyAllowsIt(t *testing.T) {
	for name, silence := range map[string]func(*garages){
		"silent": func(g *garages) { g.of = map[charging.CompanyID]charging.Garage{"CAJ": nil} },
		"older":  func(g *garages) { g.silent = map[charging.CompanyID]bool{"CAJ": true} },
	} {
		t.Run(name, func(t *testing.T) {
			mar, _, here, _, peers := twoCompanies(t)
			silence(peers["MAR"])
			if res, err := mar.Start(t.Context(), here, charging.Arrival{}); err != nil || res.State != charging.Charging {
				t.Errorf("%+v, %v", res, err)
			}
			if !strings.Contains(mar.logged(), "CAJ does not say") {
				t.Errorf("noted %s", mar.logged())
			}
		})
	}
}

// A server dies between the claim and the plug, or between the plug and its answer: a
// repeat finds what was begun, and what is over is in nobody's way.
func TestACrashBetweenClaimAndAnswer(t *testing.T) {
	mar, caj, here, there, _ := twoCompanies(t)
	at := charging.At{Location: "BR*CAJ*LJPA01", Ref: there}
	if _, _, err := caj.cal.ClaimCar(t.Context(), "EV-0001", at, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := caj.cal.AnswerCar(t.Context(), "EV-0001", caj.cal.cars["EV-0001"]); err != nil {
		t.Fatal(err)
	}
	// CAJ's claim is answered, and its stop is not CHARGING: the claim is stale.
	res, err := mar.Start(t.Context(), here, charging.Arrival{})
	if err != nil || res.State != charging.Charging {
		t.Fatalf("%+v, %v", res, err)
	}
	if len(caj.cal.cars) != 0 {
		t.Errorf("the stale claim stays: %+v", caj.cal.cars)
	}
	// After start, before the answer.
	if _, err := mar.Complete(t.Context(), here, charging.Leaving{}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := caj.cal.ClaimCar(t.Context(), "EV-0001", at, nil); err != nil {
		t.Fatal(err)
	}
	if res, err := caj.cal.Start(t.Context(), at, charging.Arrival{}, testTerms); err != nil || !res.Open {
		t.Fatalf("%+v, %v", res, err)
	}
	for range 2 {
		if res, err := caj.Start(t.Context(), there, charging.Arrival{}); err != nil || res.State != charging.Charging || res.Open {
			t.Errorf("the repeat: %+v, %v", res, err)
		}
	}
	if got := caj.cal.cars["EV-0001"]; !got.Answered {
		t.Errorf("the claim is %+v", got)
	}
}

// A server dies after start, before the other companies were asked, and comes back when
// the vehicle charges at one of them: they are asked all the same, by a repeat and by
// the round that finds the open plug. Of the two sessions one was answered, so the other
// yields; without another it goes on, and its originator is told.
func TestAnOldOpenPlugAsksToo(t *testing.T) {
	for name, c := range map[string]struct {
		elsewhere, repeat bool
		want              charging.State
	}{
		"the round, charging elsewhere":    {true, false, charging.Reserved},
		"a repeat, charging elsewhere":     {true, true, charging.Reserved},
		"the round, charging nowhere else": {false, false, charging.Charging},
	} {
		t.Run(name, func(t *testing.T) {
			mar, caj, here, there, _ := twoCompanies(t)
			at := charging.At{Location: "BR*CAJ*LJPA01", Ref: there}
			if c.elsewhere {
				if _, err := mar.Start(t.Context(), here, charging.Arrival{}); err != nil {
					t.Fatal(err)
				}
			}
			if _, _, err := caj.cal.ClaimCar(t.Context(), "EV-0001", at, nil); err != nil {
				t.Fatal(err)
			}
			if res, err := caj.cal.Start(t.Context(), at, charging.Arrival{}, testTerms); err != nil || !res.Open {
				t.Fatalf("%+v, %v", res, err)
			}
			caj.cal.recs[there.ID].asked = time.Now().Add(-2 * charging.OpenPlug)
			if c.repeat {
				if _, err := caj.Start(t.Context(), there, charging.Arrival{}); charging.CodeOf(err) != charging.CodeVehicleBusy {
					t.Errorf("the repeat: %v", err)
				}
			} else if err := caj.tidying.tidy(t.Context(), at.Location); err != nil {
				t.Fatal(err)
			}
			res, err := caj.Reservation(t.Context(), there.ID, "")
			if err != nil || res.State != c.want || res.Open {
				t.Errorf("%+v, %v", res, err)
			}
			if _, told := caj.cal.box[there.ID]; told != (c.want == charging.Charging) {
				t.Errorf("told: %t", told)
			}
		})
	}
}

// A round finds an open plug whose car leaves before the plug is decided: there is no
// session to ask about. The peers used to be asked about one without a start, which
// they refuse, and each was noted as one that does not say whether the vehicle charges
// there (found by TestOneVehicleOverCompanies).
func TestAnOpenPlugWhoseCarHasLeft(t *testing.T) {
	_, caj, _, there, peers := twoCompanies(t)
	at := charging.At{Location: "BR*CAJ*LJPA01", Ref: there}
	res, err := caj.cal.Start(t.Context(), at, charging.Arrival{}, testTerms)
	if err != nil || !res.Open {
		t.Fatalf("%+v, %v", res, err)
	}
	if _, err := caj.Complete(t.Context(), there, charging.Leaving{EnergyKWh: 1}); err != nil {
		t.Fatal(err)
	}
	peers["CAJ"].asked = func(k charging.Contest) { t.Errorf("MAR is asked about %+v", k) }
	s, err := caj.ground.site(there.EVSEID)
	if err != nil {
		t.Fatal(err)
	}
	caj.plugs.open(t.Context(), s, res)
	if got := caj.state(t, there); got != charging.Fulfilled || caj.logged() != "" {
		t.Errorf("%s, noted %q", got, caj.logged())
	}
}

// A company that cannot vouch for its memory does not say that a vehicle is free.
func TestContestRefusesWhatItCannotKnow(t *testing.T) {
	w := newWorld(t, nil)
	good := charging.Contest{VehicleID: "EV-1", ReservationID: charging.ReservationID(id(1)), EVSEID: theirEVSE, StartedAt: "1795904776471614"}
	if busy, err := w.Contest(t.Context(), good); err != nil || busy {
		t.Errorf("%t, %v", busy, err)
	}
	for name, spoil := range map[string]func(*charging.Contest){
		"vehicle": func(k *charging.Contest) { k.VehicleID = "EV/1" },
		"start":   func(k *charging.Contest) { k.StartedAt = "-1" },
		"huge":    func(k *charging.Contest) { k.StartedAt = "99999999999999999" },
		"evse":    func(k *charging.Contest) { k.EVSEID = "x" },
	} {
		k := good
		spoil(&k)
		if _, err := w.Contest(t.Context(), k); !errors.Is(err, charging.CodeInvalidField) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.cal.setDown(charging.Refuse(charging.CodeStoreUnavailable, "away"))
	if _, err := w.Contest(t.Context(), good); !errors.Is(err, charging.CodeStoreUnavailable) {
		t.Errorf("%v", err)
	}
}
