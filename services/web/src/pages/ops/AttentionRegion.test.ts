import { fireEvent, render, screen, within } from '@testing-library/svelte'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Trip } from '../../api/client'
import { i18n } from '../../i18n/i18n.svelte'
import Attention from './Attention.svelte'
import { OpsState } from './ops.svelte'

let asked: [string, string, unknown][]

beforeEach(() => {
  i18n.choose('en')
  asked = []
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
    asked.push([init.method ?? '', path, init.body ? JSON.parse(String(init.body)) : undefined])
    return new Response(JSON.stringify({ state: 'ABORTED' }))
  })
})
afterEach(() => vi.unstubAllGlobals())

const at = '2026-11-29T22:10:00Z'
const leg = { leg: 2, reservation_id: 'r', company_id: 'CAJ', evse_id: 'BR*CAJ*E0007*1', start: at, end: '2026-11-29T22:40:00Z', state: 'RESERVED' as const }
const stuck: Trip = {
  trip_id: '01a2285e-a77d-797e-aa82-dd435d17f031',
  state: 'COMPENSATING',
  vehicle_id: 'EV-0001',
  origin_company: 'MAR',
  legs: [leg],
  saga: { epoch: 1, owner: 's', stuck: { leg: 2, reason: 'connection refused', attempts: 7, next_retry: at, since: at } },
}

function shown(change: (ops: OpsState) => void) {
  const ops = new OpsState()
  ops.soon = () => {}
  ops.peers = [{ company_id: 'CAJ', name: 'CajuCharge', url: '', status: 'up' }]
  change(ops)
  render(Attention, { ops })
}

it('says that nothing is wrong', () => {
  shown(() => {})
  expect(within(screen.getByRole('region', { name: /^Needs attention/ })).getByText(/Nothing needs you now/)).toBeTruthy()
})

it('has the stuck trip retried', async () => {
  shown((ops) => (ops.stuck = [stuck]))
  screen.getByRole('region', { name: 'Needs attention' }) // how many there are is not its name
  const item = within(screen.getByRole('listitem'))
  expect(item.getByText(/Stop 2 at CajuCharge cannot be released.*tried 7 times/)).toBeTruthy()
  expect(item.getByRole('link', { name: 'Look at the trip' }).getAttribute('href')).toContain(stuck.trip_id)
  await fireEvent.click(item.getByRole('button', { name: 'Retry now' }))
  const dialog = within(screen.getByRole('dialog'))
  await fireEvent.click(dialog.getByRole('button', { name: 'Retry now' }))
  expect((await dialog.findByRole('status')).textContent).toContain('It is being tried')
  expect(asked).toEqual([['POST', `/api/v1/trips/${stuck.trip_id}/retry`, undefined]])
})

it('resolves it by the operator’s word, after naming the risk, with a reason', async () => {
  shown((ops) => (ops.stuck = [stuck]))
  await fireEvent.click(screen.getByRole('button', { name: 'Resolve by your word' }))
  const dialog = within(screen.getByRole('dialog'))
  expect(dialog.getByText(/If CajuCharge comes back it may still hold E0007\*1/)).toBeTruthy()
  await fireEvent.input(dialog.getByLabelText('Reason'), { target: { value: 'CAJ is gone for ever' } })
  await fireEvent.click(dialog.getByRole('button', { name: 'Resolve by your word' }))
  expect((await dialog.findByRole('status')).textContent).toContain('The trip is ABORTED')
  expect(asked).toEqual([['POST', `/api/v1/trips/${stuck.trip_id}/resolve`, { reason: 'CAJ is gone for ever' }]])
})

it('releases an orphaned stop, and opens a store without those who are silent', async () => {
  const orphan = { reservation_id: 'o', trip_id: 't', origin: 'CAJ', evse_id: 'BR*MAR*E0001*1', start: at, end: '2026-11-29T22:40:00Z', since: at }
  const waiting = [{ company_id: 'CAJ', attempts: 3 }]
  shown((ops) => (ops.recovery = { state: 'recovering', durable: true, waiting, restored: 0, conflicts: 0, orphans: [orphan], forgotten: [] }))
  const act = async (open: string, name: string, reason: string) => {
    await fireEvent.click(screen.getByRole('button', { name: open }))
    const dialog = within(screen.getByRole('dialog'))
    await fireEvent.input(dialog.getByLabelText('Reason'), { target: { value: reason } })
    await fireEvent.click(dialog.getByRole('button', { name }))
    await dialog.findByRole('status')
    await fireEvent.click(dialog.getByRole('button', { name: 'Go on' }))
  }
  await act('Open without them', 'Open without them', 'CAJ is gone')
  await act('Release the orphaned stop', 'Release the orphaned stop', 'nobody knows it')
  expect(asked).toEqual([
    ['POST', '/api/v1/recovery/accept', { reason: 'CAJ is gone' }],
    ['POST', '/api/v1/reservations/o/cancel', { reason: 'nobody knows it' }],
  ])
})
