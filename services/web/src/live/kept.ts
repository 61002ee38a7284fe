import type { Trip } from '../api/client'

const name = 'eletrovia.trip'

/** Keeps the newest trip that was looked at on this machine, for where there is no network. */
export function keep(trip: Trip) {
  try {
    localStorage.setItem(name, JSON.stringify({ at: Date.now(), trip }))
  } catch {
    // full, or forbidden: then there is none
  }
}

/** The trip as it was kept, with when; undefined where it is another or none. */
export function kept(id: string): { at: number; trip: Trip } | undefined {
  try {
    const had = JSON.parse(localStorage.getItem(name) ?? 'null') as { at: number; trip: Trip } | null
    return had?.trip.trip_id === id ? had : undefined
  } catch {
    return undefined
  }
}

/** Which trip was kept; undefined where none was. */
export function lastTrip(): string | undefined {
  try {
    return (JSON.parse(localStorage.getItem(name) ?? 'null') as { trip: Trip } | null)?.trip.trip_id
  } catch {
    return undefined
  }
}

/** Forgets it: whoever signs out leaves nothing of the journey. */
export function forget() {
  localStorage.removeItem(name)
}
