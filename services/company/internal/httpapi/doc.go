// Package httpapi is one company's REST server: the driver API, the federation
// API and the pages about the server itself, as pkg/api/openapi.yaml has them.
//
//	frame      request id and trace, body bound, panics, refusals → problems, metrics
//	guard      rate limit and caller: anybody, known, operator, peer
//	handler    path and body → front desk or desk → JSON, written once
//
// It decides nothing: what is refused here is what can be judged by the request
// and its caller alone. There is no access log; what fails inside is logged once.
package httpapi
