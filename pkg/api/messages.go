package api

import (
	"strings"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/legible"
)

// MessageRequest is what an operator says to a driver.
type MessageRequest struct {
	Text string `json:"text"`
	// Reason is kept for the audit, and told to nobody.
	Reason string `json:"reason"`
	// TripID and ReservationID are what it is about, where it is about one.
	TripID        charging.TripID        `json:"trip_id,omitempty"`
	ReservationID charging.ReservationID `json:"reservation_id,omitempty"`
}

// MessageSent answers a message: as it is kept, and which other companies have it, too.
type MessageSent struct {
	charging.Message
	Told []MessageTold `json:"told"`
}

// MessageTold is a company where one of the vehicle's trips began.
type MessageTold struct {
	CompanyID charging.CompanyID `json:"company_id"`
	OK        bool               `json:"ok"`
	// Detail says why it does not have it.
	Detail string `json:"detail,omitempty"`
}

// DecodeMessage reads the body of POST …/vehicles/{vehicle_id}/message.
// MALFORMED_REQUEST, TOO_LARGE, INVALID_FIELD.
func DecodeMessage(body []byte) (MessageRequest, error) {
	var said charging.Message
	q, err := decodeOwner(body, func(r *reader, _ *OwnerRequest) { said = messageIn(r) })
	if err == nil {
		err = CheckMessage(said.Text)
	}
	return MessageRequest{Text: said.Text, Reason: q.Reason, TripID: said.TripID, ReservationID: said.ReservationID}, err
}

// DecodePeerMessage reads a message that another company hands on. It refuses like
// DecodeMessage.
func DecodePeerMessage(body []byte, from charging.CompanyID) (charging.Message, error) {
	r, err := newReader(body, false)
	if err != nil {
		return charging.Message{}, err
	}
	r.require("message_id")
	r.require("at")
	id, at := r.text("message_id", 36), r.instant("at")
	m := messageIn(r)
	m.ID, m.At, m.From = id, at, from
	r.done()
	if err := r.rep.err(); err != nil {
		return m, err
	}
	if len(m.ID) < 8 || legible.Check(m.ID, 36) != nil || strings.ContainsAny(m.ID, "| ") {
		return m, charging.Invalid("message_id", "is no id of a message")
	}
	return m, CheckMessage(m.Text)
}

// CheckMessage judges the text of a message: 1 to 500 characters that can be shown, on
// one line; none that turns the direction of writing. INVALID_FIELD.
func CheckMessage(text string) error {
	if strings.TrimSpace(text) == "" {
		return charging.Invalid("text", "must say something")
	}
	if err := legible.Check(text, charging.LongestMessage); err != nil {
		return charging.Invalid("text", err.Error())
	}
	return nil
}

func messageIn(r *reader) (m charging.Message) {
	r.require("text")
	m.Text = r.text("text", 4*charging.LongestMessage)
	m.TripID = id[charging.TripID](r, "trip_id", 64, false)
	m.ReservationID = id[charging.ReservationID](r, "reservation_id", 64, false)
	return m
}
