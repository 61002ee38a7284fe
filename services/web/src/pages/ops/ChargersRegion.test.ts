import { fireEvent, render, screen, within } from '@testing-library/svelte'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Booking, Calendar } from '../../api/client'
import { i18n } from '../../i18n/i18n.svelte'
import { serverClock } from '../../parts/now.svelte'
import { router } from '../../router.svelte'
import { session } from '../../session.svelte'
import Chargers from './Chargers.svelte'
import { OpsState } from './ops.svelte'

const at = (minutes: number) => new Date(Math.floor(Date.now() / 60_000) * 60_000 + minutes * 60_000).toISOString()
const booking = (id: string, more: Partial<Booking> = {}): Booking => ({
  reservation_id: id,
  evse_id: 'BR*MAR*E0001*1',
  state: 'RESERVED',
  start: at(60),
  end: at(90),
  vehicle_id: 'EV-0001',
  origin: 'SER',
  leg: 2,
  trip_id: `trip-${id}`,
  plugged_in: false,
  ...more,
})
const calendar = (entries: Booking[], more: Partial<Calendar> = {}): Calendar => ({
  evse_id: 'BR*MAR*E0001*1',
  location_id: 'L1',
  location_name: 'Posto Pipa',
  status: 'AVAILABLE',
  entries,
  out_of_service: [],
  ...more,
})

/** What was asked of the server: method, path, body. */
let asked: [string, string, unknown][]
let answers: Record<string, unknown>
let stopClock: () => void

beforeEach(() => {
  i18n.choose('en')
  vi.stubGlobal('scrollTo', () => {})
  history.replaceState(null, '', '/ops')
  router.go('/ops')
  session.who = { kind: 'operator', company_id: 'MAR' } as typeof session.who
  stopClock = serverClock.watch()
  asked = []
  answers = { '/api/v1/locations': [] }
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
    asked.push([init.method ?? '', path, init.body ? JSON.parse(String(init.body)) : undefined])
    return new Response(JSON.stringify(answers[path.split('?')[0] ?? ''] ?? {}))
  })
})
afterEach(() => {
  stopClock()
  vi.unstubAllGlobals()
})

const shown = (calendars: Calendar[]) => {
  const ops = new OpsState()
  ops.calendars = calendars
  ops.peers = [{ company_id: 'SER', name: 'Sertão Energia', url: '', status: 'up' }]
  ops.look = () => {}
  ops.soon = () => {}
  render(Chargers, { ops })
  return ops
}
const history_ = (b: Booking) => {
  answers[`/api/v1/reservations/${b.reservation_id}/history`] = {
    reservation: b,
    steps: [{ seq: 1, at: at(-5), civil_at: at(-5), step: 'reserve', state: 'PENDING', by: 'SER' }],
  }
}

it('says who comes, when, whose trip it is, and what is held for how long', () => {
  shown([calendar([booking('a'), booking('b', { state: 'PENDING', start: at(120), end: at(150), vehicle_id: 'EV-0002', expires_at: new Date(serverClock.now + 42_000).toISOString() })])])
  expect(screen.getByRole('button', { name: /^EV-0001, reserved, .*, BR\*MAR\*E0001\*1, stop 2 of a trip of Sertão Energia$/ })).toBeTruthy()
  expect(screen.getByRole('button', { name: /^EV-0002, held, / })).toBeTruthy()
  expect(document.body.textContent).toMatch(/0:(3\d|4[0-2]) left/)
  expect(screen.getByRole('button', { name: 'Held 1' })).toBeTruthy()
})

it('cancels a booking with a reason, after naming who is asked and what becomes free', async () => {
  const b = booking('a')
  history_(b)
  shown([calendar([b])])
  await fireEvent.click(screen.getByRole('button', { name: /^EV-0001, reserved/ }))
  expect(location.search).toBe('?booking=a')
  const dialog = within(await screen.findByRole('dialog'))
  expect(await dialog.findByText('held')).toBeTruthy()
  await fireEvent.click(dialog.getByRole('button', { name: 'Cancel this booking' }))
  const effects = dialog.getAllByRole('listitem').map((l) => l.textContent ?? '').join('\n')
  for (const said of ['EV-0001 loses this stop. The driver is asked', 'Sertão Energia, where the trip began, is told', 'E0001*1 is free', 'Nothing is billed']) expect(effects).toContain(said)
  await fireEvent.input(dialog.getByLabelText('Reason'), { target: { value: 'cable cut' } })
  await fireEvent.click(dialog.getByRole('button', { name: 'Cancel this booking' }))
  expect((await dialog.findByRole('status')).textContent).toContain('The driver of EV-0001 is asked')
  expect(asked).toContainEqual(['POST', '/api/v1/reservations/a/cancel', { reason: 'cable cut' }])
})

