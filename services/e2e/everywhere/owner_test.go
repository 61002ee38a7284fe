package everywhere

import (
	_ "embed"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/fleet"
	"github.com/eletrovia/eletrovia/services/e2e/redisrig"
)

//go:embed testdata/dying.go.txt
var dyingSource string

// dying are the edits that make a server which kills itself where an operator's cancel
// is: before or after the script that carries it out, before or after the originator is
// told. No server that is shipped can be told to do so.
var dying = []fleet.Edit{
	{File: "services/company/app/dying.go", New: dyingSource},
	{
		File: "services/company/app/wire.go",
		Old:  "Calendar: a.rooms.store, Tickets: a.rooms.tickets, Originators: a.rooms.federation, Garages:",
		New:  "Calendar: dyingCalendar{a.rooms.store}, Tickets: a.rooms.tickets, Originators: dyingOriginators{a.rooms.federation}, Garages:",
	},
}

// why is what the operator says.
const why = "the transformer is being changed"

// owners is MAR, whose operator cancels stops of trips that began at SER.
type owners struct {
	*processes
	vehicle, other caller
	// own, elsewhere, others and foreign are the driver at the originator and at a third
	// company, another vehicle, and the operator of that third company.
	own, elsewhere, others, foreign *ear
}

// An operator cancels one reservation of a trip that began at another company: its driver
// is asked there, with alternatives, and the trip goes on; whatever dies in between, the
// originator learns of what was done, and the audit says what is known. It fails where
// half a trip is lost in silence: a notice that is in no outbox, or is not sent again
// after a start; where a driver is asked twice; where an act is in no audit; and where
// somebody hears of it whom it does not concern.
func TestAnOperatorCancelsAStopOfAForeignTrip(t *testing.T) {
	bin := filepath.Join(t.TempDir(), "dying")
	if err := fleet.Build(t.Context(), "../../..", bin, dying...); err != nil {
		t.Fatal(err)
	}
	p := launch(t, bin)
	all := &owners{processes: p, vehicle: p.registers("SER", "OWNER02"), other: p.registers("MAR", "OTHER02")}
	all.own, all.elsewhere = p.listens("SER", all.vehicle), p.listens("CAJ", all.vehicle)
	all.others, all.foreign = p.listens("SER", all.other), p.listens("CAJ", p.operator("CAJ"))
	for n, c := range []struct {
		name string
		// dies is where MAR's server is killed, repeated whether nothing was done by then.
		dies     string
		repeated bool
		// away is whether the originator is killed before the cancel.
		away bool
		// answer is what the audit has of the first cancel.
		answer string
	}{
		{name: "nobody dies", answer: "ok"},
		{name: "the originator is away", away: true, answer: "ok"},
		{name: "noted and not done", dies: "before the cancel", repeated: true},
		{name: "done and not answered", dies: "after the cancel"},
		{name: "not told", dies: "before the notice", answer: "either"},
		{name: "told and not noted", dies: "after the notice", answer: "either"},
	} {
		t.Run(c.name, func(t *testing.T) {
			processes := *p
			processes.T = t
			o := *all
			o.processes = &processes
			booked := o.books("SER", o.vehicle, trip.Confirmed, o.stop("MAR", 1, tomorrow(24*n), time.Hour), o.stop("CAJ", 1, tomorrow(24*n+12), time.Hour))
			lost := booked.Legs[0].ReservationID
			if c.dies != "" {
				o.dies(c.dies)
			}
			if c.away {
				o.kill("SER")
			}
			deaths := o.Company["MAR"].Servers[0].Deaths.Load()
			_, err := o.cancels(lost)
			if inTheAct := strings.HasSuffix(c.dies, "the cancel"); (err != nil) != inTheAct && c.answer != "either" {
				t.Errorf("canceled: %v", err)
			}
			if c.dies != "" {
				redisrig.Until(t, "MAR has died", func() bool { return o.Company["MAR"].Servers[0].Deaths.Load() > deaths })
			}
			o.up()
			if c.away {
				all.own, all.others = o.listens("SER", o.vehicle), o.listens("SER", o.other)
				o.own, o.others = all.own, all.others
			}
			if c.repeated {
				o.untouched(booked)
				if _, err := o.cancels(lost); err != nil {
					t.Errorf("canceled again: %v", err)
				}
			}
			o.asked(booked, c.dies == "" && !c.away)
			o.kept(lost, c.answer)
			o.goesOn(booked)
		})
	}
}

