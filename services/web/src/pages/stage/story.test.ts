import { beforeEach, describe, expect, it } from 'vitest'
import { i18n } from '../../i18n/i18n.svelte'
import { en } from '../../i18n/en'
import { lifeOf, port } from './keys'
import type { Stage, Step } from './stage.svelte'
import { answerOf, colourOf, losers, placeOf, request, sentence, tone } from './story'

beforeEach(() => i18n.choose('en'))

const window = { start: '2026-11-30T21:00:00Z', end: '2026-11-30T21:30:00Z' }
const plug = 'BR*CAJ*E0011*1'
const stage = {
  drivers: [
    { name: 'Ana', legs: [{ evse_id: plug, state: 'CLAIMED', ...window }] },
    { name: 'Bruno', legs: [{ evse_id: plug, state: 'PREEMPTED', ...window }] },
  ],
  companies: [{ company_id: 'CAJ', calendars: [{ evse_id: plug, city: 'Umbaúba', location_name: 'Posto', entries: [] }] }],
} as unknown as Stage

const claim: Step = { n: 7, from: 'MAR', to: 'CAJ', what: 'claim', driver: 'Ana', evse_id: plug, answer: 'CLAIMED', why: 'claim_preempts', other: 'Bruno' }

describe('a step', () => {
  it('says who takes what from whom, in both languages', () => {
    expect(sentence(stage, claim)).toContain('CAJ takes the hold from Bruno')
    expect(request(stage, claim)).toBe('claim Umbaúba for Ana')
    i18n.choose('pt')
    expect(sentence(stage, claim)).toContain('tira a retenção de Bruno')
  })

  it('leaves no placeholder open, whatever happened', () => {
    for (const key of Object.keys(en)) {
      if (!key.startsWith('why.')) continue
      const said = sentence(stage, { ...claim, why: key.slice(4) as 'claim_preempts' })
      expect(said, key).not.toMatch(/[{}]|undefined/)
    }
  })

  it('names somebody where nobody is known', () => expect(sentence(stage, { ...claim, why: 'taken', other: '' })).toMatch(/^somebody else/))

  it('shows what tells a ticket from others', () => {
    expect(answerOf({ n: 1, from: 'MAR', to: 'Ana', what: 'ticket', answer: '1795977927816046' })).toBe('…927 816 046 µs')
    expect(answerOf({ ...claim, answer: 'lost' })).toBe('no answer')
  })
})

it('knows places, colours and losers', () => {
  expect(placeOf(stage, plug)).toBe('Umbaúba')
  expect(placeOf(stage, 'BR*MAR*E1')).toBe('BR*MAR*E1')
  expect(colourOf(stage.drivers, 'Bruno')).toBe('var(--actor-2)')
  expect(colourOf(stage.drivers, 'MAR')).toBe('var(--quiet)')
  expect(losers(stage, plug)).toEqual(['Bruno'])
})

it.each([
  ['RESERVED', 'good'],
  ['PENDING', 'pending'],
  ['PRIORITY_LOST', 'lost'],
  ['ABORTED', 'undo'],
  ['PLANNED', 'plain'],
])('%s looks %s', (answer, look) => expect(tone(answer)).toBe(look))

it.each([
  [undefined, 'TTL -1'],
  [531_200, 'TTL 532 s'],
  [7_200_000, 'TTL 2 h'],
  [254_693_183, 'TTL 3 d'],
])('a key with %s ms left has %s', (ms, text) => expect(lifeOf(ms)).toBe(text))

it('finds the port of a store', () => expect(port('127.0.0.1:6381')).toBe('6381'))
