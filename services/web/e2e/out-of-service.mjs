// A charger with three bookings is taken out of service on /ops: the dialog names all three, and each driver is asked.
import { as, books, instant, register, wait } from './crowd.mjs'

/** Waits until a trip asks its driver about a lost stop. */
async function asked(server, vehicle, trip) {
  for (const until = Date.now() + 20_000; Date.now() < until; await wait(200)) {
    const { decisions } = await as(server, vehicle, 'GET', `/api/v1/trips/${trip}`)
    if (decisions?.length > 0) return decisions[0]
  }
  throw new Error(`the driver of ${vehicle.vehicle_id} is not asked`)
}

const has = async (what, text) => {
  await what.filter({ hasText: text }).first().waitFor()
}

/** The step: three drivers have booked one charger of home, one of them at another company's server. */
export const outOfService = ([home, elsewhere]) => async (page) => {
  await page.request.post(`${home}/api/v1/session`, { data: { username: 'operator', password: 'demo' } })
  const { calendars } = await (await page.request.get(`${home}/api/v1/calendars`)).json()
  const free = calendars.filter((c) => c.entries.length === 0 && c.status === 'AVAILABLE')
  const evse = free.at(-1).evse_id
  const from = Date.now() + 3_600_000
  const drivers = []
  for (const [n, server] of [home, home, elsewhere].entries()) {
    const vehicle = await register(server)
    const start = from + n * 3_600_000
    const trip = await books(server, vehicle, [{ evse_id: evse, start: instant(start), end: instant(start + 1_800_000) }])
    if (trip.state !== 'CONFIRMED') throw new Error(`the booking of ${vehicle.vehicle_id} is ${trip.state}`)
    drivers.push({ server, vehicle, trip: trip.trip_id })
  }

  await page.goto(`${home}/ops`)
  await page.getByLabel('Site, charger or vehicle').fill(evse)
  await page.getByRole('rowheader').getByRole('button', { name: `${evse.split('*').slice(2).join('*')} ` }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: 'Take out of service' }).click()
  await has(dialog.getByRole('listitem'), '3 bookings will be cancelled')
  for (const { vehicle } of drivers) await has(dialog.getByRole('listitem'), `${vehicle.vehicle_id} `)
  await dialog.getByRole('button', { name: 'Take out of service' }).click()
  await has(dialog.getByRole('status'), '3 drivers are asked')
  for (const { vehicle } of drivers) await has(dialog.getByRole('status'), vehicle.vehicle_id)

  for (const { server, vehicle, trip } of drivers) {
    const { code } = await asked(server, vehicle, trip)
    if (code !== 'EVSE_OUT_OF_SERVICE') throw new Error(`${vehicle.vehicle_id} is asked because of ${code}`)
  }
  await dialog.getByRole('button', { name: 'Go on' }).click()
  await dialog.getByRole('button', { name: 'Return to service' }).click()
  await dialog.getByRole('button', { name: 'Return to service' }).click()
  await has(dialog.getByRole('status'), 'is back in service')

  const { server, vehicle, trip } = drivers[2]
  await page.request.post(`${server}/api/v1/session`, { data: { username: vehicle.vehicle_id, password: vehicle.secret } })
  await page.goto(`${server}/trips/${trip}`)
  await page.getByRole('region', { name: /^Stop 1 was lost/ }).waitFor()
  for (const d of drivers) await as(d.server, d.vehicle, 'DELETE', `/api/v1/trips/${d.trip}`)
}
