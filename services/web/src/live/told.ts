import type { Trip, TripLeg } from '../api/client'

/** What an event leaves out of a stop where there is nothing to say; the rest of a stop is its place in the plan, which no event has. */
const passing = ['fence', 'expires_at', 'problem', 'booked_at', 'moves', 'session'] as const

/**
 * The trip after an event, which has all but its plan and what its stops are; undefined where a stop has become another one or has
 * another time, so that the plan is another too and has to be read.
 */
export function told(before: Trip, event: Trip): Trip | undefined {
  const legs: TripLeg[] = []
  for (const leg of event.legs) {
    const was = before.legs.find((l) => l.reservation_id === leg.reservation_id)
    if (!was || was.start !== leg.start || was.end !== leg.end) return undefined
    const place: TripLeg = { ...was }
    for (const field of passing) delete place[field]
    legs.push({ ...place, ...leg })
  }
  return event.legs.length === before.legs.length ? { ...event, legs } : undefined
}
