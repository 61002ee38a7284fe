import { api, type Model } from '../../api/client'

/** The car that plans are made for: a model, and the charge it has now. */
class Car {
  models = $state<Model[]>([])
  model = $state('byd-dolphin')
  /** As somebody types it, in percent. */
  battery = $state('90')

  async load() {
    if (this.models.length > 0) return
    this.models = await api.models()
    if (!this.models.some((m) => m.id === this.model)) this.model = this.models[0]?.id ?? ''
  }

  /** What people call the model. */
  get name(): string {
    return this.models.find((m) => m.id === this.model)?.name ?? this.model
  }

  /** The charge, 0…1, or undefined where it is no number from 1 to 100. */
  get soc(): number | undefined {
    const n = Number(this.battery.replace('%', '').replace(',', '.').trim())
    return n >= 1 && n <= 100 ? n / 100 : undefined
  }
}

export const car = new Car()
