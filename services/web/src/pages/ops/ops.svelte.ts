import { api, type Calendar, type Overview, type Peer, type Schemas, type Trip } from '../../api/client'
import { listen } from '../../live/stream'
import { serverClock } from '../../parts/now.svelte'
import { says } from '../../parts/says'
import { around, type Hours } from './gantt'
import { TripList } from './trips.svelte'

/** What is read anew by itself when an event says that it has changed. */
type Part = 'overview' | 'peers' | 'trips' | 'stuck' | 'calendars' | 'health' | 'recovery'
const all: Part[] = ['overview', 'peers', 'trips', 'stuck', 'calendars', 'health', 'recovery']

const concerned: Record<string, Part[]> = {
  trip: ['trips', 'stuck'],
  peer: ['peers', 'health'],
  calendar: ['calendars'],
}

/** How many stuck trips are shown at once. */
export const mostStuck = 20

/** What an operator sees of his company: read when the stream begins, then followed. */
export class OpsState {
  overview = $state<Overview>()
  peers = $state<Peer[]>([])
  stuck = $state.raw<Trip[]>([])
  /** There are more stuck trips than are shown. */
  moreStuck = $state(false)
  calendars = $state.raw<Calendar[]>([])
  health = $state.raw<Schemas['Health']>()
  recovery = $state.raw<Schemas['Recovery']>()
  trouble = $state('')
  readonly trips = new TripList()
  private silentSince = $state(0)
  private hours: Hours | undefined
  private dirty = new Set<Part>()
  private due: ReturnType<typeof setTimeout> | undefined
  /** How long events are gathered before what they concern is read, in ms: at least twice as long as that takes. */
  private pause = 200

  get silentSeconds(): number {
    return this.silentSince ? Math.max(1, Math.round((serverClock.now - this.silentSince) / 1000)) : 0
  }

  /** Follows the company until the answer is called. */
  follow(): () => void {
    const stopClock = serverClock.watch()
    const stop = listen(['overview', 'trip', 'peer', 'calendar'], {
      begun: (snapshot) => {
        this.silentSince = 0
        if (snapshot) serverClock.told(snapshot)
        void this.read(all)
      },
      event: (e) => this.hear(e.type, e.data),
      broke: () => (this.silentSince ||= serverClock.now),
    })
    const slow = setInterval(() => this.soon('health', 'recovery', 'stuck'), 10_000) // nobody tells of these
    return () => {
      stop()
      stopClock()
      clearInterval(slow)
      clearTimeout(this.due)
      this.due = undefined
    }
  }

  private hear(type: string, data: unknown) {
    if (type === 'overview') this.overview = data as Overview
    else if (type === 'now') serverClock.told(data as Schemas['LiveClock'])
    else {
      if (type === 'trip') this.trips.take(data as Trip)
      this.soon(...(concerned[type] ?? []))
    }
  }

  /** Reads parts anew, once for many events. */
  soon(...parts: Part[]) {
    for (const p of parts) this.dirty.add(p)
    if (parts.length > 0) this.due ??= setTimeout(() => void this.catchUp(), this.pause)
  }

  private async catchUp() {
    const parts = [...this.dirty]
    this.dirty.clear()
    const began = performance.now()
    await this.read(parts)
    this.pause = Math.max(200, 2 * (performance.now() - began))
    if (this.due === undefined) return // nobody looks any more
    this.due = undefined
    this.soon(...this.dirty)
  }

  async read(parts: Part[] = all) {
    const done = await Promise.allSettled(parts.map((p) => this.readers[p]()))
    const failed = done.find((d) => d.status === 'rejected')
    this.trouble = failed ? says(failed.reason) : ''
  }

  private readonly readers: Record<Part, () => Promise<void>> = {
    overview: async () => void (this.overview = await api.overview()),
    peers: async () => void (this.peers = await api.peers()),
    trips: () => this.trips.read(),
    stuck: async () => {
      const page = await api.tripsPage(`/api/v1/trips?stuck=true&cursor=&limit=${mostStuck}`)
      this.stuck = page.items
      this.moreStuck = page.next !== undefined
    },
    calendars: async () => {
      const { from, to } = this.hours ?? around(serverClock.civil, 24)
      const got = await api.calendars(`?from=${new Date(from).toISOString()}&to=${new Date(to).toISOString()}`)
      serverClock.heard(got.now)
      this.calendars = got.calendars
      this.trips.evses = got.calendars.map((c) => c.evse_id)
    },
    health: async () => void (this.health = await api.health()),
    recovery: async () => void (this.recovery = await api.recovery()),
  }

  /** Has the calendars hold these hours. */
  look(hours: Hours) {
    if (this.hours?.from === hours.from && this.hours.to === hours.to) return
    this.hours = hours
    this.soon('calendars')
  }

  /** Shows other trips. */
  async find(wanted: TripList['wanted']) {
    try {
      await this.trips.find(wanted)
      this.trouble = ''
    } catch (e) {
      this.trouble = says(e)
    }
  }

  /** What people call a company. */
  name(company: string | undefined): string {
    return this.peers.find((p) => p.company_id === company)?.name ?? company ?? '–'
  }
}
