package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

// readyTime bounds the checks of /readyz.
const readyTime = 2 * time.Second

// Statuses of a Health.
const (
	statusOK          = "ok"
	statusUnavailable = "unavailable"
)

// Use is what a server may be asked to be ready for.
type Use string

// The uses of a server. Plain /readyz asks for booking.
const (
	// Book: trips can be booked here, and stops reserved by peers.
	Book Use = "book"
	// Drive: cars are heard.
	Drive Use = "drive"
	// Peers: every other company can be booked at from here.
	Peers Use = "peers"
)

var uses = []Use{Book, Drive, Peers}

// Part is one of the parts of /readyz.
type Part struct {
	Check Check
	// For is what nobody can use the server for without this part; a part without
	// it is only shown.
	For []Use
	// Works says what still works while the part is impaired.
	Works string
}

// Check tells whether a part of the server is ready, in a few words, or why not:
// Impaired where it does its work in part.
type Check func(context.Context) (detail string, err error)

// Impaired says what is wrong with a part that does its work nevertheless, or a
// part of it. It is shown, and keeps nobody from using the server.
type Impaired string

func (i Impaired) Error() string { return string(i) }

// readyz asks every part at once, or those that a use asks for; 503 when one that
// the use (booking, if none is named) needs is not ready. INVALID_FIELD.
func (a *pagesAPI) readyz(c echo.Context) error {
	use, parts := Book, a.parts
	if c.QueryParams().Has("for") {
		if use = Use(c.QueryParam("for")); !slices.Contains(uses, use) {
			return charging.Invalid("for", fmt.Sprintf("must be one of %v", uses))
		}
		parts = map[string]Part{}
		for name, p := range a.parts {
			if slices.Contains(p.For, use) {
				parts[name] = p
			}
		}
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), readyTime)
	defer cancel()
	h := examine(ctx, use, parts)
	if h.Status != statusOK {
		return answer(c, http.StatusServiceUnavailable, h)
	}
	return answer(c, http.StatusOK, h)
}

// examine asks the parts, and judges them for a use.
func examine(ctx context.Context, use Use, parts map[string]Part) api.Health {
	h := api.Health{Status: statusOK, Checks: map[string]string{}}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for name, p := range parts {
		wg.Go(func() {
			detail, err := p.Check(ctx)
			mu.Lock()
			defer mu.Unlock()
			if h.Checks[name] = p.say(detail, err); err == nil {
				return
			}
			h.Impaired = append(h.Impaired, name)
			if partly := Impaired(""); slices.Contains(p.For, use) && !errors.As(err, &partly) {
				h.Status = statusUnavailable
			}
		})
	}
	wg.Wait()
	slices.Sort(h.Impaired)
	return h
}

func (p Part) say(detail string, err error) string {
	switch {
	case err != nil && p.Works != "":
		return err.Error() + "; what still works: " + p.Works
	case err != nil:
		return err.Error()
	case detail == "":
		return statusOK
	}
	return detail
}
