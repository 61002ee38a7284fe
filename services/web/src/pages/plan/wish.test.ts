import { expect, it } from 'vitest'
import { asked, recall, unsaid, type Wish } from './wish'

it('comes back from its address, all of it', () => {
  const wish: Wish = {
    from: 'João Pessoa, PB',
    to: 'A & B?',
    car: { battery: '14', model: 'own', figures: { usable_battery_kwh: 45, consumption_kwh_100km: 15.5, dc_kw: 80 } },
    wishes: { leave: '2026-11-30T08:00', arrive: '2026-11-30T20:00', objective: 'cheapest', reserve: 20, companies: { MAR: 'avoid', SER: 'insist' } },
  }
  expect(recall(asked(wish).slice(1))).toEqual(wish)
})

it('says the ends alone where all else is as by default', () => {
  const plain = { ...unsaid(), from: 'a', to: 'b' }
  expect(asked(plain)).toBe('/?from=a&to=b')
  expect(recall('?from=a&to=b')).toEqual(plain)
})

it('takes what is spoilt for the default', () => expect(recall('?objective=no&leave=soon&reserve=-3&kwh=x&dc=0')).toEqual(unsaid()))
