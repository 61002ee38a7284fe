package store

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

const (
	// maxPending is how many commands to one trip may wait.
	maxPending = 32
	// answerLife is how long an answer is kept for whoever asked.
	answerLife = time.Minute
)

// Forward leaves a command for the server that has the trip's lease, and drops it
// there after its life. forwarded is false, and nothing is left, when nobody has
// the lease. UNKNOWN_TRIP, RATE_LIMITED (too many commands wait).
func (j *Journal) Forward(ctx context.Context, id charging.TripID, l trip.Forwarded, life time.Duration) (forwarded bool, err error) {
	got, err := j.run(ctx, "forward command", forwardScript, []string{j.keys.trip(id), j.keys.inbox(id)}, l.ID, ms(life), string(l.Body), maxPending)
	if err != nil {
		return false, err
	}
	switch got.str(0) {
	case "OK":
		return true, nil
	case "FREE":
		return false, nil
	case "FULL":
		return false, &charging.Refusal{
			Code: charging.CodeRateLimited, Detail: "too much is being asked of trip " + string(id) + "; ask again shortly", RetryAfter: time.Second,
		}
	}
	return false, unknownTrip(id)
}

// Pending reads what has been asked of a trip and was not answered yet, oldest first.
func (j *Journal) Pending(ctx context.Context, id charging.TripID) ([]trip.Forwarded, error) {
	got, err := j.run(ctx, "read forwarded commands", pendingScript, []string{j.keys.inbox(id)})
	if err != nil {
		return nil, err
	}
	pending := make([]trip.Forwarded, 0, len(got))
	for i := range got {
		if part := strings.SplitN(got.str(i), "|", 3); len(part) == 3 {
			pending = append(pending, trip.Forwarded{ID: part[1], Body: []byte(part[2]), Expires: number(part[0])})
		}
	}
	return pending, nil
}

// Reply answers a command and takes it out of the inbox.
func (j *Journal) Reply(ctx context.Context, id charging.TripID, l trip.Forwarded, answer []byte) error {
	pipe := j.rdb.TxPipeline()
	pipe.Set(ctx, j.keys.answer(id, l.ID), answer, answerLife)
	pipe.LRem(ctx, j.keys.inbox(id), 1, strconv.FormatInt(l.Expires, 10)+"|"+l.ID+"|"+string(l.Body))
	_, err := pipe.Exec(ctx)
	return failed(ctx, "answer forwarded command", err)
}

// Result looks for the answer to a command: nil while there is none. free says
// that nobody has the trip's lease, so that whoever asks may read the inbox.
// UNKNOWN_TRIP.
func (j *Journal) Result(ctx context.Context, id charging.TripID, command string) (answer []byte, free bool, err error) {
	got, err := j.run(ctx, "look for answer", resultScript, []string{j.keys.trip(id), j.keys.answer(id, command)})
	if err != nil {
		return nil, false, err
	}
	switch got.str(0) {
	case "ANSWER":
		return []byte(got.str(1)), false, nil
	case "UNKNOWN_TRIP":
		return nil, false, unknownTrip(id)
	}
	return nil, got.str(0) == "FREE", nil
}
