import { fireEvent, render, screen, within } from '@testing-library/svelte'
import { beforeEach, expect, it } from 'vitest'
import type { Location } from '../api/client'
import { i18n } from '../i18n/i18n.svelte'
import MapTable from './MapTable.svelte'

beforeEach(() => i18n.choose('en'))

const station = (n: number, status: Location['evses'][0]['status']): Location => ({
  location_id: `BR*MAR*L${n}`,
  company_id: 'MAR',
  name: `Posto ${n}`,
  city: 'Natal',
  state: 'RN',
  lat: -6,
  lon: -35,
  evses: [{ evse_id: `BR*MAR*E${n}*1`, status, connectors: [] }],
})

it('says of each station what its sign on the map says, and of each car its battery', async () => {
  render(MapTable, { locations: [station(1, 'AVAILABLE'), station(2, 'CHARGING'), station(3, 'OUTOFORDER')], cars: [{ id: 'EV-0001', lat: 0, lon: 0, soc: 0.41 }] })
  await fireEvent.click(screen.getByText('Stations and cars as tables'))
  const [stations, cars] = screen.getAllByRole('table')
  const rows = within(stations as HTMLElement).getAllByRole('row').slice(1)
  expect(rows.map((r) => r.lastElementChild?.textContent)).toEqual(['free', 'occupied', 'out of service or unknown'])
  expect(within(cars as HTMLElement).getByRole('row', { name: 'EV-0001 41%' })).toBeTruthy()
})

it('shows the first of many, and the others when asked', async () => {
  render(MapTable, { locations: Array.from({ length: 60 }, (_, i) => station(i, 'AVAILABLE')) })
  await fireEvent.click(screen.getByText('Stations and cars as tables'))
  expect(screen.getAllByRole('row')).toHaveLength(51)
  await fireEvent.click(screen.getByRole('button', { name: 'Show all 60' }))
  expect(screen.getAllByRole('row')).toHaveLength(61)
})
