import { describe, expect, it } from 'vitest'
import type { Trip } from '../api/client'
import { LiveTrip } from './trip.svelte'

const plan = { total_minutes: 60, drive_minutes: 50, charge_minutes: 10, distance_km: 80, price: 20, currency: 'BRL' }
const trip = (state: Trip['state'], updated: string, rest: Partial<Trip> = {}): Trip => ({
  trip_id: '0199a2b3-6c00-7abc-8def-0123456789ab',
  state,
  vehicle_id: 'EV-0001',
  origin_company: 'MAR',
  legs: [],
  updated_at: updated,
  ...rest,
})

describe('a trip that is followed', () => {
  it('does not go back to an older answer', () => {
    const live = new LiveTrip('x')
    live.take(trip('CONFIRMED', '2026-11-29T18:00:02Z'))
    live.take(trip('RESERVING', '2026-11-29T18:00:01Z'))
    expect(live.trip?.state).toBe('CONFIRMED')
  })

  it('keeps its plan where a newer word says none', () => {
    const live = new LiveTrip('x')
    live.take(trip('CONFIRMED', '2026-11-29T18:00:01Z', { plan }))
    live.take(trip('CANCELED', '2026-11-29T18:00:02Z'))
    expect(live.trip?.state).toBe('CANCELED')
    expect(live.trip?.plan).toEqual(plan)
  })
})
