package model

import (
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// phase is a trip's state in its originator's journal.
type phase uint8

const (
	reserving phase = iota
	awaiting
	confirming
	confirmed
	compensating
	aborted
	canceled
	completed
	wiped // the journal has lost the trip
)

var phaseNames = [...]trip.State{
	trip.Reserving, trip.AwaitingDecision, trip.Confirming, trip.Confirmed, trip.Compensating, trip.Aborted, trip.Canceled, trip.Completed, "(lost)",
}

func (p phase) String() string { return string(phaseNames[p]) }

// heard is what the server that runs a trip knows about a stop. A crash forgets
// it.
type heard uint8

const (
	hNothing  heard = iota
	hClaimed        // CLAIMED
	hGoOn           // the claim met an unsettled RESERVED; the reserve settles it
	hPending        // PENDING
	hReserved       // the confirm was acknowledged
	hRefused        // the confirm was refused
	hUnknown        // nobody answered the confirm
	hReleased       // the release was acknowledged, or counts as such
)

// rstate is a reservation in the company that owns its EVSE.
type rstate uint8

const (
	none rstate = iota
	claimed
	pending
	unsettled // RESERVED, and the company has not heard CONFIRMED
	settled   // RESERVED
	charges   // CHARGING
	expired
	preempted
	withdrawn // CANCELED by the company, its notice not yet acknowledged
	released  // CANCELED
	fulfilled
)

var rstateNames = [...]charging.State{
	"", charging.Claimed, charging.Pending, charging.Reserved, charging.Reserved, charging.Charging, charging.Expired,
	charging.Preempted, charging.Canceled, charging.Canceled, charging.Fulfilled,
}

// holds reports whether the window is taken.
func (r rstate) holds() bool { return r >= claimed && r <= charges }

// hold reports whether it would lapse by itself.
func (r rstate) lapses() bool { return r == claimed || r == pending }

func (r rstate) reserved() bool { return r == unsettled || r == settled }

// record is one reservation id at its company. rank orders it: the age of the
// ticket, noTicket for the youngest.
type record struct {
	state rstate
	rank  uint8
	epoch uint8 // of the request that made it
	// instead: the id asks for the trip's alternative to the stop.
	instead bool
	session
}

// noTicket is younger than every ticket.
const noTicket = maxTrips

// server is the originator's process for one trip.
type server uint8

const (
	up server = iota
	down
	dead // for good, with all its replicas
)

// tripState is one trip at its originator.
type tripState struct {
	// What the journal has.
	phase   phase
	epoch   uint8
	cur     [maxLegs]uint8 // the present id of each stop
	next    [maxLegs]uint8 // the next unused id
	left    [maxLegs]uint8 // bits: ids that still must be released
	entered bool           // CONFIRMING, ever
	ticket  bool           // journaled
	rank    uint8          // of the ticket
	swap    uint8          // 1 + the leg whose new stop is being taken
	problem uint8          // bits: legs of a CONFIRMED trip known to be lost
	asks    uint8          // the leg that AWAITING_DECISION is about
	ahead   bool           // … and whether an older trip took it
	road

	// What only the process has.
	server server
	heard  [maxLegs]heard
	swap2  heard // of the swap's new stop
	goOn   bool  // a stop could not be released; it lapses by itself

	// For the checks.
	stamped bool // a ticket was stamped, whether heard of or not
	told    bool // the driver knows CONFIRMED
	late    bool // a former owner is about to write CONFIRMED
}

// kind of a message to a company.
type kind uint8

const (
	kClaim kind = iota
	kReserve
	kConfirm
	kCompensate
	kStart
	kComplete
	kinds
)

// maxEpoch bounds the owners of one trip.
const maxEpoch = 3

// State is one instant of a world. It is comparable: equal states are one.
type State struct {
	trips [maxTrips]tripState
	rec   [maxTrips][maxLegs][maxIDs]record
	// sent are the messages that may still arrive: a bit for each kind and epoch.
	sent [maxTrips][maxLegs][maxIDs]uint32
	// seen is the highest epoch that a company knows of a trip.
	seen  [maxTrips][maxEVSEs]uint8
	out   uint8 // bits: EVSEs out of service
	spent Faults
	had   Wishes
}

func message(k kind, epoch uint8) uint32 { return 1 << (uint8(k)*maxEpoch + epoch - 1) }

// start is the first instant: every trip journaled, nothing asked.
func start(sc *Scenario) State {
	var s State
	for t := range sc.Trips {
		tr := &s.trips[t]
		tr.epoch, tr.rank = 1, noTicket
		for l := range tr.next {
			tr.next[l] = 1
		}
		if sc.Trips[t].Booked {
			s.booked(t, len(sc.Trips[t].Stops))
		}
	}
	return s
}

// booked makes a trip one that has been CONFIRMED.
func (s *State) booked(t, legs int) {
	tr := &s.trips[t]
	tr.phase, tr.entered, tr.told = confirmed, true, true
	for l := range legs {
		tr.heard[l] = hReserved
		s.rec[t][l][0] = record{state: settled, rank: noTicket, epoch: 1}
	}
}

// current reports whether g is the present id of the stop, or the new one of
// its swap.
func (tr *tripState) current(l, g int) bool {
	return int(tr.cur[l]) == g || int(tr.swap) == l+1 && int(tr.next[l])-1 == g
}

func (tr *tripState) leaves() bool { return tr.left != [maxLegs]uint8{} }
