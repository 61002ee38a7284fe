package app

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/eletrovia/eletrovia/broker"
)

// TestBrokerMetrics: the figures register, and what they say is what the broker
// counts.
func TestBrokerMetrics(t *testing.T) {
	stats := broker.Stats{
		Connected: 7, Refused: map[broker.Reason]int64{broker.PublishRate: 3},
		Latency: broker.Histogram{Count: 2, Sum: 1e9, Buckets: map[float64]uint64{0.001: 1, 1: 2}},
	}
	r := prometheus.NewPedanticRegistry()
	if err := r.Register(newBrokerMetrics(func() broker.Stats { return stats })); err != nil {
		t.Fatal(err)
	}
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name := f.GetName()
			for _, l := range m.GetLabel() {
				name += "/" + l.GetValue()
			}
			got[name] = m.GetGauge().GetValue() + m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	for name, want := range map[string]float64{
		"eletrovia_mqtt_clients": 7, "eletrovia_mqtt_refused_total/publish_rate": 3, "eletrovia_mqtt_refused_total/login_secret": 0,
		"eletrovia_mqtt_handler_seconds": 2,
	} {
		if v, ok := got[name]; !ok || v != want {
			t.Errorf("%s is %v, want %v", name, v, want)
		}
	}
}
