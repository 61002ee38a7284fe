// At the plug: too early, occupied, in time, and the bill.
import { book, find, names, open, status, ways } from './driver.mjs'
import { ask, register, takeStop, windowAt } from './federation.mjs'

const says = (page, text) => page.getByRole('alert').filter({ hasText: text }).first().waitFor()

/** The browser notes each refusal in the console: these are what a step is about. */
const refused = (b) => b.expected.push(/status of 409 .*\/plug\)/)

/** Opens what can be done at a stop that is to come, and says that the car is plugged in. */
async function plugIn(page, leg = 1) {
  await page.getByText(`Plug in at stop ${leg}, or change it`).click()
  await page.getByRole('button', { name: 'I have plugged in' }).first().click()
}

/** A stop hours from now: the page says that it is too early, and from when on it is not. */
export const tooEarly = (server) => async (page, b) => {
  refused(b)
  await find(page, server)
  await book(page, await register(server))
  await status(page, 'CONFIRMED')
  await plugIn(page)
  await says(page, 'Too early')
}

/** The car before has not left: the page says so, and the stop stays the driver's. */
export const occupied = (server) => async (page, b) => {
  refused(b)
  const [first, second] = [await register(server), await register(server)]
  const before = await windowAt(server, 'CAJ', -1, 1, 6)
  await takeStop(server, first, before)
  await ask(server, first, 'POST', `/api/v1/vehicles/${first}/plug`, { evse_id: before.evse_id, soc: 0.3 })
  const trip = await takeStop(server, second, await windowAt(server, 'CAJ', -1, 7, 30))
  await open(page, server, second, trip)
  await status(page, 'CONFIRMED')
  await plugIn(page)
  await says(page, 'Another car is still at this charger')
  await ask(server, first, 'POST', `/api/v1/vehicles/${first}/unplug`, { evse_id: before.evse_id, soc: 0.5, energy_kwh: 9 })
  await page.getByRole('button', { name: 'I have plugged in' }).click()
  await page.getByText(/^Charging for/).waitFor()
}

/** The whole of a session: the plug, what the car takes, also after a reload, the unplugging and the bill. */
export const session = (server) => async (page) => {
  await find(page, server, names.en, ways.soon)
  await book(page, await register(server))
  await status(page, 'CONFIRMED')
  await plugIn(page)
  await page.getByText(/^Charging for/).waitFor()
  await page.getByText(/kW now/).waitFor()
  await page.reload()
  await page.getByText(/^Charging for/).waitFor()
  await page.getByLabel('Battery, percent').fill('42')
  await page.getByRole('button', { name: 'I have unplugged' }).click()
  const bill = page.getByRole('group', { name: 'Bill' })
  await bill.filter({ hasText: /R\$/ }).waitFor()
  await bill.filter({ hasText: /kWh/ }).waitFor()
  await status(page, 'COMPLETED')
  await page.reload()
  await bill.waitFor()
}
