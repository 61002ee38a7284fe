import { api, type Refusal, type Schemas, type Trip } from '../api/client'
import type { Car } from '../map/cars'
import { serverClock } from '../parts/now.svelte'
import { Cars } from './cars'
import { keep, kept } from './kept'
import { listen } from './stream'
import { told } from './told'

/** A trip as it is now: read once, then followed. */
export class LiveTrip {
  trip = $state<Trip>()
  trouble = $state<Refusal>()
  /** Since when nothing has been heard, in ms since 1970; 0 while the stream is there. */
  silentSince = $state(0)
  /** The trip's car, where it reports. */
  cars = $state.raw<Car[]>([])
  /** When what is shown was kept on this machine, in ms since 1970; 0 where the server has said it. */
  keptAt = $state(0)
  private readonly frames = new Cars()
  private stop: (() => void) | undefined

  constructor(readonly id: string) {}

  async read() {
    try {
      this.take(await api.trip(this.id))
      this.trouble = undefined
      if (this.trip) keep(this.trip)
      this.keptAt = 0
    } catch (e) {
      this.trouble = e as Refusal
      this.remember()
    }
  }

  /** Without the server, what this machine kept of the trip is better than nothing: the car is on the road. */
  private remember() {
    const had = this.trouble?.status === 0 && !this.trip ? kept(this.id) : undefined
    if (!had) return
    this.trip = had.trip
    this.keptAt = had.at
  }

  /** Follows the trip until close. */
  follow() {
    this.stop ??= listen(['trip', 'cars'], {
      begun: (snapshot) => {
        this.silentSince = 0
        if (snapshot) serverClock.told(snapshot)
        if (snapshot?.cars) this.cars = this.frames.take(snapshot.cars)
        void this.read()
      },
      event: (e) => {
        if (e.type === 'now') this.clock(e.data as Schemas['LiveClock'])
        else if (e.type === 'cars') this.cars = this.frames.take(e.data as Schemas['LiveCars'])
        else if (e.trip_id === this.id) this.changed(e.data as Trip)
      },
      broke: () => this.broke(),
    })
  }

  private clock({ now, civil, speed }: Schemas['LiveClock']) {
    serverClock.told({ now, civil, speed })
  }

  /** A stream that breaks does not say why: a read tells a server that is away from a session that has ended. */
  private broke() {
    if (this.silentSince === 0) void this.read()
    this.silentSince ||= Date.now()
  }

  /** Takes what an event tells; what it does not is read. */
  private changed(event: Trip) {
    const trip = this.trip && told(this.trip, event)
    if (!trip) return void this.read()
    this.take(trip)
    if (this.trip) keep(this.trip)
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
