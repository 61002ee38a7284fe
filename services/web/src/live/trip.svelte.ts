import { api, type Refusal, type Trip } from '../api/client'
import { serverClock } from '../parts/now.svelte'
import { listen } from './stream'

/** A trip as it is now: read once, then followed. */
export class LiveTrip {
  trip = $state<Trip>()
  trouble = $state<Refusal>()
  /** Since when nothing has been heard, in ms since 1970; 0 while the stream is there. */
  silentSince = $state(0)
  private stop: (() => void) | undefined

  constructor(readonly id: string) {}

  async read() {
    try {
      this.take(await api.trip(this.id))
      this.trouble = undefined
    } catch (e) {
      this.trouble = e as Refusal
    }
  }

  /** Follows the trip until close. */
  follow() {
    this.stop ??= listen(['trip'], {
      begun: (snapshot) => {
        this.silentSince = 0
        if (snapshot) serverClock.heard(snapshot.now)
        void this.read()
      },
      event: (e) => {
        if (e.trip_id !== this.id) return
        const trip = e.data as Trip
        // A company that only passes the event on may tell it without the plan: then it is read.
        if (this.trip?.plan && !trip.plan) void this.read()
        else this.take(trip)
      },
      broke: () => (this.silentSince ||= Date.now()),
    })
  }

  close() {
    this.stop?.()
    this.stop = undefined
  }

  /** Keeps the newer of two: an answer may be older than what the stream told meanwhile. What one of them does not
   * say of the plan, the other does. */
  take(trip: Trip) {
    if ((trip.updated_at ?? '') < (this.trip?.updated_at ?? '')) return
    const plan = trip.plan ?? this.trip?.plan
    this.trip = plan ? { ...trip, plan } : trip
  }
}
