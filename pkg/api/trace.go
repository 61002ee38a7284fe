package api

import (
	"context"
	"net/http"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Trace is what ties the calls of one request together, over companies.
type Trace struct {
	// RequestID is the X-Request-ID of the call that began it.
	RequestID string
	// Parent and State are W3C's traceparent and tracestate, passed on as they came.
	Parent, State string
}

type traceKey struct{}

// WithTrace carries a trace to the calls that a request makes.
func WithTrace(ctx context.Context, t Trace) context.Context {
	return charging.WithRequest(context.WithValue(ctx, traceKey{}, t), t.RequestID)
}

// TraceFrom is the trace of a request, or an empty one.
func TraceFrom(ctx context.Context) Trace {
	t, _ := ctx.Value(traceKey{}).(Trace)
	return t
}

// Inject writes the trace into the header of an outgoing request.
func (t Trace) Inject(h http.Header) {
	for name, v := range map[string]string{"X-Request-Id": t.RequestID, "Traceparent": t.Parent, "Tracestate": t.State} {
		if v != "" {
			h.Set(name, v)
		}
	}
}
