import { beforeEach, expect, it } from 'vitest'
import { i18n } from '../i18n/i18n.svelte'
import { lapse } from './lapse'

beforeEach(() => i18n.choose('en'))

it.each([
  [0.384, '0.4 ms'],
  [12.6, '13 ms'],
  [999, '999 ms'],
  [1640, '1.6 s'],
  [59_400, '59 s'],
  [59_700, '1 min'],
  [3_570_000, '1 h 00'],
  [7_500_000, '2 h 05'],
  [100 * 3_600_000, '4 d 4 h'],
])('%d ms are %s', (ms, text) => expect(lapse(ms)).toBe(text))

it('writes figures as the language does', () => {
  i18n.choose('pt')
  expect(lapse(1640)).toBe('1,6 s')
})
