package api

import (
	"fmt"
	"time"
)

// DecodeDecision reads the body of POST …/decision: one answer, or answers, each
// to the question about another leg. A stop's window is judged by now.
// MALFORMED_REQUEST, TOO_LARGE, INVALID_FIELD, INVALID_WINDOW.
func DecodeDecision(body []byte, now time.Time) (DecisionRequest, error) {
	r, err := newReader(body, true)
	if err != nil {
		return DecisionRequest{}, err
	}
	var d DecisionRequest
	if r.fields["answers"] != nil {
		d.Answers = r.answers(now)
	} else {
		r.take("answers") // null is absent
		a := r.answer(now)
		d = DecisionRequest{Leg: a.Leg, Action: a.Action, AlternativeID: a.AlternativeID, Stop: a.Stop}
	}
	r.done()
	return d, r.rep.err()
}

// answers takes several answers, which exclude a single one beside them.
func (r *reader) answers(now time.Time) []DecisionAnswer {
	for _, single := range []string{"action", "leg", "alternative_id", "stop"} {
		if _, given := r.take(single); given {
			r.invalid(single, "is given beside answers; give one answer, or answers")
		}
	}
	list := r.list("answers", MaxStops)
	if list != nil && len(list) == 0 {
		r.invalid("answers", "is empty; give an answer to each question, or one action")
	}
	answers := make([]DecisionAnswer, 0, len(list))
	asked := map[int]bool{}
	for i, v := range list {
		name := fmt.Sprintf("answers[%d]", i)
		fields, ok := v.(map[string]any)
		if !ok {
			r.wrongType(name, "an object", v)
			continue
		}
		o := &reader{path: r.path + name + ".", fields: fields, rep: r.rep}
		o.require("leg")
		a := o.answer(now)
		if a.Leg != 0 && asked[a.Leg] {
			o.invalid("leg", fmt.Sprintf("%d is answered twice", a.Leg))
		}
		asked[a.Leg] = true
		o.done()
		answers = append(answers, a)
	}
	return answers
}

// answer takes the fields of one answer.
func (r *reader) answer(now time.Time) DecisionAnswer {
	before := len(r.rep.wrong)
	r.require("action")
	a := DecisionAnswer{Leg: int(r.integer("leg", 1, MaxStops, 0)), Action: r.text("action", 32)}
	a.AlternativeID, a.Stop = r.choice(now)
	switch {
	case len(r.rep.wrong) > before:
	case a.Action == ActionContinue:
		r.oneChoice(a.AlternativeID, a.Stop)
		if a.Stop != nil && a.Leg != 0 && a.Stop.Leg != 0 && a.Stop.Leg != a.Leg {
			r.invalid("stop.leg", fmt.Sprintf("is %d in an answer about leg %d", a.Stop.Leg, a.Leg))
		}
	case a.Action != ActionWait && a.Action != ActionGiveUp:
		r.invalid("action", fmt.Sprintf("%q is none of continue, wait, give_up", brief(a.Action)))
	case a.AlternativeID != "":
		r.invalid("alternative_id", "belongs to the action continue only")
	case a.Stop != nil:
		r.invalid("stop", "belongs to the action continue only")
	}
	return a
}

// choice takes an alternative_id or a stop.
func (r *reader) choice(now time.Time) (string, *Stop) {
	id := r.token("alternative_id")
	o := r.object("stop")
	if o == nil {
		return id, nil
	}
	s := o.stop(now)
	return id, &s
}

func (r *reader) oneChoice(id string, s *Stop) {
	if (id == "") == (s == nil) {
		r.invalid("alternative_id", "give either an alternative_id or a stop")
	}
}

// DecodeSwap reads the body of POST …/swap, like DecodeDecision.
func DecodeSwap(body []byte, now time.Time) (SwapRequest, error) {
	r, err := newReader(body, true)
	if err != nil {
		return SwapRequest{}, err
	}
	var s SwapRequest
	s.AlternativeID, s.Stop = r.choice(now)
	if len(r.rep.wrong) == 0 {
		r.oneChoice(s.AlternativeID, s.Stop)
	}
	if s.Stop != nil && s.Stop.Leg == 0 {
		r.invalid("stop.leg", "is missing: the leg whose stop is replaced")
	}
	r.done()
	return s, r.rep.err()
}
