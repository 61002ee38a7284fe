package desk

import (
	"context"
	"slices"

	"golang.org/x/time/rate"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

const (
	// settlePage is how many unsettled stops of one location are listed at a
	// time (the store does nothing else meanwhile: about a millisecond), and
	// settleBatch how many an originator is asked about at once.
	settlePage  = 200
	settleBatch = 200
	// batchPatience is how many times AskTimeout an answer about many may take.
	batchPatience = 5
)

// settler asks, round by round, about what nobody has settled in time.
type settler struct {
	*outcomes
	patrol *patrol
	limit  *rate.Limiter
}

func newSettler(oc *outcomes, p *patrol) *settler {
	return &settler{oc, p, rate.NewLimiter(rate.Limit(oc.o.SettleRate), min(oc.o.SettleRate, settleBatch))}
}

// settling is one round of asking about RESERVED stops that nobody has settled:
// page by page, at all locations, each originator about many at a time.
type settling struct {
	*outcomes
	limit *rate.Limiter
	// silent are originators that have not answered: they are asked no more in
	// this round.
	silent map[charging.CompanyID]bool
	// behind is how many stops stay unsettled among the oldest of a location:
	// the next page begins after them, so that they are in nobody's way.
	behind map[charging.LocationID]int
}

// doubt is a RESERVED that nobody has settled.
type doubt struct {
	at  charging.At
	res charging.Reservation
}

// round settles what it can at the locations whose time has come, and
// finds out when it comes again.
func (st *settler) round(ctx context.Context) {
	due := st.agendas.settling.take(st.o.Now(), st.o.Clock())
	if len(due) == 0 {
		return
	}
	r := &settling{st.outcomes, st.limit, map[charging.CompanyID]bool{}, map[charging.LocationID]int{}}
	for homes := due; len(homes) > 0 && ctx.Err() == nil; {
		homes = r.pages(ctx, homes)
	}
	if !st.patrol.look(ctx, due) {
		again(&st.agendas.settling, due, st.o.Now())
	}
}

// pages settles what it can of one page of each location, and answers the
// locations that may have another.
func (r *settling) pages(ctx context.Context, homes []charging.LocationID) (more []charging.LocationID) {
	doubts := map[charging.CompanyID][]doubt{}
	for _, home := range homes {
		list, err := r.o.Calendar.Unsettled(ctx, home, r.o.SettleAge, r.behind[home], settlePage)
		if err != nil {
			r.trouble(ctx, "list what is unsettled at "+string(home), err)
			return nil
		}
		if len(list) == settlePage {
			more = append(more, home)
		}
		for _, res := range list {
			if r.silent[res.Origin] || r.askedLately(res.ID) {
				r.behind[home]++
				continue
			}
			doubts[res.Origin] = append(doubts[res.Origin], doubt{charging.At{Location: home, Ref: charging.Ref{
				ID: res.ID, TripID: res.TripID, Origin: res.Origin, EVSEID: res.EVSEID, End: res.Window.End, Epoch: max(res.Epoch, 1),
			}}, res})
		}
	}
	for origin, about := range doubts {
		for batch := range slices.Chunk(about, r.limit.Burst()) {
			if !r.askAbout(ctx, origin, batch) {
				return nil
			}
		}
	}
	return more
}

// askAbout asks one originator about stops and acts on what it says; false when the
// round is over.
func (r *settling) askAbout(ctx context.Context, origin charging.CompanyID, about []doubt) bool {
	var outcomes []charging.Outcome
	if !r.silent[origin] {
		if r.limit.WaitN(ctx, len(about)) != nil {
			return false
		}
		var err error
		if outcomes, err = r.answers(ctx, origin, about); err != nil {
			r.silent[origin] = true
			r.trouble(ctx, "ask "+string(origin)+" for the outcome of trip "+string(about[0].at.TripID)+" and others", err)
		}
	}
	r.act(ctx, about, outcomes)
	return true
}

// act does what the originator has said of each stop; what it has not said
// anything of stays behind.
func (r *settling) act(ctx context.Context, about []doubt, outcomes []charging.Outcome) {
	confirmed := map[charging.LocationID][]charging.At{}
	for i := range about {
		at, settled := about[i].at, false
		switch {
		case i >= len(outcomes):
		case outcomes[i] == charging.OutcomeConfirmed:
			confirmed[at.Location] = append(confirmed[at.Location], at)
			settled = true
		case outcomes[i] == charging.OutcomeAborted:
			err := r.free(ctx, at)
			if err != nil {
				r.trouble(ctx, "free reservation "+string(at.ID)+" of the aborted trip "+string(at.TripID), err)
			}
			settled = err == nil
		case outcomes[i] == charging.OutcomeUnknown:
			r.orphaned(about[i].res)
		}
		if !settled {
			r.behind[at.Location]++
		}
	}
	for loc, stops := range confirmed {
		if err := r.settle(ctx, loc, stops); err != nil {
			r.behind[loc] += len(stops)
			r.trouble(ctx, "settle reservations at "+string(loc), err)
		}
	}
}

func (r *settling) answers(ctx context.Context, origin charging.CompanyID, about []doubt) ([]charging.Outcome, error) {
	originator, err := r.o.Originators.Originator(origin)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, batchPatience*r.o.AskTimeout)
	defer cancel()
	asked := make([]charging.Question, len(about))
	for i, a := range about {
		asked[i] = charging.Question{TripID: a.at.TripID, ReservationID: a.at.ID}
	}
	return originator.Outcomes(ctx, asked)
}
