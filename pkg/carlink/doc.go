// Package carlink is the MQTT contract between cars and companies, and of the
// events between companies (docs/protocol.md §6): topics, built and parsed, and
// their JSON payloads. asyncapi.yaml beside it says the same to other programs.
//
//	ev/{vehicle_id}/telemetry               car →   QoS 0
//	ev/{vehicle_id}/request/{action}        car →   QoS 1
//	ev/{vehicle_id}/reply/{request_id}      → car   QoS 1
//	ev/{vehicle_id}/trips/{trip_id}         → car   QoS 1, retained while the trip is open
//	ev/{vehicle_id}/alerts                  → car   QoS 1, retained while a trip asks something
//	company/{company_id}/status             → peers QoS 1, retained
//	company/{company_id}/evses/{evse_id}    → peers QoS 1
//
// Everything that arrives is text from strangers: parsers answer a
// *charging.Refusal that names the field, and never panic. The package does no
// I/O.
package carlink
