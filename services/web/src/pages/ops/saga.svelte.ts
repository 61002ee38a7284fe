import { api, Refusal, type Schemas, type Trip } from '../../api/client'
import { listen } from '../../live/stream'
import { serverClock } from '../../parts/now.svelte'
import { merged, stepsOf, type Entry } from '../../parts/saga'
import { says } from '../../parts/says'

/** One saga as its company's operator sees it, or the stops of a peer's trip as this company has seen them; read, then followed. */
export class SagaState {
  trip = $state.raw<Trip>()
  entries = $state.raw<Entry[]>([])
  /** What this company has seen of reservations of the trip at its chargers. */
  here = $state.raw<Schemas['ReservationHistory'][]>([])
  /** Another company's trip: its journal is not here. */
  foreign = $state(false)
  read = $state(false)
  trouble = $state('')
  silentSince = $state(0)
  private due: ReturnType<typeof setTimeout> | undefined

  /** Follows a trip; reservation is one of its stops that is known from elsewhere, as of a peer's trip that is over. */
  constructor(
    readonly id: string,
    readonly company: string,
    private readonly reservation: string | undefined,
  ) {}

  follow(): () => void {
    const stopClock = serverClock.watch()
    const stop = listen(['trip', 'history', 'reservation'], {
      begun: (snapshot) => {
        this.silentSince = 0
        if (snapshot) serverClock.heard(snapshot.now)
        void this.readAll()
      },
      event: (e) => {
        if (e.type === 'now') serverClock.heard((e.data as Schemas['LiveClock']).now)
        if (e.trip_id !== this.id) return
        if (e.type === 'history') this.entries = merged(this.entries, e.data as Entry[])
        this.soon()
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

  private soon() {
    this.due ??= setTimeout(() => {
      this.due = undefined
      void this.readAll()
    }, 300)
  }

  async readAll() {
    try {
      await this.readTrip()
      this.here = await this.readHere()
      this.trouble = ''
      this.read = true
    } catch (e) {
      this.trouble = says(e)
    }
  }

  private async readTrip() {
    const named = encodeURIComponent(this.id)
    // The list says nothing where the trip is a peer's; asking for it would be refused.
    const [listed] = /^[0-9a-f-]{36}$/.test(this.id) ? await api.trips(`?id=${named}&limit=1`) : []
    this.foreign = listed?.trip_id !== this.id
    if (this.foreign) return
    const [trip, entries] = await Promise.all([api.trip(this.id), api.history(this.id)])
    // Only the list of trips in trouble tells what of the saga keeps it from its end.
    const [stuck] = trip.stuck_since ? await api.trips(`?trouble=stuck&id=${named}`) : []
    this.trip = stuck?.saga ? { ...trip, saga: stuck.saga } : trip
    this.entries = merged(this.entries, entries)
  }

  /** Histories of the reservations at this company: of its own trips those that came to be, of others what is in the calendars. */
  private async readHere(): Promise<Schemas['ReservationHistory'][]> {
    const ids = this.foreign
      ? [...(await api.bookings(`?trip_id=${encodeURIComponent(this.id)}`)).map((b) => b.reservation_id), this.reservation]
      : stepsOf(this.entries).filter((s) => s.company === this.company && s.outcome === 'done').map((s) => s.reservation)
    const known = [...new Set(ids)].filter((id) => id !== undefined)
    const read = await Promise.all(known.map((id) => api.reservationHistory(id).catch(unknown)))
    return read.filter((h) => h !== undefined)
  }
}

/** A reservation that has been forgotten here has no history. */
function unknown(e: unknown): undefined {
  if (e instanceof Refusal && e.status === 404) return undefined
  throw e
}
