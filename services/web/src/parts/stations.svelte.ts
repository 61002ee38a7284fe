import { api, type Location } from '../api/client'

/** The stations of the federation, read once: what is there, not what is free. */
class Stations {
  all = $state.raw<Location[]>([])
  private reading: Promise<void> | undefined

  /** Reads them; who asks again gets their states anew once a minute. */
  load(): Promise<void> {
    this.reading ??= api.locations().then(
      (all) => {
        this.all = all
        setTimeout(() => (this.reading = undefined), 60_000)
      },
      () => void (this.reading = undefined), // fewer signs on the map, ids instead of names
    )
    return this.reading
  }

  at(id: string | undefined): Location | undefined {
    return this.all.find((l) => l.location_id === id)
  }
}

export const stations = new Stations()
