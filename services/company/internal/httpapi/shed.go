package httpapi

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/problem"
)

// shedAfter is when who was turned away may come again.
const shedAfter = time.Second

var (
	crowded = ready(&charging.Refusal{
		Code: charging.CodeRateLimited, RetryAfter: shedAfter,
		Detail: "the server has more to do than it can; come again after the time in Retry-After",
	})
	stopping = ready(&charging.Refusal{
		Code: charging.CodeStoreUnavailable, RetryAfter: shedAfter,
		Detail: "the server is stopping; ask again, here or at another server",
	})
)

// newTrips is what is turned away.
const newTrips = "/api/v1/trips"

// refused is a problem that is written many times.
type refused struct {
	status int
	body   []byte
	length []string
}

var (
	problemType = []string{problem.ContentType}
	oneSecond   = []string{strconv.Itoa(int(shedAfter.Seconds()))}
	noStore     = []string{"no-store"}
	noSniff     = []string{"nosniff"}
)

func ready(r *charging.Refusal) refused {
	p := api.FromError(r)
	p.Instance = newTrips
	body, err := json.Marshal(p)
	if err != nil {
		panic(err) // plain data: cannot be
	}
	return refused{p.Status, body, []string{strconv.Itoa(len(body))}}
}

func (r refused) write(w http.ResponseWriter) {
	h := w.Header()
	h["Content-Type"], h["Content-Length"], h["Retry-After"] = problemType, r.length, oneSecond
	h["Cache-Control"], h["X-Content-Type-Options"] = noStore, noSniff
	w.WriteHeader(r.status)
	_, _ = w.Write(r.body) // fails when the caller has gone
}

// turnAway refuses a new trip while the server is crowded or stops: without a
// look at who asks or for what, because there may be many. Everything else is
// let through: what peers ask belongs to trips that are under way, and so do
// decisions and cancellations.
func (s *Server) turnAway(w http.ResponseWriter, r *http.Request) bool {
	stops := s.o.Stopping()
	if stops { // whoever stands before several servers looks elsewhere
		w.Header().Set("Connection", "close")
	}
	if r.Method != http.MethodPost || r.URL.Path != newTrips {
		return false
	}
	why := crowded
	if stops {
		why = stopping
	} else if !s.o.Crowded() {
		return false
	}
	if id := r.Header.Get("X-Request-Id"); visible(id, 128) {
		w.Header().Set("X-Request-Id", id)
	}
	rc := http.NewResponseController(w)
	_ = rc.SetWriteDeadline(time.Now().Add(answerTime))
	_ = rc.SetReadDeadline(time.Now().Add(bodyGrace)) // of a body that nobody reads
	why.write(w)
	return true
}
