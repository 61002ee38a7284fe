import type { Plug } from '../../parts/plugs'
import { api, type Model, type PlanRequest } from '../../api/client'

/** The choice of a car that is no model: its own figures. */
export const own = 'own'

/** The car that plans are made for: a model, and the charge it has now. */
export class Car {
  models = $state<Model[]>([])
  model = $state('byd-dolphin')
  /** What is known of a car that is no model; the fields of the API. */
  figures = $state({ usable_battery_kwh: 60, consumption_kwh_100km: 16, dc_kw: 100 })
  /** What it can be plugged in with, where somebody has said so; else what the server knows of it. */
  said = $state<Plug[]>()
  /** As somebody types it, in percent. */
  battery = $state('90')

  async load() {
    if (this.models.length > 0) return
    this.models = await api.models()
    if (this.model !== own && !this.models.some((m) => m.id === this.model)) this.model = this.models[0]?.id ?? ''
  }

  /** What people call the model. */
  get name(): string {
    return this.models.find((m) => m.id === this.model)?.name ?? (this.model === own ? `${this.figures.usable_battery_kwh} kWh` : this.model)
  }

  /** What it can be plugged in with. */
  get plugs(): Plug[] {
    return this.said ?? this.models.find((m) => m.id === this.model)?.ports ?? ['IEC_62196_T2', 'IEC_62196_T2_COMBO']
  }

  /** Takes a plug, or an adapter for it, in or out; the last one stays. */
  toggle(plug: Plug) {
    const left = this.plugs.includes(plug) ? this.plugs.filter((p) => p !== plug) : [...this.plugs, plug]
    if (left.length > 0) this.said = left
  }

  /** The car in the words of a request. */
  get vehicle(): NonNullable<PlanRequest['vehicle']> {
    return { ...(this.model === own ? this.figures : { model: this.model }), ...(this.said ? { plugs: this.said } : {}) }
  }

  /** The charge, 0…1, or undefined where it is no number from 1 to 100. */
  get soc(): number | undefined {
    const n = Number(this.battery.replace('%', '').replace(',', '.').trim())
    return n >= 1 && n <= 100 ? n / 100 : undefined
  }
}

export const car = new Car()
