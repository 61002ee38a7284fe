import { fireEvent, render, screen } from '@testing-library/svelte'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { i18n } from '../../i18n/i18n.svelte'
import { router } from '../../router.svelte'
import { OpsState } from './ops.svelte'
import Trips from './Trips.svelte'

let asked: string[]
const trip = (n: number) => ({ trip_id: `0199a2b3-0000-7000-8000-00000000000${n}`, state: 'CONFIRMED', vehicle_id: `EV-000${n}`, origin_company: 'MAR', legs: [], created_at: new Date(n).toISOString() })

beforeEach(() => {
  i18n.choose('en')
  vi.stubGlobal('scrollTo', () => {})
  asked = []
  vi.stubGlobal('fetch', async (path: string) => {
    asked.push(path)
    const last = path.includes('cursor=x')
    return new Response(JSON.stringify([trip(last ? 1 : 2)]), { headers: last ? {} : { Link: '</api/v1/trips?cursor=x>; rel="next"' } })
  })
})
afterEach(() => vi.unstubAllGlobals())

it('looks for what its address says, keeps what is looked for there, and loads more', async () => {
  router.go('/ops?state=CONFIRMED')
  render(Trips, { ops: new OpsState() })
  expect(await screen.findByText('the newest 1 trips')).toBeTruthy()
  expect(asked).toEqual(['/api/v1/trips?cursor=&limit=50&state=CONFIRMED'])
  await fireEvent.click(screen.getByRole('button', { name: 'More trips' }))
  expect(await screen.findByText('2 trips')).toBeTruthy()
  await fireEvent.input(screen.getByLabelText('Part of a trip’s id, a vehicle or a charger'), { target: { value: 'EV-0002' } })
  await fireEvent.click(screen.getByRole('button', { name: 'Search' }))
  expect(location.search).toBe('?state=CONFIRMED&q=EV-0002')
  await vi.waitFor(() => expect(asked.at(-1)).toBe('/api/v1/trips?cursor=&limit=50&vehicle_id=EV-0002&state=CONFIRMED'))
  await fireEvent.click(screen.getByRole('button', { name: 'Show all trips' }))
  expect(location.search).toBe('')
  await vi.waitFor(() => expect(asked.at(-1)).toBe('/api/v1/trips?cursor=&limit=50'))
})
