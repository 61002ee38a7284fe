import { expect, it } from 'vitest'
import { draw } from './profile'

it('draws a battery from its first minute to its last', () => {
  const d = draw([[0, 0, 1], [100, 60, 0.5], [100, 90, 0.75], [150, 120, 0.25]], 120, 100)
  expect(d?.line).toBe('M0 0L60 50L90 25L120 75')
  expect(d?.hours).toEqual([{ hour: 1, x: 60 }])
  expect([d?.first, d?.last, d?.least]).toEqual([1, 0.25, 0.25])
})

it.each([[[]], [[[0, 0, 1]]], [[[0, 0, 1], [0, 0, 1]]]])('draws nothing of %j', (profile) => expect(draw(profile, 1, 1)).toBeUndefined())
