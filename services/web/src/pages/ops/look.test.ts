import { expect, it } from 'vitest'
import type { Booking, Calendar, Peer, Trip } from '../../api/client'
import { hitsOf, type Known } from './look'

const trip = (id: string, vehicle: string): Trip => ({
  trip_id: id,
  state: 'CONFIRMED',
  vehicle_id: vehicle,
  origin_company: 'MAR',
  legs: [{ leg: 1, reservation_id: `${id}-r1`, company_id: 'MAR', evse_id: 'BR*MAR*E0001*1', start: '', end: '', state: 'RESERVED' }],
})
const booking = (id: string, origin: string, ofTrip: string, vehicle: string): Booking => ({ reservation_id: id, state: 'RESERVED', plugged_in: false, origin, trip_id: ofTrip, vehicle_id: vehicle })
const known: Known = {
  trips: [trip('0199aaaa', 'EV-0001'), trip('0199bbbb', 'EV-0012')],
  bookings: [booking('77aa', 'SER', '0200cccc', 'EV-0012'), booking('77bb', 'MAR', '0199aaaa', 'EV-0001')],
  calendars: [{ evse_id: 'BR*MAR*E0001*1', location_id: 'L', location_name: 'Posto Pipa', status: 'AVAILABLE', entries: [], out_of_service: [] } as Calendar],
  peers: [{ company_id: 'SER', name: 'Sertão Energia', url: '', status: 'up' } as Peer],
}
const places = (text: string) => hitsOf(text, 'MAR', known).map((h) => `${h.kind} ${h.href}`)

it.each([
  ['9AAAA', ['trip /ops/trips/0199aaaa', 'reservation /ops/trips/0199aaaa']],
  ['0200c', ['stop /ops/trips/0200cccc?reservation=77aa']],
  ['77aa', ['reservation /ops?booking=77aa']],
  ['ev-0012', ['vehicle /ops?q=EV-0012']],
  ['E0001', ['evse /ops?evse=BR*MAR*E0001*1']],
  ['pipa', ['evse /ops?evse=BR*MAR*E0001*1']],
  ['ser', ['peer /ops?fed=peers&peer=SER']],
  ['sertão', ['peer /ops?fed=peers&peer=SER']],
  ['zz', []],
])('%s leads there', (text, want) => expect(places(text)).toEqual(want))

it('has what is told exactly first', () => {
  const two = { ...known, trips: [trip('aaaa', 'EV-00011'), trip('bbbb', 'EV-0001')] }
  expect(hitsOf('EV-0001', 'MAR', { ...two, bookings: [] }).map((h) => h.id)).toEqual(['EV-0001', 'EV-00011'])
})
