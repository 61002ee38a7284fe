package saga

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// count is the smallest record: a number that commands raise until it is over.
type count struct {
	ID    ID
	Epoch int64
	Owner string
	Done  []string
	N     int
	// Last is from where on the record needs no more work.
	Last int
	// Said is an answer's aside.
	Said string
}

// add is an order; a negative one is refused.
type add struct{ By int }

// counter is the machine of a count.
type counter struct{ r *Run[count, string] }

func (m counter) Step() error {
	if err := m.r.Serve(); err != nil {
		return err
	}
	if m.r.Record.N >= m.r.Record.Last {
		return m.r.Finish()
	}
	m.r.SignalIdle()
	select {
	case <-m.r.Context().Done():
		return m.r.Context().Err()
	case c := <-m.r.Commands():
		return m.r.Receive(c)
	}
}

func (m counter) Receive(c Command[count]) error {
	if _, parks := c.Order.(Park); parks {
		return m.r.GiveBack()
	}
	o := c.Order.(add)
	if m.r.Did(c) {
		m.r.Answer(c, nil)
		return nil
	}
	if o.By < 0 {
		m.r.Answer(c, charging.Invalid("by", "it only grows"))
		return nil
	}
	m.r.Record.N += o.By
	m.r.MarkDone(c.ID)
	m.r.Note("add")
	err := m.r.Save()
	m.r.AnswerWith(c, func(t *count) { t.Said = "added" }, err)
	if m.r.Fatal(err) {
		return err
	}
	return nil
}

// counts is their Kind.
type counts struct{}

func (counts) Machine(r *Run[count, string], _ bool) Machine[count] { return counter{r} }
func (counts) Of(t count) ID                                        { return t.ID }
func (counts) Clone(t count) count                                  { t.Done = slices.Clone(t.Done); return t }
func (counts) Stamp(*count, time.Time)                              {}
func (counts) Done(t *count) *[]string                              { return &t.Done }
func (counts) Encode(order any) ([]byte, error)                     { return json.Marshal(order) }

func (counts) Words() Words { return Words{Noun: "count"} }

func (counts) Decode(body []byte) (any, error) {
	var o add
	err := json.Unmarshal(body, &o)
	return o, err
}

func (counts) Aside(t count) (json.RawMessage, error) {
	if t.Said == "" {
		return nil, nil
	}
	return json.Marshal(t.Said)
}

func (counts) WithAside(t count, aside json.RawMessage) (count, error) {
	if len(aside) == 0 {
		return t, nil
	}
	err := json.Unmarshal(aside, &t.Said)
	return t, err
}

// memory is a journal and an inbox in memory.
type memory struct {
	mu      sync.Mutex
	t       count
	made    bool
	lease   time.Time
	due     time.Time // zero: not on the list of open work
	lines   []string
	pending []Forwarded
	answers map[string][]byte
	// mute takes no answers; away is what every write is told.
	mute bool
	away error
}

var (
	_       Journal[count, string] = (*memory)(nil)
	_       Inbox                  = (*memory)(nil)
	errAway                        = errors.New("connection reset")
)

func (s *memory) set(f func()) { s.mu.Lock(); defer s.mu.Unlock(); f() }

func (s *memory) Create(_ context.Context, t count, lease time.Duration, lines []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away != nil {
		return s.away
	}
	s.t, s.made, s.lease, s.due, s.lines = t, true, time.Now().Add(lease), time.Now().Add(lease), lines
	return nil
}

func (s *memory) write(t count, lease time.Duration, due time.Time, lines []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.away != nil:
		return s.away
	case t.Epoch != s.t.Epoch || t.Owner != s.t.Owner:
		return charging.Refuse(charging.CodeStaleOwner, "another owner")
	}
	s.t, s.lease, s.due, s.lines = counts{}.Clone(t), time.Now().Add(lease), due, append(s.lines, lines...)
	return nil
}

func (s *memory) Save(_ context.Context, t count, lease time.Duration, due time.Time, lines []string) error {
	return s.write(t, lease, due, lines)
}

func (s *memory) Park(_ context.Context, t count, due time.Time, lines []string) error {
	return s.write(t, 0, due, lines)
}

