import { beforeEach, expect, it } from 'vitest'
import { i18n } from '../../i18n/i18n.svelte'
import { stepsOf, type Entry } from '../../parts/saga'
import { story } from './story'

beforeEach(() => i18n.choose('en'))

const entry = (seq: number, step: string, rest: Partial<Entry> = {}): Entry => ({ seq: `${1764439200000 + seq}-0/0`, at: `2026-11-29T18:00:0${seq}Z`, step, answer: 'ok', ...rest })
const call = (seq: number, step: string, answer: string, rest: Partial<Entry> = {}) =>
  entry(seq, step, { answer, leg: 2, company_id: 'SER', evse_id: 'BR*SER*E0004*1', reservation_id: 'r', attempt: 1, ms: 5, ...rest })

it('tells what happened, and not how the servers came to it', () => {
  const lines = story(stepsOf([entry(0, 'create'), call(1, 'reserve', 'PENDING'), entry(2, 'epoch'), call(3, 'confirm', 'RESERVED'), entry(4, 'state', { answer: 'CONFIRMED' })]))
  expect(lines.map((l) => l.said)).toEqual([
    'You asked for the trip',
    'SER was asked to hold stop 2: held',
    'SER was asked to book stop 2: reserved',
    'Booked: all stops are yours',
  ])
  expect(lines[0]?.time).toMatch(/:00:00|:00/)
})

it('marks what was refused, and says how often it was tried', () => {
  const lines = story(stepsOf([call(1, 'reserve', 'lost'), call(2, 'reserve', 'SLOT_TAKEN', { attempt: 2 }), entry(3, 'state', { answer: 'AWAITING_DECISION' })]))
  expect(lines.map((l) => [l.said, l.bad])).toEqual([
    ['SER was asked to hold stop 2: SLOT_TAKEN (2 tries)', true],
    ['You were asked how to go on', false],
  ])
})