it.each([
  ['a hold', { state: 'PENDING' as const, expires_at: '2999-01-01T00:00:00Z' }, ['Release this hold', 'Write to the driver']],
  ['a booking', {}, ['Cancel this booking', 'Make the stay longer', 'Move this booking', 'Write to the driver']],
  ['a car at the plug', { state: 'CHARGING' as const, plugged_in: true }, ['Make the stay longer', 'Write to the driver']],
])('offers what may be done about %s', async (_, more, offered) => {
  const b = booking('a', more)
  history_(b)
  shown([calendar([b])])
  await fireEvent.click(screen.getByRole('button', { name: /^EV-0001, / }))
  const dialog = within(await screen.findByRole('dialog'))
  expect(dialog.getAllByRole('button').map((x) => x.textContent)).toEqual(['Close', ...offered])
})

it('does not extend a stay into the next booking', async () => {
  const b = booking('a')
  history_(b)
  shown([calendar([b, booking('z', { start: at(100), end: at(130), vehicle_id: 'EV-0002' })])])
  await fireEvent.click(screen.getByRole('button', { name: /^EV-0001/ }))
  const dialog = within(await screen.findByRole('dialog'))
  await fireEvent.click(dialog.getByRole('button', { name: 'Make the stay longer' }))
  await fireEvent.input(dialog.getByLabelText('Reason'), { target: { value: 'asked by phone' } })
  const button = () => dialog.getByRole('button', { name: 'Make the stay longer' }) as HTMLButtonElement
  expect(button().disabled).toBe(true) // a quarter of an hour; ten minutes are free
  await fireEvent.input(dialog.getByLabelText('Minutes more'), { target: { value: '10' } })
  expect(button().disabled).toBe(false)
  await fireEvent.click(button())
  expect(asked).toContainEqual(['POST', '/api/v1/reservations/a/extend', { reason: 'asked by phone', minutes: 10 }])
})

it('takes a charger out of service after the dry run has named whom it hits', async () => {
  const lost = [booking('a'), booking('b', { vehicle_id: 'EV-0002', plugged_in: true, state: 'CHARGING' })]
  answers['/api/v1/evses/BR*MAR*E0001*1/status'] = { status: 'OUTOFORDER', bookings: lost }
  shown([calendar(lost)])
  await fireEvent.click(screen.getByRole('button', { name: /^E0001\*1 / }))
  const dialog = within(await screen.findByRole('dialog'))
  await fireEvent.click(dialog.getByRole('button', { name: 'Take out of service' }))
  expect(await dialog.findByText('2 bookings will be cancelled:')).toBeTruthy()
  expect(dialog.getByText(/^EV-0001 .* at Posto Pipa: Sertão Energia is told, and the driver is asked$/)).toBeTruthy()
  expect(dialog.getByText(/^EV-0002 is charging at Posto Pipa: the session ends, with an estimated bill$/)).toBeTruthy()
  expect(asked.filter(([m]) => m === 'PUT').map(([, path]) => path)).toEqual(['/api/v1/evses/BR*MAR*E0001*1/status?dry_run=true'])
  await fireEvent.click(dialog.getByRole('button', { name: 'Take out of service' }))
  expect((await dialog.findByRole('status')).textContent).toContain('1 driver is asked: EV-0001')
  expect(asked.at(-1)).toEqual(['PUT', '/api/v1/evses/BR*MAR*E0001*1/status', { status: 'OUTOFORDER', reason: 'BROKEN_CHARGER' }])
})

it('is moved through by keyboard alone: one stop of Tab, arrows, Shift and arrows, plus and minus', async () => {
  shown([calendar([booking('a')]), calendar([], { evse_id: 'BR*MAR*E0002*1' })])
  const grid = screen.getByRole('grid')
  const stops = () => within(grid).getAllByRole('button').filter((b) => b.tabIndex === 0)
  expect(stops()).toHaveLength(1)
  stops()[0]?.focus()
  const press = (key: string, more = {}) => fireEvent.keyDown(document.activeElement as Element, { key, ...more })
  const here = () => document.activeElement?.getAttribute('data-cell')
  expect(here()).toBe('BR*MAR*E0001*1')
  await press('ArrowRight')
  expect(here()).toBe('BR*MAR*E0001*1 a')
  expect(stops()).toHaveLength(1)
  await press('ArrowDown')
  expect(here()).toBe('BR*MAR*E0002*1')
  await press('-')
  expect(new URLSearchParams(location.search).get('hours')).toBe('24')
  await press('ArrowRight', { shiftKey: true })
  expect(new URLSearchParams(location.search).get('from')).toBeTruthy()
  await press('0')
  expect(new URLSearchParams(location.search).get('from')).toBeNull()
})

it('opens from its address, and closes out of it', async () => {
  answers['/api/v1/reservations/a/history'] = { reservation: booking('a', { state: 'CANCELED', reason: 'cable cut' }), steps: [] }
  router.go('/ops?booking=a&hours=6')
  shown([calendar([])])
  expect(await screen.findByText('cable cut')).toBeTruthy()
  await fireEvent.click(screen.getByRole('button', { name: 'Close' }))
  expect(location.search).toBe('?hours=6')
})