// dies has MAR's server kill itself at a place, once.
func (o *owners) dies(place string) {
	o.Helper()
	o.kill("MAR")
	o.starts("MAR", o.bin, "DIES_AT="+place)
	o.up()
	o.starts("MAR", o.bin) // the next life does not
}

func (o *owners) cancels(id charging.ReservationID) (api.Booking, error) {
	return o.driver("MAR", o.operator("MAR")).CancelBooking(o.Context(), id, api.OwnerRequest{Reason: why})
}

// untouched judges that nothing has been done.
func (o *owners) untouched(booked trip.Trip) {
	o.Helper()
	var got trip.Trip
	o.ask("SER", o.vehicle, "GET", "/api/v1/trips/"+string(booked.ID), "").into(o.processes, &got)
	if got.Decision != nil || got.Legs[0].State != charging.Reserved {
		o.Errorf("before it was done it asks: %+v", got)
	}
}

// asked wants the driver to be asked about the first stop alone, once, everywhere; at
// once with alternatives, where the companies that have them could be asked.
func (o *owners) asked(booked trip.Trip, offered bool) {
	o.Helper()
	asks := func(got trip.Trip) bool {
		return got.State == trip.Confirmed && len(got.Decisions) == 1 && got.Decisions[0].Leg == 1 && (!offered || len(got.Decisions[0].Alternatives) > 0) &&
			got.Legs[0].State == charging.Canceled && got.Legs[1].State == charging.Reserved && got.Legs[1].ReservationID == booked.Legs[1].ReservationID
	}
	for _, at := range companies {
		o.sees(at, o.vehicle, booked.ID, "it asks about the stop that was canceled", asks)
	}
	for _, e := range []*ear{o.own, o.elsewhere} {
		e.waits("its stop was canceled", func(e trip.Event) bool {
			return over(booked.ID, trip.Confirmed)(e) && strings.Contains(string(e.Data), `"decisions"`)
		})
	}
	o.others.never("of a trip of another vehicle", tells(string(booked.ID)))
	o.foreign.never("of another company's act", func(e trip.Event) bool {
		return tells(string(booked.Legs[0].ReservationID))(e) || e.Type == trip.EventAudit
	})
}

// kept wants the cancel to be in the audit of its own company, with how the first one
// ended as far as that is known, and in no other one.
func (o *owners) kept(lost charging.ReservationID, answer string) {
	o.Helper()
	for _, at := range companies {
		acts, _, err := o.driver(at, o.operator(at)).Audit(o.Context(), url.Values{"of": {string(lost)}})
		if err != nil {
			o.Fatal(err)
		}
		if at != "MAR" {
			if len(acts) > 0 {
				o.Errorf("the audit of %s has %+v", at, acts)
			}
			continue
		}
		if len(acts) == 0 {
			o.Fatalf("the audit of %s has nothing of %s", at, lost)
		}
		first := acts[len(acts)-1] // newest first
		if first.What != "cancel a booking" || first.Reason != why || first.Who != "operator" || answer != "either" && first.Answer != answer {
			o.Errorf("the audit has %+v, want the answer %q", first, answer)
		}
	}
}

// goesOn takes one of the alternatives, at a company where the trip did not begin, and
// wants it to be whole again, with nothing left of the question.
func (o *owners) goesOn(booked trip.Trip) {
	o.Helper()
	var choices []trip.Alternative
	redisrig.Until(o.T, "there are alternatives", func() bool {
		got := o.ask("CAJ", o.vehicle, "GET", "/api/v1/trips/"+string(booked.ID)+"/alternatives?leg=1", "")
		if got.status == 200 {
			got.into(o.processes, &choices)
		}
		return len(choices) > 0
	})
	chosen := choices[0]
	body := `{"action":"continue","leg":1,"alternative_id":"` + chosen.ID + `"}`
	if got := o.ask("CAJ", o.vehicle, "POST", "/api/v1/trips/"+string(booked.ID)+"/decision", body); got.status != 200 {
		o.Fatalf("the driver decides at CAJ: %d %s", got.status, got.raw)
	}
	for _, at := range companies {
		o.sees(at, o.vehicle, booked.ID, "it is whole again", func(got trip.Trip) bool {
			return got.State == trip.Confirmed && got.Decision == nil && got.Legs[0].State == charging.Reserved && got.Legs[0].EVSEID == chosen.EVSEID &&
				got.Legs[0].ReservationID != booked.Legs[0].ReservationID && got.Legs[1].ReservationID == booked.Legs[1].ReservationID
		})
	}
}
