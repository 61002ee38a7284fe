import { beforeEach, expect, it } from 'vitest'
import { Refusal } from '../api/client'
import { clock, i18n } from '../i18n/i18n.svelte'
import { says, spoken } from './says'

beforeEach(() => i18n.choose('en'))

it('tells instants as the time here', () => {
  const at = '2026-11-29T20:44:52Z'
  expect(spoken(`plug in from ${at} on`)).toBe(`plug in from ${clock(at)} on`)
})

it('says which field was wrong, and that nothing answered', () => {
  expect(says(new Refusal(422, 'INVALID_FIELD', '', [{ field: 'soc', reason: 'above 1' }]))).toContain('soc: above 1')
  expect(says(new Refusal(0, 'OFFLINE', ''))).toContain('does not answer')
})
