package chaos

import (
	"context"
	"time"

	"github.com/eletrovia/eletrovia/services/e2e/chaos/fleet"
)

// upgrade replaces the program of one server after the other, of all companies in
// turns, as docs/upgrade.md says: each finishes what it is in the middle of, its lease
// goes to another server of its company, and it starts again as the newer program. It
// is through after two thirds of the storm, so that editions stand beside each other in
// each mixture, and the newer one is by itself for a while; on a slow machine it goes on
// to its end.
func (r *run) upgrade(ctx context.Context) {
	if r.o.From == "" {
		return
	}
	var all []*fleet.Server
	for n := range r.o.Replicas {
		for _, id := range fleet.Companies {
			all = append(all, r.fleet.Company[id].Servers[n])
		}
	}
	between := r.o.Duration * 2 / 3 / time.Duration(len(all))
	for _, s := range all {
		r.pause(ctx, between)
		s.Stop()
		s.Use(r.o.Binary)
		r.nemesis(0).start(s)
		r.count("server upgraded")
	}
}
