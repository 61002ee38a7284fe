import { expect, test } from 'vitest'
import { Cars } from './cars'

const frame = (full: boolean, cars: number[][], gone: number[] = []) => ({
  seq: 1,
  full,
  vehicles: cars.map(([i]) => ({ i: i ?? 0, vehicle_id: `EV-${i}` })),
  cars: cars as [number, number, number, number, number][],
  gone,
})

test('frames add up, the gone leave, and a full one voids what was known', () => {
  const cars = new Cars()
  cars.take(frame(true, [[1, -7, -35, 0.5, 60]]))
  expect(cars.take(frame(false, [[2, -8, -35, 0.4, 60]])).map((c) => c.id)).toEqual(['EV-1', 'EV-2'])
  expect(cars.take(frame(false, [[1, -7.1, -35, 0.4, 60]], [2]))).toEqual([{ id: 'EV-1', lat: -7.1, lon: -35, soc: 0.4 }])
  expect(cars.take(frame(true, [[3, -9, -36, 0.3, 0]])).map((c) => c.id)).toEqual(['EV-3'])
})
