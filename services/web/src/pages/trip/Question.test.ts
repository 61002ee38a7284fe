import { fireEvent, render, screen } from '@testing-library/svelte'
import { beforeEach, expect, it, vi } from 'vitest'
import type { Decision } from '../../api/client'
import { i18n } from '../../i18n/i18n.svelte'
import Question from './Question.svelte'

beforeEach(() => i18n.choose('en'))

const offer = (id: string, minutes: number, price: number) => ({
  alternative_id: id,
  leg: 2,
  evse_id: 'BR*SER*E0004*1',
  company_id: 'SER',
  location_id: 'LREC01',
  start: '2026-11-29T18:00:00Z',
  end: '2026-11-29T18:30:00Z',
  delta_minutes: minutes,
  delta_price: price,
  arrive_soc: 0.4,
})

const question = (alternatives: Decision['alternatives'], code: Decision['code'] = 'PRIORITY_LOST'): Decision => ({
  leg: 2,
  code,
  expires_at: new Date(Date.now() + 90_000).toISOString(),
  alternatives,
})

function ask(q: Decision) {
  const answer = vi.fn(async () => {})
  render(Question, { question: q, currency: 'BRL', answer })
  return answer
}

it('says who has priority, and what each offer costs', () => {
  ask(question([offer('a', 6, -3.1), offer('b', -5, 0)]))
  expect(screen.getByText(/Another driver reserved first and has priority/)).toBeTruthy()
  const text = document.body.textContent ?? ''
  for (const said of ['6 min later', 'R$3.10 less', '5 min earlier', 'same price']) expect(text).toContain(said)
})

it.each([
  ['Continue with B', { leg: 2, action: 'continue', alternative_id: 'b' }],
  ['Wait', { leg: 2, action: 'wait' }],
  ['Give up', { leg: 2, action: 'give_up' }],
])('%s', async (name, body) => {
  const answer = ask(question([offer('a', 1, 1), offer('b', 2, 2)]))
  await fireEvent.click(screen.getByRole('button', { name }))
  expect(answer).toHaveBeenCalledWith(body)
})

it('offers at most three, and says where there is none', () => {
  ask(question(['a', 'b', 'c', 'd'].map((id) => offer(id, 1, 1))))
  expect(screen.getAllByRole('button', { name: /^Continue with/ })).toHaveLength(3)
})

it('leaves waiting and giving up where nothing is offered', () => {
  ask(question([], 'EVSE_OUT_OF_SERVICE'))
  expect(screen.getByText(/no other stop/)).toBeTruthy()
  expect(screen.queryByText(/has priority/)).toBeNull()
  expect(screen.getByRole('button', { name: 'Give up' })).toBeTruthy()
})
