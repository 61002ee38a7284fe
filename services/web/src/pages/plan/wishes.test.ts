import { expect, test } from 'vitest'
import { Wishes } from './wishes.svelte'

test('what is left alone is not said', () => {
  expect(new Wishes().request()).toEqual({ objective: 'fastest' })
})

test('each wish is said in the words of the API', () => {
  const w = new Wishes()
  w.leave = '2026-12-01T07:00'
  w.arrive = '2026-12-01T22:00'
  w.reserve = 20
  w.end = '12,5 %'
  w.most = 80
  w.companies = { MAR: 'insist', SER: 'avoid', CAJ: '' }
  expect(w.request()).toEqual({
    objective: 'fastest',
    departure: new Date('2026-12-01T07:00').toISOString(),
    latest_arrival: new Date('2026-12-01T22:00').toISOString(),
    min_arrival_soc: 0.2,
    min_destination_soc: 0.125,
    max_charge_soc: 0.8,
    avoid: { companies: ['SER'] },
    insist: { companies: ['MAR'] },
  })
})