func (s *memory) Finish(_ context.Context, t count, lines []string) error {
	return s.write(t, 0, time.Time{}, lines)
}

func (s *memory) Load(context.Context, ID) (count, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.made {
		return count{}, charging.Refuse(charging.CodeUnknownTrip, "never made")
	}
	return counts{}.Clone(s.t), nil
}

func (s *memory) Acquire(_ context.Context, _ ID, owner string, lease time.Duration) (count, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Now().Before(s.lease) {
		return count{}, charging.Refuse(charging.CodeStaleOwner, "leased by "+s.t.Owner)
	}
	return s.take(owner, lease), nil
}

func (s *memory) take(owner string, lease time.Duration) count {
	s.t.Epoch++
	s.t.Owner, s.lease = owner, time.Now().Add(lease)
	return counts{}.Clone(s.t)
}

func (s *memory) TakeOver(_ context.Context, owner string, lease time.Duration, _ int) ([]count, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.made || s.due.IsZero() || time.Now().Before(s.due) || time.Now().Before(s.lease) {
		return nil, nil
	}
	return []count{s.take(owner, lease)}, nil
}

func (s *memory) KeepAlive(_ context.Context, owner string, lease time.Duration, ids []ID) ([]ID, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.t.Owner != owner {
		return ids, nil
	}
	s.lease = time.Now().Add(lease)
	return nil, nil
}

func (s *memory) Raise(_ context.Context, t count, atLeast int64) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.Owner != s.t.Owner {
		return 0, charging.Refuse(charging.CodeStaleOwner, "another owner")
	}
	s.t.Epoch = max(s.t.Epoch, atLeast) + 1
	return s.t.Epoch, nil
}

func (s *memory) Forward(_ context.Context, _ ID, l Forwarded, _ time.Duration) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !time.Now().Before(s.lease) {
		return false, nil
	}
	s.pending = append(s.pending, l)
	return true, nil
}

func (s *memory) Pending(context.Context, ID) ([]Forwarded, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.pending), nil
}

func (s *memory) Reply(_ context.Context, _ ID, l Forwarded, answer []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mute {
		return errAway
	}
	s.answers[l.ID] = answer
	s.pending = slices.DeleteFunc(s.pending, func(had Forwarded) bool { return had.ID == l.ID })
	return nil
}

func (s *memory) Result(_ context.Context, _ ID, command string) ([]byte, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.answers[command], !time.Now().Before(s.lease), nil
}

// the is the record of these tests.
const the ID = "019a0000-0000-7000-8000-00000000000a"

// world is servers of one company over one memory.
type world struct {
	t       *testing.T
	s       *memory
	servers []*Coordinator[count, string]
	stops   map[*Coordinator[count, string]]context.CancelFunc
	parked  int
}

func newWorld(t *testing.T) *world {
	return &world{t: t, s: &memory{answers: map[string][]byte{}}, stops: map[*Coordinator[count, string]]context.CancelFunc{}}
}

// server starts another server.
func (w *world) server(owner string) *Coordinator[count, string] {
	w.t.Helper()
	c, err := New(counts{}, Options[count, string]{
		Owner: owner, Journal: w.s, Inbox: w.s, Parked: func() { w.parked++ },
		Notify: func(id ID) {
			for _, c := range w.servers {
				c.OnNotify(id)
			}
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.servers = append(w.servers, c)
	ctx, stop := context.WithCancel(context.Background())
	w.stops[c] = stop
	go c.Run(ctx)
	w.t.Cleanup(func() {
		w.kill(c)
		c.Drain(ctx)
	})
	return c
}

// kill cuts a server's power: it neither runs nor takes over any more.
func (w *world) kill(c *Coordinator[count, string]) {
	w.stops[c]()
	c.Kill()
}

// begin starts the record at a server.
func (w *world) begin(c *Coordinator[count, string], last int) {
	w.t.Helper()
	if _, err := c.Start(w.t.Context(), count{ID: the, Epoch: 1, Owner: c.o.Owner, Last: last}, "create"); err != nil {
		w.t.Fatal(err)
	}
}
