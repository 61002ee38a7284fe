// A stop that another driver has reserved first.
import { book, find, status } from './driver.mjs'
import { ask, register, takeStop, windowAt } from './federation.mjs'

/** Finds plans, loses the first stop of one to another driver, and books all the same. */
export async function lose(page, server) {
  const [vehicle, rival] = [await register(server), await register(server)]
  const answer = page.waitForResponse((r) => r.url().endsWith('/api/v1/plans') && r.request().method() === 'POST')
  await find(page, server)
  const { plans } = await (await answer).json()
  const stop = plans[0].stops[0]
  const taken = await takeStop(server, rival, stop)
  const id = await book(page, vehicle)
  await status(page, 'AWAITING_DECISION')
  return { id, vehicle, rival, taken, stop }
}

let asked = 0

/** A trip that asks, made by the API alone: its stop is another driver's. */
export async function question(server) {
  const [vehicle, rival] = [await register(server), await register(server)]
  const stop = await windowAt(server, 'SER', 3, 24 * 60 + 60 * ++asked, 30)
  await takeStop(server, rival, stop)
  const { trip_id: id } = await ask(server, vehicle, 'POST', '/api/v1/trips', { vehicle_id: vehicle, stops: [stop], on_conflict: 'ask' })
  return { id, vehicle }
}
