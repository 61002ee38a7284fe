// Package chaos runs three companies as real processes with real stores, breaks
// them and the lines between them without pause while many drivers book trips,
// and then judges everything that anybody was told: docs/chaos.md. A fourth one may
// be let in that cheats.
package chaos
