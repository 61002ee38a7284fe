import { fireEvent, render, screen, within } from '@testing-library/svelte'
import { beforeEach, expect, it } from 'vitest'
import { i18n } from '../../i18n/i18n.svelte'
import { stepsOf, type Entry } from '../../parts/saga'
import SagaChart from './SagaChart.svelte'
import SagaSteps from './SagaSteps.svelte'

beforeEach(() => i18n.choose('en'))

const start = Date.parse('2026-11-29T18:00:00Z')
const at = (ms: number) => new Date(start + ms).toISOString()
const call = (ms: number, step: string, answer: string, attempt = 1): Entry => ({
  at: at(ms), step, answer, attempt, ms: 4.2, leg: 2, company_id: 'SER', evse_id: 'BR*SER*E0023*1', reservation_id: `${step} r2`, detail: answer === 'SLOT_TAKEN' ? 'booked by another trip' : '',
})
const entries: Entry[] = [
  { at: at(0), step: 'create', answer: 'ok' },
  call(1, 'claim', 'lost'),
  call(30, 'claim', 'CLAIMED', 2),
  call(40, 'reserve', 'SLOT_TAKEN'),
  { at: at(7_200_000), step: 'take-over', answer: 'ok', owner: 'MAR-2', epoch: 2 },
  call(7_200_010, 'compensate', 'CANCELED'),
]
const name = (c: string) => (c === 'SER' ? 'Sertão Energia' : c)

it('says in its table what the chart shows: tries, what was in the way, a release, a new owner', () => {
  render(SagaSteps, { steps: stepsOf(entries), label: 'Steps', name })
  const rows = within(screen.getByRole('table', { name: 'Steps' })).getAllByRole('row').slice(1).map((r) => r.textContent?.replace(/\s+/g, ' ').trim() ?? '')
  expect(rows).toHaveLength(5)
  for (const [row, said] of [[1, '2 tries'], [1, 'claimed'], [2, 'SLOT_TAKEN'], [2, 'booked by another trip'], [3, 'epoch 2'], [4, 'released'], [4, 'Sertão Energia, stop 2']] as const) expect(rows[row]).toContain(said)
})

it('is a picture with a text, and lets one part be looked at alone', async () => {
  render(SagaChart, { steps: stepsOf(entries), now: undefined, name })
  expect(screen.getByRole('img', { name: 'Timeline of 5 steps in 2 lanes. The table under it says the same.' })).toBeTruthy()
  const parts = within(screen.getByRole('group', { name: 'What to look at' })).getAllByRole('button')
  expect(parts).toHaveLength(3)
  await fireEvent.click(parts[2] as HTMLElement)
  expect([parts[2]?.getAttribute('aria-pressed'), screen.queryByText(/SLOT_TAKEN/), screen.queryByText(/^Release/)?.tagName]).toEqual(['true', null, 'SPAN'])
})
