import type { Booking, Calendar, Peer, Trip } from '../../api/client'

/** Something that was looked for: what it is, its id, what else tells it, and where on the operator's pages it is. */
export interface Hit {
  kind: 'trip' | 'stop' | 'reservation' | 'vehicle' | 'evse' | 'peer'
  id: string
  more: string
  href: string
}

/** What is looked through. */
export interface Known {
  trips: Trip[]
  bookings: Booking[]
  calendars: Calendar[]
  peers: Peer[]
}

/** How much must be written: ids of trips are looked for on the server by 4 characters and more. */
export const least = 3
const mostOfAKind = 6

const q = encodeURIComponent

/**
 * Where a part of an id, or of a name, leads: to a trip's saga, to what a company's calendar has of a peer's trip, to a booking,
 * the trips of a vehicle, a charger, a peer. Each once, those that are told exactly first.
 */
export function hitsOf(text: string, own: string, known: Known): Hit[] {
  const part = text.trim().toLowerCase()
  if (part.length < least) return []
  const has = (id: string | undefined) => id?.toLowerCase().includes(part) === true
  const trips = known.trips.filter((t) => has(t.trip_id)).map((t): Hit => ({ kind: 'trip', id: t.trip_id, more: `${t.vehicle_id} · ${t.state}`, href: `/ops/trips/${t.trip_id}` }))
  const peersTrips = known.bookings
    .filter((b) => b.origin !== own && has(b.trip_id))
    .map((b): Hit => ({ kind: 'stop', id: b.trip_id ?? '', more: `${b.vehicle_id ?? b.origin} · ${b.state}`, href: `/ops/trips/${b.trip_id}?reservation=${b.reservation_id}` }))
  const bookings = known.bookings
    .filter((b) => has(b.reservation_id))
    .map((b): Hit => ({ kind: 'reservation', id: b.reservation_id, more: `${b.vehicle_id ?? ''} · ${b.state}`, href: `/ops?booking=${b.reservation_id}` }))
  const legs = known.trips
    .flatMap((t) => t.legs.map((l) => ({ t, l })))
    .filter(({ l }) => has(l.reservation_id))
    .map(({ t, l }): Hit => ({ kind: 'reservation', id: l.reservation_id, more: `${t.vehicle_id} · ${l.state}`, href: `/ops/trips/${t.trip_id}` }))
  const vehicles = [...known.trips.map((t) => t.vehicle_id), ...known.bookings.map((b) => b.vehicle_id)]
    .filter((v) => v !== undefined)
    .filter(has)
    .map((v): Hit => ({ kind: 'vehicle', id: v, more: '', href: `/ops?q=${q(v)}` }))
  const evses = known.calendars
    .filter((c) => has(c.evse_id) || has(c.location_name))
    .map((c): Hit => ({ kind: 'evse', id: c.evse_id, more: c.location_name, href: `/ops?evse=${q(c.evse_id)}` }))
  const peers = known.peers
    .filter((p) => p.company_id.toLowerCase() === part || has(p.name))
    .map((p): Hit => ({ kind: 'peer', id: p.company_id, more: p.name ?? '', href: `/ops?fed=peers&peer=${p.company_id}` }))
  return [trips, peersTrips, [...bookings, ...legs], vehicles, evses, peers].flatMap((kind) => once(kind, part).slice(0, mostOfAKind))
}

/** Each id once, the one that is the whole text first. */
function once(hits: Hit[], part: string): Hit[] {
  const byId = new Map<string, Hit>()
  for (const h of hits) if (!byId.has(h.id)) byId.set(h.id, h)
  return [...byId.values()].sort((a, b) => Number(b.id.toLowerCase() === part) - Number(a.id.toLowerCase() === part))
}
