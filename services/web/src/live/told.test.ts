import { expect, it } from 'vitest'
import type { Trip, TripLeg } from '../api/client'
import { told } from './told'

const leg = (id: string, rest: Partial<TripLeg> = {}): TripLeg => ({
  leg: 1,
  reservation_id: id,
  company_id: 'MAR',
  evse_id: 'BR*MAR*E0010*1',
  start: '2026-11-29T18:00:00Z',
  end: '2026-11-29T18:30:00Z',
  state: 'PENDING',
  attempts: 1,
  ...rest,
})
const trip = (legs: TripLeg[]): Trip => ({ trip_id: 't', state: 'RESERVING', vehicle_id: 'EV-0001', origin_company: 'MAR', legs })

it('keeps what a stop is, and forgets a hold and a problem that are over', () => {
  const before = trip([leg('a', { location_name: 'Tambiá', arrive_soc: 0.2, expires_at: '2026-11-29T17:00:00Z', problem: { detail: 'lost' } })])
  const after = told(before, trip([leg('a', { state: 'RESERVED' })]))?.legs[0]
  expect(after).toEqual(leg('a', { location_name: 'Tambiá', arrive_soc: 0.2, state: 'RESERVED' }))
})

it.each([
  ['another stop', [leg('b')]],
  ['another time', [leg('a', { start: '2026-11-29T18:05:00Z' })]],
  ['one stop more', [leg('a'), leg('b')]],
  ['one stop less', []],
])('%s has to be read', (_, legs) => {
  expect(told(trip([leg('a')]), trip(legs))).toBeUndefined()
})
