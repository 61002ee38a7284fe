package api

import (
	"fmt"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// MaxQuestions of one OutcomesRequest.
const MaxQuestions = 200

// OutcomesRequest is the body of POST /federation/v1/outcomes: what became of
// these stops' trips. It asks for many what GET …/outcome asks for one.
type OutcomesRequest struct {
	Questions []Question `json:"questions"`
}

// Question is one of them.
type Question struct {
	TripID        charging.TripID        `json:"trip_id"`
	ReservationID charging.ReservationID `json:"reservation_id"`
}

// OutcomesBody answers an OutcomesRequest, one outcome per question, in its order.
type OutcomesBody struct {
	Outcomes []charging.Outcome `json:"outcomes"`
}

// OutcomesRequestOf makes the request of questions.
func OutcomesRequestOf(about []charging.Question) OutcomesRequest {
	q := OutcomesRequest{Questions: make([]Question, len(about))}
	for i, a := range about {
		q.Questions[i] = Question(a)
	}
	return q
}

// DecodeOutcomes reads the body of POST /federation/v1/outcomes.
// MALFORMED_REQUEST, TOO_LARGE, INVALID_FIELD.
func DecodeOutcomes(body []byte) ([]charging.Question, error) {
	r, err := newReader(body, false)
	if err != nil {
		return nil, err
	}
	r.require("questions")
	list := r.list("questions", MaxQuestions)
	about := make([]charging.Question, 0, len(list))
	for i, v := range list {
		name := fmt.Sprintf("questions[%d]", i)
		fields, ok := v.(map[string]any)
		if !ok {
			r.wrongType(name, "an object", v)
			continue
		}
		one := &reader{path: name + ".", fields: fields, rep: r.rep}
		about = append(about, charging.Question{
			TripID: id[charging.TripID](one, "trip_id", 64, true), ReservationID: id[charging.ReservationID](one, "reservation_id", 64, true),
		})
	}
	return about, r.rep.err()
}
