package app

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/eletrovia/eletrovia/broker"
)

// brokerMetrics are a broker's figures for Prometheus.
type brokerMetrics struct {
	stats func() broker.Stats
	list  []brokerMetric

	refused, latency *prometheus.Desc
}

type brokerMetric struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(broker.Stats) int64
}

var _ prometheus.Collector = (*brokerMetrics)(nil)

func newBrokerMetrics(stats func() broker.Stats) *brokerMetrics {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("eletrovia_mqtt_"+name, help, labels, nil)
	}
	level := func(name, help string, value func(broker.Stats) int64) brokerMetric {
		return brokerMetric{desc(name, help), prometheus.GaugeValue, value}
	}
	count := func(name, help string, value func(broker.Stats) int64) brokerMetric {
		return brokerMetric{desc(name, help), prometheus.CounterValue, value}
	}
	return &brokerMetrics{
		stats:   stats,
		refused: desc("refused_total", "What was refused or dropped, by reason.", "reason"),
		latency: desc("handler_seconds", "From a car's publish, as it was read, to the handler."),
		list: []brokerMetric{
			level("clients", "Cars and peers that are connected to the broker; with a broker elsewhere, whether this server is.",
				func(s broker.Stats) int64 { return s.Connected }),
			level("sessions", "Sessions, those whose clients are away included.", func(s broker.Stats) int64 { return s.Sessions }),
			level("subscriptions", "Subscriptions of all sessions.", func(s broker.Stats) int64 { return s.Subscriptions }),
			level("retained", "Retained messages.", func(s broker.Stats) int64 { return s.Retained }),
			level("inflight", "Deliveries that wait for their acknowledgement.", func(s broker.Stats) int64 { return s.InFlight }),
			level("backlog", "Messages of cars that wait for the handler.", func(s broker.Stats) int64 { return s.Backlog }),
			level("backlog_bytes", "Their payloads.", func(s broker.Stats) int64 { return s.BacklogBytes }),
			count("messages_in_total", "Publishes of clients, the refused ones included.", func(s broker.Stats) int64 { return s.MessagesIn }),
			count("messages_out_total", "Publishes to clients.", func(s broker.Stats) int64 { return s.MessagesOut }),
			count("received_total", "Messages of cars that reached the handler's queue.", func(s broker.Stats) int64 { return s.Received }),
			count("published_total", "Messages of the company.", func(s broker.Stats) int64 { return s.Published }),
			count("paused_total", "How often a client that sends too much was not read for a while.", func(s broker.Stats) int64 { return s.Paused }),
			count("let_go_total", "Clients that were disconnected because they do not read.", func(s broker.Stats) int64 { return s.LetGo }),
			count("rescued_total", "Deliveries that a client's own packet id collided with.", func(s broker.Stats) int64 { return s.Rescued }),
			count("panics_total", "Messages whose handling panicked.", func(s broker.Stats) int64 { return s.Panics }),
		},
	}
}

// Describe names the figures.
func (m *brokerMetrics) Describe(out chan<- *prometheus.Desc) {
	for _, one := range m.list {
		out <- one.desc
	}
	out <- m.refused
	out <- m.latency
}

// Collect reads them, all from one look.
func (m *brokerMetrics) Collect(out chan<- prometheus.Metric) {
	s := m.stats()
	for _, one := range m.list {
		out <- prometheus.MustNewConstMetric(one.desc, one.kind, float64(one.value(s)))
	}
	for _, reason := range broker.Reasons() {
		out <- prometheus.MustNewConstMetric(m.refused, prometheus.CounterValue, float64(s.Refused[reason]), reason.String())
	}
	out <- prometheus.MustNewConstHistogram(m.latency, s.Latency.Count, s.Latency.Sum.Seconds(), s.Latency.Buckets)
}
