package charging

import "time"

// Message is what a company's operator says to a driver. It is text, and nothing else:
// nobody's program acts on it.
type Message struct {
	// ID is the same wherever the message comes by several ways.
	ID string `json:"message_id"`
	// From is the company whose operator says it, At when, in real time.
	From CompanyID `json:"from"`
	At   time.Time `json:"at"`
	Text string    `json:"text"`
	// TripID and ReservationID are what it is about, where it is about one.
	TripID        TripID        `json:"trip_id,omitempty"`
	ReservationID ReservationID `json:"reservation_id,omitempty"`
}

// Says reports whether two messages say the same about the same.
func (m Message) Says(o Message) bool {
	return m.From == o.From && m.Text == o.Text && m.TripID == o.TripID && m.ReservationID == o.ReservationID
}

// LongestMessage is how many characters a message may have.
const LongestMessage = 500
