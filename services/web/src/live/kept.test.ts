import { expect, test } from 'vitest'
import type { Trip } from '../api/client'
import { forget, keep, kept, lastTrip } from './kept'

const trip = { trip_id: 'a', state: 'CONFIRMED', vehicle_id: 'EV-0001', origin_company: 'MAR', legs: [] } as Trip

test('the last trip is kept, no other is taken for it, and it can be forgotten', () => {
  keep(trip)
  expect(kept('a')?.trip).toEqual(trip)
  expect(kept('b')).toBeUndefined()
  expect(lastTrip()).toBe('a')
  forget()
  expect([kept('a'), lastTrip()]).toEqual([undefined, undefined])
})

test('what somebody else has written there is nothing', () => {
  localStorage.setItem('eletrovia.trip', '{')
  expect([kept('a'), lastTrip()]).toEqual([undefined, undefined])
})
