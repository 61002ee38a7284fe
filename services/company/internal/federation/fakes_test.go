package federation

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// script is a remote company that does as it is told.
type script struct {
	mu   sync.Mutex
	id   charging.CompanyID
	err  error
	took time.Duration
	// hang makes calls wait for their context's end.
	hang  bool
	calls map[string]int
	most  int // calls at once
	now   int
	clock time.Duration // its clock is ahead by so much
	list  []charging.Location
	etag  string
	asked []string // etags
}

var _ Remote = (*script)(nil)

func (s *script) call(ctx context.Context, what string) error {
	s.mu.Lock()
	if s.calls == nil {
		s.calls = map[string]int{}
	}
	s.calls[what]++
	s.now++
	s.most = max(s.most, s.now)
	err, took, hang := s.err, s.took, s.hang
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.now--
		s.mu.Unlock()
	}()
	if hang {
		<-ctx.Done()
		return ctx.Err()
	}
	if took > 0 {
		select {
		case <-time.After(took):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return err
}

func (s *script) set(change func(*script)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

func (s *script) count(what string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[what]
}

func (s *script) answer(ctx context.Context, what string, id charging.ReservationID) (charging.Reservation, error) {
	err := s.call(ctx, what)
	return charging.Reservation{ID: id, Reason: string(s.id) + " " + what}, err
}

func (s *script) Reserve(ctx context.Context, h charging.HoldRequest) (charging.Reservation, error) {
	return s.answer(ctx, "reserve", h.ID)
}

func (s *script) Claim(ctx context.Context, h charging.HoldRequest) (charging.Reservation, error) {
	return s.answer(ctx, "claim", h.ID)
}

func (s *script) Renew(ctx context.Context, ref charging.Ref, _ time.Duration) (charging.Reservation, error) {
	return s.answer(ctx, "renew", ref.ID)
}

func (s *script) Confirm(ctx context.Context, ref charging.Ref) (charging.Reservation, error) {
	return s.answer(ctx, "confirm", ref.ID)
}

func (s *script) Compensate(ctx context.Context, ref charging.Ref) (charging.Reservation, error) {
	return s.answer(ctx, "compensate", ref.ID)
}

func (s *script) Start(ctx context.Context, ref charging.Ref, _ charging.Arrival) (charging.Reservation, error) {
	return s.answer(ctx, "start", ref.ID)
}

func (s *script) Move(ctx context.Context, m charging.Move) (charging.Reservation, error) {
	return s.answer(ctx, "move", m.ID)
}

func (s *script) Contest(ctx context.Context, _ charging.Contest) (bool, error) {
	return false, s.call(ctx, "contest")
}

func (s *script) Exchange(ctx context.Context, id charging.VehicleID, _ string) (string, error) {
	return "a pass of " + string(id), s.call(ctx, "exchange")
}

func (s *script) Forward(ctx context.Context, f client.Forwarded) (client.ForwardedAnswer, error) {
	return client.ForwardedAnswer{Status: 200, Body: []byte(`{"by":"` + string(s.id) + `"}`)}, s.call(ctx, f.Method+" "+f.Path)
}

func (s *script) Follow(ctx context.Context, _ client.Forwarded, after uint64) (func() (trip.Event, error), error) {
	return func() (trip.Event, error) { return trip.Event{ID: after + 1, Type: trip.EventTrip}, nil }, s.call(ctx, "follow")
}

func (s *script) Complete(ctx context.Context, ref charging.Ref, _ charging.Leaving) (charging.Reservation, error) {
	return s.answer(ctx, "complete", ref.ID)
}

func (s *script) Reservation(ctx context.Context, id charging.ReservationID) (charging.Reservation, error) {
	return s.answer(ctx, "reservation", id)
}

func (s *script) Issued(ctx context.Context, t charging.Ticket) (bool, error) {
	return t.GrantedAt == "17", s.call(ctx, "ticket")
}

func (s *script) Outcomes(ctx context.Context, about []charging.Question) ([]charging.Outcome, error) {
	return slices.Repeat([]charging.Outcome{charging.OutcomePending}, len(about)), s.call(ctx, "outcomes")
}

func (s *script) Preempted(ctx context.Context, _ charging.Notice) error {
	return s.call(ctx, "preempted")
}

func (s *script) Changed(ctx context.Context, _ charging.Notice) error { return s.call(ctx, "changed") }

func (s *script) Info(ctx context.Context) (Info, error) {
	err := s.call(ctx, "info")
	s.mu.Lock()
	defer s.mu.Unlock()
	// The clock is read half way: the answer takes as long back.
	return Info{ID: s.id, Name: "Company " + string(s.id), Time: time.Now().Add(s.clock - s.took/2), Keys: []byte(`{"keys":[]}`)}, err
}

func (s *script) Locations(ctx context.Context, etag string) ([]charging.Location, string, bool, error) {
	if err := s.call(ctx, "locations"); err != nil {
		return nil, "", false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, etag)
	if etag == s.etag && etag != "" {
		return nil, etag, false, nil
	}
	return s.list, s.etag, true, nil
}

func (s *script) Availability(ctx context.Context, evses []charging.EVSEID, w charging.Window) ([]charging.Free, error) {
	if err := s.call(ctx, "availability"); err != nil {
		return nil, err
	}
	var list []charging.Free
	for _, id := range evses {
		list = append(list, charging.Free{EVSEID: id, Windows: []charging.Window{w}})
	}
	return list, nil
}

// localScript is the same for the local company.
type localScript struct{ script }

func (s *localScript) Locations(ctx context.Context) []charging.Location {
	_ = s.call(ctx, "locations")
	return s.list
}

func (s *localScript) Reservation(ctx context.Context, id charging.ReservationID, _ charging.CompanyID) (charging.Reservation, error) {
	return s.script.Reservation(ctx, id)
}

func place(id charging.CompanyID, n string, evses ...charging.EVSEID) charging.Location {
	l := charging.Location{ID: charging.LocationID("BR*" + string(id) + "*L" + n), Company: id}
	for _, e := range evses {
		l.EVSEs = append(l.EVSEs, charging.EVSE{ID: e, Status: charging.StatusAvailable})
	}
	return l
}

// trio is MAR with its peers SER and CAJ.
type trio struct {
	*Federation
	mar      *localScript
	ser, caj *script

	mu    sync.Mutex
	views []PeerView
}

func newTrio(t *testing.T, adjust func(*Options)) *trio {
	t.Helper()
	w := &trio{
		mar: &localScript{script{id: "MAR", list: []charging.Location{place("MAR", "JPA01", "BR*MAR*E1*1", "BR*MAR*E1*2")}}},
		ser: &script{id: "SER", etag: `"1"`, list: []charging.Location{place("SER", "REC01", "BR*SER*E1*1")}},
		caj: &script{id: "CAJ", etag: `"1"`, list: []charging.Location{place("CAJ", "AJU01", "BR*CAJ*E1*1")}},
	}
	o := Options{
		Self: "MAR", Peers: []Peer{{ID: "SER", BaseURL: "http://ser"}, {ID: "CAJ", BaseURL: "http://caj"}},
		Dial: func(p Peer) (Remote, error) {
			if p.ID == "SER" {
				return w.ser, nil
			}
			return w.caj, nil
		},
		OnPeer: func(v PeerView) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.views = append(w.views, v)
		},
	}
	if adjust != nil {
		adjust(&o)
	}
	f, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	f.Attach(w.mar, w.mar)
	w.Federation = f
	return w
}

func (w *trio) run(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
}

func (w *trio) view(id charging.CompanyID) PeerView {
	for _, v := range w.Peers() {
		if v.ID == id {
			return v
		}
	}
	return PeerView{}
}

// states of a peer as OnPeer told them.
func (w *trio) states(id charging.CompanyID) []PeerState {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []PeerState
	for _, v := range w.views {
		if v.ID == id {
			list = append(list, v.State)
		}
	}
	return list
}

func (w *trio) confirm(ctx context.Context, t *testing.T, id charging.CompanyID) error {
	t.Helper()
	c, err := w.Company(id)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Confirm(ctx, charging.Ref{ID: "r"})
	return err
}

func (s *script) Promises(ctx context.Context, at charging.CompanyID, after string) ([]charging.Promise, string, error) {
	if err := s.call(ctx, "promises"); err != nil {
		return nil, "", err
	}
	return []charging.Promise{{Ref: charging.Ref{ID: "r", TripID: "of " + charging.TripID(s.id) + " at " + charging.TripID(at)}}}, after + ".", nil
}

func (s *script) Say(context.Context, charging.VehicleID, charging.Message) error { return nil }

func (s *script) Rearrange(_ context.Context, _ charging.TripID, q api.Rearrange) (api.Rearranged, error) {
	return api.Rearranged{Leg: 1, Rearrange: q}, nil
}
