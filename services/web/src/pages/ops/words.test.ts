import { beforeEach, expect, it } from 'vitest'
import { i18n } from '../../i18n/i18n.svelte'
import { countdown, short, when, why } from './words'

beforeEach(() => i18n.choose('en'))

const at = (d: number, h: number, m = 0) => new Date(2026, 10, d, h, m)
const iso = (d: number, h: number, m = 0) => at(d, h, m).toISOString()

it.each([
  [at(29, 12), iso(29, 22, 10), iso(29, 22, 40), 'tonight 22:10 – 22:40'],
  [at(29, 12), iso(30, 5), iso(30, 6, 30), 'tonight 05:00 – 06:30'],
  [at(29, 12), iso(29, 14), iso(29, 14, 30), 'today 14:00 – 14:30'],
  [at(29, 12), iso(30, 6), iso(30, 7), 'tomorrow 06:00 – 07:00'],
  [at(30, 2), iso(30, 4), iso(30, 5), 'tonight 04:00 – 05:00'],
  [at(30, 2), iso(29, 19), iso(29, 20), 'tonight 19:00 – 20:00'],
  [at(29, 12), '2026-12-05T15:00:00Z', undefined, null],
])('says at %s of %s', (now, start, end, said) => {
  const got = when(start, end, now.getTime())
  if (said) expect(got).toBe(said)
  else expect(got).toMatch(/^Sat 5 Dec, \d\d:00$/)
})

it('counts a hold down to nothing, and no further', () => {
  const now = Date.parse('2026-11-29T12:00:00Z')
  expect(['2026-11-29T12:01:05Z', '2026-11-29T12:00:00.200Z', '2026-11-29T11:00:00Z'].map((u) => countdown(u, now))).toEqual(['1:05', '0:01', '0:00'])
})

it('says why in the language, and what it does not know as it is', () => {
  expect([why('POWER_OUTAGE'), why('LIGHTNING'), why(undefined)]).toEqual(['power outage', 'LIGHTNING', '–'])
  i18n.choose('pt')
  expect(why('POWER_OUTAGE')).toBe('falta de energia')
})

it('shortens an EVSE’s id', () => expect(short('BR*MAR*E0001*1')).toBe('E0001*1'))
