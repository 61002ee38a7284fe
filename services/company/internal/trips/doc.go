// Package trips is the front desk of one company's server: it takes what
// drivers ask for, by REST or MQTT alike, checks it, and hands it to the
// planner, the saga and the federation. It knows no transport. docs/trip.md walks
// through one trip, docs/glossary.md has the words.
package trips
