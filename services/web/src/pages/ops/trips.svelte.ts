import { api, type Trip } from '../../api/client'
import { queryOf, type Wanted } from './find'

/** The newest page in the place of what was shown of it; what is older than that page stays. */
export function merged(first: Trip[], shown: Trip[], whole: boolean): Trip[] {
  const last = first.at(-1)
  if (whole || !last) return first
  const older = (t: Trip) => (t.created_at ?? '') < (last.created_at ?? '') || (t.created_at === last.created_at && t.trip_id < last.trip_id)
  return [...first, ...shown.filter(older)]
}

/** A trip of the list as an event tells it: events have neither its plan nor what its stops are. */
export function told(shown: Trip[], trip: Trip): Trip[] {
  return shown.map((had) => {
    if (had.trip_id !== trip.trip_id || (trip.updated_at ?? '') < (had.updated_at ?? '')) return had
    const legs = new Map(had.legs.map((l) => [l.reservation_id, l]))
    return { ...had, ...trip, legs: trip.legs.map((l) => ({ ...legs.get(l.reservation_id), ...l })) }
  })
}

/** The trips that somebody looks for: a page, and as many more as he has asked for. */
export class TripList {
  items = $state.raw<Trip[]>([])
  /** Where the next page is; undefined where all are shown. */
  next = $state<string>()
  /** Nothing has been read yet for what is wanted. */
  waiting = $state(true)
  wanted: Wanted = { text: '', state: '', trouble: '', company: '' }
  evses: string[] = []
  /** Numbers the searches: an answer to a former one comes too late. */
  private asked = 0
  private pages = 1

  /** Looks for something else. */
  async find(wanted: Wanted) {
    this.wanted = wanted
    this.asked++
    this.pages = 1
    this.waiting = true
    await this.read()
  }

  /** Reads the newest page anew. */
  async read() {
    const asked = this.asked
    const page = await api.tripsPage(`/api/v1/trips${queryOf(this.wanted, this.evses)}`)
    if (asked !== this.asked) return
    this.items = this.pages === 1 ? page.items : merged(page.items, this.items, !page.next)
    if (this.pages === 1 || !page.next) this.next = page.next
    this.waiting = false
  }

  async more() {
    const asked = this.asked
    if (!this.next) return
    const page = await api.tripsPage(this.next)
    if (asked !== this.asked) return
    const had = new Set(this.items.map((t) => t.trip_id))
    this.items = [...this.items, ...page.items.filter((t) => !had.has(t.trip_id))]
    this.next = page.next
    this.pages++
  }

  take(trip: Trip) {
    this.items = told(this.items, trip)
  }
}
