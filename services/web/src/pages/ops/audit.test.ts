import { expect, it } from 'vitest'
import { Audit } from './audit.svelte'

const act = (id: string, rest: object = {}) => ({ act_id: id, at: '2026-11-29T18:00:00Z', who: 'operator', what: 'suspend', of: 'SER', ...rest })

it('has each act once, the newest first, with what came of it', () => {
  const audit = new Audit()
  audit.take(act('a'))
  audit.take(act('b'))
  audit.take(act('a', { answer: 'ok' }))
  expect(audit.acts?.map((a) => [a.act_id, a.answer])).toEqual([
    ['b', undefined],
    ['a', 'ok'],
  ])
})

it('takes no act from the stream that is not wanted', () => {
  const audit = new Audit()
  audit.wanted = { who: '', what: '', of: 'CAJ' }
  audit.take(act('a'))
  expect(audit.acts).toBeUndefined()
})
