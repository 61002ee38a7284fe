package fleet

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Misdeed is what a car with bad manners tries at a plug. A company must see to it
// by itself that nothing comes of it: energy flows where it has said so, whatever
// the car and the others there think.
type Misdeed string

// The misdeeds, in the order in which a stop gives the occasion.
const (
	// Stranger plugs in where it has booked nothing.
	Stranger Misdeed = "stranger"
	// Backwards says that it has left before it has plugged in.
	Backwards Misdeed = "backwards"
	// Barge plugs in as soon as it comes: before its window, whoever is there.
	Barge Misdeed = "barge"
	// Twice says two times at once that it has plugged in.
	Twice Misdeed = "twice"
	// Overtaken plugs in and leaves at once, and the words come in the wrong order.
	Overtaken Misdeed = "overtaken"
	// SecondPlug plugs in at its next stop too, while it charges.
	SecondPlug Misdeed = "second_plug"
	// SwapAway takes another stop for the one that it charges at.
	SwapAway Misdeed = "swap_away"
	// CancelAway cancels the trip while it charges.
	CancelAway Misdeed = "cancel_away"
	// Slink drives off without a word. It says so when the next plug is refused, or
	// never.
	Slink Misdeed = "slink"
)

// Misdeeds lists them all.
func Misdeeds() []Misdeed {
	return []Misdeed{Stranger, Backwards, Barge, Twice, Overtaken, SecondPlug, SwapAway, CancelAway, Slink}
}

// Answers to an attempt that are not a refusal's code.
const (
	LetIn    = "ok"
	Kept     = "kept"       // an unplug, for its plug; a stop, by a cancel
	ToldLate = "told_late"  // the car has said by itself that it had left
	Untold   = "never_told" // it has not
	NotHeard = "unanswered"
)

// MisbehaveHelp is the help of a flag for Options.Misbehave.
const MisbehaveHelp = "share of the journeys, 0 to 1, whose cars have no manners at the plugs; everyday's or the scenario's when left out"

// Misbehave has a share of the journeys, 0 … 1, made by cars without manners.
func (o *Options) Misbehave(share float64) error {
	odds := EverydayOdds()
	if o.Odds != nil {
		odds = *o.Odds
	}
	odds.Misbehave = share
	o.Odds = &odds
	return odds.Validate()
}

// Tried writes the answers to a misdeed in one line: "EVSE_OCCUPIED 3, ok 1".
func Tried(answers map[string]int) string {
	var parts []string
	for _, a := range slices.Sorted(maps.Keys(answers)) {
		parts = append(parts, fmt.Sprintf("%s %d", a, answers[a]))
	}
	return strings.Join(parts, ", ")
}

// badManners is what an attempt is called among what was off the plan.
const badManners = "bad manners"

// Attempt is one misdeed that was tried, and what the company said.
type Attempt struct {
	Misdeed Misdeed         `json:"misdeed"`
	At      time.Time       `json:"at"`
	EVSE    charging.EVSEID `json:"evse"`
	// Answer is a refusal's code, or one of the words above.
	Answer string `json:"answer"`
	// Wrong says what the company should not have let happen, where the answer
	// alone shows it. What only shows beside other cars' books is found there.
	Wrong string `json:"wrong,omitempty"`
}

// occasion is what a car tries at the stop that it has come to, empty for good
// manners. Each misdeed is tried at one stop.
func (d *driver) occasion() Misdeed {
	d.visits++
	if n := d.visits - 1; n < len(d.j.Quirks.Misdeeds) {
		return d.j.Quirks.Misdeeds[n]
	}
	return ""
}

// tried writes an attempt down. Who behaves like that may get stuck by his own
// fault.
func (d *driver) tried(m Misdeed, evse charging.EVSEID, answer, wrong string) {
	if len(d.rec.Attempts) == 0 {
		d.rec.OffPlan = append(d.rec.OffPlan, badManners)
	}
	d.rec.Attempts = append(d.rec.Attempts, Attempt{Misdeed: m, At: d.now(), EVSE: evse, Answer: answer, Wrong: wrong})
	d.report(Misbehaved, "%s at %s: %s", m, evse, orElse(wrong, answer))
}

// answerOf names what came back.
func answerOf(err error, ok bool) string {
	switch {
	case !ok:
		return NotHeard
	case err != nil:
		return orElse(string(charging.CodeOf(err)), "refused")
	}
	return LetIn
}

// forbidden is what is wrong with an answer that must be a refusal.
func forbidden(answer, wrong string) string {
	if answer == LetIn || answer == Kept {
		return wrong
	}
	return ""
}
