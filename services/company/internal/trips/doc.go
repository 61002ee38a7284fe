// Package trips is the front desk of one company's server: it takes what
// drivers ask for, by REST or MQTT alike, checks it, and hands it to the
// planner, the saga and the federation. It knows no transport.
package trips
