package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/show"
)

func (c *cli) peersCommand() *cobra.Command {
	return &cobra.Command{
		Use: "peers", Short: "Show the other companies as the server sees them (operator)",
		RunE: func(cmd *cobra.Command, _ []string) error { return c.peers(cmd.Context()) },
	}
}

func (c *cli) peers(ctx context.Context) error {
	server, err := c.asOperator()
	if err != nil {
		return err
	}
	peers, err := server.Peers(ctx)
	if err != nil {
		return err
	}
	p := c.printer()
	if peers == nil {
		peers = []api.Peer{}
	}
	if done, err := p.JSON(peers); done {
		return err
	}
	var rows [][]string
	for _, peer := range peers {
		seen := "never"
		if !peer.LastSeen.IsZero() {
			seen = instant(p, peer.LastSeen)
		}
		rows = append(rows, []string{
			p.Accent(string(peer.CompanyID)), show.Clean(peer.Name), paintPeer(p, peer.Status), peer.URL, seen,
			fmt.Sprintf("%.1f ms", peer.RTTMillis), fmt.Sprintf("%+.0f ms", peer.SkewMillis),
			strconv.Itoa(peer.Locations), strconv.Itoa(peer.EVSEs), paintLink(p, peer.MQTT), show.Clean(peer.Detail), paintDrops(p, peer.Dropped),
		})
	}
	p.Table([]string{"Peer", "Name", "Status", "Address", "Last seen", "Round trip", "Clock", "Sites", "EVSEs", "MQTT", "Detail", "Dropped"}, rows)
	for _, peer := range peers {
		if d := peer.Dropped; d != nil {
			p.Linef("%s: %s: %s (%s)", p.Accent(string(peer.CompanyID)), show.Clean(d.Last.What), show.Clean(d.Last.Why), instant(p, d.Last.At))
		}
	}
	p.Next(c.next("doctor"))
	return nil
}

// paintDrops counts what was left out of the peer's answers.
func paintDrops(p show.Printer, d *api.PeerDrops) string {
	if d == nil {
		return "0"
	}
	return p.Wait(strconv.FormatInt(d.Count, 10))
}

// paintLink says whether the peer's broker is heard.
func paintLink(p show.Printer, l *api.PeerLink) string {
	switch {
	case l == nil:
		return "-"
	case l.Online:
		return p.Good("online")
	}
	return p.Bad("offline")
}

func paintPeer(p show.Printer, status string) string {
	switch status {
	case "up":
		return p.Good(status)
	case "skewed", "unknown":
		return p.Wait(status)
	}
	return p.Bad(status)
}
