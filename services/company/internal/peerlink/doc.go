// Package peerlink listens to the peers' MQTT events: whether each peer is
// there, and which of its EVSEs' calendars have changed. It only hears; what it
// misses while a peer is away is asked for by REST once the peer is back.
//
//	        connect, subscribe company/#         "online"
//	away ──────────────────────────────→ joined ──────────→ online
//	 ↑     back-off, 250 ms … 15 s          │                 │
//	 └──────────────────────────────────────┴─────────────────┘
//	   "offline", connection lost (keep-alive 10 s), Stop
package peerlink
