package api

import (
	"slices"
	"strings"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// Scene names what the stage of a demo plays.
type Scene string

// The scenes.
const (
	SceneOnePlug        Scene = "one_plug"
	SceneFiveDrivers    Scene = "five_drivers"
	SceneThirdRefused   Scene = "third_refused"
	SceneSilent         Scene = "company_silent"
	SceneDiesConfirming Scene = "dies_confirming"
	SceneLateCompensate Scene = "late_compensate"
)

// Scenes in the order in which they are shown.
var Scenes = []Scene{SceneOnePlug, SceneFiveDrivers, SceneThirdRefused, SceneSilent, SceneDiesConfirming, SceneLateCompensate}

// StageState is what the stage does.
type StageState string

// The states of the stage. Nothing follows StageEnded and StageFailed but another play.
const (
	StageIdle     StageState = "idle"
	StageStarting StageState = "starting"
	StagePaused   StageState = "paused"
	StagePlaying  StageState = "playing"
	StageEnded    StageState = "ended"
	StageFailed   StageState = "failed"
)

// StageAction is what a visitor asks of the stage.
type StageAction string

// The actions. Start begins a scene, paused, in place of what is played; Step lets one
// step happen, and Pace says how many seconds lie between those of Play.
const (
	StageStart  StageAction = "start"
	StagePlay   StageAction = "play"
	StagePause  StageAction = "pause"
	StageStep   StageAction = "step"
	StageReplay StageAction = "replay"
	StagePace   StageAction = "pace"
	StageEnd    StageAction = "end"
)

var stageActions = []StageAction{StageStart, StagePlay, StagePause, StageStep, StageReplay, StagePace, StageEnd}

// StageCommand is the body of POST /api/v1/stage.
type StageCommand struct {
	Action StageAction `json:"action"`
	// Scene of Start.
	Scene Scene `json:"scene,omitempty"`
	// PaceSeconds of Pace, 0 … 30; 0 plays as fast as the system does.
	PaceSeconds float64 `json:"pace_seconds,omitempty"`
}

// Stage answers GET and POST /api/v1/stage: all that is to be seen of the play.
type Stage struct {
	State StageState `json:"state"`
	Scene Scene      `json:"scene,omitempty"`
	// Take counts the plays of this demo: with another one everything begins anew.
	Take        int     `json:"take"`
	PaceSeconds float64 `json:"pace_seconds"`
	// Now is when this was looked at, in real time, in which holds lapse.
	Now time.Time `json:"now"`
	// Store is what keeps the companies' keys: redis-server, or miniredis.
	Store     string         `json:"store,omitempty"`
	Drivers   []StageDriver  `json:"drivers"`
	Companies []StageCompany `json:"companies"`
	// Next goes with the next step; Slow are messages that are still under way, because
	// the scene's network is slow there.
	Next *StageStepped  `json:"next,omitempty"`
	Slow []StageStepped `json:"slow"`
	// Steps are what has happened, oldest first; at most the last 200.
	Steps []StageStepped `json:"steps"`
	// Verdict is how it ended.
	Verdict StageVerdict `json:"verdict,omitempty"`
	// Detail says of a play that failed, or ended otherwise, what was seen.
	Detail string `json:"detail,omitempty"`
}

// StageVerdict is how a play ended.
type StageVerdict string

// The verdicts: as the rule says; otherwise, which is a fault of the system; lapsed,
// because the play was paused for longer than a ticket lives.
const (
	VerdictAsRuled   StageVerdict = "as_ruled"
	VerdictOtherwise StageVerdict = "otherwise"
	VerdictLapsed    StageVerdict = "lapsed"
)

// StageDriver is one who plays.
type StageDriver struct {
	Name      string             `json:"name"`
	CompanyID charging.CompanyID `json:"company_id"`
	VehicleID charging.VehicleID `json:"vehicle_id"`
	TripID    charging.TripID    `json:"trip_id,omitempty"`
	State     trip.State         `json:"state,omitempty"`
	// GrantedAt is the time of the trip's ticket, µs since 1970; Rank is 1 for the oldest
	// of those who have one.
	GrantedAt string     `json:"granted_at,omitempty"`
	Rank      int        `json:"rank,omitempty"`
	Legs      []StageLeg `json:"legs"`
}

// StageLeg is one stop of a driver's trip, as its own company sees it.
type StageLeg struct {
	EVSEID    charging.EVSEID    `json:"evse_id"`
	CompanyID charging.CompanyID `json:"company_id"`
	State     charging.State     `json:"state"`
	Start     time.Time          `json:"start"`
	End       time.Time          `json:"end"`
}

// StageCompany is one of the play's companies.
type StageCompany struct {
	CompanyID charging.CompanyID `json:"company_id"`
	// Status is up, down (its process was killed) or silent (nothing comes back from it).
	Status    string          `json:"status"`
	StoreAddr string          `json:"store_addr,omitempty"`
	Calendars []StageCalendar `json:"calendars"`
	Keys      []StageKey      `json:"keys"`
}

// StageCalendar is what stands at one EVSE of the play.
type StageCalendar struct {
	EVSEID       charging.EVSEID `json:"evse_id"`
	LocationName string          `json:"location_name"`
	City         string          `json:"city"`
	Entries      []StageEntry    `json:"entries"`
}

// StageEntry is one hold or booking in a calendar; ExpiresAt is when a hold lapses.
type StageEntry struct {
	ReservationID charging.ReservationID `json:"reservation_id"`
	Driver        string                 `json:"driver"`
	State         charging.State         `json:"state"`
	Start         time.Time              `json:"start"`
	End           time.Time              `json:"end"`
	ExpiresAt     time.Time              `json:"expires_at,omitzero"`
}

// StageKey is one key of a company's store, as redis-cli shows it. TTLMillis is absent for
// one that does not lapse. Driver is whose it is, where it is somebody's.
type StageKey struct {
	Key       string `json:"key"`
	Type      string `json:"type"`
	Value     string `json:"value"`
	TTLMillis int64  `json:"ttl_ms,omitempty"`
	Driver    string `json:"driver,omitempty"`
}

// StageStepped is one step: a message and its answer, or something that befell.
type StageStepped struct {
	N  int       `json:"n"`
	At time.Time `json:"at,omitzero"`
	// From and To are a driver's name or a company's id; To is empty of what befalls From.
	From string `json:"from"`
	To   string `json:"to,omitempty"`
	// What is asked or happens: book, claim, reserve, confirm, compensate, preempted…
	What   string          `json:"what"`
	Driver string          `json:"driver,omitempty"`
	EVSEID charging.EVSEID `json:"evse_id,omitempty"`
	// Answer is a state or a code; "lost" where none came back.
	Answer string `json:"answer,omitempty"`
	Status int    `json:"status,omitempty"`
	// Why names the sentence that explains it; Other is whom else it names.
	Why   string `json:"why,omitempty"`
	Other string `json:"other,omitempty"`
	// Late is true of the second copy of a message.
	Late bool `json:"late,omitempty"`
}

// DecodeStageCommand reads the body of POST /api/v1/stage. MALFORMED_REQUEST, TOO_LARGE,
// INVALID_FIELD.
func DecodeStageCommand(body []byte) (StageCommand, error) {
	r, err := newReader(body, true)
	if err != nil {
		return StageCommand{}, err
	}
	c := StageCommand{Action: id[StageAction](r, "action", 16, true), Scene: id[Scene](r, "scene", 32, false)}
	if pace := r.number("pace_seconds", 0, maxPace); pace != nil {
		c.PaceSeconds = *pace
	}
	if c.Action == StageStart && c.Scene == "" {
		r.invalid("scene", "is missing: a start names one")
	}
	r.done()
	return c, r.rep.err()
}

// maxPace is the longest pause between two steps, in seconds.
const maxPace = 30

// Validate refuses what is no action.
func (a StageAction) Validate() error { return among("action", a, stageActions) }

// Validate refuses what is no scene.
func (s Scene) Validate() error { return among("scene", s, Scenes) }

func among[T ~string](field string, v T, all []T) error {
	if slices.Contains(all, v) {
		return nil
	}
	names := make([]string, len(all))
	for i, n := range all {
		names[i] = string(n)
	}
	return charging.Invalid(field, "must be one of "+strings.Join(names, ", "))
}
