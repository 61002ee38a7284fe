package httpapi

import (
	"net/http"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

// shedAfter is when who was turned away may come again.
const shedAfter = time.Second

var (
	crowded = &charging.Refusal{
		Code: charging.CodeRateLimited, RetryAfter: shedAfter,
		Detail: "the server has more to do than it can; come again after the time in Retry-After",
	}
	stopping = &charging.Refusal{
		Code: charging.CodeStoreUnavailable, RetryAfter: shedAfter,
		Detail: "the server is stopping; ask again, here or at another server",
	}
)

// turnAway refuses a new trip while the server is crowded or stops: without a
// look at who asks or for what, because there may be many. Everything else is
// let through: what peers ask belongs to trips that are under way, and so do
// decisions and cancellations.
func (s *Server) turnAway(w http.ResponseWriter, r *http.Request) bool {
	stops := s.o.Stopping()
	if stops { // whoever stands before several servers looks elsewhere
		w.Header().Set("Connection", "close")
	}
	if r.Method != http.MethodPost || r.URL.Path != "/api/v1/trips" {
		return false
	}
	why := crowded
	if stops {
		why = stopping
	} else if !s.o.Crowded() {
		return false
	}
	h := w.Header()
	if id := r.Header.Get("X-Request-Id"); visible(id, 128) {
		h.Set("X-Request-Id", id)
	}
	h.Set("X-Content-Type-Options", "nosniff")
	p := api.FromError(why)
	p.Instance = r.URL.Path
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(answerTime))
	_ = p.Write(w) // fails when the caller has gone
	return true
}
