import { expect, it } from 'vitest'
import { markOf, outline } from './company'

it('tells companies apart by colour and by shape', () => {
  const marks = ['MAR', 'SER', 'CAJ'].map(markOf)
  expect(new Set(marks.map((m) => m.colour)).size).toBe(3)
  expect(new Set(marks.map((m) => outline(m.shape))).size).toBe(3)
})

it('gives an unknown company the same mark each time', () => expect(markOf('XYZ')).toEqual(markOf('XYZ')))
