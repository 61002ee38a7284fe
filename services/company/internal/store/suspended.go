package store

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Suspend keeps the operator's word about a company, unless a newer one is kept: written
// is false then. STORE_UNAVAILABLE.
func (g Registry) Suspend(ctx context.Context, s charging.Suspension) (written bool, err error) {
	text, err := json.Marshal(s)
	if err != nil {
		return false, err
	}
	return g.newer(ctx, g.keys.suspended(), string(s.Company), s.Number, string(text))
}

// Suspended lists the last word about each company, in no order. STORE_UNAVAILABLE.
func (g Registry) Suspended(ctx context.Context) ([]charging.Suspension, error) {
	all, err := g.rdb.HGetAll(ctx, g.keys.suspended()).Result()
	if err != nil {
		return nil, failed(ctx, "suspended", err)
	}
	var out []charging.Suspension
	for _, word := range all {
		var s charging.Suspension
		if _, text, _ := strings.Cut(word, "|"); json.Unmarshal([]byte(text), &s) == nil {
			out = append(out, s)
		}
	}
	return out, nil
}

// Bar marks a company at a location by the operator's word: the script that grants looks
// there. What was granted before stays; a newer word than this stands.
func (c Calendar) Bar(ctx context.Context, loc charging.LocationID, s charging.Suspension) error {
	_, err := c.newer(ctx, c.keys.oos(loc), barred+string(s.Company), s.Number, s.Reason)
	return err
}

// barred begins the name of a company among the EVSEs that are out of service.
const barred = "@"

// outSince begins the name of an EVSE beside that under which it is out of service,
// with since when (ms, civil time).
const outSince = "~"

func (c *conn) newer(ctx context.Context, key, name string, number int64, word string) (bool, error) {
	n, err := newerScript.Run(ctx, c.rdb, []string{key}, name, strconv.FormatInt(number, 10), word).Int()
	return n == 1, failed(ctx, "suspend", err)
}
