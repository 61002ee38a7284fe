package app

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/eletrovia/eletrovia/services/company/internal/federation"
)

// peerMetrics are the peers' figures for Prometheus.
type peerMetrics struct {
	peers   func() []federation.PeerView
	dropped *prometheus.Desc
	caught  *prometheus.Desc
}

var _ prometheus.Collector = (*peerMetrics)(nil)

func newPeerMetrics(peers func() []federation.PeerView) *peerMetrics {
	return &peerMetrics{peers: peers, dropped: prometheus.NewDesc(
		"eletrovia_peer_records_dropped_total", "Records of a peer's answers that were left out, because they cannot be true or cannot be shown.",
		[]string{"peer"}, nil,
	), caught: prometheus.NewDesc(
		"eletrovia_peer_caught_total", "Tickets that a peer has signed and cannot have given honestly.", []string{"peer"}, nil,
	)}
}

// Describe names the figures.
func (m *peerMetrics) Describe(out chan<- *prometheus.Desc) {
	out <- m.dropped
	out <- m.caught
}

// Collect reads them.
func (m *peerMetrics) Collect(out chan<- prometheus.Metric) {
	for _, v := range m.peers() {
		out <- prometheus.MustNewConstMetric(m.dropped, prometheus.CounterValue, float64(v.Dropped.Count), string(v.ID))
		out <- prometheus.MustNewConstMetric(m.caught, prometheus.CounterValue, float64(v.Caught.Count), string(v.ID))
	}
}
