import type { Schemas } from '../api/client'
import type { Car } from '../map/cars'

/** The cars of a stream's frames. */
export class Cars {
  private readonly known = new Map<number, Car>()
  private readonly names = new Map<number, string>()

  /** Takes a frame, and answers all cars that are in view after it. */
  take(frame: Schemas['LiveCars']): Car[] {
    if (frame.full) {
      this.known.clear()
      this.names.clear()
    }
    for (const v of frame.vehicles) this.names.set(v.i, v.vehicle_id)
    for (const [i, lat, lon, soc] of frame.cars) {
      if (i === undefined || lat === undefined || lon === undefined) continue
      this.known.set(i, { id: this.names.get(i) ?? '', lat, lon, soc: soc ?? 0 })
    }
    for (const i of frame.gone) this.known.delete(i)
    return [...this.known.values()]
  }
}
