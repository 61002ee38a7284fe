package flood

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api/client"
)

// Readers are event streams of one identity at one server, which read all that comes.
type Readers struct {
	// URL of the stream, with what it chooses; User and Secret of who reads.
	URL, User, Secret string

	bytes, frames, overviews, ended atomic.Int64
	open                            atomic.Int64
	wg                              sync.WaitGroup
}

// Heard is what all have read together so far.
type Heard struct {
	Open      int64 `json:"open"`
	Ended     int64 `json:"ended"`
	Bytes     int64 `json:"bytes"`
	Frames    int64 `json:"frames"`
	Overviews int64 `json:"overviews"`
}

// Minus is what was heard since.
func (h Heard) Minus(since Heard) Heard {
	h.Bytes, h.Frames, h.Overviews = h.Bytes-since.Bytes, h.Frames-since.Frames, h.Overviews-since.Overviews
	h.Ended -= since.Ended
	return h
}

// Heard counts.
func (r *Readers) Heard() Heard {
	return Heard{r.open.Load(), r.ended.Load(), r.bytes.Load(), r.frames.Load(), r.overviews.Load()}
}

// openEvery keeps below what one identity may ask a second.
const openEvery = 15 * time.Millisecond

// Open opens n streams, one after the other, which read until the context ends.
func (r *Readers) Open(ctx context.Context, n int) error {
	h := client.NewHTTP(nil)
	for range n {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.URL, nil)
		if err != nil {
			return err
		}
		req.SetBasicAuth(r.User, r.Secret)
		resp, err := h.Do(req)
		if err != nil {
			return err
		}
		if resp.StatusCode != http.StatusOK {
			_ = resp.Body.Close()
			return fmt.Errorf("stream %d of %d: status %d", r.open.Load()+1, n, resp.StatusCode)
		}
		r.open.Add(1)
		r.wg.Go(func() { r.read(resp) })
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(openEvery):
		}
	}
	return nil
}

// Wait returns when all have ended.
func (r *Readers) Wait() { r.wg.Wait() }

func (r *Readers) read(resp *http.Response) {
	defer func() { _ = resp.Body.Close() }()
	buf := make([]byte, 16<<10)
	for {
		n, err := resp.Body.Read(buf)
		r.bytes.Add(int64(n))
		// An event's name that lies across two reads is not counted: there are few.
		r.frames.Add(int64(bytes.Count(buf[:n], []byte("event: cars\n"))))
		r.overviews.Add(int64(bytes.Count(buf[:n], []byte("event: overview\n"))))
		if err != nil {
			r.open.Add(-1)
			r.ended.Add(1)
			return
		}
	}
}
