import { api, type Calendar, type Overview, type Peer, type Schemas, type Trip } from '../../api/client'
import { listen } from '../../live/stream'
import { serverClock } from '../../parts/now.svelte'
import { says } from '../../parts/says'

/** What an operator sees of his company: read when the stream begins, then followed. */
export class OpsState {
  overview = $state<Overview>()
  peers = $state<Peer[]>([])
  trips = $state<Trip[]>([])
  stuck = $state<Trip[]>([])
  calendars = $state<Calendar[]>([])
  trouble = $state('')
  private silentSince = $state(0)
  private query = ''
  private due: ReturnType<typeof setTimeout> | undefined

  get silentSeconds(): number {
    return this.silentSince ? Math.max(1, Math.round((serverClock.now - this.silentSince) / 1000)) : 0
  }

  /** Follows the company until the answer is called. */
  follow(): () => void {
    const stopClock = serverClock.watch()
    const stop = listen(['overview', 'trip', 'peer', 'calendar'], {
      begun: (snapshot) => {
        this.silentSince = 0
        if (snapshot) serverClock.heard(snapshot.now)
        void this.read()
      },
      event: (e) => {
        if (e.type === 'overview') this.overview = e.data as Overview
        else if (e.type === 'now') serverClock.heard((e.data as Schemas['LiveClock']).now)
        else this.soon()
      },
      broke: () => (this.silentSince ||= serverClock.now),
    })
    return () => {
      stop()
      stopClock()
      clearTimeout(this.due)
      this.due = undefined
    }
  }

  /** Reads all anew, once for many events. */
  private soon() {
    this.due ??= setTimeout(() => {
      this.due = undefined
      void this.read()
    }, 500)
  }

  async read() {
    try {
      const [overview, peers, trips, stuck, calendars] = await Promise.all([
        api.overview(),
        api.peers(),
        api.trips(this.query),
        api.trips('?trouble=stuck'),
        api.calendars(),
      ])
      this.overview = overview
      this.peers = peers
      this.trips = trips
      this.stuck = stuck
      this.calendars = calendars.calendars
      this.trouble = ''
    } catch (e) {
      this.trouble = says(e)
    }
  }

  /** Shows the trips whose id has these letters; all where there are none. */
  async search(part: string) {
    this.query = part ? `?id=${encodeURIComponent(part)}` : ''
    await this.read()
  }
}
