package store

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

const (
	// mostMessages are kept of a vehicle, each for messageLife at least while there are
	// no more.
	mostMessages = 30
	messageLife  = 7 * 24 * time.Hour
	// messagesEach of a company are taken within messagesWithin.
	messagesEach, messagesWithin = 6, time.Hour
)

// Messages are what operators have said to drivers (docs/adr/0021-what-the-owner-sees-and-does.md).
type Messages struct{ *conn }

// Keep keeps a message for a vehicle; replay says that it had it, and gives it as it is
// kept. ID_REUSED: under that id something else was said; RATE_LIMITED: the company has
// said enough for now.
func (m Messages) Keep(ctx context.Context, v charging.VehicleID, said charging.Message) (kept charging.Message, replay bool, err error) {
	text, err := json.Marshal(said)
	if err != nil {
		return said, false, err
	}
	got, err := m.replicated(ctx, "message", messageScript, []string{m.keys.messages(v)},
		said.ID, string(said.From), string(text), mostMessages, messagesEach, ms(messagesWithin), ms(messageLife))
	if err != nil {
		return said, false, err
	}
	switch got.str(0) {
	case "HAD":
		if err := json.Unmarshal([]byte(got.str(1)), &kept); err != nil || !kept.Says(said) {
			return kept, false, &charging.Refusal{Code: charging.CodeIDReused, Detail: "another message was sent to " + string(v) + " under this id: take a new one"}
		}
		return kept, true, nil
	case string(charging.CodeRateLimited):
		return said, false, &charging.Refusal{
			Code: charging.CodeRateLimited, RetryAfter: time.Duration(got.num(1)) * time.Millisecond,
			Detail: string(said.From) + " has sent " + string(v) + " 6 messages within an hour: a driver reads no more",
		}
	}
	return said, false, nil
}

// Of lists what a vehicle was told, newest first.
func (m Messages) Of(ctx context.Context, v charging.VehicleID) ([]charging.Message, error) {
	lines, err := m.rdb.LRange(ctx, m.keys.messages(v), 0, -1).Result()
	if err != nil {
		return nil, failed(ctx, "messages", err)
	}
	list := make([]charging.Message, 0, len(lines))
	for _, line := range lines {
		var one charging.Message
		if f := strings.SplitN(line, "|", 4); len(f) == 4 && json.Unmarshal([]byte(f[3]), &one) == nil {
			list = append(list, one)
		}
	}
	return list, nil
}
