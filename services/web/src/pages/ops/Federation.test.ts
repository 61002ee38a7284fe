import { fireEvent, render, screen, waitFor, within } from '@testing-library/svelte'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Peer } from '../../api/client'
import { i18n } from '../../i18n/i18n.svelte'
import Federation from './Federation.svelte'
import { OpsState } from './ops.svelte'

const asked: { method: string; path: string; body: string }[] = []
const answers: Record<string, unknown> = {
  '/api/v1/calendars': { now: '2026-11-29T18:00:00Z', civil_now: '2026-11-29T18:00:00Z', from: '', to: '', calendars: [] },
  '/api/v1/locks?limit=500': [
    { key: 'lock:a', evse_id: 'BR*MAR*E0001*1', reservation_id: 'r', origin: 'SER', state: 'PENDING', ttl_ms: 60_000, start: '2026-11-29T19:00:00Z', end: '2026-11-29T20:00:00Z', leg: 2, trip_id: '0199a2b3-6c00' },
  ],
  '/api/v1/peers/SER/suspend': { company_id: 'SER', suspended: true, since: '2026-11-29T18:00:00Z', released: 1 },
}

beforeEach(() => {
  i18n.choose('en')
  history.replaceState(null, '', '/ops')
  asked.length = 0
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
    asked.push({ method: init.method ?? '', path, body: String(init.body) })
    return new Response(JSON.stringify(answers[path] ?? {}))
  })
})
afterEach(() => vi.unstubAllGlobals())

const peer = (rest: Partial<Peer> = {}): Peer => ({ company_id: 'SER', name: 'Sertão Energia', url: 'http://ser.test', status: 'up', breaker: 'closed', rtt_ms: 2.4, ...rest })

function show(...peers: Peer[]) {
  const ops = new OpsState()
  ops.peers = peers
  render(Federation, { ops })
}

it('suspends a peer only once its effect was named and a reason is given', async () => {
  show(peer())
  await fireEvent.click(screen.getByText('Sertão Energia'))
  await fireEvent.click(screen.getByRole('button', { name: 'Suspend Sertão Energia', hidden: true }))
  const dialog = screen.getByRole('dialog', { name: 'Sertão Energia' })
  expect(await within(dialog).findByText('The 1 hold that Sertão Energia has here ends now.')).toBeTruthy()
  const act = within(dialog).getByRole<HTMLButtonElement>('button', { name: 'Suspend Sertão Energia' })
  expect(act.disabled).toBe(true)
  await fireEvent.input(within(dialog).getByLabelText(/Reason/), { target: { value: 'it lies' } })
  await fireEvent.click(act)
  expect(await within(dialog).findByText(/Sertão Energia is suspended; 1 hold was ended/)).toBeTruthy()
  expect(asked.find((a) => a.method === 'POST')).toMatchObject({ path: '/api/v1/peers/SER/suspend', body: '{"reason":"it lies"}' })
})

it('says in words what is wrong with a peer', () => {
  show(peer({ status: 'down', detail: 'connection refused', breaker: 'open' }), peer({ company_id: 'CAJ', name: 'CajuCharge' }))
  expect(screen.getByText('1 in trouble')).toBeTruthy()
  expect(screen.getByText('away')).toBeTruthy()
  expect(screen.getByText('connection refused')).toBeTruthy()
})

it('goes from tab to tab by arrow keys, and keeps the tab in the address', async () => {
  show(peer())
  screen.getByRole('tab', { name: 'Peers' }).focus()
  await fireEvent.keyDown(screen.getByRole('tab', { name: 'Peers' }), { key: 'ArrowLeft' })
  expect([document.activeElement?.textContent?.trim(), location.search]).toEqual(['Audit', '?fed=audit'])
  await fireEvent.click(screen.getByRole('tab', { name: 'Locks' }))
  await waitFor(() => expect(screen.getByText('1 hold in force')).toBeTruthy())
  expect(screen.getByRole('link', { name: '…9a2b3-6c00'.slice(0, 1) + '0199a2b3-6c00'.slice(-8) }).getAttribute('href')).toBe('/ops/trips/0199a2b3-6c00?reservation=r')
})
