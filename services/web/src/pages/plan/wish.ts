import type { Wishes } from './wishes.svelte'
import type { car as theCar } from './car.svelte'

type Car = Pick<typeof theCar, 'battery' | 'model' | 'figures'>
type Wanted = Pick<Wishes, 'leave' | 'arrive' | 'objective' | 'reserve' | 'companies'>

/** What is asked of plans and stands in the address, so that a reload, or whoever is sent it, asks the same. */
export interface Wish {
  from: string
  to: string
  car: Car
  wishes: Wanted
}

/** What is meant where the address says nothing. */
export const unsaid = (): Wish => ({
  from: '',
  to: '',
  car: { battery: '90', model: 'byd-dolphin', figures: { usable_battery_kwh: 60, consumption_kwh_100km: 16, dc_kw: 100 } },
  wishes: { leave: '', arrive: '', objective: 'fastest', reserve: 10, companies: {} },
})

const objectives = ['fastest', 'cheapest', 'fewest_stops'] as const
const positive = (text: string | null, otherwise: number) => (Number(text) > 0 ? Number(text) : otherwise)

/** The wish of an address. What it does not say, or says wrongly, is what is meant by default. */
export function recall(search: string): Wish {
  const said = new URLSearchParams(search)
  const { car, wishes } = unsaid()
  const f = car.figures
  const companies: Wanted['companies'] = {}
  for (const what of ['avoid', 'insist'] as const) for (const c of said.getAll(what)) companies[c] = what
  const when = (name: string) => (Number.isNaN(Date.parse(said.get(name) ?? '')) ? '' : (said.get(name) ?? ''))
  return {
    from: said.get('from') ?? '',
    to: said.get('to') ?? '',
    car: {
      battery: said.get('battery') ?? car.battery,
      model: said.get('car') ?? car.model,
      figures: {
        usable_battery_kwh: positive(said.get('kwh'), f.usable_battery_kwh),
        consumption_kwh_100km: positive(said.get('per100'), f.consumption_kwh_100km),
        dc_kw: positive(said.get('dc'), f.dc_kw),
      },
    },
    wishes: {
      leave: when('leave'),
      arrive: when('arrive'),
      objective: objectives.find((o) => o === said.get('objective')) ?? wishes.objective,
      reserve: said.has('reserve') ? positive(said.get('reserve'), wishes.reserve) : wishes.reserve,
      companies,
    },
  }
}

/** The address of a wish: its ends, and what else is not as by default. */
export function asked(w: Wish): string {
  const plain = unsaid()
  const query = new URLSearchParams({ from: w.from, to: w.to })
  const say = (name: string, value: string | number, otherwise: string | number) => void (value !== otherwise && query.append(name, String(value)))
  say('objective', w.wishes.objective, plain.wishes.objective)
  say('battery', w.car.battery, plain.car.battery)
  say('car', w.car.model, plain.car.model)
  say('kwh', w.car.figures.usable_battery_kwh, plain.car.figures.usable_battery_kwh)
  say('per100', w.car.figures.consumption_kwh_100km, plain.car.figures.consumption_kwh_100km)
  say('dc', w.car.figures.dc_kw, plain.car.figures.dc_kw)
  say('leave', w.wishes.leave, '')
  say('arrive', w.wishes.arrive, '')
  say('reserve', w.wishes.reserve, plain.wishes.reserve)
  for (const [company, what] of Object.entries(w.wishes.companies).sort()) if (what) query.append(what, company)
  return '/?' + query.toString()
}
