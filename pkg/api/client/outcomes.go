package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

// oneByOne is how many questions are asked at a time of a company that takes
// only single ones.
const oneByOne = 20

// Outcomes implements charging.Originator. A company without the route for many
// questions is asked one after the other, the first few.
func (c *Client) Outcomes(ctx context.Context, about []charging.Question) ([]charging.Outcome, error) {
	if len(about) == 1 {
		return c.oneByOne(ctx, about)
	}
	var answer api.OutcomesBody
	resp, err := c.do(ctx, call{
		method: http.MethodPost, path: federation + "/outcomes", body: api.OutcomesRequestOf(about), into: &answer, ok: []int{http.StatusOK},
	})
	if resp != nil && (resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusMethodNotAllowed) {
		return c.oneByOne(ctx, about[:min(len(about), oneByOne)])
	}
	if err != nil {
		return nil, err
	}
	if len(answer.Outcomes) > len(about) {
		return nil, fmt.Errorf("%w: %d outcomes for %d questions", ErrRubbish, len(answer.Outcomes), len(about))
	}
	for i, o := range answer.Outcomes {
		if err := oneOfFour(o, about[i].TripID); err != nil {
			return nil, err
		}
	}
	return answer.Outcomes, nil
}

func (c *Client) oneByOne(ctx context.Context, about []charging.Question) ([]charging.Outcome, error) {
	outcomes := make([]charging.Outcome, 0, len(about))
	for _, q := range about {
		path := tripPath(q.TripID, "outcome")
		if q.ReservationID != "" {
			path += "?reservation_id=" + url.QueryEscape(string(q.ReservationID))
		}
		var answer api.OutcomeBody
		if _, err := c.do(ctx, call{method: http.MethodGet, path: path, into: &answer, ok: []int{http.StatusOK}}); err != nil {
			return nil, err
		}
		if err := oneOfFour(answer.Outcome, q.TripID); err != nil {
			return nil, err
		}
		outcomes = append(outcomes, answer.Outcome)
	}
	return outcomes, nil
}

func oneOfFour(o charging.Outcome, id charging.TripID) error {
	switch o {
	case charging.OutcomePending, charging.OutcomeConfirmed, charging.OutcomeAborted, charging.OutcomeUnknown:
		return nil
	}
	return fmt.Errorf("%w: outcome of trip %s is none of the four", ErrRubbish, id)
}
